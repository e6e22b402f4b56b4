//! `/customers`: finding a customer by phone, and notes.

use serde::Deserialize;
use serde_json::json;

use super::{Ask, Crm, CrmError, answer};
use crate::phone;

/// A customer in brief.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// Id.
    #[serde(deserialize_with = "answer::id")]
    pub id: Option<i64>,
    /// Code of his shop.
    #[serde(deserialize_with = "answer::text")]
    pub site: String,
    /// His phones.
    #[serde(deserialize_with = "answer::map_or_list")]
    pub phones: Vec<Phone>,
}

/// A phone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Phone {
    /// As someone typed it.
    #[serde(deserialize_with = "answer::text")]
    pub number: String,
}

#[derive(Debug, Deserialize)]
struct Customers {
    #[serde(default, deserialize_with = "answer::map_or_list")]
    customers: Vec<Customer>,
}

#[derive(Debug, Deserialize)]
struct Notes {
    #[serde(default, deserialize_with = "answer::map_or_list")]
    notes: Vec<Note>,
}

#[derive(Debug, Deserialize)]
struct Note {
    #[serde(default, deserialize_with = "answer::text")]
    text: String,
}

/// The customer who has this phone: the oldest when there are several. `filter[name]` also searches phones, as a part of text,
/// and stored numbers keep the way they were typed, so the search goes by the digits every spelling shares and the match is checked here.
pub fn find_by_phone(crm: Crm<'_>, number: &str) -> Result<Option<Customer>, CrmError> {
    let found: Customers =
        crm.ask(Ask::get("/api/v5/customers").with("filter[name]", phone::national(number)).with("limit", "100").with("page", "1"))?;
    Ok(found
        .customers
        .into_iter()
        .filter(|customer| customer.id.is_some() && customer.phones.iter().any(|known| phone::same(&known.number, number)))
        .min_by_key(|customer| customer.id))
}

/// Whether a note with this text in it stands on the customer.
pub fn has_note(crm: Crm<'_>, customer: i64, part: &str) -> Result<bool, CrmError> {
    let ask = Ask::get("/api/v5/customers/notes")
        .with("filter[customerIds][]", customer.to_string())
        .with("filter[text]", part)
        .with("limit", "100");
    let found: Notes = crm.ask(ask)?;
    Ok(found.notes.iter().any(|note| note.text.contains(part)))
}

/// Puts a note on a customer.
pub fn add_note(crm: Crm<'_>, customer: &Customer, text: &str) -> Result<(), CrmError> {
    let mut ask = Ask::post("/api/v5/customers/notes/create").json("note", &json!({"text": text, "customer": {"id": customer.id}}));
    if !customer.site.is_empty() {
        ask = ask.field("site", customer.site.clone());
    }
    let _: serde_json::Value = crm.ask(ask)?;
    Ok(())
}
