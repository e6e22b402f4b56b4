//! Makes the simulator misbehave according to a plan:
//!
//! ```json
//! {"seed": 7, "rules": [
//!   {"method": "POST", "path": "/api/v5/telephony/calls/upload", "times": 2, "status": 503},
//!   {"path": "/api/v5/orders", "probability": 0.1, "reset": "after-commit"},
//!   {"path": "/api/v5/tasks/create", "reset": "before-commit", "commitsAfterMs": 3000},
//!   {"path": "/api/v5/customers/*/edit", "at": [2, 5], "body": "truncated"},
//!   {"latencyMs": [50, 400]}]}
//! ```
//!
//! The same plan and the same requests give the same faults: whether a rule applies to a request that it matches depends on the seed, the
//! rule's position in the plan and the number of requests that it matched before, not on the time.

mod plan;

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Deserialize;
use serde_json::Value;

use plan::{Effect, Rule, Span};

/// The plan of faults, and the state of each rule.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Vec<(Rule, Progress)>,
}

/// The state of a rule.
#[derive(Debug, Clone)]
struct Progress {
    met: u64,
    struck: u64,
    chance: ChaCha8Rng,
}

/// When a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// Nothing was done.
    BeforeCommit,
    /// The request was committed, and its answer is lost.
    AfterCommit,
}

/// What happens to one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fault {
    /// The delay before anything else happens.
    pub latency: Duration,
    /// What goes wrong after the delay; none: the request is only late.
    pub trouble: Option<Trouble>,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// The work is not done; this answer is sent instead.
    Answer {
        /// The status.
        status: u16,
        /// The media type.
        content_type: String,
        /// The body.
        body: String,
        /// `Retry-After`, seconds.
        retry_after: Option<u64>,
    },
    /// No answer.
    Reset(Reset),
    /// No answer; the request is committed after the connection broke, with this delay.
    LateCommit(Duration),
    /// The work is done; half of the answer's body is sent.
    Truncated,
    /// The work is done; the body arrives as text/html, unchanged.
    WrongContentType,
    /// The work is done; the body arrives in small pieces, half a second apart.
    SlowBody,
    /// The work is not done; a web server's page arrives with status 200.
    Page,
}

impl Trouble {
    /// A short name, for the log.
    pub fn name(&self) -> String {
        match self {
            Trouble::Answer { status, .. } => format!("answers {status}"),
            Trouble::Reset(Reset::BeforeCommit) => "reset before commit".into(),
            Trouble::Reset(Reset::AfterCommit) => "reset after commit".into(),
            Trouble::LateCommit(delay) => format!("reset, commits {} ms later", delay.as_millis()),
            Trouble::Truncated => "truncated".into(),
            Trouble::WrongContentType => "wrong content type".into(),
            Trouble::SlowBody => "slow body".into(),
            Trouble::Page => "HTML page".into(),
        }
    }
}

/// Marks an answer that must not reach the client: the connection broke.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionReset;

/// Marks an answer that is sent late.
#[derive(Debug, Clone, Copy)]
pub struct Late(pub Duration);

/// Marks an answer whose body is sent slowly.
#[derive(Debug, Clone, Copy)]
pub struct Slow;

/// Marks an answer that a fault changed or delayed. The value is the fault's name, for the log.
#[derive(Debug, Clone)]
pub struct FaultName(pub String);

impl Faults {
    /// Reads a plan.
    pub fn read(plan: &Value) -> Result<Faults, String> {
        let (seed, rules) = plan::read(plan)?;
        let progress = |index: usize| {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            chance.set_stream(index as u64);
            Progress { met: 0, struck: 0, chance }
        };
        Ok(Faults { rules: rules.into_iter().enumerate().map(|(index, rule)| (rule, progress(index))).collect() })
    }

    /// What happens to the next request of this method and path. Latencies of several rules add up. After the first rule that causes
    /// trouble, no further rule is evaluated.
    pub fn next(&mut self, method: &str, path: &str) -> Fault {
        let mut fault = Fault::default();
        for (rule, progress) in &mut self.rules {
            if !rule.meets(method, path) || !progress.strikes(rule) {
                continue;
            }
            fault.latency += rule.latency.map_or(Duration::ZERO, |latency| progress.draw(latency));
            fault.trouble = rule.effect.as_ref().map(|effect| match effect {
                Effect::Fixed(trouble) => trouble.clone(),
                Effect::LateCommit(delay) => Trouble::LateCommit(progress.draw(*delay)),
            });
            if fault.trouble.is_some() {
                break;
            }
        }
        fault
    }
}

impl Progress {
    /// Whether the rule applies to this request, which it matches. One number is drawn for every matched request, even if the result does
    /// not need it, so that later draws do not depend on it.
    fn strikes(&mut self, rule: &Rule) -> bool {
        self.met += 1;
        let drawn = (self.chance.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let strikes = rule.probability.is_none_or(|probability| drawn < probability)
            && (rule.at.is_empty() || rule.at.contains(&self.met))
            && rule.times.is_none_or(|times| self.struck < times);
        self.struck += u64::from(strikes);
        strikes
    }

    fn draw(&mut self, span: Span) -> Duration {
        Duration::from_millis(match span {
            Span::Always(ms) => ms,
            Span::Between(least, most) => least + self.chance.next_u64() % (most - least + 1),
        })
    }
}

/// An answer that says the connection broke.
pub fn reset() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(ConnectionReset);
    response
}

/// The answer of a fault.
pub fn answer(status: u16, content_type: &str, body: String, retry_after: Option<u64>) -> Response {
    let mut built = Response::builder().status(status).header(CONTENT_TYPE, content_type);
    if let Some(seconds) = retry_after {
        built = built.header(RETRY_AFTER, seconds);
    }
    built.body(Body::from(body)).unwrap_or_else(|_| reset())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn troubles(faults: &mut Faults, requests: usize) -> Vec<bool> {
        (0..requests).map(|_| faults.next("POST", "/a").trouble.is_some()).collect()
    }

    #[test]
    fn a_rule_strikes_the_requests_that_it_names_as_often_as_it_says() {
        let mut faults = Faults::read(&json!({"rules": [{"method": "post", "path": "/a", "times": 2, "status": 503}]})).expect("a plan");
        assert_eq!((faults.next("GET", "/a").trouble, faults.next("POST", "/b").trouble), (None, None));
        assert_eq!(troubles(&mut faults, 4), [true, true, false, false]);
        let mut listed = Faults::read(&json!({"rules": [{"at": [2, 4], "reset": "after-commit"}]})).expect("a plan");
        assert_eq!(troubles(&mut listed, 5), [false, true, false, true, false]);
        let mut starred = Faults::read(&json!({"rules": [{"path": "/api/*/edit", "body": "truncated"}]})).expect("a plan");
        assert!(starred.next("POST", "/api/17/edit").trouble.is_some() && starred.next("POST", "/api/17").trouble.is_none());
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let plan = |seed: u64| json!({"seed": seed, "rules": [{"probability": 0.3, "status": 500}, {"probability": 0.5, "latencyMs": [10, 90]}, {"path": "/a", "probability": 0.2, "reset": "before-commit"}]});
        let run = |seed: u64| {
            let mut faults = Faults::read(&plan(seed)).expect("a plan");
            (0..200).map(|_| faults.next("POST", "/a")).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let struck = run(7).iter().filter(|fault| matches!(fault.trouble, Some(Trouble::Answer { .. }))).count();
        assert!((40..80).contains(&struck), "three in ten of 200, not {struck}");
        assert!(run(7).iter().all(|fault| fault.latency.is_zero() || (10..=90).contains(&fault.latency.as_millis())));
    }

    #[test]
    fn the_delay_of_a_late_commit_is_drawn_from_the_seed() {
        let plan = json!({"seed": 3, "rules": [{"reset": "before-commit", "commitsAfterMs": [1000, 9000]}]});
        let run = || {
            let mut faults = Faults::read(&plan).expect("a plan");
            (0..20).map(|_| faults.next("POST", "/a").trouble).collect::<Vec<_>>()
        };
        let (first, second) = (run(), run());
        assert_eq!(first, second, "the same seed gives the same delays");
        assert!(
            first.iter().all(|trouble| matches!(trouble, Some(Trouble::LateCommit(delay)) if (1000..=9000).contains(&delay.as_millis())))
        );
        assert_ne!(first[0], first[1]);
    }

    #[test]
    fn a_refusal_of_a_plan_names_the_rule() {
        for (plan, place) in [
            (json!({"rules": [{"path": "/a"}]}), "rules[0]"),
            (json!({"rule": []}), "rule"),
            (json!({"rules": [{"status": 503}, {"status": 99}]}), "rules[1]: status"),
            (json!({"rules": [{"body": "half"}]}), "rules[0]: body"),
            (json!({"rules": [{"path": "/api/**", "status": 500}]}), "rules[0]: path"),
            (json!({"rules": [{"status": 500, "probability": 2}]}), "rules[0]: probability"),
            (json!({"rules": [{"latencyMs": [9, 1]}]}), "rules[0]: latencyMs"),
            (json!({"rules": [{"reset": "after-commit", "commitsAfterMs": 5}]}), "rules[0]: commitsAfterMs"),
            (json!({"rules": [{"latencyMs": 5, "commitsAfterMs": 5}]}), "rules[0]: commitsAfterMs"),
            (json!({"rules": [{"reset": "before-commit", "commitsAfterMs": [9, 1]}]}), "rules[0]: commitsAfterMs"),
        ] {
            let complaint = Faults::read(&plan).expect_err("no plan");
            assert!(complaint.contains(place), "{complaint}");
        }
        assert!(Faults::read(&json!({})).is_ok());
    }
}
