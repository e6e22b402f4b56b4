//! Which fields of two records differ.

use serde_json::Value;

use super::{Change, words};

/// The fields that differ between two records. They are compared as `canonical` and shown as they are.
pub(super) fn changes(shown: (&Value, &Value), canonical: (&Value, &Value)) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", shown, canonical, &mut found);
    found
}

fn compare(path: &str, shown: (&Value, &Value), canonical: (&Value, &Value), found: &mut Vec<Change>) {
    if canonical.0 == canonical.1 {
        return;
    }
    let (Value::Object(a), Value::Object(b)) = canonical else {
        found.push(change(path, shown));
        return;
    };
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        compare(&path, (&shown.0[name], &shown.1[name]), (&canonical.0[name], &canonical.1[name]), found);
    }
}

fn change(field: &str, (a, b): (&Value, &Value)) -> Change {
    Change { field: field.to_owned(), a: a.clone(), b: b.clone(), words: words::change(field, a, b) }
}

/// A change of a property of an effect; nothing if the property is the same.
pub(super) fn property(field: &str, shown: (&str, &str), canonical: (&str, &str)) -> Option<Change> {
    (canonical.0 != canonical.1).then(|| change(field, (&shown.0.into(), &shown.1.into())))
}
