//! The integration module in RetailCRM: it is switched on and off by UIS and by RetailCRM, it can be frozen, and an account can have several.
//! The recordings are in `recordings/telephony/`.

use serde_json::Value;
use uis_test_support::{Replayed, replay_json, root, story};

/// The ids of the calls in RetailCRM's history.
fn call_ids(after: &Replayed) -> Vec<&str> {
    after.calls().iter().filter_map(|call| call["externalId"].as_str()).collect()
}

#[test]
fn a_frozen_module_stays_frozen_until_retailcrm_says_otherwise() {
    assert_eq!(call_ids(&story("telephony/frozen-by-retailcrm").replay()), ["uis-call-998678151"]);

    let text = std::fs::read_to_string(root().join("tests/recordings/telephony/frozen-by-retailcrm.jsonl")).expect("readable");
    let frozen: Vec<&str> = text.lines().take(3).collect();
    let sync = r#"{"at":"2026-11-23T10:05:00+03:00","action":"sync-employees"}"#;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [&frozen[..], &[sync]].concat();
    let (status, value) = replay_json(&[&uis_test_support::file(&folder, "frozen.jsonl", &lines), "--settle", "0s"]);
    let problems = value["problems"].to_string();
    assert!(status == 1 && problems.contains("has frozen the integration") && problems.contains("switch it on there first"), "{problems}");
}

#[test]
fn settings_saved_while_frozen_are_registered_later_although_retailcrm_is_busy_when_it_unfreezes() {
    let after = story("telephony/unfrozen-while-busy").replay();
    let phones = &after.modules()[0]["integrations"]["telephony"]["externalPhones"];
    assert_eq!(phones, &serde_json::json!([{"siteCode": "main", "externalPhone": "74951112233"}]), "{:?}", after.modules());
}

#[test]
fn deactivation_switches_the_module_off_and_activation_registers_it_again() {
    let after = story("telephony/deactivated-and-again").replay();
    assert_eq!(after.modules()[0]["active"], true);
    assert_eq!(call_ids(&after), ["uis-call-998678128", "uis-call-998678130"], "the call while the integration was off is not stored");
    // Replay the same recording only up to the deactivation.
    let text = std::fs::read_to_string(root().join("tests/recordings/telephony/deactivated-and-again.jsonl")).expect("readable");
    let until: Vec<&str> = text.lines().take_while(|line| !line.contains("11:30:00")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let crm = replay_json(&[&uis_test_support::file(&folder, "off.jsonl", &until)]).1["crm"].clone();
    let module = &crm["modules"][0];
    assert_eq!((&module["active"], &module["integrations"]["telephony"]["additionalCodes"]), (&Value::from(false), &serde_json::json!([])));
}

#[test]
fn integrations_that_choose_the_same_credentials_share_one_retailcrm() {
    let after = story("telephony/credentials-chosen-again").replay();
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let modules: Vec<(String, String)> = after.modules().iter().map(|module| (text(&module["code"]), text(&module["baseUrl"]))).collect();
    let expected = [("uis", "https://hooks.uis.example/first"), ("uis-2", "https://hooks.uis.example/second")];
    assert_eq!(modules, expected.map(|(code, address)| (code.to_owned(), address.to_owned())));
    assert_eq!((after.calls().len(), after.customers().len()), (2, 1), "every call and every customer is stored once");
}

#[test]
fn a_trigger_at_an_unknown_address_is_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(root().join("tests/recordings/telephony/credentials-chosen-again.jsonl")).expect("readable");
    let header = text.lines().next().expect("a header");
    for address in [
        "https://hooks.uis.example/third/order-webhook/replay-client-id?orderId=17",
        "https://hooks.uis.example/first/order-webhook/wrong?orderId=17",
    ] {
        let line = serde_json::json!({"at": "2026-11-23T10:00:00+03:00", "order-webhook": address}).to_string();
        let (status, value) = replay_json(&[&uis_test_support::file(&folder, "hook.jsonl", &[header, &line]), "--settle", "0s"]);
        // The second integration is also refused the deals, which the first one sends.
        let rejected = value["problems"].as_array().is_some_and(|all| all.iter().any(|one| one["kind"] == "rejected"));
        assert_eq!((status, rejected), (1, true), "{}", value["problems"]);
    }
}

#[test]
fn a_module_switched_off_in_retailcrm_stores_missed_calls_when_it_is_on_again() {
    let after = story("telephony/switched-off-in-retailcrm").replay();
    assert_eq!(after.calls()[0]["externalId"], "uis-call-998678042", "the call that came while the module was off is stored later");
    assert!(after.popups().is_empty(), "no pop-up is opened an hour late");
}

#[test]
fn a_users_status_in_retailcrm_becomes_the_employees_status_in_uis() {
    let after = story("telephony/status-from-retailcrm").replay();
    let statuses: Vec<&str> = after.employees().iter().filter_map(|employee| employee["status"].as_str()).collect();
    assert_eq!(statuses, ["do_not_disturb", "break"]);
}
