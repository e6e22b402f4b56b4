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
    let goods = goods(ids, order);
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
    total(books, order, goods);
}

/// Prices an order's items and returns what they cost together after all discounts; `None`: it has no items.
fn goods(ids: &mut PartIds, order: &mut Entity) -> Option<f64> {
    let (amount, percent) = (sum(order.get("discountManualAmount")), sum(order.get("discountManualPercent")));
    let items = order.get_mut("items")?.as_array_mut()?;
    let full: f64 = items.iter_mut().filter_map(Value::as_object_mut).map(|item| price(ids, item)).sum();
    let off = (amount + full * percent / 100.0).clamp(0.0, full.max(0.0));
    // Each item bears the same part of the order's own discount.
    let part = if full > 0.0 { off / full } else { 0.0 };
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        bear(item, part);
    }
    Some(full - off)
}

/// Takes a part of an item's price off, as its part of the order's discount.
fn bear(item: &mut Entity, part: f64) {
    let (initial, quantity, own) = (sum(item.get("initialPrice")), sum(item.get("quantity")), sum(item.get("discountTotal")));
    let share = (initial - own).max(0.0) * part;
    if share > 0.0 {
        let mut listed = item.get("discounts").and_then(Value::as_array).cloned().unwrap_or_default();
        listed.push(json!({"type": OF_ORDER, "amount": money(share)}));
        item.insert("discounts".into(), listed.into());
        item.insert("discountTotal".into(), money(own + share));
    }
    item.insert("prices".into(), json!([{"price": money(initial - own - share), "quantity": money(quantity)}]));
}

/// Gives an item its id and its own discounts, and returns what all of it costs after them.
fn price(ids: &mut PartIds, item: &mut Entity) -> f64 {
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
    (initial - sum(item.get("discountTotal"))) * quantity
}

/// Lists an item's discounts by kind, and returns the sum of those that were written as a list: `manual` is what its own two members give.
fn discounts(item: &mut Entity, manual: f64) -> f64 {
    let mut listed = item.get("discounts").and_then(Value::as_array).cloned().unwrap_or_default();
    listed.retain(|discount| discount["type"] != OF_ORDER);
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

/// The kind of discount that an item's own members are, and the item's part of the order's.
const MANUAL: &str = "manual_product";
const OF_ORDER: &str = "manual_order";

/// Counts the sums of an order whose parts are complete.
fn total(books: &References, order: &mut Entity, goods: Option<f64>) {
    let mut purchase = None;
    let goods = match (order.get("items").and_then(Value::as_array), goods) {
        (Some(items), Some(goods)) if !items.is_empty() || !order.contains_key("summ") => {
            let cost: f64 = items.iter().map(|item| sum(item.get("purchasePrice")) * sum(item.get("quantity"))).sum();
            purchase = Some(cost);
            goods
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
