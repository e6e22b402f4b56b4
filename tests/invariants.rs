//! What must be true of calls in RetailCRM although notifications get lost, come twice or come in another order, the CRM fails and the host
//! crashes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use proptest::prelude::*;
use serde_json::{Value, json};
use uis_harness::faults::invariants::{canonical, doubled, open_popups};
use uis_host::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, PreparedSettings, TemplateParameter,
};
use uis_host::bindings::uis::integration::timers::{self, Timer};
use uis_host::bindings::uis::integration::types::{Delivery, Failure, Misconfiguration, Outcome};
use uis_host::event::Fault;
use uis_host::event::{Event, Reply};
use uis_host::limits::{ATTRIBUTE_BYTES, ATTRIBUTES};
use uis_host::notification::{self, MNEMONICS, params::Params};
use uis_host::plugin::{Plugin, Prepared, Run, SetupResult};
use uis_host::services::EventScope;
use uis_test_support::chaos::{cases, crashes, faults, lane_order, save_case, scramble, scrambling};
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::{play, play_blocking_seeded};
use uis_test_support::settings::any_settings;

/// A call of the property test.
#[derive(Debug, Clone)]
struct CallPlan {
    session: i64,
    phone: &'static str,
    answered: bool,
}

/// The notifications of a call in their order. The end of a lost call has two of them.
fn notifications(plan: &CallPlan) -> Vec<(&'static str, Value)> {
    let base = json!({"call_session_id": plan.session, "contact_phone_number": plan.phone, "virtual_phone_number": "74951112233", "direction": "in", "employee_id": 1});
    let with = |more: Value| {
        let mut body = base.clone();
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let mut sent = vec![
        ("in_call_session", with(json!({}))),
        ("out_call", with(json!({}))),
        ("out_call", with(json!({"employee_id": 2, "is_transfer": plan.answered}))),
    ];
    if plan.answered {
        sent.push(("call_connected", with(json!({}))));
        sent.push(("talk_finished", with(json!({"talk_time_duration": 30}))));
        sent.push(("call_session_finished", with(json!({"talk_time_duration": 30, "total_time_duration": 40, "is_lost": false}))));
        for record in 1..=2 {
            sent.push((
                "record_ready",
                with(json!({"file_link": format!("https://records.example/{}/{record}", plan.session), "file_duration": record * 10})),
            ));
        }
    } else {
        sent.push((
            "call_session_finished",
            with(json!({"talk_time_duration": 0, "total_time_duration": 20, "wait_time_duration": 20, "is_lost": true})),
        ));
        sent.push(("lost_call_session", with(json!({"employee_ids": "[1,2]", "wait_time_duration": 20}))));
    }
    sent
}

/// The row of a call in UIS's report.
fn report_row(plan: &CallPlan) -> Value {
    let talk = if plan.answered { 30 } else { 0 };
    json!({
        "id": plan.session, "start_time": "2026-11-23 10:00:00", "finish_time": "2026-11-23 10:01:00", "direction": "in",
        "contact_phone_number": plan.phone, "virtual_phone_number": "74951112233", "is_lost": !plan.answered,
        "talk_duration": talk, "total_duration": talk + 20, "wait_duration": 20, "employees": [{"employee_id": 1, "is_talked": plan.answered}],
    })
}

/// A recording of these notifications, one a second. Every setting by which a call creates something is on. A seed other than 0 makes the
/// CRM fail. In the end UIS's report has all calls.
fn recording(received: &[(&str, Value)], seed: u64, report: &[Value]) -> String {
    let settings = json!({
        "create-contact": true, "missed-call-task": true, "default-responsible": 11,
        "call-orders": true, "call-order-calls": ["first", "repeat", "lost"], "call-order-repeat": "always",
        "extra-fields": true, "extra-field-rows": [{"field": "last_call", "value": "{{call_session_id}}", "always": true}],
    });
    recording_with(&settings, received, seed, report)
}

/// The same with other settings.
fn recording_with(settings: &Value, received: &[(&str, Value)], seed: u64, report: &[Value]) -> String {
    let header = json!({
        "recording": 1,
        "account": {"employees": [
            {"id": 1, "last_name": "A", "email": "a@x.example", "extension": {"extension_phone_number": "101"}},
            {"id": 2, "last_name": "B", "email": "b@x.example", "extension": {"extension_phone_number": "102"}},
        ]},
        "settings": settings,
        "crm": {
            "users": [{"id": 11, "email": "A@x.example"}, {"id": 12, "email": "b@x.example"}],
            "customers": [{"id": 5, "phones": [{"number": "8 (916) 000-00-01"}]}],
            "customFields": [{"entity": "customer", "code": "last_call", "name": "Последний звонок", "type": "integer"}],
        },
    });
    let lines = received.iter().enumerate().map(|(second, (mnemonic, body))| {
        json!({"at": format!("2026-11-23T10:{:02}:{:02}+03:00", second / 60, second % 60), "notification": mnemonic, "body": body})
            .to_string()
    });
    let faults = json!({"at": "2026-11-23T09:59:00+03:00", "crm-faults": faults(seed)});
    let begin = if seed == 0 { vec![header.to_string()] } else { vec![header.to_string(), faults.to_string()] };
    let reported = json!({"at": "2026-11-23T10:05:00+03:00", "report": {"calls": report}});
    // The CRM recovers, and there is enough time for a reconciliation.
    let recovered = json!({"at": "2026-11-24T09:00:00+03:00", "crm-faults": {}});
    let later = json!({"at": "2026-11-24T12:00:00+03:00", "report": {"calls": []}});
    let end = [reported, recovered, later].map(|line| line.to_string());
    begin.into_iter().chain(lines).chain(end).collect::<Vec<_>>().join("\n")
}

fn plans() -> impl Strategy<Value = Vec<CallPlan>> {
    let plan = (prop::sample::select(vec!["79160000001", "6582550437", "79160000002", "79160000003"]), any::<bool>());
    prop::collection::vec(plan, 1..6)
        .prop_map(|plans| plans.into_iter().zip(100..).map(|((phone, answered), session)| CallPlan { session, phone, answered }).collect())
}

/// Checks what must be true of the CRM after these calls.
fn check_crm(plans: &[CallPlan], crm: &Value) -> Result<(), TestCaseError> {
    let ended: BTreeSet<String> = plans.iter().map(|plan| format!("uis-call-{}", plan.session)).collect();
    let calls = crm["calls"].as_array().expect("a list");
    let ids: Vec<String> = calls.iter().map(|call| call["externalId"].as_str().expect("an id").to_owned()).collect();
    prop_assert_eq!(ids.len(), ended.len(), "{:?}", ids);
    prop_assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), ended.clone());
    prop_assert_eq!(open_popups(crm), [], "pop-ups stayed open");
    // Nobody and nothing is there twice; every recording is in one place, a call's record or a note.
    prop_assert_eq!(doubled(crm, &Value::Null, None), []);
    // Every caller is a customer.
    let list = |name: &str| crm[name].as_array().expect("a list").clone();
    let phones: Vec<String> =
        list("customers").iter().filter_map(|customer| customer["phones"][0]["number"].as_str().map(canonical)).collect();
    for plan in plans {
        prop_assert!(phones.contains(&canonical(plan.phone)), "no customer has {}: {:?}", plan.phone, phones);
    }
    // There is one open task for every phone with a missed call.
    let open: Vec<String> = list("tasks").iter().filter_map(|task| task["phone"].as_str().map(canonical)).collect();
    let missed: BTreeSet<String> = plans.iter().filter(|plan| !plan.answered).map(|plan| canonical(plan.phone)).collect();
    prop_assert_eq!(open.len(), missed.len(), "{:?}", open);
    prop_assert_eq!(open.into_iter().collect::<BTreeSet<_>>(), missed);
    // There is one order per call.
    let orders: BTreeSet<String> = list("orders").iter().map(|order| order["externalId"].as_str().unwrap_or("none").to_owned()).collect();
    prop_assert_eq!((orders.len(), &orders), (list("orders").len(), &ended));
    Ok(())
}

/// Checks what must be true of the CRM after these calls whatever the settings are.
fn check_crm_with(settings: &Value, plans: &[CallPlan], crm: &Value) -> Result<(), TestCaseError> {
    let list = |name: &str| crm[name].as_array().expect("a list").clone();
    let texts = |name: &str, member: &str| -> Vec<String> {
        list(name).iter().filter_map(|item| item[member].as_str()).map(str::to_owned).collect()
    };
    let is_on = settings["telephony"] != false;
    let stored = texts("calls", "externalId");
    // Without one task per client, each missed call of one caller has a task with the same text; how many there are is checked below.
    let task_each = settings["missed-call-task-once"] == false;
    let doubles: Vec<_> = doubled(crm, &Value::Null, None).into_iter().filter(|one| !task_each || one.what != "task doubled").collect();
    prop_assert_eq!(doubles, []);
    prop_assert_eq!(stored.len(), if is_on { plans.len() } else { 0 }, "filters and switches do not touch the history: {:?}", stored);
    prop_assert_eq!(open_popups(crm), [], "pop-ups stayed open");
    let orders = texts("orders", "externalId");
    let nothing = |name: &str| settings.get(name).is_none_or(|value| value == "nothing");
    let missed = settings["incoming-missed"] == true;
    if !is_on || (nothing("incoming-first") && nothing("incoming-repeat") && !missed) {
        prop_assert_eq!((list("customers").len(), orders.len()), (1, 0), "nothing is created from calls");
    }
    let tasks = list("tasks").len();
    let lost = plans.iter().filter(|plan| !plan.answered).count();
    let wanted = is_on && settings.get("incoming-missed-task").is_some_and(|task| task != "none");
    prop_assert!(tasks <= if wanted { lost } else { 0 }, "{} tasks for {} missed calls", tasks, lost);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_any_settings_nothing_is_lost_and_nothing_is_doubled(settings in any_settings(), plans in plans(), seed in prop_oneof![Just(0), any::<u64>()], crashes in crashes(), scrambling in scrambling(60), order in lane_order()) {
        let received = scramble(plans.iter().flat_map(notifications).collect(), scrambling, 60);
        if received.is_empty() {
            return Ok(());
        }
        let report: Vec<Value> = plans.iter().map(report_row).collect();
        let source = recording_with(&settings, &received, seed, &report);
        let (trace, crm, _) = play_blocking_seeded(&source, NativePlugin::crashing(crashes), order);
        let result = check_crm_with(&settings, &plans, &crm);
        if result.is_err() {
            save_case("settings-of-calls", &source, &trace.0);
        }
        result?;
    }

    #[test]
    fn every_finished_call_is_stored_exactly_once(plans in plans(), seed in prop_oneof![Just(0), any::<u64>()], crashes in crashes(), scrambling in scrambling(60), order in lane_order()) {
        // Some notifications get lost, some come twice, in any order. In the end UIS's report has what was lost.
        let received = scramble(plans.iter().flat_map(notifications).collect(), scrambling, 60);
        if received.is_empty() {
            return Ok(());
        }
        let report: Vec<Value> = plans.iter().map(report_row).collect();
        let source = recording(&received, seed, &report);
        let (trace, crm, _) = play_blocking_seeded(&source, NativePlugin::crashing(crashes), order);
        let result = check_crm(&plans, &crm);
        if result.is_err() {
            save_case("invariants", &source, &trace.0);
        }
        result?;
    }
}

/// A plugin that sets a timer for "at once" whenever its timer is due.
struct EndlessTimer(Description);

impl Plugin for EndlessTimer {
    fn description(&self) -> &Description {
        &self.0
    }
    fn prepare<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        Box::pin(std::future::ready(Ok(Ok(PreparedSettings { bytes: Vec::new(), notes: Vec::new() }))))
    }
    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(std::future::ready(Ok("{}".to_owned())))
    }
    fn template_parameters<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    fn preview_template<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        Box::pin(std::future::ready(Ok(Ok(String::new()))))
    }
    fn choices<'a>(&'a self, _: EventScope, _: &'a str, _: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        Box::pin(std::future::ready(Ok(Err(Failure::Rejected("it has none".into())))))
    }
    fn check_connection(&self, _: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        Box::pin(std::future::ready(Ok(Err(Failure::Rejected("it has none".into())))))
    }
    fn normalise_connection<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        Box::pin(std::future::ready(Ok(Err("it has none".into()))))
    }
    fn asset<'a>(&'a self, _: EventScope, _: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    fn handle(&self, mut scope: EventScope, _: Delivery, _: Event) -> BoxFuture<'_, Run> {
        let timer = Timer { name: "again".into(), at: 0, every_ms: None, ordering_key: "a".into(), payload: Vec::new() };
        Box::pin(async move {
            let set = timers::Host::set(&mut scope, timer).await.expect("the store works");
            let result = Ok(set.map(|()| Reply::Done(Outcome { skipped: Vec::new() })).map_err(Failure::Rejected));
            Run { scope, result, fuel: None, memory_bytes: None }
        })
    }
}

#[tokio::test]
async fn a_timer_that_is_always_due_at_once_is_stopped() {
    let description = Description {
        name: "endless-timer".into(),
        version: "0".into(),
        connections: Vec::new(),
        callbacks: Vec::new(),
        actions: Vec::new(),
    };
    let source = recording(&[("lost_call_session", json!({"call_session_id": 1}))], 0, &[]);
    let (trace, _, _) = play(source.as_bytes(), Arc::new(EndlessTimer(description))).await;
    assert!(trace.0.iter().any(|(_, _, outcome)| outcome.contains("runs-at-once")), "{:?}", trace.0.last());
}

/// Any JSON value.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC*".prop_map(Value::from),
        prop::sample::select(vec![
            "null",
            "\"in\"",
            "[1,\"2\"]",
            "{\"a\":1}",
            "2026-11-23 10:00:00.5",
            "74955140578...2345",
            "{{x}}",
            "\"",
            "İ...1"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((names(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect()))
        ]
    })
}

fn names() -> impl Strategy<Value = String> {
    let known = vec![
        "call_session_id",
        "direction",
        "contact_phone_number",
        "notification_time",
        "talk_time_duration",
        "employee_ids",
        "record_file_links",
        "file_link",
        "call_info",
        "contact_info",
        "is_lost",
        "employee_id",
        "chat_id",
        "id",
        "text",
        "resource",
        "communication_id",
        "start_time",
        "finish_time",
        "employees",
        "call_records",
    ];
    prop_oneof![prop::sample::select(known).prop_map(str::to_owned), "[a-z_]{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_read_or_refused_without_a_panic(members in prop::collection::vec((names(), any_json()), 0..16), mnemonic in prop::sample::select(MNEMONICS.to_vec())) {
        let body = Value::Object(members.into_iter().collect());
        for params in [Params::from_body(&body, chrono_tz::Europe::Moscow, 0), Params::from_body(&Value::String(body.to_string()), chrono_tz::Europe::Moscow, 0)] {
            let params = params.expect("an object");
            for event in notification::events(mnemonic, &params).unwrap_or_default() {
                prop_assert!(!event.ordering_key().is_empty());
            }
            let attributes = params.attributes();
            prop_assert!(attributes.len() <= ATTRIBUTES && attributes.iter().all(|(_, value)| value.len() <= ATTRIBUTE_BYTES));
            let _ = notification::calls::reported(&params);
        }
    }

    #[test]
    fn any_query_is_read_or_refused_without_a_panic(query in "[a-z_=&%+\"\\[\\]{}0-9:. -]{0,200}", mnemonic in prop::sample::select(MNEMONICS.to_vec())) {
        let params = Params::from_query(&query, chrono_tz::Europe::Moscow, 0);
        let _ = notification::events(mnemonic, &params);
        let _ = notification::route(&query, chrono_tz::Europe::Moscow, 0);
    }
}
