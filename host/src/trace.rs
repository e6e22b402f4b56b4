//! What a handler did, step by step: for people who read a replay, and for tests that compare two runs.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::bindings::uis::integration::deals::Refusal;
use crate::decision::{Change, Point, RuleVerdict};

/// One thing a handler did through the host.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
        #[serde(skip_serializing_if = "Vec::is_empty")]
        query: Vec<(String, String)>,
        /// Form fields; a JSON body is one field without a name.
        #[serde(skip_serializing_if = "Vec::is_empty")]
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
        /// What the call is about: ids and counts.
        subject: String,
        /// What UIS answered.
        #[serde(serialize_with = "shown")]
        answer: UisAnswer,
    },
    /// A partner's rule was asked.
    Rule {
        /// Its name.
        rule: String,
        /// What about.
        point: Point,
        /// The draft, the deal, the call.
        about: String,
        /// What it said was not done.
        dry_run: bool,
        /// What it answered; as text `keep`, `change`, `skip: …`, or why it gave no answer.
        #[serde(serialize_with = "shown")]
        verdict: RuleVerdict,
        /// What it changed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        changes: Vec<Change>,
        /// It gave no answer.
        failed: bool,
    },
    /// The host withheld something from the plugin's answer, or from the plugin.
    Withheld {
        /// What.
        what: String,
        /// The limit that was passed.
        limit: Limit,
        /// What follows.
        why: &'static str,
    },
}

/// A limit that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Its name, as settings and flags call it.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {} = {}", self.name, self.value)
    }
}

/// What UIS answered to something that costs points.
#[derive(Debug, Clone, PartialEq)]
pub enum UisAnswer {
    /// Taken.
    Taken,
    /// No points are left for so many milliseconds.
    Busy(u32),
    /// Refused.
    Refused(Refusal),
}

impl fmt::Display for UisAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UisAnswer::Taken => f.write_str("taken"),
            UisAnswer::Busy(after_ms) => write!(f, "busy for {after_ms} ms"),
            UisAnswer::Refused(refusal) => {
                let part = |part: &Option<String>| part.clone().unwrap_or_default();
                write!(f, "refused: {}: {} ({}: {})", refusal.mnemonic, refusal.message, part(&refusal.field), part(&refusal.value))
            }
        }
    }
}

fn shown<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
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
            let limit = Limit { name: "trace-bytes", value: self.limit as u64 };
            self.steps.push(Step::Withheld { what: "steps".into(), limit, why: "further steps of this event are not written down" });
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
                    Answer::Error { message, .. } => message.len(),
                };
                connection.len() + method.len() + path.len() + pairs(query) + pairs(form) + answer
            }
            Step::Log { level, message, fields } => level.len() + message.len() + pairs(fields),
            Step::TimerSet { name, .. } | Step::TimerCancelled { name } => name.len(),
            Step::Stored { key, value } => key.len() + value.as_ref().map_or(0, String::len),
            Step::Uis { method, subject, answer } => {
                let refused = match answer {
                    UisAnswer::Refused(refusal) => {
                        refusal.message.len() + [&refusal.field, &refusal.value].into_iter().flatten().map(String::len).sum::<usize>()
                    }
                    UisAnswer::Taken | UisAnswer::Busy(_) => 0,
                };
                method.len() + subject.len() + refused
            }
            Step::Rule { rule, about, verdict, changes, .. } => {
                let words = match verdict {
                    RuleVerdict::Keep | RuleVerdict::Change(None) => 0,
                    RuleVerdict::Change(Some(words))
                    | RuleVerdict::Skip(words)
                    | RuleVerdict::NoAnswer(words)
                    | RuleVerdict::Quarantined(words) => words.len(),
                };
                rule.len() + about.len() + words + changes.iter().map(|change| change.bytes() + 72).sum::<usize>()
            }
            Step::Withheld { what, .. } => what.len(),
        };
        texts + STEP_BYTES
    }
}

/// What came back for a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
        /// Which of the contract's cases.
        error: SendErrorKind,
        /// Why.
        message: String,
    },
}

/// Why a request has no answer: the contract's cases of `send-error`, and the one that only a strict replay knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendErrorKind {
    /// The host refused to send it.
    Denied,
    /// It did not reach the other side.
    NotSent,
    /// It may have been carried out.
    OutcomeUnknown,
    /// The answer was too large.
    TooLarge,
    /// No time was left.
    Deadline,
    /// The recording of a strict replay has no such request. For the plugin it was not sent.
    Divergence,
}

impl fmt::Display for SendErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendErrorKind::Denied => "denied",
            SendErrorKind::NotSent => "not-sent",
            SendErrorKind::OutcomeUnknown => "outcome-unknown",
            SendErrorKind::TooLarge => "too-large",
            SendErrorKind::Deadline => "deadline",
            SendErrorKind::Divergence => "divergence",
        })
    }
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
        assert!(matches!(trace.last(), Some(Step::Withheld { limit, .. }) if limit.to_string() == "limit trace-bytes = 10000"));
        assert_eq!(trace.iter().filter(|step| matches!(step, Step::Withheld { .. })).count(), 1);
    }
}
