//! Our module in RetailCRM, and who may reach us: switched on and off on either side, frozen, one of several of an account. The recordings are in
//! `recordings/telephony/`.

use serde_json::Value;
use uis_test_support::{replay_json, root, story};

/// What a recording leaves in UIS and in RetailCRM.
fn uis(name: &str) -> (Value, Value) {
    story(&format!("telephony/{name}")).replay().systems()
}

#[test]
fn a_frozen_module_stays_frozen_until_retailcrm_says_otherwise() {
    let (_, crm) = uis("frozen-by-retailcrm");
    let calls: Vec<&str> = crm["calls"].as_array().into_iter().flatten().filter_map(|call| call["externalId"].as_str()).collect();
    assert_eq!(calls, ["uis-call-998678151"]);
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
fn what_was_saved_while_frozen_takes_effect_though_retailcrm_is_busy_when_it_wakes_us() {
    let (_, crm) = uis("unfrozen-while-busy");
    let phones = &crm["modules"][0]["integrations"]["telephony"]["externalPhones"];
    assert_eq!(phones, &serde_json::json!([{"siteCode": "main", "externalPhone": "74951112233"}]), "{}", crm["modules"]);
}

#[test]
fn deactivation_takes_the_module_out_of_use_and_activation_registers_it_anew() {
    let (_, crm) = uis("deactivated-and-again");
    assert_eq!(crm["modules"][0]["active"], true);
    let calls: Vec<&str> = crm["calls"].as_array().into_iter().flatten().filter_map(|call| call["externalId"].as_str()).collect();
    assert_eq!(calls, ["uis-call-998678128", "uis-call-998678130"], "a call while it was off is nobody's");
    // The same recording up to the deactivation.
    let text = std::fs::read_to_string(root().join("tests/recordings/telephony/deactivated-and-again.jsonl")).expect("readable");
    let until: Vec<&str> = text.lines().take_while(|line| !line.contains("11:30:00")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let crm = replay_json(&[&uis_test_support::file(&folder, "off.jsonl", &until)]).1["crm"].clone();
    let module = &crm["modules"][0];
    assert_eq!((&module["active"], &module["integrations"]["telephony"]["additionalCodes"]), (&Value::from(false), &serde_json::json!([])));
}

#[test]
fn integrations_that_choose_the_same_credentials_share_one_retailcrm() {
    let (_, crm) = uis("credentials-chosen-again");
    let modules: Vec<(&Value, &Value)> =
        crm["modules"].as_array().into_iter().flatten().map(|module| (&module["code"], &module["baseUrl"])).collect();
    let told = |text: &'static str| Value::from(text);
    assert_eq!(
        modules,
        [(&told("uis"), &told("https://hooks.uis.example/first")), (&told("uis-2"), &told("https://hooks.uis.example/second")),]
    );
    let count = |list: &str| crm[list].as_array().map(Vec::len);
    assert_eq!((count("calls"), count("customers")), (Some(2), Some(1)), "each call once, whoever called once");
}

#[test]
fn a_trigger_at_another_address_reaches_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(root().join("tests/recordings/telephony/credentials-chosen-again.jsonl")).expect("readable");
    let header = text.lines().next().expect("a header");
    for address in [
        "https://hooks.uis.example/third/order-webhook/replay-client-id?orderId=17",
        "https://hooks.uis.example/first/order-webhook/wrong?orderId=17",
    ] {
        let line = serde_json::json!({"at": "2026-11-23T10:00:00+03:00", "order-webhook": address}).to_string();
        let (status, value) = replay_json(&[&uis_test_support::file(&folder, "hook.jsonl", &[header, &line]), "--settle", "0s"]);
        assert_eq!((status, &value["problems"][0]["kind"]), (1, &Value::from("rejected")), "{}", value["problems"]);
    }
}

#[test]
fn what_retailcrm_tells_of_itself_is_obeyed() {
    let (_, crm) = uis("switched-off-in-retailcrm");
    assert_eq!(crm["calls"][0]["externalId"], "uis-call-998678042", "what was missed while it was off is made good");
    assert_eq!(crm["popups"], serde_json::json!([]), "a pop-up an hour late is worse than none");
    let (uis, _) = uis("status-from-retailcrm");
    let statuses: Vec<&str> =
        uis["employees"].as_array().into_iter().flatten().filter_map(|employee| employee["status"].as_str()).collect();
    assert_eq!(statuses, ["do_not_disturb", "break"]);
}
