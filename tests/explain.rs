//! `effects` in the output of `replay --json`, and `uis-host explain`: the story of one customer, communication, order or task.

use serde_json::Value;
use uis_test_support::{command_json, recordings, replay_json, root, uis_host};

fn recording(name: &str) -> String {
    format!("tests/recordings/{name}.jsonl")
}

/// The effects of a recording.
fn effects(name: &str) -> Vec<Value> {
    let (_, value) = replay_json(&[&recording(name)]);
    value["effects"].as_array().expect("a list").clone()
}

/// The story that `explain` prints as text.
fn story(arguments: &[&str]) -> String {
    let output = uis_host(&[&["explain"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn why_there_are_two_tasks_is_answered_by_the_story_of_the_phone() {
    let text = story(&[&recording("telephony/missed-task-once"), "--phone", "8 916 123-45-67"]);
    let (lines, mut wanted) = (
        text.lines(),
        [
            "10:00:31  task 1 created: «Перезвонить: пропущенный звонок 79161234567», due 2026-11-23 11:00, for user 5",
            "          because of lost_call_session, line 5, call 998678017 79161234567",
            "          incoming-missed-task: it is called-last",
            "          employee 323409 is user 5",
            "11:00:31  left out: task of uis-call-998678018",
            "          because of lost_call_session, line 9, call 998678018 79161234567",
            "          missed-call-task-once: task 1 is open",
            "13:00:31  task 2 created: ",
            "          because of lost_call_session, line 14, call 998678019 79161234567",
        ]
        .into_iter()
        .peekable(),
    );
    for line in lines {
        wanted.next_if(|start| line.starts_with(start));
    }
    assert_eq!(wanted.next(), None, "{text}");
}

#[test]
fn a_phone_is_one_number_and_an_id_may_be_as_the_story_prints_it() {
    let name = recording("telephony/missed-task-once");
    let of = |option: &str, value: &str| uis_host(&["explain", &name, option, value, "--json"]);
    let same = of("--phone", "79161234567").stdout;
    assert!(!same.is_empty());
    assert_eq!(of("--phone", "8 (916) 123-45-67 доб. 12").stdout, same);
    for wrong in ["79161234567,79035550022", "no number", "7916123456779035550022"] {
        let refused = of("--phone", wrong);
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() == Some(2) && errors.contains(wrong) && errors.contains("give one number"), "{errors}");
    }
    assert_eq!(of("--call", "uis-call-998678017").stdout, of("--call", "998678017").stdout);
}

#[test]
fn a_site_request_that_is_not_handled_names_the_setting_that_is_off() {
    let text = story(&[&recording("text/request-off"), "--phone", "79161234567"]);
    assert!(text.contains("request-send: it is off"), "{text}");
}

#[test]
fn an_answered_call_says_why_it_makes_no_task() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = uis_test_support::file(&folder, "settings.json", &[r#"{"incoming-missed-task":"default","default-responsible":5}"#]);
    let text = story(&[&recording("answered"), "--call", "998677500", "--settings", &settings]);
    assert!(text.contains("incoming-missed-task: the call was answered"), "{text}");
}

#[test]
fn the_story_of_a_task_has_no_pop_ups() {
    let text = story(&[&recording("telephony/missed-task-once"), "--task", "2"]);
    assert!(text.contains("task 1 created") && text.contains("task 2 created") && text.contains("task 1 is open"), "{text}");
    assert!(!text.contains("pop-up") && !text.contains("call uis-call-"), "{text}");
}

#[test]
fn the_json_of_a_story_is_a_part_of_the_effects_of_the_replay() {
    let name = recording("telephony/everything-talk");
    let all = effects("telephony/everything-talk");
    let customer = all.iter().find(|effect| effect["entity"] == "customer" && effect["verb"] == "created").expect("a customer was created");
    let id = customer["id"].as_str().expect("an id");
    let story = command_json("explain", &[&name, "--customer", id], 0);
    let story = story["effects"].as_array().expect("a list");
    assert!(story.contains(customer) && story.iter().any(|effect| effect["entity"] == "order"), "{story:#?}");
    assert!(story.iter().all(|effect| all.contains(effect)));
}

#[test]
fn whom_nothing_is_about_is_said_with_those_who_are_there() {
    let name = recording("telephony/missed-task");
    let output = uis_host(&["explain", &name, "--task", "99"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "nothing was done or left out for task 99; there are: 1\n");
    let neither = uis_host(&["explain", &name]);
    assert_eq!(neither.status.code(), Some(2));
}

#[test]
fn other_settings_give_another_story() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = uis_test_support::file(&folder, "settings.json", &["{}"]);
    let name = recording("telephony/missed-task");
    let text = story(&[&name, "--phone", "79161234567", "--settings", &file]);
    assert!(text.contains("left out: task of uis-call-998678016") && !text.contains("task 1"), "{text}");
    let broken = uis_test_support::file(&folder, "broken.json", &["[]"]);
    let refused = uis_host(&["explain", &name, "--call", "998678016", "--settings", &broken]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("expected one JSON object of settings"));
}

#[test]
fn a_failure_that_attempts_repeat_stands_once_with_its_count() {
    let repeated: Vec<Value> = effects("crm-down").into_iter().filter(|effect| effect["count"].as_u64() > Some(1)).collect();
    assert!(!repeated.is_empty());
    for effect in repeated {
        assert_eq!((&effect["result"], effect["until"].is_string()), (&Value::from("failed"), true), "{effect:#}");
    }
}

#[test]
fn every_record_that_a_replay_made_has_an_effect_with_its_line() {
    let mut made = 0;
    let of_communications = |name: &str| name.starts_with("telephony.") || name.starts_with("text.");
    for (name, path) in recordings().into_iter().filter(|(name, _)| of_communications(name)) {
        let text = std::fs::read_to_string(&path).expect("readable");
        let header: Value = serde_json::from_str(text.lines().next().unwrap_or_default()).expect("JSON");
        // With several accounts an id is not unique, and what a user makes in the CRM is no effect.
        if header["integrations"].is_array() || text.lines().skip(1).any(|line| line.contains("\"crm\":")) {
            continue;
        }
        let (_, value) = replay_json(&[path.strip_prefix(root()).expect("in the repository").to_str().expect("UTF-8")]);
        let effects = value["effects"].as_array().expect("a list");
        for (member, entity) in [("tasks", "task"), ("customers", "customer"), ("notes", "note")] {
            let before: Vec<&Value> = header["crm"][member].as_array().into_iter().flatten().map(|record| &record["id"]).collect();
            for record in value["crm"][member].as_array().expect("a list").iter().filter(|record| !before.contains(&&record["id"])) {
                let id = record["id"].to_string();
                let found = effects.iter().any(|effect| {
                    let lost = effect["result"] == "unknown" && effect["id"].is_null();
                    effect["entity"] == entity && effect["verb"] == "created" && (effect["id"] == id.as_str() || lost)
                });
                assert!(found, "{name}: no effect created {entity} {id}");
                made += 1;
            }
        }
    }
    assert!(made > 50, "only {made} records were checked");
}
