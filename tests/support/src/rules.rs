//! Helpers of the tests of partners' rules.

use serde_json::{Value, json};

use crate::{root, uis_host};

/// Three site requests: one of the campaign `vip`, one from a number on the blacklist, and an ordinary one.
pub const RECORDING: &str = "tests/recordings/rules/vip.jsonl";
/// The folder of the example rule in Rust.
pub const RULE: &str = "examples/rules/rust";
/// The folder of a hostile rule. The notification's parameter `attack` chooses the attack.
pub const HOSTILE: &str = "examples/rules/hostile";

/// Writes a recording of site requests that come a minute apart. Each element of `requests` is added to the members of one request;
/// `more` are further lines.
pub fn requests(folder: &tempfile::TempDir, name: &str, requests: &[Value], more: &[Value]) -> String {
    let header = json!({
        "recording": 1,
        "settings": {"request-send": true, "text-default-responsible": 5, "request-task": true},
        "crm": {"users": [{"id": 5, "email": "a@x.example"}, {"id": 7, "email": "b@x.example"}]},
    });
    let lines = requests.iter().enumerate().map(|(number, members)| {
        let mut body = json!({"communication_id": 501 + number, "date_time": format!("2026-11-23 10:{number:02}:00"), "visitor_name": "Пётр",
            "visitor_phone_number": format!("7916{number:07}"), "text": "Перезвоните"});
        body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        json!({"at": format!("2026-11-23T10:{number:02}:00+03:00"), "notification": "offline_message", "body": body}).to_string()
    });
    let all: Vec<String> = [header.to_string()].into_iter().chain(lines).chain(more.iter().map(Value::to_string)).collect();
    crate::file(folder, name, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Replays without a failure, validates the JSON output against its schema, and returns it.
pub fn replay(arguments: &[&str]) -> Value {
    let output = uis_host(&[&["replay", "--json"], arguments].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {errors}"));
    assert_eq!(output.status.code(), Some(0), "{value:#} {errors}");
    let schema = std::fs::read_to_string(root().join("docs/replay.schema.json")).expect("the schema");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).expect("JSON")).expect("a valid schema");
    assert!(validator.is_valid(&value), "{:#?}", validator.iter_errors(&value).map(|error| error.to_string()).collect::<Vec<_>>());
    value
}

/// The answers of rules in the output of a replay, one line each: rule, subject, verdict, changes.
pub fn rule_lines(value: &Value) -> Vec<String> {
    let change = |change: &Value| {
        let part = |name: &str| change[name].as_str().unwrap_or("nothing").to_owned();
        format!(" {}: {} → {}", part("field"), part("from"), part("to"))
    };
    let line = |answer: &Value| {
        let text = |name: &str| answer[name].as_str().unwrap_or_default();
        let changes: String = answer["changes"].as_array().into_iter().flatten().map(change).collect();
        format!("{} {}: {}{changes}", text("rule"), text("about"), text("verdict"))
    };
    value["rules"].as_array().into_iter().flatten().map(line).collect()
}

/// RetailCRM's tasks, one line each: the text and the user who has to do it.
pub fn tasks(value: &Value) -> Vec<String> {
    let task = |task: &Value| format!("{} for {}", task["text"].as_str().unwrap_or_default(), task["performer"]);
    value["crm"]["tasks"].as_array().expect("a list").iter().map(task).collect()
}

/// The parameter of a site request whose customer is important to the example rule.
pub fn vip() -> Value {
    json!({"utm_campaign": "vip"})
}
