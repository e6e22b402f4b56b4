//! `/orders`: a customer's orders.

use serde_json::{Map, Value, json};

use super::telephony::Source;
use super::{ApiRequest, Crm, CrmError, Members, Refusal, answer};

/// Selected fields of an order.
#[derive(Debug, Default)]
pub struct Order {
    /// Id.
    pub id: Option<i64>,
    /// The number that people use.
    pub number: String,
    /// Status code.
    pub status: String,
    /// The customer's phone on the order.
    pub phone: String,
    /// The customer; none if the order has no customer.
    pub customer: Option<i64>,
}

/// What [`read`] reads.
const MEMBERS: Members = Members { named: &["orders", "id", "number", "status", "phone", "customer"], whole: &[] };

/// What is read of an answer to a create or an edit: whether it succeeded.
const NOTHING: Members = Members { named: &[], whole: &[] };

/// Requests the newest orders with this phone. `filter[customer]` is a text search, so the caller must check each result.
pub fn by_phone_request(phone: &str) -> ApiRequest {
    ApiRequest::get("/api/v5/orders").with("filter[customer]", phone).with("limit", "20").with("page", "1").reading(MEMBERS)
}

/// The orders, newest first.
pub fn read(answer: &Value) -> Result<Vec<Order>, CrmError> {
    let read = |order: &Value| Order {
        id: answer::id(&order["id"]),
        number: answer::text(&order["number"]),
        status: answer::text(&order["status"]),
        phone: answer::text(&order["phone"]),
        customer: answer::id(&order["customer"]["id"]),
    };
    Ok(answer::members(answer, "orders")?.into_iter().map(read).collect())
}

/// An order to be created.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewOrder {
    /// The appeal's id, so that RetailCRM refuses a second create.
    pub external_id: String,
    /// The customer, or the contact if the order belongs to a company.
    pub customer: i64,
    /// The company, a corporate customer.
    pub company: Option<i64>,
    /// Code of the shop.
    pub site: Option<String>,
    /// The customer's phone.
    pub phone: Option<String>,
    /// The customer's e-mail.
    pub email: Option<String>,
    /// Code of its type; none: RetailCRM's default.
    pub order_type: Option<String>,
    /// Code of its method.
    pub order_method: Option<String>,
    /// Code of its status.
    pub status: Option<String>,
    /// The manager, a CRM user.
    pub manager_id: Option<i64>,
    /// The comment for the manager.
    pub manager_comment: String,
    /// What the customer wrote.
    pub customer_comment: Option<String>,
    /// The advertising source.
    pub source: Option<Source>,
    /// Custom fields.
    pub fields: Map<String, Value>,
}

/// Creates an order. It succeeds as well if an order with the `externalId` already exists.
pub fn create(crm: Crm<'_>, order: &NewOrder) -> Result<(), CrmError> {
    let person = json!({"id": order.customer});
    let mut value = json!({"externalId": order.external_id, "customer": person, "managerComment": order.manager_comment});
    if let Some(company) = order.company {
        value["customer"] = json!({"id": company, "type": "customer_corporate"});
        value["contact"] = person;
    }
    let texts = [
        ("orderType", &order.order_type),
        ("orderMethod", &order.order_method),
        ("status", &order.status),
        ("phone", &order.phone),
        ("email", &order.email),
        ("customerComment", &order.customer_comment),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            value[name] = text.as_str().into();
        }
    }
    if let Some(source) = &order.source {
        value["source"] = serde_json::to_value(source).unwrap_or_default();
    }
    if !order.fields.is_empty() {
        value["customFields"] = order.fields.clone().into();
    }
    if let Some(manager) = order.manager_id {
        value["managerId"] = manager.into();
    }
    let mut request = ApiRequest::post("/api/v5/orders/create").json("order", &value);
    if let Some(site) = &order.site {
        request = request.field("site", site.clone());
    }
    match crm.send(request.reading(NOTHING)) {
        Ok(_) => Ok(()),
        Err(CrmError::Refused { why: Refusal::DuplicateExternalId, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Adds a text to the customer's comment of an order of ours, once; what stands there stays. False if the order does not exist.
pub fn add_comment(crm: Crm<'_>, external_id: &str, site: Option<&str>, text: &str) -> Result<bool, CrmError> {
    let mut request = ApiRequest::get(format!("/api/v5/orders/{external_id}")).with("by", "externalId");
    if let Some(site) = site {
        request = request.with("site", site);
    }
    let known = match crm.send(request.reading(Members { named: &["order", "customerComment"], whole: &[] })) {
        Ok(found) => answer::text(&found["order"]["customerComment"]),
        Err(CrmError::Refused { why: Refusal::NotFound, .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    if contains(&known, text) {
        return Ok(true);
    }
    let both = if known.trim().is_empty() { text.to_owned() } else { format!("{}\n\n{text}", known.trim_end()) };
    comment(crm, external_id, site, &both)
}

/// Whether a comment contains a text, whatever RetailCRM or a person made of its spaces.
fn contains(comment: &str, text: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    words(comment).contains(&words(text))
}

/// Writes the customer's comment on an order of ours; false if the order does not exist.
fn comment(crm: Crm<'_>, external_id: &str, site: Option<&str>, text: &str) -> Result<bool, CrmError> {
    let mut request = ApiRequest::post(format!("/api/v5/orders/{external_id}/edit"))
        .json("order", &json!({"customerComment": text}))
        .field("by", "externalId");
    if let Some(site) = site {
        request = request.field("site", site);
    }
    match crm.send(request.reading(NOTHING)) {
        Ok(_) => Ok(true),
        Err(CrmError::Refused { why: Refusal::NotFound, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes these custom fields of an order; others are not changed.
pub fn set_fields(crm: Crm<'_>, order: &OrderSummary, fields: &Map<String, Value>) -> Result<(), CrmError> {
    let mut request =
        ApiRequest::post(format!("/api/v5/orders/{}/edit", order.id)).json("order", &json!({"customFields": fields})).field("by", "id");
    if !order.site.is_empty() {
        request = request.field("site", order.site.clone());
    }
    crm.send(request.reading(NOTHING)).map(|_| ())
}

/// A customer's order: its status, and when the status last changed, `Y-m-d H:i:s`.
#[derive(Debug, Clone)]
pub struct OrderSummary {
    /// RetailCRM's id.
    pub id: i64,
    /// Code of its shop.
    pub site: String,
    /// Its `externalId`.
    pub external_id: String,
    /// Code of its status.
    pub status: String,
    /// When the status last changed.
    pub since: String,
    /// The custom fields.
    pub custom_fields: Map<String, Value>,
}

/// The customer's newest hundred orders, newest first. People and companies have separate numberings, so orders of the other kind are
/// filtered out.
pub fn of_customer(crm: Crm<'_>, customer: i64, is_company: bool) -> Result<Vec<OrderSummary>, CrmError> {
    let members = Members {
        named: &["orders", "id", "site", "externalId", "status", "statusUpdatedAt", "createdAt", "customer", "type"],
        whole: &["customFields"],
    };
    let request = ApiRequest::get("/api/v5/orders").with("filter[customerId]", customer.to_string()).with("limit", "100");
    let found = crm.send(request.reading(members))?;
    let read = |order: &Value| OrderSummary {
        id: answer::id(&order["id"]).unwrap_or_default(),
        site: answer::text(&order["site"]),
        external_id: answer::text(&order["externalId"]),
        status: answer::text(&order["status"]),
        since: Some(answer::text(&order["statusUpdatedAt"]))
            .filter(|since| !since.is_empty())
            .unwrap_or_else(|| answer::text(&order["createdAt"])),
        custom_fields: order["customFields"].as_object().cloned().unwrap_or_default(),
    };
    let of_kind = |order: &&Value| (order["customer"]["type"] == "customer_corporate") == is_company;
    Ok(answer::members(&found, "orders")?.into_iter().filter(of_kind).map(read).collect())
}
