//! Compares what a recording's `expect` line expects with a report: a subset of its JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The members of a report that an expectation may name.
pub const MEMBERS: [&str; 4] = ["crm", "uis", "events", "problems"];

/// The lists of RetailCRM's content. Another CRM's simulator may have others.
pub const CRM_LISTS: [&str; 8] = ["customers", "orders", "tasks", "notes", "calls", "callEvents", "popups", "modules"];

/// At most this many differences of one expectation are listed.
const LISTED: usize = 10;
/// Longer values are cut to this many characters.
const VALUE_CHARS: usize = 200;

/// A place where a report is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Difference {
    /// Where, like `crm.tasks[0].text`.
    place: String,
    /// What was expected and what was found.
    what: String,
}

/// Compares an expectation with a report. None: it is met. Otherwise a line for each difference.
///
/// - An object expects its members; the report may have more. A member that is `null` expects that there is none, or null.
/// - A list expects for each of its members another member of the report's list that matches; the order does not matter.
/// - `{"count": n}` expects a list of n members; `{"count": n, "of": x}` one in which n members match x.
/// - Anything else expects an equal value; numbers are compared by value.
pub fn unmet(expected: &Value, report: &Value) -> Option<String> {
    let mut found = Vec::new();
    compare("", expected, report, &mut found);
    if found.is_empty() {
        return None;
    }
    let mut out: Vec<String> = found.iter().take(LISTED).map(|Difference { place, what }| format!("{place}: {what}")).collect();
    if found.len() > LISTED {
        out.push(format!("… and {} more", found.len() - LISTED));
    }
    Some(out.join("\n"))
}

fn compare(place: &str, expected: &Value, found: &Value, out: &mut Vec<Difference>) {
    match (expected, found) {
        (Value::Object(wanted), Value::Array(members)) => counted(place, wanted, members, out),
        // With `--summary`, some lists are only counted.
        (Value::Object(wanted), Value::Number(_)) if wanted.len() == 1 && wanted.contains_key("count") => {
            compare(place, &wanted["count"], found, out);
        }
        (Value::Object(wanted), Value::Object(members)) => {
            for (name, wanted) in wanted {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                match members.get(name) {
                    Some(member) => compare(&place, wanted, member, out),
                    None if wanted.is_null() => {}
                    None => {
                        let names = members.keys().cloned().collect::<Vec<_>>().join(", ");
                        out.push(Difference {
                            place,
                            what: format!("expected {}, found nothing; there is {}", cut(wanted), short(&names)),
                        });
                    }
                }
            }
        }
        (Value::Array(wanted), Value::Array(members)) => listed(place, wanted, members, out),
        _ if equal(expected, found) => {}
        _ => out.push(Difference { place: place.to_owned(), what: format!("expected {}, found {}", cut(expected), cut(found)) }),
    }
}

/// `{"count": n}` and `{"count": n, "of": x}`.
fn counted(place: &str, wanted: &Map<String, Value>, members: &[Value], out: &mut Vec<Difference>) {
    let mut differs = |what: String| out.push(Difference { place: place.to_owned(), what });
    let Some(count) = wanted.get("count").and_then(Value::as_u64).filter(|_| wanted.keys().all(|name| name == "count" || name == "of"))
    else {
        return differs("here is a list; expect a list, {\"count\": n} or {\"count\": n, \"of\": {…}}".into());
    };
    let fits = |member: &&Value| wanted.get("of").is_none_or(|of| matches(of, member));
    let found = members.iter().filter(fits).count();
    if found as u64 != count {
        let of = wanted.get("of").map(|of| format!(" that match {}", cut(of))).unwrap_or_default();
        let members = if count == 1 { "member" } else { "members" };
        differs(format!("expected {count} {members}{of}, found {found}"));
    }
}

/// Each wanted member needs a member of its own. Kuhn's algorithm: a member that is taken may be given up if its owner finds another one.
fn listed(place: &str, wanted: &[Value], members: &[Value], out: &mut Vec<Difference>) {
    let fits: Vec<Vec<bool>> = wanted.iter().map(|wanted| members.iter().map(|member| matches(wanted, member)).collect()).collect();
    let mut owners: Vec<Option<usize>> = vec![None; members.len()];
    let alone: Vec<usize> =
        (0..wanted.len()).filter(|index| !find_place(*index, &fits, &mut owners, &mut vec![false; members.len()])).collect();
    for index in alone {
        let what = cut(&wanted[index]);
        let free = members.iter().enumerate().filter(|(at, _)| owners[*at].is_none());
        let nearest = free.map(|(at, member)| {
            let mut differences = Vec::new();
            compare(&format!("{place}[{at}]"), &wanted[index], member, &mut differences);
            differences
        });
        match nearest.min_by_key(Vec::len) {
            None => {
                out.push(Difference { place: place.to_owned(), what: format!("expected a member {what}, found {} others", members.len()) })
            }
            Some(differences) => {
                let mut text = format!("no member matches {what}; the nearest differs:");
                for Difference { place, what } in differences.iter().take(LISTED) {
                    let _ = write!(text, "\n  {place}: {what}");
                }
                out.push(Difference { place: place.to_owned(), what: text });
            }
        }
    }
}

fn find_place(wanted: usize, fits: &[Vec<bool>], owners: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    for member in 0..owners.len() {
        if !fits[wanted][member] || std::mem::replace(&mut tried[member], true) {
            continue;
        }
        let free = match owners[member] {
            None => true,
            Some(owner) => find_place(owner, fits, owners, tried),
        };
        if free {
            owners[member] = Some(wanted);
            return true;
        }
    }
    false
}

fn matches(expected: &Value, found: &Value) -> bool {
    let mut out = Vec::new();
    compare("", expected, found, &mut out);
    out.is_empty()
}

fn equal(expected: &Value, found: &Value) -> bool {
    match (expected.as_f64(), found.as_f64()) {
        (Some(expected), Some(found)) => expected == found,
        _ => expected == found,
    }
}

fn cut(value: &Value) -> String {
    short(&value.to_string())
}

fn short(text: &str) -> String {
    if text.chars().count() <= VALUE_CHARS { text.to_owned() } else { text.chars().take(VALUE_CHARS).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Value {
        json!({"crm": {"tasks": [
            {"id": 1, "text": "Перезвонить", "performer": 5, "customer": {"id": 17}},
            {"id": 2, "text": "Перезвонить", "performer": 6, "customer": {"id": 17}},
        ], "notes": []}, "events": {"delivered": 2, "failed": 0}})
    }

    #[test]
    fn a_subset_is_met_in_any_order() {
        for met in [
            json!({}),
            json!({"events": {"delivered": 2.0}}),
            json!({"crm": {"tasks": [{"performer": 6}, {"performer": 5, "customer": {"id": 17}}]}}),
            json!({"crm": {"tasks": {"count": 2}, "notes": {"count": 0}}}),
            json!({"crm": {"tasks": {"count": 1, "of": {"performer": 5}}}}),
            json!({"crm": {"tasks": [{"performer": 5, "dueAt": null}]}}),
            // The first could take either task, the second only one of them.
            json!({"crm": {"tasks": [{"text": "Перезвонить"}, {"id": 1}]}}),
        ] {
            assert_eq!(unmet(&met, &report()), None, "{met}");
        }
    }

    #[test]
    fn what_differs_is_named_by_its_place_with_the_nearest_member() {
        for (expected, shown) in [
            (json!({"events": {"failed": 1}}), "events.failed: expected 1, found 0"),
            (json!({"crm": {"tasks": {"count": 1}}}), "crm.tasks: expected 1 member, found 2"),
            (
                json!({"crm": {"tasks": {"count": 2, "of": {"performer": 5}}}}),
                "crm.tasks: expected 2 members that match {\"performer\":5}, found 1",
            ),
            (json!({"crm": {"task": []}}), "crm.task: expected [], found nothing; there is notes, tasks"),
            (json!({"crm": {"notes": [{"id": 1}]}}), "crm.notes: expected a member {\"id\":1}, found 0 others"),
            (
                json!({"crm": {"tasks": {"length": 2}}}),
                "crm.tasks: here is a list; expect a list, {\"count\": n} or {\"count\": n, \"of\": {…}}",
            ),
            (
                json!({"crm": {"tasks": [{"id": 2, "performer": 7, "text": "Перезвонить"}]}}),
                "crm.tasks: no member matches {\"id\":2,\"performer\":7,\"text\":\"Перезвонить\"}; the nearest differs:\n  crm.tasks[1].performer: expected 7, found 6",
            ),
            // Two expectations cannot be met by one member.
            (
                json!({"crm": {"tasks": [{"performer": 5}, {"id": 1}]}}),
                "crm.tasks: no member matches {\"id\":1}; the nearest differs:\n  crm.tasks[1].id: expected 1, found 2",
            ),
        ] {
            assert_eq!(unmet(&expected, &report()).as_deref(), Some(shown), "{expected}");
        }
    }
}
