//! The contract of customers, orders, tasks and notes, pinned against the shapes of RetailCRM's published samples.

mod support;

use serde_json::{Value, json};
use support::{crm, demo, get, has, post};

#[tokio::test]
async fn customers() {
    let crm = demo();
    let fields = json!({
        "externalId": "new", "firstName": "Иван", "lastName": "Петров", "email": "ivan@x.example", "phones": [{"number": 79161112233i64}, {"number": "79161112233"}],
        "managerId": "5", "birthday": "1990-01-31", "sex": "male", "address": {"city": "Москва"}, "source": {"source": "uis"}, "addTags": ["vip", "uis"], "nonsense": 1,
    });
    let id = post(&crm, "customers/create", "customer", fields).await.expect(201)["id"].clone();
    let customer = get(&crm, "customers/new").await["customer"].clone();
    has(
        &customer,
        &[
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
        ],
    );
    assert_eq!(
        (&customer["phones"], &customer["managerId"]),
        (&json!([{"number": "79161112233"}]), &json!(5)),
        "numbers written as text and as numbers are one"
    );
    assert!(customer.get("nonsense").is_none() && customer["tags"][0]["name"] == "vip");
    let edit = json!({"email": null, "address": {"street": "Тверская"}, "removeTags": ["vip"], "phones": [{"number": "79161112234"}]});
    assert_eq!(post(&crm, "customers/new/edit", "customer", edit).await.expect(200)["id"], id);
    let customer = get(&crm, "customers/new").await["customer"].clone();
    assert_eq!((customer.get("email"), &customer["address"]), (None, &json!({"city": "Москва", "street": "Тверская"})));
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
    assert_eq!(get(&crm, "customers-corporate/k/contacts").await["contacts"][0]["customer"]["phones"][0]["number"], "79160000001");
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
async fn orders() {
    let crm = demo();
    let made = post(
        &crm,
        "orders/create",
        "order",
        json!({"externalId": "new", "firstName": "Глеб", "phone": "+7 916 555-44-33", "orderMethod": "missed-call"}),
    )
    .await
    .expect(201);
    let order = &made["order"];
    has(
        order,
        &[
            "slug",
            "bonusesCreditTotal",
            "bonusesChargeTotal",
            "id",
            "number",
            "externalId",
            "orderType",
            "orderMethod",
            "privilegeType",
            "countryIso",
            "createdAt",
            "statusUpdatedAt",
            "summ",
            "totalSumm",
            "prepaySum",
            "purchaseSumm",
            "firstName",
            "phone",
            "call",
            "expired",
            "customer",
            "contact",
            "contragent",
            "delivery",
            "site",
            "status",
            "items",
            "fromApi",
            "payments",
            "shipped",
            "customFields",
            "currency",
        ],
    );
    assert_eq!((&order["status"], &order["orderType"], &order["currency"]), (&json!("new"), &json!("eshop-individual"), &json!("RUB")));
    assert_eq!(
        (&order["customer"]["firstName"], &order["customer"]["phones"][0]["number"]),
        (&json!("Глеб"), &json!("+7 916 555-44-33")),
        "who has the phone, or a new one"
    );
    let again = post(&crm, "orders/create", "order", json!({"phone": "89165554433", "lastName": "Глебов"})).await.expect(201);
    assert_eq!(again["order"]["customer"]["id"], order["customer"]["id"], "the same phone is the same customer");
    let statuses = get(&crm, "orders/statuses?ids[]=7&externalIds[]=new").await;
    assert_eq!(statuses["orders"][0], json!({"id": 7, "externalId": "o7", "status": "new", "group": "new"}));
    let refused = post(&crm, "orders/create", "order", json!({"externalId": "new"})).await.expect(400);
    assert_eq!(
        (&refused["errorMsg"], &refused["errors"]["externalId"]),
        (&json!("Order is not loaded"), &json!("Order with externalId=new already exists"))
    );
    for (query, count) in [
        ("extendedStatus[]=new", 3),
        ("extendedStatus[]=complete", 0),
        ("orderMethods[]=missed-call", 1),
        ("customer=9165554433", 2),
        ("numbers[]=7A", 1),
        ("customerId=1", 1),
        ("customerExternalId=c1", 1),
        ("createdAtFrom=2026-11-23", 2),
        ("createdAtTo=2026-11-22", 0),
        ("minPrice=1000", 1),
        ("minDeliveryCost=600", 1),
        ("call=1", 0),
    ] {
        assert_eq!(
            get(&crm, &format!("orders?filter[{}", query.replacen('=', "]=", 1).replacen("[]]=", "][]=", 1))).await["pagination"]["totalCount"],
            count,
            "{query}"
        );
    }
    let refused = post(&crm, "orders/create", "order", json!({"items": [{"quantity": 1}]})).await.expect(400);
    assert!(refused["errors"]["items[0]"].is_string());
    let partly =
        post(&crm, "orders/upload", "orders", json!([{"externalId": "u1"}, {"externalId": "new"}, {"externalId": "u2", "status": "nope"}]))
            .await
            .expect(460);
    assert_eq!(partly["errorMsg"], "Orders are loaded with errors");
    assert_eq!(
        (&partly["uploadedOrders"][0]["externalId"], &partly["failedOrders"]),
        (&json!("u1"), &json!([{"externalId": "new"}, {"externalId": "u2"}]))
    );
}

#[tokio::test]
async fn an_offer_that_is_not_in_the_catalogue() {
    let crm = crm(json!({"offers": [{"id": 1, "externalId": "a"}]}));
    post(&crm, "orders/create", "order", json!({"items": [{"offer": {"externalId": "a"}, "initialPrice": 5}]})).await.expect(201);
    let partly = post(&crm, "orders/upload", "orders", json!([{"items": [{"offer": {"id": 2}}]}])).await.expect(460);
    assert_eq!(partly["errors"], json!(["items[0].offer.id: Offer with id 2 not found."]));
}

#[tokio::test]
async fn payments_and_items_keep_their_ids() {
    let crm = demo();
    let id = post(
        &crm,
        "orders/payments/create",
        "payment",
        json!({"type": "cash", "amount": 100, "externalId": "p", "order": {"number": "7A"}}),
    )
    .await
    .expect(201)["id"]
        .clone();
    assert_eq!(post(&crm, "orders/payments/p/edit", "payment", json!({"status": "paid"})).await.expect(200)["id"], id);
    let order = get(&crm, "orders/o7").await["order"].clone();
    assert_eq!(
        (&order["payments"][id.to_string()]["paidAt"], &order["prepaySum"], order.get("fullPaidAt")),
        (&json!("2026-11-23 10:00:00"), &json!(100), None)
    );
    assert_eq!(crm.post(&format!("/api/v5/orders/payments/{id}/delete"), &[]).await.expect(200), json!({"success": true}));
    assert_eq!(crm.post(&format!("/api/v5/orders/payments/{id}/delete"), &[]).await.refusal(404), "Payment not found");
    let edit = |items: Value| json!({ "items": items });
    let first = post(
        &crm,
        "orders/o7/edit",
        "order",
        edit(json!([{"offer": {"externalId": "a"}, "initialPrice": 10}, {"offer": {"externalId": "b"}, "initialPrice": 20}])),
    )
    .await
    .expect(200);
    let second = post(&crm, "orders/o7/edit", "order", edit(json!([{"offer": {"externalId": "b"}, "quantity": 3}]))).await.expect(200);
    let items = &second["order"]["items"];
    assert_eq!(
        (items.as_array().map(Vec::len), &items[0]["id"], &items[0]["quantity"]),
        (Some(1), &first["order"]["items"][1]["id"], &json!(3))
    );
    assert_eq!((&second["order"]["summ"], &second["order"]["totalSumm"]), (&json!(60), &json!(676.16)));
    let history = get(&crm, "orders/history").await;
    let mut fields: Vec<&str> =
        history["history"].as_array().expect("records").iter().filter_map(|record| record["field"].as_str()).collect();
    // In which order a change's records come is not promised.
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "order_product",
            "order_product",
            "order_product",
            "order_product.quantity",
            "payments",
            "payments",
            "payments.paid_at",
            "payments.status"
        ]
    );
}

#[tokio::test]
async fn merged_orders_and_links() {
    let crm = demo();
    let made = post(&crm, "orders/create", "order", json!({"customer": {"id": 1}, "items": [{"productName": "x", "initialPrice": 50}]}))
        .await
        .expect(201);
    let id = made["id"].clone();
    post(&crm, "orders/links/create", "link", json!({"comment": "same client", "orders": [{"number": "7A"}, {"id": id}]}))
        .await
        .expect(201);
    assert_eq!(get(&crm, "orders/o7").await["order"]["links"][0]["order"]["id"], id);
    let merge = [("order", json!({"id": id})), ("resultOrder", json!({"id": 7})), ("technique", json!("summ"))];
    crm.post("/api/v5/orders/combine", &merge).await.expect(200);
    assert_eq!(
        (crm.get(&format!("/api/v5/orders/{id}?by=id")).await.status, &get(&crm, "orders/o7").await["order"]["summ"]),
        (404, &json!(50))
    );
    let history = get(&crm, "orders/history").await;
    assert!(
        history["history"].as_array().expect("records").iter().any(|record| record["combinedTo"]["id"] == 7 && record["deleted"] == true)
    );
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

#[tokio::test]
async fn an_order_s_money_to_the_end() {
    let crm = demo();
    let items = json!([{"productName": "Widget", "initialPrice": 100, "purchasePrice": 60, "quantity": 2}]);
    let made =
        post(&crm, "orders/create", "order", json!({"externalId": "m", "items": items, "payments": [{"type": "cash", "status": "paid"}]}))
            .await
            .expect(201);
    assert_eq!(
        (&made["order"]["purchaseSumm"], &made["order"]["prepaySum"]),
        (&json!(120), &json!(200)),
        "a payment of no amount is for the whole"
    );
    for (query, count) in [("product]=widget", 1), ("minMarginSumm]=80", 2), ("minMarginSumm]=779", 1), ("maxCostSumm]=0", 2)] {
        assert_eq!(get(&crm, &format!("orders?filter[{query}")).await["pagination"]["totalCount"], count, "{query}");
    }
    for payments in [json!([5]), json!([{}])] {
        assert!(
            post(&crm, "orders/create", "order", json!({ "payments": payments })).await.expect(400)["errors"]["payments[0].type"]
                .is_string()
        );
    }
    let merge = [("order", json!({"id": made["id"]})), ("resultOrder", json!({"id": 7})), ("technique", json!("summ"))];
    crm.post("/api/v5/orders/combine", &merge).await.expect(200);
    assert_eq!(
        get(&crm, "orders/o7").await["order"]["payments"].as_object().map(serde_json::Map::len),
        Some(1),
        "what was paid stays paid"
    );
}
