//! Reading a plan of faults: what is written becomes rules whose troubles are known, or a complaint that names the rule.

use serde::Deserialize;
use serde_json::Value;

use super::{Reset, Trouble};

/// The longest that a request may be late, ms: an hour, longer than any client waits.
const LONGEST_MS: u64 = 3_600_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Plan {
    seed: u64,
    rules: Vec<Written>,
}

/// A rule as it is written. Which requests it meets: `method`, `path` (a beginning; `*` is one step), `at` (which of them, from 1), `times`
/// (how often at most), `probability`. What it does: one of `status`, `reset` (with `commitsAfterMs` or without), `body`; and `latencyMs`,
/// alone or beside.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    method: Option<String>,
    path: Option<String>,
    #[serde(default)]
    at: Vec<u64>,
    times: Option<u64>,
    probability: Option<f64>,
    status: Option<u16>,
    /// With `status`: the answer's body. Without: what happens to the body of the true answer.
    body: Option<String>,
    content_type: Option<String>,
    retry_after: Option<u64>,
    reset: Option<Reset>,
    /// Beside `reset: before-commit`: how long after the break the request is committed.
    commits_after_ms: Option<Span>,
    latency_ms: Option<Span>,
}

/// Milliseconds: a fixed number, or a range to draw from.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub enum Span {
    /// Always this number.
    Always(u64),
    /// At least the first, at most the second.
    Between(u64, u64),
}

impl Span {
    fn check(self, member: &str) -> Result<(), String> {
        match self {
            Span::Between(least, most) if least > most => Err(format!("{member}: expected the smaller number first")),
            Span::Always(most) | Span::Between(_, most) if most > LONGEST_MS => Err(format!("{member}: at most {LONGEST_MS}")),
            _ => Ok(()),
        }
    }
}

/// A rule: which requests it meets, which of them it strikes, and what it does to them.
#[derive(Debug, Clone)]
pub struct Rule {
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
    pub effect: Option<Effect>,
}

/// What a rule does to a request that it strikes, besides delaying the answer.
#[derive(Debug, Clone)]
pub enum Effect {
    /// The same for each request.
    Fixed(Trouble),
    /// The connection breaks, and the request is committed this long after that.
    LateCommit(Span),
}

/// A plan's seed and rules.
pub fn read(plan: &Value) -> Result<(u64, Vec<Rule>), String> {
    let plan: Plan = serde_json::from_value(plan.clone()).map_err(|error| error.to_string())?;
    let rule = |(index, written): (usize, Written)| written.read().map_err(|complaint| format!("rules[{index}]: {complaint}"));
    Ok((plan.seed, plan.rules.into_iter().enumerate().map(rule).collect::<Result<_, _>>()?))
}

impl Written {
    fn read(self) -> Result<Rule, String> {
        let effect = self.effect()?;
        if self.path.as_deref().is_some_and(|path| path.contains("**")) {
            return Err("path: `**` is no pattern; a path without `*` meets everything that begins with it".into());
        }
        if self.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Err("probability: expected 0 to 1".into());
        }
        if let Some(latency) = self.latency_ms {
            latency.check("latencyMs")?;
        }
        if let Some(delay) = self.commits_after_ms {
            delay.check("commitsAfterMs")?;
        }
        if let Some(kind) = &self.content_type
            && http::HeaderValue::from_str(kind).is_err()
        {
            return Err("contentType: not a media type".into());
        }
        let Written { method, path, at, times, probability, latency_ms: latency, .. } = self;
        Ok(Rule { method, path, at, times, probability, latency, effect })
    }

    /// What the rule does; none when it only delays the answer.
    fn effect(&self) -> Result<Option<Effect>, String> {
        match (self.commits_after_ms, self.trouble()?) {
            (None, trouble) => Ok(trouble.map(Effect::Fixed)),
            (Some(delay), Some(Trouble::Reset(Reset::BeforeCommit))) => Ok(Some(Effect::LateCommit(delay))),
            (Some(_), _) => Err("commitsAfterMs: only beside \"reset\": \"before-commit\"".into()),
        }
    }

    fn trouble(&self) -> Result<Option<Trouble>, String> {
        match (self.status, self.reset, self.body.as_deref(), self.latency_ms) {
            (Some(status), None, ..) if !(200..=599).contains(&status) => Err("status: expected 200 to 599".into()),
            (Some(status), None, ..) => Ok(Some(Trouble::Answer {
                status,
                content_type: self.content_type.clone().unwrap_or_else(|| "application/json".into()),
                body: self.body.clone().unwrap_or_default(),
                retry_after: self.retry_after,
            })),
            (None, Some(reset), None, _) => Ok(Some(Trouble::Reset(reset))),
            (None, None, Some(name), _) => body_trouble(name).map(Some),
            (None, None, None, Some(_)) => Ok(None),
            _ => Err("expected one of status (200 to 599), reset (before-commit, after-commit), body (truncated, wrong-content-type, slow, html), or latencyMs alone".into()),
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
    pub fn meets(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|wanted| begins(path, wanted))
    }
}

/// Whether a path begins with this pattern; `*` stands for one step.
fn begins(path: &str, wanted: &str) -> bool {
    if !wanted.contains('*') {
        return path.starts_with(wanted);
    }
    let mut steps = path.split('/');
    wanted.split('/').all(|wanted| steps.next().is_some_and(|step| wanted == "*" || wanted == step))
}
