//! The contract of the areas around customers and orders (those are in `records.rs`), pinned against the shapes of RetailCRM's published
//! samples.

use serde_json::{Value, json};

use crate::support::{Crm, crm, demo, get, has, post};

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
        ("units", "units"),
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
        ("cost-groups", "costGroups"),
        ("cost-items", "costItems"),
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
async fn books_show_all_members_of_their_entries() {
    let crm = crm(json!({}));
    let books = [
        ("sites", "sites", "main", &["id", "url", "currency", "countryIso", "loadFromYml", "contragent", "ordering", "isDemo"][..]),
        (
            "delivery-types",
            "deliveryTypes",
            "courier",
            &["paymentTypes", "deliveryPaymentTypes", "defaultCost", "currency", "deliveryServices"],
        ),
        ("payment-types", "paymentTypes", "cash", &["deliveryTypes", "paymentStatuses", "defaultForCrm", "defaultForApi"]),
        ("payment-statuses", "paymentStatuses", "paid", &["paymentTypes", "ordering", "defaultForCrm", "paymentComplete"]),
        ("order-types", "orderTypes", "eshop-legal", &["ordering", "defaultForApi"]),
        ("product-statuses", "productStatuses", "sold", &["ordering", "createdAt", "cancelStatus"]),
        ("units", "units", "pc", &["sym", "default"]),
    ];
    for (path, list, code, members) in books {
        has(&get(&crm, &format!("reference/{path}")).await[list][code], members);
    }
    has(&get(&crm, "reference/price-types").await["priceTypes"][0], &["id", "default", "geo", "groups", "ordering", "promo", "currency"]);
    has(&get(&crm, "reference/stores").await["stores"][0], &["type", "inventoryType", "address", "phone", "workTime"]);
    post(&crm, "reference/legal-entities/firma/edit", "legalEntity", json!({"legalName": "ООО «Фирма»"})).await.expect(201);
    assert_eq!(
        post(&crm, "reference/legal-entities/x/edit", "legalEntity", json!({"name": "x"})).await.refusal(400),
        "Errors in the entity format"
    );
    assert_eq!(get(&crm, "reference/legal-entities").await["legalEntities"][1]["legalName"], "ООО «Фирма»");
    post(&crm, "reference/price-types/opt/edit", "priceType", json!({"name": "Опт"})).await.expect(201);
    assert_eq!(get(&crm, "reference/price-types").await["priceTypes"][1]["id"], 2);
}

#[tokio::test]
async fn payment_types_and_what_they_go_with_show_each_other() {
    let crm = crm(json!({}));
    let codes =
        async |path: &str, list: &str, code: &str, member: &str| get(&crm, &format!("reference/{path}")).await[list][code][member].clone();
    let new = json!({"name": "Почта", "deliveryPaymentTypes": [{"code": "cash", "cod": true}, {"code": "bank-card"}]});
    post(&crm, "reference/delivery-types/pochta/edit", "deliveryType", new).await.expect(201);
    assert_eq!(codes("delivery-types", "deliveryTypes", "pochta", "paymentTypes").await, json!(["cash", "bank-card"]));
    let all = ["self-delivery", "courier", "russian-post"];
    assert_eq!(codes("payment-types", "paymentTypes", "cash", "deliveryTypes").await, json!([all[0], all[1], all[2], "pochta"]));
    assert_eq!(codes("payment-types", "paymentTypes", "bank-transfer", "deliveryTypes").await, json!(all));
    let change = json!({"deliveryTypes": ["pochta"], "paymentStatuses": ["paid"]});
    post(&crm, "reference/payment-types/bank-transfer/edit", "paymentType", change).await.expect(200);
    assert_eq!(codes("payment-types", "paymentTypes", "bank-transfer", "deliveryTypes").await, json!(["pochta"]));
    assert_eq!(codes("payment-types", "paymentTypes", "bank-transfer", "paymentStatuses").await, json!(["paid"]));
    assert_eq!(codes("delivery-types", "deliveryTypes", "courier", "paymentTypes").await, json!(["cash", "bank-card"]));
    let rows = codes("delivery-types", "deliveryTypes", "pochta", "deliveryPaymentTypes").await;
    assert_eq!(
        (&rows[0], &rows[2]["code"]),
        (&json!({"code": "cash", "cod": true}), &json!("bank-transfer")),
        "what was said of others stays"
    );
    post(&crm, "reference/delivery-types/pochta/edit", "deliveryType", json!({"paymentTypes": ["cash"]})).await.expect(200);
    assert_eq!(codes("payment-types", "paymentTypes", "bank-card", "deliveryTypes").await, json!(all));
}

#[tokio::test]
async fn an_empty_part_of_a_path_leads_to_no_method() {
    let crm = demo();
    for path in
        ["reference/statuses//edit", "integration-modules//edit", "custom-fields/order//edit", "customers//edit", "orders/payments//delete"]
    {
        assert_eq!(crm.post(&format!("/api/v5/{path}"), &[("status", json!({}))]).await.refusal(404), "API method not found", "{path}");
    }
    for path in ["customers/", "orders/", "integration-modules/", "customers-corporate//contacts", "reference/"] {
        assert_eq!(crm.get(&format!("/api/v5/{path}")).await.refusal(404), "API method not found", "{path}");
    }
    let module = json!({"name": "Звонки", "baseUrl": "https://zvonki.example"});
    post(&crm, "integration-modules/zvonki/edit", "integrationModule", module).await.expect(201);
    assert!(get(&crm, "integration-modules/zvonki").await["integrationModule"].get("integrationCode").is_none());
}

/// Creates a dictionary and a customer's field of every type.
async fn every_type_of_field(crm: &Crm) {
    let elements = json!([{"name": "Один", "code": "one", "ordering": 10}, {"name": "Два", "code": "two"}]);
    assert_eq!(
        post(crm, "custom-fields/dictionaries/create", "customDictionary", json!({"name": "D", "code": "d", "elements": elements}))
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
        post(crm, "custom-fields/customer/create", "customField", field).await.expect(201);
    }
}

#[tokio::test]
async fn custom_fields_and_dictionaries() {
    let crm = demo();
    every_type_of_field(&crm).await;
    let fields = get(&crm, "custom-fields?filter[entity]=customer&filter[type][]=date&limit=50").await;
    has(
        &fields["customFields"][0],
        &["name", "code", "required", "inFilter", "inList", "inGroupActions", "type", "entity", "ordering", "displayArea", "viewMode"],
    );
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
async fn values_of_custom_fields() {
    let crm = demo();
    every_type_of_field(&crm).await;
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

#[tokio::test]
async fn a_filter_s_value_is_what_the_filter_wants() {
    let crm = demo();
    for path in [
        "customers?filter[name][]=zzz",
        "orders?filter[customer][]=zzz",
        "orders?filter[email][]=zzz",
        "customers/history?filter[sinceId][]=20",
        "customers?filter[emailMarketingUnsubscribed]=zzz",
        "orders?filter[vip]=maybe",
        "customers?filter[minOrdersCount]=abc",
        "customers?filter[firstOrderFrom]=abc",
        "orders?filter[tasksCounts]=qqq",
        "customers?filter[dateFrom]=2026-1-5",
        "tasks?filter[status]=open",
    ] {
        assert_eq!(crm.get(&format!("/api/v5/{path}")).await.refusal(400), "Errors in the input parameters", "{path}");
    }
    for wrong in [json!({"firstName": "x", "createdAt": "2026-1-5 1:2:3"}), json!({"firstName": "x", "birthday": "1990-1-5"})] {
        assert_eq!(post(&crm, "customers/create", "customer", wrong).await.status, 400, "a date has its zeros");
    }
    post(&crm, "tasks/create", "task", json!({"text": "x", "performerId": 5, "datetime": "2026-01-01 10:00"})).await.expect(201);
    assert_eq!(get(&crm, "tasks?filter[dateFrom]=2026-01-01 10:00:00".replace(' ', "%20").as_str()).await["pagination"]["totalCount"], 1);
}

#[tokio::test]
async fn a_module_s_parts_have_their_types() {
    let crm = demo();
    let module =
        |integrations: Value| json!({"integrationCode": "uis", "name": "UIS", "baseUrl": "https://x", "integrations": integrations});
    let edited = post(
        &crm,
        "integration-modules/uis/edit",
        "integrationModule",
        module(json!({"telephony": {"additionalCodes": [{"userId": "5", "code": 101}]}, "mgTransport": {"webhookUrl": "https://x"}})),
    )
    .await;
    edited.expect(201);
    let answer = post(&crm, "telephony/call/event", "event", json!({"phone": "1", "type": "in", "codes": ["101"]})).await.expect(200);
    assert_eq!(answer, json!({"success": true}), "a code written as a number is the same code");
    let wrong = post(&crm, "integration-modules/uis/edit", "integrationModule", module(json!({"telephony": {"additionalCodes": "x"}})))
        .await
        .expect(400);
    assert!(wrong["errors"]["integrations.telephony.additionalCodes"].is_string(), "{wrong}");
    post(&crm, "integration-modules/uis/edit", "integrationModule", json!({"integrations": {"telephony": {"additionalCodes": []}}}))
        .await
        .expect(200);
    assert!(
        get(&crm, "integration-modules/uis").await["integrationModule"]["integrations"]["mgTransport"]["token"].is_string(),
        "another integration stays"
    );
}
