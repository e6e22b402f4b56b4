//! The trace of an event: every effect a handler had through the host, step by step. People read it in a replay, tests compare it, and
//! `compare` shows how two versions of a plugin differ.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::bindings::uis::integration::deals::Refusal;
use crate::decision::{Change, Point, RuleVerdict};

/// One step of a handler.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// The handler sent a request.
    Request {
        /// Number of the `connections.send` that contained it, from 1. Requests of one `send` run concurrently, so the highest number is
        /// the number of round trips the handler waited for.
        round: u32,
        /// The connection's name.
        connection: String,
        /// The HTTP method.
        method: String,
        /// The path, not encoded.
        path: String,
        /// Query parameters.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        query: Vec<(String, String)>,
        /// Form fields. A JSON body is one field with an empty name.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        form: Vec<(String, String)>,
        /// The answer, or why there is none.
        answer: Answer,
    },
    /// The handler wrote a log line.
    Log {
        /// `debug`, `info`, `warn`, `error`.
        level: String,
        /// The text.
        message: String,
        /// Its fields.
        fields: Vec<(String, String)>,
    },
    /// A setting, a filter or a rule decided something.
    Decision {
        /// What was decided about.
        subject: String,
        /// The setting or the rule.
        decided_by: String,
        /// `done`, `left out`, `changed`.
        verdict: &'static str,
        /// Which value decided.
        why: String,
    },
    /// The handler set a timer.
    TimerSet {
        /// Its name.
        name: String,
        /// When it is due first, in milliseconds since 1970.
        at: i64,
        /// The interval of a repeating timer, in milliseconds.
        every_ms: Option<u64>,
    },
    /// The handler cancelled a timer that was set.
    TimerCancelled {
        /// Its name.
        name: String,
    },
    /// The handler wrote to storage.
    Stored {
        /// The key.
        key: String,
        /// The new value as text; none when the key was deleted.
        value: Option<String>,
    },
    /// The handler called a method of UIS's Data API that costs points, or wrote an employee.
    Uis {
        /// The Data API's method.
        method: String,
        /// The ids and counts that the call was about.
        subject: String,
        /// What UIS answered.
        #[serde(serialize_with = "shown")]
        answer: UisAnswer,
    },
    /// A partner's rule was evaluated.
    Rule {
        /// The rule's name.
        rule: String,
        /// The decision point.
        point: Point,
        /// The subject: a draft, a deal, a call.
        about: String,
        /// The rule's answer was only recorded, not applied.
        dry_run: bool,
        /// The rule's answer. Serialised as `keep`, `change`, `skip: …`, or the reason why there is none.
        #[serde(serialize_with = "shown")]
        verdict: RuleVerdict,
        /// The fields that the rule changed.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        changes: Vec<Change>,
        /// The rule failed to answer.
        failed: bool,
        /// What the rule printed during this decision, and the stack of an exception; none if nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        printed: Option<String>,
    },
    /// The host dropped something of the plugin's answer, or kept something from the plugin.
    Withheld {
        /// What was withheld.
        what: String,
        /// The limit that was exceeded.
        limit: Limit,
        /// The consequence, as text.
        why: &'static str,
    },
}

/// A limit that was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// The name, as in settings and command line flags.
    pub name: &'static str,
    /// The value, in the unit that the name gives.
    pub value: u64,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {} = {}", self.name, self.value)
    }
}

/// UIS's answer to such a call of the Data API.
#[derive(Debug, Clone, PartialEq)]
pub enum UisAnswer {
    /// Accepted.
    Taken,
    /// No points are left; retry after this many milliseconds.
    Busy(u32),
    /// Refused; with UIS's reason.
    Refused(Refusal),
}

impl fmt::Display for UisAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UisAnswer::Taken => f.write_str("taken"),
            UisAnswer::Busy(after_ms) => write!(f, "busy for {after_ms} ms"),
            UisAnswer::Refused(refusal) => {
                write!(f, "refused: {}: {}", refusal.mnemonic, refusal.message)?;
                let part = |part: &Option<String>| part.clone().unwrap_or_default();
                match (&refusal.field, &refusal.value) {
                    (None, None) => Ok(()),
                    (field, value) => write!(f, " ({}: {})", part(field), part(value)),
                }
            }
        }
    }
}

fn shown<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The steps of one event, limited in size: a handler that repeats a step for ever must not fill the host's memory.
#[derive(Debug, Clone)]
pub struct Trace {
    steps: Vec<Step>,
    bytes: usize,
    /// The limit `trace-bytes`.
    limit: usize,
}

/// Memory that a step takes besides its texts, in bytes; an estimate.
const STEP_BYTES: usize = 256;

impl Trace {
    /// An empty trace of at most `limit` bytes.
    pub fn new(limit: usize) -> Trace {
        Trace { steps: Vec::new(), bytes: 0, limit }
    }

    /// Appends a step. The first step that does not fit is replaced by a [`Step::Withheld`], and later steps are dropped.
    pub fn push(&mut self, step: Step) {
        if self.bytes > self.limit {
            return;
        }
        self.bytes = self.bytes.saturating_add(step.bytes());
        if self.bytes <= self.limit {
            self.steps.push(step);
        } else {
            let limit = Limit { name: "trace-bytes", value: self.limit as u64 };
            self.steps.push(Step::Withheld { what: "steps".into(), limit, why: "further steps of this event are not recorded" });
        }
    }

    /// The steps, in the order in which they happened.
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
    /// Approximate size in memory, in bytes.
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
            Step::Decision { subject, decided_by, why, .. } => subject.len() + decided_by.len() + why.len(),
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
            Step::Rule { rule, about, verdict, changes, printed, .. } => {
                let text = match verdict {
                    RuleVerdict::Keep | RuleVerdict::Change(None) => 0,
                    RuleVerdict::Change(Some(text))
                    | RuleVerdict::Skip(text)
                    | RuleVerdict::NoAnswer(text)
                    | RuleVerdict::Quarantined(text) => text.len(),
                };
                let printed = printed.as_ref().map_or(0, String::len);
                rule.len() + about.len() + text + printed + changes.iter().map(|change| change.bytes() + 72).sum::<usize>()
            }
            Step::Withheld { what, .. } => what.len(),
        };
        texts + STEP_BYTES
    }
}

/// The outcome of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Answer {
    /// The remote system answered.
    Response {
        /// The HTTP status.
        status: u16,
        /// The body as text.
        body: String,
        /// After how many seconds the remote system wants the request again, if it says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// There is no answer.
    Error {
        /// The case of the contract's `send-error`.
        error: SendErrorKind,
        /// The reason, as text.
        message: String,
    },
}

/// Why a request has no answer: the cases of the contract's `send-error`, and `Divergence`, which occurs only in a strict replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendErrorKind {
    /// The host refused to send the request.
    Denied,
    /// The request did not reach the remote system.
    NotSent,
    /// The request may have been carried out.
    OutcomeUnknown,
    /// The answer was larger than the limit.
    TooLarge,
    /// No time was left.
    Deadline,
    /// Strict replay: the recording contains no such request. The plugin receives `not-sent`.
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
    fn a_full_trace_says_so_once_and_drops_further_steps() {
        let mut trace = Trace::new(10_000);
        for number in 0..100 {
            trace.push(Step::TimerSet { name: format!("{number}{}", "x".repeat(1_000)), at: 0, every_ms: None });
        }
        assert!((5..10).contains(&trace.len()), "{}", trace.len());
        assert!(matches!(trace.last(), Some(Step::Withheld { limit, .. }) if limit.to_string() == "limit trace-bytes = 10000"));
        assert_eq!(trace.iter().filter(|step| matches!(step, Step::Withheld { .. })).count(), 1);
    }
}
