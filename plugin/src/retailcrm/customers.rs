//! `/customers`: finding a customer by phone, and notes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::telephony::Source;
use super::{ApiRequest, Crm, CrmError, Refusal, answer};
use crate::base::phone;

/// A customer in brief.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// Id.
    pub id: i64,
    /// His `externalId`; empty when nobody gave him one.
    pub external_id: String,
    /// Code of his shop.
    pub site: String,
    /// His phones as someone typed them. They are looked at once and not remembered.
    #[serde(skip)]
    pub phones: Vec<String>,
    /// His e-mail; looked at once and not remembered.
    #[serde(skip)]
    pub email: String,
    /// His manager, a CRM user.
    pub manager_id: Option<i64>,
    /// A contact person of a company.
    pub is_contact: bool,
}

impl Customer {
    fn read(customer: &Value) -> Option<Customer> {
        let phones = answer::members(customer, "phones").unwrap_or_default();
        Some(Customer {
            id: answer::id(&customer["id"])?,
            external_id: answer::text(&customer["externalId"]),
            site: answer::text(&customer["site"]),
            email: answer::text(&customer["email"]),
            manager_id: answer::id(&customer["managerId"]),
            is_contact: customer["isContact"] == Value::Bool(true),
            phones: phones.into_iter().map(|phone| answer::text(&phone["number"])).collect(),
        })
    }
}

/// The customer who has this phone: the oldest when there are several. `filter[name]` also searches phones, as a part of text,
/// and stored numbers keep the way they were typed, so the search goes by the digits every spelling shares and the match is checked here.
pub fn find_by_phone(crm: Crm<'_>, number: &str) -> Result<Option<Customer>, CrmError> {
    let mut page = 1;
    loop {
        let request = ApiRequest::get("/api/v5/customers")
            .with("filter[name]", phone::national(number))
            .with("limit", "100")
            .with("page", page.to_string());
        let answer = crm.send(request)?;
        let found = answer::members(&answer, "customers")?.into_iter().filter_map(Customer::read);
        let matching =
            found.filter(|customer| customer.phones.iter().any(|known| phone::same(known, number))).min_by_key(|customer| customer.id);
        if matching.is_some() || page >= answer["pagination"]["totalPageCount"].as_u64().unwrap_or(1) {
            return Ok(matching);
        }
        page += 1;
    }
}

/// The customer who has this e-mail: the oldest when there are several.
pub fn find_by_email(crm: Crm<'_>, email: &str) -> Result<Option<Customer>, CrmError> {
    let found = crm.send(ApiRequest::get("/api/v5/customers").with("filter[email]", email).with("limit", "100"))?;
    let found = answer::members(&found, "customers")?.into_iter().filter_map(Customer::read);
    Ok(found.filter(|customer| customer.email.trim().to_lowercase() == email).min_by_key(|customer| customer.id))
}

/// The customer of this id, if he is there still.
pub fn by_id(crm: Crm<'_>, id: i64) -> Result<Option<Customer>, CrmError> {
    one(crm, ApiRequest::get(format!("/api/v5/customers/{id}")).with("by", "id"))
}

fn one(crm: Crm<'_>, request: ApiRequest) -> Result<Option<Customer>, CrmError> {
    match crm.send(request) {
        Ok(found) => Ok(Customer::read(&found["customer"])),
        Err(CrmError::Refused { why: Refusal::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Joins a customer with another, who stays. One who is gone was joined before.
pub fn combine(crm: Crm<'_>, customer: &Customer, into: &Customer) -> Result<(), CrmError> {
    let request = ApiRequest::post("/api/v5/customers/combine")
        .json("customers", &json!([{"id": customer.id}]))
        .json("resultCustomer", &json!({"id": into.id}));
    match crm.send(request) {
        Err(CrmError::Refused { .. }) if by_id(crm, customer.id)?.is_none() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Gives a customer a phone and an e-mail that he had not.
pub fn add_contacts(crm: Crm<'_>, customer: &Customer, phone: Option<&str>, email: Option<&str>) -> Result<(), CrmError> {
    let mut value = json!({});
    if let Some(phone) = phone {
        // Whether a list replaces or extends what is there is not documented, so it is always whole.
        let numbers = customer.phones.iter().map(String::as_str).chain([phone]);
        value["phones"] = numbers.map(|number| json!({"number": number})).collect();
    }
    if let Some(email) = email {
        value["email"] = email.into();
    }
    edit(crm, customer, &value)
}

fn edit(crm: Crm<'_>, customer: &Customer, changes: &Value) -> Result<(), CrmError> {
    let mut request = ApiRequest::post(format!("/api/v5/customers/{}/edit", customer.id)).json("customer", changes).field("by", "id");
    if !customer.site.is_empty() {
        request = request.field("site", customer.site.clone());
    }
    crm.send(request).map(|_| ())
}

/// The customer of this `externalId`, whatever his phones are by now.
pub fn by_external_id(crm: Crm<'_>, external_id: &str, site: Option<&str>) -> Result<Option<Customer>, CrmError> {
    let mut request = ApiRequest::get(format!("/api/v5/customers/{external_id}")).with("by", "externalId");
    if let Some(site) = site {
        request = request.with("site", site);
    }
    one(crm, request)
}

/// A customer as he is created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCustomer {
    /// Made of what he is known by, so that a second create is refused and not doubled.
    pub external_id: String,
    /// How he is called.
    pub first_name: String,
    /// His phone, digits.
    pub phone: Option<String>,
    /// His e-mail.
    pub email: Option<String>,
    /// Who answers for him.
    pub manager_id: Option<i64>,
    /// His shop.
    pub site: Option<String>,
    /// Where he came from.
    pub source: Option<Source>,
    /// Fields that the account added.
    pub fields: Map<String, Value>,
}

/// Creates a customer and gives his id. One who is there already by his `externalId` is as good, and left as he is: none.
pub fn create(crm: Crm<'_>, customer: &NewCustomer) -> Result<Option<i64>, CrmError> {
    let mut value = json!({
        "externalId": customer.external_id,
        "firstName": customer.first_name,
    });
    if let Some(phone) = &customer.phone {
        value["phones"] = json!([{"number": phone}]);
    }
    if let Some(email) = &customer.email {
        value["email"] = email.as_str().into();
    }
    if let Some(manager) = customer.manager_id {
        value["managerId"] = manager.into();
    }
    if let Some(source) = &customer.source {
        value["source"] = serde_json::to_value(source).unwrap_or_default();
    }
    if !customer.fields.is_empty() {
        value["customFields"] = customer.fields.clone().into();
    }
    let mut request = ApiRequest::post("/api/v5/customers/create").json("customer", &value);
    if let Some(site) = &customer.site {
        request = request.field("site", site.clone());
    }
    match crm.send(request) {
        Ok(made) => Ok(answer::id(&made["id"])),
        Err(CrmError::Refused { why: Refusal::DuplicateExternalId, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes fields that the account added; others stay.
pub fn set_fields(crm: Crm<'_>, customer: &Customer, fields: &Map<String, Value>) -> Result<(), CrmError> {
    edit(crm, customer, &json!({"customFields": fields}))
}

/// Whether a note with this text in it stands on the customer.
pub fn has_note(crm: Crm<'_>, customer: i64, part: &str) -> Result<bool, CrmError> {
    let request = ApiRequest::get("/api/v5/customers/notes")
        .with("filter[customerIds][]", customer.to_string())
        .with("filter[text]", part)
        .with("limit", "100");
    let answer = crm.send(request)?;
    Ok(answer::members(&answer, "notes")?.into_iter().any(|note| answer::text(&note["text"]).contains(part)))
}

/// Puts a note on a customer.
pub fn add_note(crm: Crm<'_>, customer: &Customer, text: &str) -> Result<(), CrmError> {
    let mut request =
        ApiRequest::post("/api/v5/customers/notes/create").json("note", &json!({"text": text, "customer": {"id": customer.id}}));
    if !customer.site.is_empty() {
        request = request.field("site", customer.site.clone());
    }
    crm.send(request)?;
    Ok(())
}
