//! The simulator as a client meets it: over its server, without a socket between.

use std::sync::Arc;

use axum::body::Body;
use http::{Request, StatusCode};
use proptest::prelude::*;
use retailcrm_simulator::account::DEFAULT_KEY;
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use tower::ServiceExt;

fn simulator(account: Value) -> Simulator {
    let at = chrono::DateTime::parse_from_rfc3339("2026-11-23T10:00:00+03:00").expect("a time").to_utc();
    Simulator::new(Account::read(&account).expect("an account"), Arc::new(move || at))
}

fn demo() -> Simulator {
    simulator(json!({
        "users": [{"id": 5, "email": "a@x.example"}, {"id": 6, "email": "b@x.example", "status": "busy"}],
        "customers": [
            {"id": 1, "externalId": "c1", "firstName": "Анна", "managerId": 5, "phones": [{"number": "+7 (916) 000-00-01"}]},
            {"id": 2, "firstName": "Борис", "managerId": 6, "phones": [{"number": "79160000002"}]},
        ],
        "orders": [{"id": 7, "number": "7A", "status": "new", "customer": {"id": 1}}],
    }))
}

async fn ask(simulator: &Simulator, request: Request<Body>) -> (StatusCode, Value) {
    let answer = simulator.router().oneshot(request).await.expect("infallible");
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 24).await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn get(simulator: &Simulator, uri: &str) -> (StatusCode, Value) {
    ask(simulator, Request::get(uri).header("X-API-KEY", DEFAULT_KEY).body(Body::empty()).expect("a request")).await
}

async fn post(simulator: &Simulator, uri: &str, fields: &[(&str, &str)]) -> (StatusCode, Value) {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(uri).header("X-API-KEY", DEFAULT_KEY).header("content-type", "application/x-www-form-urlencoded");
    ask(simulator, request.body(Body::from(form)).expect("a request")).await
}

#[tokio::test]
async fn the_key_goes_in_a_header_a_query_or_a_form() {
    let simulator = demo();
    let bare = |uri: String| Request::get(uri).body(Body::empty()).expect("a request");
    let (status, body) = ask(&simulator, bare("/api/v5/users".into())).await;
    assert_eq!((status, &body["errorMsg"]), (StatusCode::FORBIDDEN, &json!("\"apiKey\" is missing.")));
    let (status, body) = ask(&simulator, bare("/api/v5/users?apiKey=no".into())).await;
    assert_eq!((status, &body["errorMsg"]), (StatusCode::FORBIDDEN, &json!("Wrong \"apiKey\" value.")));
    assert_eq!(ask(&simulator, bare(format!("/api/v5/users?apiKey={DEFAULT_KEY}"))).await.0, StatusCode::OK);
    let form = Request::post("/api/v5/telephony/call/event").header("content-type", "application/x-www-form-urlencoded");
    let body = format!("apiKey={DEFAULT_KEY}&event=%7B%22phone%22%3A%221%22%2C%22type%22%3A%22in%22%7D");
    assert_eq!(ask(&simulator, form.body(Body::from(body)).expect("a request")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn unknown_routes_and_wrong_verbs_answer_as_retailcrm_does() {
    let simulator = demo();
    let (status, body) = get(&simulator, "/api/v5/credentials").await;
    assert_eq!((status, &body["errorMsg"]), (StatusCode::NOT_FOUND, &json!("API method not found")), "credentials have no version");
    assert_eq!(get(&simulator, "/api/credentials").await.0, StatusCode::OK);
    let (status, body) = post(&simulator, "/api/v5/users", &[]).await;
    assert_eq!((status, &body["errorMsg"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("Method Not Allowed")));
}

#[tokio::test]
async fn pages_have_20_50_or_100_entries() {
    let simulator = demo();
    let (status, body) = get(&simulator, "/api/v5/customers?limit=10").await;
    assert_eq!((status, &body["errorMsg"]), (StatusCode::BAD_REQUEST, &json!("Errors in the input parameters")));
    assert!(body["errors"]["limit"].is_string());
    let (_, body) = get(&simulator, "/api/v5/customers?limit=50&page=2").await;
    assert_eq!(body["pagination"], json!({"limit": 50, "totalCount": 2, "currentPage": 2, "totalPageCount": 1}));
    assert_eq!(body["customers"], json!([]));
}

#[tokio::test]
async fn customers_are_found_by_name_and_by_phone_in_any_encoding_of_brackets() {
    let simulator = demo();
    for query in [
        "filter[name]=9160000001",
        "filter%5Bname%5D=%D0%B0%D0%BD%D0%BD%D0%B0",
        "filter[ids][]=1",
        "filter[ids][0]=1",
        "filter%5BexternalIds%5D%5B%5D=c1",
    ] {
        let (_, body) = get(&simulator, &format!("/api/v5/customers?{query}")).await;
        assert_eq!(body["customers"][0]["id"], 1, "{query}: {body}");
        assert_eq!(body["pagination"]["totalCount"], 1, "{query}");
        assert_eq!(body["customers"][0]["customFields"], json!([]), "an empty map is a list");
    }
    assert_eq!(get(&simulator, "/api/v5/customers/1").await.0, StatusCode::NOT_FOUND, "by externalId unless told otherwise");
    assert_eq!(get(&simulator, "/api/v5/customers/1?by=id").await.1["customer"]["id"], 1);
    assert_eq!(get(&simulator, "/api/v5/customers/c1").await.1["customer"]["id"], 1);
}

#[tokio::test]
async fn pop_ups_open_move_and_close() {
    let simulator = demo();
    let module = r#"{"integrationCode":"uis","name":"UIS","baseUrl":"https://uis.example","integrations":{"telephony":{"additionalCodes":[{"userId":5,"code":"101"},{"userId":"6","code":"102"},{"userId":99,"code":"103"}]}}}"#;
    let (status, body) = post(&simulator, "/api/v5/integration-modules/uis/edit", &[("integrationModule", module)]).await;
    assert_eq!((status, &body["info"]), (StatusCode::CREATED, &json!({"notExistUsersIds": [99]})));
    let event = |text: &'static str| [("event", text)];
    let (_, body) = post(
        &simulator,
        "/api/v5/telephony/call/event",
        &event(r#"{"phone":"79160000001","type":"in","codes":["101","777"],"userIds":[99],"callExternalId":"a"}"#),
    )
    .await;
    assert_eq!((&body["notExistCodes"], &body["notExistUsers"]), (&json!(["777"]), &json!([99])));
    post(&simulator, "/api/v5/telephony/call/event", &event(r#"{"phone":"79160000001","type":"in","codes":["102"],"callExternalId":"a"}"#))
        .await;
    post(
        &simulator,
        "/api/v5/telephony/call/event",
        &event(r#"{"phone":"79160000001","type":"hangup","codes":["101"],"hangupStatus":"answered","callExternalId":"a"}"#),
    )
    .await;
    let popups = simulator.to_json()["popups"].clone();
    assert_eq!((&popups[0]["userId"], popups[0]["closedAt"].is_string()), (&json!(5), true));
    assert_eq!((&popups[1]["userId"], popups[1]["closedAt"].is_null()), (&json!(6), true));
    let (status, body) =
        post(&simulator, "/api/v5/telephony/call/event", &event(r#"{"phone":"1","type":"hangup","hangupStatus":"no answer"}"#)).await;
    assert_eq!(
        (status, body["errors"]["hangupStatus"].is_string()),
        (StatusCode::BAD_REQUEST, true),
        "the event's spelling is \"no answered\""
    );
}

#[tokio::test]
async fn calls_are_kept_once_and_checked_whole() {
    let simulator = demo();
    let calls = r#"[{"date":"2026-11-23 10:00:00","type":"in","phone":"79160000001","externalId":"e1","result":"answered","duration":5}]"#;
    let (status, body) = post(&simulator, "/api/v5/telephony/calls/upload", &[("calls", calls)]).await;
    assert_eq!((status, &body["processedCallsCount"], &body["duplicateCalls"]), (StatusCode::OK, &json!(1), &json!([])));
    let (_, body) =
        post(&simulator, "/api/v5/telephony/calls/upload", &[("calls", &calls.replace("\"duration\":5", "\"duration\":9"))]).await;
    assert_eq!((&body["processedCallsCount"], &body["duplicateCalls"]), (&json!(0), &json!(["e1"])));
    assert_eq!(simulator.to_json()["calls"][0]["duration"], 5, "a call cannot be changed");
    for (wrong, part) in [("\"answered\"", "\"no answered\""), ("10:00:00", "10:00"), ("\"in\"", "\"hangup\""), ("e1", "")] {
        let (status, body) = post(&simulator, "/api/v5/telephony/calls/upload", &[("calls", &calls.replace(wrong, part))]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong} → {part}: {body}");
    }
    let (status, body) = post(&simulator, "/api/v5/telephony/calls/upload", &[]).await;
    assert_eq!((status, &body["errorMsg"]), (StatusCode::BAD_REQUEST, &json!("Parameter 'calls' is missing")));
    let raw = Request::post("/api/v5/telephony/calls/upload").header("X-API-KEY", DEFAULT_KEY).header("content-type", "application/json");
    let (status, body) = ask(&simulator, raw.body(Body::from(calls)).expect("a request")).await;
    assert_eq!(
        (status, &body["errorMsg"]),
        (StatusCode::BAD_REQUEST, &json!("Parameter 'calls' is missing")),
        "raw JSON is not the contract"
    );
    let multipart = format!("--x\r\nContent-Disposition: form-data; name=\"calls\"\r\n\r\n{}\r\n--x--\r\n", calls.replace("e1", "e2"));
    let raw = Request::post("/api/v5/telephony/calls/upload")
        .header("X-API-KEY", DEFAULT_KEY)
        .header("content-type", "multipart/form-data; boundary=x");
    let (_, body) = ask(&simulator, raw.body(Body::from(multipart)).expect("a request")).await;
    assert_eq!(body["processedCallsCount"], 1);
}

#[tokio::test]
async fn the_manager_of_a_caller() {
    let simulator = demo();
    let (_, body) = get(&simulator, "/api/v5/telephony/manager?phone=89160000001&details=1").await;
    assert_eq!((&body["manager"]["id"], &body["customer"]["id"]), (&json!(5), &json!(1)));
    assert_eq!(body["links"]["customerLink"], "https://demo.retailcrm.ru/customers/1");
    assert_eq!(body["links"]["lastOrderLink"], "https://demo.retailcrm.ru/orders/7/edit");
    let (_, body) = get(&simulator, "/api/v5/telephony/manager?phone=79160000002").await;
    assert_eq!((body.get("manager"), body.get("links")), (None, None), "a busy manager is not given, nor details unasked");
    let (_, body) = get(&simulator, "/api/v5/telephony/manager?phone=79160000002&ignoreStatus=True").await;
    assert_eq!(body["manager"]["id"], 6);
    let (_, body) = get(&simulator, "/api/v5/telephony/manager?phone=79169999999&details=1").await;
    assert!(body["links"]["newCustomerLink"].is_string() && body.get("customer").is_none());
    assert_eq!(get(&simulator, "/api/v5/telephony/manager").await.1["errorMsg"], "Parameter 'phone' is missing");
}

#[tokio::test]
async fn notes_belong_to_a_customer_and_a_multi_shop_account_wants_the_shop() {
    let simulator = demo();
    let note = [("note", r#"{"text":"hello","customer":{"id":1}}"#)];
    let (status, body) = post(&simulator, "/api/v5/customers/notes/create", &note).await;
    assert_eq!((status, &body["id"]), (StatusCode::CREATED, &json!(1)));
    let (_, body) = get(&simulator, "/api/v5/customers/notes?filter[customerIds][]=1&filter[text]=HELL").await;
    assert_eq!((&body["notes"][0]["text"], &body["notes"][0]["createdAt"]), (&json!("hello"), &json!("2026-11-23 10:00:00")));
    let (status, body) = post(&simulator, "/api/v5/customers/notes/create", &[("note", r#"{"text":"x","customer":{}}"#)]).await;
    assert_eq!(
        (status, &body["errors"]),
        (StatusCode::BAD_REQUEST, &json!({"customer": "Set one of the following fields: id, externalId"}))
    );
    let shops = simulator_of_two_shops();
    let (status, body) = post(&shops, "/api/v5/customers/notes/create", &note).await;
    assert_eq!((status, &body["errorMsg"]), (StatusCode::BAD_REQUEST, &json!("Parameter 'site' is missing")));
    let (status, _) = post(&shops, "/api/v5/customers/notes/create", &[note[0], ("site", "b")]).await;
    assert_eq!(status, StatusCode::CREATED);
}

fn simulator_of_two_shops() -> Simulator {
    simulator(json!({"sites": [{"code": "a"}, {"code": "b"}], "customers": [{"id": 1, "site": "b"}]}))
}

#[tokio::test]
async fn references_are_maps_by_code() {
    let simulator = demo();
    let (_, body) = get(&simulator, "/api/v5/reference/statuses").await;
    assert_eq!(body["statuses"]["complete"]["group"], "complete");
    let (_, body) = get(&simulator, "/api/v5/reference/status-groups").await;
    assert_eq!(body["statusGroups"]["complete"]["statuses"], json!(["complete"]));
    let (_, body) = get(&simulator, "/api/v5/reference/sites").await;
    assert_eq!(body["sites"]["main"]["code"], "main");
    let (_, body) = get(&simulator, "/api/v5/reference/order-methods").await;
    assert_eq!(body["orderMethods"]["missed-call"]["code"], "missed-call");
    let (_, body) = get(&simulator, "/api/v5/settings").await;
    assert_eq!(body["settings"]["timezone"]["value"], "Europe/Moscow");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a form or query holds, the answer has RetailCRM's shape.
    #[test]
    fn anything_gets_an_answer(
        path in prop::sample::select(vec![
            "telephony/call/event", "telephony/calls/upload", "integration-modules/uis/edit", "customers/notes/create", "customers/notes/1/delete",
        ]),
        fields in prop::collection::vec((prop::sample::select(vec!["event", "calls", "integrationModule", "note", "site", "by", "x"]), prop_oneof![
            "\\PC{0,40}",
            prop::sample::select(vec!["{}", "[]", "[{}]", "null", "[1]", "{\"phone\":1,\"type\":[]}", "{\"customer\":[]}", "{\"integrations\":{\"telephony\":{\"additionalCodes\":{}}}}", "[{\"date\":{}}]"]).prop_map(str::to_owned),
        ]), 0..5),
        list in prop::sample::select(vec!["customers", "orders", "users", "customers/notes", "telephony/manager", "customers/1", "orders/1", "users/1"]),
        query in "[a-z\\[\\]=&%0-9]{0,60}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let simulator = demo();
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (_, body) = post(&simulator, &format!("/api/v5/{path}"), &fields).await;
            prop_assert!(body["success"].is_boolean(), "{} {:?}: {}", path, fields, body);
            let uri = format!("/api/v5/{list}?{query}");
            if let Ok(request) = Request::get(&uri).header("X-API-KEY", DEFAULT_KEY).body(Body::empty()) {
                let (_, body) = ask(&simulator, request).await;
                prop_assert!(body["success"].is_boolean(), "{}: {}", uri, body);
            }
            Ok(())
        })?;
    }
}
