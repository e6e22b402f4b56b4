//! The settings of «Подключение телефонии», each in every position: what stands in RetailCRM after its recording. The recordings are in
//! `recordings/telephony/` and tell the stories; here is what must come of them.

use serde_json::Value;
use uis_test_support::{replay_json, root, story};

/// What a recording leaves in UIS and in RetailCRM.
fn uis(name: &str) -> (Value, Value) {
    story(&format!("telephony/{name}")).replay().systems()
}

/// What a recording leaves in RetailCRM: customers and tasks, a line each.
fn left_by(name: &str) -> Vec<String> {
    let (_, crm) = uis(name);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let whose = |entity: &Value| entity["integration"].as_str().map(|name| format!(" in {name}")).unwrap_or_default();
    let customer = |customer: &Value| {
        let phones: Vec<String> = customer["phones"].as_array().into_iter().flatten().map(|phone| text(&phone["number"])).collect();
        format!(
            "customer {} of {} in {} has {}{}",
            text(&customer["firstName"]),
            customer["managerId"],
            text(&customer["site"]),
            phones.join(" and "),
            whose(customer)
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
            whose(task)
        )
    };
    let list =
        |name: &str, line: &dyn Fn(&Value) -> String| -> Vec<String> { crm[name].as_array().into_iter().flatten().map(line).collect() };
    [list("customers", &customer), list("tasks", &task)].concat()
}

fn check(expected: &[(&str, &[&str])]) {
    for (name, lines) in expected {
        assert_eq!(left_by(name), *lines, "{name}");
    }
}

#[test]
fn a_contact_on_a_call() {
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
fn a_task_for_a_missed_call() {
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
fn shops_by_their_numbers() {
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
    let path = root().join("tests/recordings/telephony/shop-by-number.jsonl");
    let crm = replay_json(&[path.to_str().expect("UTF-8")]).1["crm"].clone();
    let told: Vec<&Value> = crm["modules"][0]["integrations"]["telephony"]["externalPhones"].as_array().into_iter().flatten().collect();
    assert_eq!(
        told.iter().map(|row| row["externalPhone"].as_str().unwrap_or_default()).collect::<Vec<_>>(),
        ["74951112233", "74951112244"]
    );
    let sites: Vec<&str> = crm["calls"].as_array().into_iter().flatten().filter_map(|call| call["site"].as_str()).collect();
    assert_eq!(sites, ["omsk", "omsk", "moscow"]);
}

#[test]
fn calls_on_other_numbers_leave_no_trace() {
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
    let path = root().join("tests/recordings/telephony/filter-by-number.jsonl");
    let crm = replay_json(&[path.to_str().expect("UTF-8")]).1["crm"].clone();
    for (list, count) in [("calls", 1), ("popups", 1), ("tasks", 0)] {
        assert_eq!(crm[list].as_array().map(Vec::len), Some(count), "{list}");
    }
}

#[test]
fn a_company_is_known_by_its_contact() {
    check(&[(
        "contact-of-company",
        &[
            "customer Олег of null in main has +7 916 123-45-67",
            "task \"Перезвонить: пропущенный звонок 79161234567\" for 6 due 2026-11-23 12:00 in main open",
        ],
    )]);
    let order = uis("contact-of-company").1["orders"][0].clone();
    assert_eq!(
        (&order["customer"]["id"], &order["customer"]["type"], &order["contact"]["id"]),
        (&Value::from(3), &Value::from("customer_corporate"), &Value::from(18))
    );
}

#[test]
fn nothing_is_missed_or_made_twice_when_something_breaks_down() {
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
fn a_refused_order_holds_up_nothing_and_is_made_when_the_setting_is_mended() {
    let path = root().join("tests/recordings/telephony/order-refused.jsonl");
    let (status, value) = replay_json(&[path.to_str().expect("UTF-8")]);
    assert_eq!((status, value["problems"].as_array().map(Vec::len)), (1, Some(1)), "{}", value["problems"]);
    assert!(value["problems"][0]["message"].as_str().is_some_and(|told| told.contains("no-such-status")), "{}", value["problems"]);
    let crm = &value["crm"];
    let count = |list: &str| crm[list].as_array().map(Vec::len);
    assert_eq!((count("tasks"), count("calls"), count("orders")), (Some(1), Some(1), Some(1)));
    assert_eq!(crm["orders"][0]["externalId"], "uis-call-998678139");
}

#[test]
fn what_retailcrm_does_not_take_keeps_nobody_out_of_it() {
    check(&[("contact-without-what-is-gone", &["customer +79161234567 of null in main has 79161234567"])]);
    let path = root().join("tests/recordings/telephony/contact-without-what-is-gone.jsonl");
    let problems = replay_json(&[path.to_str().expect("UTF-8")]).1["problems"].to_string();
    assert!(problems.contains("User with id=99 not found"), "{problems}");

    // The customer was joined with another between the talk and its end.
    let order = uis("order-after-merge").1["orders"][0].clone();
    assert_eq!((&order["externalId"], &order["customer"]["id"]), (&Value::from("uis-call-998678153"), &Value::from(18)));

    let path = root().join("tests/recordings/telephony/key-lacks-a-right.jsonl");
    let (status, value) = replay_json(&[path.to_str().expect("UTF-8")]);
    let kinds: Vec<&str> = value["problems"].as_array().into_iter().flatten().filter_map(|problem| problem["kind"].as_str()).collect();
    assert_eq!((status, kinds), (1, vec!["misconfigured", "misconfigured"]), "{}", value["problems"]);
    assert_eq!(value["crm"]["calls"].as_array().map(Vec::len), Some(2), "what the key has the right to goes on");
}

#[test]
fn results_are_told_apart() {
    let results: Vec<String> = uis("results-told-apart").1["calls"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| format!("{} {}", call["type"].as_str().unwrap_or_default(), call["result"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(results, ["out busy", "out no answer", "out failed", "out not allowed", "in busy", "in not allowed", "in failed"]);
}

#[test]
fn advertising_and_tags_reach_retailcrm() {
    let (_, crm) = uis("advertising");
    assert_eq!(
        crm["callEvents"][0]["webAnalyticsData"],
        serde_json::json!({
            "campaign": {"name": "Яндекс.Директ", "code": "77"},
            "queryString": "utm_source=yandex&utm_medium=cpc&utm_campaign=%D0%BE%D1%81%D0%B5%D0%BD%D1%8C+%26+%D0%B7%D0%B8%D0%BC%D0%B0&utm_term=%D0%BA%D1%83%D0%BF%D0%B8%D1%82%D1%8C+%D1%81%D0%BB%D0%BE%D0%BD%D0%B0",
        })
    );
    let source = serde_json::json!({"source": "yandex", "medium": "cpc", "campaign": "осень & зима", "keyword": "купить слона"});
    assert_eq!((&crm["customers"][0]["source"], &crm["calls"][0]["source"]), (&source, &source));
    let fields = |name: &str| uis(name).1["customers"][0]["customFields"].clone();
    assert_eq!(fields("tags"), serde_json::json!({"tags": "горячий, vip, ‹b›", "first_tags": "Теги: горячий, vip, ‹b›"}));
    assert_eq!(fields("tags-not-always"), Value::Null);
}

#[test]
fn forwarding_to_the_personal_manager() {
    for (name, numbers) in [("forward-to-manager", vec!["79260000102"]), ("forward-off", vec![])] {
        let (uis, _) = uis(name);
        assert_eq!(uis["answers"][0]["forward_to"], serde_json::json!(numbers), "{name}");
        assert_eq!(uis["answers"][0]["card"]["name"], "Пётр", "{name}: the card is shown in any case");
    }
}

#[test]
fn the_number_that_a_customer_sees_when_he_is_called_by_a_click() {
    // «Номер для звонка по клику» is 74951112233, the employee's line has 74951112244.
    for (name, shown) in [
        ("click-shows-line", "74951112244"),
        ("click-line-not-registered", "74951112233"),
        ("click-shows-chosen", "74951112244"),
        ("click-chosen-unknown", "74951112244"),
        ("click-override", "74951112233"),
    ] {
        let (uis, _) = uis(name);
        assert_eq!(uis["dialled"][0]["virtual_phone_number"], shown, "{name}");
        assert_eq!(
            (&uis["dialled"][0]["direction"], &uis["dialled"][0]["contact"]),
            (&Value::from("out"), &Value::from("79161234567")),
            "{name}"
        );
    }
}

#[test]
fn a_click_dials_once_and_comes_back_as_an_outgoing_call() {
    let (uis, crm) = uis("click-to-call");
    let dialled: Vec<&str> = uis["dialled"].as_array().into_iter().flatten().filter_map(|order| order["contact"].as_str()).collect();
    assert_eq!(dialled, ["79161234567", "79161234568"], "the second click on the same number is the first one's");
    let call = &crm["calls"][0];
    assert_eq!(
        (&call["type"], &call["userId"], &call["source"]["source"]),
        (&Value::from("out"), &Value::from(5), &Value::from("retailcrm"))
    );
    let module = &crm["modules"][0]["integrations"]["telephony"];
    assert_eq!((&module["makeCallUrl"], &module["changeUserStatusUrl"]), (&Value::from("/make-call"), &Value::from("/status")));
}

#[test]
fn clicks_and_callbacks_that_cannot_be_followed_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = std::fs::read_to_string(root().join("tests/recordings/telephony/click-to-call.jsonl")).expect("readable");
    let header = header.lines().next().expect("a header").to_owned();
    let click = |query: &str| format!(r#"{{"at":"2026-11-23T10:00:00+03:00","click-to-call":"{query}"}}"#);
    let callback = |name: &str, form: &str| format!(r#"{{"at":"2026-11-23T10:00:00+03:00","callback":"{name}","form":"{form}"}}"#);
    let secret = "clientId=replay-client-id";
    for (line, told) in [
        (click("clientId=wrong&code=101&phone=79161234567&userId=5"), "does not contain the account's secret"),
        (click(&format!("{secret}&code=999&phone=79161234567&userId=99")), "no UIS employee (user 99, extension 999)"),
        (click(&format!("{secret}&code=101&userId=5")), "names no phone"),
        (click(&format!("{secret}&code=101&userId=5&phone=12")), "12 is not a number that can be called"),
        (click(&format!("{secret}&code=101&userId=5&phone=%3Cscript%3E")), "‹script› is not a number"),
        (callback("activity", &format!("{secret}&activity=nonsense")), "activity is not JSON"),
        (callback("status", &format!("{secret}&userId=5&status=asleep")), "no status"),
    ] {
        let path = uis_test_support::file(&folder, "click.jsonl", &[&header, &line]);
        let (status, value) = replay_json(&[&path, "--settle", "0s"]);
        assert_eq!(status, 1, "{line}");
        assert!(value["problems"][0]["message"].as_str().is_some_and(|message| message.contains(told)), "{line}: {}", value["problems"]);
        assert_eq!(value["uis"]["dialled"], serde_json::json!([]), "{line}");
    }
}

#[test]
fn extra_fields_of_customers() {
    let fields = |name: &str| uis(name).1["customers"][0]["customFields"].clone();
    assert_eq!(
        fields("extra-fields"),
        serde_json::json!({
            "utm": "yandex / ‹осень›", "channel": "ya", "tags": ["vk", "ya"], "first_call": "2026-11-23 10:00:00",
            "last_talk": 90, // «Обновлять всегда»: the second call's
        })
    );
    let path = root().join("tests/recordings/telephony/extra-fields.jsonl");
    let problems = replay_json(&[path.to_str().expect("UTF-8")]).1["problems"].to_string();
    assert!(problems.contains("field visits: the field holds a integer: много") && problems.contains("no such field"), "{problems}");
    // UTM marks are RetailCRM's own, with or without extra fields.
    for name in ["extra-fields", "extra-fields-off"] {
        let crm = uis(name).1;
        let came = serde_json::json!({"source": "yandex", "campaign": "‹осень›"});
        assert_eq!((&crm["customers"][0]["source"], &crm["calls"][0]["source"]), (&came, &came), "{name}");
    }
    assert_eq!(fields("extra-fields-off"), Value::Null);
    assert_eq!(fields("extra-fields-known"), serde_json::json!({"utm": "yandex", "channel": "vk", "visits": 3}), "nothing is erased");
}

#[test]
fn employees_follow_the_chosen_users() {
    let (after, crm) = uis("employees-synchronised");
    let told: Vec<String> = after["employees"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|employee| {
            let text = |name: &str| employee[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {} {} {}", employee["id"], text("last_name"), text("first_name"), text("email"), text("status"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "323409 Иванова-Петрова Анна anna.new@shop.example available",
            "323410 Петров Борис boris@shop.example available",
            "323411 Вера  vera@shop.example not_at_work",
        ],
        "renamed and with another e-mail; not chosen and left alone; created without a last name and switched off later"
    );
    let codes = &crm["modules"][0]["integrations"]["telephony"]["additionalCodes"];
    assert_eq!(codes, &serde_json::json!([{"code": "101", "userId": 5}, {"code": "102", "userId": 6}]));
    let path = root().join("tests/recordings/telephony/employees-synchronised.jsonl");
    let problems = replay_json(&[path.to_str().expect("UTF-8")]).1["problems"].to_string();
    for told in ["user 8: another chosen user has the e-mail", "user 9: he has no e-mail", "user 99: RetailCRM has no such user"] {
        assert!(problems.contains(told), "{told}: {problems}");
    }
}

#[test]
fn an_employee_whom_uis_refuses_holds_up_nobody_and_who_comes_back_is_at_work_again() {
    let (after, _) = uis("employees-refused-and-back");
    let told: Vec<(&str, &str)> = after["employees"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|employee| (employee["email"].as_str().unwrap_or_default(), employee["status"].as_str().unwrap_or("none")))
        .collect();
    assert_eq!(
        told,
        [
            ("anna@shop.example", "available"),
            ("boris@shop.example", "available"),
            ("gleb@shop.example", "none"),
            ("vera@shop.example", "none"),
        ]
    );
    let path = root().join("tests/recordings/telephony/employees-refused-and-back.jsonl");
    let problems = replay_json(&[path.to_str().expect("UTF-8")]).1["problems"].to_string();
    assert!(problems.contains("user 8: UIS refuses his record"), "{problems}");
}

#[test]
fn employees_by_a_table() {
    let (_, crm) = uis("employees-by-table");
    // The table crosses them: who has extension 101 in UIS is user 6 in RetailCRM.
    let codes = &crm["modules"][0]["integrations"]["telephony"]["additionalCodes"];
    assert_eq!(codes, &serde_json::json!([{"code": "101", "userId": 6}]));
    assert_eq!(crm["calls"][0]["userId"], 6);
}

#[test]
fn orders_on_calls() {
    let orders = |name: &str| -> Vec<String> {
        let crm = uis(name).1;
        let text = |order: &Value, member: &str| order[member].as_str().unwrap_or("none").to_owned();
        let orders = crm["orders"].as_array().into_iter().flatten().filter(|order| order["externalId"].is_string());
        orders
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
    let crm = uis("order-lost").1;
    assert_eq!(crm["customers"].as_array().map(Vec::len), Some(1));
    assert_eq!(crm["orders"][0]["managerComment"], "Звонок 79161234567 на 74951112233, 2026-11-23 10:00:00");
}
