//! Keys, sessions, addresses, components and limits.

use std::net::IpAddr;

use serde_json::{Value, json};
use uis_simulator::shapes::Api;

use super::support::{refusal, served};

const HOUR_MS: i64 = 3_600_000;

fn key(token: &str, rest: Value) -> Value {
    let mut key = json!({"token": token});
    for (name, value) in rest.as_object().expect("an object") {
        key[name] = value.clone();
    }
    key
}

#[test]
fn an_account_without_keys_accepts_any_token() {
    let open = served(json!({}));
    open.data("get.account", json!({"access_token": "whatever"}));
    assert_eq!(open.refused("get.account", json!({"access_token": ""})).0, "access_token_invalid");
    assert_eq!(open.refused("get.account", json!({"access_token": null})), ("required_parameter_missed".into(), "access_token".into()));
    assert_eq!(open.refused("get.account", json!({"access_token": 5})).0, "data_type_error");
}

#[test]
fn a_key_must_be_known_and_current() {
    let keys = json!({"api_keys": [
        key("good", json!({"name": "CRM"})), key("old", json!({"expire_at": 1_700_000_000})), key("bad", json!({"blocked": true})),
        key("reader", json!({"rights": ["employees:select"]})),
    ]});
    let account = served(keys);
    account.data("get.account", json!({"access_token": "good"}));
    for (token, mnemonic) in [("old", "access_token_expired"), ("bad", "access_token_blocked"), ("other", "access_token_invalid")] {
        assert_eq!(account.refused("get.account", json!({"access_token": token})).0, mnemonic);
    }
    account.data("get.employees", json!({"access_token": "reader"}));
    assert_eq!(account.refused("create.employees", json!({"access_token": "reader", "last_name": "А"})).0, "forbidden");
    let whole = account.data("getobj.account", json!({"access_token": "reader"}));
    let employees = whole["permissions"].as_array().expect("rights").iter().find(|unit| unit["unit_id"] == "employees").cloned();
    assert_eq!(employees.map(|unit| (unit["is_select"].clone(), unit["is_insert"].clone())), Some((json!(true), json!(false))));
}

#[test]
fn a_session_lives_one_hour() {
    let account = served(json!({"api_users": [{"login": "crm", "password": "secret"}]}));
    let login = |password: &str| account.ask(Api::Data, "login.user", json!({"login": "crm", "password": password, "access_token": null}));
    assert_eq!(refusal(&login("wrong")).0, "auth_error");
    let data = login("secret")["result"]["data"].clone();
    assert_eq!(data["expire_at"].as_i64(), Some((super::support::NOW + HOUR_MS) / 1000));
    let token = data["access_token"].clone();
    account.pass(HOUR_MS - 1);
    account.data("get.account", json!({"access_token": token}));
    account.pass(1);
    assert_eq!(account.refused("get.account", json!({"access_token": token})).0, "access_token_invalid");
    assert_eq!(
        account.refused("get.account", json!({"access_token": "any"})).0,
        "access_token_invalid",
        "an account with users is not open"
    );
}

#[test]
fn an_open_account_refuses_a_session_that_has_ended() {
    let account = served(json!({}));
    let login = account.ask(Api::Call, "login.user", json!({"login": "a", "password": "b", "access_token": null}));
    let token = login["result"]["data"]["access_token"].clone();
    account.data("get.account", json!({"access_token": token}));
    account.pass(HOUR_MS);
    assert_eq!(account.refused("get.account", json!({"access_token": token})).0, "access_token_invalid");
}

#[test]
fn addresses_are_checked_before_tokens() {
    let account = served(json!({"api_ip_allowed": ["192.0.2.0/24"], "api_keys": [key("good", json!({"ip_allowed": ["192.0.2.7"]}))]}));
    let ask = |token: &str, from: &str| {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "get.account", "params": {"access_token": token}});
        let from: IpAddr = from.parse().expect("an address");
        account.server.twin().answer(Api::Data, request.to_string().as_bytes(), Some(from))
    };
    let answer = ask("other", "198.51.100.1");
    assert_eq!(
        (refusal(&answer).0.as_str(), &answer["error"]["message"]),
        ("ip_not_whitelisted", &json!("Your IP 198.51.100.1 is not whitelisted"))
    );
    assert_eq!(refusal(&ask("other", "192.0.2.7")).0, "access_token_invalid");
    assert_eq!(refusal(&ask("good", "192.0.2.8")).0, "ip_not_whitelisted", "a key may have its own list");
    assert!(ask("good", "192.0.2.7").get("result").is_some());
}

#[test]
fn a_component_that_is_off_and_an_account_that_is_off_are_refused() {
    let account = served(json!({"components": ["va"]}));
    let answer = account.ask(Api::Data, "get.sales_funnel", json!({}));
    assert_eq!((refusal(&answer).0.as_str(), answer["error"]["code"].as_i64()), ("method_component_disabled", Some(-32602)));
    assert_eq!(answer["error"]["data"]["params"], json!({"components": "sales_funnel"}));
    account.data("get.sip_lines", json!({}));
    let answer = account.ask(Api::Call, "list.calls", json!({}));
    assert_eq!((refusal(&answer).0.as_str(), answer["error"]["code"].as_i64()), ("component_disabled", Some(-32008)));
    account.account.state().update(&json!({"app_state": "blocked"})).expect("a member");
    assert_eq!(account.refused("get.account", json!({})).0, "account_inactive");
}

#[test]
fn only_requests_that_succeed_use_points() {
    let account = served(json!({"data_api_points": {"per_minute": 2, "per_day": 3}}));
    let limits = |answer: &Value| {
        let limits = &answer["result"]["metadata"]["limits"];
        (limits["minute_remaining"].clone(), limits["day_remaining"].clone(), limits["minute_limit"].clone(), limits["day_limit"].clone())
    };
    assert_eq!(account.refused("get.employees", json!({"limit": 0})).0, "invalid_parameter_value");
    assert_eq!(limits(&account.ask(Api::Data, "get.account", json!({}))), (json!(1), json!(2), json!(2), json!(3)));
    assert_eq!(account.refused("update.employees", json!({"id": 1})).0, "entity_not_found");
    account.data("get.account", json!({}));
    let answer = account.ask(Api::Data, "get.account", json!({}));
    assert_eq!((refusal(&answer).0.as_str(), answer["error"]["code"].as_i64()), ("limit_exceeded", Some(-32029)));
    assert_eq!(answer["error"]["data"]["params"], json!({"limit_type": "minute", "limit_max_value": 2}));
    assert_eq!(answer["error"]["data"]["metadata"]["limits"]["minute_reset"], 60);
    // The Call API has limits of its own.
    assert!(account.ask(Api::Call, "list.calls", json!({})).get("result").is_some());
    account.pass(60_000);
    account.data("get.account", json!({}));
    let answer = account.ask(Api::Data, "get.account", json!({}));
    assert_eq!(answer["error"]["data"]["params"]["limit_type"], "day");
}
