//! Parameters as PHP reads them: `filter[name]=x&filter[ids][]=1&filter[ids][]=2` is a tree. Brackets may be percent-encoded; of a name
//! given twice the last counts. It has a parser of its own because crates for this notation refuse what PHP accepts.

use serde_json::{Map, Value};

/// As many parameters as PHP reads (`max_input_vars`); the rest is left out.
const MOST_PARAMETERS: usize = 1000;
/// As deep as parameters nest here; deeper ones are left out (PHP allows 64, no parameter of the API needs more than 4).
const DEEPEST: usize = 8;

enum Node {
    Text(String),
    Array(Vec<(String, Node)>),
}

/// The tree of an encoded query.
pub fn tree(encoded: &str) -> Value {
    let mut root = Vec::new();
    for (name, value) in form_urlencoded::parse(encoded.as_bytes()).take(MOST_PARAMETERS) {
        let steps = steps(&name);
        if !steps.is_empty() && steps.len() <= DEEPEST {
            insert(&mut root, &steps, value.into_owned());
        }
    }
    Value::Object(root.into_iter().map(|(name, node)| (name, node.into_value())).collect())
}

/// `a[b][]` is `a`, `b` and an empty step; a bracket that is not closed belongs to the name.
fn steps(name: &str) -> Vec<&str> {
    let Some(open) = name.find('[').filter(|open| *open > 0) else { return if name.is_empty() { vec![] } else { vec![name] } };
    let mut steps = vec![&name[..open]];
    let mut rest = &name[open..];
    while let Some((step, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        steps.push(step);
        rest = after;
    }
    if steps.len() == 1 { vec![name] } else { steps }
}

fn insert(array: &mut Vec<(String, Node)>, steps: &[&str], value: String) {
    let Some((step, rest)) = steps.split_first() else { return };
    let key = if step.is_empty() { next_index(array).to_string() } else { (*step).to_owned() };
    let place = array.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
        array.push((key, Node::Array(Vec::new())));
        array.len() - 1
    });
    let node = &mut array[place].1;
    if rest.is_empty() {
        *node = Node::Text(value);
        return;
    }
    if let Node::Text(_) = node {
        *node = Node::Array(Vec::new());
    }
    if let Node::Array(inner) = node {
        insert(inner, rest, value);
    }
}

fn next_index(array: &[(String, Node)]) -> u64 {
    array.iter().filter_map(|(key, _)| key.parse::<u64>().ok()).max().map_or(0, |last| last.saturating_add(1))
}

impl Node {
    /// An array whose keys count from 0 is a list; others are maps: a code may be a number.
    fn into_value(self) -> Value {
        match self {
            Node::Text(text) => Value::String(text),
            Node::Array(members) if members.iter().enumerate().all(|(index, (key, _))| *key == index.to_string()) => {
                Value::Array(members.into_iter().map(|(_, node)| node.into_value()).collect())
            }
            Node::Array(members) => Value::Object(members.into_iter().map(|(key, node)| (key, node.into_value())).collect::<Map<_, _>>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brackets_make_a_tree() {
        assert_eq!(tree("a=1&b[c]=2&b[d][]=3&b[d][]=4"), json!({"a": "1", "b": {"c": "2", "d": ["3", "4"]}}));
        assert_eq!(tree("filter%5Bids%5D%5B0%5D=7&filter%5Bids%5D%5B1%5D=8"), json!({"filter": {"ids": ["7", "8"]}}));
        assert_eq!(tree("f[2024]=x"), json!({"f": {"2024": "x"}}), "a number may be a name");
        assert_eq!(tree("a=1&a=2&b=x&b[c]=y"), json!({"a": "2", "b": {"c": "y"}}), "the last counts");
        assert_eq!(tree("filter=None&limit=20"), json!({"filter": "None", "limit": "20"}));
    }

    #[test]
    fn what_is_no_tree_is_a_name() {
        assert_eq!(tree("a[b=1&]=2&[x]=3&=4"), json!({"a[b": "1", "]": "2", "[x]": "3"}));
        assert_eq!(tree(&format!("a{}=1", "[b]".repeat(20))), json!({}), "too deep");
    }
}
