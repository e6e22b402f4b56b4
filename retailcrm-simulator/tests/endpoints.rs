//! The contract of each area, pinned against the shapes of RetailCRM's published samples.

mod support;

use serde_json::{Value, json};
use support::{Crm, crm, demo};

/// The members that an object has, of those that a sample names.
fn has(value: &Value, members: &[&str]) {
    for name in members {
        assert!(value.get(name).is_some(), "{name} is missing in {value}");
    }
}

async fn post(crm: &Crm, path: &str, field: &str, value: Value) -> support::Answer {
    crm.post(&format!("/api/v5/{path}"), &[(field, value)]).await
}

async fn get(crm: &Crm, path: &str) -> Value {
    crm.get(&format!("/api/v5/{path}")).await.expect(200)
}

#[tokio::test]
async fn general() {
    let crm = crm(
        json!({"settings": {"timezone": "Asia/Omsk", "work_times": [{"day_type": "Monday", "start_time": "09:00", "end_time": "18:00"}]}}),
    );
    assert_eq!(crm.get("/api/api-versions").await.expect(200), json!({"success": true, "versions": ["3.0", "4.0", "5.0"]}));
    has(&crm.get("/api/system-info").await.expect(200), &["systemVersion", "publicUrl", "technicalUrl"]);
    let credentials = crm.get("/api/credentials").await.expect(200);
    has(&credentials, &["credentials", "scopes", "siteAccess", "sitesAvailable"]);
    assert!(credentials["credentials"].as_array().expect("a list").contains(&json!("/api/integration-modules/{code}")));
    let settings = get(&crm, "settings").await["settings"].clone();
    has(&settings, &["default_currency", "system_language", "timezone", "work_times", "non_working_days", "mg"]);
    assert_eq!((&settings["timezone"]["value"], &settings["work_times"][0]["day_type"]), (&json!("Asia/Omsk"), &json!("Monday")));
    // Date-times are in the account's zone: 07:00 UTC is 13:00 in Omsk.
    post(&crm, "customers/create", "customer", json!({"firstName": "x"})).await.expect(201);
    assert_eq!(get(&crm, "customers").await["customers"][0]["createdAt"], "2026-11-23 13:00:00");
}

#[tokio::test]
async fn the_manager_of_a_caller() {
    let crm = demo();
    let module = json!({"integrationCode": "uis", "name": "UIS", "baseUrl": "https://x", "integrations": {"telephony": {"additionalCodes": [{"userId": 5, "code": "12"}]}}});
    post(&crm, "integration-modules/uis/edit", "integrationModule", module).await.expect(201);
    let known = get(&crm, "telephony/manager?phone=89160000001&details=1&ignoreStatus=1").await;
    assert_eq!(known["manager"], json!({"id": 5, "firstName": "Анна", "email": "a@x.example", "code": "12"}));
    assert_eq!(known["customer"]["phones"], json!([{"number": "+7 (916) 000-00-01"}]));
    assert_eq!(known["links"]["customerLink"], "https://demo.retailcrm.ru/customers/1");
    assert_eq!(known["links"]["lastOrderLink"], "https://demo.retailcrm.ru/orders/7/edit");
    let busy = get(&crm, "telephony/manager?phone=79160000002").await;
    assert_eq!((busy.get("manager"), busy.get("links")), (None, None), "a busy manager is not given, nor details unasked");
    assert_eq!(get(&crm, "telephony/manager?phone=79160000002&ignoreStatus=True").await["manager"]["id"], 6);
    let unknown = get(&crm, "telephony/manager?phone=79169999999&details=True").await;
    assert!(unknown["links"]["newCustomerLink"].is_string() && unknown.get("customer").is_none());
    assert_eq!(crm.get("/api/v5/telephony/manager").await.refusal(400), "Parameter 'phone' is missing");
}

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
    assert_eq!(crm.post("/api/v5/customers/combine", &merge).await.status, 400, "he is gone");
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
async fn an_offer_that_the_catalogue_has_not() {
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
async fn users_and_notifications() {
    let crm = demo();
    assert_eq!(get(&crm, "users?filter[email]=A@x.example&filter[active]=1").await["users"][0]["id"], 5);
    assert_eq!(get(&crm, "users?filter[isAdmin]=1&filter[groups][]=superadmins").await["pagination"]["totalCount"], 1);
    assert_eq!(get(&crm, "users?filter[status]=busy").await["users"][0]["id"], 6);
    assert_eq!(post(&crm, "users/5/status", "status", json!("break")).await.expect(200), json!({"success": true}));
    assert_eq!(get(&crm, "users/5").await["user"]["status"], "break");
    assert_eq!(post(&crm, "users/5/status", "status", json!("asleep")).await.status, 400);
    has(
        &get(&crm, "user-groups").await["groups"][0],
        &["id", "name", "code", "isManager", "isPosManager", "isDeliveryMen", "deliveryTypes", "breakdownSites", "grantedSites"],
    );
    let notice = |notice: Value| post(&crm, "notifications/send", "notification", notice);
    assert_eq!(
        notice(json!({"type": "api.info", "message": "<p>x</p>", "userGroups": ["superadmins"]})).await.expect(200),
        json!({"success": true})
    );
    assert!(notice(json!({"type": "sms", "message": "", "userIds": [99]})).await.expect(400)["errors"]["userIds"].is_string());
    assert_eq!(crm.simulator.to_json()["notifications"][0]["message"], "<p>x</p>");
}

#[tokio::test]
async fn reference_books() {
    let crm = demo();
    assert_eq!(get(&crm, "reference/statuses").await["statuses"]["complete"]["group"], "complete");
    assert_eq!(get(&crm, "reference/status-groups").await["statusGroups"]["complete"]["statuses"], json!(["complete"]));
    for (path, member) in [
        ("sites", "sites"),
        ("order-types", "orderTypes"),
        ("order-methods", "orderMethods"),
        ("payment-types", "paymentTypes"),
        ("payment-statuses", "paymentStatuses"),
        ("delivery-types", "deliveryTypes"),
        ("product-statuses", "productStatuses"),
    ] {
        assert!(get(&crm, &format!("reference/{path}")).await[member].is_object(), "{path} is a map by code");
    }
    for (path, member) in [
        ("stores", "stores"),
        ("couriers", "couriers"),
        ("price-types", "priceTypes"),
        ("legal-entities", "legalEntities"),
        ("currencies", "currencies"),
        ("mg-channels", "mgChannels"),
        ("units", "units"),
        ("subscriptions", "subscriptions"),
        ("countries", "countriesIso"),
    ] {
        assert!(get(&crm, &format!("reference/{path}")).await[member].is_array(), "{path} is a list");
    }
    let stock = [
        "phone",
        "shopping-cart",
        "one-click",
        "price-decrease-request",
        "landing-page",
        "offline",
        "app",
        "live-chat",
        "terminal",
        "missed-call",
        "messenger",
    ];
    has(&get(&crm, "reference/order-methods").await["orderMethods"], &stock);
    assert_eq!(
        post(&crm, "reference/statuses/call-back/edit", "status", json!({"name": "Перезвонить", "group": "approval", "ordering": 25}))
            .await
            .expect(201),
        json!({"success": true})
    );
    assert_eq!(
        post(&crm, "reference/statuses/call-back/edit", "status", json!({"name": "Позвонить"})).await.expect(200),
        json!({"success": true})
    );
    assert_eq!(
        get(&crm, "reference/statuses").await["statuses"]["call-back"],
        json!({"code": "call-back", "name": "Позвонить", "group": "approval", "ordering": 25, "active": true})
    );
    assert!(
        post(&crm, "reference/statuses/x/edit", "status", json!({"name": "x", "group": "nope"})).await.expect(400)["errors"]["group"]
            .is_string()
    );
    assert_eq!(post(&crm, "reference/status-groups/x/edit", "statusGroup", json!({})).await.refusal(404), "API method not found");
    assert_eq!(post(&crm, "reference/couriers/create", "courier", json!({"firstName": "Пётр"})).await.expect(201)["id"], 1);
    post(&crm, "reference/couriers/1/edit", "courier", json!({"active": false})).await.expect(200);
}

#[tokio::test]
async fn custom_fields_and_dictionaries() {
    let crm = demo();
    let elements = json!([{"name": "Один", "code": "one", "ordering": 10}, {"name": "Два", "code": "two"}]);
    assert_eq!(
        post(&crm, "custom-fields/dictionaries/create", "customDictionary", json!({"name": "D", "code": "d", "elements": elements}))
            .await
            .expect(201),
        json!({"success": true, "code": "d"})
    );
    for (code, kind) in [
        ("flag", "boolean"),
        ("day", "date"),
        ("moment", "datetime"),
        ("one", "dictionary"),
        ("many", "multiselect_dictionary"),
        ("mail", "email"),
        ("whole", "integer"),
        ("number", "numeric"),
        ("line", "string"),
        ("pages", "text"),
    ] {
        let field = json!({"name": code, "code": code, "type": kind, "dictionary": "d", "displayArea": "customer"});
        post(&crm, "custom-fields/customer/create", "customField", field).await.expect(201);
    }
    let fields = get(&crm, "custom-fields?filter[entity]=customer&filter[type][]=date&limit=50").await;
    has(
        &fields["customFields"][0],
        &["name", "code", "required", "inFilter", "inList", "inGroupActions", "type", "entity", "ordering", "displayArea", "viewMode"],
    );
    let good = json!({"flag": true, "day": "2026-11-23", "moment": "2026-11-23 10:00:00", "one": "one", "many": ["one", "two"], "mail": "a@b.example", "whole": "5", "number": 1.5, "line": "x", "pages": "x"});
    post(&crm, "customers/c1/edit", "customer", json!({ "customFields": good })).await.expect(200);
    let kept = get(&crm, "customers/c1").await["customer"]["customFields"].clone();
    assert_eq!((&kept["whole"], &kept["many"]), (&json!(5), &json!(["one", "two"])));
    for (code, wrong) in [
        ("flag", json!("maybe")),
        ("day", json!("23.11.2026")),
        ("moment", json!("2026-11-23")),
        ("one", json!("three")),
        ("many", json!("one")),
        ("many", json!(["three"])),
        ("mail", json!("a")),
        ("whole", json!("5.5")),
        ("number", json!("x")),
        ("line", json!("x".repeat(256))),
        ("nothing", json!(1)),
    ] {
        let refused = post(&crm, "customers/c1/edit", "customer", json!({"customFields": {code: wrong}})).await.expect(400);
        assert!(refused["errors"][format!("customFields.{code}")].is_string(), "{code}: {refused}");
    }
    for (query, count) in [
        ("one]=one", 1),
        ("number][min]=1&filter[customFields][number][max]=2", 1),
        ("number][min]=2", 0),
        ("flag]=1", 1),
        ("many][]=two", 1),
        ("day][min]=2026-11-24", 0),
    ] {
        assert_eq!(get(&crm, &format!("customers?filter[customFields][{query}")).await["pagination"]["totalCount"], count, "{query}");
    }
    assert_eq!(post(&crm, "custom-fields/customer/one/edit", "customField", json!({"name": "Новое"})).await.expect(200)["code"], "one");
    assert_eq!(get(&crm, "custom-fields/customer/one").await["customField"]["name"], "Новое");
    assert!(
        post(&crm, "custom-fields/customer/one/edit", "customField", json!({"type": "string"})).await.expect(400)["errors"]["type"]
            .is_string()
    );
    post(&crm, "custom-fields/dictionaries/d/edit", "customDictionary", json!({"name": "D", "elements": [{"name": "x", "code": "x"}]}))
        .await
        .expect(200);
    assert_eq!(get(&crm, "custom-fields/dictionaries/d").await["customDictionary"]["elements"][0]["code"], "x");
    assert_eq!(get(&crm, "custom-fields/dictionaries?filter[code]=d").await["pagination"]["totalCount"], 1);
}

#[tokio::test]
async fn a_module_of_a_simple_connection_gets_more_scopes() {
    let crm = crm(json!({"apiKeys": [{"key": "main"}, {"key": "small", "scopes": ["integration_write", "customer_read"]}]}));
    let module = json!({"integrationCode": "uis", "name": "UIS", "baseUrl": "https://x", "integrations": {"mgTransport": {"webhookUrl": "https://x/hook"}}});
    let granted = post(&crm, "integration-modules/uis/edit", "integrationModule", module).await.expect(201);
    has(&granted["info"]["mgTransport"], &["endpointUrl", "token"]);
    let requires = json!({"scopes": ["order_read"]});
    assert_eq!(
        post(&crm, "integration-modules/uis/update-scopes", "requires", requires.clone()).await.refusal(400),
        "Not enabled simple connection"
    );
    let small = crm.with_key("small");
    assert_eq!(small.get("/api/v5/orders").await.refusal(403), "Access denied.");
    let key = post(&small, "integration-modules/uis/update-scopes", "requires", requires).await.expect(200)["apiKey"]
        .as_str()
        .expect("a key")
        .to_owned();
    assert_eq!((small.get("/api/v5/customers").await.status, crm.with_key(&key).get("/api/v5/orders").await.status), (403, 200));
}
