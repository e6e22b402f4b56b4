//! The settings of «Подключение телефонии», each in every position: what is in RetailCRM and UIS after each recording of
//! `recordings/telephony/`.

use serde_json::Value;
use uis_test_support::{Replayed, story};

/// Replays a recording of `tests/recordings/telephony/`.
pub fn replayed(name: &str) -> Replayed {
    story(&format!("telephony/{name}")).replay()
}

/// The customers and tasks that are in RetailCRM after a recording, one line each.
fn crm_lines(name: &str) -> Vec<String> {
    let after = replayed(name);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let integration = |record: &Value| record["integration"].as_str().map(|name| format!(" in {name}")).unwrap_or_default();
    let customer = |customer: &Value| {
        let phones: Vec<String> = customer["phones"].as_array().into_iter().flatten().map(|phone| text(&phone["number"])).collect();
        format!(
            "customer {} of {} in {} has {}{}",
            text(&customer["firstName"]),
            customer["managerId"],
            text(&customer["site"]),
            phones.join(" and "),
            integration(customer)
        )
    };
    let task = |task: &Value| {
        let state = if task["complete"] == true { "done" } else { "open" };
        format!(
            "task {:?} for {} due {} in {} {state}{}",
            text(&task["text"]),
            task["performer"],
            text(&task["datetime"]),
            text(&task["phoneSite"]),
            integration(task)
        )
    };
    after.customers().iter().map(customer).chain(after.tasks().iter().map(task)).collect()
}

/// Checks the customers and tasks after each of these recordings.
fn check(expected: &[(&str, &[&str])]) {
    for (name, lines) in expected {
        assert_eq!(crm_lines(name), *lines, "{name}");
    }
}

#[test]
fn a_call_creates_a_contact_if_the_settings_say_so() {
    check(&[
        ("contact-created", &["customer Пётр ‹b›Сидоров‹/b› of 5 in main has 79161234567"]),
        ("contact-off", &[]),
        ("contact-known-by-second-phone", &["customer Пётр of null in main has +7 (999) 000-00-00 and 8 (916) 123-45-67"]),
        ("contact-never-for-lost", &[]),
        ("contact-answered-untold", &["customer +79161234567 of 5 in main has 79161234567"]),
        ("contact-of-default", &["customer +79161234567 of 7 in main has 79161234567"]),
        ("contact-of-fixed", &["customer +79161234567 of 6 in main has 79161234567"]),
        ("contact-answer-lost", &["customer +79161234567 of 5 in main has 79161234567"]),
        ("contact-two-at-once", &["customer +79161234567 of 5 in main has 79161234567"]),
    ]);
}

#[test]
fn a_missed_call_creates_a_task_if_the_settings_say_so() {
    let usual =
        |due: &str, state: &str| format!("task \"Перезвонить: пропущенный звонок 79161234567\" for 5 due 2026-11-23 {due} in main {state}");
    let other =
        |due: &str, who: i64| format!("task \"Перезвонить: пропущенный звонок 79160000002\" for {who} due 2026-11-23 {due} in main open");
    check(&[
        ("missed-task", &["task \"Перезвонить 79161234567, Отдел ‹продаж›, ждал 30 с\" for 6 due 2026-11-23 11:00 in main open"]),
        ("missed-task-off", &[]),
        ("missed-task-once", &[&usual("11:00", "done"), &usual("14:00", "open")]),
        ("missed-task-every-time", &[&usual("11:00", "open"), &usual("12:00", "open")]),
        ("missed-task-closed-by-call", &[&usual("11:00", "done")]),
        ("missed-task-later-stays", &[&usual("11:06", "open")]),
        ("missed-task-left-open", &[&usual("11:00", "open")]),
        ("missed-task-outgoing", &["task \"Перезвонить: пропущенный звонок 79161234567\" for 5 due 2026-11-24 10:00 in main open"]),
        (
            "missed-task-of-manager",
            &[
                "customer Пётр of 6 in main has 79161234567",
                "task \"Перезвонить: пропущенный звонок 79161234567\" for 6 due 2026-11-23 11:00 in main open",
                &other("12:00", 7),
            ],
        ),
        ("missed-task-after-hours", &[&other("20:00", 5)]),
        ("missed-task-in-hours", &[&usual("13:00", "open")]),
        ("missed-task-answer-lost", &[&usual("11:00", "open")]),
        ("missed-task-committed-late", &[&usual("11:00", "open")]),
        ("missed-task-in-summer-time", &["task \"Перезвонить: пропущенный звонок 79161234567\" for 5 due 2026-10-25 02:50 in main open"]),
    ]);
}

#[test]
fn the_virtual_number_decides_the_shop() {
    check(&[
        (
            "shop-by-number",
            &[
                "customer +79161234567 of 6 in omsk has 79161234567",
                "customer +79160000003 of 5 in moscow has 79160000003",
                "task \"Перезвонить: пропущенный звонок 79160000002\" for 5 due 2026-11-23 12:00 in omsk open",
            ],
        ),
        (
            "shops-without-map",
            &[
                "customer +79161234567 of 5 in moscow has 79161234567",
                "task \"Перезвонить: пропущенный звонок 79160000002\" for 5 due 2026-11-23 12:00 in moscow open",
            ],
        ),
    ]);
    let after = replayed("shop-by-number");
    let numbers = after.modules()[0]["integrations"]["telephony"]["externalPhones"].as_array().expect("a list").iter();
    assert_eq!(numbers.filter_map(|row| row["externalPhone"].as_str()).collect::<Vec<_>>(), ["74951112233", "74951112244"]);
    let sites: Vec<&str> = after.calls().iter().filter_map(|call| call["site"].as_str()).collect();
    assert_eq!(sites, ["omsk", "omsk", "moscow"]);
}

#[test]
fn calls_on_numbers_outside_the_filter_are_ignored() {
    check(&[
        ("filter-by-number", &["customer +79161234567 of 5 in main has 79161234567"]),
        (
            "two-integrations",
            &[
                "customer +79161234567 of 5 in main has 79161234567 in first",
                "customer +79160000002 of 5 in main has 79160000002 in second",
            ],
        ),
    ]);
    let after = replayed("filter-by-number");
    assert_eq!((after.calls().len(), after.popups().len(), after.tasks().len()), (1, 1, 0));
}

#[test]
fn an_order_from_a_companys_contact_belongs_to_the_company() {
    check(&[(
        "contact-of-company",
        &[
            "customer Олег of null in main has +7 916 123-45-67",
            "task \"Перезвонить: пропущенный звонок 79161234567\" for 6 due 2026-11-23 12:00 in main open",
        ],
    )]);
    let order = replayed("contact-of-company").orders()[0].clone();
    assert_eq!(
        (&order["customer"]["id"], &order["customer"]["type"], &order["contact"]["id"]),
        (&Value::from(3), &Value::from("customer_corporate"), &Value::from(18))
    );
}

#[test]
fn after_a_breakdown_nothing_is_missing_or_created_twice() {
    let usual =
        |phone: &str, who: i64, due: &str| format!("task \"Перезвонить: пропущенный звонок {phone}\" for {who} due {due} in main open");
    let talked = |phone: &str, who: i64| format!("customer +{phone} of {who} in main has {phone}");
    check(&[
        ("crm-down-all-morning", &[&talked("79161234567", 5), &talked("79160000003", 6), &usual("79160000002", 5, "2026-11-23 11:30")]),
        ("report-alone", &[&talked("79161234567", 6), &usual("79160000002", 6, "2026-11-23 11:02")]),
        ("number-told-late", &[&usual("79161234567", 5, "2026-11-23 11:00")]),
        ("contact-phone-taken-off", &["customer Пётр of null in main has "]),
        ("settings-half-way", &[&talked("79160000003", 5), &usual("79160000004", 5, "2026-11-23 15:00")]),
        ("deactivated-and-again", &[&talked("79161234567", 5), &talked("79160000003", 5)]),
        ("missed-task-in-spring", &[&usual("79161234567", 5, "2026-03-29 03:29")]),
    ]);
}

#[test]
fn a_refused_order_delays_nothing_else_and_is_created_when_the_setting_is_corrected() {
    let (status, after) = story("telephony/order-refused").replay_with_status();
    assert_eq!((status, after.problems().len()), (1, 1), "{:?}", after.problems());
    for part in ["no-such-status", "Choose another value in «Статус заказа» (call-order-status)"] {
        assert!(after.messages()[0].contains(part), "{:?}", after.problems());
    }
    assert_eq!((after.tasks().len(), after.calls().len(), after.orders().len()), (1, 1, 1));
    assert_eq!(after.orders()[0]["externalId"], "uis-call-998678139");
}

#[test]
fn a_customer_is_created_without_the_data_that_retailcrm_refuses() {
    check(&[("contact-without-what-is-gone", &["customer +79161234567 of null in main has 79161234567"])]);
    let messages = replayed("contact-without-what-is-gone").messages().join("\n");
    assert!(messages.contains("incoming-first-user: user 99: RetailCRM has no such active user"), "{messages}");
}

/// RetailCRM merged the customer with another one between the answer and the end of the call.
#[test]
fn an_order_is_created_for_the_customer_that_a_merge_left() {
    let order = replayed("order-after-merge").orders()[0].clone();
    assert_eq!((&order["externalId"], &order["customer"]["id"]), (&Value::from("uis-call-998678153"), &Value::from(18)));
}

#[test]
fn a_right_that_the_key_lacks_is_reported_and_everything_else_is_done() {
    let (status, after) = story("telephony/key-lacks-a-right").replay_with_status();
    let kinds: Vec<&str> = after.problems().iter().filter_map(|problem| problem["kind"].as_str()).collect();
    assert_eq!((status, kinds), (1, vec!["misconfigured", "misconfigured"]), "{:?}", after.problems());
    assert_eq!(after.calls().len(), 2, "calls, for which the key has the right, are stored");
}

#[test]
fn an_event_that_lacks_a_right_waits_and_is_handled_when_the_settings_are_saved() {
    let (status, after) = story("telephony/right-granted-later").replay_with_status();
    let managers: Vec<&Value> = after.customers().iter().map(|customer| &customer["managerId"]).collect();
    assert_eq!(managers, [5, 6], "one customer of each call, in the order of the calls");
    let kinds: Vec<&str> = after.problems().iter().filter_map(|problem| problem["kind"].as_str()).collect();
    assert_eq!((status, kinds), (1, vec!["misconfigured"; 4]), "each waiting event is reported once: {:?}", after.problems());
}

#[test]
fn an_event_that_is_handled_a_day_later_is_judged_by_its_own_time() {
    let (status, after) = story("telephony/missed-task-refused-for-a-day").replay_with_status();
    assert_eq!((status, after.problems().len()), (1, 1), "{:?}", after.problems());
    let due: Vec<&str> = after.tasks().iter().filter_map(|task| task["datetime"].as_str()).collect();
    assert_eq!(due, ["2026-11-23 13:00"], "the call was in working hours, the second attempt is not");
}

#[test]
fn each_reason_why_a_call_ended_has_its_own_result() {
    let result = |call: &Value| format!("{} {}", call["type"].as_str().unwrap_or_default(), call["result"].as_str().unwrap_or_default());
    let results: Vec<String> = replayed("results-told-apart").calls().iter().map(result).collect();
    assert_eq!(results, ["out busy", "out no answer", "out failed", "out not allowed", "in busy", "in not allowed", "in failed"]);
}

#[test]
fn advertising_and_tags_reach_retailcrm() {
    let after = replayed("advertising");
    assert_eq!(
        after.crm()["callEvents"][0]["webAnalyticsData"],
        serde_json::json!({
            "campaign": {"name": "Яндекс.Директ", "code": "77"},
            "queryString": "utm_source=yandex&utm_medium=cpc&utm_campaign=%D0%BE%D1%81%D0%B5%D0%BD%D1%8C+%26+%D0%B7%D0%B8%D0%BC%D0%B0&utm_term=%D0%BA%D1%83%D0%BF%D0%B8%D1%82%D1%8C+%D1%81%D0%BB%D0%BE%D0%BD%D0%B0",
        })
    );
    let source = serde_json::json!({"source": "yandex", "medium": "cpc", "campaign": "осень & зима", "keyword": "купить слона"});
    assert_eq!((&after.customers()[0]["source"], &after.calls()[0]["source"]), (&source, &source));
    let fields = |name: &str| replayed(name).customers()[0]["customFields"].clone();
    assert_eq!(fields("tags"), serde_json::json!({"tags": "горячий, vip, ‹b›", "first_tags": "Теги: горячий, vip, ‹b›"}));
    assert_eq!(fields("tags-not-always"), Value::Null);
}

#[test]
fn an_incoming_call_is_forwarded_to_the_customers_manager_if_the_setting_is_on() {
    for (name, numbers) in [("forward-to-manager", vec!["79260000102"]), ("forward-off", vec![])] {
        let after = replayed(name);
        assert_eq!(after.answers()[0]["forward_to"], serde_json::json!(numbers), "{name}");
        assert_eq!(after.answers()[0]["card"]["name"], "Пётр", "{name}: the card must be shown with and without forwarding");
    }
}

#[test]
fn extra_fields_are_written_to_customers() {
    let fields = |name: &str| replayed(name).customers()[0]["customFields"].clone();
    assert_eq!(
        fields("extra-fields"),
        serde_json::json!({
            "utm": "yandex / ‹осень›", "channel": "ya", "tags": ["vk", "ya"], "first_call": "2026-11-23 10:00:00",
            "last_talk": 90, // «Обновлять всегда»: the value of the second call
        })
    );
    let messages = replayed("extra-fields").messages().join("\n");
    assert!(messages.contains("field visits: ") && messages.contains("много") && messages.contains("no such field"), "{messages}");
    // UTM marks are written into RetailCRM's own fields even if extra fields are off.
    for name in ["extra-fields", "extra-fields-off"] {
        let after = replayed(name);
        let source = serde_json::json!({"source": "yandex", "campaign": "‹осень›"});
        assert_eq!((&after.customers()[0]["source"], &after.calls()[0]["source"]), (&source, &source), "{name}");
    }
    assert_eq!(fields("extra-fields-off"), Value::Null);
    assert_eq!(
        fields("extra-fields-known"),
        serde_json::json!({"utm": "yandex", "channel": "vk", "visits": 3}),
        "existing values must stay"
    );
}

#[test]
fn a_call_creates_an_order_if_the_settings_say_so() {
    let orders = |name: &str| -> Vec<String> {
        let text = |order: &Value, member: &str| order[member].as_str().unwrap_or("none").to_owned();
        let after = replayed(name);
        let created = after.orders().iter().filter(|order| order["externalId"].is_string());
        created
            .map(|order| {
                format!(
                    "{} {} {} of {} for customer {}",
                    text(order, "externalId"),
                    text(order, "orderMethod"),
                    text(order, "status"),
                    order["managerId"],
                    order["customer"]["id"]
                )
            })
            .collect()
    };
    for (name, expected) in [
        ("order-answer-lost", vec!["uis-call-998678138 phone new of 5 for customer 1"]),
        ("everything-talk", vec!["uis-call-998678132 phone new of 5 for customer 18", "uis-call-998678133 phone new of 5 for customer 17"]),
        ("everything-missed", vec!["uis-call-998678134 missed-call new of 5 for customer 1"]),
        ("order-first", vec!["uis-call-998678070 phone new of 5 for customer 1"]),
        ("order-off", vec![]),
        ("order-repeat-always", vec!["uis-call-998678072 phone client-confirmed of 5 for customer 17"]),
        ("order-repeat-no-open", vec![]),
        ("order-repeat-all-closed", vec!["uis-call-998678074 phone new of 5 for customer 17"]),
        ("order-repeat-too-soon", vec![]),
        ("order-repeat-after-hours", vec!["uis-call-998678076 phone new of 5 for customer 17"]),
        ("order-lost", vec!["uis-call-998678077 missed-call new of 6 for customer 1"]),
    ] {
        assert_eq!(orders(name), expected, "{name}");
    }
    let after = replayed("order-lost");
    assert_eq!(after.customers().len(), 1);
    assert_eq!(after.orders()[0]["managerComment"], "Звонок 79161234567 на 74951112233, 2026-11-23 10:00:00");
}

/// The calls in RetailCRM's history after a recording, by the caller's last digits.
fn callers(after: &Replayed) -> Vec<String> {
    let phone = |call: &Value| call["phone"].as_str().unwrap_or_default().chars().skip(7).collect();
    after.calls().iter().map(phone).collect()
}

/// RetailCRM is busy while somebody switches the integration, or its module in RetailCRM, on and off: the latest wish counts.
#[test]
fn the_latest_wish_wins_whatever_waits() {
    for (name, calls, active) in [
        ("off-then-on-while-crm-busy", &["1001", "1002"][..], true),
        ("on-then-off-while-crm-busy", &["1011"], false),
        ("module-off-learnt-late", &["1021"], true),
        ("module-off-while-activating", &[], false),
        ("module-on-then-off-while-crm-busy", &[], true),
    ] {
        let after = replayed(name);
        assert_eq!(
            (callers(&after), &after.modules()[0]["active"]),
            (calls.iter().map(|&call| call.to_owned()).collect(), &Value::from(active)),
            "{name}"
        );
    }
}

#[test]
fn what_settings_name_and_retailcrm_has_not_is_named_and_stops_nothing() {
    let after = replayed("shop-gone");
    let messages = after.messages();
    let named = |setting: &str, code: &str| messages.iter().filter(|message| message.contains(setting) && message.contains(code)).count();
    assert_eq!((named("shop-numbers", "ural"), named("main-shop", "sibir"), messages.len()), (1, 1, 2), "{messages:?}");
    assert_eq!((after.calls().len(), after.tasks().len()), (2, 2));
    let numbers = &after.modules()[0]["integrations"]["telephony"]["externalPhones"];
    assert!(numbers.to_string().contains("73433300055") && !numbers.to_string().contains("ural"), "{numbers}");
}

#[test]
fn what_people_wrote_into_extra_fields_stays() {
    let after = replayed("fields-filled-by-people");
    let fields = serde_json::json!({"notes": "Теги: Рекламация\nСпросить про доставку", "visits": 2});
    assert_eq!(after.customers()[0]["customFields"], fields);
}

#[test]
fn a_field_that_is_too_short_for_all_tags_has_whole_ones() {
    let fields = replayed("tags-too-many").customers()[0]["customFields"].clone();
    assert_eq!(crate::texts::whole_tags(fields["line"].as_str().expect("a line"), "Теги: "), 11);
    assert_eq!(fields["kinds"].as_array().map(Vec::len), Some(30));
}
