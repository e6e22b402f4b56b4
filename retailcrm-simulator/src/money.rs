//! An order's sums: `summ` is goods after discounts, `totalSumm` is `summ` with the delivery that the customer pays, `prepaySum` what has
//! been paid.

use serde_json::{Map, Value, json};

use crate::account::references::References;
use crate::entity::{Entity, id_of, is, money, text};

/// Gives ids to items and payments: they share one counter.
#[derive(Debug, Clone, Copy, Default)]
pub struct PartIds {
    last: i64,
}

impl PartIds {
    /// A counter whose last id was this one.
    pub fn after(last: i64) -> PartIds {
        PartIds { last }
    }

    /// The last id given.
    pub fn last(self) -> i64 {
        self.last
    }

    /// The next id.
    pub fn next_id(&mut self) -> i64 {
        self.last += 1;
        self.last
    }
}

fn sum(value: Option<&Value>) -> f64 {
    value.and_then(Value::as_f64).unwrap_or(0.0)
}

/// The greatest id among an order's items and payments.
pub fn last_part(order: &Entity) -> i64 {
    let items = order.get("items").and_then(Value::as_array).into_iter().flatten().filter_map(|item| item["id"].as_i64());
    let payments = order.get("payments").and_then(Value::as_object).into_iter().flatten().filter_map(|(id, _)| id.parse().ok());
    items.chain(payments).max().unwrap_or(0)
}

/// Completes an order: parts get ids, sums follow from parts. An order that an account's file gives without items keeps the `summ` that
/// the file gives it.
pub fn complete(books: &References, ids: &mut PartIds, order: &mut Entity) {
    if let Some(items) = order.get_mut("items").and_then(Value::as_array_mut) {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            price(ids, item);
        }
    }
    // Payments are a list as they are written and a map by id as they are read.
    if let Some(Value::Array(given)) = order.get("payments") {
        let mut payments = Map::new();
        for payment in given.iter().filter_map(Value::as_object) {
            let id = id_of(payment).unwrap_or_else(|| ids.next_id());
            let mut payment = payment.clone();
            payment.insert("id".into(), id.into());
            payments.insert(id.to_string(), payment.into());
        }
        order.insert("payments".into(), payments.into());
    }
    total(books, order);
}

fn price(ids: &mut PartIds, item: &mut Entity) {
    if id_of(item).is_none() {
        let id = ids.next_id();
        item.insert("id".into(), id.into());
    }
    item.entry("quantity").or_insert(json!(1));
    item.entry("initialPrice").or_insert(json!(0));
    item.entry("status").or_insert(json!("new"));
    let (initial, quantity) = (sum(item.get("initialPrice")), sum(item.get("quantity")));
    let manual = sum(item.get("discountManualAmount")) + initial * sum(item.get("discountManualPercent")) / 100.0;
    let others = discounts(item, manual);
    let discount = (manual + others).clamp(0.0, initial.max(0.0));
    item.insert("discountTotal".into(), money(discount));
    item.insert("prices".into(), json!([{"price": money(initial - discount), "quantity": money(quantity)}]));
}

/// Lists an item's discounts by kind, and returns the sum of those that were written as a list: `manual` is what its own two members give.
fn discounts(item: &mut Entity, manual: f64) -> f64 {
    let mut listed = item.get("discounts").and_then(Value::as_array).cloned().unwrap_or_default();
    if item.contains_key("discountManualAmount") || item.contains_key("discountManualPercent") {
        listed.retain(|discount| discount["type"] != MANUAL);
    }
    let others = listed.iter().map(|discount| sum(discount.get("amount"))).sum();
    if manual > 0.0 {
        listed.push(json!({"type": MANUAL, "amount": money(manual)}));
    }
    if !listed.is_empty() || item.contains_key("discounts") {
        item.insert("discounts".into(), listed.into());
    }
    others
}

/// The kind of discount that an item's own members are.
const MANUAL: &str = "manual_product";

/// Counts the sums of an order whose parts are complete.
fn total(books: &References, order: &mut Entity) {
    let mut purchase = None;
    let goods = match order.get("items").and_then(Value::as_array) {
        Some(items) if !items.is_empty() || !order.contains_key("summ") => {
            let full: f64 =
                items.iter().map(|item| sum(item["prices"].get(0).map(|price| &price["price"])) * sum(item.get("quantity"))).sum();
            let cost: f64 = items.iter().map(|item| sum(item.get("purchasePrice")) * sum(item.get("quantity"))).sum();
            purchase = Some(cost);
            full - sum(order.get("discountManualAmount")) - full * sum(order.get("discountManualPercent")) / 100.0
        }
        _ => sum(order.get("summ")),
    };
    let goods = goods.max(0.0);
    let delivery = sum(order.get("delivery").and_then(|delivery| delivery.get("cost")));
    if let Some(purchase) = purchase {
        order.insert("purchaseSumm".into(), money(purchase));
    }
    order.insert("summ".into(), money(goods));
    order.insert("totalSumm".into(), money(goods + delivery));
    let Some(payments) = order.get("payments").and_then(Value::as_object).filter(|payments| !payments.is_empty()) else {
        order.entry("prepaySum").or_insert(json!(0));
        return;
    };
    let whole = goods + delivery;
    let is_paid = |payment: &&Value| {
        let status = payment["status"].as_str().unwrap_or_default();
        books.find("paymentStatuses", status).is_some_and(|status| is(status, "paymentComplete", false))
    };
    let paid: f64 = payments.values().filter(is_paid).map(|payment| payment.get("amount").and_then(Value::as_f64).unwrap_or(whole)).sum();
    let last = payments.values().filter(is_paid).filter_map(|payment| payment["paidAt"].as_str()).max().map(str::to_owned);
    order.insert("prepaySum".into(), money(paid));
    // Fully paid is what has `fullPaidAt`, whatever single payments say.
    if paid > 0.0 && paid + 0.005 >= goods + delivery {
        if text(order, "fullPaidAt").is_empty()
            && let Some(last) = last
        {
            order.insert("fullPaidAt".into(), last.into());
        }
    } else {
        order.remove("fullPaidAt");
    }
}
