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
