//! A user of RetailCRM clicks a number and UIS starts a call. The recordings are in `recordings/telephony/`.

use serde_json::Value;
use uis_test_support::{replay_json, root};

use crate::telephony::replayed;

#[test]
fn the_customer_sees_the_number_that_the_settings_choose() {
    // «Номер для звонка по клику» is 74951112233; the number of the employee's line is 74951112244.
    for (name, shown) in [
        ("click-shows-line", "74951112244"),
        ("click-line-not-registered", "74951112233"),
        ("click-shows-chosen", "74951112244"),
        ("click-chosen-unknown", "74951112244"),
        ("click-override", "74951112233"),
    ] {
        let after = replayed(name);
        let call = &after.dialled()[0];
        assert_eq!(call["virtual_phone_number"], shown, "{name}");
        assert_eq!((&call["direction"], &call["contact"]), (&Value::from("out"), &Value::from("79161234567")), "{name}");
    }
}

#[test]
fn a_click_starts_one_call_which_is_stored_as_an_outgoing_call() {
    let after = replayed("click-to-call");
    let dialled: Vec<&str> = after.dialled().iter().filter_map(|call| call["contact"].as_str()).collect();
    assert_eq!(dialled, ["79161234567", "79161234568"], "a second click on the same number must not start another call");
    let call = &after.calls()[0];
    assert_eq!(
        (&call["type"], &call["userId"], &call["source"]["source"]),
        (&Value::from("out"), &Value::from(5), &Value::from("retailcrm"))
    );
    let module = &after.modules()[0]["integrations"]["telephony"];
    assert_eq!((&module["makeCallUrl"], &module["changeUserStatusUrl"]), (&Value::from("/make-call"), &Value::from("/status")));
}

#[test]
fn clicks_and_callbacks_that_cannot_be_handled_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = std::fs::read_to_string(root().join("tests/recordings/telephony/click-to-call.jsonl")).expect("readable");
    let header = header.lines().next().expect("a header").to_owned();
    let click = |query: &str| format!(r#"{{"at":"2026-11-23T10:00:00+03:00","click-to-call":"{query}"}}"#);
    let callback = |name: &str, form: &str| format!(r#"{{"at":"2026-11-23T10:00:00+03:00","callback":"{name}","form":"{form}"}}"#);
    let secret = "clientId=replay-client-id";
    for (line, reason) in [
        (click("clientId=wrong&code=101&phone=79161234567&userId=5"), "does not contain the account's secret"),
        (click(&format!("{secret}&code=999&phone=79161234567&userId=99")), "is not a UIS employee (user 99, extension 999)"),
        (click(&format!("{secret}&code=101&userId=5")), "names no phone"),
        (click(&format!("{secret}&code=101&userId=5&phone=12")), "12 is not a number that can be called"),
        (click(&format!("{secret}&code=101&userId=5&phone=%3Cscript%3E")), "‹script› is not a number"),
        (callback("activity", &format!("{secret}&activity=nonsense")), "activity is not JSON"),
        (callback("status", &format!("{secret}&userId=5&status=asleep")), "no status"),
    ] {
        let path = uis_test_support::file(&folder, "click.jsonl", &[&header, &line]);
        let (status, value) = replay_json(&[&path, "--settle", "0s"]);
        assert_eq!(status, 1, "{line}");
        assert!(value["problems"][0]["message"].as_str().is_some_and(|message| message.contains(reason)), "{line}: {}", value["problems"]);
        assert_eq!(value["uis"]["dialled"], serde_json::json!([]), "{line}");
    }
}
