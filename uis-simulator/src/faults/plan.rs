//! Reading a plan of faults.

use serde::Deserialize;
use serde_json::Value;

use super::{Reset, Trouble};
use crate::rpc::ApiError;

/// The longest that a request may be late, in milliseconds: an hour, longer than any client waits.
const LONGEST_MS: u64 = 3_600_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Plan {
    seed: u64,
    rules: Vec<Written>,
}

/// A rule as it is written. Which requests it matches: `method` (JSON-RPC's; `start.*` is a beginning), `path` (`/v2.0`, `/v4.0`), `at`
/// (which of them, from 1), `times` (how often at most), `probability`. What it does: one of `error` (a mnemonic), `status`, `reset`,
/// `body`; and `latencyMs`, alone or with one of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    method: Option<String>,
    path: Option<String>,
    #[serde(default)]
    at: Vec<u64>,
    times: Option<u64>,
    probability: Option<f64>,
    error: Option<String>,
    status: Option<u16>,
    /// With `status`: the answer's body. Without: what happens to the body of the true answer.
    body: Option<String>,
    content_type: Option<String>,
    retry_after: Option<u64>,
    reset: Option<Reset>,
    latency_ms: Option<Span>,
}

/// Milliseconds: a fixed number, or a range to draw from.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Span {
    /// Always this number.
    Always(u64),
    /// At least the first, at most the second.
    Between(u64, u64),
}

/// A rule: which requests it matches, which of them it strikes, and what it does to them.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    method: Option<String>,
    path: Option<String>,
    /// The numbers of the requests that it strikes, from 1; empty: any.
    pub at: Vec<u64>,
    /// How many requests it strikes at most.
    pub times: Option<u64>,
    /// The probability with which it strikes one.
    pub probability: Option<f64>,
    /// How late the answer is.
    pub latency: Option<Span>,
    /// What it does besides delaying the answer.
    pub trouble: Option<Trouble>,
}

/// A plan's seed and rules.
pub(super) fn read(plan: &Value) -> Result<(u64, Vec<Rule>), String> {
    let plan: Plan = serde_json::from_value(plan.clone()).map_err(|error| error.to_string())?;
    let rule = |(index, written): (usize, Written)| written.read().map_err(|complaint| format!("rules[{index}]: {complaint}"));
    Ok((plan.seed, plan.rules.into_iter().enumerate().map(rule).collect::<Result<_, _>>()?))
}

impl Written {
    fn read(self) -> Result<Rule, String> {
        let trouble = self.trouble()?;
        if self.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Err("probability: expected 0 to 1".into());
        }
        match self.latency_ms {
            Some(Span::Between(least, most)) if least > most => return Err("latencyMs: expected the smaller number first".into()),
            Some(Span::Always(most) | Span::Between(_, most)) if most > LONGEST_MS => {
                return Err(format!("latencyMs: at most {LONGEST_MS}"));
            }
            _ => {}
        }
        if self.content_type.as_ref().is_some_and(|kind| http::HeaderValue::from_str(kind).is_err()) {
            return Err("contentType: not a media type".into());
        }
        let Written { method, path, at, times, probability, latency_ms: latency, .. } = self;
        Ok(Rule { method, path, at, times, probability, latency, trouble })
    }

    /// What the rule does; none when it only delays the answer.
    fn trouble(&self) -> Result<Option<Trouble>, String> {
        match (&self.error, self.status, self.reset, self.body.as_deref()) {
            (Some(mnemonic), None, None, None) if ApiError::known(mnemonic).is_none() => {
                Err(format!("error: {mnemonic:?} is not in the table of errors"))
            }
            (Some(mnemonic), None, None, None) => Ok(Some(Trouble::Error(mnemonic.clone()))),
            (None, Some(status), None, _) if !(200..=599).contains(&status) => Err("status: expected 200 to 599".into()),
            (None, Some(status), None, body) => Ok(Some(Trouble::Answer {
                status,
                content_type: self.content_type.clone().unwrap_or_else(|| "text/html".into()),
                body: body.unwrap_or_default().to_owned(),
                retry_after: self.retry_after,
            })),
            (None, None, Some(reset), None) => Ok(Some(Trouble::Reset(reset))),
            (None, None, None, Some(name)) => body_trouble(name).map(Some),
            (None, None, None, None) if self.latency_ms.is_some() => Ok(None),
            _ => Err("expected one of error (a mnemonic), status (200 to 599), reset (before-commit, after-commit), body (truncated, wrong-content-type, slow, html), or latencyMs alone".into()),
        }
    }
}

/// What `body` without `status` does.
fn body_trouble(name: &str) -> Result<Trouble, String> {
    match name {
        "truncated" => Ok(Trouble::Truncated),
        "wrong-content-type" => Ok(Trouble::WrongContentType),
        "slow" => Ok(Trouble::SlowBody),
        "html" => Ok(Trouble::Page),
        _ => Err("body: without status expected one of truncated, wrong-content-type, slow, html".into()),
    }
}

impl Rule {
    /// Whether a request is one of those that the rule is about.
    pub fn meets(&self, path: &str, method: &str) -> bool {
        let is = |wanted: &str| match wanted.strip_suffix('*') {
            Some(beginning) => method.starts_with(beginning),
            None => method == wanted,
        };
        self.method.as_deref().is_none_or(is) && self.path.as_deref().is_none_or(|wanted| path == wanted)
    }
}
