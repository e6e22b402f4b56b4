//! The reference books: which there are, how the API names them, and their entries.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::entity::{Entity, text};

/// One kind of reference book.
#[derive(Debug)]
pub struct Kind {
    /// As in the path: `order-types`.
    pub path: &'static str,
    /// As in the list's answer and in an account's file: `orderTypes`.
    pub list: &'static str,
    /// As in an edit's form: `orderType`. None: the API has no edit.
    pub one: Option<&'static str>,
    /// As in `"OrderType" with "code"="x" does not exist.`
    pub class: &'static str,
    /// The answer is a map by code; else a list.
    pub map: bool,
    /// Entries go by `id`: `/create` makes one, `/{id}/edit` changes it. Else `/{code}/edit` does both.
    pub by_id: bool,
}

const fn map(path: &'static str, list: &'static str, one: Option<&'static str>, class: &'static str) -> Kind {
    Kind { path, list, one, class, map: true, by_id: false }
}

const fn list(path: &'static str, list: &'static str, one: Option<&'static str>, class: &'static str) -> Kind {
    Kind { path, list, one, class, map: false, by_id: false }
}

/// The kinds that the simulator keeps.
pub const KINDS: [Kind; 20] = [
    map("sites", "sites", Some("site"), "Site"),
    map("statuses", "statuses", Some("status"), "Status"),
    map("status-groups", "statusGroups", None, "StatusGroup"),
    map("order-types", "orderTypes", Some("orderType"), "OrderType"),
    map("order-methods", "orderMethods", Some("orderMethod"), "OrderMethod"),
    map("payment-types", "paymentTypes", Some("paymentType"), "PaymentType"),
    map("payment-statuses", "paymentStatuses", Some("paymentStatus"), "PaymentStatus"),
    map("delivery-types", "deliveryTypes", Some("deliveryType"), "DeliveryType"),
    map("delivery-services", "deliveryServices", Some("deliveryService"), "DeliveryService"),
    map("product-statuses", "productStatuses", Some("productStatus"), "ProductStatus"),
    list("cost-groups", "costGroups", Some("costGroup"), "CostGroup"),
    list("cost-items", "costItems", Some("costItem"), "CostItem"),
    list("stores", "stores", Some("store"), "Store"),
    list("price-types", "priceTypes", Some("priceType"), "PriceType"),
    list("legal-entities", "legalEntities", Some("legalEntity"), "LegalEntity"),
    map("units", "units", Some("unit"), "Unit"),
    list("mg-channels", "mgChannels", None, "MgChannel"),
    list("subscriptions", "subscriptions", None, "Subscription"),
    Kind { path: "couriers", list: "couriers", one: Some("courier"), class: "Courier", map: false, by_id: true },
    Kind { path: "currencies", list: "currencies", one: Some("currency"), class: "Currency", map: false, by_id: true },
];

/// The entries of the books.
#[derive(Debug, Clone, Default)]
pub struct References(BTreeMap<&'static str, Vec<Entity>>);

impl References {
    /// Entries of a kind by its list's name.
    pub fn of(&self, list: &str) -> &[Entity] {
        self.0.get(list).map_or(&[], Vec::as_slice)
    }

    /// Entries of a kind, to change them.
    pub fn of_mut(&mut self, list: &'static str) -> &mut Vec<Entity> {
        self.0.entry(list).or_default()
    }

    /// An entry by its code.
    pub fn find(&self, list: &str, code: &str) -> Option<&Entity> {
        self.of(list).iter().find(|entry| text(entry, "code") == code)
    }

    /// Codes of a kind, in order.
    pub fn codes(&self, list: &str) -> impl Iterator<Item = &str> {
        self.of(list).iter().map(|entry| text(entry, "code"))
    }

    /// The entry that a flag marks as the default; else the first.
    pub fn default_of(&self, list: &str, flag: &str) -> Option<&str> {
        let entries = self.of(list);
        let marked = entries.iter().find(|entry| entry.get(flag) == Some(&Value::Bool(true)));
        marked.or(entries.first()).map(|entry| text(entry, "code"))
    }

    /// What the API says of a code that is not there.
    pub fn unknown(list: &str, code: &str) -> String {
        let class = KINDS.iter().find(|kind| kind.list == list).map_or(list, |kind| kind.class);
        format!("\"{class}\" with \"code\"=\"{code}\" does not exist.")
    }
}
