//! Strict replays: each request gets the answer that was recorded for it. The first request that differs from the recording is shown with
//! the event that sent it; what follows from it is not compared any more, and the replay ends.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::future::BoxFuture;
use uis_host::clock::{Clock, instant};
use uis_host::ports::{EgressError, SentBy};
use uis_host::sync::lock;

use super::difference::{Compare, listed, related, same, same_by_hand, shown};
use super::exchange::{Exchange, NoAnswer, Placed, Sent, sent};
use super::runs::{Cause, Watcher};

/// Answers requests from recorded exchanges.
pub struct Recorded {
    clock: Arc<dyn Clock>,
    how: Compare,
    state: Mutex<State>,
}

/// The first difference between a replay and its recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The line of the recording whose event sent, or should have sent, the request.
    pub line: u64,
    /// The event, the exchange, and how the two requests differ; several lines of text.
    pub message: String,
}

#[derive(Default)]
struct State {
    /// The recorded runs that have not begun, by their number, which is their order in the recording.
    waiting: BTreeMap<u64, Group>,
    /// Exchanges that any run may send, in their order.
    loose: Vec<Placed>,
    /// The runs that play now.
    playing: BTreeMap<u64, Playing>,
    begun: u64,
    first: Option<Divergence>,
}

/// The recorded exchanges of one run, in the order of sending.
type Group = Vec<Placed>;

struct Playing {
    cause: Cause,
    /// What is left of the recorded run; none until the run sends its first request.
    left: Option<Group>,
}

impl Recorded {
    /// No exchanges yet. `clock` is the replay's.
    pub fn new(clock: Arc<dyn Clock>, how: Compare) -> Recorded {
        Recorded { clock, how, state: Mutex::default() }
    }

    /// Adds a recorded exchange. Those of one run must come in the order of sending.
    pub fn add(&self, placed: Placed) {
        let mut state = lock(&self.state);
        match placed.exchange.run.filter(|_| placed.exchange.line.is_some()) {
            Some(run) => state.waiting.entry(run).or_default().push(placed),
            None => state.loose.push(placed),
        }
    }

    /// The base URL that an integration's first recorded request had; none if it is not recorded.
    pub fn base(&self, integration: &str, connection: &str) -> Option<String> {
        let state = lock(&self.state);
        let all = state.waiting.values().flatten().chain(&state.loose);
        let of = all.filter(|placed| placed.integration.is_empty() || placed.integration == integration);
        let mut of = of.filter(|placed| placed.exchange.connection.is_empty() || placed.exchange.connection == connection);
        of.find_map(|placed| Some(placed.exchange.request.base.clone()).filter(|base| !base.is_empty()))
    }

    /// Whether a difference was found. What the replay does after it follows from it.
    pub fn has_diverged(&self) -> bool {
        lock(&self.state).first.is_some()
    }

    /// The first difference. Call it after the replay: recorded requests that were never sent are one, too.
    pub fn divergence(&self) -> Option<Divergence> {
        let state = lock(&self.state);
        let unsent =
            || state.waiting.values().flatten().chain(&state.loose).min_by_key(|placed| placed.line).map(|placed| unsent(placed, None));
        state.first.clone().or_else(unsent)
    }

    /// Finds the exchange for a request and removes it, or notes the first difference.
    fn find(&self, integration: &str, request: &Sent, by: Option<SentBy>) -> Result<Exchange, String> {
        let now = instant(self.clock.now_ms());
        let mut state = lock(&self.state);
        let state = &mut *state;
        if state.first.is_some() {
            return Err("the replay differs from the recording already".into());
        }
        let difference = match by.and_then(|by| state.playing.get_mut(&by.run)) {
            Some(playing) => {
                if playing.left.is_none() {
                    match begin(&mut state.waiting, &playing.cause, now, self.how) {
                        Ok(group) => playing.left = group,
                        Err(earlier) => {
                            state.first = Some(earlier.clone());
                            return Err(earlier.message);
                        }
                    }
                }
                match playing.take(request, self.how) {
                    Ok(exchange) => return Ok(exchange),
                    Err(difference) => difference,
                }
            }
            None => Divergence { line: 1, message: format!("a request that belongs to no event\n{}", listed(request)) },
        };
        let of_integration = |placed: &Placed| placed.integration.is_empty() || placed.integration == integration;
        let any = state.loose.iter().position(|placed| of_integration(placed) && same_by_hand(&placed.exchange.request, request, self.how));
        if let Some(any) = any {
            return Ok(state.loose.remove(any).exchange);
        }
        let message = difference.message.clone();
        state.first = Some(difference);
        Err(message)
    }

    /// Answers a request of an integration as it was recorded.
    pub fn answer<'a>(
        &'a self,
        integration: &str,
        request: &http::Request<Bytes>,
        limit: usize,
    ) -> BoxFuture<'a, Result<http::Response<Bytes>, EgressError>> {
        let found = self.find(integration, &sent(request), request.extensions().get::<SentBy>().copied());
        Box::pin(async move {
            let exchange = found.map_err(EgressError::Divergence)?;
            if let Some(took) = exchange.took_ms {
                tokio::time::sleep(Duration::from_millis(took)).await;
            }
            let Exchange { response, error, why, .. } = exchange;
            match (response, error) {
                (Some(response), _) => response.answer(limit),
                (None, Some(NoAnswer::NotSent)) => Err(EgressError::NotSent(why)),
                (None, Some(NoAnswer::TooLarge)) => Err(EgressError::TooLarge(limit)),
                // The host gives the request up when its time runs out, as it did before.
                (None, Some(NoAnswer::Deadline)) => std::future::pending().await,
                (None, Some(NoAnswer::OutcomeUnknown) | None) => Err(EgressError::OutcomeUnknown(why)),
            }
        })
    }
}

impl Watcher for Recorded {
    fn begins(&self, cause: Cause) -> u64 {
        let mut state = lock(&self.state);
        state.begun += 1;
        let number = state.begun;
        state.playing.insert(number, Playing { cause, left: None });
        number
    }

    fn ends(&self, run: u64) {
        let mut state = lock(&self.state);
        let Some(playing) = state.playing.remove(&run) else { return };
        let left = playing.left.unwrap_or_default();
        if let (Some(first), None) = (left.first(), &state.first) {
            state.first = Some(unsent(first, None));
        }
    }
}

/// Takes the recorded run that a run repeats out of those that have not begun; none if there is none. The error is a recorded run that should
/// have begun earlier.
fn begin(waiting: &mut BTreeMap<u64, Group>, cause: &Cause, now: DateTime<Utc>, how: Compare) -> Result<Option<Group>, Divergence> {
    let of_integration = |placed: &Placed| placed.integration.is_empty() || placed.integration == cause.integration;
    let mut own = waiting.iter().filter_map(|(number, group)| Some((*number, group.first()?))).filter(|(_, first)| of_integration(first));
    let of_line = |(_, first): &(u64, &Placed)| first.exchange.line == Some(cause.line);
    let attempt = |first: &Placed| first.exchange.event == cause.event && first.exchange.attempt == Some(cause.attempt);
    // The run that is looked for stands near the beginning, because those that have begun are taken out.
    let chosen = own.clone().find(|run| of_line(run) && attempt(run.1)).or_else(|| own.clone().find(of_line));
    let chosen = chosen.map(|(number, first)| (number, first.at));
    if how == Compare::Exactly {
        // The numbers follow the time at which runs began.
        let earlier = own.find(|(number, _)| chosen.is_none_or(|(chosen, _)| chosen != *number)).filter(|(_, first)| first.at < now);
        if let Some((_, earlier)) = earlier {
            return Err(unsent(earlier, None));
        }
        if let Some((number, at)) = chosen
            && at != now
            && let Some(first) = waiting.get(&number).and_then(|group| group.first())
        {
            let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let message = format!("{}\n  time: recorded {}, sent {}\n", heading(cause, Some(first)), time(at), time(now));
            return Err(Divergence { line: cause.line, message });
        }
    }
    Ok(chosen.and_then(|(number, _)| waiting.remove(&number)))
}

impl Playing {
    /// Takes the exchange for a request out of the recorded run, or says how the request differs.
    fn take(&mut self, request: &Sent, how: Compare) -> Result<Exchange, Divergence> {
        let left = self.left.get_or_insert_default();
        let Some(found) = left.iter().position(|placed| same(&placed.exchange.request, request, how)) else {
            let line = self.cause.line;
            let nearest = left.iter().find(|placed| related(&placed.exchange.request, request)).or(left.first());
            let mut message = heading(&self.cause, nearest);
            match nearest {
                Some(nearest) if related(&nearest.exchange.request, request) => {
                    let _ = write!(message, "\n  {} {}\n{}", request.method, request.path, shown(&nearest.exchange.request, request, how));
                }
                Some(nearest) => {
                    let _ = write!(message, "\nrecorded\n{}sent\n{}", listed(&nearest.exchange.request), listed(request));
                }
                None => {
                    let _ = write!(message, "\n{}", listed(request));
                }
            }
            return Err(Divergence { line, message });
        };
        // Requests of one `send` run side by side, so only those of earlier ones must have been sent before.
        let skipped = left[..found].iter().find(|placed| placed.exchange.round < left[found].exchange.round);
        if let (Some(skipped), Compare::Exactly) = (skipped, how) {
            return Err(unsent(skipped, Some(request)));
        }
        Ok(left.remove(found).exchange)
    }
}

/// The first line of a message: the event, and the exchange that its request was compared with.
fn heading(cause: &Cause, recorded: Option<&Placed>) -> String {
    let Cause { line, event, attempt, .. } = cause;
    let event = format!("line {line}, {event}, attempt {attempt}");
    match recorded {
        Some(recorded) => format!("{event}: the request differs from the exchange in line {}", recorded.line),
        None => format!("{event}: the recording has no further request of this event"),
    }
}

/// A recorded request that was not sent, or not in its turn: `instead` was sent.
fn unsent(recorded: &Placed, instead: Option<&Sent>) -> Divergence {
    let Exchange { line, event, attempt, request, .. } = &recorded.exchange;
    let cause = match line {
        Some(line) => format!("line {line}, {event}, attempt {}", attempt.unwrap_or(1)),
        None => "no event".to_owned(),
    };
    let mut message = format!("{cause}: the exchange in line {} is recorded but not sent\n{}", recorded.line, listed(request));
    if let Some(instead) = instead {
        let _ = write!(message, "sent in its place\n{}", listed(instead));
    }
    Divergence { line: line.unwrap_or(recorded.line), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uis_host::clock::VirtualClock;
    use uis_host::ports::Origin;

    fn clock() -> Arc<VirtualClock> {
        Arc::new(VirtualClock::at("2026-11-23T10:00:00Z".parse().expect("a time")))
    }

    fn cause(line: u64) -> Cause {
        Cause { integration: "main".into(), line, event: "on-call-finished call 1".into(), attempt: 1 }
    }

    /// A recording whose line 3 sends two requests, one after the other, and whose line 4 sends one an hour later.
    fn recorded(clock: &Arc<VirtualClock>, how: Compare) -> Recorded {
        let recorded = Recorded::new(clock.clone(), how);
        for (number, at, run, line, round, form) in
            [(10, "10:00:00", 1, 3, 1, "a=1"), (11, "10:00:00", 1, 3, 2, "b=1"), (12, "11:00:00", 2, 4, 1, "c=1")]
        {
            let value = json!({"run": run, "line": line, "round": round, "event": "on-call-finished call 1", "attempt": 1,
                "request": {"method": "POST", "path": "/x", "form": form}, "response": {"status": 200, "body": form}});
            let at = format!("2026-11-23T{at}Z").parse().expect("a time");
            let exchange = super::super::exchange::exchange(value).expect("readable");
            recorded.add(Placed { line: number, at, integration: String::new(), exchange });
        }
        recorded
    }

    async fn send(recorded: &Recorded, run: u64, form: &str) -> Result<Bytes, EgressError> {
        let mut request = http::Request::post("https://a.example/x").body(Bytes::copy_from_slice(form.as_bytes())).expect("a request");
        request.extensions_mut().insert(SentBy { origin: Origin(3), run, round: 1 });
        recorded.answer("main", &request, 1000).await.map(http::Response::into_body)
    }

    #[tokio::test]
    async fn what_was_recorded_is_answered_and_does_not_diverge() {
        let clock = clock();
        let recorded = recorded(&clock, Compare::Exactly);
        let run = recorded.begins(cause(3));
        assert_eq!(send(&recorded, run, "a=1").await, Ok("a=1".into()));
        assert_eq!(send(&recorded, run, "b=1").await, Ok("b=1".into()));
        recorded.ends(run);
        clock.advance_to(clock.now_ms() + 3_600_000);
        let run = recorded.begins(cause(4));
        assert_eq!(send(&recorded, run, "c=1").await, Ok("c=1".into()));
        recorded.ends(run);
        assert_eq!(recorded.divergence(), None);
    }

    #[tokio::test]
    async fn the_first_difference_is_kept_with_its_event_and_its_line() {
        let recorded = recorded(&clock(), Compare::Exactly);
        let run = recorded.begins(cause(3));
        assert!(matches!(send(&recorded, run, "a=2").await, Err(EgressError::Divergence(_))));
        assert!(matches!(send(&recorded, run, "zzz=2").await, Err(EgressError::Divergence(_))));
        recorded.ends(run);
        let found = recorded.divergence().expect("a difference");
        assert_eq!(found.line, 3);
        assert_eq!(
            found.message,
            "line 3, on-call-finished call 1, attempt 1: the request differs from the exchange in line 10\n  POST /x\n  \
             form a: recorded \"1\", sent \"2\"\n"
        );
    }

    #[tokio::test]
    async fn a_request_that_is_left_out_is_found_when_the_next_one_comes_or_the_event_ends() {
        for more in [true, false] {
            let recorded = recorded(&clock(), Compare::Exactly);
            let run = recorded.begins(cause(3));
            if more {
                assert!(send(&recorded, run, "b=1").await.is_err());
            } else {
                assert!(send(&recorded, run, "a=1").await.is_ok());
            }
            recorded.ends(run);
            let message = recorded.divergence().expect("a difference").message;
            let line = if more { 10 } else { 11 };
            assert!(message.contains(&format!("the exchange in line {line} is recorded but not sent")), "{message}");
        }
    }

    #[tokio::test]
    async fn an_event_that_never_sends_or_sends_later_is_a_difference() {
        let clock = clock();
        let strict = recorded(&clock, Compare::Exactly);
        clock.advance_to(clock.now_ms() + 3_600_000);
        let run = strict.begins(cause(4));
        assert!(send(&strict, run, "c=1").await.is_err());
        assert!(strict.divergence().expect("a difference").message.contains("the exchange in line 10 is recorded but not sent"));

        let late = recorded(&clock, Compare::Exactly);
        let run = late.begins(cause(3));
        assert!(send(&late, run, "a=1").await.is_err());
        assert!(
            late.divergence().expect("a difference").message.contains("time: recorded 2026-11-23T10:00:00Z, sent 2026-11-23T11:00:00Z")
        );

        let by_meaning = recorded(&clock, Compare::ByMeaning);
        let run = by_meaning.begins(cause(3));
        assert!(send(&by_meaning, run, "b=1").await.is_ok() && send(&by_meaning, run, "a=1").await.is_ok(), "neither time nor order");
    }
}
