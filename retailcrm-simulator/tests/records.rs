//! The contract of customers, tasks and notes (orders are in `orders.rs`), pinned against the shapes of RetailCRM's published samples.

use serde_json::json;

use crate::support::{crm, demo, get, has, post};

/// Members that a customer always shows.
const CUSTOMER: [&str; 20] = [
    "type",
    "id",
    "isContact",
    "createdAt",
    "vip",
    "bad",
    "site",
    "contragent",
    "tags",
    "customFields",
    "personalDiscount",
    "cumulativeDiscount",
    "marginSumm",
    "totalSumm",
    "averageSumm",
    "ordersCount",
    "costSumm",
    "address",
    "segments",
    "phones",
];

#[tokio::test]
async fn customers() {
    let crm = demo();
    let fields = json!({
        "externalId": "new", "firstName": "Иван", "lastName": "Петров", "email": "ivan@x.example", "phones": [{"number": 79161112233i64}, {"number": "79161112233"}],
        "managerId": "5", "birthday": "1990-01-31", "sex": "male", "address": {"city": "Москва"}, "source": {"source": "uis"}, "addTags": ["vip", "uis"], "nonsense": 1,
    });
    let id = post(&crm, "customers/create", "customer", fields).await.expect(201)["id"].clone();
    let customer = get(&crm, "customers/new").await["customer"].clone();
    has(&customer, &CUSTOMER);
    assert_eq!(
        (&customer["phones"], &customer["managerId"]),
        (&json!([{"number": "79161112233"}]), &json!(5)),
        "numbers written as text and as numbers are one"
    );
    assert!(customer.get("nonsense").is_none() && customer["tags"][0]["name"] == "vip");
    let edit = json!({"email": null, "address": {"street": "Тверская"}, "removeTags": ["vip"], "phones": [{"number": "79161112234"}]});
    assert_eq!(post(&crm, "customers/new/edit", "customer", edit).await.expect(200)["id"], id);
    let customer = get(&crm, "customers/new").await["customer"].clone();
    assert_eq!(
        (customer.get("email"), &customer["address"]),
        (None, &json!({"id": id, "city": "Москва", "street": "Тверская", "text": "Тверская"}))
    );
    assert_eq!((&customer["tags"].as_array().map(Vec::len), &customer["phones"]), (&Some(1), &json!([{"number": "79161112234"}])));
    for (wrong, place) in [
        (json!({"firstName": "x", "sex": "other"}), "sex"),
        (json!({"firstName": "x", "birthday": "31.01.1990"}), "birthday"),
        (json!({"firstName": "x", "email": "nobody"}), "email"),
        (json!({"firstName": "x", "phones": ["79161112233"]}), "phones"),
        (json!({"firstName": "x", "managerId": 99}), "managerId"),
        (json!({"firstName": "x".repeat(256)}), "firstName"),
        (json!({}), "firstName"),
    ] {
        let refused = post(&crm, "customers/create", "customer", wrong).await.expect(400);
        assert!(refused["errors"][place].is_string(), "{place}: {refused}");
    }
    assert_eq!(
        post(&crm, "customers/fix-external-ids", "customers", json!([{"id": id, "externalId": "fixed"}])).await.expect(200),
        json!({"success": true})
    );
    has(&get(&crm, "customers/fixed").await, &["customer"]);
    post(&crm, "customers/fixed/subscriptions", "subscriptions", json!([{"channel": "email", "subscription": "news", "active": false}]))
        .await
        .expect(200);
}

#[tokio::test]
async fn merged_customers() {
    let crm = demo();
    post(&crm, "tasks/create", "task", json!({"text": "x", "performerId": 5, "customer": {"id": 1}})).await.expect(201);
    let merge = [("customers", json!([{"id": 1}])), ("resultCustomer", json!({"id": 2}))];
    assert_eq!(crm.post("/api/v5/customers/combine", &merge).await.expect(200), json!({"success": true}));
    assert_eq!(crm.get("/api/v5/customers/1?by=id").await.refusal(404), "Not found");
    let stays = get(&crm, "customers/2?by=id").await["customer"].clone();
    assert_eq!(
        (&stays["externalId"], &stays["phones"]),
        (&json!("c1"), &json!([{"number": "79160000002"}, {"number": "+7 (916) 000-00-01"}]))
    );
    assert_eq!(
        (&get(&crm, "orders/o7").await["order"]["customer"]["id"], &get(&crm, "tasks/1").await["task"]["customer"]["id"]),
        (&json!(2), &json!(2))
    );
    let history = get(&crm, "customers/history").await;
    let gone = history["history"].as_array().and_then(|records| records.iter().find(|record| record["deleted"] == true)).expect("a record");
    assert_eq!((&gone["customer"]["id"], &gone["combinedTo"]["id"]), (&json!(1), &json!(2)));
    assert_eq!(crm.post("/api/v5/customers/combine", &merge).await.status, 400, "the customer no longer exists");
}

#[tokio::test]
async fn customer_notes() {
    let crm = demo();
    assert_eq!(
        post(&crm, "customers/notes/create", "note", json!({"text": "hello", "managerId": 5, "customer": {"externalId": "c1"}}))
            .await
            .expect(201)["id"],
        1
    );
    let notes =
        get(&crm, "customers/notes?filter[customerIds][]=1&filter[text]=HELL&filter[managerIds][]=5&filter[createdAtFrom]=2026-11-23")
            .await;
    assert_eq!(
        notes["notes"],
        json!([{"id": 1, "text": "hello", "managerId": 5, "createdAt": "2026-11-23 10:00:00", "customer": {"site": "main", "id": 1, "externalId": "c1", "type": "customer"}}])
    );
    assert_eq!(get(&crm, "customers/notes?filter[createdAtTo]=2026-11-22").await["notes"], json!([]));
    let refused = post(&crm, "customers/notes/create", "note", json!({"text": "x", "customer": {}})).await.expect(400);
    assert_eq!(
        (&refused["errorMsg"], &refused["errors"]),
        (&json!("Errors in the entity format"), &json!({"customer": "Set one of the following fields: id, externalId"}))
    );
    assert_eq!(crm.post("/api/v5/customers/notes/1/delete", &[]).await.expect(200), json!({"success": true}));
    assert_eq!(crm.post("/api/v5/customers/notes/1/delete", &[]).await.status, 404);
}

#[tokio::test]
async fn corporate_customers() {
    let crm = crm(json!({
        "customers": [{"id": 1, "firstName": "Анна", "isContact": true, "phones": [{"number": "79160000001"}]}],
        "customersCorporate": [{"id": 9, "externalId": "k", "nickName": "Ромашка", "customerContacts": [{"id": 1, "isMain": true, "customer": {"id": 1}}],
            "companies": [{"id": 4, "isMain": true, "name": "ООО", "contragent": {"INN": "77"}}], "addresses": [{"id": 3, "isMain": true, "city": "Москва"}]}],
        "orders": [{"id": 7, "customer": {"type": "customer_corporate", "id": 9}, "contact": {"id": 1, "type": "customer"}}],
    }));
    let found = get(&crm, "customers-corporate?filter[contactIds][]=1&filter[contragentInn]=77").await;
    assert_eq!(
        (&found["customersCorporate"][0]["nickName"], &found["customersCorporate"][0]["ordersCount"]),
        (&json!("Ромашка"), &json!(1))
    );
    let one = get(&crm, "customers-corporate/k").await["customerCorporate"].clone();
    has(&one, &["mainCompany", "mainAddress", "mainCustomerContact"]);
    assert_eq!(
        get(&crm, "customers-corporate/k/contacts").await["contacts"],
        json!([{"id": 1, "isMain": true, "companies": [], "customer": {"id": 1, "site": "main"}}]),
        "a contact's name and phones are the customer's"
    );
    for found in
        ["filter[nickName][]=ромаш", "filter[nickName]=ромаш", "filter[nickName][]=x&filter[nickName][]=шка", "filter[city]=москва"]
    {
        assert_eq!(get(&crm, &format!("customers-corporate?{found}")).await["pagination"]["totalCount"], 1, "{found}");
    }
    assert_eq!(get(&crm, "customers-corporate?filter[nickName][]=x").await["pagination"]["totalCount"], 0);
    assert_eq!(get(&crm, "customers-corporate/9/companies?by=id").await["companies"][0]["name"], "ООО");
    assert_eq!(get(&crm, "customers-corporate/9/addresses?by=id").await["addresses"][0]["city"], "Москва");
    let order = get(&crm, "orders/7?by=id").await["order"].clone();
    assert_eq!(
        (&order["customer"]["type"], &order["customer"]["nickName"], &order["contact"]["firstName"]),
        (&json!("customer_corporate"), &json!("Ромашка"), &json!("Анна"))
    );
    assert_eq!(get(&crm, "orders?filter[customer]=79160000001").await["pagination"]["totalCount"], 1);
}

#[tokio::test]
async fn tasks() {
    let crm = demo();
    let task = json!({"text": "Перезвонить", "commentary": "x", "datetime": "2026-11-23 18:30", "performerId": 5, "customer": {"externalId": "c1"}, "order": {"number": "7A"}, "phone": "79160000001", "phoneSite": "main"});
    assert_eq!(post(&crm, "tasks/create", "task", task).await.expect(201)["id"], 1);
    let task = get(&crm, "tasks/1").await["task"].clone();
    assert_eq!(
        (&task["performer"], &task["performerType"], task.get("performerId")),
        (&json!(5), &json!("user"), None),
        "the field reads otherwise than it is written"
    );
    assert_eq!((&task["customer"]["id"], &task["order"]["number"], &task["complete"]), (&json!(1), &json!("7A"), &json!(false)));
    for (query, count) in [
        ("status]=performing", 1),
        ("status]=completed", 0),
        ("text]=ПЕРЕЗВОН", 1),
        ("performers][]=5", 1),
        ("performers][]=6", 0),
        ("dateFrom]=2026-11-24", 0),
        ("customer]=анна", 1),
        ("orderNumber]=7A", 1),
    ] {
        assert_eq!(get(&crm, &format!("tasks?filter[{query}")).await["pagination"]["totalCount"], count, "{query}");
    }
    assert_eq!(post(&crm, "tasks/1/edit", "task", json!({"complete": true})).await.expect(200), json!({"success": true}));
    assert_eq!(get(&crm, "tasks/1").await["task"]["completedAt"], "2026-11-23 10:00:00");
    for (wrong, place) in [
        (json!({"text": "x", "performerId": 99}), "performerId"),
        (json!({"performerId": 5}), "text"),
        (json!({"text": "x", "performerId": 5, "datetime": "2026-11-23 18:30:00"}), "datetime"),
        (json!({"text": "x", "performerId": 5, "customer": {"id": 99}}), "customer.id"),
        (json!({"text": "x", "performerId": 5, "phoneSite": "nope"}), "phoneSite"),
    ] {
        let refused = post(&crm, "tasks/create", "task", wrong).await.expect(400);
        assert!(refused["errors"][place].is_string(), "{place}: {refused}");
    }
    let history = get(&crm, "tasks/history").await;
    assert_eq!((&history["history"][0]["created"], &history["history"][1]["field"]), (&json!(true), &json!("complete")));
    assert_eq!(get(&crm, "tasks/1/comments").await["comments"], json!([]));
}

#[tokio::test]
async fn a_key_of_one_shop_cannot_touch_another() {
    let crm = crm(json!({
        "sites": [{"code": "a"}, {"code": "b"}], "apiKeys": [{"key": "main"}, {"key": "only-a", "sites": ["a"]}], "users": [{"id": 5}],
        "customers": [{"id": 3, "site": "b", "managerId": 5, "phones": [{"number": "79160000001"}]}, {"id": 4, "site": "a", "managerId": 5, "phones": [{"number": "79160000001"}]}],
        "notes": [{"id": 1, "text": "x", "customer": {"id": 3}}], "tasks": [{"id": 1, "text": "x", "performer": 5, "customer": {"id": 3, "site": "b"}}],
        "orders": [{"id": 1, "site": "a", "payments": [{"type": "cash", "externalId": "p", "amount": 1}]}, {"id": 2, "site": "b", "payments": [{"type": "cash", "externalId": "p", "amount": 1}]}],
    }));
    let only_a = crm.with_key("only-a");
    assert_eq!(post(&only_a, "customers/fix-external-ids", "customers", json!([{"id": 3, "externalId": "stolen"}])).await.status, 400);
    assert_eq!(only_a.post("/api/v5/customers/notes/1/delete", &[]).await.status, 404);
    assert_eq!(get(&only_a, "customers/notes").await["notes"], json!([]));
    assert_eq!(
        post(&only_a, "tasks/create", "task", json!({"text": "x", "performerId": 5, "phoneSite": "b"})).await.refusal(403),
        "Access denied."
    );
    post(&crm, "tasks/1/edit", "task", json!({"text": "secret"})).await.expect(200);
    assert_eq!(get(&only_a, "tasks/history").await["history"], json!([]));
    assert_eq!(get(&only_a, "telephony/manager?phone=79160000001&details=1").await["customer"]["id"], 4, "the older one is another shop's");
    crm.post("/api/v5/orders/payments/p/edit", &[("payment", json!({"amount": 7})), ("site", json!("b"))]).await.expect(200);
    let state = crm.simulator.to_json();
    let amount = |order: usize| {
        state["orders"][order]["payments"]
            .as_object()
            .and_then(|payments| payments.values().next())
            .map(|payment| payment["amount"].clone())
    };
    assert_eq!((amount(0), amount(1)), (Some(json!(1)), Some(json!(7))));
}

#[tokio::test]
async fn an_external_id_is_never_doubled() {
    let crm = demo();
    post(&crm, "customers/create", "customer", json!({"firstName": "x", "externalId": "c3"})).await.expect(201);
    for rows in [json!([{"id": 2, "externalId": "c1"}]), json!([{"id": 2, "externalId": "n"}, {"id": 1, "externalId": "n"}])] {
        assert_eq!(post(&crm, "customers/fix-external-ids", "customers", rows).await.status, 400);
    }
    assert_eq!(
        (&get(&crm, "customers/c1").await["customer"]["id"], &get(&crm, "customers/c3").await["customer"]["id"]),
        (&json!(1), &json!(3))
    );
}
