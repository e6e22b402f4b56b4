//! Effects and their causes in words.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Cause, Decision, Effect, EffectResult};

/// Longer texts are cut to this many characters.
const TEXT_CHARS: usize = 80;

/// A text on one line, cut to a readable length.
pub(crate) fn short(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.chars().count() <= TEXT_CHARS {
        return line;
    }
    let cut: String = line.chars().take(TEXT_CHARS).collect();
    format!("{cut}…")
}

/// A text in quotation marks.
pub(super) fn quoted(value: &Value) -> String {
    format!("«{}»", value.as_str().map(short).unwrap_or_default())
}

/// The members of a record as `name value`, without nested names where one id says it all.
pub(super) fn members(record: &Value) -> String {
    let Some(members) = record.as_object() else { return String::new() };
    let value = |value: &Value| match value {
        Value::String(text) => short(text),
        Value::Object(of) if of.len() == 1 && of.contains_key("id") => of["id"].to_string(),
        Value::Array(list) => {
            let numbers: Option<Vec<&str>> = list.iter().map(|item| item["number"].as_str()).collect();
            numbers.filter(|numbers| !numbers.is_empty()).map_or_else(|| short(&value_text(list)), |numbers| numbers.join(", "))
        }
        other => short(&other.to_string()),
    };
    members.iter().map(|(name, of)| format!("{name} {}", value(of))).collect::<Vec<_>>().join(", ")
}

fn value_text(list: &[Value]) -> String {
    Value::from(list.to_vec()).to_string()
}

impl Effect {
    /// The effect in one line, without its time and its cause: `task 12 created: «Перезвонить», due 2026-11-23 11:00, for user 6`.
    pub fn headline(&self) -> String {
        let mut line = String::new();
        match self.result {
            EffectResult::LeftOut => line.push_str("left out"),
            EffectResult::Failed => line.push_str("failed"),
            EffectResult::Done | EffectResult::Refused | EffectResult::Unknown | EffectResult::NotSent => {
                let id = self.id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
                let verb = &self.verb;
                let verb = match self.result {
                    EffectResult::Refused => format!("not {verb} (refused)"),
                    EffectResult::NotSent => format!("not {verb} (not sent)"),
                    EffectResult::Unknown => format!("perhaps {verb}"),
                    _ => verb.clone(),
                };
                let _ = write!(line, "{}{id} {verb}", self.entity);
            }
        }
        if !self.what.is_empty() {
            let colon = if self.what.starts_with(':') { "" } else { ": " };
            let _ = write!(line, "{colon}{}", self.what);
        }
        if self.count > 1 {
            let until = self.until.as_ref().map(|until| format!(", until {until}")).unwrap_or_default();
            let _ = write!(line, " ({} times{until})", self.count);
        }
        line
    }
}

impl Cause {
    /// The event, in one line: `lost_call_session, line 6, call 998678016 79161234567`.
    pub fn event_line(&self) -> String {
        let subject = if self.subject.is_empty() { String::new() } else { format!(", {}", self.subject) };
        let attempt = if self.attempt > 1 { format!(", attempt {}", self.attempt) } else { String::new() };
        let set_by = self.set_by.as_ref().map(|by| format!(", which {by} set")).unwrap_or_default();
        format!("{}, line {}{subject}{attempt}{set_by}", self.event, self.line)
    }

    /// The line, the attempt, and for a timer the event that set it.
    pub fn origin(&self) -> String {
        let attempt = if self.attempt > 1 { format!(", attempt {}", self.attempt) } else { String::new() };
        let set_by = self.set_by.as_ref().map(|by| format!(", set by {by}")).unwrap_or_default();
        format!("line {}{attempt}{set_by}", self.line)
    }

    /// The decisions, one per line: `incoming-missed-task: it is called-last`.
    pub fn decision_lines(&self) -> Vec<String> {
        self.decisions.iter().map(Decision::line).collect()
    }

    /// The event and the decisions in one line, for a list.
    pub fn brief(&self) -> String {
        let mut decisions: Vec<&str> = self.decisions.iter().map(|decision| decision.decided_by.as_str()).collect();
        decisions.retain(|by| !by.is_empty());
        decisions.dedup();
        let decisions = if decisions.is_empty() { String::new() } else { format!(" by {}", decisions.join(", ")) };
        format!("line {} {}{decisions}", self.line, self.event)
    }
}

impl Decision {
    /// The decision in one line: who decided, and why.
    pub fn line(&self) -> String {
        let who = match self.decided_by.as_str() {
            "" => String::new(),
            setting => format!("{setting}: "),
        };
        format!("{who}{}", self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_shown_by_its_members() {
        let record =
            json!({"firstName": "Иван", "customer": {"id": 3}, "phones": [{"number": "79161234567"}, {"number": "101"}], "vip": true});
        assert_eq!(members(&record), "customer 3, firstName Иван, phones 79161234567, 101, vip true");
        assert_eq!(members(&json!([1])), "");
        assert_eq!(short(&"а".repeat(81)), format!("{}…", "а".repeat(80)));
    }
}
