//! Compares what two runs left behind. Generated ids are compared by correspondence: each id of one run stands for one id of the other.

use std::collections::BTreeMap;

use serde_json::Value;

use super::driver::Sent;

/// What UIS contains after a replay, as far as the gateway's requests show it: answers to notifications are not sent to anybody, and "nobody
/// was found" looks the same whatever the reason.
pub fn sent_so(uis: &Value, sent: &Sent) -> Value {
    let mut uis = uis.clone();
    if let Some(answers) = uis["answers"].as_array_mut() {
        answers
            .retain(|answer| sent.routed.iter().any(|(session, at)| answer["call_session_id"] == *session && answer["at"] == at.as_str()));
    }
    uis
}

/// What of UIS's content can be distinguished over its APIs: deals have no page there, and a call that is started has more parameters.
pub fn over_the_apis(uis: &mut Value) {
    let rows = |uis: &mut Value, list: &str, members: &[&str]| {
        for row in uis[list].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            row.retain(|name, _| !members.contains(&name.as_str()));
        }
    };
    rows(uis, "deals", &["url"]);
    rows(uis, "dialled", &["call_session_id", "external_id", "first_call"]);
}

/// The first difference, with its path; none when there is none.
pub fn difference(replayed: &Value, sent: &Value, path: &str) -> Option<String> {
    let mut ids = Ids::default();
    ids.compare(&without_empty_answers(replayed), &without_empty_answers(sent), path)
}

fn without_empty_answers(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(answers) = value.get_mut("answers").and_then(Value::as_array_mut) {
        answers.retain(|answer| answer["card"] != Value::Null || answer["forward_to"].as_array().is_some_and(|phones| !phones.is_empty()));
    }
    value
}

/// Which id stands for which.
#[derive(Default, Clone)]
struct Ids(BTreeMap<i64, i64>, BTreeMap<i64, i64>);

impl Ids {
    fn same(&mut self, left: i64, right: i64) -> bool {
        *self.0.entry(left).or_insert(right) == right && *self.1.entry(right).or_insert(left) == left
    }

    fn compare(&mut self, replayed: &Value, sent: &Value, path: &str) -> Option<String> {
        match (replayed, sent) {
            (Value::Object(left), Value::Object(right)) => {
                let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
                names.into_iter().find_map(|name| {
                    let (left, right) = (left.get(name).unwrap_or(&Value::Null), right.get(name).unwrap_or(&Value::Null));
                    self.compare(left, right, &format!("{path}.{name}"))
                })
            }
            (Value::Array(left), Value::Array(right)) => self.lists(left, right, path),
            (Value::Number(left), Value::Number(right)) if is_id(path) => {
                let same = match (left.as_i64(), right.as_i64()) {
                    (Some(left), Some(right)) => self.same(left, right),
                    _ => left == right,
                };
                (!same).then(|| format!("{path}: {left} in the replay, {right} in the gateway"))
            }
            (left, right) => (left != right).then(|| format!("{path}: {left} in the replay, {right} in the gateway")),
        }
    }

    /// Lists are compared in order; where that fails, an element may stand elsewhere, because independent lanes run in any order.
    fn lists(&mut self, left: &[Value], right: &[Value], path: &str) -> Option<String> {
        if left.len() != right.len() {
            let of = |list: &[Value]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n    ");
            return Some(format!(
                "{path}: {} in the replay, {} in the gateway\n    {}\n  and\n    {}",
                left.len(),
                right.len(),
                of(left),
                of(right)
            ));
        }
        let mut rest: Vec<&Value> = right.iter().collect();
        for (at, element) in left.iter().enumerate() {
            let place = format!("{path}[{at}]");
            let fits = |known: &Ids, other: &&Value| {
                let mut ids = known.clone();
                ids.compare(element, other, &place).is_none()
            };
            let Some(found) = rest.iter().position(|other| fits(self, other)) else {
                return self.compare(element, rest[0], &place);
            };
            self.compare(element, rest.remove(found), &place);
        }
        None
    }
}

/// Whether a number at this path is a generated id.
fn is_id(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or_default();
    let name = name.split('[').next().unwrap_or_default();
    name == "id" || name.ends_with("Id") && name != "userId" && name != "performerId" && name != "managerId"
}
