//! Reads a part of a RetailCRM account, so that a recording can be replayed against a simulator that contains it: the reference books, the
//! users, and what belongs to chosen phones and orders. Only reads are sent.
//!
//! | file | what |
//! |---|---|
//! | [`mask`] | replaces what identifies people |
//! | `api` | one request after the other, within the account's limits |

mod api;
pub mod mask;

use std::collections::{BTreeMap, BTreeSet};

use retailcrm_simulator::account::references::KINDS;
use serde_json::{Map, Value, json};

pub use api::Api;

/// At most this many pages of a list are read, of a hundred entities each.
const PAGES: u32 = 50;
/// Digits that every spelling of a number ends with: those after the country's code.
const NATIONAL_DIGITS: usize = 10;

/// What is looked for in the account.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Phones, in any spelling: their customers.
    pub phones: Vec<String>,
    /// Ids or numbers of orders: the orders and their customers.
    pub orders: Vec<String>,
    /// Ids of customers.
    pub customers: Vec<u64>,
}

/// A part of an account.
#[derive(Debug)]
pub struct Snapshot {
    /// The `crm` of a recording's header.
    pub crm: Value,
    /// The account's time zone, if it says one.
    pub timezone: Option<String>,
    /// What was asked for and is not there, each as a sentence.
    pub not_found: Vec<String>,
    /// What could not be read, such as a reference book that the key has no right to, each as a sentence.
    pub unread: Vec<String>,
}

/// Reads what is wanted. The error says which request failed and why.
pub async fn read(api: &Api, wanted: &Wanted) -> Result<Snapshot, String> {
    // Distinguishes a wrong key from a right that is missing.
    api.required("/api/credentials", &[]).await?;
    let mut reading = Reading { api, crm: Map::new(), not_found: Vec::new(), unread: Vec::new() };
    reading.books().await?;
    let mut customers: BTreeMap<u64, Value> = BTreeMap::new();
    let mut orders: BTreeMap<u64, Value> = BTreeMap::new();
    for wanted in &wanted.orders {
        orders.extend(reading.orders_called(wanted).await?);
    }
    let mut ids: BTreeSet<u64> = wanted.customers.iter().copied().collect();
    ids.extend(orders.values().flat_map(people_of));
    for phone in &wanted.phones {
        customers.extend(reading.customers_with(phone).await?);
    }
    for id in ids.into_iter().filter(|id| !customers.contains_key(id)).collect::<Vec<_>>() {
        customers.extend(reading.customer(id).await?);
    }
    for id in customers.keys() {
        orders.extend(reading.of_customer("/api/v5/orders", "orders", "filter[customerId]", *id).await?);
    }
    let notes = reading.notes(customers.keys()).await?;
    let tasks = reading.tasks(&customers, &orders).await?;
    let companies = reading.companies(customers.keys()).await?;
    let mut put = |name: &str, list: BTreeMap<u64, Value>| {
        reading.crm.insert(name.into(), Value::Array(list.into_values().collect()));
    };
    put("customers", customers);
    put("customersCorporate", companies);
    put("orders", orders);
    put("notes", notes);
    put("tasks", tasks);
    let timezone = reading.crm.get("settings").and_then(|settings| settings["timezone"]["value"].as_str()).map(str::to_owned);
    Ok(Snapshot { crm: reading.crm.into(), timezone, not_found: reading.not_found, unread: reading.unread })
}

struct Reading<'a> {
    api: &'a Api,
    crm: Map<String, Value>,
    not_found: Vec<String>,
    unread: Vec<String>,
}

impl Reading<'_> {
    /// Settings, reference books, users and custom fields.
    async fn books(&mut self) -> Result<(), String> {
        if let Some(answer) = self.optional("/api/v5/settings", &[]).await? {
            self.crm.insert("settings".into(), answer["settings"].clone());
        }
        for kind in &KINDS {
            if let Some(answer) = self.optional(&format!("/api/v5/reference/{}", kind.path), &[]).await? {
                self.crm.insert(kind.list.into(), answer[kind.list].clone());
            }
        }
        for (path, list, member) in [
            ("/api/v5/users", "users", "users"),
            ("/api/v5/user-groups", "groups", "userGroups"),
            ("/api/v5/custom-fields", "customFields", "customFields"),
            ("/api/v5/custom-fields/dictionaries", "customDictionaries", "customDictionaries"),
        ] {
            let entities = self.pages(path, list, &[]).await?;
            if !entities.is_empty() {
                self.crm.insert(member.into(), entities.into());
            }
        }
        Ok(())
    }

    /// Customers with a phone.
    async fn customers_with(&mut self, phone: &str) -> Result<BTreeMap<u64, Value>, String> {
        let wanted = national(phone);
        let found = self.pages("/api/v5/customers", "customers", &[("filter[name]", wanted.clone())]).await?;
        let has = |customer: &Value| {
            let phones = customer["phones"].as_array().into_iter().flatten();
            phones.filter_map(|phone| phone["number"].as_str()).any(|number| national(number) == wanted)
        };
        let found = by_id(found.into_iter().filter(has));
        if found.is_empty() {
            self.not_found.push(format!("no customer has the phone {phone}"));
        }
        Ok(found)
    }

    async fn customer(&mut self, id: u64) -> Result<Option<(u64, Value)>, String> {
        let answer = self.optional(&format!("/api/v5/customers/{id}"), &[("by", "id".into())]).await?;
        Ok(answer.map(|answer| (id, answer["customer"].clone())).filter(|(_, customer)| customer.is_object()))
    }

    /// Orders with an id or a number.
    async fn orders_called(&mut self, name: &str) -> Result<BTreeMap<u64, Value>, String> {
        let mut found = by_id(self.pages("/api/v5/orders", "orders", &[("filter[numbers][]", name.to_owned())]).await?);
        if name.parse::<u64>().is_ok() {
            found.extend(by_id(self.pages("/api/v5/orders", "orders", &[("filter[ids][]", name.to_owned())]).await?));
        }
        if found.is_empty() {
            self.not_found.push(format!("no order has the id or the number {name}"));
        }
        Ok(found)
    }

    async fn of_customer(&mut self, path: &str, list: &str, filter: &str, id: u64) -> Result<BTreeMap<u64, Value>, String> {
        Ok(by_id(self.pages(path, list, &[(filter, id.to_string())]).await?))
    }

    async fn notes(&mut self, customers: impl Iterator<Item = &u64>) -> Result<BTreeMap<u64, Value>, String> {
        let mut notes = BTreeMap::new();
        for id in customers {
            notes.extend(self.of_customer("/api/v5/customers/notes", "notes", "filter[customerIds][]", *id).await?);
        }
        Ok(notes)
    }

    /// Tasks of these customers and orders. The API finds them only by a text, so each result is checked.
    async fn tasks(&mut self, customers: &BTreeMap<u64, Value>, orders: &BTreeMap<u64, Value>) -> Result<BTreeMap<u64, Value>, String> {
        let mut tasks = BTreeMap::new();
        let text = |customer: &Value| {
            ["lastName", "firstName", "email"]
                .iter()
                .find_map(|name| customer[*name].as_str().filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let customers_texts = customers.values().filter_map(text).map(|text| ("filter[customer]", text));
        let numbers = orders.values().filter_map(|order| Some(("filter[orderNumber]", order["number"].as_str()?.to_owned())));
        for filter in customers_texts.chain(numbers).collect::<BTreeSet<_>>() {
            let found = self.pages("/api/v5/tasks", "tasks", &[filter]).await?;
            let of = |task: &Value, name: &str, known: &BTreeMap<u64, Value>| {
                task[name]["id"].as_u64().is_some_and(|id| known.contains_key(&id))
            };
            tasks.extend(by_id(found.into_iter().filter(|task| of(task, "customer", customers) || of(task, "order", orders))));
        }
        Ok(tasks)
    }

    /// Companies that these customers are contacts of, with their contacts among these customers.
    async fn companies(&mut self, customers: impl Iterator<Item = &u64>) -> Result<BTreeMap<u64, Value>, String> {
        let known: BTreeSet<u64> = customers.copied().collect();
        let mut companies = BTreeMap::new();
        for id in &known {
            companies.extend(self.of_customer("/api/v5/customers-corporate", "customersCorporate", "filter[contactIds][]", *id).await?);
        }
        for (id, company) in &mut companies {
            let contacts = self.pages(&format!("/api/v5/customers-corporate/{id}/contacts"), "contacts", &[("by", "id".into())]).await?;
            let known = |contact: &Value| contact["customer"]["id"].as_u64().is_some_and(|id| known.contains(&id));
            company["customerContacts"] = contacts.into_iter().filter(known).collect();
            let within = self.pages(&format!("/api/v5/customers-corporate/{id}/companies"), "companies", &[("by", "id".into())]).await?;
            company["companies"] = within.into();
        }
        Ok(companies)
    }

    /// An answer, or none if there is no such thing or the key has no right to it.
    async fn optional(&mut self, path: &str, query: &[(&str, String)]) -> Result<Option<Value>, String> {
        match self.api.get(path, query).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(why) => {
                self.unread.push(why);
                Ok(None)
            }
        }
    }

    /// All entities of a list.
    async fn pages(&mut self, path: &str, list: &str, query: &[(&str, String)]) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let paged: Vec<(&str, String)> = query.iter().cloned().chain([("limit", "100".into()), ("page", page.to_string())]).collect();
            let Some(mut answer) = self.optional(path, &paged).await? else { return Ok(all) };
            let pages = answer["pagination"]["totalPageCount"].as_u64().unwrap_or(1);
            if let Value::Array(entities) = answer[list].take() {
                all.extend(entities);
            }
            if u64::from(page) >= pages {
                return Ok(all);
            }
        }
        self.unread.push(format!("{path}: only the first {PAGES} pages were read"));
        Ok(all)
    }
}

fn by_id(entities: impl IntoIterator<Item = Value>) -> BTreeMap<u64, Value> {
    entities.into_iter().filter_map(|entity| Some((entity["id"].as_u64()?, entity))).collect()
}

/// The customers that an order names; a company is found by its contact.
fn people_of(order: &Value) -> Vec<u64> {
    let person = |name: &str| order[name]["id"].as_u64().filter(|_| order[name]["type"] != json!("customer_corporate"));
    ["customer", "contact"].into_iter().filter_map(person).collect()
}

/// The digits of a number that every spelling has.
fn national(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(NATIONAL_DIGITS)..].iter().collect()
}
