//! This machine's clock against the remote system's. Times of events, time limits of addresses and certificates depend on it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::DateTime;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_host::clock::Clock;
use uis_host::integration::Integration;
use uis_host::ports::{Egress, EgressError};
use uis_host::sync::lock;

use super::{length, ok, problem, warning};
use crate::control::Finding;

const SUBJECT: &str = "clock";
/// A difference up to this may be the answer's way, and the header has whole seconds only. In milliseconds.
const SMALL_MS: i64 = 5_000;
/// A difference beyond this puts calls into wrong places of histories. In milliseconds.
const LARGE_MS: i64 = 60_000;

/// A moment by both clocks, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When the request was sent, by this machine's clock.
    pub sent: i64,
    /// When the answer came, by this machine's clock.
    pub answered: i64,
    /// The answer's `Date`.
    pub date: i64,
}

/// The dates of answers.
#[derive(Clone, Default)]
pub struct Dates(Arc<Mutex<Option<Seen>>>);

impl Dates {
    /// The last one; none if no answer had a date.
    pub fn last(&self) -> Option<Seen> {
        *lock(&self.0)
    }
}

/// Notes the dates of the answers that an integration gets. The integration must not be shared yet.
pub fn listen(integration: &mut Arc<Integration>) -> Dates {
    let dates = Dates::default();
    let clock = integration.clock.clone();
    if let Some(integration) = Arc::get_mut(integration) {
        for connection in integration.connections.values_mut() {
            connection.egress = Arc::new(Dated { inner: connection.egress.clone(), clock: clock.clone(), dates: dates.clone() });
        }
    }
    dates
}

/// Sends requests, and notes the dates of the answers.
struct Dated {
    inner: Arc<dyn Egress>,
    clock: Arc<dyn Clock>,
    dates: Dates,
}

impl Egress for Dated {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let sent = self.clock.now_ms();
            let answer = self.inner.send(request, limit).await?;
            let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
            if let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
                *lock(&self.dates.0) = Some(Seen { sent, answered: self.clock.now_ms(), date: date.timestamp_millis() });
            }
            Ok(answer)
        }
        .boxed()
    }
}

/// Judges the difference.
pub fn judge(seen: Option<Seen>) -> Vec<Finding> {
    let Some(Seen { sent, answered, date }) = seen else {
        return vec![ok(SUBJECT, "not compared: no answer of the CRM had a date")];
    };
    // The server's clock read between these two.
    let difference = if date < sent - 1000 { sent - date } else { (date - answered).max(0) };
    let side = if date < sent { "ahead of" } else { "behind" };
    let message = format!("this machine's clock is {} {side} the CRM's", length(difference));
    let remedy = "synchronise the clock, for example with timedatectl set-ntp true";
    vec![if difference <= SMALL_MS {
        ok(SUBJECT, "this machine's clock agrees with the CRM's")
    } else if difference <= LARGE_MS {
        warning(SUBJECT, message, remedy)
    } else {
        problem(SUBJECT, message, remedy)
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;
    use uis_host::clock::SystemClock;

    #[test]
    fn only_what_the_answers_way_cannot_explain_is_a_difference() {
        let now = 1_795_417_200_000;
        for (date, verdict, expected) in [
            (now, Verdict::Ok, "agrees"),
            (now + 2_000, Verdict::Ok, "agrees"),
            (now - 6_000, Verdict::Warning, "6 seconds ahead of"),
            (now + 3_000 + 30_000, Verdict::Warning, "30 seconds behind"),
            (now - 3_600_000, Verdict::Problem, "60 minutes ahead of"),
            (now + 3_000 + 86_400_000, Verdict::Problem, "24 hours behind"),
        ] {
            let found = &judge(Some(Seen { sent: now, answered: now + 3_000, date }))[0];
            assert!(found.verdict == verdict && found.message.contains(expected), "{date}: {found:?}");
        }
        assert_eq!(judge(None)[0].verdict, Verdict::Ok);
    }

    struct Answers(&'static str);

    impl Egress for Answers {
        fn send(&self, _: http::Request<Bytes>, _: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
            let answer = http::Response::builder().header("date", self.0).body(Bytes::new());
            std::future::ready(answer.map_err(|error| EgressError::NotSent(error.to_string()))).boxed()
        }
    }

    #[tokio::test]
    async fn the_date_of_an_answer_is_noted() {
        for (header, expected) in [("Fri, 27 Nov 2026 09:00:00 GMT", Some(1_795_770_000_000)), ("yesterday", None)] {
            let dates = Dates::default();
            let dated = Dated { inner: Arc::new(Answers(header)), clock: Arc::new(SystemClock), dates: dates.clone() };
            dated.send(http::Request::new(Bytes::new()), 10).await.expect("an answer");
            assert_eq!(dates.last().map(|seen| seen.date), expected, "{header}");
        }
    }
}
