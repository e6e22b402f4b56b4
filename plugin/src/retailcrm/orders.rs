//! `/orders`: a caller's orders.

use serde_json::{Map, Value, json};

use super::telephony::Source;
use super::{ApiRequest, Crm, CrmError, Refusal, answer};

/// An order in brief.
#[derive(Debug, Default)]
pub struct Order {
    /// Id.
    pub id: Option<i64>,
    /// What people call it.
    pub number: String,
    /// Status code.
    pub status: String,
    /// The customer's phone as the order has it.
    pub phone: String,
    /// The customer; absent when the order belongs to none.
    pub customer: Option<i64>,
}

/// Asks for the newest orders of whoever has this phone. `filter[customer]` searches text, so the answer must be checked.
pub fn by_phone_request(phone: &str) -> ApiRequest {
    ApiRequest::get("/api/v5/orders").with("filter[customer]", phone).with("limit", "20").with("page", "1")
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

/// An order as it is created.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewOrder {
    /// Made of the call, so that a second create is refused and not doubled.
    pub external_id: String,
    /// Whose it is, or, for a company's order, who speaks for it.
    pub customer: i64,
    /// The company, a corporate customer.
    pub company: Option<i64>,
    /// Which shop's.
    pub site: Option<String>,
    /// By which phone he is reached.
    pub phone: Option<String>,
    /// And by which e-mail.
    pub email: Option<String>,
    /// Code of its type; none: RetailCRM's default.
    pub order_type: Option<String>,
    /// Code of its method.
    pub order_method: Option<String>,
    /// Code of its status.
    pub status: Option<String>,
    /// Who answers for it.
    pub manager_id: Option<i64>,
    /// What the manager reads on it.
    pub manager_comment: String,
    /// What the customer wrote.
    pub customer_comment: Option<String>,
    /// Where the customer came from.
    pub source: Option<Source>,
    /// Fields that the account added.
    pub fields: Map<String, Value>,
}

/// Creates an order. One that is there already by its `externalId` is as good.
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
    match crm.send(request) {
        Ok(_) => Ok(()),
        Err(CrmError::Refused { why: Refusal::DuplicateExternalId, .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes what the customer said on an order of ours; false when there is no such order.
pub fn comment(crm: Crm<'_>, external_id: &str, site: Option<&str>, text: &str) -> Result<bool, CrmError> {
    let mut request = ApiRequest::post(format!("/api/v5/orders/{external_id}/edit"))
        .json("order", &json!({"customerComment": text}))
        .field("by", "externalId");
    if let Some(site) = site {
        request = request.field("site", site);
    }
    match crm.send(request) {
        Ok(_) => Ok(true),
        Err(CrmError::Refused { why: Refusal::NotFound, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A customer's order in brief: its status, and when that changed, `Y-m-d H:i:s`.
#[derive(Debug, Clone)]
pub struct OrderSummary {
    /// Its `externalId`.
    pub external_id: String,
    /// Code of its status.
    pub status: String,
    /// When it came into it.
    pub since: String,
}

/// The customer's orders, newest first; a hundred tell what there is to know. People and companies are numbered apart, so the answer to a
/// number is checked for its kind.
pub fn of_customer(crm: Crm<'_>, customer: i64, is_company: bool) -> Result<Vec<OrderSummary>, CrmError> {
    let found = crm.send(ApiRequest::get("/api/v5/orders").with("filter[customerId]", customer.to_string()).with("limit", "100"))?;
    let read = |order: &Value| OrderSummary {
        external_id: answer::text(&order["externalId"]),
        status: answer::text(&order["status"]),
        since: Some(answer::text(&order["statusUpdatedAt"]))
            .filter(|since| !since.is_empty())
            .unwrap_or_else(|| answer::text(&order["createdAt"])),
    };
    let of_kind = |order: &&Value| (order["customer"]["type"] == "customer_corporate") == is_company;
    Ok(answer::members(&found, "orders")?.into_iter().filter(of_kind).map(read).collect())
}
