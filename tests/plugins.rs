//! What plugins may import, how they are built, and that the host can load another plugin.

use serde_json::Value;
use uis_harness::build;
use uis_host::plugin::Plugin;
use uis_test_support::{check_by_schema, replay_json, root, uis_host};

/// Everything that the component of our plugin may import. Add a line only after a decision, because the host must grant each import.
const IMPORTS: [&str; 30] = [
    "uis:integration/call-events@0.2.0",
    "uis:integration/chat-events@0.2.0",
    "uis:integration/clock@0.2.0",
    "uis:integration/communications@0.2.0",
    "uis:integration/connections@0.2.0",
    "uis:integration/deals@0.2.0",
    "uis:integration/decision@0.2.0",
    "uis:integration/directory@0.2.0",
    "uis:integration/endpoints@0.2.0",
    "uis:integration/log@0.2.0",
    "uis:integration/phones@0.2.0",
    "uis:integration/rules@0.2.0",
    "uis:integration/settings@0.2.0",
    "uis:integration/site-request-events@0.2.0",
    "uis:integration/storage@0.2.0",
    "uis:integration/timers@0.2.0",
    "uis:integration/types@0.2.0",
    "wasi:cli/environment@0.2.6",
    "wasi:cli/exit@0.2.6",
    "wasi:cli/stderr@0.2.6",
    "wasi:cli/stdin@0.2.6",
    "wasi:cli/stdout@0.2.6",
    "wasi:cli/terminal-input@0.2.6",
    "wasi:cli/terminal-output@0.2.6",
    "wasi:cli/terminal-stderr@0.2.6",
    "wasi:cli/terminal-stdin@0.2.6",
    "wasi:cli/terminal-stdout@0.2.6",
    "wasi:io/error@0.2.6",
    "wasi:io/poll@0.2.6",
    "wasi:io/streams@0.2.6",
];

#[test]
fn the_component_imports_only_the_contract_and_what_rusts_std_needs() {
    let output = uis_host(&["inspect", "plugin", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    check_by_schema(&found);
    assert_eq!(found["imports"], serde_json::json!(IMPORTS));
    assert_eq!(found["contract"], "uis:integration@0.2.0");
    let exports: Vec<&str> = found["exports"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(exports.len(), 6, "{exports:?}");
    for forbidden in ["filesystem", "sockets", "wasi:http", "random", "clocks"] {
        assert!(!IMPORTS.iter().any(|name| name.contains(forbidden)), "{forbidden}");
    }
}

#[test]
fn a_component_is_built_again_only_when_its_sources_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    put(
        "Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n",
    );
    put("src/lib.rs", "#[unsafe(no_mangle)]\npub extern \"C\" fn one() -> u32 { 1 }\n");
    let printed = std::cell::RefCell::new(Vec::new());
    let built = || build::component(folder.path(), &|line| printed.borrow_mut().push(line.to_owned()));
    let first = built().expect("it compiles");
    assert!(!first.fresh && printed.borrow().iter().any(|line| line.contains("building")), "{printed:?}");
    assert!(built().expect("built").fresh);
    put("src/lib.rs", "#[unsafe(no_mangle)]\npub extern \"C\" fn two() -> u32 { 2 }\n");
    assert!(!built().expect("it compiles").fresh, "a changed source must be built");
    put("src/lib.rs", "this is no Rust");
    let error = built().expect_err("it does not compile").to_string();
    assert!(error.contains("does not compile"), "{error}");
    put("Cargo.toml", "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    put("src/lib.rs", "");
    let error = built().expect_err("it builds no component").to_string();
    assert!(error.contains("crate-type"), "{error}");
}

#[test]
fn inspect_prints_imports_and_settings_as_text() {
    let output = uis_host(&["inspect", "plugin", "--settings"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for part in ["uis:integration@0.2.0", "wasi:io/streams", "recording-wait = 10", "«Ожидание записи разговора", "*.retailcrm.ru"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn inspect_prints_the_parameters_and_the_preview_of_a_template() {
    let preview = "Чат {{communication_id}} ({{chat_username}})";
    let asked = |more: &[&str]| uis_host(&[&["inspect", "plugin", "--templates", "chat-task-name"], more].concat());
    let text = String::from_utf8(asked(&["--preview", preview]).stdout).expect("UTF-8");
    for part in ["{{chat_username}}", "Имя пользователя в чате", "\nЧат 810001 (anna_p)\n"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("virtual_phone_number"), "{text}");
    let found: Value = serde_json::from_slice(&asked(&["--json", "--preview", preview]).stdout).expect("one JSON object");
    check_by_schema(&found);
    assert_eq!((&found["preview"], &found["parameters"][0]["name"]), (&"Чат 810001 (anna_p)".into(), &"communication_id".into()));
    let refused = asked(&["--json", "--preview", "{{"]);
    let found: Value = serde_json::from_slice(&refused.stdout).expect("one JSON object");
    check_by_schema(&found);
    assert_eq!((refused.status.code(), &found["problems"][0]["setting"]), (Some(1), &"chat-task-name".into()));
}

#[test]
fn inspect_checks_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    for (settings, version, status, part) in [
        (r#"{"recording-wait": 5}"#, "0.1.0", 0, "the settings can be used"),
        (r#"{"recording-wait": "soon"}"#, "0.1.0", 1, "settings.recording-wait: "),
        ("{}", "9.0.0", 1, "settings of version 9.0.0"),
    ] {
        let file = uis_test_support::file(&folder, "settings.json", &[settings]);
        let check =
            |more: &[&str]| uis_host(&[&["inspect", "plugin", "--check-settings", &file, "--settings-version", version], more].concat());
        let output = check(&[]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.code() == Some(status) && text.contains(part), "{settings}: {text}");
        let found: Value = serde_json::from_slice(&check(&["--json"]).stdout).expect("one JSON object");
        check_by_schema(&found);
        assert_eq!(found["usable"], status == 0);
    }
}

#[test]
fn every_setting_of_uis_page_is_found_by_its_title() {
    let output = uis_host(&["inspect", "plugin", "--settings"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    for title in [
        "Варианты сопоставления сотрудников",
        "Синхронизация",
        "Сотрудники из RetailCRM",
        "Синхронизировать",
        "Соответствие",
        "Ответственный по умолчанию",
        "Фильтровать по виртуальным номерам",
        "Виртуальные номера",
        "Создавать контакт при звонке",
        "Назначать ответственного на",
        "Создавать задачу по пропущенному звонку",
        "Тип звонка",
        "Ответственный за задачу",
        "Шаблон названия",
        "Срок исполнения задачи, часов",
        "Включить переадресацию на персонального менеджера",
        "Передавать дополнительные поля",
        "Соответствие полей",
        "Обновлять всегда",
        "Внешние номера магазинов",
        "Номер для звонка по клику",
        "Переопределять АОН для исходящих звонков",
        "Webhook url",
        // The page since 2025-11.
        "Синхронизировать всех сотрудников",
        "Сотрудники для синхронизации",
        "Синхронизировать статусы сотрудников из RetailCRM",
        "Фильтровать звонки",
        "Фильтр входящих",
        "Фильтр исходящих",
        "Всегда отображать номер",
        "Первичные обращения",
        "Повторные обращения",
        "Назначать ответственного за пропущенные входящие",
        "При потерянном входящем звонке создавать задачу на",
        "При неуспешном исходящем звонке создавать задачу на",
        "Срок действия задачи, часов",
        "Основной магазин",
        "Магазины",
        "Передавать заявки",
        "Первичное обращение",
        "Для повторных обращений",
        "Создавать заказ для повторных обращений на",
        "Фильтровать заявки",
        "Передавать чаты",
        "Для первичных обращений",
        "Создавать клиента/клиента и заказ",
        "Список тегов",
        "Создавать задачу по потерянному чату",
        "Создавать задачу по пропущенному чату на",
        "Передавать чаты без контактных данных",
        "Не передавать исходящие чаты",
        "Фильтровать чаты",
        "Условия фильтрации",
        "Создавать клиента",
        "Создавать заказ",
        "Сопоставление сайтов с магазинами",
        "Дефолтная воронка",
        "Воронка по умолчанию",
        "Учитывать стоимость доставки",
        "Список дополнительных полей",
    ] {
        assert!(text.contains(&format!("«{title}»")), "{title}");
    }
}

/// The settings page validates settings against the schema, and the plugin validates them again when they are saved. Both must agree.
#[tokio::test]
async fn the_schema_and_the_plugin_accept_the_same_settings() {
    let plugin = uis_test_support::native_plugin::NativePlugin::new();
    let schema: Value = serde_json::from_str(&plugin.settings_schema().await.expect("a schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let task = |more: Value| {
        let mut settings = serde_json::json!({"incoming-missed-task": "called-last", "default-responsible": 5});
        settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        settings
    };
    for (settings, valid) in [
        (serde_json::json!({}), true),
        (serde_json::json!({"filter-by-virtual-numbers": true}), false),
        (serde_json::json!({"filter-by-virtual-numbers": true, "virtual-numbers": ["74951112233"]}), true),
        (serde_json::json!({"filter-by-virtual-numbers": false, "virtual-numbers": []}), true),
        (serde_json::json!({"incoming-first": "client"}), true),
        (serde_json::json!({"incoming-first": "client", "incoming-first-responsible": "fixed"}), false),
        (serde_json::json!({"incoming-first": "client", "incoming-first-responsible": "fixed", "incoming-first-user": 5}), true),
        (serde_json::json!({"incoming-first": "client", "incoming-first-responsible": "somebody"}), false),
        (serde_json::json!({"incoming-missed-task": "manager"}), false),
        (serde_json::json!({"outgoing-missed-task": "fixed", "outgoing-missed-task-user": 5}), true),
        (serde_json::json!({"outgoing-missed-task": "fixed"}), false),
        (task(serde_json::json!({})), true),
        (task(serde_json::json!({"outgoing-missed-task": "nobody"})), false),
        (task(serde_json::json!({"incoming-missed-task-due-hours": 9000})), false),
        (task(serde_json::json!({"incoming-missed-task-due-hours": -1})), false),
        (serde_json::json!({"incoming-repeat": "always"}), true),
        (serde_json::json!({"incoming-repeat": "sometimes"}), false),
        (serde_json::json!({"call-order-responsible": "fixed"}), false),
        (serde_json::json!({"extra-fields": true}), false),
        (serde_json::json!({"extra-fields": true, "extra-field-rows": [{"field": "a", "value": "{{tag_names}}"}]}), true),
        (serde_json::json!({"extra-fields": true, "extra-field-rows": [{"field": "a"}]}), false),
        (serde_json::json!({"override-caller-id": true}), false),
        (serde_json::json!({"override-caller-id": true, "click-to-call-number": "74951112233"}), true),
        (serde_json::json!({"shop-numbers": [{"site": "a"}]}), false),
        (serde_json::json!({"chat-send": true, "chat-task": true}), false),
        (serde_json::json!({"chat-send": true, "chat-task": true, "text-default-responsible": 5}), true),
        (serde_json::json!({"texts": false, "chat-send": true, "chat-task": true}), true),
        (serde_json::json!({"chat-send": true, "chat-when": "tag"}), false),
        (serde_json::json!({"chat-send": true, "chat-when": "tag", "chat-tags": ["7"]}), true),
        (serde_json::json!({"request-filter": [[{"parameter": "site", "condition": "include", "values": ["1"]}]]}), true),
        (serde_json::json!({"request-filter": [[{"parameter": "channel", "condition": "include", "values": ["1"]}]]}), false),
        (serde_json::json!({"request-filter": [[]]}), false),
        (serde_json::json!({"chat-responsibles": [{"user": 5}]}), true),
        (serde_json::json!({"chat-responsibles": [{"conditions": []}]}), false),
        (serde_json::json!({"deals": true, "deal-failed-groups": []}), false),
        (serde_json::json!({"deal-failed-groups": []}), true),
        (serde_json::json!({"recording-wait": 1441}), false),
        (serde_json::json!({"recording-wait": "soon"}), false),
        (serde_json::json!({"recording-wai": 5}), false),
    ] {
        assert_eq!(validator.is_valid(&settings), valid, "by the schema: {settings}");
        let prepared = plugin.prepare(&settings.to_string(), None).await.expect("no fault");
        assert_eq!(prepared.is_ok(), valid, "by the plugin: {settings}: {prepared:?}");
    }
}

#[test]
fn another_plugin_loads_into_the_same_host() {
    let recording = root().join("tests/recordings/answered.jsonl");
    let (status, value) = replay_json(&[recording.to_str().expect("UTF-8"), "--plugin", "examples/echo-plugin"]);
    assert_eq!((status, &value["events"]["delivered"]), (0, &serde_json::json!(7)));
    assert_eq!(value["crm"]["calls"], serde_json::json!([]), "the echo plugin sends nothing to the CRM");
    let output = uis_host(&["inspect", "examples/echo-plugin"]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("echo 0.1.0"));
}
