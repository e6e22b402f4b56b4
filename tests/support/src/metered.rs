//! Measures every run of a handler in the replay of a recording: its time, fuel, memory and requests.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_harness::crm::within::Simulators;
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_host::bindings::uis::integration::types::Delivery;
use uis_host::event::Event;
use uis_host::plugin::around::Around;
use uis_host::plugin::{Plugin, Run};
use uis_host::ports::{Entry, Observer};
use uis_host::services::EventScope;
use uis_host::sync::lock;
use uis_host::trace::Step;

use crate::root;

/// The recordings whose handlers have a budget of fuel, and what happens in each.
pub const BUDGETED: [(&str, &str); 10] = [
    ("answered", "a call is answered"),
    ("lost-two-events", "a call is lost"),
    ("outgoing", "an employee calls"),
    ("transfer", "a call is transferred, with two recordings"),
    ("telephony/click-to-call", "a number is clicked"),
    ("telephony/everything-talk", "contact, order and fields at once"),
    ("telephony/everything-missed", "task, contact, order and fields at once"),
    ("text/chat-fields", "a chat creates everything, with fields"),
    ("text/request-client-and-order", "a site request creates a client and an order"),
    ("deals/on-trigger", "an order is sent as a deal"),
];

/// One run of a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerRun {
    /// The handler's name, such as `on-incoming-call`.
    pub handler: &'static str,
    /// From handing over the event to its result, the answers of the simulated systems included.
    pub took: Duration,
    /// Fuel used; none when the plugin runs natively.
    pub fuel: Option<u64>,
    /// Linear memory of the instance at the end, in bytes; none when the plugin runs natively. It never shrinks, so this is also its peak.
    pub memory_bytes: Option<usize>,
    /// Number of requests to the CRM.
    pub requests: usize,
}

type Runs = Arc<Mutex<Vec<HandlerRun>>>;

struct Metered {
    inner: Arc<dyn Plugin>,
    runs: Runs,
}

impl Around for Metered {
    fn inner(&self) -> &dyn Plugin {
        self.inner.as_ref()
    }

    fn handled(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        async move {
            let handler = event.handler();
            let began = Instant::now();
            let run = self.inner.handle(scope, delivery, event).await;
            let took = began.elapsed();
            let (fuel, memory_bytes) = (run.fuel, run.memory_bytes);
            lock(&self.runs).push(HandlerRun { handler, took, fuel, memory_bytes, requests: 0 });
            run
        }
        .boxed()
    }
}

/// Counts the requests. An entry is observed when its run has ended and before the next run begins.
struct Requests(Runs);

impl Observer for Requests {
    fn entry(&mut self, entry: Entry<'_>) {
        if let Some(last) = lock(&self.0).last_mut() {
            last.requests = entry.trace.iter().filter(|step| matches!(step, Step::Request { .. })).count();
        }
    }
}

/// Replays a recording of `tests/recordings/` within this process, against the simulators. Returns all runs of handlers, in order.
pub async fn replayed(name: &str, plugin: &Arc<dyn Plugin>) -> Vec<HandlerRun> {
    let path = root().join(format!("tests/recordings/{name}.jsonl"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (header, mut lines) = recording::open(text.as_bytes()).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock).expect("an account"));
    let runs = Runs::default();
    let metered = Arc::new(Metered { inner: plugin.clone(), runs: runs.clone() });
    let mut requests = Requests(runs.clone());
    let replay = ReplayBuilder::new(&header, metered, simulators, clock).ready(&mut requests).await.expect("usable");
    replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await.expect("a store in memory does not fail");
    std::mem::take(&mut *lock(&runs))
}
