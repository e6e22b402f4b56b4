//! Misbehaviour on demand: `{"rules":[{"method":"POST","path":"/api/v5/telephony/calls/upload","times":2,"status":503}]}`. A rule
//! without `path` meets every request, without `times` for ever. `reset` breaks the connection before or after the work is done.

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;

/// What goes wrong.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    rules: Vec<Rule>,
}

/// One kind of trouble.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    method: Option<String>,
    path: Option<String>,
    times: Option<u64>,
    status: Option<u16>,
    #[serde(default)]
    body: String,
    #[serde(default = "json")]
    content_type: String,
    reset: Option<Reset>,
}

/// When a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reset {
    /// Nothing was done.
    BeforeCommit,
    /// It was done, and nobody heard of it.
    AfterCommit,
}

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This answer in place of the work.
    Answer {
        /// The status.
        status: u16,
        /// The media type.
        content_type: String,
        /// The body.
        body: String,
    },
    /// No answer.
    Reset(Reset),
}

/// Marks an answer that must not reach the client: the connection broke.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionReset;

fn json() -> String {
    "application/json".into()
}

impl Faults {
    /// Reads a plan.
    pub fn read(plan: &Value) -> Result<Faults, String> {
        let faults: Faults = serde_json::from_value(plan.clone()).map_err(|error| error.to_string())?;
        for (index, rule) in faults.rules.iter().enumerate() {
            match (rule.status, rule.reset) {
                (Some(status), None) if (200..=599).contains(&status) => {}
                (None, Some(_)) => {}
                _ => return Err(format!("rules[{index}]: expected either status (200 to 599) or reset (before-commit, after-commit)")),
            }
        }
        Ok(faults)
    }

    /// What happens to the next such request.
    pub fn next(&mut self, method: &str, path: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| {
            let meets = rule.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_deref().is_none_or(|start| path.starts_with(start));
            meets && rule.times != Some(0)
        })?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some(match (rule.status, rule.reset) {
            (_, Some(reset)) => Fault::Reset(reset),
            (status, None) => {
                Fault::Answer { status: status.unwrap_or(503), content_type: rule.content_type.clone(), body: rule.body.clone() }
            }
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
pub fn answer(status: u16, content_type: &str, body: String) -> Response {
    let built = Response::builder().status(status).header(CONTENT_TYPE, content_type).body(Body::from(body));
    built.unwrap_or_else(|_| reset())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rule_meets_what_it_names_and_as_often() {
        let mut faults = Faults::read(&json!({"rules": [{"method": "post", "path": "/a", "times": 2, "status": 503}]})).expect("a plan");
        assert!(faults.next("GET", "/a").is_none());
        assert!(faults.next("POST", "/b").is_none());
        assert!(faults.next("POST", "/a/b").is_some());
        assert!(faults.next("POST", "/a").is_some());
        assert!(faults.next("POST", "/a").is_none());
    }

    #[test]
    fn a_plan_that_says_nothing_is_refused() {
        assert!(Faults::read(&json!({"rules": [{"path": "/a"}]})).is_err());
        assert!(Faults::read(&json!({"rule": []})).is_err());
        assert!(Faults::read(&json!({})).is_ok());
    }
}
