//! The settings of «Подключение текстовых коммуникаций», each in every position: what stands in RetailCRM after its recording. The
//! recordings are in `recordings/text/` and tell the stories; here is what must come of them.

use serde_json::Value;
use uis_test_support::{replay_json, root};

fn crm(name: &str) -> Value {
    let path = root().join(format!("tests/recordings/text/{name}.jsonl"));
    let (status, value) = replay_json(&[path.to_str().expect("UTF-8")]);
    assert_eq!(status, 0, "{name}: {}", value["problems"]);
    value["crm"].clone()
}

/// What a recording leaves in RetailCRM, a line each: customers, orders of ours, tasks, notes by their first line.
fn left_by(name: &str) -> Vec<String> {
    let crm = crm(name);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let list = |name: &str, line: &dyn Fn(&Value) -> Option<String>| -> Vec<String> {
        crm[name].as_array().into_iter().flatten().filter_map(line).collect()
    };
    let customer = |customer: &Value| {
        let phones: Vec<String> = customer["phones"].as_array().into_iter().flatten().map(|phone| text(&phone["number"])).collect();
        let (name, site) = (text(&customer["firstName"]), text(&customer["site"]));
        let email = customer["email"].as_str().unwrap_or("no e-mail");
        Some(format!("customer {name} of {} in {site} has {} {email}", customer["managerId"], phones.join(" and ")))
    };
    let order = |order: &Value| {
        let (id, method, site) = (order["externalId"].as_str()?, text(&order["orderMethod"]), text(&order["site"]));
        Some(format!("order {id} for {} by {method} of {} in {site}", order["customer"]["id"], order["managerId"]))
    };
    let task = |task: &Value| Some(format!("task {} for {} due {}", text(&task["text"]), task["performer"], text(&task["datetime"])));
    let note = |note: &Value| Some(format!("note {} on {}", text(&note["text"]).lines().next()?, note["customer"]["id"]));
    [list("customers", &customer), list("orders", &order), list("tasks", &task), list("notes", &note)].concat()
}

#[test]
fn every_setting_in_every_position() {
    let long = format!("customer {} of 7 in main has 79160000003 no e-mail", "Й".repeat(255));
    let table: &[(&str, &[&str])] = &[
        ("chat-accepted", &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail", "note Чат №601 (Телеграм) on 17"]),
        ("chat-channels", &["customer petr_s of 6 in main has 79160000002 no e-mail", "note Чат №602 (Телеграм) on 1"]),
        (
            "chat-contact-late",
            &["customer +79161234567 of 7 in main has 79161234567 no e-mail", "order uis-chat-601 for 1 by live-chat of 7 in main"],
        ),
        (
            "chat-contact-reported",
            &[
                "customer +79161234567 of 5 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by live-chat of 5 in main",
                "note Чат №601 (Сайт) on 1",
            ],
        ),
        (
            "chat-closed",
            &[
                "customer petr_s of 6 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by live-chat of 6 in main",
                "note Чат №601 (Сайт) on 1",
                "note Чат №602 (Сайт) on 1",
            ],
        ),
        (
            "chat-contact-after-end",
            &[
                "customer petr_s of 6 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by messenger of 6 in main",
                "note Чат №601 (Телеграм) on 1",
            ],
        ),
        ("chat-joined-before-end", &["customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru"]),
        (
            "chat-lost",
            &[
                "customer petr_s of 7 in main has 79161234567 no e-mail",
                "customer petr_s of 7 in main has 79160000002 no e-mail",
                "task Ответить на сообщение в чате №5601 for 7 due 2026-11-23 11:00",
                "note Чат №601 (Сайт) on 1",
                "note Чат №602 (Сайт) on 2",
            ],
        ),
        (
            "chat-note-answer-lost",
            &[
                "customer petr_s of 6 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by live-chat of 6 in main",
                "note Чат №601 (Сайт) on 1",
            ],
        ),
        (
            "chat-note-committed-late",
            &[
                "customer petr_s of 6 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by live-chat of 6 in main",
                "note Чат №601 (Сайт) on 1",
            ],
        ),
        ("chat-off", &[]),
        ("chat-refused", &["task Ответить на сообщение в чате №5601 for 7 due 2026-11-23 11:00"]),
        (
            "chat-talk-after-end",
            &[
                "customer petr_s of 6 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by messenger of 6 in main",
                "note Чат №601 (Телеграм) on 1",
            ],
        ),
        (
            "chat-talk-of-joined",
            &[
                "customer Пётр of 7 in main has +7 (916) 123-45-67 petr@example.ru",
                "order uis-chat-601 for 17 by live-chat of 7 in main",
                "order uis-chat-602 for 17 by live-chat of 7 in main",
                "note Чат №601 (Сайт) on 17",
                "note Чат №602 (Сайт) on 17",
            ],
        ),
        (
            "chat-transcript-nowhere",
            &["customer petr_s of 6 in main has 79161234567 no e-mail", "order uis-chat-601 for 1 by live-chat of 6 in main"],
        ),
        (
            "chat-transcript-order",
            &["customer petr_s of 6 in main has 79161234567 no e-mail", "order uis-chat-601 for 1 by live-chat of 6 in main"],
        ),
        (
            "chat-without-contact-wanted",
            &[
                "customer petr_s of 6 in main has  no e-mail",
                "order uis-chat-601 for 1 by messenger of 6 in main",
                "order uis-chat-602 for 1 by messenger of 6 in main",
                "note Чат №601 (Телеграм) on 1",
                "note Чат №602 (Телеграм) on 1",
            ],
        ),
        ("chat-without-contact", &[]),
        (
            "request-client-and-order",
            &[
                "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
                "order uis-request-501 for 1 by landing-page of 7 in main",
            ],
        ),
        ("request-client", &["customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru"]),
        (
            "request-crm-down",
            &[
                "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
                "order uis-request-501 for 1 by landing-page of 7 in main",
            ],
        ),
        (
            "request-fields-off",
            &[
                "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
                "order uis-request-501 for 1 by landing-page of 7 in main",
            ],
        ),
        (
            "request-fields-swapped",
            &["customer Пётр of 7 in main has 79161234567 petr@example.ru", "customer Вера of 7 in main has 79160000002 vera@example.ru"],
        ),
        (
            "request-fields",
            &[
                "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79161234567 petr@example.ru",
                "order uis-request-501 for 1 by landing-page of 7 in main",
            ],
        ),
        ("request-joined-with-known", &["customer Пётр of 6 in main has +7 (916) 123-45-67 petr@example.ru"]),
        ("request-joined", &["customer Пётр of 7 in main has 79161234567 petr@example.ru"]),
        (
            "request-not-joined",
            &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail", "customer Пётр of 7 in main has  petr@example.ru"],
        ),
        ("request-off", &[]),
        (
            "request-only-first",
            &[
                "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
                "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79160000002 no e-mail",
                "order uis-request-502 for 18 by landing-page of 7 in main",
            ],
        ),
        (
            "request-repeat-after-hours",
            &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail", "order uis-request-501 for 17 by landing-page of 7 in main"],
        ),
        (
            "request-repeat-always",
            &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail", "order uis-request-501 for 17 by landing-page of 7 in main"],
        ),
        (
            "request-repeat-no-open",
            &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail", "order uis-request-501 for 17 by landing-page of 7 in main"],
        ),
        (
            "request-repeat-nothing",
            &[
                "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
                "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79160000002 no e-mail",
                "order uis-request-502 for 18 by landing-page of 7 in main",
            ],
        ),
        ("request-repeat-open", &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail"]),
        ("request-repeat-too-soon", &["customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail"]),
        (
            "request-responsible",
            &[
                "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
                "customer Пётр ‹b›Сидоров‹/b› of 7 in main has 79160000002 no e-mail",
                "order uis-request-501 for 17 by landing-page of 6 in main",
                "order uis-request-502 for 18 by landing-page of 7 in main",
            ],
        ),
        (
            "request-shop",
            &[
                "customer Пётр ‹b›Сидоров‹/b› of 7 in omsk has 79161234567 petr@example.ru",
                "customer Вера of 7 in tomsk has 79160000002 no e-mail",
                "customer Глеб of 7 in main has 79160000003 no e-mail",
                "order uis-request-501 for 1 by landing-page of 7 in omsk",
                "order uis-request-502 for 2 by landing-page of 7 in tomsk",
                "order uis-request-503 for 3 by landing-page of 7 in main",
            ],
        ),
        ("request-task-only", &["task Ответить на заявку №501 for 7 due 2026-11-23 11:00"]),
        (
            "request-task",
            &[
                "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
                "order uis-request-501 for 17 by landing-page of 7 in main",
                "task Ответить Пётр ‹b›Сидоров‹/b› на «Обратный звонок» №501 for 6 due 2026-11-23 13:00",
            ],
        ),
        ("request-without-contact", &["task Ответить на заявку №501 for 7 due 2026-11-23 11:00"]),
        (
            "chat-avito",
            &[
                "customer petr_s of 6 in main has  no e-mail",
                "order uis-chat-601 for 1 by messenger of 6 in main",
                "note Чат №601 (Авито) on 1",
            ],
        ),
        (
            "chat-fields",
            &[
                "customer petr_s of 6 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by live-chat of 6 in main",
                "order uis-chat-602 for 1 by messenger of 6 in main",
            ],
        ),
        (
            "chat-names-of-all-kinds",
            &[
                "customer 👩‍🚀 Оля 🚀 of 7 in main has 79160000000 no e-mail",
                "customer محمد of 7 in main has 79160000001 no e-mail",
                "customer evilgnp.exe of 7 in main has 79160000002 no e-mail",
                &long,
            ],
        ),
        (
            "chat-not-told",
            &[
                "customer Пётр of 6 in main has 79161234567 no e-mail",
                "customer +79160000002 of 7 in main has 79160000002 no e-mail",
                "order uis-chat-601 for 1 by live-chat of 6 in main",
                "order uis-chat-602 for 2 by live-chat of 7 in main",
                "note Чат №601 (Сайт) on 1",
            ],
        ),
        (
            "chat-responsible-default",
            &[
                "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
                "customer Вера of 7 in main has 79160000002 no e-mail",
                "order uis-chat-601 for 17 by live-chat of 7 in main",
                "order uis-chat-602 for 18 by live-chat of 7 in main",
            ],
        ),
        (
            "chat-responsible-fixed",
            &[
                "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
                "customer Вера of 5 in main has 79160000002 no e-mail",
                "order uis-chat-601 for 17 by live-chat of 5 in main",
                "order uis-chat-602 for 18 by live-chat of 5 in main",
            ],
        ),
        (
            "chat-responsible-manager",
            &[
                "customer Пётр of 6 in main has +7 (916) 123-45-67 no e-mail",
                "customer Вера of 7 in main has 79160000002 no e-mail",
                "order uis-chat-601 for 17 by live-chat of 6 in main",
                "order uis-chat-602 for 18 by live-chat of 7 in main",
            ],
        ),
        (
            "chat-several-a-day",
            &[
                "customer petr_s of 6 in main has 79161234567 no e-mail",
                "order uis-chat-601 for 1 by live-chat of 6 in main",
                "note Чат №601 (Сайт) on 1",
                "note Чат №602 (Сайт) on 1",
                "note Чат №603 (Сайт) on 1",
            ],
        ),
        ("chat-task-only", &["task Ответить на сообщение в чате №5601 for 6 due 2026-11-23 11:05"]),
        (
            "request-not-told",
            &[
                "customer Пётр of 7 in main has 79161234567 petr@example.ru",
                "customer Вера of 7 in main has 79160000002 no e-mail",
                "order uis-request-501 for 1 by landing-page of 7 in main",
                "order uis-request-502 for 2 by landing-page of 7 in main",
            ],
        ),
        (
            "request-templates",
            &[
                "customer Пётр (yandex) of 7 in main has 79161234567 no e-mail",
                "order uis-request-501 for 1 by landing-page of 7 in main",
                "task Заявка №1: Перезвоните мне for 7 due 2026-11-23 14:00",
            ],
        ),
        ("workplace-comes-and-goes", &[]),
        ("workplace-connected", &[]),
        ("workplace-not-connected", &[]),
    ];
    for (name, expected) in table {
        assert_eq!(left_by(name), *expected, "{name}");
    }
    let there = std::fs::read_dir(root().join("tests/recordings/text")).expect("a folder").count();
    assert_eq!(table.len(), there, "every recording is in the table");
}

#[test]
fn what_came_with_a_request_stands_on_its_order() {
    let order = crm("request-client-and-order")["orders"][0].clone();
    let source = serde_json::json!({"source": "yandex", "campaign": "Осень"});
    assert_eq!(
        (&order["customerComment"], &order["managerComment"], &order["source"]),
        (&Value::from("Перезвоните мне\nпожалуйста"), &Value::from("Заявка №501 с сайта shop.example"), &source)
    );
    let crm = crm("request-fields");
    assert_eq!(crm["customers"][0]["customFields"], serde_json::json!({"form": "Обратный звонок"}));
    assert_eq!(crm["orders"][0]["customFields"], serde_json::json!({"page": "https://shop.example/a?b=‹c›"}));
}

#[test]
fn what_a_chats_end_tells_is_written_on_whom_its_customer_became() {
    assert_eq!(crm("chat-joined-before-end")["customers"][0]["customFields"], serde_json::json!({"nick": "petr_s"}));
}

#[test]
fn a_talk_is_kept_without_markup_and_with_links_to_its_files() {
    let told = "Чат №601 (Сайт)\n10:00 petr_s: Здравствуйте ‹b›!‹/b›\n10:00 Петров Борис: Чем помочь?\n10:00 petr_s: Мой номер 8 916 123-45-67 [photo] https://files.example/1.jpg";
    assert_eq!(crm("chat-closed")["notes"][0]["text"], told);
    assert_eq!(crm("chat-transcript-order")["orders"][0]["customerComment"], told);
}

#[test]
fn what_is_left_out_is_said() {
    for (name, said) in [
        ("request-without-contact", "site request 501: it has neither phone nor e-mail"),
        ("request-fields", "field visits: the field holds a integer"),
        ("chat-without-contact", "chat 601: the visitor left neither phone nor e-mail"),
    ] {
        let path = root().join(format!("tests/recordings/text/{name}.jsonl"));
        let problems = replay_json(&[path.to_str().expect("UTF-8")]).1["problems"].to_string();
        assert!(problems.contains(said), "{name}: {problems}");
    }
}

/// RetailCRM refuses the order of a chat; what was said in it is on the customer all the same, and the order's setting is told.
#[test]
fn a_talk_is_kept_though_its_order_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = uis_test_support::file(
        &folder,
        "refused.jsonl",
        &[
            r#"{"recording":1,"settings":{"chat-send":true,"text-default-responsible":7,"deals":false,"chat-order-status":"nope"},"crm":{"users":[{"id":7,"email":"v@x.example"}]}}"#,
            r#"{"at":"2026-11-23T10:04:59+03:00","report":{"chat_messages":[{"id":1,"chat_id":601,"date_time":"2026-11-23 10:00:00","source":"visitor","text":"привет"}]}}"#,
            r#"{"at":"2026-11-23T10:05:00+03:00","notification":"chat_finished","body":{"chat_id":601,"chat_channel_id":31,"chat_channel_type":"comagic","chat_channel_name":"Сайт","visitor_id":7601,"date_time":"2026-11-23 10:05:00","status":"succeed","visitor_phone_number":"79161234567"}}"#,
        ],
    );
    let (status, value) = replay_json(&[&path]);
    assert_eq!((status, value["crm"]["orders"].as_array().map(Vec::len)), (1, Some(0)), "{value}");
    assert!(value["problems"][0]["message"].to_string().contains("nope"), "{}", value["problems"]);
    let notes = value["crm"]["notes"].as_array().expect("a list");
    assert!(notes.len() == 1 && notes[0]["text"].to_string().contains("привет"), "{notes:?}");
}

/// What a recording leaves of the module's places in RetailCRM's pages.
fn embedded(name: &str) -> Value {
    crm(name)["modules"][0]["integrations"]["embedJs"].clone()
}

#[test]
fn the_workplace_is_in_retailcrm_while_the_account_has_it() {
    let embed = embedded("workplace-connected");
    assert_eq!(embed["entrypoint"], "/asset/workplace.html");
    assert_eq!(embed["pages"][0]["code"], "workplace");
    assert_eq!(embed["targets"], serde_json::json!(["order/card:common.after", "customer/card:communications.after"]));
    for gone in ["workplace-not-connected", "workplace-comes-and-goes"] {
        assert_eq!(embedded(gone), Value::Null, "{gone}");
    }
}

/// The longest chats are bots talking to bots. What is kept of one is what a manager can read, cut at a message, and the handler's memory
/// does not grow with the rest.
#[test]
fn a_talk_of_a_hundred_thousand_messages_is_cut_at_one_of_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let chat = r#""chat_id":601,"chat_channel_id":31,"chat_channel_type":"comagic","chat_channel_name":"Сайт","visitor_phone_number":"79161234567""#;
    let mut lines = vec![
        r#"{"recording":1,"settings":{"chat-send":true,"text-default-responsible":7},"crm":{"users":[{"id":7,"email":"v@x.example"}]}}"#
            .to_owned(),
    ];
    for begin in (0..100_000).step_by(1000) {
        let row = |id: i32| {
            format!(r#"{{"id":{},"chat_id":601,"date_time":"2026-11-23 09:00:00","source":"visitor","text":"Сообщение {id} 👩‍🚀"}}"#, id + 1)
        };
        let rows: Vec<String> = (begin..begin + 1000).map(row).collect();
        lines.push(format!(r#"{{"at":"2026-11-23T10:00:00+03:00","report":{{"chat_messages":[{}]}}}}"#, rows.join(",")));
    }
    lines.push(format!(
        r#"{{"at":"2026-11-23T10:00:00+03:00","notification":"chat_finished","body":{{{chat},"date_time":"2026-11-23 10:00:00","status":"succeed"}}}}"#
    ));
    let path = uis_test_support::file(&folder, "long.jsonl", &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let (status, value) = replay_json(&[&path]);
    assert_eq!(status, 0, "{}", value["problems"]);
    let text = value["crm"]["notes"][0]["text"].as_str().expect("a note").to_owned();
    let last = text.lines().rev().nth(1).expect("a message");
    assert!(text.chars().count() < 10_100 && text.ends_with("\n… продолжение переписки в UIS"), "{}", text.len());
    assert!(last.starts_with("09:00 Клиент: Сообщение ") && last.ends_with('🚀'), "{last}");
}
