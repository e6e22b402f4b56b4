//! The contract of orders and their payments, pinned against the shapes of RetailCRM's published samples.

mod support;

use serde_json::{Value, json};
use support::{Crm, crm, demo, get, has, post};

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
