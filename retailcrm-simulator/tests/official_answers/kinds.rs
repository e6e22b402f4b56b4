//! What an answer is made of: members and types, without values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What can stand in one place of an answer. Items of a list, and entries of a map by code, count as one: all members that any has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kind {
    /// `text`, `number`, `flag`, `null`.
    scalars: BTreeSet<String>,
    members: Option<BTreeMap<String, Kind>>,
    items: Option<Box<Kind>>,
    entries: Option<Box<Kind>>,
    any: bool,
}

/// Members that are maps by code, by id or by a name that the account chose. PHP writes an empty one as a list.
const MAPS: [&str; 15] = [
    "sites",
    "statuses",
    "statusGroups",
    "orderTypes",
    "orderMethods",
    "paymentTypes",
    "paymentStatuses",
    "deliveryTypes",
    "deliveryServices",
    "productStatuses",
    "units",
    "payments",
    "customFields",
    "channels",
    "errors",
];

impl Kind {
    /// A kind as `pairs.json` writes it: a type's name, an object of members, `[item]`, `{"*": entry}`, `{"or": […]}`.
    pub fn read(written: &Value) -> Kind {
        let mut kind = Kind::default();
        match written {
            Value::String(name) if name == "any" => kind.any = true,
            Value::String(name) => drop(kind.scalars.insert(name.clone())),
            Value::Array(items) => kind.items = Some(Box::new(items.first().map(Kind::read).unwrap_or_default())),
            Value::Object(members) => match (members.get("*"), members.get("or")) {
                (Some(entry), _) => kind.entries = Some(Box::new(Kind::read(entry))),
                (_, Some(Value::Array(kinds))) => kinds.iter().for_each(|one| kind.add(Kind::read(one))),
                _ => kind.members = Some(members.iter().map(|(name, member)| (name.clone(), Kind::read(member))).collect()),
            },
            other => panic!("{other} is no kind"),
        }
        kind
    }

    /// What an answer is made of; `within` is the member that the value is in.
    pub fn of(value: &Value, within: &str) -> Kind {
        let mut kind = Kind::default();
        let scalar = match value {
            Value::Null => "null",
            Value::Bool(_) => "flag",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(items) => {
                let mut all = Kind::default();
                items.iter().for_each(|item| all.add(Kind::of(item, "")));
                kind.items = Some(Box::new(all));
                return kind;
            }
            Value::Object(members) if MAPS.contains(&within) && !members.contains_key("code") => {
                let mut all = Kind::default();
                members.values().for_each(|entry| all.add(Kind::of(entry, "")));
                kind.entries = Some(Box::new(all));
                return kind;
            }
            Value::Object(members) => {
                kind.members = Some(members.iter().map(|(name, member)| (name.clone(), Kind::of(member, name))).collect());
                return kind;
            }
        };
        kind.scalars.insert(scalar.into());
        kind
    }

    fn add(&mut self, other: Kind) {
        self.any |= other.any;
        self.scalars.extend(other.scalars);
        for (own, other) in [(&mut self.items, other.items), (&mut self.entries, other.entries)] {
            if let Some(other) = other {
                own.get_or_insert_default().add(*other);
            }
        }
        for (name, member) in other.members.into_iter().flatten() {
            self.members.get_or_insert_default().entry(name).or_default().add(member);
        }
    }

    /// Takes in the types that other recordings have here; members need not be those.
    fn widen(&mut self, other: Option<&Kind>) {
        let Some(other) = other else { return };
        self.scalars.extend(other.scalars.iter().cloned());
        if other.members.is_some() {
            self.members.get_or_insert_default();
        }
        for (own, other) in [(&mut self.items, &other.items), (&mut self.entries, &other.entries)] {
            match (own.as_deref_mut(), other.as_deref()) {
                (Some(own), Some(other)) if !own.nothing() => own.widen(Some(other)),
                (None, Some(_)) => *own = Some(Box::new(Kind { any: true, ..Kind::default() })),
                _ => {}
            }
        }
    }

    fn nothing(&self) -> bool {
        *self == Kind::default()
    }

    fn names(&self) -> String {
        let compound = [("object", self.members.is_some()), ("list", self.items.is_some()), ("map", self.entries.is_some())];
        let compound = compound.into_iter().filter(|(_, has)| *has).map(|(name, _)| name);
        self.scalars.iter().map(String::as_str).chain(compound).collect::<Vec<_>>().join("/")
    }
}

/// Members of entities by their kinds: what any recorded answer has.
pub struct Known(BTreeMap<String, BTreeMap<String, Kind>>);

/// Other names under which entities of a kind stand.
const NAMES: [(&str, &str); 26] = [
    ("orders", "order"),
    ("customers", "customer"),
    ("contact", "customer"),
    ("users", "user"),
    ("tasks", "task"),
    ("customersCorporate", "corporate"),
    ("customerCorporate", "corporate"),
    ("companies", "company"),
    ("addresses", "address"),
    ("mainAddress", "address"),
    ("mainCompany", "company"),
    ("contacts", "customerContact"),
    ("customerContacts", "customerContact"),
    ("mainCustomerContact", "customerContact"),
    ("customFields", "customField"),
    ("customDictionaries", "customDictionary"),
    ("notes", "note"),
    ("payments", "payment"),
    ("items", "item"),
    ("oldValue", "newValue"),
    ("subscriptions", "subscription"),
    ("mgChannels", "mgChannel"),
    ("units", "unit"),
    ("sites", "site"),
    ("statuses", "status"),
    ("deliveryServices", "service"),
];

impl Known {
    /// Reads `kinds.json`.
    pub fn read(written: &Value) -> Known {
        let members = |kind: &Value| kind.as_object().into_iter().flatten().map(|(name, kind)| (name.clone(), Kind::read(kind))).collect();
        Known(written.as_object().into_iter().flatten().map(|(name, kind)| (name.clone(), members(kind))).collect())
    }

    /// A member of what stands at a place, as other recordings have it.
    fn member(&self, place: &str, name: &str) -> Option<&Kind> {
        let within = place.trim_end_matches(".*").trim_end_matches("[]");
        let within = within.rsplit('.').next().unwrap_or_default().trim_end_matches("[]");
        let kind = NAMES.iter().find(|(known, _)| *known == within).map_or(within, |(_, kind)| kind);
        self.0.get(kind)?.get(name)
    }
}

fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// The places at which an answer differs from the recorded one: members that it lacks, members and types that no recording has.
pub fn differences(known: &Known, recorded: &Kind, answered: &Kind, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    if recorded.any || recorded.nothing() {
        return found;
    }
    let empty = |kind: &Option<Box<Kind>>| kind.as_ref().is_some_and(|kind| kind.nothing());
    // PHP's empty map is a list.
    let maps = (recorded.entries.is_some() || recorded.members.is_some()) && empty(&answered.items);
    let other_type = !answered.scalars.is_subset(&recorded.scalars)
        || (answered.scalars.is_empty() && answered.members.is_none() && answered.items.is_none() && answered.entries.is_none())
        || (answered.members.is_some() && recorded.members.is_none())
        || (answered.items.is_some() && recorded.items.is_none() && !maps)
        || (answered.entries.is_some() && recorded.entries.is_none() && !(recorded.items.is_some() && empty(&recorded.items)));
    if other_type {
        found.push(format!("{place} is {} instead of {}", answered.names(), recorded.names()));
        return found;
    }
    for (mark, recorded, answered) in [("[]", &recorded.items, &answered.items), (".*", &recorded.entries, &answered.entries)] {
        if let (Some(recorded), Some(answered)) = (recorded, answered) {
            let place = format!("{place}{mark}");
            if answered.nothing() && !recorded.nothing() && !recorded.any {
                found.push(format!("missing {place}"));
            } else {
                found.extend(differences(known, recorded, answered, &place));
            }
        }
    }
    if let (Some(recorded), Some(answered)) = (&recorded.members, &answered.members) {
        for (name, kind) in recorded {
            match answered.get(name) {
                Some(answered) => {
                    let mut kind = kind.clone();
                    kind.widen(known.member(place, name));
                    found.extend(differences(known, &kind, answered, &inside(place, name)));
                }
                None => found.push(format!("missing {}", inside(place, name))),
            }
        }
        let unheard = |name: &&String| !recorded.contains_key(*name) && known.member(place, name).is_none();
        found.extend(answered.keys().filter(unheard).map(|name| format!("more {}", inside(place, name))));
    }
    found
}
