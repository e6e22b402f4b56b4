//! The steps of a run, and what came of it, line by line.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde_json::Value;
use uis_harness::effects::Run;
use uis_host::bindings::uis::integration::types::Failure;
use uis_host::event::{Event, Reply};
use uis_host::ports::Outcome;
use uis_host::trace::{Answer, Step};

use super::answers;

/// Longer bodies and values are cut to this many characters.
const SHOWN_CHARS: usize = 300;

/// What stands before every line of an entry but the first.
pub const INDENT: &str = "          ";

/// One line of at most [`SHOWN_CHARS`] characters; `whole`: of any length.
pub fn short(text: &str, whole: bool) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if whole || line.chars().count() <= SHOWN_CHARS {
        return line;
    }
    let mut cut: String = line.chars().take(SHOWN_CHARS).collect();
    cut.push('…');
    cut
}

/// Prints the steps of runs. It remembers the values that were stored, to show what changed.
pub struct Steps {
    verbose: bool,
    zone: Tz,
    /// The stored values by integration and key; only with `verbose`.
    stored: BTreeMap<(Option<String>, String), String>,
}

impl Steps {
    /// Prints times in this zone. With `verbose`, prints every step and whole bodies.
    pub fn new(verbose: bool, zone: Tz) -> Steps {
        Steps { verbose, zone, stored: BTreeMap::new() }
    }

    /// The lines of a run's steps.
    pub fn lines(&mut self, run: &Run) -> Vec<String> {
        let lines = run.steps.iter().flat_map(|step| self.step(step, run.integration.as_ref()));
        lines.map(|line| format!("{INDENT}{line}")).collect()
    }

    fn step(&mut self, step: &Step, integration: Option<&String>) -> Vec<String> {
        match step {
            Step::Request { connection, method, path, query, form, answer, .. } => {
                vec![format!("→ {connection} {method} {path}{}", self.pairs(query, form)), format!("← {}", self.answer(answer))]
            }
            Step::Log { level, message, fields } if self.verbose || level != "debug" => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", self.short(value))).collect();
                vec![format!("· {level}: {message} {}", fields.join(" "))]
            }
            Step::Decision { subject, decided_by, verdict, why } if self.verbose => {
                let by = if decided_by.is_empty() { String::new() } else { format!(" by {decided_by}") };
                vec![format!("· decided{by}: {subject}: {verdict}: {why}")]
            }
            Step::TimerSet { name, at, every_ms } if self.verbose || every_ms.is_none() => {
                let at = uis_host::clock::instant(*at).with_timezone(&self.zone).format("%H:%M:%S");
                let every = every_ms.map(|every| format!(", every {} min", every / 60_000)).unwrap_or_default();
                vec![format!("· timer {name} at {at}{every}")]
            }
            Step::TimerCancelled { name } if self.verbose => vec![format!("· timer {name} cancelled")],
            Step::Stored { key, value } if self.verbose => vec![self.stored(integration, key, value.as_deref())],
            Step::Uis { method, subject, answer } => vec![format!("→ UIS {method} {}: {answer}", self.short(subject))],
            Step::Rule { rule, about, dry_run, verdict, changes, printed, .. } => {
                let dry = if *dry_run { " (dry run: not applied)" } else { "" };
                let part = |value: &Option<String>| value.as_ref().map_or("nothing".to_owned(), |value| self.short(value));
                let changes = changes.iter().map(|change| format!("  {}: {} → {}", change.field, part(&change.from), part(&change.to)));
                let printed = printed.iter().flat_map(|text| text.lines()).map(|line| format!("  | {line}"));
                std::iter::once(format!("· rule {rule}{dry}: {about}: {verdict}")).chain(changes).chain(printed).collect()
            }
            Step::Withheld { what, limit, why } => vec![format!("· withheld {what}: {limit}; {why}")],
            _ => Vec::new(),
        }
    }

    /// A stored value: what it was, and what it is now.
    fn stored(&mut self, integration: Option<&String>, key: &str, value: Option<&str>) -> String {
        let place = (integration.cloned(), key.to_owned());
        let before = match value {
            Some(value) => self.stored.insert(place, value.to_owned()),
            None => self.stored.remove(&place),
        };
        let now = value.map_or("(deleted)".to_owned(), |value| self.short(value));
        match before {
            Some(before) if Some(before.as_str()) == value => format!("· stored {key} as it was"),
            Some(before) => match value.and_then(|value| changed_members(&before, value)) {
                Some(changes) => format!("· stored {key}: {}", self.short(&changes)),
                None => format!("· stored {key}: {} → {now}", self.short(&before)),
            },
            None => format!("· stored {key} = {now}"),
        }
    }

    fn pairs(&self, query: &[(String, String)], form: &[(String, String)]) -> String {
        query.iter().chain(form).map(|(name, value)| format!(" {name}={}", self.short(value))).collect()
    }

    fn answer(&self, answer: &Answer) -> String {
        match answer {
            Answer::Response { status, body, .. } if self.verbose => format!("{status} {}", self.short(body)),
            answer => self.short(&answers::summary(answer)),
        }
    }

    fn short(&self, text: &str) -> String {
        short(text, self.verbose)
    }
}

/// Which members of a stored JSON object changed, with both values; none if the values are no objects. A mark of the version may stand before
/// the object.
fn changed_members(before: &str, now: &str) -> Option<String> {
    let object = |text: &str| -> Option<serde_json::Map<String, Value>> { serde_json::from_str(text.get(text.find('{')?..)?).ok() };
    let (before, now) = (object(before)?, object(now)?);
    let names: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let part = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let changes = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
    Some(changes.map(|name| format!("{name} {} → {}", part(before.get(name)), part(now.get(name)))).collect::<Vec<_>>().join(", "))
}

/// The event as the host normalised it, without what is absent, and the parameters for which it has no field.
pub fn event(event: &Event) -> Vec<String> {
    let value = serde_json::to_value(event).unwrap_or_default();
    // An event is an object with one member, or a name.
    let Some((_, content)) = value.as_object().and_then(|of| of.iter().next()) else { return Vec::new() };
    let mut content = present(content).unwrap_or_default();
    let attributes = take_attributes(&mut content);
    let mut lines = vec![format!("{INDENT}event {content}")];
    let pairs: Vec<String> = attributes
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|pair| format!("{}={}", pair[0].as_str().unwrap_or_default(), pair[1].as_str().unwrap_or_default()))
        .collect();
    if !pairs.is_empty() {
        lines.push(format!("{INDENT}parameters that are no field of the event: {}", pairs.join(" ")));
    }
    lines
}

/// Takes the attributes out of an event, or out of its call or chat.
fn take_attributes(content: &mut Value) -> Option<Value> {
    let members = content.as_object_mut()?;
    members.remove("attributes").or_else(|| members.values_mut().find_map(take_attributes))
}

/// A value without members that are absent or empty; none if nothing is left.
fn present(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(list) if list.is_empty() => None,
        Value::Array(list) => Some(bytes(list).map_or_else(|| value.clone(), Value::String)),
        Value::Object(members) => {
            let members = members.iter().filter_map(|(name, member)| Some((name.clone(), present(member)?)));
            Some(Value::Object(members.collect()))
        }
        other => Some(other.clone()),
    }
}

/// A list of bytes, such as a timer's payload, as text.
fn bytes(list: &[Value]) -> Option<String> {
    let bytes: Option<Vec<u8>> = list.iter().map(|item| item.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect();
    String::from_utf8(bytes?).ok().filter(|text| !text.chars().any(char::is_control))
}

/// What came of a run.
pub fn outcome(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Outcome::Accepted(Reply::Done(done)) => {
            done.skipped.iter().map(|skipped| format!("{INDENT}skipped: {}: {}", skipped.what, skipped.why)).collect()
        }
        Outcome::Accepted(Reply::Answer(answer)) => {
            let who = answer.card.as_ref().and_then(|card| card.name.clone()).unwrap_or_else(|| "unknown".into());
            let orders = answer.card.as_ref().map_or(0, |card| card.orders.len());
            let forward = if answer.forward_to.is_empty() { "not found".into() } else { answer.forward_to.join(", ") };
            vec![format!("{INDENT}answer: caller {who}, open orders {orders}, forward to: {forward}")]
        }
        Outcome::Accepted(Reply::Dial(None)) => vec![format!("{INDENT}answer: nothing to dial")],
        Outcome::Accepted(Reply::Dial(Some(order))) => {
            let then = order.extension.as_ref().map(|extension| format!(", then {extension}")).unwrap_or_default();
            vec![format!("{INDENT}dial {}{then} for employee {}, shown {}", order.contact, order.employee_id, order.virtual_number)]
        }
        Outcome::Failed(failure, again) => {
            let what = match failure {
                Failure::Retry(later) if again.is_none() => format!("dropped, because live events are not retried: {}", later.reason),
                Failure::Retry(later) => format!("to be retried: {}", later.reason),
                Failure::Rejected(why) => format!("REJECTED: {why}"),
                Failure::Unauthorized(why) => format!("UNAUTHORIZED: {why}"),
                Failure::Suspended(why) => format!("SUSPENDED: {why}"),
                Failure::Misconfigured(problem) => format!("MISCONFIGURED: {}: {}", problem.setting, problem.message),
            };
            let again = again.map(|delay| format!(" (next attempt in {} s)", delay as f64 / 1000.0)).unwrap_or_default();
            vec![format!("{INDENT}{what}{again}")]
        }
        Outcome::Fault(fault) => vec![format!("{INDENT}FAILED: {fault}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_stored_object_only_the_changed_members_are_shown() {
        let changes = changed_members(r#"v1:{"a":1,"b":"x","c":null}"#, r#"v1:{"a":1,"b":"y","d":[2]}"#);
        assert_eq!(changes.as_deref(), Some(r#"b "x" → "y", c null → nothing, d nothing → [2]"#));
        assert_eq!(changed_members("v1:17", "v1:18"), None);
    }
}
