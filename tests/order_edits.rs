//! Users edit orders, triggers fire or get lost, RetailCRM fails and the host crashes: after one reconciliation UIS has exactly the deals that
//! follow from the orders and their history.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use uis_test_support::chaos::{cases, crashes, faults, lane_order, save_case};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::play_blocking_seeded;

const SITES: [&str; 2] = ["main", "second"];
const STATUSES: [&str; 6] = ["new", "availability-confirmed", "assembling-complete", "complete", "no-call", "cancel-other"];
const CREATED: &str = "2026-11-20 10:00:00";

/// What somebody does in RetailCRM, or a trigger that fires. A `usize` for an order is its place among the orders that exist.
#[derive(Debug, Clone)]
enum Edit {
    Create(usize),
    Status(usize, usize),
    Sum(usize, u32),
    Manager(usize, bool),
    Move(usize, usize),
    Delete(usize),
    Combine(usize, usize),
    /// A trigger names an existing order.
    Trigger(usize),
    /// A trigger names an order that does not exist.
    TriggerOfUnknown(u32),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (0..2usize).prop_map(Edit::Create),
        6 => (0..9usize, 0..STATUSES.len()).prop_map(|(order, status)| Edit::Status(order, status)),
        2 => (0..9usize, 0..5000u32).prop_map(|(order, sum)| Edit::Sum(order, sum)),
        1 => (0..9usize, any::<bool>()).prop_map(|(order, manager)| Edit::Manager(order, manager)),
        1 => (0..9usize, 0..2usize).prop_map(|(order, site)| Edit::Move(order, site)),
        1 => (0..9usize).prop_map(Edit::Delete),
        1 => (0..9usize, 0..9usize).prop_map(|(order, into)| Edit::Combine(order, into)),
        4 => (0..9usize).prop_map(Edit::Trigger),
        1 => (1000..9999u32).prop_map(Edit::TriggerOfUnknown),
    ]
}

/// What the deal of an order must be.
#[derive(Debug, Clone)]
struct Model {
    status: String,
    site: String,
    /// Whether the plugin learnt of the order, by its history or by a trigger. Otherwise UIS has no deal for it.
    noticed: bool,
    stages: Vec<(String, String)>,
}

impl Model {
    fn new(status: &str, site: &str, created: &str) -> Model {
        let stages = vec![(Model::stage(status), created.to_owned())];
        Model { status: status.to_owned(), site: site.to_owned(), noticed: false, stages }
    }

    /// The stage that a status of RetailCRM becomes in UIS.
    fn stage(status: &str) -> String {
        match status {
            "complete" => "success".to_owned(),
            "no-call" | "cancel-other" => "failed".to_owned(),
            other => format!("status-{other}"),
        }
    }

    fn set_status(&mut self, status: &str, at: &str) {
        if self.status == status {
            return;
        }
        self.noticed = true;
        self.status = status.to_owned();
        if self.stages.last().is_none_or(|(stage, _)| *stage != Self::stage(status)) {
            self.stages.push((Self::stage(status), at.to_owned()));
        }
    }
}

/// The orders that exist after the edits so far, by id.
struct Orders {
    models: BTreeMap<i64, Model>,
    next_id: i64,
}

impl Orders {
    /// The two orders that exist in the beginning, and RetailCRM's records of them.
    fn at_start() -> (Orders, Vec<Value>) {
        let start = [(1, "new", "main"), (2, "availability-confirmed", "second")];
        let models = start.iter().map(|(id, status, site)| (*id, Model::new(status, site, CREATED))).collect();
        let record = |(id, status, site): &(i64, &str, &str)| {
            json!({"id": id, "number": format!("{id}A"), "status": status, "site": site, "customer": {"id": 5}, "createdAt": CREATED,
                "items": [{"productName": "x", "initialPrice": 100, "quantity": 1}]})
        };
        (Orders { models, next_id: 3 }, start.iter().map(record).collect())
    }

    /// The id of the order at a place; none if no order exists.
    fn pick(&self, place: usize) -> Option<i64> {
        self.models.keys().nth(place % self.models.len().max(1)).copied()
    }

    fn model(&mut self, id: i64) -> &mut Model {
        self.models.get_mut(&id).expect("the order exists")
    }

    /// The line of a recording in which somebody edits an order.
    fn edited(&self, id: i64, change: Value) -> Value {
        let form = json!({"by": "id", "site": self.models[&id].site, "order": change.to_string()});
        json!({"crm": {"path": format!("/api/v5/orders/{id}/edit"), "form": form}})
    }

    /// Applies an edit and returns the recording's line for it; none if it cannot be done.
    fn apply(&mut self, edit: &Edit, at: &str) -> Option<Value> {
        Some(match edit {
            Edit::Create(site) => {
                let order = json!({"firstName": "Вера", "phone": "79160000002", "items": [{"productName": "y", "initialPrice": 50, "quantity": 1}]});
                let created = Model { noticed: true, ..Model::new("new", SITES[*site], at) };
                self.models.insert(self.next_id, created);
                self.next_id += 1;
                json!({"crm": {"path": "/api/v5/orders/create", "form": {"site": SITES[*site], "order": order.to_string()}}})
            }
            Edit::Trigger(place) => {
                let id = self.pick(*place)?;
                self.model(id).noticed = true;
                json!({"order-webhook": format!("orderId={id}")})
            }
            Edit::TriggerOfUnknown(id) => json!({"order-webhook": format!("orderId={id}")}),
            Edit::Combine(place, into) => {
                let (id, into) = (self.pick(*place)?, self.pick(*into)?);
                if id == into {
                    return None;
                }
                self.models.remove(&id);
                self.model(into).noticed = true;
                let form =
                    json!({"technique": "ours", "order": json!({"id": id}).to_string(), "resultOrder": json!({"id": into}).to_string()});
                json!({"crm": {"path": "/api/v5/orders/combine", "form": form}})
            }
            Edit::Status(place, status) => {
                let id = self.pick(*place)?;
                self.model(id).set_status(STATUSES[*status], at);
                self.edited(id, json!({"status": STATUSES[*status]}))
            }
            Edit::Sum(place, sum) => {
                let id = self.pick(*place)?;
                self.model(id).noticed = true;
                self.edited(id, json!({"items": [{"productName": "z", "initialPrice": sum, "quantity": 1}]}))
            }
            Edit::Manager(place, other) => {
                let id = self.pick(*place)?;
                self.model(id).noticed = true;
                self.edited(id, json!({"managerId": if *other { 12 } else { 11 }, "managerComment": at}))
            }
            Edit::Move(place, site) => {
                let id = self.pick(*place)?;
                let order = self.model(id);
                order.noticed |= order.site != SITES[*site];
                order.site = SITES[*site].to_owned();
                json!({"crm": {"path": "/_simulator/move", "json": {"order": id, "site": SITES[*site]}}})
            }
            Edit::Delete(place) => {
                let id = self.pick(*place)?;
                self.models.remove(&id);
                json!({"crm": {"path": "/_simulator/delete", "json": {"order": id}}})
            }
        })
    }
}

/// The recording of these edits, each after a pause in seconds, and the orders that must result, by id.
fn recording(edits: &[(Edit, u32)], seed: u64, default_funnel: bool) -> (String, BTreeMap<i64, Model>) {
    let (mut orders, records) = Orders::at_start();
    let header = json!({
        "recording": 1,
        "account": {"employees": [{"id": 1, "last_name": "A", "email": "a@x.example"}]},
        "settings": {"deals": true, "deal-default-funnel": default_funnel},
        "crm": {
            "users": [{"id": 11, "email": "a@x.example"}, {"id": 12, "email": "b@x.example", "firstName": "Борис"}],
            "sites": [{"code": "main", "name": "Основной", "defaultForCrm": true}, {"code": "second", "name": "Второй"}],
            "customers": [{"id": 5, "site": "main", "firstName": "Пётр", "phones": [{"number": "79161234567"}]}],
            "orders": records,
        },
    });
    let mut lines = vec![header.to_string()];
    if seed != 0 {
        lines.push(json!({"at": "2026-11-23T09:59:00+03:00", "crm-faults": faults(seed)}).to_string());
    }
    let mut second = 0u32;
    for (edit, pause) in edits {
        second += pause;
        let clock = format!("{:02}:{:02}:{:02}", 10 + second / 3600, second / 60 % 60, second % 60);
        let Some(mut line) = orders.apply(edit, &format!("2026-11-23 {clock}")) else { continue };
        line["at"] = format!("2026-11-23T{clock}+03:00").into();
        lines.push(line.to_string());
    }
    // The CRM recovers, and there is enough time for a reconciliation.
    lines.push(json!({"at": "2026-11-24T12:00:00+03:00", "crm-faults": {}}).to_string());
    lines.push(json!({"at": "2026-11-24T13:00:00+03:00", "report": {}}).to_string());
    (lines.join("\n"), orders.models)
}

/// Checks that UIS has exactly the deals that the orders and their history ask for.
fn check_deals(model: &BTreeMap<i64, Model>, default_funnel: bool, crm: &Value, uis: &Value) -> Result<(), TestCaseError> {
    // Every id names the CRM account.
    let uis: &Value = &serde_json::from_str(&uis.to_string().replace("@account-1.retailcrm.io", "")).expect("JSON");
    let orders: BTreeMap<i64, &Value> =
        crm["orders"].as_array().expect("a list").iter().map(|order| (order["id"].as_i64().expect("an id"), order)).collect();
    prop_assert_eq!(orders.keys().collect::<Vec<_>>(), model.keys().collect::<Vec<_>>(), "the model and the CRM have different orders");
    let deals: BTreeMap<String, &Value> =
        uis["deals"].as_array().expect("a list").iter().map(|deal| (deal["ext_id"].as_str().expect("an id").to_owned(), deal)).collect();
    let expected: Vec<String> = model.iter().filter(|(_, order)| order.noticed).map(|(id, _)| format!("order-{id}")).collect();
    let mut found: Vec<String> = deals.keys().cloned().collect();
    found.sort_by_key(|id| id.trim_start_matches("order-").parse::<i64>().expect("a number"));
    prop_assert_eq!(found, expected);
    for (id, expected) in model.iter().filter(|(_, order)| order.noticed) {
        let (order, deal) = (orders[id], deals[&format!("order-{id}")]);
        prop_assert_eq!(&deal["revenue"], &order["summ"], "revenue of {}", id);
        prop_assert_eq!(&deal["created_date_time"], &order["createdAt"]);
        let funnel = if default_funnel { "default".to_owned() } else { format!("shop-{}", expected.site) };
        prop_assert_eq!(&deal["sales_funnel_ext_id"], &funnel);
        prop_assert_eq!(&deal["stage_ext_id"], &Model::stage(&expected.status));
        prop_assert_eq!(&deal["main_contact_ext_id"], &format!("customer-{}", order["customer"]["id"]));
        let employee = order["managerId"].as_i64().map_or(Value::Null, |manager| format!("user-{manager}").into());
        prop_assert_eq!(&deal["employee_ext_id"], &employee);
        let mut stages: Vec<(String, String)> = deal["history"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|state| state["is_generated"] == false)
            .map(|state| {
                let text = |name: &str| state[name].as_str().expect("text").to_owned();
                (text("stage_ext_id"), text("modified_stage_date_time"))
            })
            .collect();
        // A deal that moves to another funnel gets another record of the same stage.
        stages.dedup();
        prop_assert_eq!(&stages, &expected.stages, "stages of {}", id);
    }
    Ok(())
}

/// The status changes at about the time at which the repeating timer reads the history and then the order. Whichever comes first, the deal has
/// both stages.
#[test]
fn a_status_that_changes_while_a_run_reads_hides_no_earlier_stage() {
    for pause in 601..=604 {
        let edits = [(Edit::Sum(0, 10), 0), (Edit::Status(0, 1), pause)];
        let (source, model) = recording(&edits, 0, false);
        for order in 0..8 {
            let (_, crm, uis) = play_blocking_seeded(&source, NativePlugin::crashing(Vec::new()), order);
            check_deals(&model, false, &crm, &uis).unwrap_or_else(|error| panic!("after {pause} s, order {order}: {error}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deals_follow_from_the_orders_and_their_history(
        edits in prop::collection::vec((edit(), 0u32..400), 1..25),
        seed in prop_oneof![Just(0), any::<u64>()],
        crashes in crashes(),
        default_funnel in any::<bool>(),
        order in lane_order(),
    ) {
        let (source, model) = recording(&edits, seed, default_funnel);
        let (trace, crm, uis) = play_blocking_seeded(&source, NativePlugin::crashing(crashes), order);
        let result = check_deals(&model, default_funnel, &crm, &uis);
        if result.is_err() {
            save_case("order_edits", &source, &trace.0);
        }
        result?;
    }
}
