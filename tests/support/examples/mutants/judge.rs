//! Compares a mutant's results with the original's: plainly, and by effect.

use std::collections::HashMap;

use serde_json::Value;
use uis_harness::differences::{Outcome, Scope, between};

/// The lists whose ids RetailCRM draws.
const DRAWN: [&str; 4] = ["customers", "orders", "tasks", "notes"];

/// The result of a recording.
pub struct Result {
    outcome: Option<Outcome>,
    plain: Value,
}

impl Result {
    /// Reads what `play` printed.
    pub fn read(value: Value) -> Result {
        let outcome = serde_json::from_value(value.clone()).ok();
        Result { outcome, plain: without_drawn_ids(value) }
    }

    /// Whether the recording could be replayed to its end.
    pub fn ended(&self) -> bool {
        self.outcome.is_some()
    }

    /// The first place at which the JSON differs, if it does.
    pub fn plainly(&self, other: &Result) -> Option<String> {
        first_difference("", &self.plain, &other.plain)
    }

    /// The first difference by effect, if there is one.
    pub fn by_effect(&self, other: &Result) -> Option<String> {
        let (Some(a), Some(b)) = (&self.outcome, &other.outcome) else { return None };
        between(a, b, Scope::Everything).first().map(uis_harness::differences::Difference::headline)
    }
}

/// The ids that RetailCRM drew, replaced by the order of their first appearance: this matches them plainly, without knowing what they mean.
/// Where other records and texts name an id, it stays, so rather too much differs than too little.
fn without_drawn_ids(mut value: Value) -> Value {
    for list in DRAWN {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for record in value["crm"][list].as_array_mut().into_iter().flatten() {
            let next = seen.len();
            let id = record["id"].to_string();
            record["id"] = (*seen.entry(id).or_insert(next)).into();
        }
    }
    value
}

/// The path and the values of the first difference.
fn first_difference(path: &str, a: &Value, b: &Value) -> Option<String> {
    if a == b {
        return None;
    }
    match (a, b) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            names.into_iter().find_map(|name| first_difference(&format!("{path}.{name}"), &a[name], &b[name]))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(at, (a, b))| first_difference(&format!("{path}[{at}]"), a, b))
        }
        _ => {
            let short = |value: &Value| value.to_string().chars().take(200).collect::<String>();
            Some(format!("{path}: {} → {}", short(a), short(b)))
        }
    }
}
