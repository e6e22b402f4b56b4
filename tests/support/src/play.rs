//! Replays a recording within the test's own process and collects everything that was done.

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::{Value, json};
use uis_harness::crm::within::Simulators;
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_harness::report::Report;
use uis_host::clock::instant;
use uis_host::plugin::Plugin;
use uis_host::ports::{Entry, Observer, Origin};
use uis_host::trace::Step;

/// An attempt to handle an event, or a note: its title, what the handler did, and the outcome or the note's text.
pub type TraceEntry = (String, Vec<Step>, String);

/// Everything that a replay did.
#[derive(Debug, Default, PartialEq)]
pub struct Trace(pub Vec<TraceEntry>);

fn shown(at: i64) -> String {
    instant(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Observer for Trace {
    fn entry(&mut self, entry: Entry<'_>) {
        let (at, line, handler) = (shown(entry.at), entry.origin.0, entry.event.handler());
        let title = format!("{at} line {line} {} {handler} attempt {}", entry.what, entry.attempt);
        self.0.push((title, entry.trace, format!("{:?}", entry.outcome)));
    }
    fn note(&mut self, at: i64, origin: Origin, text: &str) {
        self.0.push((format!("{} line {}", shown(at), origin.0), Vec::new(), text.to_owned()));
    }
}

/// Replays a recording. Returns its trace and what is in the CRM and in UIS afterwards.
pub async fn play(source: impl BufRead, plugin: Arc<dyn Plugin>) -> (Trace, Value, Value) {
    play_seeded(source, plugin, 0).await
}

/// Like [`play`]; the seed decides the order in which lanes get their turns.
pub async fn play_seeded(source: impl BufRead, plugin: Arc<dyn Plugin>, seed: u64) -> (Trace, Value, Value) {
    let (trace, _, crm, uis) = play_all(source, plugin, seed).await;
    (trace, crm, uis)
}

/// Like [`play`]; returns what the program would print with `--json`.
pub async fn play_reported(source: impl BufRead, plugin: Arc<dyn Plugin>) -> Value {
    let (_, report, crm, uis) = play_all(source, plugin, 0).await;
    let events = json!({"delivered": report.delivered, "retried": report.retried, "failed": report.failed});
    json!({"events": events, "crm": crm, "uis": uis, "problems": report.problems})
}

async fn play_all(source: impl BufRead, plugin: Arc<dyn Plugin>, seed: u64) -> (Trace, Report, Value, Value) {
    let (header, mut lines) = recording::open(source).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock).expect("an account"));
    let mut trace = Trace::default();
    let builder = ReplayBuilder::new(&header, plugin, simulators.clone(), clock).seed(seed);
    let replay = builder.ready(&mut trace).await.expect("usable");
    let (report, uis) = replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await.expect("a store in memory does not fail");
    (trace, report, simulators.to_json(), uis)
}

/// Like [`play`], for tests without an async runtime: it starts one.
pub fn play_blocking(source: &str, plugin: impl Plugin + 'static) -> (Trace, Value, Value) {
    play_blocking_seeded(source, plugin, 0)
}

/// Like [`play_blocking`]; the seed decides the order in which lanes get their turns.
pub fn play_blocking_seeded(source: &str, plugin: impl Plugin + 'static, seed: u64) -> (Trace, Value, Value) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(play_seeded(source.as_bytes(), Arc::new(plugin), seed))
}
