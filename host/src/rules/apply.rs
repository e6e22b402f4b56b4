//! Applies the fields that a rule returned. In the draft's attribute `may-change` the plugin lists the fields that a rule may change, and
//! their types. Applying them here, and not in the plugin, means that a bad value is reported together with the rule, that the next rule
//! sees the draft as it will be sent, and so does the report.

use chrono::NaiveDateTime;
use url::Url;

use super::limits::FIELDS;
use super::sandbox::RuleFault;
use crate::bindings::uis::integration::decision::{Field, Value};
use crate::decision::shown;

/// The attribute of a draft that lists the fields a rule may change: patterns separated by spaces. A pattern is a name, or a prefix
/// followed by `*`. A type may follow after a colon: `integer`, `decimal`, `date-time`, `link`; without it the field holds text. Example:
/// `name manager:integer field-*`. The first pattern that matches counts. Without the attribute a rule may change every field.
pub const MAY_CHANGE: &str = "may-change";

/// The result of applying a rule's fields.
#[derive(Debug, PartialEq)]
pub struct Applied {
    /// The fields as they will be sent.
    pub fields: Vec<Field>,
    /// Names of read-only fields that the rule changed or added. They keep their values.
    pub stayed: Vec<String>,
}

/// Checks the fields that a rule returned and merges them with the read-only ones. Fails when a value has the wrong type, or when names or
/// values exceed a limit.
pub fn apply(before: &[Field], after: Vec<Field>, attributes: &[(String, String)], output_bytes: usize) -> Result<Applied, RuleFault> {
    check(&after, output_bytes)?;
    let Some((_, may)) = attributes.iter().find(|(name, _)| name == MAY_CHANGE) else {
        return Ok(Applied { fields: after, stayed: Vec::new() });
    };
    let was = |name: &str| before.iter().find(|field| field.name == name);
    let mut applied = Applied { fields: Vec::new(), stayed: Vec::new() };
    let mut read = Vec::new();
    for field in after {
        match kind_of(may, &field.name) {
            Some(kind) => {
                holds(kind, &field)?;
                applied.fields.push(field);
            }
            None if was(&field.name).is_some_and(|known| shown(&known.value) == shown(&field.value)) => read.push(field.name),
            None => applied.stayed.push(field.name),
        }
    }
    // A read-only field stays even if the rule did not return it.
    applied.fields.extend(before.iter().filter(|field| kind_of(may, &field.name).is_none()).cloned());
    Ok(applied)
}

/// The type of a field that a rule may change; none when the field is read-only.
fn kind_of<'a>(may: &'a str, name: &str) -> Option<&'a str> {
    may.split_whitespace().find_map(|entry| {
        let (pattern, kind) = entry.split_once(':').unwrap_or((entry, "text"));
        let fits = pattern.strip_suffix('*').map_or(pattern == name, |start| name.strip_prefix(start).is_some_and(|rest| !rest.is_empty()));
        fits.then_some(kind)
    })
}

fn holds(kind: &str, field: &Field) -> Result<(), RuleFault> {
    let text = shown(&field.value);
    let text = text.trim();
    let (good, expected) = match kind {
        "integer" => (text.parse::<i64>().is_ok(), "a whole number"),
        "decimal" => (is_decimal(text), "a decimal number"),
        "date-time" => {
            let parsed = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"].iter().any(|format| NaiveDateTime::parse_from_str(text, format).is_ok());
            (parsed, "a time such as 2026-11-23 10:00")
        }
        "link" => (Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host()), "an https:// address"),
        _ => (true, ""),
    };
    if good {
        return Ok(());
    }
    Err(RuleFault::InvalidAnswer(format!("the field {} must be {expected}, not {}", line(&field.name), line(text))))
}

fn is_decimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.')) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Text on one line: control characters become spaces, and at most 300 characters are kept.
pub fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// Checks that apply to every field: their number, their names, decimal numbers, and the size of all fields together.
fn check(fields: &[Field], output_bytes: usize) -> Result<(), RuleFault> {
    if fields.len() > FIELDS {
        return Err(RuleFault::InvalidAnswer(format!("the answer has {} fields; the limit is {FIELDS}", fields.len())));
    }
    let mut bytes = 0;
    for (index, field) in fields.iter().enumerate() {
        if field.name.is_empty() || field.name.len() > 128 || field.name.chars().any(char::is_control) {
            return Err(RuleFault::InvalidAnswer("a field's name must have 1 to 128 bytes and no control characters".into()));
        }
        if fields[..index].iter().any(|known| known.name == field.name) {
            return Err(RuleFault::InvalidAnswer(format!("the field {} occurs twice", line(&field.name))));
        }
        if let Value::Decimal(text) = &field.value
            && !is_decimal(text)
        {
            return Err(RuleFault::InvalidAnswer(format!("the field {} must be a decimal number, not {}", line(&field.name), line(text))));
        }
        bytes += field.name.len() + shown(&field.value).len();
    }
    if bytes > output_bytes {
        return Err(RuleFault::Limit { name: "rule-output-bytes", value: output_bytes as u64 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, value: Value) -> Field {
        Field { name: name.into(), value }
    }

    fn text(name: &str, value: &str) -> Field {
        field(name, Value::Text(value.into()))
    }

    fn applied(after: Vec<Field>) -> Result<Applied, RuleFault> {
        let before = [text("name", "Анна"), field("manager", Value::Integer(5)), text("phone", "7916")];
        let may = "name manager:integer due:date-time sum:decimal link:link field-*";
        apply(&before, after, &[(MAY_CHANGE.into(), may.into())], 1_000)
    }

    #[test]
    fn read_only_fields_keep_their_values_and_the_rule_decides_the_others() {
        let result = applied(vec![text("name", "Вера"), text("phone", "112"), text("field-vip", "yes"), text("nonsense", "1")])
            .expect("valid fields");
        assert_eq!(result.fields, [text("name", "Вера"), text("field-vip", "yes"), text("phone", "7916")], "the rule left the manager out");
        assert_eq!(result.stayed, ["phone", "nonsense"]);
        let result = applied(vec![text("phone", "7916")]).expect("valid fields");
        assert_eq!((result.fields, result.stayed), (vec![text("phone", "7916")], Vec::new()), "returned unchanged");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_the_fields_name() {
        for (bad, why) in [
            (text("manager", "boss"), "manager must be a whole number, not boss"),
            (text("due", "2026-11-23"), "due must be a time"),
            (text("sum", "n/a"), "sum must be a decimal number"),
            (text("sum", "1e9"), "sum must be a decimal number"),
            (field("sum", Value::Decimal("inf".into())), "sum must be a decimal number"),
            (text("link", "http://a.example/"), "link must be an https:// address"),
            (text("field-", "x"), ""),
            (text("a\nb", "x"), "no control characters"),
        ] {
            let result = applied(vec![bad]);
            match why {
                "" => assert_eq!(result.expect("valid fields").stayed, ["field-"]),
                why => assert!(result.as_ref().is_err_and(|fault| fault.to_string().contains(why)), "{result:?}"),
            }
        }
        for good in [text("manager", " 7 "), text("due", "2026-11-23 10:00"), text("sum", "12.50"), text("link", "https://a.example/x")] {
            assert!(applied(vec![good.clone()]).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn the_number_of_fields_their_size_and_repeated_names_are_limited() {
        let many = (0..=FIELDS).map(|number| text(&format!("field-{number}"), "x")).collect();
        assert!(applied(many).is_err());
        assert!(applied(vec![text("name", "a"), text("name", "b")]).is_err());
        let long = applied(vec![text("name", &"x".repeat(1_001))]);
        assert_eq!(long, Err(RuleFault::Limit { name: "rule-output-bytes", value: 1_000 }));
    }
}
