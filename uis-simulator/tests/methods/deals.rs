//! Deals: the documentation's order of loading, and what is refused.

use serde_json::{Value, json};

use super::support::{Served, company};

fn funnel(served: &Served) {
    let stage = |id: &str, order: i64| json!({"ext_id": id, "name": id, "order": order});
    let stages = json!({
        "success": {"ext_id": "won", "name": "Продано"},
        "failed": {"ext_id": "lost", "name": "Отказ"},
        "in_process": [stage("new", 10), stage("paid", 20), stage("sent", 30)],
    });
    assert_eq!(
        served.data("create.sales_funnel", json!({"ext_id": "shop", "name": "Магазин", "stages": stages})),
        json!({"ext_id": "shop"})
    );
}

fn loaded() -> Served {
    let served = company();
    funnel(&served);
    served.data("create.deal_employees", json!({"ext_id": "user-5", "name": "Иванова"}));
    served.data("create.deal_contacts", json!({"contacts": [{"ext_id": "customer-7", "name": "Пётр", "phone_numbers": ["79000000007"]}]}));
    served.data("create.deal_user_field", json!({"ext_id": "delivery", "name": "Доставка", "data_type": "string"}));
    served
}

fn deal(stage: &str, at: &str) -> Value {
    json!({
        "ext_id": "order-1", "name": "Заказ 1", "created_date_time": "2026-11-20 10:00:00", "modified_stage_date_time": at,
        "sales_funnel_ext_id": "shop", "stage_ext_id": stage, "contact_ext_ids": ["customer-7"], "main_contact_ext_id": "customer-7",
        "employee_ext_id": "user-5", "revenue": 4990.5, "user_fields": [{"ext_id": "delivery", "value": "Курьер"}],
        "communication_id": 900, "communication_type": "call",
    })
}

#[test]
fn a_deal_goes_through_its_stages() {
    let served = loaded();
    let deals = json!([deal("new", "2026-11-20 10:00:00"), deal("sent", "2026-11-21 10:00:00")]);
    assert_eq!(served.data("upload.deals_history", json!({"deals": deals})), json!({}));
    let rows = served.data("get.deals_history", json!({"sort": [{"field": "modified_stage_date_time"}]}));
    let stages: Vec<(&str, bool)> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (row["stage_ext_id"].as_str().unwrap_or_default(), row["is_generated"] == true))
        .collect();
    assert_eq!(stages, [("new", false), ("paid", true), ("sent", false)]);
    assert_eq!(
        (&rows[0]["revenue"], &rows[0]["main_contact_ext_id"], &rows[0]["closed_date_time"]),
        (&json!(4990.5), &json!("customer-7"), &Value::Null)
    );
    assert_eq!(served.data("get.deals_in_processing", json!({})), json!({"count": 0}));
    assert_eq!(served.data("delete.deals", json!({"ext_id": "order-1"})), json!({}));
    assert_eq!(served.refused("delete.deals", json!({"ext_id": "order-1"})).0, "entity_not_found");
}

#[test]
fn one_bad_deal_refuses_the_whole_upload() {
    let served = loaded();
    let with = |name: &str, value: Value| {
        let mut bad = deal("new", "2026-11-20 10:00:00");
        bad[name] = value;
        served.refused("upload.deals_history", json!({"deals": [deal("new", "2026-11-20 10:00:00"), bad]}))
    };
    let field = |name: &str| format!("deals.{name}");
    assert_eq!(with("stage_ext_id", json!("nowhere")), ("entity_not_found".into(), field("stage_ext_id")));
    assert_eq!(with("sales_funnel_ext_id", json!("other")).0, "entity_not_found");
    assert_eq!(with("created_date_time", json!("2026-12-20 10:00:00")).0, "invalid_parameter_value");
    assert_eq!(with("main_contact_ext_id", Value::Null), ("required_parameter_missed".into(), field("main_contact_ext_id")));
    assert_eq!(with("communication_type", Value::Null), ("required_parameter_missed".into(), field("communication_type")));
    assert_eq!(with("communication_type", json!("letter")).0, "invalid_parameter_value");
    assert_eq!(with("revenue", json!("4990")), ("data_type_error".into(), field("revenue")));
    assert_eq!(with("url", json!("https://shop.example")), ("unexpected_parameters".into(), field("url")));
    assert_eq!(with("name", Value::Null), ("required_parameter_missed".into(), field("name")));
    assert_eq!(served.data("get.deals_history", json!({})), json!([]), "nothing of it is stored");
}

#[test]
fn creating_and_updating_are_separate() {
    let served = loaded();
    let refused = |method: &str, params: Value| served.refused(method, params).0;
    assert_eq!(refused("create.deal_employees", json!({"ext_id": "user-5", "name": "Другая"})), "duplicate_entity");
    assert_eq!(refused("update.deal_employees", json!({"ext_id": "user-6", "name": "Другая"})), "entity_not_found");
    served.data("update.deal_employees", json!({"ext_id": "user-5", "name": "Другая"}));
    assert_eq!(served.data("get.deal_employees", json!({})), json!([{"ext_id": "user-5", "name": "Другая"}]));
    let contact = |id: &str| json!({"ext_id": id, "name": "Анна"});
    assert_eq!(refused("create.deal_contacts", json!({"contacts": [contact("customer-8"), contact("customer-7")]})), "duplicate_entity");
    assert_eq!(refused("update.deal_contacts", contact("customer-8")), "entity_not_found", "a refused list creates nothing");
    served.data("update.deal_contacts", json!({"ext_id": "customer-7", "emails": ["p@example.ru"]}));
    let contacts = served.data("get.deal_contacts", json!({}));
    assert_eq!(
        (&contacts[0]["name"], &contacts[0]["emails"], &contacts[0]["phone_numbers"]),
        (&json!("Пётр"), &json!(["p@example.ru"]), &json!(["79000000007"]))
    );
    assert_eq!(
        refused("create.deal_contacts", json!({"contacts": [{"ext_id": "9", "name": "А", "emails": ["a@b.ru", "a@b.ru"]}]})),
        "invalid_parameter_value"
    );
    assert_eq!(
        refused("update.deal_user_field", json!({"ext_id": "delivery", "name": "Д", "data_type": "numeric"})),
        "unexpected_parameters"
    );
}

#[test]
fn stages_are_added_changed_and_deleted_one_at_a_time() {
    let served = loaded();
    served.data("upload.deals_history", json!({"deals": [deal("paid", "2026-11-20 10:00:00")]}));
    let stage = |id: &str| json!({"sales_funnel_ext_id": "shop", "ext_id": id});
    let named = |id: &str, order: i64| json!({"sales_funnel_ext_id": "shop", "ext_id": id, "name": "Этап", "order": order});
    let refused = |method: &str, params: Value| served.refused(method, params).0;
    assert_eq!(served.data("create.sales_funnel_stages", named("check", 15)), json!({"ext_id": "check"}));
    assert_eq!(refused("create.sales_funnel_stages", named("check", 16)), "duplicate_entity");
    assert_eq!(refused("create.sales_funnel_stages", named("far", 10_001)), "invalid_parameter_value");
    served.data("update.sales_funnel_stages", named("check", 5));
    assert_eq!(served.data("get.sales_funnel", json!({}))[0]["stages"][0]["stage_ext_id"], "check", "stages come by their order");
    assert_eq!(refused("update.sales_funnel_stages", named("won", 5)), "invalid_parameters_combination");
    assert_eq!(refused("delete.sales_funnel_stages", stage("paid")), "dependency_error");
    assert_eq!(refused("delete.sales_funnel_stages", stage("won")), "forbidden");
    assert_eq!(refused("delete.sales_funnel_stages", stage("nowhere")), "entity_not_found");
    served.data("delete.sales_funnel_stages", stage("check"));
    assert_eq!(refused("delete.sales_funnel", json!({"ext_id": "shop"})), "dependency_error");
    served.data("delete.deals", json!({"ext_id": "order-1"}));
    served.data("delete.sales_funnel", json!({"ext_id": "shop"}));
    assert_eq!(served.data("get.sales_funnel", json!({})), json!([]));
    funnel(&served);
}
