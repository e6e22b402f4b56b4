//! The documentation's concrete samples: what this server answers has their shape, and their values where the request fixes them.

mod support;

use serde_json::{Value, json};
use support::{Served, served};
use uis_simulator::account::Ongoing;
use uis_simulator::shapes::Api;

fn file() -> Value {
    serde_json::from_str(include_str!("samples/samples.json")).expect("the samples are JSON")
}

fn account(file: &Value) -> Served {
    let served = served(file["account"].clone());
    let mut state = served.account.state();
    state.notifications = file["notifications"].as_array().expect("rows").clone();
    state.ongoing = file["ongoing"].as_array().expect("rows").iter().map(|row| Ongoing { row: row.clone(), until: None }).collect();
    drop(state);
    served
}

/// What differs between the shapes of two values: keys and types. Null may stand for any type.
fn differences(place: &str, sample: &Value, ours: &Value, found: &mut Vec<String>) {
    match (sample, ours) {
        (Value::Null, _) | (_, Value::Null) => {}
        (Value::Object(sample), Value::Object(ours)) => {
            for (name, value) in sample {
                match ours.get(name) {
                    Some(own) => differences(&format!("{place}/{name}"), value, own, found),
                    None => found.push(format!("{place}/{name} is missing")),
                }
            }
            found.extend(ours.keys().filter(|name| !sample.contains_key(*name)).map(|name| format!("{place}/{name}")));
        }
        (Value::Array(sample), Value::Array(ours)) => {
            if sample.is_empty() != ours.is_empty() {
                found.push(format!("{place}: {} rows instead of {}", ours.len(), sample.len()));
            }
            if let Some(first) = sample.first() {
                ours.iter().for_each(|own| differences(&format!("{place}/*"), first, own, found));
            }
        }
        (sample, ours) if std::mem::discriminant(sample) == std::mem::discriminant(ours) => {}
        _ => found.push(format!("{place}: {ours} instead of {sample}")),
    }
}

#[test]
fn answers_have_the_shape_of_the_documentations_samples() {
    let file = file();
    for sample in file["samples"].as_array().expect("samples") {
        let served = account(&file);
        let api = if sample["api"] == "data" { Api::Data } else { Api::Call };
        let answer = |request: &Value| served.server.twin().answer(api, request.to_string().as_bytes(), None);
        for before in sample["before"].as_array().into_iter().flatten() {
            assert!(answer(before).get("result").is_some(), "{}", sample["name"]);
        }
        let ours = answer(&sample["request"]);
        let mut found = Vec::new();
        differences("", &sample["response"], &ours, &mut found);
        // What real answers have and the sample does not.
        let ours_only: Vec<&str> = sample["ours"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        found.retain(|place| !ours_only.contains(&place.as_str()));
        assert!(found.is_empty(), "{}: {found:?} in {ours}", sample["name"]);
        for pointer in sample["same"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert_eq!(ours.pointer(pointer), sample["response"].pointer(pointer), "{} {pointer}", sample["name"]);
        }
    }
}

#[test]
fn a_session_ends_with_logout() {
    let served = account(&file());
    let ask = |api: Api, method: &str, params: Value| served.ask(api, method, params);
    for (api, answer) in [(Api::Data, json!({})), (Api::Call, json!({"success": true}))] {
        let login = ask(api, "login.user", json!({"login": "your_login", "password": "your_password", "access_token": null}));
        let token = login["result"]["data"]["access_token"].clone();
        let out = ask(api, "logout.user", json!({"access_token": token}));
        assert_eq!(out["result"], json!({"data": answer}), "{api:?}");
        let again = ask(api, "logout.user", json!({"access_token": token}));
        assert_eq!(support::refusal(&again).0, "access_token_invalid", "{api:?}");
    }
}
