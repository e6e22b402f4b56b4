//! Records and changes in words.

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use serde_json::Value;

use super::{Difference, DifferenceKind};
use crate::effects::short;

/// What times of records are called.
const TIMES: [(&str, &str); 12] = [
    ("datetime", "due"),
    ("date", "date"),
    ("at", "sent"),
    ("shownAt", "shown"),
    ("closedAt", "closed"),
    ("done", "done"),
    ("until", "until"),
    ("created_date_time", "created"),
    ("modified_date_time", "changed"),
    ("modified_stage_date_time", "in its stage"),
    ("closed_date_time", "closed"),
    ("completedAt", "completed"),
];

/// A record in words: what a reader recognises it by.
pub(super) fn record(entity: &str, record: &Value) -> String {
    let text = |name: &str| record[name].as_str().filter(|text| !text.is_empty()).map(short);
    let number = |name: &str| record[name].as_i64().map(|number| number.to_string());
    let quoted = |name: &str| text(name).map(|text| format!("«{text}»"));
    let with = |word: &str, value: Option<String>| value.map(|value| format!("{word} {value}"));
    let parts: Vec<Option<String>> = match entity {
        "customer" => {
            let phones = record["phones"].as_array().into_iter().flatten().filter_map(|phone| phone["number"].as_str());
            let phones = phones.collect::<Vec<_>>().join(", ");
            vec![text("firstName"), text("lastName"), Some(phones).filter(|phones| !phones.is_empty()), text("email")]
        }
        "order" => vec![text("externalId").or_else(|| text("number")), quoted("managerComment")],
        "task" => vec![quoted("text"), with("due", text("datetime")), with("for user", number("performer"))],
        "note" => vec![quoted("text"), with("on customer", record["customer"]["id"].as_i64().map(|id| id.to_string()))],
        "call" => vec![text("externalId"), text("phone"), text("type"), text("result"), text("date")],
        "pop-up" => {
            let kind = text("type").map(|kind| if kind == "hangup" { "closing".to_owned() } else { kind });
            vec![kind, text("phone"), with("for user", number("userId")), with("at", text("shownAt").or_else(|| text("at")))]
        }
        "module" => vec![text("code")],
        "employee" => vec![text("full_name"), number("id")],
        "dial order" => vec![text("contact"), with("at", text("at"))],
        "answer" => vec![with("to call", number("call_session_id")), with("at", text("at"))],
        _ => vec![text("name"), text("ext_id").or_else(|| text("externalId")).or_else(|| number("id"))],
    };
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { format!("{entity} {}", short(&record.to_string())) } else { format!("{entity} {}", parts.join(", ")) }
}

/// A change of a field in words.
pub(super) fn change(field: &str, a: &Value, b: &Value) -> String {
    let last = field.rsplit('.').next().unwrap_or(field);
    if let Some((_, name)) = TIMES.iter().find(|(known, _)| *known == last)
        && let (Some(from), Some(to)) = (moment(a), moment(b))
        && from != to
    {
        let (by, which) = if to > from { (to - from, "later") } else { (from - to, "earlier") };
        return format!("{name} {} {which} ({} → {})", length(by), value(a), value(b));
    }
    format!("{field} {} → {}", value(a), value(b))
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "absent".into(),
        Value::String(text) => short(text),
        other => short(&other.to_string()),
    }
}

fn moment(value: &Value) -> Option<NaiveDateTime> {
    let text = value.as_str()?;
    let naive = |format| NaiveDateTime::parse_from_str(text, format).ok();
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.naive_local())
        .ok()
        .or_else(|| naive("%Y-%m-%d %H:%M:%S"))
        .or_else(|| naive("%Y-%m-%d %H:%M"))
}

/// A span of time in the two largest units.
fn length(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    let parts = [("day", seconds / 86_400), ("hour", seconds / 3_600 % 24), ("minute", seconds / 60 % 60), ("second", seconds % 60)];
    let many = |(unit, count): &(&str, i64)| format!("{count} {unit}{}", if *count == 1 { "" } else { "s" });
    let parts: Vec<String> = parts.iter().filter(|(_, count)| *count != 0).take(2).map(many).collect();
    if parts.is_empty() { "less than a second".into() } else { parts.join(" ") }
}

impl Difference {
    /// The difference in one line: `task «Перезвонить», due 2026-11-23 11:00, for user 5: only with A`.
    pub fn headline(&self) -> String {
        let whose = self.integration.as_ref().map(|name| format!("[{name}] ")).unwrap_or_default();
        let how = match self.kind {
            DifferenceKind::OnlyInA => "only with A".into(),
            DifferenceKind::OnlyInB => "only with B".into(),
            DifferenceKind::Changed => self.changes.iter().map(|change| change.words.as_str()).collect::<Vec<_>>().join("; "),
        };
        format!("{whose}{}: {how}", self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_time_that_moved_is_named_by_how_far() {
        for (field, a, b, expected) in [
            ("datetime", json!("2026-11-23 11:00"), json!("2026-11-23 13:00"), "due 2 hours later (2026-11-23 11:00 → 2026-11-23 13:00)"),
            (
                "closedAt",
                json!("2026-11-23T10:00:01+03:00"),
                json!("2026-11-23T09:58:31+03:00"),
                "closed 1 minute 30 seconds earlier (2026-11-23T10:00:01+03:00 → 2026-11-23T09:58:31+03:00)",
            ),
            ("performer", json!(5), json!(6), "performer 5 → 6"),
            ("recordUrl", Value::Null, json!("https://a"), "recordUrl absent → https://a"),
        ] {
            assert_eq!(change(field, &a, &b), expected);
        }
    }
}
