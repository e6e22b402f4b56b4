//! The order in which members are written. Maps of `serde_json` sort members, so that JSON is read into a tree of its own.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// JSON without its values, members in the order of the text.
#[derive(Debug, Clone)]
pub enum Tree {
    /// A text, a number, a flag, null.
    Leaf,
    /// A list.
    List(Vec<Tree>),
    /// An object.
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Tree;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("JSON")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }
            fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }
            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Leaf)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Tree::List(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = members.next_entry()? {
                    all.push(member);
                }
                Ok(Tree::Object(all))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The places at which an answer writes its members in another order than the recorded one.
pub fn disorders(recorded: &Tree, answered: &Tree, place: &str) -> Vec<String> {
    match (recorded, answered) {
        (Tree::List(recorded), Tree::List(answered)) => {
            let place = format!("{place}[]");
            recorded
                .first()
                .map(|recorded| answered.iter().flat_map(|item| disorders(recorded, item, &place)).collect())
                .unwrap_or_default()
        }
        (Tree::Object(recorded), Tree::Object(answered)) => match recorded.as_slice() {
            [(name, entry)] if name == "*" => {
                answered.iter().flat_map(|(_, answered)| disorders(entry, answered, &format!("{place}.*"))).collect()
            }
            [(name, Tree::List(kinds))] if name == "or" => {
                let answered = Tree::Object(answered.clone());
                kinds.iter().flat_map(|kind| disorders(kind, &answered, place)).collect()
            }
            _ => of_members(recorded, answered, place),
        },
        _ => Vec::new(),
    }
}

fn of_members(recorded: &[(String, Tree)], answered: &[(String, Tree)], place: &str) -> Vec<String> {
    let common = |of: &[(String, Tree)], other: &[(String, Tree)]| -> Vec<String> {
        of.iter().map(|(name, _)| name).filter(|name| other.iter().any(|(known, _)| known == *name)).cloned().collect()
    };
    let (expected, written) = (common(recorded, answered), common(answered, recorded));
    let mut found = Vec::new();
    if let Some((expected, written)) = expected.iter().zip(&written).find(|(expected, written)| expected != written) {
        found.push(format!("{place} has {written} where {expected} was"));
    }
    for (name, kind) in recorded {
        if let Some((_, answered)) = answered.iter().find(|(known, _)| known == name) {
            found.extend(disorders(kind, answered, &format!("{place}.{name}")));
        }
    }
    found
}

/// The answers of a file of pairs, in its order.
pub fn answers(pairs: &str) -> Vec<Option<Tree>> {
    #[derive(serde::Deserialize)]
    struct Pair {
        answer: Option<Tree>,
        #[serde(flatten)]
        _rest: std::collections::BTreeMap<String, IgnoredAny>,
    }
    serde_json::from_str::<Vec<Pair>>(pairs).expect("pairs").into_iter().map(|pair| pair.answer).collect()
}
