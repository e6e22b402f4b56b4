//! A replay within the test's own process, and everything that it did.

#![allow(dead_code, reason = "each test file uses a part")]

use std::io::BufRead;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;
use uis_host::plugin::Plugin;
use uis_host::limits::Limits;
use uis_harness::recording;
use uis_host::ports::{Entry, Observer};
use uis_harness::replay::{Replay, clock_for};
use uis_host::trace::Step;

use crate::crm;

/// Everything that a replay did.
#[derive(Debug, Default, PartialEq)]
pub struct Trace(pub Vec<(String, Vec<Step>, String)>);

impl Observer for Trace {
    fn entry(&mut self, entry: Entry<'_>) {
        let title =
            format!("{} line {} {} {} attempt {}", entry.at.to_rfc3339(), entry.line, entry.what, entry.event.handler(), entry.attempt);
        self.0.push((title, entry.trace, format!("{:?}", entry.outcome)));
    }
    fn note(&mut self, at: DateTime<Tz>, line: u64, text: &str) {
        self.0.push((format!("{} line {line}", at.to_rfc3339()), Vec::new(), text.to_owned()));
    }
}

/// Runs a recording; gives what was done, and what stands in the CRM and in UIS.
pub async fn play(source: impl BufRead, plugin: Arc<dyn Plugin>) -> (Trace, Value, Value) {
    let (header, mut lines) = recording::open(source).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(crm::Simulators::new(&header, &clock).expect("an account"));
    let mut trace = Trace::default();
    let replay = Replay::new(&header, plugin, simulators.clone(), clock, &Limits::default(), &mut trace).await.expect("usable");
    let (_, uis) = replay.run(&header, lines, Duration::from_secs(24 * 3600), |_| {}).await;
    (trace, simulators.to_json(), uis)
}

/// The same on a runtime of its own, for tests that have none.
pub fn played(source: &str, plugin: impl Plugin + 'static) -> (Trace, Value, Value) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(play(source.as_bytes(), Arc::new(plugin)))
}
