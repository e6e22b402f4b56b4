//! What any client of RetailCRM must find here, a test per line of the reference's checklist.

use axum::body::Body;
use http::Request;
use retailcrm_simulator::account::DEFAULT_KEY;
use serde_json::{Value, json};

use crate::support;
use crate::support::{crm, demo, two_shops};

#[tokio::test]
async fn both_auth_forms() {
    let crm = demo();
    let bare = |uri: &str| Request::get(uri).body(Body::empty()).expect("a request");
    assert_eq!(crm.ask(bare("/api/v5/users")).await.refusal(403), "\"apiKey\" is missing.");
    assert_eq!(crm.ask(bare("/api/v5/users?apiKey=no")).await.refusal(403), "Wrong \"apiKey\" value.");
    crm.ask(bare(&format!("/api/v5/users?apiKey={DEFAULT_KEY}"))).await.expect(200);
    crm.get("/api/v5/users").await.expect(200);
    let body = format!("apiKey={DEFAULT_KEY}&event=%7B%22phone%22%3A%221%22%2C%22type%22%3A%22in%22%7D");
    let form = Request::post("/api/v5/telephony/call/event").header("content-type", "application/x-www-form-urlencoded");
    crm.ask(form.body(Body::from(body)).expect("a request")).await.expect(200);
    let in_query =
        Request::post(format!("/api/v5/users/5/status?apiKey={DEFAULT_KEY}")).header("content-type", "application/x-www-form-urlencoded");
    crm.ask(in_query.body(Body::from("status=busy")).expect("a request")).await.expect(200);
}

#[tokio::test]
async fn texts_of_403_404_405_and_400() {
    let crm = two_shops();
    assert_eq!(crm.with_key("reads").get("/api/v5/orders").await.refusal(403), "Access denied.");
    assert_eq!(crm.with_key("reads").get("/api/v5/customers").await.expect(200)["success"], true);
    assert_eq!(crm.get("/api/v5/orders/none?site=a").await.refusal(404), "Not found");
    assert_eq!(crm.get("/api/v5/nothing").await.refusal(404), "API method not found");
    assert_eq!(crm.get("/api/v5/credentials").await.refusal(404), "API method not found");
    assert_eq!(crm.post("/api/v5/orders", &[]).await.refusal(405), "Method Not Allowed");
    assert_eq!(crm.post("/api/v5/customers/create", &[("site", json!("a"))]).await.refusal(400), "Parameter 'customer' is missing");
    assert_eq!(
        crm.post("/api/v5/customers/create", &[("customer", json!("{no JSON")), ("site", json!("a"))]).await.refusal(400),
        "Errors in the entity format"
    );
    assert_eq!(
        crm.get("/api/v5/orders?filter[createdAtFrom]=yesterday").await.expect(400)["errors"],
        json!({"children[createdAtFrom]": "This value is not valid."})
    );
    let order = |order: Value| [("order", order), ("site", json!("a"))];
    let refused = crm.post("/api/v5/orders/create", &order(json!({"customer": {"externalId": "2106"}}))).await.expect(400);
    assert_eq!(
        (&refused["errorMsg"], &refused["errors"]),
        (&json!("Order is not loaded"), &json!({"customer.externalId": "Customer with externalId=2106 not found."}))
    );
    let refused = crm.post("/api/v5/orders/create", &order(json!({"orderType": "nope"}))).await.expect(400);
    assert_eq!(refused["errors"], json!({"orderType": "\"OrderType\" with \"code\"=\"nope\" does not exist."}));
    let refused = crm.post("/api/v5/tasks/create", &[("task", json!({"text": "call"})), ("site", json!("a"))]).await.expect(400);
    assert_eq!(
        (&refused["errorMsg"], &refused["errors"]),
        (&json!("Task is not loaded"), &json!({"performerId": "This value should not be blank."}))
    );
    let refused = crm
        .post("/api/v5/customers/create", &[("customer", json!({"firstName": "x", "externalId": "x"})), ("site", json!("a"))])
        .await
        .expect(400);
    assert_eq!(refused["errors"], json!({"externalId": "Customer with externalId=x already exists"}));
    let unknown = Request::get("/api/v5/users").header("host", "nobody.retailcrm.ru").header("X-API-KEY", DEFAULT_KEY);
    let page = crm.ask(unknown.body(Body::empty()).expect("a request")).await;
    assert!(page.kind.starts_with("text/html") && page.text.starts_with('<'), "an unknown account has no API: {page:?}");
}

#[tokio::test]
async fn forms_with_json_fields_urlencoded_and_multipart() {
    let crm = demo();
    let calls = json!([{"date": "2026-11-23 10:00:00", "type": "in", "phone": "79160000001", "externalId": "e1", "result": "answered", "duration": 5}]);
    assert_eq!(crm.post("/api/v5/telephony/calls/upload", &[("calls", calls.clone())]).await.expect(200)["processedCallsCount"], 1);
    let multipart =
        format!("--x\r\nContent-Disposition: form-data; name=\"calls\"\r\n\r\n{}\r\n--x--\r\n", calls.to_string().replace("e1", "e2"));
    let post = |kind: &str, body: String| {
        let request = Request::post("/api/v5/telephony/calls/upload").header("X-API-KEY", DEFAULT_KEY).header("content-type", kind);
        request.body(Body::from(body)).expect("a request")
    };
    assert_eq!(crm.ask(post("multipart/form-data; boundary=x", multipart)).await.expect(200)["processedCallsCount"], 1);
    let raw = crm.ask(post("application/json", calls.to_string())).await;
    assert_eq!(raw.refusal(400), "Parameter 'calls' is missing", "a raw JSON body is not the contract");
}

#[tokio::test]
async fn bracket_filters_in_all_encodings() {
    let crm = demo();
    for query in [
        "filter[name]=9160000001",
        "filter[name]=%2B7%20(916)%20000-00-01",
        "filter%5Bname%5D=%D0%B0%D0%BD%D0%BD%D0%B0",
        "filter[ids][]=1",
        "filter[ids][0]=1&filter[ids][1]=99",
        "filter%5BexternalIds%5D%5B%5D=c1",
        "filter[sites][]=main&filter[managers][]=5&filter[email]=ANNA@x.example",
        "filter[minOrdersCount]=1&filter[minTotalSumm]=1395.16",
    ] {
        let found = crm.get(&format!("/api/v5/customers?{query}")).await.expect(200);
        assert_eq!((&found["customers"][0]["id"], &found["pagination"]["totalCount"]), (&json!(1), &json!(1)), "{query}");
    }
    let unknown = crm.get("/api/v5/customers?filter[phone]=79160000001").await.expect(400);
    assert!(unknown["errors"]["children[phone]"].is_string(), "no official client has this filter: {unknown}");
    assert_eq!(
        crm.get("/api/v5/customers?filter=None").await.expect(200)["pagination"]["totalCount"],
        2,
        "the Python client's empty filter"
    );
}

#[tokio::test]
async fn pages_of_20_50_and_100() {
    let customers: Vec<Value> = (1..=120).map(|id| json!({"id": id, "firstName": "x"})).collect();
    let crm = crm(json!({ "customers": customers }));
    let first = crm.get("/api/v5/customers").await.expect(200);
    assert_eq!(first["pagination"], json!({"limit": 20, "totalCount": 120, "currentPage": 1, "totalPageCount": 6}));
    let third = crm.get("/api/v5/customers?limit=50&page=3").await.expect(200);
    assert_eq!((third["customers"].as_array().map(Vec::len), &third["pagination"]["totalPageCount"]), (Some(20), &json!(3)));
    assert_eq!(crm.get("/api/v5/customers?limit=100&page=9").await.expect(200)["customers"], json!([]));
    for query in ["limit=10", "limit=250", "page=0", "page=x"] {
        assert_eq!(crm.get(&format!("/api/v5/customers?{query}")).await.refusal(400), "Errors in the input parameters", "{query}");
    }
}

#[tokio::test]
async fn by_and_site_rules_of_an_account_with_several_shops() {
    let crm = two_shops();
    let missing = "Parameter 'site' is missing";
    assert_eq!(crm.get("/api/v5/customers/x").await.refusal(400), missing, "an externalId is a shop's own");
    assert_eq!(crm.get("/api/v5/customers/x?site=b").await.expect(200)["customer"]["id"], 1);
    assert_eq!(crm.get("/api/v5/customers/x?site=a").await.expect(200)["customer"]["id"], 2);
    assert_eq!(crm.get("/api/v5/customers/2?by=id").await.expect(200)["customer"]["id"], 2, "an id needs no shop");
    assert_eq!(crm.get("/api/v5/customers/2?site=a").await.refusal(404), "Not found", "by externalId unless by=id");
    let edit = [("order", json!({"customerComment": "x"})), ("by", json!("id"))];
    assert_eq!(crm.post("/api/v5/orders/7/edit", &edit).await.refusal(400), missing, "even by=id");
    crm.post("/api/v5/orders/7/edit", &[edit[0].clone(), edit[1].clone(), ("site", json!("b"))]).await.expect(200);
    for (method, field) in [
        ("customers/create", "customer"),
        ("orders/create", "order"),
        ("customers/upload", "customers"),
        ("customers/notes/create", "note"),
        ("tasks/create", "task"),
    ] {
        let value =
            if field == "customers" { json!([{"firstName": "x"}]) } else { json!({"firstName": "x", "text": "x", "customer": {"id": 1}}) };
        assert_eq!(crm.post(&format!("/api/v5/{method}"), &[(field, value)]).await.refusal(400), missing, "{method}");
    }
    let only_b = crm.with_key("only-b");
    let credentials = only_b.get("/api/credentials").await.expect(200);
    assert_eq!((&credentials["siteAccess"], &credentials["sitesAvailable"]), (&json!("access_selective"), &json!(["b"])));
    only_b.post("/api/v5/customers/create", &[("customer", json!({"firstName": "x"}))]).await.expect(201);
    assert_eq!(only_b.get("/api/v5/customers").await.expect(200)["pagination"]["totalCount"], 2, "its own shop's and no other");
    assert_eq!(only_b.get("/api/v5/customers/2?by=id").await.refusal(404), "Not found");
    assert_eq!(
        only_b.post("/api/v5/customers/create", &[("customer", json!({"firstName": "x"})), ("site", json!("a"))]).await.refusal(403),
        "Access denied."
    );
}

#[tokio::test]
async fn created_is_201() {
    let crm = demo();
    let module = json!({"integrationCode": "uis", "name": "UIS", "baseUrl": "https://uis.example"});
    for (path, field, value) in [
        ("customers/create", "customer", json!({"firstName": "x"})),
        ("orders/create", "order", json!({"firstName": "x"})),
        ("orders/payments/create", "payment", json!({"type": "cash", "amount": 5, "order": {"id": 7}})),
        ("tasks/create", "task", json!({"text": "x", "performerId": 5})),
        ("customers/notes/create", "note", json!({"text": "x", "customer": {"id": 1}})),
        ("custom-fields/dictionaries/create", "customDictionary", json!({"name": "x", "code": "x"})),
        ("custom-fields/customer/create", "customField", json!({"name": "x", "code": "x", "type": "string"})),
        ("reference/order-methods/x/edit", "orderMethod", json!({"name": "x"})),
        ("integration-modules/uis/edit", "integrationModule", module.clone()),
    ] {
        assert_eq!(crm.post(&format!("/api/v5/{path}"), &[(field, value)]).await.expect(201)["success"], true, "{path}");
    }
    crm.post("/api/v5/integration-modules/uis/edit", &[("integrationModule", module)]).await.expect(200);
}

#[tokio::test]
async fn empty_maps_are_lists() {
    let crm = demo();
    let customer = crm.get("/api/v5/customers/c1").await.expect(200);
    assert_eq!(customer["customer"]["customFields"], json!([]));
    let order = crm.get("/api/v5/orders/o7").await.expect(200);
    assert_eq!((&order["order"]["customFields"], &order["order"]["payments"]), (&json!([]), &json!([])));
    let module = json!({"integrationCode": "uis", "name": "UIS", "baseUrl": "https://uis.example"});
    assert_eq!(crm.post("/api/v5/integration-modules/uis/edit", &[("integrationModule", module)]).await.expect(201)["info"], json!([]));
    let empty = support::crm(json!({"paymentTypes": []}));
    assert_eq!(empty.get("/api/v5/reference/payment-types").await.expect(200)["paymentTypes"], json!([]));
    crm.post("/api/v5/customers/c1/edit", &[("customer", json!({"customFields": [], "email": "new@x.example"}))]).await.expect(200);
}

#[tokio::test]
async fn token_buckets_of_10_and_40_requests_a_second_for_each_key() {
    let account = |limit: Value| json!({"apiKeys": [{"key": "one"}, {"key": "two"}], "rateLimit": limit});
    let crm = crm(account(json!({})));
    for _ in 0..10 {
        crm.get("/api/v5/settings").await.expect(200);
    }
    assert_eq!(crm.get("/api/v5/settings").await.refusal(503), "Rate limit exceeded");
    crm.with_key("two").get("/api/v5/settings").await.expect(200);
    for _ in 0..40 {
        crm.get("/api/v5/telephony/manager?phone=1").await.expect(200);
    }
    assert_eq!(crm.get("/api/v5/telephony/manager?phone=1").await.status, 503);
    crm.pass(100);
    crm.get("/api/v5/settings").await.expect(200);
    assert_eq!(crm.get("/api/v5/settings").await.status, 503, "a tenth of a second is one token");
    let other = support::crm(account(json!({"general": 0, "status": 429, "body": "html"})));
    let refused = other.get("/api/v5/settings").await;
    assert_eq!((refused.status, refused.kind.as_str(), refused.json()), (429, "text/html", Value::Null));
}

#[tokio::test]
async fn history_has_growing_ids_and_marks_the_current_key() {
    let account = json!({"apiKeys": [{"key": "ours"}, {"key": "theirs"}], "users": [{"id": 5}]});
    let crm = crm(account);
    let order = crm.post("/api/v5/orders/create", &[("order", json!({"firstName": "x", "externalId": "o"}))]).await.expect(201);
    crm.with_key("theirs").post("/api/v5/orders/o/edit", &[("order", json!({"status": "complete", "managerId": 5}))]).await.expect(200);
    let edit = Request::post("/_simulator/as/5/api/v5/orders/o/edit").header("content-type", "application/x-www-form-urlencoded");
    crm.ask(edit.body(Body::from("order=%7B%22firstName%22%3A%22y%22%7D")).expect("a request")).await.expect(200);
    let history = crm.get("/api/v5/orders/history").await.expect(200);
    let records = history["history"].as_array().expect("records");
    let line = |record: &Value| {
        format!(
            "{} {} {} {}→{} {}",
            record["id"], record["source"], record["field"], record["oldValue"], record["newValue"], record["apiKey"]["current"]
        )
    };
    assert_eq!(
        records.iter().map(line).collect::<Vec<_>>(),
        [
            "1 \"api\" \"status\" null→{\"code\":\"new\"} true",
            "2 \"api\" \"manager\" null→{\"id\":5} false",
            "3 \"api\" \"status\" {\"code\":\"new\"}→{\"code\":\"complete\"} false",
            "4 \"user\" \"first_name\" \"x\"→\"y\" null",
        ]
    );
    assert_eq!(
        (&records[0]["created"], &records[0]["order"]["number"]),
        (&json!(true), &order["order"]["number"]),
        "the first has the whole order"
    );
    assert_eq!((records[3]["order"].get("number"), &records[3]["user"]), (None, &json!({"id": 5})), "later ones have not");
    assert_eq!(history["generatedAt"], "2026-11-23 10:00:00");
    let since = crm.get("/api/v5/orders/history?filter[sinceId]=2&limit=20").await.expect(200);
    assert_eq!(since["history"].as_array().map(Vec::len), Some(2));
    assert_eq!(crm.get("/api/v5/orders/history?filter[sinceId]=2&page=1").await.refusal(400), "Errors in the input parameters");
    let lenient = support::crm(json!({"lenientHistoryPage": true}));
    lenient.get("/api/v5/orders/history?filter[sinceId]=2&page=1").await.expect(200);
    assert_eq!(lenient.get("/api/v5/orders/history?filter[sinceId]=2&page=2").await.status, 400);
}

#[tokio::test]
async fn calls_are_kept_once() {
    let crm = demo();
    let call = |duration: i64| json!([{"date": "2026-11-23 10:00:00", "type": "in", "phone": "79160000001", "externalId": "e1", "result": "answered", "duration": duration}]);
    let upload = async |calls: Value| crm.post("/api/v5/telephony/calls/upload", &[("calls", calls)]).await;
    let first = upload(call(5)).await.expect(200);
    assert_eq!((&first["processedCallsCount"], &first["duplicateCalls"]), (&json!(1), &json!([])));
    let again = upload(call(9)).await.expect(200);
    assert_eq!((&again["processedCallsCount"], &again["duplicateCalls"]), (&json!(0), &json!(["e1"])));
    assert_eq!(crm.simulator.to_json()["calls"][0]["duration"], 5, "a call cannot be changed");
    for (member, value) in [("result", "no answered"), ("date", "2026-11-23 10:00"), ("type", "hangup"), ("externalId", ""), ("phone", "")]
    {
        let mut calls = call(5);
        calls[0][member] = value.into();
        let refused = upload(calls).await.expect(400);
        assert!(refused["errors"][format!("calls[0].{member}")].is_string(), "{member}: {refused}");
    }
    let many: Vec<Value> = (0..51).map(|_| json!({})).collect();
    assert_eq!(upload(many.into()).await.refusal(400), "Errors in the entity format");
}

#[tokio::test]
async fn an_event_s_answer_names_unknown_codes_and_users() {
    let crm = demo();
    let module = json!({"integrationCode": "uis", "name": "UIS", "baseUrl": "https://uis.example", "integrations": {"telephony": {
        "additionalCodes": [{"userId": 5, "code": "101"}, {"userId": "6", "code": "102"}, {"userId": 99, "code": "103"}],
        "externalPhones": [{"siteCode": "main", "externalPhone": "74951112233"}, {"siteCode": "nope", "externalPhone": "74951112234"}]}}});
    let edited = crm.post("/api/v5/integration-modules/uis/edit", &[("integrationModule", module)]).await.expect(201);
    assert_eq!(edited["info"], json!({"notExistUsersIds": [99], "notExistSiteCodes": ["nope"]}));
    let event = async |event: Value| crm.post("/api/v5/telephony/call/event", &[("event", event)]).await;
    let answer = event(json!({"phone": "79160000001", "type": "in", "codes": ["101", "777"], "userIds": [99], "callExternalId": "a"}))
        .await
        .expect(200);
    assert_eq!(answer, json!({"success": true, "notExistCodes": ["777"], "notExistUsers": [99]}));
    assert_eq!(
        event(json!({"phone": "1", "type": "out", "userIds": [5]})).await.expect(200),
        json!({"success": true}),
        "empty lists are left out"
    );
    event(json!({"phone": "79160000001", "type": "in", "codes": ["102"], "callExternalId": "a"})).await.expect(200);
    let seen = async |user: i64| crm.get(&format!("/_simulator/popups?user={user}")).await.expect(200)["popups"].clone();
    assert_eq!(seen(6).await[0]["phone"], "79160000001");
    event(json!({"phone": "79160000001", "type": "hangup", "codes": ["101"], "hangupStatus": "answered", "callExternalId": "a"}))
        .await
        .expect(200);
    assert_eq!(
        (seen(5).await.as_array().map(Vec::len), seen(6).await.as_array().map(Vec::len)),
        (Some(1), Some(1)),
        "the other call's stays"
    );
    let refused = event(json!({"phone": "1", "type": "hangup", "hangupStatus": "no answer"})).await.expect(400);
    assert!(refused["errors"]["hangupStatus"].is_string(), "the event's spelling is \"no answered\"");
}

#[tokio::test]
async fn module_edit_and_read_and_its_info() {
    let crm = demo();
    let edit = async |module: Value| crm.post("/api/v5/integration-modules/uis-1/edit", &[("integrationModule", module)]).await;
    let refused = edit(json!({"integrationCode": "other", "actions": {"uninstall": "/x"}, "logo": "https://x/logo.png"})).await.expect(400);
    let names: Vec<&String> = refused["errors"].as_object().expect("a map").keys().collect();
    assert_eq!(names, ["actions[uninstall]", "baseUrl", "code", "logo", "name"], "{refused}");
    assert_eq!(refused["errors"]["code"], "Code prefix must match integrationCode");
    let module = json!({
        "integrationCode": "uis", "name": "UIS", "baseUrl": "https://uis.example/hooks", "clientId": "secret", "logo": "https://x/logo.svg",
        "actions": {"activity": "/activity", "settings": "/settings"},
        "integrations": {"telephony": {"makeCallUrl": "/make-call", "changeUserStatusUrl": "https://elsewhere.example/status", "additionalCodes": [{"userId": 5, "code": "101"}]}},
    });
    edit(module).await.expect(201);
    // Lists are replaced whole.
    edit(json!({"integrations": {"telephony": {"makeCallUrl": "/make-call", "changeUserStatusUrl": "https://elsewhere.example/status", "additionalCodes": [{"userId": 6, "code": "102"}]}}})).await.expect(200);
    let read = crm.get("/api/v5/integration-modules/uis-1").await.expect(200);
    let telephony = &read["integrationModule"]["integrations"]["telephony"];
    assert_eq!(
        (&telephony["additionalCodes"], &read["integrationModule"]["name"]),
        (&json!([{"userId": 6, "code": "102"}]), &json!("UIS"))
    );
    crm.control("make-call", json!({"user": 6, "phone": "79160000001", "externalPhone": "74951112233"})).await;
    crm.post("/api/v5/users/6/status", &[("status", json!("dinner"))]).await.expect(200);
    crm.control("module-activity", json!({"code": "uis-1", "active": false})).await;
    let made = crm.get("/_simulator/callbacks").await.expect(200);
    let line = |callback: &Value| format!("{} {} {}", callback["why"], callback["method"], callback["url"]);
    assert_eq!(
        made["callbacks"].as_array().expect("a list").iter().map(line).collect::<Vec<_>>(),
        [
            "\"makeCall\" \"GET\" \"https://uis.example/hooks/make-call?clientId=secret&code=102&phone=79160000001&userId=6&externalPhone=74951112233\"",
            "\"changeUserStatus\" \"GET\" \"https://elsewhere.example/status?clientId=secret&userId=6&code=102&status=dinner\"",
            "\"activity\" \"POST\" \"https://uis.example/hooks/activity\"",
        ]
    );
    let form = &made["callbacks"][2]["form"];
    assert_eq!(
        (&form["clientId"], &form["activity"], &form["systemUrl"]),
        (&json!("secret"), &json!("{\"active\":false,\"freeze\":false}"), &json!("https://demo.retailcrm.ru"))
    );
}

#[tokio::test]
async fn total_summ_is_summ_and_delivery() {
    let crm = demo();
    let order = crm.get("/api/v5/orders/o7").await.expect(200);
    assert_eq!((&order["order"]["summ"], &order["order"]["totalSumm"]), (&json!(779), &json!(1395.16)));
    let items = json!([{"productName": "x", "initialPrice": 1000, "quantity": 2, "discountManualPercent": 10}, {"productName": "y", "initialPrice": 199.5, "discountManualAmount": 0.5}]);
    let made = crm
        .post(
            "/api/v5/orders/create",
            &[("order", json!({"firstName": "x", "items": items, "delivery": {"code": "courier", "cost": 664.96}}))],
        )
        .await;
    let made = made.expect(201)["order"].clone();
    assert_eq!((&made["summ"], &made["totalSumm"], &made["items"][0]["discountTotal"]), (&json!(1999), &json!(2663.96), &json!(100)));
    let edit = json!({"items": [], "delivery": {"cost": 300}, "payments": [{"type": "cash", "status": "paid", "amount": 300}]});
    let edited = crm.post(&format!("/api/v5/orders/{}/edit", made["id"]), &[("order", edit), ("by", json!("id"))]).await.expect(200);
    let order = &edited["order"];
    assert_eq!(
        (&order["summ"], &order["totalSumm"], &order["prepaySum"], &order["fullPaidAt"]),
        (&json!(0), &json!(300), &json!(300), &json!("2026-11-23 10:00:00"))
    );
    assert_eq!(order["delivery"]["code"], "courier", "only what is sent changes");
}

#[tokio::test]
async fn faults_are_injected() {
    let crm = demo();
    crm.control(
        "faults",
        json!({"rules": [
            {"path": "/api/v5/users", "times": 1, "status": 500, "body": "{\"success\":false}"},
            {"path": "/api/v5/users", "times": 1, "status": 429, "body": "", "contentType": "text/plain"},
            {"path": "/api/v5/users", "times": 1, "body": "html"},
            {"path": "/api/v5/users", "times": 1, "body": "truncated"},
            {"path": "/api/v5/users", "times": 1, "body": "wrong-content-type"},
        ]}),
    )
    .await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        let answer = crm.get("/api/v5/users").await;
        seen.push((answer.status, answer.kind.split(';').next().unwrap_or_default().to_owned(), answer.json().is_null()));
    }
    let expected = [
        (500, "application/json", false),
        (429, "text/plain", true),
        (200, "text/html", true),
        (200, "application/json", true),
        (200, "text/html", false),
        (200, "application/json", false),
    ];
    assert_eq!(seen, expected.map(|(status, kind, broken)| (status, kind.to_owned(), broken)));
    // 460 is an ordinary answer, not a fault: a part of the upload was accepted.
    let customers =
        json!([{"externalId": "new", "firstName": "x"}, {"externalId": "c1", "firstName": "y"}, {"firstName": "z", "managerId": 404}]);
    let partly = crm.post("/api/v5/customers/upload", &[("customers", customers)]).await.expect(460);
    assert_eq!(
        (&partly["errorMsg"], &partly["uploadedCustomers"][0]["externalId"]),
        (&json!("Customers are loaded with errors"), &json!("new"))
    );
    assert_eq!(partly["errors"], json!(["Customer with externalId=c1 already exists", "managerId: User with id=404 not found."]));
    assert_eq!(partly["failedCustomers"], json!([{"externalId": "c1"}, {}]));
    assert_eq!(crm.post("/_simulator/faults", &[("x", json!("y"))]).await.status, 400, "the plan is JSON");
}
