//! `loopback`: whole calls, with RetailCRM's simulator as a program of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use uis_harness::crm::elsewhere::Server;
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_host::plugin::Plugin;
use uis_host::ports::Silent;
use uis_test_support::many;

use super::replay::written;
use super::{Group, Round, Setup};
use crate::programs::{Crm, Program};
use crate::table::{Row, Target};

pub static GROUP: Group = Group {
    name: "loopback",
    rows: &[
        Row { name: "loopback-native", input: "1000 calls over HTTP", unit: "events/s", target: None },
        Row { name: "loopback-component", input: "1000 calls over HTTP", unit: "events/s", target: None },
        Row { name: "loopback-ratio", input: "component divided by native", unit: "", target: Some(Target::AtLeast(0.9)) },
    ],
    programs: &[Program::Crm],
    fixed: false,
    measure,
};

/// Events of the recording.
const EVENTS: u64 = 1000 * many::EVENTS_OF_A_CALL;

fn measure(setup: &Setup, round: u32) -> Result<Round> {
    let (calls, account) = (setup.folder.path().join("calls.jsonl"), setup.folder.path().join("account.json"));
    written(&calls, |out| many::write(out, EVENTS))?;
    written(&account, |out| account_of(&calls, out))?;
    let replayed = |plugin: &Arc<dyn Plugin>| setup.tokio.block_on(replayed(&calls, &account, plugin.clone()));
    // The second finds the machine warm, so they take turns.
    let (native, component) = if round.is_multiple_of(2) {
        let native = replayed(&setup.native)?;
        (native, replayed(&setup.component)?)
    } else {
        let component = replayed(&setup.component)?;
        (replayed(&setup.native)?, component)
    };
    Ok(vec![("loopback-native", native), ("loopback-component", component), ("loopback-ratio", component / native)])
}

/// Writes the RetailCRM account of a recording's header.
fn account_of(recording: &Path, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let text = std::fs::read_to_string(recording)?;
    let header: Value = serde_json::from_str(text.lines().next().unwrap_or_default())?;
    write!(out, "{}", header["crm"])
}

/// Events a second.
async fn replayed(calls: &Path, account: &Path, plugin: Arc<dyn Plugin>) -> Result<f64> {
    let crm = Crm::start(account)?;
    let text = std::fs::read(calls).with_context(|| calls.display().to_string())?;
    let (header, mut lines) = recording::open(text.as_slice()).map_err(|(line, error)| anyhow::anyhow!("line {line}: {error}"))?;
    let clock = clock_for(&mut lines);
    let server = Arc::new(Server::new(&crm.url, crm.key.clone())?.unpaced()?);
    let mut silent = Silent;
    let replay = ReplayBuilder::new(&header, plugin, server.clone(), clock).counting().ready(&mut silent).await?;
    let began = Instant::now();
    let (report, _) = replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await?;
    let took = began.elapsed();
    let first = report.problems.first().map(|problem| problem.message.as_str()).unwrap_or_default();
    ensure!(
        report.failed == 0 && report.delivered >= EVENTS,
        "{} events were delivered, {} failed: {first}",
        report.delivered,
        report.failed
    );
    match server.counts().await.get("calls").and_then(Value::as_u64) {
        Some(uploaded) if uploaded == EVENTS / many::EVENTS_OF_A_CALL => Ok(report.delivered as f64 / took.as_secs_f64()),
        uploaded => bail!("RetailCRM has {uploaded:?} calls"),
    }
}
