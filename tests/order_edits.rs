//! Whatever people do to orders, and whatever becomes of the triggers that tell of it: after one reconciliation UIS's deals are what the orders
//! and their history say, and nothing else.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use uis_test_support::misfortune::{cases, crashes, faults, keep, lane_order};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::played_seeded;

const SITES: [&str; 2] = ["main", "second"];
const STATUSES: [&str; 6] = ["new", "availability-confirmed", "assembling-complete", "complete", "no-call", "cancel-other"];
const CREATED: &str = "2026-11-20 10:00:00";

/// What somebody does; orders are meant by their place among those that are there.
#[derive(Debug, Clone)]
enum Deed {
    Create(usize),
    Status(usize, usize),
    Sum(usize, u32),
    Manager(usize, bool),
    Move(usize, usize),
    Delete(usize),
    Combine(usize, usize),
    /// The trigger tells of an order, or of one that nobody knows.
    Hint(usize),
    Unknown(u32),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..2usize).prop_map(Deed::Create),
        6 => (0..9usize, 0..STATUSES.len()).prop_map(|(order, status)| Deed::Status(order, status)),
        2 => (0..9usize, 0..5000u32).prop_map(|(order, sum)| Deed::Sum(order, sum)),
        1 => (0..9usize, any::<bool>()).prop_map(|(order, manager)| Deed::Manager(order, manager)),
        1 => (0..9usize, 0..2usize).prop_map(|(order, site)| Deed::Move(order, site)),
        1 => (0..9usize).prop_map(Deed::Delete),
        1 => (0..9usize, 0..9usize).prop_map(|(order, into)| Deed::Combine(order, into)),
        4 => (0..9usize).prop_map(Deed::Hint),
        1 => (1000..9999u32).prop_map(Deed::Unknown),
    ]
}

/// An order as its history tells of it.
#[derive(Debug, Clone)]
struct Model {
    status: String,
    site: String,
    /// The history, or a trigger, tells of it.
    told: bool,
    stages: Vec<(String, String)>,
}

impl Model {
    fn stage(status: &str) -> String {
        match status {
            "complete" => "success".to_owned(),
            "no-call" | "cancel-other" => "failed".to_owned(),
            other => format!("status-{other}"),
        }
    }

    fn become_(&mut self, status: &str, at: &str) {
        if self.status == status {
            return;
        }
        self.told = true;
        self.status = status.to_owned();
        if self.stages.last().is_none_or(|(stage, _)| *stage != Self::stage(status)) {
            self.stages.push((Self::stage(status), at.to_owned()));
        }
    }
}

/// The recording of these deeds, and what must come of them: orders by id.
fn recording(deeds: &[(Deed, u32)], seed: u64, default_funnel: bool) -> (String, BTreeMap<i64, Model>) {
    let orders: Vec<Value> = [(1, "new", "main"), (2, "availability-confirmed", "second")]
        .iter()
        .map(|(id, status, site)| {
            json!({"id": id, "number": format!("{id}A"), "status": status, "site": site, "customer": {"id": 5}, "createdAt": CREATED,
                "items": [{"productName": "x", "initialPrice": 100, "quantity": 1}]})
        })
        .collect();
    let mut model: BTreeMap<i64, Model> = BTreeMap::new();
    for order in &orders {
        let status = order["status"].as_str().expect("text").to_owned();
        let stages = vec![(Model::stage(&status), CREATED.to_owned())];
        let site = order["site"].as_str().expect("text").to_owned();
        model.insert(order["id"].as_i64().expect("an id"), Model { status, site, told: false, stages });
    }
    let header = json!({
        "recording": 1,
        "account": {"employees": [{"id": 1, "last_name": "A", "email": "a@x.example"}]},
        "settings": {"deal-default-funnel": default_funnel},
        "crm": {
            "users": [{"id": 11, "email": "a@x.example"}, {"id": 12, "email": "b@x.example", "firstName": "Борис"}],
            "sites": [{"code": "main", "name": "Основной", "defaultForCrm": true}, {"code": "second", "name": "Второй"}],
            "customers": [{"id": 5, "site": "main", "firstName": "Пётр", "phones": [{"number": "79161234567"}]}],
            "orders": orders,
        },
    });
    let mut lines = vec![header.to_string()];
    if seed != 0 {
        lines.push(json!({"at": "2026-11-23T09:59:00+03:00", "crm-faults": faults(seed)}).to_string());
    }
    let (mut second, mut next_id) = (0u32, 3i64);
    for (deed, pause) in deeds {
        second += pause;
        let clock = format!("{:02}:{:02}:{:02}", 10 + second / 3600, second / 60 % 60, second % 60);
        let at = format!("2026-11-23 {clock}");
        let there: Vec<i64> = model.keys().copied().collect();
        let pick = |place: &usize| there.get(place % there.len().max(1)).copied();
        let act = |path: &str, form: Value| json!({"path": path, "form": form});
        let edit = |id: i64, order: Value| {
            let site = &model[&id].site;
            act(&format!("/api/v5/orders/{id}/edit"), json!({"by": "id", "site": site, "order": order.to_string()}))
        };
        let line = match deed {
            Deed::Create(site) => {
                let order = json!({"firstName": "Вера", "phone": "79160000002", "items": [{"productName": "y", "initialPrice": 50, "quantity": 1}]});
                let line = act("/api/v5/orders/create", json!({"site": SITES[*site], "order": order.to_string()}));
                let stages = vec![(Model::stage("new"), at.clone())];
                model.insert(next_id, Model { status: "new".into(), site: SITES[*site].into(), told: true, stages });
                next_id += 1;
                json!({"crm": line})
            }
            Deed::Hint(place) => {
                let Some(id) = pick(place) else { continue };
                model.get_mut(&id).expect("there").told = true;
                json!({"order-webhook": format!("orderId={id}")})
            }
            Deed::Unknown(id) => json!({"order-webhook": format!("orderId={id}")}),
            Deed::Combine(place, into) => {
                let (Some(id), Some(into)) = (pick(place), pick(into)) else { continue };
                if id == into {
                    continue;
                }
                model.remove(&id);
                model.get_mut(&into).expect("there").told = true;
                let form =
                    json!({"technique": "ours", "order": json!({"id": id}).to_string(), "resultOrder": json!({"id": into}).to_string()});
                json!({"crm": act("/api/v5/orders/combine", form)})
            }
            Deed::Status(place, status) => {
                let Some(id) = pick(place) else { continue };
                let line = edit(id, json!({"status": STATUSES[*status]}));
                model.get_mut(&id).expect("there").become_(STATUSES[*status], &at);
                json!({"crm": line})
            }
            Deed::Sum(place, sum) => {
                let Some(id) = pick(place) else { continue };
                let line = edit(id, json!({"items": [{"productName": "z", "initialPrice": sum, "quantity": 1}]}));
                model.get_mut(&id).expect("there").told = true;
                json!({"crm": line})
            }
            Deed::Manager(place, other) => {
                let Some(id) = pick(place) else { continue };
                let line = edit(id, json!({"managerId": if *other { 12 } else { 11 }, "managerComment": at}));
                model.get_mut(&id).expect("there").told = true;
                json!({"crm": line})
            }
            Deed::Move(place, site) => {
                let Some(id) = pick(place) else { continue };
                let order = model.get_mut(&id).expect("there");
                order.told |= order.site != SITES[*site];
                order.site = SITES[*site].to_owned();
                json!({"crm": {"path": "/_simulator/move", "json": {"order": id, "site": SITES[*site]}}})
            }
            Deed::Delete(place) => {
                let Some(id) = pick(place) else { continue };
                model.remove(&id);
                json!({"crm": {"path": "/_simulator/delete", "json": {"order": id}}})
            }
        };
        let mut line = line;
        line["at"] = format!("2026-11-23T{clock}+03:00").into();
        lines.push(line.to_string());
    }
    // The CRM recovers, and there is time for a reconciliation.
    lines.push(json!({"at": "2026-11-24T12:00:00+03:00", "crm-faults": {}}).to_string());
    lines.push(json!({"at": "2026-11-24T13:00:00+03:00", "report": {}}).to_string());
    (lines.join("\n"), model)
}

fn all_holds(model: &BTreeMap<i64, Model>, default_funnel: bool, crm: &Value, uis: &Value) -> Result<(), TestCaseError> {
    let orders: BTreeMap<i64, &Value> =
        crm["orders"].as_array().expect("a list").iter().map(|order| (order["id"].as_i64().expect("an id"), order)).collect();
    prop_assert_eq!(orders.keys().collect::<Vec<_>>(), model.keys().collect::<Vec<_>>(), "the model is the CRM");
    let deals: BTreeMap<String, &Value> =
        uis["deals"].as_array().expect("a list").iter().map(|deal| (deal["ext_id"].as_str().expect("an id").to_owned(), deal)).collect();
    let told: Vec<String> = model.iter().filter(|(_, order)| order.told).map(|(id, _)| format!("order-{id}")).collect();
    let mut there: Vec<String> = deals.keys().cloned().collect();
    there.sort_by_key(|id| id.trim_start_matches("order-").parse::<i64>().expect("a number"));
    prop_assert_eq!(there, told);
    for (id, expected) in model.iter().filter(|(_, order)| order.told) {
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
        // A deal that moved to another funnel is in the same stage there.
        stages.dedup();
        prop_assert_eq!(&stages, &expected.stages, "stages of {}", id);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deals_are_what_orders_and_their_history_say(
        deeds in prop::collection::vec((deed(), 0u32..400), 1..25),
        seed in prop_oneof![Just(0), any::<u64>()],
        crashes in crashes(),
        default_funnel in any::<bool>(),
        order in lane_order(),
    ) {
        let (source, model) = recording(&deeds, seed, default_funnel);
        let (trace, crm, uis) = played_seeded(&source, NativePlugin::crashing(crashes), order);
        let held = all_holds(&model, default_funnel, &crm, &uis);
        if held.is_err() {
            keep("order_edits", &source, &trace.0);
        }
        held?;
    }
}
