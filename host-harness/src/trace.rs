//! What a handler did, step by step: for people who read a replay, and for tests that compare two runs.

use serde::{Deserialize, Serialize};

/// One thing a handler did through the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// It sent a request.
    Request {
        /// Which `send` of the handler it was part of, from 1. Requests of one go side by side, so the largest is the number of round trips
        /// that the handler waited for.
        round: u32,
        /// The connection's name.
        connection: String,
        /// The verb.
        method: String,
        /// The path.
        path: String,
        /// Query parameters.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        query: Vec<(String, String)>,
        /// Form fields; a JSON body is one field without a name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        form: Vec<(String, String)>,
        /// What came back.
        answer: Answer,
    },
    /// It wrote a line.
    Log {
        /// `debug`, `info`, `warn`, `error`.
        level: String,
        /// The text.
        message: String,
        /// Its fields.
        fields: Vec<(String, String)>,
    },
    /// It set a timer.
    TimerSet {
        /// Its name.
        name: String,
        /// When, in milliseconds since 1970.
        at: i64,
        /// How often.
        every_ms: Option<u64>,
    },
    /// It cancelled a timer that was set.
    TimerCancelled {
        /// Its name.
        name: String,
    },
    /// It wrote to storage.
    Stored {
        /// The key.
        key: String,
        /// The value as text; none when deleted.
        value: Option<String>,
    },
    /// It asked UIS's Data API for something that costs points.
    Uis {
        /// The Data API's method.
        method: String,
        /// What it is about.
        told: String,
        /// `taken`, or why not.
        answer: String,
    },
    /// A partner's rule was asked.
    Rule {
        /// Its name.
        rule: String,
        /// What about.
        point: crate::rules::Point,
        /// The draft, the deal, the call.
        about: String,
        /// What it said was not done.
        dry_run: bool,
        /// `keep`, `change`, `skip: …`, or why it gave no answer.
        verdict: String,
        /// What it changed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<crate::rules::explain::Change>,
        /// It gave no answer.
        failed: bool,
    },
    /// The host withheld something from the plugin's answer, or from the plugin.
    Withheld {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
}

/// The steps of one event, of bounded size: whatever a handler does again and again, its trace does not fill the host's memory.
#[derive(Debug, Clone)]
pub struct Trace {
    steps: Vec<Step>,
    bytes: usize,
    /// `trace-bytes`.
    limit: usize,
}

/// What a step takes besides its texts.
const STEP_BYTES: usize = 256;

impl Trace {
    /// An empty one, of at most so many bytes.
    pub fn new(limit: usize) -> Trace {
        Trace { steps: Vec::new(), bytes: 0, limit }
    }

    /// Writes a step down. The first that does not fit any more is replaced by the word that there were further ones.
    pub fn push(&mut self, step: Step) {
        if self.bytes > self.limit {
            return;
        }
        self.bytes = self.bytes.saturating_add(step.bytes());
        if self.bytes <= self.limit {
            self.steps.push(step);
        } else {
            let why = format!("limit trace-bytes = {}; further steps of this event are not written down", self.limit);
            self.steps.push(Step::Withheld { what: "steps".into(), why });
        }
    }

    /// The steps.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

impl std::ops::Deref for Trace {
    type Target = [Step];
    fn deref(&self) -> &[Step] {
        &self.steps
    }
}

impl Step {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| name.len() + value.len() + 48).sum::<usize>();
        let texts = match self {
            Step::Request { connection, method, path, query, form, answer, .. } => {
                let answer = match answer {
                    Answer::Response { body, .. } => body.len(),
                    Answer::Error { case, message } => case.len() + message.len(),
                };
                connection.len() + method.len() + path.len() + pairs(query) + pairs(form) + answer
            }
            Step::Log { level, message, fields } => level.len() + message.len() + pairs(fields),
            Step::TimerSet { name, .. } | Step::TimerCancelled { name } => name.len(),
            Step::Stored { key, value } => key.len() + value.as_ref().map_or(0, String::len),
            Step::Uis { method, told, answer } => method.len() + told.len() + answer.len(),
            Step::Rule { rule, about, verdict, changes, .. } => {
                rule.len() + about.len() + verdict.len() + changes.iter().map(|change| change.bytes() + 72).sum::<usize>()
            }
            Step::Withheld { what, why } => what.len() + why.len(),
        };
        texts + STEP_BYTES
    }
}

/// What came back for a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Answer {
    /// An HTTP answer.
    Response {
        /// Its status.
        status: u16,
        /// Its body as text.
        body: String,
    },
    /// None.
    Error {
        /// The contract's case.
        case: String,
        /// Why.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_that_is_full_says_so_once_and_takes_no_more() {
        let mut trace = Trace::new(10_000);
        for number in 0..100 {
            trace.push(Step::TimerSet { name: format!("{number}{}", "x".repeat(1_000)), at: 0, every_ms: None });
        }
        assert!((5..10).contains(&trace.len()), "{}", trace.len());
        assert!(matches!(trace.last(), Some(Step::Withheld { why, .. }) if why.contains("limit trace-bytes = 10000")));
        assert_eq!(trace.iter().filter(|step| matches!(step, Step::Withheld { .. })).count(), 1);
    }
}
