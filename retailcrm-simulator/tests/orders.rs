//! The contract of orders and their payments, pinned against the shapes of RetailCRM's published samples.

use serde_json::{Value, json};

use crate::support::{Crm, crm, demo, get, has, post};

/// Members that an order always shows.
const SHOWN: [&str; 32] = [
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
];

/// Creates an order with an externalId, and one more of the same phone.
async fn two_orders(crm: &Crm) -> (Value, Value) {
    let first = json!({"externalId": "new", "firstName": "Глеб", "phone": "+7 916 555-44-33", "orderMethod": "missed-call"});
    let first = post(crm, "orders/create", "order", first).await.expect(201);
    let second = post(crm, "orders/create", "order", json!({"phone": "89165554433", "lastName": "Глебов"})).await.expect(201);
    (first["order"].clone(), second["order"].clone())
}

#[tokio::test]
async fn orders() {
    let crm = demo();
    let (order, again) = two_orders(&crm).await;
    has(&order, &SHOWN);
    assert_eq!((&order["status"], &order["orderType"], &order["currency"]), (&json!("new"), &json!("eshop-individual"), &json!("RUB")));
    assert_eq!(
        (&order["customer"]["firstName"], &order["customer"]["phones"][0]["number"]),
        (&json!("Глеб"), &json!("+7 916 555-44-33")),
        "who has the phone, or a new one"
    );
    assert_eq!(again["customer"]["id"], order["customer"]["id"], "the same phone is the same customer");
}

#[tokio::test]
async fn filters_of_orders() {
    let crm = demo();
    two_orders(&crm).await;
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
    let statuses = get(&crm, "orders/statuses?ids[]=7&externalIds[]=new").await;
    assert_eq!(statuses["orders"][0], json!({"id": 7, "externalId": "o7", "status": "new", "group": "new"}));
}

#[tokio::test]
async fn refused_orders() {
    let crm = demo();
    two_orders(&crm).await;
    let refused = post(&crm, "orders/create", "order", json!({"externalId": "new"})).await.expect(400);
    assert_eq!(
        (&refused["errorMsg"], &refused["errors"]["externalId"]),
        (&json!("Order is not loaded"), &json!("Order with externalId=new already exists"))
    );
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
async fn an_offer_is_shown_as_the_catalogue_has_it() {
    let crm = crm(json!({"offers": [{"id": 4, "externalId": "чай", "xmlId": "t#1", "name": "Чай", "quantity": 9}]}));
    let made =
        post(&crm, "orders/create", "order", json!({"items": [{"offer": {"xmlId": "t#1", "name": "Чай зелёный"}}]})).await.expect(201);
    assert_eq!(made["order"]["items"][0]["offer"], json!({"id": 4, "externalId": "чай", "xmlId": "t#1", "name": "Чай зелёный"}));
    let made = post(&crm, "orders/create", "order", json!({"items": [{"productName": "Доставка"}]})).await.expect(201);
    assert!(made["order"]["items"][0].get("offer").is_none());
}

#[tokio::test]
async fn discounts_are_listed_by_kind() {
    let crm = demo();
    let items = json!([
        {"productName": "Чай", "initialPrice": 100, "quantity": 2, "discountManualAmount": 10},
        {"productName": "Кофе", "initialPrice": 200, "discountManualPercent": 5, "discounts": [{"type": "bonus_charge", "amount": 30}]},
        {"productName": "Мёд", "initialPrice": 50, "discounts": [{"type": "manual_product", "amount": 1}]},
        {"productName": "Соль", "initialPrice": 20},
    ]);
    let order = post(&crm, "orders/create", "order", json!({"externalId": "d", "items": items})).await.expect(201)["order"].clone();
    let listed =
        |order: &Value| -> Vec<Value> { order["items"].as_array().expect("items").iter().map(|item| item["discounts"].clone()).collect() };
    assert_eq!(
        listed(&order),
        [
            json!([{"type": "manual_product", "amount": 10}]),
            json!([{"type": "bonus_charge", "amount": 30}, {"type": "manual_product", "amount": 10}]),
            json!([{"type": "manual_product", "amount": 1}]),
            json!([]),
        ]
    );
    assert_eq!((&order["items"][1]["discountTotal"], &order["summ"]), (&json!(40), &json!(180 + 160 + 49 + 20)));
    let item = |change: Value| {
        let mut items = order["items"].clone();
        items[0] = change;
        json!({ "items": items })
    };
    let id = &order["items"][0]["id"];
    let edited = post(&crm, "orders/d/edit", "order", item(json!({"id": id, "discountManualAmount": null}))).await.expect(200);
    assert_eq!((&listed(&edited["order"])[0], &edited["order"]["summ"]), (&json!([]), &json!(200 + 160 + 49 + 20)));
    let edited = post(&crm, "orders/d/edit", "order", item(json!({"id": id, "discountManualPercent": 50}))).await.expect(200);
    assert_eq!(listed(&edited["order"])[0], json!([{"type": "manual_product", "amount": 50}]));
    let whole = post(&crm, "orders/d/edit", "order", json!({"discountManualPercent": 10})).await.expect(200)["order"].clone();
    assert_eq!(
        listed(&whole)[..2],
        [
            json!([{"type": "manual_product", "amount": 50}, {"type": "manual_order", "amount": 5}]),
            json!([{"type": "bonus_charge", "amount": 30}, {"type": "manual_product", "amount": 10}, {"type": "manual_order", "amount": 16}]),
        ],
        "the order's discount is shared out"
    );
    assert_eq!((&whole["items"][3]["prices"], &whole["summ"]), (&json!([{"price": 18, "quantity": 1}]), &json!(296.1)));
    let without = post(&crm, "orders/d/edit", "order", json!({"discountManualPercent": null})).await.expect(200)["order"].clone();
    assert_eq!((&listed(&without)[3], &without["summ"]), (&json!([]), &json!(329)));
    let refused =
        post(&crm, "orders/create", "order", json!({"items": [{"productName": "x", "discounts": [{"type": "gift", "amount": 1}]}]}));
    assert!(refused.await.expect(400)["errors"]["items[0].discounts[0].type"].is_string());
}

#[tokio::test]
async fn payments_are_a_list_where_orders_are_created_and_a_map_where_they_are_read() {
    let crm = demo();
    let order = json!({"externalId": "p", "payments": [{"type": "cash", "amount": 5}, {"type": "bank-card", "amount": 6}]});
    let made = post(&crm, "orders/create", "order", order).await.expect(201)["order"]["payments"].clone();
    let types =
        |payments: &Value| -> Vec<Value> { payments.as_array().expect("a list").iter().map(|payment| payment["type"].clone()).collect() };
    assert_eq!(types(&made), ["cash", "bank-card"]);
    let id = made[0]["id"].as_i64().expect("an id").to_string();
    assert_eq!(get(&crm, "orders/p").await["order"]["payments"][&id]["amount"], 5);
    assert_eq!(get(&crm, "orders?filter[externalIds][]=p").await["orders"][0]["payments"][&id]["amount"], 5);
    assert_eq!(post(&crm, "orders/p/edit", "order", json!({"firstName": "x"})).await.expect(200)["order"]["payments"][&id]["amount"], 5);
    let history = get(&crm, "orders/history").await["history"].clone();
    assert_eq!(types(&history[0]["order"]["payments"]), ["cash", "bank-card"]);
    assert_eq!(post(&crm, "orders/create", "order", json!({"firstName": "x"})).await.expect(201)["order"]["payments"], json!([]));
    assert_eq!(get(&crm, "orders/o7").await["order"]["payments"], json!([]), "an empty map");
    let uploaded =
        post(&crm, "orders/upload", "orders", json!([{"externalId": "u", "payments": [{"type": "cash", "amount": 5}]}])).await.expect(200);
    assert_eq!((types(&uploaded["orders"][0]["payments"]), &uploaded["failedOrders"]), (vec![json!("cash")], &json!([])));
    let uploaded = post(&crm, "customers/upload", "customers", json!([{"externalId": "u"}])).await.expect(200);
    assert_eq!((uploaded.get("customers"), &uploaded["failedCustomers"]), (None, &json!([])));
}

#[tokio::test]
async fn an_address_is_an_object_and_has_a_text() {
    let crm = demo();
    assert_eq!(get(&crm, "orders/o7").await["order"]["delivery"], json!({"cost": 616.16, "netCost": 0, "address": {}}));
    let made = post(&crm, "orders/create", "order", json!({"firstName": "x"})).await.expect(201);
    assert_eq!(made["order"]["delivery"], json!({"cost": 0, "netCost": 0, "address": {}}));
    let address =
        json!({"city": "Тула", "streetType": "ул.", "street": "Мира", "building": 5, "housing": "А", "flat": "7", "block": 2, "floor": 3});
    let made = post(&crm, "orders/create", "order", json!({"delivery": {"address": address}})).await.expect(201);
    assert_eq!(made["order"]["delivery"]["address"]["text"], "ул. Мира, д. 5, корп. А, кв./офис 7, под. 2, эт. 3");
    let written = json!({"delivery": {"address": {"text": "у метро", "street": "Мира"}}});
    assert_eq!(post(&crm, "orders/create", "order", written).await.expect(201)["order"]["delivery"]["address"]["text"], "у метро");
}

#[tokio::test]
async fn the_history_names_codes_countries_and_customers() {
    let crm = demo();
    let id = post(&crm, "orders/o7/edit", "order", json!({"items": [{"productName": "Чай", "offer": {"externalId": "t", "name": "Чай"}}]}))
        .await
        .expect(200)["order"]["items"][0]["id"]
        .clone();
    let change = json!({"countryIso": "BY", "customer": {"id": 2}, "delivery": {"address": {"countryIso": "BY"}}, "items": [{"id": id, "status": "sold"}]});
    post(&crm, "orders/o7/edit", "order", change).await.expect(200);
    let history = get(&crm, "orders/history").await["history"].clone();
    let of = |field: &str| history.as_array().expect("records").iter().find(|record| record["field"] == field).cloned().expect(field);
    let status = of("order_product.status");
    assert_eq!((&status["oldValue"], &status["newValue"]), (&json!({"code": "new"}), &json!({"code": "sold"})));
    assert_eq!(status["item"], json!({"id": id, "offer": {"externalId": "t"}}), "an item is named, not described");
    assert_eq!(of("country")["newValue"], "BY");
    assert_eq!(of("delivery_address.country")["newValue"], "BY");
    assert_eq!(of("customer")["newValue"], json!({"id": 2, "site": "main"}));
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
    // The order of a change's records is not guaranteed.
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
