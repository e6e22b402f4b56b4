//! A rule that attacks its host, for tests. The appeal's attribute `attack` chooses the attack. Whatever the rule does, the plugin must continue
//! as if there were no rule.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
#[path = "../../rust/src/memory.rs"]
mod memory;

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package partner:hostile; world rule { export uis:integration/rule-draft@0.2.0; export uis:integration/rule-routing@0.2.0; export uis:integration/rule-deal@0.2.0; }",
    world: "partner:hostile/rule",
    generate_all,
});

use exports::uis::integration::rule_deal::DealVerdict;
use exports::uis::integration::{rule_deal, rule_draft, rule_routing};
use uis::integration::decision::{Appeal, DealDraft, Draft, DraftKind, Field, Routing, Value, Verdict};

struct Rule;

/// The name of the attack.
fn attack(about: &Appeal) -> &str {
    about.attributes.iter().find(|(name, _)| name == "attack").map_or("", |(_, attack)| attack.as_str())
}

impl rule_routing::Guest for Rule {
    fn decide(about: Appeal, _: Routing) -> Option<Routing> {
        match attack(&about) {
            "loop" => loop {
                black_box(());
            },
            // Answers with what it got about the caller, as numbers to forward to.
            "repeat" => Some(Routing {
                forward_to: ["customer-id", "manager"].into_iter().filter_map(|name| attribute(&about.attributes, name)).collect(),
            }),
            _ => None,
        }
    }
}

fn attribute(attributes: &[(String, String)], name: &str) -> Option<String> {
    attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

impl rule_deal::Guest for Rule {
    /// A deal has no attributes of an appeal, so its comments choose the attack.
    fn review(deal: DealDraft) -> DealVerdict {
        let comments = deal.fields.iter().find_map(|field| match &field.value {
            Value::Text(text) if field.name == "comments" => Some(text.as_str()),
            _ => None,
        });
        match comments {
            Some("attack=skip") => DealVerdict::Skip("as asked".to_string()),
            Some("attack=repeat") => {
                let known = ["order-number", "status", "contact-phone"].map(|name| attribute(&deal.attributes, name).unwrap_or_default());
                let mut fields: Vec<Field> = deal.fields.into_iter().filter(|field| field.name != "comments").collect();
                fields.push(field("comments", known.join(" ")));
                DealVerdict::Change(DealDraft { ext_id: deal.ext_id, fields, attributes: deal.attributes })
            }
            _ => DealVerdict::Keep,
        }
    }
}

impl rule_draft::Guest for Rule {
    fn review(about: Appeal, draft: Draft) -> Verdict {
        match attack(&about) {
            // These use up the time or the memory.
            "loop" => loop {
                black_box(());
            },
            "bomb" => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    // Not filled: that takes so long that the limit of time would end it.
                    hoard.push(black_box(Vec::with_capacity(1 << 20)));
                }
            }
            "recurse" => changed(draft, "depth", deeper(0).to_string()),
            "trap" => panic!("as asked"),
            // These return invalid drafts.
            "huge" => changed(draft, "text", "x".repeat(1 << 20)),
            "many" => {
                let fields = (0..300).map(|number| field(&number.to_string(), "x".to_string())).collect();
                Verdict::Change(Draft { fields, ..draft })
            }
            "twice" => {
                let fields = vec![field("text", "a".to_string()), field("text", "b".to_string())];
                Verdict::Change(Draft { fields, ..draft })
            }
            // Answers with what is there already.
            "same" => Verdict::Change(draft),
            // Skips everything.
            "skip" => Verdict::Skip("as asked".to_string()),
            // Removes all fields.
            "strip" => Verdict::Change(Draft { fields: Vec::new(), ..draft }),
            "kind" => Verdict::Change(Draft { kind: DraftKind::Call, ..draft }),
            // These assign everything to a user who does not exist, or to something that is not a user id.
            "stranger" => stranger(draft, Value::Integer(999)),
            "boss" => stranger(draft, Value::Text("boss".to_string())),
            // Replaces the customer's phone and adds a field that does not exist.
            "forge" => {
                let forged = changed(draft, "phone", "79990000000".to_string());
                match forged {
                    Verdict::Change(draft) => changed(draft, "nonsense", "x".to_string()),
                    other => other,
                }
            }
            // Removes the fields that the account added.
            "discreet" => {
                let fields = draft.fields.into_iter().filter(|field| !field.name.starts_with("field-")).collect();
                Verdict::Change(Draft { kind: draft.kind, is_new: draft.is_new, fields, attributes: draft.attributes })
            }
            // Writes into the draft what it got about the employee.
            "repeat" => changed(draft, "text", about.employee_email.unwrap_or_default()),
            // Writes text that is harmful in a web page or an HTTP header.
            "markup" => changed(draft, "text", "<script>alert(1)</script>\r\nX-Evil: 1".to_string()),
            _ => Verdict::Keep,
        }
    }
}

fn field(name: &str, text: String) -> Field {
    Field { name: name.to_string(), value: Value::Text(text) }
}

fn changed(draft: Draft, name: &str, text: String) -> Verdict {
    let mut fields: Vec<Field> = draft.fields.into_iter().filter(|field| field.name != name).collect();
    fields.push(field(name, text));
    Verdict::Change(Draft { kind: draft.kind, is_new: draft.is_new, fields, attributes: draft.attributes })
}

fn stranger(draft: Draft, who: Value) -> Verdict {
    let rename = |field: Field| match field.name.as_str() {
        "manager" | "performer" => Field { name: field.name, value: who.clone() },
        _ => field,
    };
    let fields = draft.fields.into_iter().map(rename).collect();
    Verdict::Change(Draft { kind: draft.kind, is_new: draft.is_new, fields, attributes: draft.attributes })
}

#[inline(never)]
fn deeper(depth: u64) -> u64 {
    black_box(if depth == u64::MAX { depth } else { deeper(depth + 1) + 1 })
}

// A native library cannot export the contract's names.
#[cfg(target_arch = "wasm32")]
export!(Rule);
