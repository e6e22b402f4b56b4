//! What a rule gave back, brought to what may be sent: the plugin says in a draft's attribute `may-change` which fields a rule may change and
//! what they hold, so that a change is refused or undone here, where it is told, and the next rule and the owner see what will be sent.

use chrono::NaiveDateTime;
use url::Url;

use super::limits::FIELDS;
use super::sandbox::RuleFault;
use crate::bindings::uis::integration::decision::{Field, Value};
use crate::decision::shown;

/// The attribute of a draft: names with spaces between, each with what it holds after a colon (`manager:integer`; nothing: any text), a star at
/// a name's end standing for any rest. The first that fits counts. A draft without it may be changed everywhere.
pub const MAY_CHANGE: &str = "may-change";

/// What a rule made of fields.
#[derive(Debug, PartialEq)]
pub struct Applied {
    /// The fields as they will be sent.
    pub fields: Vec<Field>,
    /// Names of fields that are for reading, which the rule changed and which stayed as they were.
    pub stayed: Vec<String>,
}

/// Fields as a rule gave them back, or why they cannot be.
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
    // What is for reading stays whether or not the rule gave it back.
    applied.fields.extend(before.iter().filter(|field| kind_of(may, &field.name).is_none()).cloned());
    Ok(applied)
}

/// What a field holds that may be changed; none: it may not.
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
            (parsed, "a time as Y-m-d H:i")
        }
        "link" => (Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host()), "an https address"),
        _ => (true, ""),
    };
    if good {
        return Ok(());
    }
    Err(RuleFault::InvalidAnswer(format!("{} is {expected}, not {}", line(&field.name), line(text))))
}

fn is_decimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.')) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A text in a line.
pub fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

/// What fields cannot be, whatever they are.
fn check(fields: &[Field], output_bytes: usize) -> Result<(), RuleFault> {
    if fields.len() > FIELDS {
        return Err(RuleFault::InvalidAnswer(format!("{} fields; at most {FIELDS}", fields.len())));
    }
    let mut bytes = 0;
    for (index, field) in fields.iter().enumerate() {
        if field.name.is_empty() || field.name.len() > 128 || field.name.chars().any(char::is_control) {
            return Err(RuleFault::InvalidAnswer("a field's name has 1 to 128 bytes and no control characters".into()));
        }
        if fields[..index].iter().any(|known| known.name == field.name) {
            return Err(RuleFault::InvalidAnswer(format!("the field {} is there twice", line(&field.name))));
        }
        if let Value::Decimal(text) = &field.value
            && !is_decimal(text)
        {
            return Err(RuleFault::InvalidAnswer(format!("{} is no decimal number: {}", line(&field.name), line(text))));
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
    fn what_is_for_reading_stays_as_it_was_and_the_rest_is_the_rules() {
        let result = applied(vec![text("name", "Вера"), text("phone", "112"), text("field-vip", "yes"), text("nonsense", "1")])
            .expect("valid fields");
        assert_eq!(result.fields, [text("name", "Вера"), text("field-vip", "yes"), text("phone", "7916")], "the manager was left out");
        assert_eq!(result.stayed, ["phone", "nonsense"]);
        let result = applied(vec![text("phone", "7916")]).expect("valid fields");
        assert_eq!((result.fields, result.stayed), (vec![text("phone", "7916")], Vec::new()), "given back as it was");
    }

    #[test]
    fn values_of_another_kind_are_nonsense_that_names_the_field() {
        for (bad, why) in [
            (text("manager", "boss"), "manager is a whole number, not boss"),
            (text("due", "2026-11-23"), "due is a time"),
            (text("sum", "n/a"), "sum is a decimal number"),
            (text("sum", "1e9"), "sum is a decimal number"),
            (field("sum", Value::Decimal("inf".into())), "sum is no decimal number"),
            (text("link", "http://a.example/"), "link is an https address"),
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
    fn fields_are_few_short_and_each_once() {
        let many = (0..=FIELDS).map(|number| text(&format!("field-{number}"), "x")).collect();
        assert!(applied(many).is_err());
        assert!(applied(vec![text("name", "a"), text("name", "b")]).is_err());
        let long = applied(vec![text("name", &"x".repeat(1_001))]);
        assert_eq!(long, Err(RuleFault::Limit { name: "rule-output-bytes", value: 1_000 }));
    }
}
