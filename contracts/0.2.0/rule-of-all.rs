//! A rule of all decision points of the contract 0.2.0, which returns the data that it gets. `tests/contract.rs` calls it.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod memory;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

wit_bindgen::generate!({
    path: "wit",
    inline: "package partner:all; world rule {
        export uis:integration/rule-responsible@0.2.0;
        export uis:integration/rule-draft@0.2.0;
        export uis:integration/rule-routing@0.2.0;
        export uis:integration/rule-deal@0.2.0;
    }",
    world: "partner:all/rule",
    generate_all,
});

use exports::uis::integration::{rule_deal, rule_draft, rule_responsible, rule_routing};
use uis::integration::decision::{Appeal, DealDraft, Draft, Field, Routing, Value, Verdict};

struct Rule;

fn appeal(about: &Appeal) -> String {
    let Appeal { kind, id, phone, email, virtual_number, employee_email, attributes } = about;
    format!("{kind:?} {id} {phone:?} {email:?} {virtual_number:?} {employee_email:?} {attributes:?}")
}

fn told(fields: Vec<Field>, attributes: &[(String, String)], about: String) -> Vec<Field> {
    let mut fields: Vec<Field> = fields.into_iter().filter(|field| field.name != "told").collect();
    let all: Vec<String> = fields.iter().map(|Field { name, value }| format!("{name}={value:?}")).collect();
    fields.push(Field { name: "told".to_string(), value: Value::Text(format!("{about} {} {attributes:?}", all.join(" "))) });
    fields
}

impl rule_responsible::Guest for Rule {
    fn decide(about: Appeal, proposed: Option<String>) -> Option<String> {
        (about.id != 0).then(|| format!("{}{}", proposed.unwrap_or_default(), about.id))
    }
}

impl rule_draft::Guest for Rule {
    fn review(about: Appeal, draft: Draft) -> Verdict {
        match about.id {
            0 => Verdict::Keep,
            1 => Verdict::Skip(appeal(&about)),
            _ => {
                let subject = format!("{} {:?} {}", appeal(&about), draft.kind, draft.is_new);
                Verdict::Change(Draft { fields: told(draft.fields, &draft.attributes, subject), kind: draft.kind, is_new: draft.is_new, attributes: draft.attributes })
            }
        }
    }
}

impl rule_routing::Guest for Rule {
    fn decide(about: Appeal, proposed: Routing) -> Option<Routing> {
        let Routing { mut forward_to } = proposed;
        forward_to.push(about.phone?);
        Some(Routing { forward_to })
    }
}

impl rule_deal::Guest for Rule {
    fn review(deal: DealDraft) -> rule_deal::DealVerdict {
        match deal.ext_id.as_str() {
            "keep" => rule_deal::DealVerdict::Keep,
            "skip" => rule_deal::DealVerdict::Skip("as asked".to_string()),
            _ => {
                let fields = told(deal.fields, &deal.attributes, deal.ext_id.clone());
                rule_deal::DealVerdict::Change(DealDraft { ext_id: deal.ext_id, fields, attributes: deal.attributes })
            }
        }
    }
}

// A native library cannot export the contract's names.
#[cfg(target_arch = "wasm32")]
export!(Rule);
