//! «Подключение передачи сделок»: the deals in UIS after each recording of `recordings/deals/`.

use serde_json::{Value, json};
use uis_test_support::{Replayed, replay_json, root, story};

/// Replays a recording of `tests/recordings/deals/`.
fn replayed(name: &str) -> Replayed {
    story(&format!("deals/{name}")).replay()
}

/// What the ids of a recording's first RetailCRM account end with.
const ACCOUNT: &str = "@account-1.retailcrm.io";

/// Deals of UIS, one line each: sum, funnel, employee, and the stages that were uploaded with the day and time at which each began.
pub fn deal_lines(deals: &[Value]) -> Vec<String> {
    // The account that every id names is left out, for it is the same in all of them.
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| text.replace(ACCOUNT, ""));
    let deal = |deal: &Value| {
        let stages = deal["history"].as_array().into_iter().flatten().filter(|state| state["is_generated"] == false);
        let stages: Vec<String> = stages
            .map(|state| {
                let (at, stage) = (text(&state["modified_stage_date_time"]), text(&state["stage_ext_id"]));
                format!("{}@{}", stage.trim_start_matches("status-"), &at[8..16])
            })
            .collect();
        let (id, funnel, employee) = (text(&deal["ext_id"]), text(&deal["sales_funnel_ext_id"]), text(&deal["employee_ext_id"]));
        format!("{id} {} in {funnel} by {employee}: {}", deal["revenue"], stages.join(" "))
    };
    let mut lines: Vec<String> = deals.iter().map(deal).collect();
    lines.sort();
    lines
}

/// The recordings of `tests/recordings/deals/`, each with the lines of the deals that are in UIS afterwards.
const DEALS_AFTER: &[(&str, &[&str])] = &[
    (
        "bad-record",
        &[
            "order-71 1000 in shop-main by null: new@20 10:00",
            "order-72 350.5 in shop-main by null: new@23 10:00",
            "order-73 350.5 in shop-main by null: new@23 10:00",
        ],
    ),
    ("hour-twice", &["order-71 100 in shop-main by null: new@01 01:40 success@01 01:40"]),
    ("refused-new", &["order-72 700 in shop-main by null: new@23 10:00 availability-confirmed@23 11:00"]),
    ("refused-then-mended", &["order-71 700 in shop-main by null: new@20 10:00 success@23 11:00"]),
    (
        "status-ends",
        &[
            "order-71 100 in shop-main by null: new@20 10:00 delivering@23 10:00 success@23 10:00",
            "order-72 100 in shop-main by null: new@20 10:00 brandnew@23 15:00",
        ],
    ),
    ("crm-down", &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:00"]),
    (
        "two-crms",
        &[
            "order-17 100 in shop-main by user-11: new@01 12:00 success@02 10:00",
            "order-17@account-2.retailcrm.io 900 in shop-main@account-2.retailcrm.io by user-11@account-2.retailcrm.io: new@account-2.retailcrm.io@01 12:00",
            "order-18@account-2.retailcrm.io 901 in shop-main@account-2.retailcrm.io by user-11@account-2.retailcrm.io: new@account-2.retailcrm.io@01 12:00 failed@account-2.retailcrm.io@02 10:02",
        ],
    ),
    (
        "one-crm-twice",
        &[
            "order-17 100 in shop-main by user-11: new@01 12:00 availability-confirmed@02 10:00",
            "order-18 101 in shop-main by user-11: new@01 12:00 success@02 11:05",
        ],
    ),
    (
        "crm-moves",
        &[
            "order-17@s-77.retailcrm.io 100 in shop-main@s-77.retailcrm.io by user-11@s-77.retailcrm.io: new@s-77.retailcrm.io@01 12:00 availability-confirmed@s-77.retailcrm.io@02 10:00 success@s-77.retailcrm.io@02 10:40",
        ],
    ),
    ("day-of-an-old-version", &["order-231 4200 in shop-main by user-41: new@04 12:00 success@07 10:10"]),
    ("day-to-come", &["order-231 4200 in shop-main by user-41: new@04 12:00 success@07 10:10"]),
    ("crm-answers-with-a-page", &["order-71 500 in shop-main by null: new@20 10:00 success@02 10:00"]),
    ("delivery-cost-off", &["order-71 2000 in shop-main by null: new@20 10:00"]),
    ("delivery-cost-on", &["order-71 2300.5 in shop-main by null: new@20 10:00"]),
    ("delivery-cost-switched", &["order-71 2300.5 in shop-main by null: new@20 10:00"]),
    (
        "ends-as-chosen",
        &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:00", "order-72 350.5 in shop-main by null: failed@23 10:01"],
    ),
    ("fields-off", &["order-71 2000 in shop-main by null: new@20 10:00"]),
    ("fields-on", &["order-71 2000 in shop-main by null: new@20 10:00"]),
    (
        "from-a-call",
        &[
            "order-72 0 in shop-main by user-5: new@23 10:00",
            "order-73 0 in shop-main by user-5: new@23 10:01",
            "order-74 0 in shop-main by user-5: new@23 10:02",
        ],
    ),
    (
        "funnel-default",
        &[
            "order-71 2000 in default by null: new@20 10:00 availability-confirmed@23 10:00",
            "order-72 350.5 in default by null: new@23 10:01",
        ],
    ),
    (
        "funnel-per-shop",
        &[
            "order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00",
            "order-72 350.5 in shop-tomsk by null: new@23 10:01",
        ],
    ),
    (
        "funnel-switched",
        &[
            "order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00 availability-confirmed@23 10:00 availability-confirmed@23 10:00",
            "order-72 350.5 in shop-tomsk by null: new@23 10:01 new@23 10:01 new@23 10:01",
        ],
    ),
    ("hints-doubled", &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:00"]),
    ("hints-of-all-kinds", &["order-71 2000 in shop-main by null: new@20 10:00", "order-72 350.5 in shop-main by null: new@23 10:00"]),
    ("key-lacks-the-right", &[]),
    (
        "loaded-by-button",
        &[
            "order-80 100 in shop-main by null: new@10 10:00 success@11 10:00",
            "order-81 101 in shop-main by null: failed@12 10:00",
            "order-82 102 in shop-main by null: new@13 10:00",
        ],
    ),
    (
        "loaded-from-a-day",
        &[
            "order-80 100 in shop-main by null: new@10 10:00 success@11 10:00",
            "order-81 101 in shop-main by null: failed@12 10:00",
            "order-82 102 in shop-main by null: new@13 10:00 availability-confirmed@23 10:00",
        ],
    ),
    ("merged-and-deleted", &["order-71 2350.5 in shop-main by null: new@20 10:00"]),
    ("not-loaded", &["order-82 102 in shop-main by null: new@12 10:00 availability-confirmed@23 10:00"]),
    ("off-and-on", &["order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00 success@23 12:00"]),
    ("off", &[]),
    ("on-trigger", &["order-71 2000 in shop-main by user-5: new@20 10:00 availability-confirmed@23 10:00"]),
    (
        "shop-changed",
        &[
            "order-71 2000 in shop-tomsk by null: new@20 10:00 availability-confirmed@23 10:00 availability-confirmed@23 10:00 success@23 12:00",
        ],
    ),
    ("shop-deleted", &["order-71 2000 in shop-main by null: new@20 10:00"]),
    ("statuses-change", &["order-71 2000 in shop-main by null: new@20 10:00 availability-confirmed@23 10:00 gift-wrap@23 13:00"]),
    (
        "sums",
        &[
            "order-71 0 in shop-main by null: new@20 10:00",
            "order-72 0 in shop-main by null: success@20 10:00",
            "order-73 19.99 in shop-main by null: new@20 10:00",
            "order-74 625 in shop-main by null: new@20 10:00",
        ],
    ),
    (
        "there-and-back",
        &[
            "order-71 2000 in shop-main by null: new@20 10:00 assembling-complete@23 10:00 success@23 10:20 availability-confirmed@23 11:00 failed@23 11:01 success@23 11:02",
        ],
    ),
    ("too-many-statuses", &["order-71 2000 in shop-main by null: new@20 10:00 group-approval@23 10:00 assembling-complete@23 10:40"]),
    (
        "uis-busy",
        &[
            "order-71 2000 in shop-main by user-6: new@20 10:00 success@23 10:00",
            "order-72 350.5 in shop-main by null: new@23 10:00",
            "order-73 350.5 in shop-tomsk by null: new@23 10:00",
        ],
    ),
    (
        "whose-orders",
        &[
            "order-72 0 in shop-main by null: new@20 10:00",
            "order-73 0 in shop-main by null: new@20 10:00",
            "order-74 10 in shop-main by null: new@23 10:00",
        ],
    ),
    (
        "without-trigger",
        &["order-71 2000 in shop-main by null: new@20 10:00 success@23 10:03", "order-72 350.5 in shop-main by null: new@23 10:00"],
    ),
];

#[test]
fn every_setting_in_every_position_uploads_the_right_deals() {
    for (name, expected) in DEALS_AFTER {
        assert_eq!(deal_lines(replayed(name).deals()), *expected, "{name}");
    }
    let recordings = std::fs::read_dir(root().join("tests/recordings/deals")).expect("a folder").count();
    assert_eq!(DEALS_AFTER.len(), recordings, "a recording is missing in the table");
}

#[test]
fn a_deal_has_the_data_of_its_order_under_the_data_apis_names() {
    let after = replayed("on-trigger");
    let mut deal = after.deals()[0].clone();
    deal.as_object_mut().expect("an object").remove("history");
    assert_eq!(
        deal,
        json!({
            "ext_id": "order-71@account-1.retailcrm.io",
            "name": "Заказ №71A",
            "created_date_time": "2026-11-20 10:00:00",
            "modified_date_time": "2026-11-23 10:00:00",
            "modified_stage_date_time": "2026-11-23 10:00:00",
            "sales_funnel_ext_id": "shop-main@account-1.retailcrm.io",
            "stage_ext_id": "status-availability-confirmed@account-1.retailcrm.io",
            "contact_ext_ids": ["customer-17@account-1.retailcrm.io"],
            "main_contact_ext_id": "customer-17@account-1.retailcrm.io",
            "employee_ext_id": "user-5@account-1.retailcrm.io",
            // The employee's name in UIS, not the user's in RetailCRM.
            "employee_name": "Иванова Анна",
            "revenue": 2000,
            "user_fields": [
                {"ext_id": "shop@account-1.retailcrm.io", "value": "Основной магазин", "name": "Магазин", "data_type": "string"},
                {"ext_id": "currency@account-1.retailcrm.io", "value": "RUB", "name": "Валюта", "data_type": "string"},
            ],
            "url": "https://demo.retailcrm.ru/orders/71/edit",
        })
    );
    assert_eq!(
        after.uis()["dealContacts"],
        json!([{"ext_id": "customer-17@account-1.retailcrm.io", "name": "Сидоров Пётр", "created_date_time": "2026-10-01 12:00:00", "phone_numbers": ["79161234567"], "emails": ["petr@example.ru"]}])
    );
    let values = replayed("fields-on").deals()[0]["user_fields"].clone();
    let field = |code: &str, name: &str, kind: &str, value: &str| json!({"ext_id": format!("{code}{ACCOUNT}"), "name": name, "data_type": kind, "value": value});
    for expected in [
        field("field-margin", "Маржа", "numeric", "120.5"),
        field("field-way", "Способ", "string", "Самолётом"),
        field("field-gift", "Подарок", "string", "да"),
    ] {
        assert!(values.as_array().is_some_and(|values| values.contains(&expected)), "{expected} in {values}");
    }
    assert!(!replayed("fields-off").deals()[0]["user_fields"].to_string().contains("field-"));
}

/// The ids of everything that deals put into UIS.
fn ids(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(id) if name.ends_with("ext_id") => found.push(id.clone()),
                    Value::Array(list) if name.ends_with("ext_ids") => {
                        found.extend(list.iter().filter_map(Value::as_str).map(str::to_owned))
                    }
                    other => ids(other, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_id_names_its_crm_account() {
    let after = replayed("two-crms");
    let mut found = Vec::new();
    for list in ["funnels", "deals", "dealContacts"] {
        ids(&after.uis()[list], &mut found);
    }
    let named = |id: &String| id.ends_with("@account-1.retailcrm.io") || id.ends_with("@account-2.retailcrm.io");
    assert!(found.len() > 50 && found.iter().all(named), "{found:?}");
    let contacts: Vec<(&str, &str)> = after.uis()["dealContacts"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|contact| (contact["ext_id"].as_str().expect("an id"), contact["name"].as_str().expect("a name")))
        .collect();
    assert!(contacts.contains(&("customer-3@account-1.retailcrm.io", "Эмма")), "{contacts:?}");
    assert!(contacts.contains(&("customer-3@account-2.retailcrm.io", "Фёдор")), "{contacts:?}");
}

#[test]
fn of_two_integrations_of_one_crm_account_one_sends_its_deals() {
    let after = replayed("one-crm-twice");
    let messages = after.messages();
    assert!(messages.len() == 1 && messages[0].starts_with("[second] deals: another integration"), "{messages:?}");
    let names: Vec<&Value> = after.modules().iter().map(|module| &module["name"]).collect();
    assert_eq!(names, ["UIS", "UIS (сделки: аккаунт 1)"], "the second has taken over");
}

#[test]
fn a_deal_names_the_communication_that_led_to_it() {
    let after = replayed("from-a-call");
    let communication = |id: &str| {
        let deal = after.deals().iter().find(|deal| deal["ext_id"] == format!("{id}{ACCOUNT}")).expect("a deal");
        (deal["communication_type"].clone(), deal["communication_id"].clone())
    };
    assert_eq!(communication("order-72"), (json!("call"), json!(998_678_201)));
    assert_eq!(communication("order-73"), (json!("offline_message"), json!(501)));
    assert_eq!(communication("order-74"), (json!("chat"), json!(5601)), "the communication's id, not the chat's");
}

#[test]
fn funnels_have_the_stages_that_uis_accepts() {
    let stages = |name: &str| {
        let funnel = replayed(name).funnels()[0].clone();
        let stages = funnel["stages"].as_array().expect("a list").clone();
        let count = |status: &str| stages.iter().filter(|stage| stage["stage_status"] == status).count();
        assert_eq!((count("success"), count("failed")), (1, 1), "{name}");
        assert!((1..=100).contains(&count("in_process")), "{name}");
        stages.iter().map(|stage| stage["stage_name"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let names = stages("statuses-change");
    assert_eq!(names[1], "Есть на складе", "a stage that deals were in is renamed and stays, though its status is no longer used");
    assert!(names.contains(&"Упаковка подарка".to_owned()), "{names:?}");
    assert_eq!(stages("too-many-statuses"), ["Новый", "Согласование", "Укомплектован", "Выполнен", "Отменен"]);
}

#[test]
fn what_is_not_uploaded_is_reported() {
    for (name, message, times) in [
        ("bad-record", "deal of order №71A: UIS refuses: data_type_error", 1),
        ("too-many-statuses", "so each of these groups has only one stage: approval", 1),
        ("key-lacks-the-right", "give the key the right order_read", 1),
        ("on-trigger", "", 0),
    ] {
        let after = replayed(name);
        let messages = after.messages();
        assert_eq!(messages.len(), times, "{name}: {messages:?}");
        assert!(messages.iter().all(|text| text.contains(message)), "{name}: {messages:?}");
    }
}

#[test]
fn the_button_load_deals_names_the_setting_that_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (settings, setting) in [(r#"{"deals":true}"#, "settings.deal-history-from"), ("{}", "settings.deals")] {
        let header = format!(r#"{{"recording":1,"settings":{settings}}}"#);
        let path =
            uis_test_support::file(&folder, "button.jsonl", &[&header, r#"{"at":"2026-11-23T10:00:00+03:00","action":"load-deals"}"#]);
        let (status, value) = replay_json(&[&path]);
        let problem = value["problems"][0]["message"].to_string();
        assert!(status == 1 && problem.contains(setting), "{problem}");
    }
}

#[test]
fn a_day_that_cannot_be_loaded_from_is_named_and_stops_no_deal() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(root().join("tests/recordings/deals/day-to-come.jsonl")).expect("readable");
    let mut lines = text.replace(r#", "deal-history-from": "2027-03-01""#, "").lines().map(str::to_owned).collect::<Vec<_>>();
    for day in ["2026-04-31", "2026-02-30"] {
        let settings = json!({"deals": true, "deal-history-from": day});
        lines.insert(1, json!({"at": "2026-12-07T10:00:00+03:00", "settings": settings}).to_string());
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (status, value) = replay_json(&[&uis_test_support::file(&folder, "days.jsonl", &lines)]);
    assert_eq!((status, deal_lines(value["uis"]["deals"].as_array().expect("deals")).len()), (1, 1), "deals go on");
    let messages: Vec<&str> = value["problems"].as_array().expect("a list").iter().filter_map(|one| one["message"].as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    for (message, day) in messages.iter().zip(["2026-02-30", "2026-04-31"]) {
        for part in
            ["settings.deal-history-from", "«Загрузить сделки с даты»", day, "write a day of the calendar", "the previous settings stay"]
        {
            assert!(message.contains(part), "{message}: {part}");
        }
    }
    assert_eq!(replayed("day-of-an-old-version").messages(), Vec::<&str>::new(), "a note says it");
    let to_come = replayed("day-to-come");
    let messages = to_come.messages();
    assert!(messages.len() == 1 && messages[0].contains("deal-history-from: 2027-03-01 is in the future"), "{messages:?}");
}
