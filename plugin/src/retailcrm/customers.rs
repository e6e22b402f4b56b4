//! `/customers`: finding a customer by phone, and notes.

use serde_json::{Value, json};

use super::{Ask, Crm, CrmError, answer};
use crate::phone;

/// A customer in brief.
#[derive(Debug, Clone, Default)]
pub struct Customer {
    /// Id.
    pub id: i64,
    /// Code of his shop.
    pub site: String,
    /// His phones as someone typed them.
    pub phones: Vec<String>,
}

impl Customer {
    fn read(customer: &Value) -> Option<Customer> {
        let phones = answer::members(customer, "phones").unwrap_or_default();
        Some(Customer {
            id: answer::id(&customer["id"])?,
            site: answer::text(&customer["site"]),
            phones: phones.into_iter().map(|phone| answer::text(&phone["number"])).collect(),
        })
    }
}

/// The customer who has this phone: the oldest when there are several. `filter[name]` also searches phones, as a part of text,
/// and stored numbers keep the way they were typed, so the search goes by the digits every spelling shares and the match is checked here.
pub fn find_by_phone(crm: Crm<'_>, number: &str) -> Result<Option<Customer>, CrmError> {
    let mut page = 1;
    loop {
        let ask =
            Ask::get("/api/v5/customers").with("filter[name]", phone::national(number)).with("limit", "100").with("page", page.to_string());
        let answer = crm.ask(ask)?;
        let found = answer::members(&answer, "customers")?.into_iter().filter_map(Customer::read);
        let his =
            found.filter(|customer| customer.phones.iter().any(|known| phone::same(known, number))).min_by_key(|customer| customer.id);
        if his.is_some() || page >= answer["pagination"]["totalPageCount"].as_u64().unwrap_or(1) {
            return Ok(his);
        }
        page += 1;
    }
}

/// Whether a note with this text in it stands on the customer.
pub fn has_note(crm: Crm<'_>, customer: i64, part: &str) -> Result<bool, CrmError> {
    let ask = Ask::get("/api/v5/customers/notes")
        .with("filter[customerIds][]", customer.to_string())
        .with("filter[text]", part)
        .with("limit", "100");
    let answer = crm.ask(ask)?;
    Ok(answer::members(&answer, "notes")?.into_iter().any(|note| answer::text(&note["text"]).contains(part)))
}

/// Puts a note on a customer.
pub fn add_note(crm: Crm<'_>, customer: &Customer, text: &str) -> Result<(), CrmError> {
    let mut ask = Ask::post("/api/v5/customers/notes/create").json("note", &json!({"text": text, "customer": {"id": customer.id}}));
    if !customer.site.is_empty() {
        ask = ask.field("site", customer.site.clone());
    }
    crm.ask(ask)?;
    Ok(())
}
