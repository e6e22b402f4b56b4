//! `/customers`: finding, creating and changing customers, and notes on them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::telephony::Source;
use super::{ApiRequest, Crm, CrmError, Members, Refusal, answer};
use crate::base::phone::{Phone, Reader};

/// Selected fields of a customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Customer {
    /// Id.
    pub id: i64,
    /// The `externalId`; empty if there is none.
    pub external_id: String,
    /// The name: last, first, patronymic; used at once and not stored.
    #[serde(skip)]
    pub name: String,
    /// Code of the customer's shop.
    pub site: String,
    /// The phones as they were typed. They are used at once and not stored.
    #[serde(skip)]
    pub phones: Vec<String>,
    /// The e-mail; used at once and not stored.
    #[serde(skip)]
    pub email: String,
    /// The custom fields; used at once and not stored.
    #[serde(skip)]
    pub custom_fields: Map<String, Value>,
    /// The manager, a CRM user.
    pub manager_id: Option<i64>,
    /// Whether the customer is a company's contact.
    pub is_contact: bool,
}

/// What [`Customer::read`] reads of an answer with one or several customers.
const MEMBERS: Members = Members {
    named: &[
        "customers",
        "customer",
        "pagination",
        "totalPageCount",
        "id",
        "externalId",
        "site",
        "lastName",
        "firstName",
        "patronymic",
        "phones",
        "number",
        "email",
        "managerId",
        "isContact",
    ],
    whole: &["customFields"],
};

/// What is read of an answer to a create or an edit.
const ID: Members = Members { named: &["id"], whole: &[] };

impl Customer {
    fn read(customer: &Value) -> Option<Customer> {
        let phones = answer::members(customer, "phones").unwrap_or_default();
        let names = ["lastName", "firstName", "patronymic"].map(|part| answer::text(&customer[part]));
        Some(Customer {
            name: names.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
            id: answer::id(&customer["id"])?,
            external_id: answer::text(&customer["externalId"]),
            site: answer::text(&customer["site"]),
            email: answer::text(&customer["email"]),
            custom_fields: customer["customFields"].as_object().cloned().unwrap_or_default(),
            manager_id: answer::id(&customer["managerId"]),
            is_contact: customer["isContact"] == Value::Bool(true),
            phones: phones.into_iter().map(|phone| answer::text(&phone["number"])).collect(),
        })
    }
}

/// The customer with this main number. Of several, the extension picks; else the oldest. `filter[name]` also searches phones, by substring,
/// and RetailCRM keeps numbers as they were typed. So the search uses the digits that every spelling contains, and the match is checked
/// here.
pub fn find_by_phone(crm: Crm<'_>, reader: Reader<'_>, phone: &Phone) -> Result<Option<Customer>, CrmError> {
    let mut best: Option<(Rank, Customer)> = None;
    let mut page = 1;
    loop {
        let answer = crm.send(by_phone_request(reader, phone).with("page", page.to_string()))?;
        best = best.into_iter().chain(best_on_page(reader, phone, &answer)?).min_by_key(|(rank, _)| *rank);
        let exact = best.as_ref().is_some_and(|((other_extension, _), _)| !other_extension);
        if exact || page >= answer["pagination"]["totalPageCount"].as_u64().unwrap_or(1) {
            return Ok(best.map(|(_, customer)| customer));
        }
        page += 1;
    }
}

/// How well a customer fits a phone, the best first: whether the extension is another one, and the id.
type Rank = (bool, i64);

/// Requests customers who may have this phone, a hundred to a page.
pub fn by_phone_request(reader: Reader<'_>, phone: &Phone) -> ApiRequest {
    ApiRequest::get("/api/v5/customers").with("filter[name]", reader.national(&phone.number)).with("limit", "100").reading(MEMBERS)
}

/// The customer with this phone on a page of [`by_phone_request`].
pub fn on_page(reader: Reader<'_>, phone: &Phone, answer: &Value) -> Result<Option<Customer>, CrmError> {
    Ok(best_on_page(reader, phone, answer)?.map(|(_, customer)| customer))
}

fn best_on_page(reader: Reader<'_>, phone: &Phone, answer: &Value) -> Result<Option<(Rank, Customer)>, CrmError> {
    let ranked = |customer: Customer| {
        let known = phones_with(reader, &customer.external_id, &customer.phones, &phone.number);
        let other_extension = known.iter().all(|known| known.extension != phone.extension);
        (!known.is_empty()).then_some(((other_extension, customer.id), customer))
    };
    let found = answer::members(answer, "customers")?.into_iter().filter_map(Customer::read);
    Ok(found.filter_map(ranked).min_by_key(|(rank, _)| *rank))
}

/// The phones with this main number among a customer's. A number by whose `externalId` this integration created the customer stands there as
/// UIS gives it, and nobody typed it.
pub fn phones_with(reader: Reader<'_>, external_id: &str, phones: &[String], number: &str) -> Vec<Phone> {
    let created_by = external_id.strip_prefix("uis-phone-");
    let of = |text: &String| match reader.given(text) {
        Some(given) if created_by == Some(&given.number) => Some(given).filter(|given| given.number == number),
        _ => reader.find(text, number),
    };
    phones.iter().filter_map(of).collect()
}

/// The customer with this e-mail: the oldest if there are several.
pub fn find_by_email(crm: Crm<'_>, email: &str) -> Result<Option<Customer>, CrmError> {
    let found = crm.send(ApiRequest::get("/api/v5/customers").with("filter[email]", email).with("limit", "100").reading(MEMBERS))?;
    let found = answer::members(&found, "customers")?.into_iter().filter_map(Customer::read);
    Ok(found.filter(|customer| customer.email.trim().to_lowercase() == email).min_by_key(|customer| customer.id))
}

/// The customer with this id, if they still exist.
pub fn by_id(crm: Crm<'_>, id: i64) -> Result<Option<Customer>, CrmError> {
    one(crm, ApiRequest::get(format!("/api/v5/customers/{id}")).with("by", "id"))
}

fn one(crm: Crm<'_>, request: ApiRequest) -> Result<Option<Customer>, CrmError> {
    match crm.send(request.reading(MEMBERS)) {
        Ok(found) => Ok(Customer::read(&found["customer"])),
        Err(CrmError::Refused { why: Refusal::NotFound, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Merges a customer into another one, who stays. If the customer no longer exists, they were merged before.
pub fn combine(crm: Crm<'_>, customer: &Customer, into: &Customer) -> Result<(), CrmError> {
    let request = ApiRequest::post("/api/v5/customers/combine")
        .json("customers", &json!([{"id": customer.id}]))
        .json("resultCustomer", &json!({"id": into.id}));
    match crm.send(request) {
        Err(CrmError::Refused { .. }) if by_id(crm, customer.id)?.is_none() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Adds a phone and an e-mail that the customer does not have.
pub fn add_contacts(crm: Crm<'_>, customer: &Customer, phone: Option<&str>, email: Option<&str>) -> Result<(), CrmError> {
    let mut value = json!({});
    if let Some(phone) = phone {
        // It is not documented whether a list replaces or extends the existing one, so all phones are sent.
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
    crm.send(request.reading(ID)).map(|_| ())
}

/// The customer with this `externalId`, whatever their phones are now.
pub fn by_external_id(crm: Crm<'_>, external_id: &str, site: Option<&str>) -> Result<Option<Customer>, CrmError> {
    let mut request = ApiRequest::get(format!("/api/v5/customers/{external_id}")).with("by", "externalId");
    if let Some(site) = site {
        request = request.with("site", site);
    }
    one(crm, request)
}

/// A customer to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCustomer {
    /// Derived from the person's identity, so that RetailCRM refuses a second create.
    pub external_id: String,
    /// The name.
    pub first_name: String,
    /// The phone, as [`Phone::written`] writes it.
    pub phone: Option<String>,
    /// Further phones, written in the same way.
    pub further_phones: Vec<String>,
    /// The e-mail.
    pub email: Option<String>,
    /// The manager, a CRM user.
    pub manager_id: Option<i64>,
    /// Code of the customer's shop.
    pub site: Option<String>,
    /// The advertising source.
    pub source: Option<Source>,
    /// Custom fields.
    pub fields: Map<String, Value>,
}

/// Creates a customer and returns the id. None if a customer with the `externalId` already exists; that customer is not changed.
pub fn create(crm: Crm<'_>, customer: &NewCustomer) -> Result<Option<i64>, CrmError> {
    let mut value = json!({
        "externalId": customer.external_id,
        "firstName": customer.first_name,
    });
    let phones: Vec<Value> = customer.phone.iter().chain(&customer.further_phones).map(|phone| json!({"number": phone})).collect();
    if !phones.is_empty() {
        value["phones"] = phones.into();
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
    match crm.send(request.reading(ID)) {
        Ok(made) => Ok(answer::id(&made["id"])),
        Err(CrmError::Refused { why: Refusal::DuplicateExternalId, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes these custom fields; others are not changed.
pub fn set_fields(crm: Crm<'_>, customer: &Customer, fields: &Map<String, Value>) -> Result<(), CrmError> {
    edit(crm, customer, &json!({"customFields": fields}))
}

/// Gives the customer another manager.
pub fn set_manager(crm: Crm<'_>, customer: &Customer, manager: i64) -> Result<(), CrmError> {
    edit(crm, customer, &json!({"managerId": manager}))
}

/// Whether the customer has a note that contains this text.
pub fn has_note(crm: Crm<'_>, customer: i64, part: &str) -> Result<bool, CrmError> {
    let request = ApiRequest::get("/api/v5/customers/notes")
        .with("filter[customerIds][]", customer.to_string())
        .with("filter[text]", part)
        .with("limit", "100")
        .reading(Members { named: &["notes", "text"], whole: &[] });
    let answer = crm.send(request)?;
    Ok(answer::members(&answer, "notes")?.into_iter().any(|note| has_words(&answer::text(&note["text"]), part)))
}

/// Whether a text contains a part. A part that ends with a number is not found in a longer number: the note of chat 60 is not that of 601.
fn has_words(text: &str, part: &str) -> bool {
    let numbered = part.ends_with(|c: char| c.is_ascii_digit());
    let goes_on = |after: usize| text[after..].starts_with(|c: char| c.is_ascii_digit());
    text.match_indices(part).any(|(at, _)| !(numbered && goes_on(at + part.len())))
}

/// Adds a note to a customer.
pub fn add_note(crm: Crm<'_>, customer: &Customer, text: &str) -> Result<(), CrmError> {
    let mut request =
        ApiRequest::post("/api/v5/customers/notes/create").json("note", &json!({"text": text, "customer": {"id": customer.id}}));
    if !customer.site.is_empty() {
        request = request.field("site", customer.site.clone());
    }
    crm.send(request.reading(ID))?;
    Ok(())
}
