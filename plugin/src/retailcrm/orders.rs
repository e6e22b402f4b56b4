//! `/orders`: a caller's orders.

use serde::Deserialize;

use super::{Ask, answer};

/// An order in brief.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Id.
    #[serde(deserialize_with = "answer::id")]
    pub id: Option<i64>,
    /// What people call it.
    #[serde(deserialize_with = "answer::text")]
    pub number: String,
    /// Status code.
    #[serde(deserialize_with = "answer::text")]
    pub status: String,
    /// The customer's phone as the order has it.
    #[serde(deserialize_with = "answer::text")]
    pub phone: String,
    /// The customer.
    pub customer: Option<OrderCustomer>,
}

/// Whose order it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OrderCustomer {
    /// Id.
    #[serde(deserialize_with = "answer::id")]
    pub id: Option<i64>,
}

/// `GET /orders`.
#[derive(Debug, Default, Deserialize)]
pub struct Orders {
    /// Newest first.
    #[serde(default, deserialize_with = "answer::map_or_list")]
    pub orders: Vec<Order>,
}

/// Asks for the newest orders of whoever has this phone. `filter[customer]` searches text, so the answer must be checked.
pub fn ask_by_phone(phone: &str) -> Ask {
    Ask::get("/api/v5/orders").with("filter[customer]", phone).with("limit", "20").with("page", "1")
}
