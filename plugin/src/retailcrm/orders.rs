//! `/orders`: a caller's orders.

use serde_json::Value;

use super::{Ask, CrmError, answer};

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
pub fn ask_by_phone(phone: &str) -> Ask {
    Ask::get("/api/v5/orders").with("filter[customer]", phone).with("limit", "20").with("page", "1")
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
