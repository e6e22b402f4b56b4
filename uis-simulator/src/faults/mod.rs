//! Makes the APIs misbehave according to a plan:
//!
//! ```json
//! {"seed": 7, "rules": [
//!   {"method": "get.employees", "times": 2, "status": 503},
//!   {"method": "start.*", "probability": 0.1, "reset": "after-commit"},
//!   {"method": "upload.deals_history", "at": [2, 5], "error": "internal_error"},
//!   {"path": "/v2.0", "body": "truncated"},
//!   {"latencyMs": [50, 400]}]}
//! ```
//!
//! The same plan and the same requests give the same faults: whether a rule applies to a request that it matches depends on the seed, the
//! rule's position in the plan and the number of requests that it matched before, not on the time.

mod plan;

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Deserialize;
use serde_json::Value;

use plan::{Rule, Span};

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
    /// The request was carried out, and its answer is lost.
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
    /// The request is not carried out; this error of the table is answered.
    Error(String),
    /// The request is not carried out; this answer is sent instead.
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
    /// The request is carried out; half of the answer's body is sent.
    Truncated,
    /// The request is carried out; the body arrives as text/html, unchanged.
    WrongContentType,
    /// The request is carried out; the body arrives in small pieces, half a second apart.
    SlowBody,
    /// The request is not carried out; a web server's page arrives with status 200.
    Page,
}

impl Trouble {
    /// A short name, for the log.
    pub fn name(&self) -> String {
        match self {
            Trouble::Error(mnemonic) => format!("answers {mnemonic}"),
            Trouble::Answer { status, .. } => format!("answers {status}"),
            Trouble::Reset(Reset::BeforeCommit) => "reset before commit".into(),
            Trouble::Reset(Reset::AfterCommit) => "reset after commit".into(),
            Trouble::Truncated => "truncated".into(),
            Trouble::WrongContentType => "wrong content type".into(),
            Trouble::SlowBody => "slow body".into(),
            Trouble::Page => "HTML page".into(),
        }
    }
}

impl Faults {
    /// Reads a plan. The error names the rule.
    pub fn read(plan: &Value) -> Result<Faults, String> {
        let (seed, rules) = plan::read(plan)?;
        let progress = |index: usize| {
            let mut chance = ChaCha8Rng::seed_from_u64(seed);
            chance.set_stream(index as u64);
            Progress { met: 0, struck: 0, chance }
        };
        Ok(Faults { rules: rules.into_iter().enumerate().map(|(index, rule)| (rule, progress(index))).collect() })
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What happens to the next request of this path and method. Latencies of several rules add up. After the first rule that causes
    /// trouble, no further rule is evaluated.
    pub fn next(&mut self, path: &str, method: &str) -> Fault {
        let mut fault = Fault::default();
        for (rule, progress) in &mut self.rules {
            if !rule.meets(path, method) || !progress.strikes(rule) {
                continue;
            }
            fault.latency += rule.latency.map_or(Duration::ZERO, |latency| progress.draw(latency));
            fault.trouble.clone_from(&rule.trouble);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn troubles(faults: &mut Faults, requests: usize) -> Vec<bool> {
        (0..requests).map(|_| faults.next("/v2.0", "get.tags").trouble.is_some()).collect()
    }

    #[test]
    fn a_rule_strikes_the_requests_that_it_names_as_often_as_it_says() {
        let mut faults =
            Faults::read(&json!({"rules": [{"method": "get.tags", "path": "/v2.0", "times": 2, "status": 503}]})).expect("a plan");
        assert_eq!((faults.next("/v4.0", "get.tags").trouble, faults.next("/v2.0", "get.sites").trouble), (None, None));
        assert_eq!(troubles(&mut faults, 4), [true, true, false, false]);
        let mut listed = Faults::read(&json!({"rules": [{"at": [2, 4], "reset": "after-commit"}]})).expect("a plan");
        assert_eq!(troubles(&mut listed, 5), [false, true, false, true, false]);
        let mut starred = Faults::read(&json!({"rules": [{"method": "start.*", "error": "internal_error"}]})).expect("a plan");
        assert_eq!(starred.next("/v4.0", "start.simple_call").trouble, Some(Trouble::Error("internal_error".into())));
        assert_eq!(starred.next("/v4.0", "list.calls").trouble, None);
    }

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let plan =
            |seed: u64| json!({"seed": seed, "rules": [{"probability": 0.3, "status": 500}, {"probability": 0.5, "latencyMs": [10, 90]}]});
        let run = |seed: u64| {
            let mut faults = Faults::read(&plan(seed)).expect("a plan");
            (0..200).map(|_| faults.next("/v2.0", "get.tags")).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        assert!(run(7).iter().all(|fault| fault.latency.is_zero() || (10..=90).contains(&fault.latency.as_millis())));
    }

    #[test]
    fn a_refusal_of_a_plan_names_the_rule() {
        for (plan, place) in [
            (json!({"rules": [{"path": "/v2.0"}]}), "rules[0]"),
            (json!({"rule": []}), "rule"),
            (json!({"rules": [{"status": 503}, {"status": 99}]}), "rules[1]: status"),
            (json!({"rules": [{"body": "half"}]}), "rules[0]: body"),
            (json!({"rules": [{"status": 500, "probability": 2}]}), "rules[0]: probability"),
            (json!({"rules": [{"latencyMs": [9, 1]}]}), "rules[0]: latencyMs"),
            (json!({"rules": [{"error": "strange"}]}), "rules[0]: error"),
            (json!({"rules": [{"error": "internal_error", "status": 500}]}), "rules[0]: expected one of"),
        ] {
            let complaint = Faults::read(&plan).expect_err("no plan");
            assert!(complaint.contains(place), "{complaint}");
        }
        assert!(Faults::read(&json!({})).is_ok());
    }
}
