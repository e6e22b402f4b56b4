use super::*;
use crate::fake::Fake;

fn names(json: &str) -> Vec<String> {
    prepare(&Fake::default(), json, None).expect_err("invalid").into_iter().map(|problem| problem.setting).collect()
}

#[test]
fn an_empty_object_means_the_schemas_defaults() {
    let prepared = prepare(&Fake::default(), "{}", None).expect("valid");
    assert_eq!(prepared.notes, Vec::new());
    let settings = Settings::decode(&prepared.bytes).expect("readable");
    let properties = schema::properties();
    let mut as_json = serde_json::to_value(&settings).expect("JSON");
    for (prefix, block, _) in BLOCKS {
        let members = as_json.as_object_mut().and_then(|all| all.remove(block)).expect("a block");
        for (name, value) in members.as_object().expect("an object") {
            // Settings that only one of two like blocks has do not exist for the other.
            if properties.contains_key(&format!("{prefix}{name}")) {
                as_json[format!("{prefix}{name}")] = value.clone();
            }
        }
    }
    for (name, property) in properties.iter().filter(|(_, property)| property["readOnly"] != true) {
        assert_eq!(as_json[name], property["default"], "{name}");
    }
    assert_eq!(as_json.as_object().expect("object").len(), schema::names(false).len(), "schema and struct name the same settings");
}

#[test]
fn read_only_settings_are_ignored_when_saved() {
    assert_eq!(schema::names(true), ["webhook-url"]);
    assert_eq!(prepare(&Fake::default(), r#"{"webhook-url":"https://evil.example"}"#, None), prepare(&Fake::default(), "{}", None));
}

#[test]
fn every_problem_is_reported_under_its_setting() {
    let problems = prepare(&Fake::default(), r#"{"recording-wait":"soon","recordingwait":5}"#, None).expect_err("invalid");
    let names: Vec<_> = problems.iter().map(|problem| problem.setting.as_str()).collect();
    assert_eq!(names, ["recording-wait", "recordingwait"]);
    assert!(problems[1].message.contains("recording-wait"), "the message names the right setting: {}", problems[1].message);
    assert!(prepare(&Fake::default(), "[]", None).is_err() && prepare(&Fake::default(), "{", None).is_err());
    assert!(prepare(&Fake::default(), r#"{"recording-wait":1441}"#, None).is_err());
    assert!(prepare(&Fake::default(), "{}", Some("9.0.0")).is_err());
    assert!(prepare(&Fake::default(), "{}", Some("0.1.0")).is_ok());
}

#[test]
fn a_misspelt_setting_is_answered_with_what_is_meant() {
    let message = |json: &str| prepare(&Fake::default(), json, None).expect_err(json)[0].message.clone();
    for (written, meant) in [("mised-call-task-once", "missed-call-task-once"), ("incoming_missed_task", "incoming-missed-task")] {
        let expected = format!("there is no such setting; did you mean \"{meant}\"?");
        assert_eq!(message(&serde_json::json!({ written: true }).to_string()), expected);
    }
    let far = message(r#"{"volume":1}"#);
    assert!(far.starts_with("there is no such setting; there are: ") && far.contains(", missed-call-task-once, "), "{far}");
    // Compared with nothing.
    assert!(message(&serde_json::json!({ "x".repeat(100_000): 1 }).to_string()).contains("there are: "));
}

#[test]
fn contradicting_settings_are_reported_under_their_names() {
    for (json, setting) in [
        (r#"{"filter-by-virtual-numbers":true}"#, "virtual-numbers"),
        (r#"{"incoming-first":"client","incoming-first-responsible":"fixed"}"#, "incoming-first-user"),
        (r#"{"outgoing-repeat":"always","outgoing-repeat-responsible":"fixed"}"#, "outgoing-repeat-user"),
        (r#"{"incoming-first":true}"#, "incoming-first"),
        (r#"{"incoming-first":"order"}"#, "incoming-first"),
        (r#"{"incoming-first-responsible":"somebody"}"#, "incoming-first-responsible"),
        (r#"{"incoming-first-responsible":"manager"}"#, "incoming-first-responsible"),
        (r#"{"incoming-missed-task":"manager"}"#, "default-responsible"),
        (r#"{"incoming-missed-task":"fixed"}"#, "incoming-missed-task-user"),
        (
            r#"{"outgoing-missed-task":"settings","default-responsible":5,"outgoing-missed-task-name":"{{phone"}"#,
            "outgoing-missed-task-name",
        ),
        (
            r#"{"incoming-missed-task":"default","default-responsible":5,"incoming-missed-task-due-hours":9000}"#,
            "incoming-missed-task-due-hours",
        ),
        (r#"{"shop-numbers":[{"site":"a","number":"7495"},{"site":"b","number":"7495"}]}"#, "shop-numbers"),
        (r#"{"shop-numbers":[{"site":"a"}]}"#, "shop-numbers"),
        (r#"{"employee-table":[{"user":5,"employee":1},{"user":6,"employee":1}]}"#, "employee-table"),
        (r#"{"employee-matching":"names"}"#, "employee-matching"),
        (r#"{"incoming-repeat":"always","call-order-responsible":"fixed"}"#, "call-order-user"),
        (r#"{"extra-fields":true}"#, "extra-field-rows"),
        (r#"{"extra-field-rows":[{"field":"a","value":"x"},{"field":"a","value":"y"}]}"#, "extra-field-rows"),
        (r#"{"extra-field-rows":[{"field":"a","value":"{{"}]}"#, "extra-field-rows"),
        (r#"{"override-caller-id":true}"#, "click-to-call-number"),
        (r#"{"click-to-call-number":"x"}"#, "click-to-call-number"),
        (r#"{"incoming-filter":[[{"parameter":"channel","condition":"include","values":["1"]}]]}"#, "incoming-filter"),
        (r#"{"incoming-filter":[[{"parameter":"site","condition":"include","values":[]}]]}"#, "incoming-filter"),
        (r#"{"request-filter":[[]]}"#, "request-filter"),
        (r#"{"request-filter":[[{"parameter":"planet","condition":"include","values":["1"]}]]}"#, "request-filter"),
        (
            r#"{"chat-responsibles":[{"user":5,"conditions":[[{"parameter":"request-type","condition":"include","values":["1"]}]]}]}"#,
            "chat-responsibles",
        ),
        (r#"{"chat-send":true,"chat-when":"tag"}"#, "chat-tags"),
        (r#"{"chat-send":true,"chat-order-when":"tag"}"#, "chat-order-tags"),
        (r#"{"chat-send":true,"chat-task":true}"#, "text-default-responsible"),
        (r#"{"request-send":true,"request-order-types":[{"type":" "}]}"#, "request-order-types"),
        (r#"{"request-send":true,"request-repeat-responsible":"fixed"}"#, "request-repeat-user"),
        (r#"{"deals":true,"deal-extra-fields":true}"#, "deal-field-codes"),
        (r#"{"deals":true,"deal-success-groups":["a","b"],"deal-failed-groups":["b"]}"#, "deal-failed-groups"),
        (r#"{"deals":true,"deal-failed-groups":[]}"#, "deal-failed-groups"),
        (r#"{"deal-history-from":"31.01.2026"}"#, "deal-history-from"),
        (r#"{"deal-history-from":"2026-02-30"}"#, "deal-history-from"),
        (r#"{"deal-default-funnel":"yes"}"#, "deal-default-funnel"),
    ] {
        assert_eq!(names(json), [setting], "{json}");
    }
    let prepared =
        prepare(&Fake::default(), r#"{"filter-by-virtual-numbers":true,"virtual-numbers":["8 (495) 111-22-33"]}"#, None).expect("valid");
    let settings = Settings::decode(&prepared.bytes).expect("readable");
    assert_eq!(settings.virtual_numbers, ["74951112233"]);
}

#[test]
fn a_row_that_is_filled_half_way_is_reported_once_in_the_settings_words() {
    for (json, words) in [
        (
            r#"{"employee-matching":"table","employee-table":[{"employee":801,"user":null}]}"#,
            "row 1: choose «Сотрудник RetailCRM» (user), or remove the row",
        ),
        (r#"{"extra-fields":true,"extra-field-rows":[{"value":"{{tag_names}}"}]}"#, "row 1: choose «Поле в RetailCRM» (field)"),
        (r#"{"shop-numbers":[{"site":"a","number":"74951112233"},{}]}"#, "row 2: choose «Магазин» (site) and choose «Виртуальный номер»"),
        (r#"{"incoming-responsibles":[{"conditions":[]}]}"#, "row 1: choose «Ответственный» (user)"),
        (r#"{"employee-table":[{"employee":801,"user":"Анна"}]}"#, "row 1: \"Анна\" cannot be used as user: choose a user of RetailCRM"),
        (r#"{"chat-send":true,"chat-when":"tag","chat-tags":[null]}"#, "row 1 is empty: choose its value, or remove it"),
        (r#"{"incoming-filter":[[{"parameter":"tag","condition":"include","values":[null]}]]}"#, "row 1: a condition is filled half-way"),
    ] {
        let problems = prepare(&Fake::default(), json, None).expect_err("half-way");
        assert!(problems.len() == 1 && problems[0].message.contains(words), "{json}: {problems:?}");
    }
}

#[test]
fn the_default_assignee_of_calls_serves_requests_and_chats_too() {
    for (json, default) in [
        (r#"{"chat-send":true,"chat-task":true,"default-responsible":5}"#, Some(5)),
        (r#"{"request-send":true,"request-task":true,"default-responsible":5,"telephony":false}"#, Some(5)),
        (r#"{"request-send":true,"request-task":true,"default-responsible":5,"text-default-responsible":6}"#, Some(6)),
        (r#"{"request-send":true,"request-task":true,"request-task-responsible":"fixed","request-task-user":7}"#, None),
    ] {
        let settings = Settings::decode(&prepare(&Fake::default(), json, None).expect("valid").bytes).expect("readable");
        assert_eq!(settings.default_of_texts(), default, "{json}");
    }
    assert_eq!(names(r#"{"request-send":true,"request-task":true}"#), ["text-default-responsible"]);
}

#[test]
fn values_of_conditions_may_be_written_as_numbers() {
    let json = r#"{"chat-filter":[[{"parameter":"tag","condition":"exclude","values":[7,"8"]}]],"chat-tags":[9],
        "incoming-filter":[[{"parameter":"virtual-number","condition":"include","values":["8 (495) 111-22-33"]}]]}"#;
    let settings = Settings::decode(&prepare(&Fake::default(), json, None).expect("valid").bytes).expect("readable");
    assert_eq!(
        (settings.chats.filter[0][0].values.as_slice(), settings.chats.tags.as_slice()),
        (&["7".into(), "8".into()][..], &["9".into()][..])
    );
    assert_eq!(settings.incoming.filter[0][0].values, ["74951112233"]);
}

#[test]
fn what_may_have_no_assignee_is_a_note() {
    let notes =
        |json: &str| prepare(&Fake::default(), json, None).expect("valid").notes.into_iter().map(|note| note.setting).collect::<Vec<_>>();
    assert_eq!(notes(r#"{"incoming-first":"client"}"#), ["default-responsible"]);
    assert_eq!(notes(r#"{"incoming-first":"client","default-responsible":5}"#), Vec::<String>::new());
    assert_eq!(notes(r#"{"chat-send":true}"#), ["text-default-responsible"]);
}
