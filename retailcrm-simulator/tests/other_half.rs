//! What the CRM does by itself: users act in it, triggers and modules get requests, and the dump of an account is an account again.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::support;
use crate::support::{Crm, crm, demo};

async fn acts(crm: &Crm, user: i64, path: &str, form: &str) -> support::Answer {
    let request = Request::post(format!("/_simulator/as/{user}/api/v5/{path}")).header("content-type", "application/x-www-form-urlencoded");
    crm.ask(request.body(Body::from(form.to_owned())).expect("a request")).await
}

async fn requests(crm: &Crm) -> Vec<String> {
    let callbacks = crm.get("/_simulator/callbacks").await.expect(200);
    callbacks["callbacks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|callback| format!("{} {}", callback["of"].as_str().unwrap_or_default(), callback["url"].as_str().unwrap_or_default()))
        .collect()
}

fn with_triggers() -> Crm {
    crm(json!({
        "users": [{"id": 5}], "sites": [{"code": "a"}, {"code": "b"}],
        "customers": [{"id": 1}], "orders": [{"id": 17, "site": "b", "status": "new", "customer": {"id": 1}}],
        "triggers": [
            {"name": "deals", "event": "order.changed", "action": {"url": "http://uis.example/hook?x=1", "parameters": [{"name": "orderId", "value": "{{ order.id }}"}]}},
            {"name": "done", "event": "order.updated", "condition": "order.status == 'complete' and changeSet.hasChangedField('status')", "action": {"url": "http://uis.example/done"}},
            {"name": "gone", "event": "order.changed", "condition": "changeSet.isDelete()", "action": {"method": "POST", "url": "http://uis.example/gone", "parameters": [{"name": "n", "value": "{{ order.number }}-{{ customer.id }}"}]}},
        ],
    }))
}

#[tokio::test]
async fn triggers_act_when_a_user_does() {
    let crm = with_triggers();
    let refused = acts(&crm, 5, "orders/17/edit", "by=id&order=%7B%22status%22%3A%22complete%22%7D").await;
    assert_eq!(refused.refusal(400), "Parameter 'site' is missing");
    acts(&crm, 5, "orders/17/edit", "by=id&site=b&order=%7B%22status%22%3A%22complete%22%7D").await.expect(200);
    acts(&crm, 5, "orders/17/edit", "by=id&site=b&order=%7B%22status%22%3A%22complete%22%7D").await.expect(200);
    assert_eq!(
        requests(&crm).await,
        ["deals http://uis.example/hook?x=1&orderId=17", "done http://uis.example/done"],
        "nothing changed the second time"
    );
    crm.control("delete", json!({"order": 17, "user": 5})).await;
    assert_eq!(requests(&crm).await[2..], ["deals http://uis.example/hook?x=1&orderId=17", "gone http://uis.example/gone"]);
    let history = crm.get("/api/v5/orders/history").await.expect(200);
    let last = history["history"].as_array().and_then(|records| records.last()).expect("a record");
    assert_eq!((&last["deleted"], &last["source"], &last["user"]["id"]), (&json!(true), &json!("user"), &json!(5)));
    assert_eq!(acts(&crm, 99, "orders/17/edit", "").await.status, 400, "nobody");
}

#[tokio::test]
async fn users_delete_what_the_api_cannot() {
    let crm = demo();
    let task = json!({"text": "Позвонить", "performerId": 6, "customer": {"id": 1}});
    let id = support::post(&crm, "tasks/create", "task", task).await.expect(201)["id"].clone();
    crm.control("delete", json!({"task": id, "user": 5})).await;
    assert_eq!(crm.get(&format!("/api/v5/tasks/{id}")).await.refusal(404), "Not found");
    let history = crm.get("/api/v5/tasks/history").await.expect(200)["history"].clone();
    let last = history.as_array().and_then(|records| records.last()).expect("a record").clone();
    assert_eq!((&last["deleted"], &last["user"]["id"], &last["task"]["id"]), (&json!(true), &json!(5), &id));
    crm.control("delete", json!({"status": "new"})).await;
    let statuses = crm.get("/api/v5/reference/statuses").await.expect(200)["statuses"].clone();
    assert!(statuses.get("new").is_none() && statuses.get("complete").is_some());
    assert_eq!(crm.get("/api/v5/reference/status-groups").await.expect(200)["statusGroups"]["new"]["statuses"], json!([]));
    assert_eq!(crm.get("/api/v5/orders/o7").await.expect(200)["order"]["status"], "new", "orders keep what they had");
    let refused = crm.post("/api/v5/orders/o7/edit", &[("order", json!({"status": "new"}))]).await.expect(400);
    assert!(refused["errors"]["status"].is_string());
    crm.control("delete", json!({"user": 6})).await;
    assert_eq!(crm.get("/api/v5/users/6").await.refusal(404), "Not found");
    assert_eq!(crm.get("/api/v5/customers?filter[ids][]=2").await.expect(200)["customers"][0]["managerId"], 6, "an id is left");
    for wrong in [
        json!({}),
        json!({"task": 99}),
        json!({"status": "new"}),
        json!({"user": 6}),
        json!({"task": 1, "order": 7}),
        json!({"order": 7, "status": "complete"}),
    ] {
        let request = Request::post("/_simulator/delete").body(Body::from(wrong.to_string())).expect("a request");
        assert_eq!(crm.ask(request).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_trigger_that_cannot_be_read_is_refused_with_its_place() {
    let account = json!({"triggers": [{"name": "x", "event": "order.changed", "condition": "order.", "action": {"url": "http://x"}}]});
    let complaint = retailcrm_simulator::Account::read(&account).expect_err("no account").to_string();
    assert!(complaint.starts_with("crm.triggers[0]: condition: "), "{complaint}");
}

#[tokio::test]
async fn active_modules_get_settings_and_inactive_ones_get_nothing() {
    let crm = demo();
    let module = json!({"integrationCode": "uis", "name": "UIS", "baseUrl": "https://x/", "clientId": "s", "actions": {"settings": "settings"},
        "integrations": {"telephony": {"makeCallUrl": "call", "additionalCodes": [{"userId": 5, "code": "1"}]}}});
    crm.post("/api/v5/integration-modules/uis/edit", &[("integrationModule", module)]).await.expect(201);
    crm.control("settings", json!({"timezone": "Asia/Omsk"})).await;
    assert_eq!(requests(&crm).await, ["uis https://x/settings"]);
    assert_eq!(crm.get("/api/v5/settings").await.expect(200)["settings"]["timezone"]["value"], "Asia/Omsk");
    crm.control("module-activity", json!({"code": "uis", "freeze": true})).await;
    let request = Request::post("/_simulator/make-call").body(Body::from(r#"{"user":5,"phone":"79160000001"}"#)).expect("a request");
    let refused = crm.ask(request).await.expect(400);
    assert_eq!(refused["error"], "no active module has a makeCallUrl");
}

#[tokio::test]
async fn a_dump_is_an_account_again() {
    let crm = with_triggers();
    crm.post("/api/v5/customers/create", &[("customer", json!({"firstName": "x", "externalId": "e"})), ("site", json!("a"))])
        .await
        .expect(201);
    acts(&crm, 5, "orders/17/edit", "by=id&site=b&order=%7B%22status%22%3A%22complete%22%7D").await.expect(200);
    let calls = json!([{"date": "2026-11-23 10:00:00", "type": "in", "phone": "1", "externalId": "e1", "result": "answered"}]);
    crm.post("/api/v5/telephony/calls/upload", &[("calls", calls.clone())]).await.expect(200);
    let mut state = crm.get("/_simulator/state").await.expect(200);
    let again = support::crm(state.clone());
    let mut copy = again.simulator.to_json();
    for state in [&mut state, &mut copy] {
        state.as_object_mut().expect("an object").remove("callbacks");
    }
    assert_eq!(state, copy);
    assert_eq!(again.post("/api/v5/telephony/calls/upload", &[("calls", calls)]).await.expect(200)["duplicateCalls"], json!(["e1"]));
    assert_eq!(
        again.get("/api/v5/orders/history?filter[sinceId]=0").await.expect(200)["history"],
        crm.get("/api/v5/orders/history?filter[sinceId]=0").await.expect(200)["history"]
    );
}

#[tokio::test]
async fn an_administrator_changes_and_adds_users() {
    let crm = demo();
    crm.control("user", json!({"id": 5, "lastName": "Иванова", "active": false, "firstName": null})).await;
    let user = crm.get("/api/v5/users/5").await.expect(200)["user"].clone();
    assert_eq!(
        (&user["lastName"], &user["active"], user.get("firstName"), &user["email"]),
        (&json!("Иванова"), &json!(false), None, &json!("a@x.example"))
    );
    assert_eq!(crm.control("user", json!({"email": "c@x.example"})).await["id"], 7);
    assert_eq!(crm.get("/api/v5/users?filter[active]=1").await.expect(200)["pagination"]["totalCount"], 2);
}

#[tokio::test]
async fn a_reset_empties_restarts_or_replaces() {
    let crm = demo();
    crm.post("/api/v5/customers/create", &[("customer", json!({"firstName": "x"}))]).await.expect(201);
    let count = async || crm.get("/api/v5/customers").await.expect(200)["pagination"]["totalCount"].clone();
    assert_eq!(count().await, 3);
    let reset = async |query: &str, body: Value| {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        crm.ask(Request::post(format!("/_simulator/reset{query}")).body(body).expect("a request")).await.status
    };
    assert_eq!((reset("?to=start", Value::Null).await, count().await), (200, json!(2)));
    assert_eq!((reset("", Value::Null).await, count().await), (200, json!(0)));
    let state = crm.get("/_simulator/state").await.expect(200);
    for list in ["customers", "orders", "tasks", "notes", "calls", "callEvents", "popups", "modules", "notifications"] {
        assert_eq!(state[list], json!([]), "{list}");
    }
    assert_eq!((state["users"].as_array().map(Vec::len), &state["history"]["orders"]), (Some(2), &json!([])), "who works there stays");
    assert_eq!((reset("", json!({"customers": [{"id": 1}]})).await, count().await), (200, json!(1)));
    assert_eq!((reset("", json!({"customer": []})).await, count().await), (400, json!(1)), "a bad account changes nothing");
}

#[tokio::test]
async fn a_dump_keeps_everything_that_follows_from_the_past() {
    let crm = demo();
    crm.post("/api/v5/customers/create", &[("customer", json!({"firstName": "x"}))]).await.expect(201);
    crm.post("/api/v5/customers/combine", &[("customers", json!([{"id": 3}])), ("resultCustomer", json!({"id": 1}))]).await.expect(200);
    let event = |kind: &str| json!({"phone": "+79160000001", "type": kind, "userIds": [5], "callExternalId": "C1"});
    crm.post("/api/v5/telephony/call/event", &[("event", event("in"))]).await.expect(200);
    let again = support::crm(crm.get("/_simulator/state").await.expect(200));
    let made = again.post("/api/v5/customers/create", &[("customer", json!({"firstName": "y"}))]).await.expect(201);
    assert_eq!(made["id"], 4, "the number of one who was merged is not given again");
    again.post("/api/v5/telephony/call/event", &[("event", event("hangup"))]).await.expect(200);
    assert_eq!(again.get("/_simulator/popups?user=5").await.expect(200)["popups"], json!([]));
    assert_eq!(crm.get("/_simulator/popups").await.expect(400)["error"], "expected \"user\": the id of a user");
}

#[tokio::test]
async fn a_hangup_without_the_call_s_id_goes_by_the_phone() {
    let crm = demo();
    let event = async |event: Value| crm.post("/api/v5/telephony/call/event", &[("event", event)]).await.expect(200);
    let seen = async || crm.get("/_simulator/popups?user=5").await.expect(200)["popups"].as_array().map(Vec::len);
    for (opened, closed) in [(json!(null), json!(null)), (json!("a"), json!(null)), (json!(null), json!("b"))] {
        event(json!({"phone": "+7 916 000-00-01", "type": "in", "userIds": [5], "callExternalId": opened, "hangupStatus": null})).await;
        assert_eq!(seen().await, Some(1));
        event(json!({"phone": 79160000001i64, "type": "hangup", "callExternalId": closed})).await;
        assert_eq!(seen().await, Some(0), "{opened} then {closed}");
    }
}

#[tokio::test]
async fn mistakes_in_an_account_are_reported_with_their_place() {
    for (account, expected) in [
        (json!({"customers": [{"site": "nope"}]}), "crm.customers[0].site: there is no shop \"nope\""),
        (json!({"orders": [{"externalId": "e"}, {"externalId": "e"}]}), "crm.orders[1].externalId: \"e\" is taken"),
        (json!({"orders": [{"items": [5]}]}), "crm.orders[0].items[0]"),
        (json!({"orders": [{"items": [{"initialPrice": "100"}]}]}), "crm.orders[0].items[0].initialPrice"),
        (json!({"apiKeys": [{"key": "a", "scopes": ["nope"]}]}), "crm.apiKeys[0].scopes"),
        (json!({"apiKeys": [{"key": "a"}, {"key": "a"}]}), "crm.apiKeys[1].key"),
        (json!({"apiKeys": [{"key": "a"}], "scopes": []}), "crm.scopes"),
        (json!({"rateLimit": {"status": 200}}), "crm.rateLimit.status"),
    ] {
        let complaint = retailcrm_simulator::Account::read(&account).expect_err("no account").to_string();
        assert!(complaint.starts_with(expected), "{complaint}");
    }
}

#[tokio::test]
async fn a_user_s_path_keeps_its_encoding() {
    let crm = support::crm(json!({"users": [{"id": 5}], "customers": [{"id": 1, "externalId": "И/ x"}]}));
    let request = Request::get("/_simulator/as/5/api/v5/customers/%D0%98%2F%20x").body(Body::empty()).expect("a request");
    assert_eq!(crm.ask(request).await.expect(200)["customer"]["id"], 1);
}

#[tokio::test]
async fn a_replaced_key_is_refused_and_the_new_one_is_accepted() {
    let old = demo();
    old.get("/api/v5/users").await.expect(200);
    old.control("key", json!({"key": "another-key"})).await;
    let refused = old.get("/api/v5/users").await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    old.with_key("another-key").get("/api/v5/users").await.expect(200);
    let wrong = old.ask(Request::post("/_simulator/key").body(Body::from("{}")).expect("a request")).await;
    assert_eq!(wrong.status, 400);
}
