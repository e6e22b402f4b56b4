//! What is in RetailCRM and UIS after a recording, as lines that a table can compare.
//!
//! Always: `customer NAME of MANAGER in SHOP has PHONES EMAIL`; `order EXTERNAL-ID for CUSTOMER by METHOD of MANAGER in SHOP`, of orders that
//! the plugin created; `task TEXT for PERFORMER due TIME`; `note FIRST-LINE on CUSTOMER`. Other forms only where a row of the table has them; it
//! then has every line of that form:
//!
//! | form | of |
//! |---|---|
//! | `customer-created ID TIME`, `order-created ID TIME`, `note-created TIME` | each record's `createdAt` |
//! | `customer-fields ID JSON`, `order-fields ID JSON` | the custom fields of each record that has any; `0 {}` if none has |
//! | `order-comment ID TEXT`, `order-talk ID LINE` | `managerComment`; the first line of `customerComment` |
//! | `order-kind ID TYPE STATUS` | each order of the plugin |
//! | `task-customer ID CUSTOMER` | each task |
//! | `calls N`, `popups N` | how many records the call history has; how many pop-ups were shown, closed ones included |
//! | `call-shop ID SHOP` | each record's `externalId` and `site`; `null` if it has none |
//! | `dialled CONTACT shows NUMBER by RULE` | each dial order, the rule only if it has one; `dialled 0` if there is none |
//! | `forward JSON` | the phones of each answer to UIS |
//! | `employee NAME STATUS` | each employee of UIS |
//! | `skipped MESSAGE` | each reported problem; `skipped nothing` if there is none |

use serde_json::Value;
use uis_test_support::Replayed;

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Orders that the plugin created.
fn own_orders(after: &Replayed) -> impl Iterator<Item = &Value> {
    after.orders().iter().filter(|order| order["externalId"].is_string())
}

/// The lines that every row has.
pub fn crm_lines(after: &Replayed) -> Vec<String> {
    let customer = |customer: &Value| {
        let phones: Vec<String> = customer["phones"].as_array().into_iter().flatten().map(|phone| text(&phone["number"])).collect();
        let (name, site) = (text(&customer["firstName"]), text(&customer["site"]));
        let email = customer["email"].as_str().unwrap_or("no e-mail");
        format!("customer {name} of {} in {site} has {} {email}", customer["managerId"], phones.join(" and "))
    };
    let order = |order: &Value| {
        let (id, method, site) = (text(&order["externalId"]), text(&order["orderMethod"]), text(&order["site"]));
        format!("order {id} for {} by {method} of {} in {site}", order["customer"]["id"], order["managerId"])
    };
    let task = |task: &Value| format!("task {} for {} due {}", text(&task["text"]), task["performer"], text(&task["datetime"]));
    let note = |note: &Value| Some(format!("note {} on {}", text(&note["text"]).lines().next()?, note["customer"]["id"]));
    let customers_and_orders = after.customers().iter().map(customer).chain(own_orders(after).map(order));
    customers_and_orders.chain(after.tasks().iter().map(task)).chain(after.notes().iter().filter_map(note)).collect()
}

/// The lines of the forms that a row of the table has.
pub fn lines(after: &Replayed, expected: &[&str]) -> Vec<String> {
    let mut found = crm_lines(after);
    let mut forms: Vec<&str> = Vec::new();
    for form in expected.iter().filter_map(|line| line.split(' ').next()) {
        if !["customer", "order", "task", "note"].contains(&form) && !forms.contains(&form) {
            forms.push(form);
        }
    }
    found.extend(forms.into_iter().flat_map(|form| of_form(after, form)));
    found
}

fn of_form(after: &Replayed, form: &str) -> Vec<String> {
    let or = |found: Vec<String>, nothing: &str| if found.is_empty() { vec![format!("{form} {nothing}")] } else { found };
    let created =
        |records: Vec<&Value>| records.into_iter().map(|one| format!("{form} {} {}", one["id"], text(&one["createdAt"]))).collect();
    let fields = |records: &[Value]| {
        let with = records.iter().filter(|one| one["customFields"].as_object().is_some_and(|fields| !fields.is_empty()));
        or(with.map(|one| format!("{form} {} {}", one["id"], one["customFields"])).collect(), "0 {}")
    };
    match form {
        "customer-created" => created(after.customers().iter().collect()),
        "order-created" => created(own_orders(after).collect()),
        "note-created" => after.notes().iter().map(|note| format!("{form} {}", text(&note["createdAt"]))).collect(),
        "customer-fields" => fields(after.customers()),
        "order-fields" => fields(after.orders()),
        "order-comment" => own_orders(after).map(|order| format!("{form} {} {}", order["id"], text(&order["managerComment"]))).collect(),
        "order-talk" => {
            let line = |order: &Value| Some(format!("{form} {} {}", order["id"], order["customerComment"].as_str()?.lines().next()?));
            own_orders(after).filter_map(line).collect()
        }
        "order-kind" => own_orders(after)
            .map(|order| format!("{form} {} {} {}", order["id"], text(&order["orderType"]), text(&order["status"])))
            .collect(),
        "task-customer" => after.tasks().iter().map(|task| format!("{form} {} {}", task["id"], task["customer"]["id"])).collect(),
        "calls" => vec![format!("{form} {}", after.calls().len())],
        "popups" => vec![format!("{form} {}", after.popups().len())],
        "call-shop" => after.calls().iter().map(|call| format!("{form} {} {}", text(&call["externalId"]), text(&call["site"]))).collect(),
        "dialled" => {
            let rule = |dialled: &Value| dialled["virtual_phone_usage_rule"].as_str().map(|rule| format!(" by {rule}")).unwrap_or_default();
            let shown = |dialled: &Value| {
                format!("{form} {} shows {}{}", text(&dialled["contact"]), text(&dialled["virtual_phone_number"]), rule(dialled))
            };
            or(after.dialled().iter().map(shown).collect(), "0")
        }
        "forward" => after.answers().iter().map(|answer| format!("{form} {}", answer["forward_to"])).collect(),
        "employee" => {
            let shown = |employee: &Value| format!("{form} {} {}", text(&employee["full_name"]), text(&employee["status"]));
            after.employees().iter().map(shown).collect()
        }
        "skipped" => or(after.messages().into_iter().map(|message| format!("{form} {message}")).collect(), "nothing"),
        other => panic!("the form {other:?} is not known"),
    }
}
