//! Starting and listing calls.

use futures_util::FutureExt;
use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::ports::Dialler;
use uis_simulator::shapes::Api;

use super::support::{Served, company, refusal};

fn order(changed: Value) -> Value {
    let mut order = json!({
        "first_call": "employee", "direction": "out", "virtual_phone_number": "74950000101", "contact": "79000000001",
        "employee": {"id": 31001}, "external_id": "click-1",
    });
    for (name, value) in changed.as_object().expect("an object") {
        order[name] = value.clone();
    }
    order
}

fn start(served: &Served, changed: Value) -> Value {
    served.ask(Api::Call, "start.employee_call", order(changed))
}

#[test]
fn the_same_order_twice_starts_two_calls() {
    let served = company();
    let first = start(&served, json!({}));
    let second = start(&served, json!({}));
    assert_eq!(first["result"]["data"]["call_session_id"].as_i64().map(|id| id + 1), second["result"]["data"]["call_session_id"].as_i64());
    assert!(first["result"].get("metadata").is_none(), "the Call API answers no metadata");
    let dialled = served.account.state().dialled.clone();
    assert_eq!((dialled.len(), &dialled[0]["external_id"], &dialled[1]["external_id"]), (2, &json!("click-1"), &json!("click-1")));
    assert_eq!(dialled[0]["at"], "2026-11-23T10:00:00+03:00");
    assert!(dialled[0].get("access_token").is_none());
}

#[test]
fn the_hosts_port_starts_an_order_once() {
    let served = company();
    let order = DialOrder {
        contact: "79000000001".into(),
        employee_id: 31001,
        employee_phone: None,
        virtual_number: "74950000101".into(),
        extension: None,
        virtual_number_rule: None,
        show_virtual_number: true,
        external_id: Some("click-1".into()),
    };
    for _ in 0..2 {
        assert_eq!(served.account.start_call("click-1", &order).now_or_never(), Some(Ok(())));
    }
    assert_eq!(served.account.state().dialled.len(), 1);
}

#[test]
fn an_order_is_refused_by_the_documented_errors() {
    let served = company();
    let cases = [
        (json!({"employee": {"id": 7}}), "employee_not_found", "employee.id"),
        (json!({"employee": {"id": 31002}}), "no_active_phone_number", "employee.phone_number"),
        (json!({"employee": {"id": 31001, "phone_number": "79000000102"}}), "no_active_phone_number", "employee.phone_number"),
        (json!({"employee": {"id": 31001, "phone_number": "79000000999"}}), "no_active_phone_number", "employee.phone_number"),
        (json!({"virtual_phone_number": "74950000999"}), "virtual_phone_number_not_found", "virtual_phone_number"),
        (json!({"virtual_phone_number": "74950000102"}), "virtual_phone_number_not_found", "virtual_phone_number"),
        (json!({"contact": "79000000666"}), "contact_in_blacklist", "contact"),
        (json!({"contact": "74950000101"}), "own_virtual_phone_number_not_allowed", "contact"),
        (json!({"contact": "+79000000001"}), "invalid_parameter_value", "contact"),
        (json!({"contact": "101"}), "invalid_parameter_value", "contact"),
        (json!({"contact": "393331234567"}), "direction_forbidden", "contact"),
        (json!({"early_switching": true}), "invalid_parameters_combination", "early_switching"),
        (json!({"early_switching": "true"}), "data_type_error", "early_switching"),
        (json!({"dtmf_string": "1,2"}), "invalid_parameter_value", "dtmf_string"),
        (json!({"media_file_id": 1}), "media_file_not_found", "media_file_id"),
        (json!({"contact_message": {"type": "tts", "value": "я".repeat(1001)}}), "tts_text_exceeded", "contact_message.value"),
        (json!({"employee_message": {"type": "media", "value": "x"}}), "media_file_not_found", "employee_message.value"),
        (json!({"employee": {}}), "required_parameter_missed", "employee.id"),
        (json!({"operator": "79000000001"}), "unexpected_parameters", "operator"),
    ];
    for (changed, mnemonic, field) in cases {
        assert_eq!(refusal(&start(&served, changed.clone())), (mnemonic.into(), field.into()), "{changed}");
    }
    assert_eq!(served.account.state().dialled.len(), 0);
    for allowed in [
        json!({"early_switching": true, "switch_at_once": true}),
        json!({"employee": {"id": 31001, "phone_number": "79000000101"}, "dtmf_string": "..101#"}),
        json!({"employee": {"id": 31001, "phone_number": "101"}, "media_file_id": 2701}),
    ] {
        assert!(start(&served, allowed.clone()).get("result").is_some(), "{allowed}");
    }
    served.account.state().update(&json!({"international_calls": true})).expect("a member");
    assert!(start(&served, json!({"contact": "393331234567"})).get("result").is_some());
}

#[test]
fn a_call_rings_for_a_while_and_is_listed() {
    let served = company();
    let session = start(&served, json!({}))["result"]["data"]["call_session_id"].clone();
    let list = |params: Value| served.ask(Api::Call, "list.calls", params)["result"]["data"].clone();
    let calls = list(json!({"direction": "out", "virtual_phone_number": "74950000101"}));
    assert_eq!((&calls[0]["call_session_id"], &calls[0]["legs"][0]["state"]), (&session, &json!("Дозвон")));
    assert_eq!(calls[0]["legs"][0]["called_phone_number"], "79000000101");
    assert_eq!(list(json!({"direction": "in"})), json!([]));
    assert_eq!(refusal(&served.ask(Api::Call, "list.calls", json!({"virtual_phone_number": "8495"}))).0, "invalid_parameter_value");
    served.pass(60_000);
    assert_eq!(list(json!({})), json!([]));
}

#[test]
fn a_simple_call_has_two_plain_numbers() {
    let served = company();
    let order = |operator: &str| json!({"first_call": "operator", "virtual_phone_number": "74950000101", "contact": "79000000001", "operator": operator});
    assert!(served.ask(Api::Call, "start.simple_call", order("79000000002")).get("result").is_some());
    assert_eq!(
        refusal(&served.ask(Api::Call, "start.simple_call", order("+79000000002"))),
        ("invalid_parameter_value".into(), "operator".into())
    );
}
