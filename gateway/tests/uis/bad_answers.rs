//! Whatever UIS answers, nothing panics, and what is not usable is a typed error.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::bindings::uis::integration::communications::ReportError;
use uis_host::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, UserField, UserFieldType};
use uis_host::bindings::uis::integration::directory::{DirectoryError, EmployeeFields};
use uis_host::ports::{DealsApi, DialError, Dialler, Directory, Reports};
use uis_host::suites::samples::NOW;

use super::scripted::{Server, error, good, token};

/// UIS's error table.
const TABLE: [(i64, &str); 30] = [
    (-32700, "parse_error"),
    (-32600, "invalid_request"),
    (-32099, "batch_opreations_not_supported"),
    (-32099, "notifications_not_supported"),
    (-32601, "method_not_found"),
    (-32602, "data_type_error"),
    (-32602, "required_parameter_missed"),
    (-32602, "invalid_parameter_value"),
    (-32602, "unexpected_parameters"),
    (-32602, "invalid_parameters_combination"),
    (-32602, "error"),
    (-32603, "internal_error"),
    (-32001, "access_token_expired"),
    (-32001, "access_token_blocked"),
    (-32001, "access_token_invalid"),
    (-32001, "auth_error"),
    (-32003, "ip_not_whitelisted"),
    (-32003, "forbidden"),
    (-32008, "method_component_disabled"),
    (-32008, "component_disabled"),
    (-32009, "account_inactive"),
    (-32029, "limit_exceeded"),
    (-32602, "sort_prohibited"),
    (-32602, "filter_prohibited"),
    (-32602, "date_interval_limit_reached"),
    (-32602, "entity_not_found"),
    (-32602, "dependency_error"),
    (-32602, "duplicate_entity"),
    (-32602, "data_limit_exceeded"),
    (-32004, ""),
];

/// How an answer is spoilt.
#[derive(Debug, Clone)]
enum Spoilt {
    /// An error of the table.
    Error(usize),
    /// No JSON, with a status.
    Text(u16, String),
    /// The good answer, cut off.
    Cut(f64),
    /// Another value in place of the data.
    Data(Value),
    /// Another value in place of the whole result.
    Result(Value),
    /// Every member of every row has another value.
    Members(Value),
    /// Members that nobody knows, everywhere.
    More,
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("2026-11-23 10:00:00")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,10}", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn spoilt() -> impl Strategy<Value = Spoilt> {
    prop_oneof![
        (0..TABLE.len()).prop_map(Spoilt::Error),
        (prop::sample::select(vec![200_u16, 301, 401, 404, 429, 500, 502, 503]), "\\PC{0,20}|<html>.{0,10}")
            .prop_map(|(status, text)| Spoilt::Text(status, text)),
        (0.0..1.0).prop_map(Spoilt::Cut),
        any_json().prop_map(Spoilt::Data),
        any_json().prop_map(Spoilt::Result),
        any_json().prop_map(Spoilt::Members),
        Just(Spoilt::More),
    ]
}

/// Adds a member to every object.
fn more(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(more);
            members.insert("new_member".to_owned(), json!({"a": [1]}));
        }
        Value::Array(items) => items.iter_mut().for_each(more),
        _ => {}
    }
}

fn spoil(how: &Spoilt, request: &Value) -> (u16, String) {
    let mut answer = good(request);
    match how {
        Spoilt::Error(index) => return (200, error(request, TABLE[*index].0, TABLE[*index].1).to_string()),
        Spoilt::Text(status, text) => return (*status, text.clone()),
        Spoilt::Cut(part) => {
            let text = answer.to_string();
            let length = text.floor_char_boundary((text.len() as f64 * part) as usize);
            return (200, text[..length].to_owned());
        }
        Spoilt::Data(value) => answer["result"]["data"] = value.clone(),
        Spoilt::Result(value) => answer["result"] = value.clone(),
        Spoilt::Members(value) => {
            for row in answer["result"]["data"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                row.values_mut().for_each(|member| *member = value.clone());
            }
        }
        Spoilt::More => more(&mut answer),
    }
    (200, answer.to_string())
}

fn deal() -> Deal {
    Deal {
        ext_id: "d".to_owned(),
        name: "Заказ".to_owned(),
        created: NOW - 1000,
        stage_modified: NOW - 1000,
        modified: None,
        closed: None,
        funnel_ext_id: "f".to_owned(),
        stage_ext_id: "a".to_owned(),
        contact_ext_ids: Vec::new(),
        employee_ext_id: None,
        revenue: None,
        comments: None,
        source: None,
        communication: None,
        user_fields: Vec::new(),
        page: None,
    }
}

/// The outcome of every method: `ok`, `busy`, `refused` or `unknown`.
async fn outcomes(server: &Server) -> Vec<(&'static str, &'static str)> {
    let (account, _) = server.account(token());
    let directory = |error: Option<DirectoryError>| match error {
        None => "ok",
        Some(DirectoryError::Busy(_)) => "busy",
        Some(DirectoryError::Refused(_)) => "refused",
    };
    let report = |error: Option<ReportError>| match error {
        None => "ok",
        Some(ReportError::Busy(_)) => "busy",
        Some(ReportError::Refused(_)) => "refused",
    };
    let deals = |error: Option<DealsError>| match error {
        None => "ok",
        Some(DealsError::Busy(_)) => "busy",
        Some(DealsError::Refused(_)) => "refused",
    };
    let fields = EmployeeFields { last_name: Some("Новая".to_owned()), first_name: None, patronymic: None, email: None, status: None };
    let contact = DealContact { ext_id: "c".to_owned(), name: "Анна".to_owned(), created: NOW, phone_numbers: vec![], emails: vec![] };
    let field = UserField { ext_id: "u".to_owned(), name: "Поле".to_owned(), data_type: UserFieldType::Text };
    let employee = DealEmployee { ext_id: "e".to_owned(), name: "Пётр".to_owned() };
    let order = DialOrder {
        contact: "79161234567".to_owned(),
        employee_id: 1,
        employee_phone: None,
        virtual_number: "74951112233".to_owned(),
        extension: None,
        virtual_number_rule: None,
        show_virtual_number: true,
        external_id: None,
    };
    account.account().await;
    account.is_extension("101").await;
    let dialled = match account.start_call("o", &order).await {
        Ok(()) => "ok",
        Err(DialError::Refused(..)) => "refused",
        Err(DialError::OutcomeUnknown(_)) => "unknown",
    };
    vec![
        ("start_call", dialled),
        ("employees", directory(account.employees(0).await.err())),
        ("find_employee", directory(account.find_employee(1).await.err())),
        ("create_employee", directory(account.create_employee(&fields).await.err())),
        ("update_employee", directory(account.update_employee(1, &fields).await.err())),
        ("lines", directory(account.lines(0).await.err())),
        ("virtual_numbers", directory(account.virtual_numbers(0).await.err())),
        ("chat_channels", directory(account.chat_channels(0).await.err())),
        ("sites", directory(account.sites(0).await.err())),
        ("tags", directory(account.tags(0).await.err())),
        ("scenarios", directory(account.scenarios(0).await.err())),
        ("campaigns", directory(account.campaigns(0).await.err())),
        ("sources", directory(account.sources(0).await.err())),
        ("finished_calls", report(account.finished_calls(NOW - 1000, None, 10).await.err())),
        ("finished_chats", report(account.finished_chats(NOW - 1000, None, 10).await.err())),
        ("received_site_requests", report(account.received_site_requests(NOW - 1000, None, 10).await.err())),
        ("transcript", report(account.transcript(5, None, 10).await.err())),
        ("funnels", deals(account.funnels(0).await.err())),
        ("put_employees", deals(account.put_employees(vec![employee]).await.err())),
        ("put_contacts", deals(account.put_contacts(vec![contact]).await.err())),
        ("put_user_fields", deals(account.put_user_fields(vec![field]).await.err())),
        ("upload_history", deals(account.upload_history(vec![deal()]).await.err())),
        ("delete_deal", deals(account.delete_deal("d").await.err())),
    ]
}

/// What is judged of the outcomes of one way to spoil answers.
fn judge(how: &Spoilt, outcomes: &[(&str, &str)]) {
    for (method, outcome) in outcomes {
        match how {
            Spoilt::More => assert_eq!(*outcome, "ok", "{method} does not mind new members"),
            // No deal is given up, no call is repeated, because of an answer that is none.
            Spoilt::Text(..) | Spoilt::Cut(_) if *method == "start_call" => assert_eq!(*outcome, "unknown", "{how:?}"),
            Spoilt::Text(..) | Spoilt::Cut(_) => assert_eq!(*outcome, "busy", "{method}: {how:?}"),
            Spoilt::Error(index) => {
                let (code, mnemonic) = TABLE[*index];
                // What a person must put right, and what passes, is never a deal's refusal.
                let waits = matches!(code, -32001 | -32003 | -32009 | -32029 | -32603 | -32008);
                let deal = matches!(*method, "upload_history" | "put_contacts" | "delete_deal" | "create_employee");
                assert!(!(waits && deal) || *outcome == "busy", "{method}: {code} {mnemonic} is {outcome}");
            }
            Spoilt::Data(_) | Spoilt::Result(_) | Spoilt::Members(_) => {}
        }
    }
}

#[test]
fn every_method_survives_every_answer() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = runtime.block_on(Server::start());
    let config = ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(how in spoilt())| {
        let script = how.clone();
        server.answers(move |request| spoil(&script, request));
        judge(&how, &runtime.block_on(outcomes(&server)));
    });
}

#[test]
fn every_error_of_the_table_is_judged() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let server = Server::start().await;
        for index in 0..TABLE.len() {
            server.answers(move |request| spoil(&Spoilt::Error(index), request));
            judge(&Spoilt::Error(index), &outcomes(&server).await);
        }
    });
}
