//! Notes every request of a replay, with its answer and the run that sent it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::clock::{Clock, instant};
use uis_host::connection::credentials::Credentials;
use uis_host::ports::{Egress, EgressError, SentBy};
use uis_host::sync::lock;

use super::exchange::{Exchange, NoAnswer, Placed, Sent, received, sent};
use super::runs::{Cause, Watcher};
use crate::replay::{Remote, RemoteSystem};

/// An answer that took at least this long is as late in a strict replay. Shorter times do not decide what a handler still has time for, and
/// waiting for each would make a strict replay as slow as the CRM was.
const LATE: Duration = Duration::from_millis(500);

/// A remote system whose exchanges are noted.
pub struct Recorder {
    system: Arc<dyn RemoteSystem>,
    notes: Arc<Notes>,
}

struct Notes {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The runs that have begun and not ended, with their numbers in the recording once they have sent something.
    runs: BTreeMap<u64, (Cause, Option<u64>)>,
    begun: u64,
    /// Runs that have sent something so far.
    numbered: u64,
    /// Exchanges in the order of sending; none until the answer is known.
    exchanges: VecDeque<Option<Placed>>,
    /// Exchanges that have been taken out so far.
    taken: u64,
}

impl Recorder {
    /// Notes what is exchanged with this system.
    pub fn new(system: Arc<dyn RemoteSystem>, clock: Arc<dyn Clock>) -> Recorder {
        Recorder { system, notes: Arc::new(Notes { clock, state: Mutex::default() }) }
    }

    /// The exchanges since the last call, in the order of sending, up to the first whose answer is not known yet. Their `line` is 0, and the
    /// line of their exchange is that of the recording that is played.
    pub fn take(&self) -> Vec<Placed> {
        let mut state = lock(&self.notes.state);
        let known = state.exchanges.iter().take_while(|exchange| exchange.is_some()).count();
        state.taken += known as u64;
        state.exchanges.drain(..known).flatten().collect()
    }
}

impl Watcher for Recorder {
    fn begins(&self, cause: Cause) -> u64 {
        let mut state = lock(&self.notes.state);
        state.begun += 1;
        let number = state.begun;
        state.runs.insert(number, (cause, None));
        number
    }

    fn ends(&self, run: u64) {
        lock(&self.notes.state).runs.remove(&run);
    }
}

impl RemoteSystem for Recorder {
    fn connect(&self, integration: &str, need: &ConnectionNeed, chosen: Option<&Credentials>) -> Result<Remote, String> {
        let remote = self.system.connect(integration, need, chosen)?;
        let (integration, connection) = (integration.to_owned(), need.name.clone());
        let egress = Arc::new(NotingEgress { egress: remote.egress, integration, connection, notes: self.notes.clone() });
        Ok(Remote { egress, ..remote })
    }

    fn system_of(&self, integration: &str) -> String {
        self.system.system_of(integration)
    }

    fn act<'a>(&'a self, integration: &'a str, act: &'a Value) -> BoxFuture<'a, Result<String, String>> {
        self.system.act(integration, act)
    }

    fn misbehave<'a>(&'a self, integration: &'a str, faults: &'a Value) -> BoxFuture<'a, Result<(), String>> {
        self.system.misbehave(integration, faults)
    }

    fn content(&self) -> BoxFuture<'_, Option<Value>> {
        self.system.content()
    }
}

struct NotingEgress {
    egress: Arc<dyn Egress>,
    integration: String,
    connection: String,
    notes: Arc<Notes>,
}

impl Egress for NotingEgress {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        Box::pin(async move {
            let by = request.extensions().get::<SentBy>().copied();
            let open = self.notes.clone().sends(&self.integration, &self.connection, sent(&request), by);
            let answer = self.egress.send(request, limit).await;
            open.answered(&answer);
            answer
        })
    }
}

impl Notes {
    /// Reserves the place of an exchange, whose answer is not known yet.
    fn sends(self: Arc<Self>, integration: &str, connection: &str, request: Sent, by: Option<SentBy>) -> Open {
        let at = instant(self.clock.now_ms());
        let mut state = lock(&self.state);
        let State { runs, numbered, .. } = &mut *state;
        let run = by.and_then(|by| runs.get_mut(&by.run)).map(|(cause, number)| {
            let number = *number.get_or_insert_with(|| {
                *numbered += 1;
                *numbered
            });
            (number, cause.clone())
        });
        let place = state.taken + state.exchanges.len() as u64;
        state.exchanges.push_back(None);
        drop(state);
        let cause = run.as_ref().map(|(_, cause)| cause);
        let exchange = Exchange {
            run: run.as_ref().map(|(number, _)| *number),
            line: cause.map(|cause| cause.line),
            event: cause.map(|cause| cause.event.clone()).unwrap_or_default(),
            attempt: cause.map(|cause| cause.attempt),
            round: by.map(|by| by.round),
            connection: connection.to_owned(),
            request,
            response: None,
            // Stands if the request is given up, because its time ran out, before an answer comes.
            error: Some(NoAnswer::Deadline),
            why: String::new(),
            took_ms: None,
        };
        let placed = Placed { line: 0, at, integration: integration.to_owned(), exchange };
        Open { notes: self, place, placed: Some(placed), began: Instant::now() }
    }
}

/// A request whose answer is not known yet. If it is given up, it is noted as unanswered.
struct Open {
    notes: Arc<Notes>,
    place: u64,
    placed: Option<Placed>,
    began: Instant,
}

impl Open {
    fn answered(mut self, answer: &Result<http::Response<Bytes>, EgressError>) {
        let Some(placed) = &mut self.placed else { return };
        let exchange = &mut placed.exchange;
        let took = self.began.elapsed();
        exchange.took_ms = (took >= LATE).then_some(took.as_millis() as u64);
        exchange.error = None;
        match answer {
            Ok(answer) => exchange.response = Some(received(answer)),
            Err(error) => {
                let (kind, why) = match error {
                    EgressError::NotSent(why) | EgressError::Divergence(why) => (NoAnswer::NotSent, why.clone()),
                    EgressError::OutcomeUnknown(why) => (NoAnswer::OutcomeUnknown, why.clone()),
                    EgressError::TooLarge(_) => (NoAnswer::TooLarge, String::new()),
                };
                (exchange.error, exchange.why) = (Some(kind), why);
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut state = lock(&self.notes.state);
        let index = self.place.checked_sub(state.taken).and_then(|index| usize::try_from(index).ok());
        if let Some(slot) = index.and_then(|index| state.exchanges.get_mut(index)) {
            *slot = self.placed.take();
        }
    }
}
