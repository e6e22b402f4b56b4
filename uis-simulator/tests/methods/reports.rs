//! Reports and tags.

use serde_json::{Value, json};
use uis_host::clock::zone;
use uis_simulator::shapes::Api;

use super::support::{NOW, Served, company, refusal};

fn with_rows() -> Served {
    let served = company();
    let rows = json!({
        "calls": [
            {"id": 1, "start_time": "2026-11-22 10:00:00", "finish_time": "2026-11-22 10:01:00", "direction": "in", "is_lost": true, "source": "va"},
            {"id": 2, "start_time": "2026-11-22 12:00:00", "finish_time": "2026-11-22 12:01:00", "direction": "out", "is_lost": false},
            {"id": 3, "start_time": "2026-11-23 09:59:00", "direction": "in"},
        ],
        "call_legs": [{"id": 11, "call_session_id": 1, "start_time": "2026-11-22 10:00:05", "employee_id": 31001}],
        "chats": [{"id": 5, "date_time": "2026-11-22 11:00:00", "status": "active", "communication_id": 50}],
        "chat_messages": [
            {"id": 7, "chat_id": 5, "date_time": "2026-11-22 11:00:00", "source": "visitor", "text": "Есть?"},
            {"id": 8, "chat_id": 6, "date_time": "2026-11-22 11:00:00", "source": "visitor", "text": "Другой"},
        ],
        "offline_messages": [{"id": 9, "communication_id": 90, "date_time": "2026-11-21 08:00:00", "text": "Перезвоните"}],
    });
    served.account.state().merge_report(&rows, zone("Europe/Moscow").expect("a zone"), NOW).expect("rows");
    served
}

fn ids(rows: &Value) -> Vec<i64> {
    rows.as_array().expect("rows").iter().filter_map(|row| row["id"].as_i64()).collect()
}

fn between(from: &str, till: &str) -> Value {
    json!({"date_from": from, "date_till": till})
}

#[test]
fn a_report_has_the_rows_of_its_interval() {
    let served = with_rows();
    let day = || between("2026-11-22 00:00:00", "2026-11-22 23:59:59");
    assert_eq!(ids(&served.data("get.calls_report", day())), [1, 2]);
    assert_eq!(ids(&served.data("get.calls_report", between("2026-11-22 10:00:00", "2026-11-22 10:00:00"))), [1], "both ends count");
    assert_eq!(ids(&served.data("get.chats_report", day())), [5], "also chats that go on");
    assert_eq!(ids(&served.data("get.call_legs_report", day())), [11]);
    assert_eq!(ids(&served.data("get.offline_messages_report", between("2026-11-21 00:00:00", "2026-11-22 00:00:00"))), [9]);
    let mut with_ongoing = between("2026-11-22 00:00:00", "2026-11-23 23:59:59");
    assert_eq!(ids(&served.data("get.calls_report", with_ongoing.clone())), [1, 2]);
    with_ongoing["include_ongoing_calls"] = true.into();
    assert_eq!(ids(&served.data("get.calls_report", with_ongoing)), [1, 2, 3]);
}

#[test]
fn rows_have_the_default_columns_or_those_that_were_asked_for() {
    let served = with_rows();
    let mut asked = between("2026-11-22 00:00:00", "2026-11-22 23:59:59");
    asked["sort"] = json!([{"field": "start_time", "order": "desc"}]);
    let rows = served.data("get.calls_report", asked.clone());
    assert_eq!(ids(&rows), [2, 1]);
    assert_eq!((&rows[1]["is_lost"], &rows[1]["talk_duration"], &rows[1]["call_records"]), (&json!(true), &Value::Null, &json!([])));
    assert!(rows[0].get("gclid").is_none(), "it is not in the answer by default");
    asked["fields"] = json!(["id", "gclid", "tags"]);
    assert_eq!(served.data("get.calls_report", asked)[0], json!({"id": 2, "gclid": null, "tags": []}));
}

#[test]
fn messages_are_asked_for_by_chats_or_by_an_interval() {
    let served = with_rows();
    assert_eq!(ids(&served.data("get.chat_messages_report", json!({"chat_id": 5}))), [7]);
    assert_eq!(ids(&served.data("get.chat_messages_report", json!({"chat_ids": [5, 6]}))), [7, 8]);
    assert_eq!(ids(&served.data("get.chat_messages_report", between("2026-11-22 00:00:00", "2026-11-23 00:00:00"))), [7, 8]);
    assert_eq!(served.refused("get.chat_messages_report", json!({})).0, "required_parameter_missed");
    assert_eq!(served.refused("get.chat_messages_report", json!({"chat": 5})).0, "unexpected_parameters");
    assert_eq!(
        served.refused("get.chat_messages_report", between("2026-10-01 00:00:00", "2026-11-01 00:00:01")).0,
        "date_interval_limit_reached"
    );
}

#[test]
fn an_interval_must_be_in_order_and_not_too_long() {
    let served = with_rows();
    let refused = |from: &str, till: &str| served.refused("get.calls_report", between(from, till));
    assert_eq!(refused("2026-08-01 00:00:00", "2026-11-01 00:00:00").0, "date_interval_limit_reached");
    assert_eq!(refused("2026-11-02 00:00:00", "2026-11-01 00:00:00").0, "invalid_parameter_value");
    assert_eq!(refused("2026-11-01T00:00:00", "2026-11-02 00:00:00"), ("invalid_parameter_value".into(), "date_from".into()));
    assert_eq!(
        served.refused("get.calls_report", json!({"date_from": "2026-11-01 00:00:00"})),
        ("required_parameter_missed".into(), "date_till".into())
    );
    served.data("get.calls_report", between("2026-08-01 00:00:00", "2026-10-30 00:00:00"));
}

#[test]
fn a_tag_is_set_on_a_communication_once() {
    let served = with_rows();
    let tag = |kind: &str, id: i64, tag: i64| json!({"communication_type": kind, "communication_id": id, "tag_id": tag});
    let tags = || {
        let mut asked = between("2026-11-22 00:00:00", "2026-11-22 23:59:59");
        asked["fields"] = json!(["tags"]);
        served.data("get.calls_report", asked)[0]["tags"].clone()
    };
    for _ in 0..2 {
        assert_eq!(served.data("set.tag_communications", tag("call", 1, 88)), json!({}));
    }
    assert_eq!(
        (&tags()[0]["tag_name"], &tags()[0]["tag_change_time"], &tags()[1]),
        (&json!("Нецелевой"), &json!("2026-11-23 10:00:00"), &Value::Null)
    );
    let (calls, _) = served.account.state().report.calls.page(0, None, 10);
    assert_eq!(calls[0].call.tags.len(), 1, "the host's port has the tag too");
    served.data("set.tag_communications", tag("chat", 50, 88));
    served.data("unset.tag_communications", tag("call", 1, 88));
    assert_eq!(tags(), json!([]));
    assert_eq!(served.refused("set.tag_communications", tag("call", 99, 88)), ("entity_not_found".into(), "communication_id".into()));
    assert_eq!(served.refused("set.tag_communications", tag("call", 1, 1)), ("entity_not_found".into(), "tag_id".into()));
    assert_eq!(served.refused("set.tag_communications", tag("email", 1, 88)).0, "invalid_parameter_value");
}

#[test]
fn sent_notifications_are_filtered() {
    let served = company();
    let row = |id: i64, name: &str| json!({"notification_id": id, "notification_name": name, "notification_start_date_time": "2026-11-22 10:00:00"});
    served.account.state().notifications = vec![row(1, "Звонок"), row(2, "Чат")];
    let mut asked = between("2026-11-22 00:00:00", "2026-11-22 23:59:59");
    asked["report_id"] = 1.into();
    asked["fields"] = json!(["notification_id"]);
    asked["filters"] = json!([{"field": "notification_name", "operator": "=", "value": "Чат"}]);
    let answer = served.ask(Api::Data, "get.notifications", asked.clone());
    assert_eq!(answer["result"]["data"], json!([{"notification_id": 2}]));
    asked["filters"] = json!([{"field": "colour", "operator": "=", "value": 1}]);
    assert_eq!(refusal(&served.ask(Api::Data, "get.notifications", asked)).0, "unexpected_parameters");
}
