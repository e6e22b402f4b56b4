//! A partner's rule in Rust. If an appeal came from the campaign `vip`, user 7 becomes the assignee, and the task is marked "VIP!". No customer
//! is created for a number on the blacklist.
//!
//! A rule must not import anything, so it is built without Rust's standard library, which has imports. The decisions are ordinary code with
//! native tests.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod memory;

use alloc::string::{String, ToString};

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "package partner:rule; world rule { export uis:integration/rule-draft@0.2.0; export uis:integration/rule-responsible@0.2.0; }",
    world: "partner:rule/rule",
    generate_all,
    additional_derives: [PartialEq],
});

use exports::uis::integration::{rule_draft, rule_responsible};
use uis::integration::decision::{Appeal, Draft, DraftKind, Value, Verdict};

/// The user id of the assignee for important customers.
const MANAGER: &str = "7";
/// Numbers for which no customer is created.
const BLACKLIST: [&str; 1] = ["79990000000"];

struct Rule;

/// Whether the appeal came from the campaign.
fn important(about: &Appeal) -> bool {
    about.attributes.iter().any(|(name, value)| name == "utm_campaign" && value == "vip")
}

impl rule_responsible::Guest for Rule {
    fn decide(about: Appeal, _: Option<String>) -> Option<String> {
        important(&about).then(|| MANAGER.to_string())
    }
}

impl rule_draft::Guest for Rule {
    fn review(about: Appeal, mut draft: Draft) -> Verdict {
        if about.phone.as_deref().is_some_and(|phone| BLACKLIST.contains(&phone)) && draft.kind == DraftKind::Customer {
            return Verdict::Skip("the number is on the blacklist".to_string());
        }
        if !important(&about) || draft.kind != DraftKind::Task {
            return Verdict::Keep;
        }
        for field in draft.fields.iter_mut().filter(|field| field.name == "text") {
            if let Value::Text(text) = &mut field.value {
                text.insert_str(0, "VIP! ");
            }
        }
        Verdict::Change(draft)
    }
}

// A native library cannot export the contract's names.
#[cfg(target_arch = "wasm32")]
export!(Rule);

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use exports::uis::integration::rule_draft::Guest as _;
    use exports::uis::integration::rule_responsible::Guest as _;
    use uis::integration::decision::Field;
    use uis::integration::types::CommunicationKind;

    fn about(phone: &str, campaign: &str) -> Appeal {
        Appeal {
            kind: CommunicationKind::SiteRequest,
            id: 1,
            phone: Some(phone.to_string()),
            email: None,
            virtual_number: None,
            employee_email: None,
            attributes: Vec::from([("utm_campaign".to_string(), campaign.to_string())]),
        }
    }

    fn draft(kind: DraftKind) -> Draft {
        let field = Field { name: "text".to_string(), value: Value::Text("Перезвонить".to_string()) };
        Draft { kind, is_new: true, fields: Vec::from([field]), attributes: Vec::new() }
    }

    #[test]
    fn appeals_of_the_campaign_get_the_assignee_and_a_marked_task() {
        let changed = Rule::review(about("79161234567", "vip"), draft(DraftKind::Task));
        let Verdict::Change(changed) = changed else { panic!("{changed:?}") };
        assert_eq!(changed.fields[0].value, Value::Text("VIP! Перезвонить".to_string()));
        assert_eq!(Rule::review(about("79161234567", "other"), draft(DraftKind::Task)), Verdict::Keep);
        assert_eq!(Rule::decide(about("79161234567", "vip"), Some("5".to_string())).as_deref(), Some("7"));
        assert_eq!(Rule::decide(about("79161234567", "other"), Some("5".to_string())), None);
    }

    #[test]
    fn no_customer_is_created_for_a_number_on_the_blacklist() {
        assert!(matches!(Rule::review(about("79990000000", "vip"), draft(DraftKind::Customer)), Verdict::Skip(_)));
    }
}
