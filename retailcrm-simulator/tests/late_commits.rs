//! Requests whose connection broke and that are committed later: `commitsAfterMs` in a plan of faults, in a time that the test moves.

use axum::body::Body;
use http::Request;
use retailcrm_simulator::faults::ConnectionReset;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Crm, crm, demo, get, post};

/// From now on the connection of a POST breaks and the request is committed this long after that; `more` are further members of the rule.
fn late(crm: &Crm, commits_after: Value, more: Value) {
    let mut rule = json!({"method": "POST", "reset": "before-commit", "commitsAfterMs": commits_after});
    rule.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    crm.simulator.misbehave(&json!({"seed": 7, "rules": [rule]})).expect("a plan");
}

/// Creates a customer with this externalId and checks that the connection breaks.
async fn create_and_break(crm: &Crm, external_id: &str, key: &str) {
    let customer = json!({"externalId": external_id, "firstName": "Late"}).to_string();
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("customer", &customer).finish();
    let request = Request::post("/api/v5/customers/create").header("X-API-KEY", key);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form)).expect("a request");
    let answer = crm.simulator.router().oneshot(request).await.expect("infallible");
    assert!(answer.extensions().get::<ConnectionReset>().is_some(), "the connection breaks");
}

async fn by_external_id(crm: &Crm, external_id: &str) -> Value {
    get(crm, &format!("customers?filter[externalIds][]={external_id}")).await["customers"].clone()
}

#[tokio::test]
async fn the_effect_shows_from_the_commit_on_with_its_time() {
    let crm = demo();
    late(&crm, json!(3000), json!({}));
    create_and_break(&crm, "late", &crm.simulator.api_key()).await;
    crm.pass(2999);
    assert_eq!(by_external_id(&crm, "late").await, json!([]));
    crm.pass(1);
    let customer = by_external_id(&crm, "late").await[0].clone();
    assert_eq!(customer["createdAt"], "2026-11-23 10:00:03");
    crm.pass(60_000);
    let history = get(&crm, "customers/history").await["history"].clone();
    let last = history.as_array().and_then(|records| records.last()).cloned().expect("a record");
    assert_eq!((&last["createdAt"], &last["customer"]["id"]), (&json!("2026-11-23 10:00:03"), &customer["id"]));
    assert_eq!((&last["source"], &last["apiKey"]["current"]), (&json!("api"), &json!(true)));
}

#[tokio::test]
async fn time_that_jumps_over_several_commits_keeps_their_order() {
    let crm = demo();
    for (external_id, delay) in [("third", 9000), ("first", 2000), ("second", 5000)] {
        late(&crm, json!(delay), json!({}));
        create_and_break(&crm, external_id, &crm.simulator.api_key()).await;
    }
    crm.pass(20_000);
    let made: Vec<Value> = crm.simulator.to_json()["customers"].as_array().expect("customers").iter().skip(2).cloned().collect();
    let shown: Vec<(&str, &str)> =
        made.iter().map(|one| (one["externalId"].as_str().expect("text"), one["createdAt"].as_str().expect("text"))).collect();
    assert_eq!(shown, [("first", "2026-11-23 10:00:02"), ("second", "2026-11-23 10:00:05"), ("third", "2026-11-23 10:00:09")]);
}

#[tokio::test]
async fn an_external_id_that_is_taken_meanwhile_refuses_the_late_commit() {
    let crm = demo();
    late(&crm, json!(3000), json!({"times": 1}));
    create_and_break(&crm, "same", &crm.simulator.api_key()).await;
    crm.pass(1000);
    let again = post(&crm, "customers/create", "customer", json!({"externalId": "same", "firstName": "Repeated"})).await.expect(201);
    crm.pass(60_000);
    let found = by_external_id(&crm, "same").await;
    assert_eq!((found.as_array().map(Vec::len), &found[0]["id"], &found[0]["firstName"]), (Some(1), &again["id"], &json!("Repeated")));
}

#[tokio::test]
async fn a_repeated_task_is_there_twice() {
    let crm = demo();
    late(&crm, json!(3000), json!({"path": "/api/v5/tasks/create", "times": 1}));
    let task = json!({"text": "Call back", "performerId": 5});
    post(&crm, "tasks/create", "task", task.clone()).await;
    post(&crm, "tasks/create", "task", task).await.expect(201);
    assert_eq!(get(&crm, "tasks").await["pagination"]["totalCount"], 1);
    crm.pass(3000);
    assert_eq!(get(&crm, "tasks").await["pagination"]["totalCount"], 2);
}

#[tokio::test]
async fn the_same_plan_and_time_give_the_same_account() {
    let run = async || {
        let crm = demo();
        late(&crm, json!([1000, 9000]), json!({}));
        for number in 0..20 {
            create_and_break(&crm, &format!("c{number}"), &crm.simulator.api_key()).await;
            crm.pass(500);
        }
        crm.simulator.commit_outstanding();
        crm.simulator.to_json().to_string()
    };
    let first = run().await;
    assert_eq!(first, run().await);
    assert!(first.contains("\"c19\""), "outstanding requests are committed in the end");
}

#[tokio::test]
async fn a_request_that_is_not_admitted_is_never_committed() {
    let crm = crm(json!({"apiKeys": [{"key": "all"}, {"key": "reads", "scopes": ["customer_read"]}]}));
    late(&crm, json!(1000), json!({}));
    create_and_break(&crm, "no-key", "wrong").await;
    create_and_break(&crm, "no-scope", "reads").await;
    crm.simulator.commit_outstanding();
    assert_eq!(crm.simulator.to_json()["customers"], json!([]));
}

#[tokio::test]
async fn a_reset_drops_outstanding_commits() {
    for uri in ["reset", "reset?to=start"] {
        let crm = demo();
        late(&crm, json!(1000), json!({}));
        create_and_break(&crm, "late", &crm.simulator.api_key()).await;
        let request = Request::post(format!("/_simulator/{uri}")).body(Body::empty()).expect("a request");
        crm.ask(request).await.expect(200);
        crm.pass(2000);
        assert_eq!(by_external_id(&crm, "late").await, json!([]));
    }
}

#[tokio::test]
async fn latency_comes_before_the_break() {
    let crm = demo();
    late(&crm, json!(3000), json!({"latencyMs": 2000}));
    create_and_break(&crm, "late", &crm.simulator.api_key()).await;
    crm.pass(60_000);
    assert_eq!(by_external_id(&crm, "late").await[0]["createdAt"], "2026-11-23 10:00:05");
}

#[tokio::test]
async fn a_late_commit_sets_off_triggers_at_its_time() {
    let crm = crm(json!({
        "users": [{"id": 5, "isAdmin": true}],
        "triggers": [{"name": "New", "event": "order.created", "action": {"url": "http://127.0.0.1:1/hook", "parameters": [{"name": "orderId", "value": "{{ order.id }}"}]}}],
    }));
    late(&crm, json!(3000), json!({}));
    post(&crm, "orders/create", "order", json!({"externalId": "o", "firstName": "Late"})).await;
    assert_eq!(crm.simulator.to_json()["callbacks"], json!([]));
    crm.pass(10_000);
    let request = Request::get("/_simulator/as/5/api/v5/orders/o").body(Body::empty()).expect("a request");
    assert_eq!(crm.ask(request).await.expect(200)["order"]["createdAt"], "2026-11-23 10:00:03");
    let callbacks = crm.simulator.to_json()["callbacks"].clone();
    assert_eq!((callbacks.as_array().map(Vec::len), &callbacks[0]["at"]), (Some(1), &json!("2026-11-23T10:00:03+03:00")));
}
