//! Whatever is sent to either path: the server answers JSON-RPC and does not panic.

mod support;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::company;
use uis_simulator::shapes::{Api, Kind, Method};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![Just("2026-11-23 10:00:00"), Just("in"), Just("="), Just("id"), Just("call"), Just("%"), Just("a=1"), Just("(")]
            .prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![Just("ext_id".to_owned()), Just("field".to_owned()), Just("filters".to_owned()), "[a-z_]{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6).prop_map(|members| members.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// Values of a method's parameters that have the right types, as far as the table says.
fn fitting(method: &Method) -> Value {
    let mut whole = json!({"access_token": "token"});
    for (path, param) in &method.params {
        let value = match param.kind {
            Kind::Text => param.values.first().map_or_else(|| json!("74950000101"), |value| json!(value)),
            Kind::Number => json!(31001),
            Kind::Flag => json!(true),
            Kind::Time => json!("2026-11-23 10:00:00"),
            Kind::List if method.params.keys().any(|other| other.starts_with(&format!("{path}[]"))) => json!([{}]),
            Kind::List => json!([]),
            Kind::Object | Kind::Any => json!({}),
        };
        let pointer = format!("/{}", path.replace("[].", "/0/").replace('.', "/"));
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        if let Some(parent) = whole.pointer_mut(parent) {
            parent[name] = value;
        }
    }
    whole
}

fn api() -> impl Strategy<Value = Api> {
    prop_oneof![Just(Api::Data), Just(Api::Call)]
}

fn check(api: Api, body: &[u8]) -> Result<(), TestCaseError> {
    let answer = company().server.twin().answer(api, body, None);
    prop_assert_eq!(&answer["jsonrpc"], "2.0");
    prop_assert!(answer.get("id").is_some());
    prop_assert!(answer.get("result").is_some() != answer.get("error").is_some());
    if let Some(error) = answer.get("error") {
        prop_assert!(error["code"].is_i64() && error["message"].is_string() && error["data"]["mnemonic"].is_string());
        prop_assert_ne!(&error["data"]["mnemonic"], "internal_error");
    }
    Ok(())
}

/// A method of an API, and a parameter of it with any value beside parameters of the right types.
fn nearly_right() -> impl Strategy<Value = (Api, Value)> {
    api().prop_flat_map(|api| {
        let methods: Vec<(&String, &Method)> = api.methods().iter().collect();
        (Just(api), prop::sample::select(methods)).prop_flat_map(|(api, (name, method))| {
            let mut names: Vec<String> = method.params.keys().filter(|path| !path.contains('.')).cloned().collect();
            names.extend(["limit", "offset", "filter", "sort", "fields", "access_token"].map(str::to_owned));
            let changes = prop::collection::vec((prop::sample::select(names), value()), 0..3);
            changes.prop_map(move |changes| {
                let mut params = fitting(method);
                for (name, value) in changes {
                    params[name] = value;
                }
                (api, json!({"jsonrpc": "2.0", "id": 1, "method": name, "params": params}))
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(api in api(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        check(api, &body)?;
    }

    #[test]
    fn any_json_is_answered(api in api(), body in value()) {
        check(api, body.to_string().as_bytes())?;
    }

    #[test]
    fn a_method_with_odd_parameters_is_answered((api, body) in nearly_right()) {
        check(api, body.to_string().as_bytes())?;
    }
}
