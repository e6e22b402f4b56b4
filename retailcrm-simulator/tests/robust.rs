//! Whatever a client sends, the answer has RetailCRM's shape: no panic, no hang; and what the account promises holds.

use axum::body::Body;
use http::Request;
use proptest::prelude::*;
use retailcrm_simulator::account::DEFAULT_KEY;
use serde_json::{Value, json};

use crate::support::demo;

/// The POST methods and their fields.
const WRITES: [(&str, &str); 28] = [
    ("telephony/call/event", "event"),
    ("telephony/calls/upload", "calls"),
    ("integration-modules/uis/edit", "integrationModule"),
    ("integration-modules/uis/update-scopes", "requires"),
    ("users/5/status", "status"),
    ("reference/statuses/x/edit", "status"),
    ("reference/sites/main/edit", "site"),
    ("reference/couriers/create", "courier"),
    ("custom-fields/customer/create", "customField"),
    ("custom-fields/dictionaries/create", "customDictionary"),
    ("customers/create", "customer"),
    ("customers/c1/edit", "customer"),
    ("customers/upload", "customers"),
    ("customers/combine", "customers"),
    ("customers/fix-external-ids", "customers"),
    ("customers/c1/subscriptions", "subscriptions"),
    ("customers/notes/create", "note"),
    ("orders/create", "order"),
    ("orders/o7/edit", "order"),
    ("orders/upload", "orders"),
    ("orders/combine", "order"),
    ("orders/fix-external-ids", "orders"),
    ("orders/links/create", "link"),
    ("orders/payments/create", "payment"),
    ("orders/payments/1/edit", "payment"),
    ("tasks/create", "task"),
    ("tasks/1/edit", "task"),
    ("notifications/send", "notification"),
];

/// The GET methods.
const READS: [&str; 22] = [
    "customers",
    "customers/history",
    "customers/notes",
    "customers/c1",
    "customers-corporate",
    "customers-corporate/1/contacts",
    "orders",
    "orders/history",
    "orders/statuses",
    "orders/o7",
    "tasks",
    "tasks/history",
    "tasks/1/comments",
    "users",
    "users/5",
    "user-groups",
    "custom-fields",
    "custom-fields/dictionaries",
    "custom-fields/customer/x",
    "reference/statuses",
    "reference/nothing",
    "telephony/manager",
];

/// Members that have meaning somewhere.
const NAMES: [&str; 40] = [
    "id",
    "externalId",
    "firstName",
    "email",
    "phones",
    "number",
    "phone",
    "type",
    "date",
    "result",
    "codes",
    "userIds",
    "customer",
    "order",
    "orders",
    "items",
    "offer",
    "quantity",
    "initialPrice",
    "payments",
    "amount",
    "status",
    "delivery",
    "cost",
    "address",
    "customFields",
    "managerId",
    "performerId",
    "text",
    "datetime",
    "integrations",
    "telephony",
    "additionalCodes",
    "elements",
    "code",
    "name",
    "group",
    "scopes",
    "userGroups",
    "tags",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "new",
            "c1",
            "o7",
            "1",
            "2026-11-23",
            "2026-11-23 10:00:00",
            "in",
            "+7 916",
            "😀 عربى",
            "paid",
            "cash"
        ])
        .prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(NAMES.to_vec()), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_form_gets_an_answer(
        write in prop::sample::select(WRITES.to_vec()),
        value in prop_oneof![4 => json_value().prop_map(|value| value.to_string()), 1 => "\\PC{0,40}"],
        others in prop::collection::vec((prop::sample::select(vec!["site", "by", "resultCustomer", "resultOrder", "technique", "x[y]", "apiKey"]), prop_oneof![Just("id".to_owned()), Just("main".to_owned()), Just("{\"id\":2}".to_owned()), "\\PC{0,10}"]), 0..4),
    ) {
        runtime().block_on(async {
            let crm = demo();
            let mut fields: Vec<(&str, Value)> = others.iter().map(|(name, value)| (*name, Value::from(value.as_str()))).collect();
            fields.push((write.1, value.clone().into()));
            let answer = crm.post(&format!("/api/v5/{}", write.0), &fields).await;
            let body = answer.json();
            prop_assert!(body["success"].is_boolean(), "{} {:?}: {} {}", write.0, fields, answer.status, answer.text);
            prop_assert_eq!(body["success"] == true, answer.status < 300);
            prop_assert!(body["success"] == true || body["errorMsg"].is_string());
            // What was written can be read: the dump of an account is an account again.
            let dump = crm.simulator.to_json();
            prop_assert!(retailcrm_simulator::Account::read(&dump).is_ok(), "{} {:?}: {:?}", write.0, fields, retailcrm_simulator::Account::read(&dump).err());
            for list in ["customers", "orders", "orders/history", "tasks", "users"] {
                prop_assert_eq!(crm.get(&format!("/api/v5/{list}")).await.status, 200, "{} after {} {:?}", list, write.0, fields);
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_query_gets_an_answer(read in prop::sample::select(READS.to_vec()), query in "(filter\\[[a-zA-Z]{1,12}\\](\\[[a-z0-9]{0,3}\\])?=[a-z0-9%\\-]{0,8}&){0,3}[a-z\\[\\]=&%0-9]{0,40}") {
        runtime().block_on(async {
            let crm = demo();
            let uri = format!("/api/v5/{read}?{query}");
            if let Ok(request) = Request::get(&uri).header("X-API-KEY", DEFAULT_KEY).body(Body::empty()) {
                let answer = crm.ask(request).await;
                prop_assert!(answer.json()["success"].is_boolean(), "{}: {}", uri, answer.text);
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_body_of_any_kind_gets_an_answer(kind in prop::sample::select(vec!["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "application/json", "text/plain", ""]), body in prop::collection::vec(any::<u8>(), 0..200)) {
        runtime().block_on(async {
            let crm = demo();
            let request = Request::post("/api/v5/orders/create").header("X-API-KEY", DEFAULT_KEY).header("content-type", kind);
            let answer = crm.ask(request.body(Body::from(body)).expect("a request")).await;
            prop_assert!(answer.json()["errorMsg"].is_string(), "{}", answer.text);
            Ok(())
        })?;
    }

    /// Whatever is created, changed and merged: an externalId is one entity's inside its shop, and a search finds who has the phone.
    #[test]
    fn ids_stay_unique_and_searches_find(acts in prop::collection::vec((0u8..4, 1i64..6, 0usize..5), 1..25)) {
        const PHONES: [&str; 5] = ["+7 916 000-00-01", "79160000002", "8 (916) 000 00 03", "79260000001", "4951234567"];
        runtime().block_on(async {
            let crm = demo();
            for (act, id, phone) in acts {
                let customer = json!({"externalId": format!("e{id}"), "firstName": "x", "phones": [{"number": PHONES[phone]}]});
                match act {
                    0 => crm.post("/api/v5/customers/create", &[("customer", customer)]).await,
                    1 => crm.post(&format!("/api/v5/customers/e{id}/edit"), &[("customer", json!({"phones": [{"number": PHONES[phone]}]}))]).await,
                    2 => crm.post(&format!("/api/v5/customers/{id}/edit"), &[("customer", json!({"externalId": format!("e{phone}")})), ("by", json!("id"))]).await,
                    _ => crm.post("/api/v5/customers/combine", &[("customers", json!([{"id": id}])), ("resultCustomer", json!({"id": phone + 1}))]).await,
                };
            }
            let dump = crm.simulator.to_json();
            let customers = dump["customers"].as_array().expect("a list");
            let mut ids: Vec<&str> = customers.iter().filter_map(|customer| customer["externalId"].as_str()).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count);
            for number in PHONES {
                let digits: String = number.chars().filter(char::is_ascii_digit).collect();
                let found = crm.get(&format!("/api/v5/customers?filter[name]={digits}&limit=100")).await.json();
                let same = |phone: &Value| phone["number"].as_str().is_some_and(|known| known.chars().filter(char::is_ascii_digit).eq(digits.chars()));
                let having = customers.iter().filter(|customer| customer["phones"].as_array().is_some_and(|phones| phones.iter().any(same))).count();
                prop_assert_eq!(&found["pagination"]["totalCount"], &json!(having), "{}", number);
            }
            Ok(())
        })?;
    }
}
