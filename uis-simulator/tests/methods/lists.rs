//! The account's lists, and creating and changing employees.

use serde_json::{Value, json};

use super::support::company;

fn column(rows: &Value, name: &str) -> Vec<Value> {
    rows.as_array().expect("rows").iter().map(|row| row[name].clone()).collect()
}

#[test]
fn the_account_is_a_list_with_one_object() {
    let served = company();
    assert_eq!(served.data("get.account", json!({})), json!([{"app_id": 10042, "name": "Магазин", "timezone": "Europe/Moscow"}]));
}

#[test]
fn an_employee_has_all_documented_columns() {
    let rows = company().data("get.employees", json!({}));
    assert_eq!(column(&rows, "full_name"), ["Иванова Анна", "Кузнецов Олег"]);
    assert_eq!(
        rows[0]["phone_numbers"][0],
        json!({"phone_number": "79000000101", "status": "active", "phone_id": 3_100_101, "channels_count": 1, "dial_time": 60})
    );
    assert_eq!(rows[0]["extension"]["extension_phone_number"], "101");
    assert_eq!((&rows[1]["extension"], &rows[1]["email"], &rows[1]["coach"]), (&json!({}), &Value::Null, &json!({})));
    assert_eq!(rows[1]["groups"], json!([{"group_id": 4101, "group_name": "Отдел продаж"}]));
    assert!(rows[0].get("sip_lines").is_none(), "lines are no column of employees");
}

#[test]
fn lines_numbers_and_channels_are_listed() {
    let served = company();
    let lines = served.data("get.sip_lines", json!({"filter": {"field": "employee_id", "operator": "=", "value": 31001}}));
    assert_eq!(column(&lines, "physical_state"), ["Зарегистрирован"]);
    assert_eq!(column(&lines, "virtual_phone_number"), ["74950000101"]);
    let active = served.data("get.virtual_numbers", json!({"filter": {"field": "status", "operator": "=", "value": "active"}}));
    assert_eq!(column(&active, "virtual_phone_number"), ["74950000101"]);
    assert_eq!(active[0]["scenarios"][0]["scenario_id"], 9001);
    assert_eq!(served.data("get.chat_channels", json!({})), json!([]));
    assert_eq!(column(&served.data("get.sites", json!({})), "domain_name"), ["shop.example"]);
    assert_eq!(column(&served.data("get.campaigns", json!({})), "name"), ["Наружная реклама"]);
    let scenarios = served.data("get.scenarios", json!({"sort": [{"field": "id"}]}));
    assert_eq!(scenarios[0]["virtual_phone_numbers"], json!(["74950000101"]));
    assert_eq!(served.data("get.tags", json!({})), json!([{"id": 88, "name": "Нецелевой", "is_system": false}]));
    assert_eq!(column(&served.data("get.statuses", json!({"limit": 1})), "mnemonic"), ["available"]);
}

#[test]
fn an_employee_is_created_and_changed() {
    let served = company();
    let new =
        json!({"last_name": "Новый", "email": "new@example.ru", "phone_numbers": [{"phone_number": "79000000103"}], "groups": [4101]});
    let id = served.data("create.employees", new)["id"].clone();
    let find = || served.data("get.employees", json!({"filter": {"field": "id", "operator": "=", "value": id}}))[0].clone();
    assert_eq!((&find()["last_name"], &find()["groups"][0]["group_name"]), (&json!("Новый"), &json!("Отдел продаж")));
    // Without a last name, as real integrations send it; the list of phones is replaced whole.
    let phones = json!([{"phone_number": "79000000104", "channels_count": 2, "dial_time": 30, "status": "inactive"}]);
    assert_eq!(served.data("update.employees", json!({"id": id, "phone_numbers": phones})), json!({}));
    assert_eq!(find()["phone_numbers"].as_array().map(Vec::len), Some(1));
    assert_eq!(find()["phone_numbers"][0]["dial_time"], 30);
    assert_eq!(find()["email"], "new@example.ru", "what is not named stays");
    served.data("update.employees", json!({"id": id, "email": null}));
    assert_eq!(find()["email"], Value::Null, "null empties an optional member");
}

#[test]
fn a_bad_employee_is_refused_and_changes_nothing() {
    let served = company();
    let refused = |method: &str, params: Value| served.refused(method, params);
    assert_eq!(refused("create.employees", json!({})), ("required_parameter_missed".into(), "last_name".into()));
    assert_eq!(refused("create.employees", json!({"last_name": "А", "email": "a"})).0, "invalid_parameter_value");
    assert_eq!(refused("create.employees", json!({"last_name": "А", "email": "IVANOVA@example.ru"})).0, "duplicate_entity");
    assert_eq!(refused("create.employees", json!({"last_name": "А", "status_id": 1})).0, "unexpected_parameters");
    let extension =
        |number: &str| json!({"extension_phone_number": number, "extension_voice_mail_enabled": false, "extension_queue_enabled": false});
    assert_eq!(refused("update.employees", json!({"id": 31002, "extension": extension("101")})).0, "already_in_use");
    assert_eq!(refused("update.employees", json!({"id": 31002, "extension": extension("123456")})).0, "invalid_parameter_value");
    assert_eq!(refused("update.employees", json!({"id": 7})), ("entity_not_found".into(), "id".into()));
    assert_eq!(served.data("get.employees", json!({})).as_array().map(Vec::len), Some(2));
}

#[test]
fn an_operators_password_is_not_shown() {
    let served = company();
    let operator =
        json!({"operator_display_name": "Олег", "operator_login": "oleg", "operator_password": "secret-secret", "operator_sites": [2001]});
    served.data("update.employees", json!({"id": 31002, "operator": operator}));
    let shown = served.data("get.employees", json!({"fields": ["operator"]})).to_string();
    assert!(shown.contains("oleg") && shown.contains("\"site_id\":2001") && !shown.contains("secret"), "{shown}");
}
