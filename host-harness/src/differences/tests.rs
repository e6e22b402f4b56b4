use serde_json::{Value, json};

use super::*;

/// An effect of the CRM, as `replay --json` prints it.
fn effect(line: u64, entity: &str, id: Option<u64>, result: &str, what: &str, about: &[&str]) -> Value {
    let verb = if result == "done" { "created" } else { "left out" };
    let mut effect = json!({
        "at": "2026-11-23T10:00:00+03:00", "system": "crm", "entity": entity, "verb": verb, "result": result, "what": what, "about": about,
        "count": 1, "cause": {"line": line, "event": "lost_call_session", "subject": "call 7", "handler": "call-lost", "attempt": 1, "decisions": []}
    });
    if let Some(id) = id {
        effect["id"] = id.to_string().into();
    }
    effect
}

fn outcome(crm: Value, effects: &[Value]) -> Outcome {
    serde_json::from_value(json!({"crm": crm, "uis": {}, "effects": effects, "problems": []})).expect("an outcome")
}

fn headlines(a: &Outcome, b: &Outcome) -> Vec<String> {
    between(a, b, Scope::Everything).iter().map(Difference::headline).collect()
}

fn customer(id: u64, phone: &str) -> Value {
    json!({"id": id, "firstName": format!("+{phone}"), "externalId": format!("uis-phone-{phone}"), "phones": [{"number": phone}], "createdAt": "2026-11-23 10:00:00"})
}

fn task(id: u64, of: u64, due: &str, text: &str) -> Value {
    json!({"id": id, "customer": {"id": of, "type": "customer"}, "datetime": due, "performer": 5, "text": text})
}

#[test]
fn another_customer_made_first_is_the_only_difference() {
    let of = |id: u64, phone: &str| [format!("phone:{phone}"), "call:7".into(), format!("customer:{id}")];
    let made = |line, id: u64, phone: &str| {
        let about = of(id, phone);
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        effect(line, "customer", Some(id), "done", &format!("phones {phone}"), &about)
    };
    let tasked = |id: u64, customer: u64| {
        let about = [format!("customer:{customer}"), format!("task:{id}"), "call:7".into()];
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        effect(4, "task", Some(id), "done", &format!("«A», of customer {customer}"), &about)
    };
    let a = json!({"customers": [customer(1, "79161234567")], "tasks": [task(1, 1, "2026-11-23 11:00", "A")]});
    let b = json!({"customers": [customer(1, "79260000000"), customer(2, "79161234567")], "tasks": [task(1, 2, "2026-11-23 11:00", "A")]});
    let a = outcome(a, &[made(3, 1, "79161234567"), tasked(1, 1)]);
    let b = outcome(b, &[made(2, 1, "79260000000"), made(3, 2, "79161234567"), tasked(1, 2)]);
    assert_eq!(headlines(&a, &b), ["customer +79260000000, 79260000000: only with B"]);
    let found = between(&a, &b, Scope::Everything);
    assert_eq!(found[0].b.effect.as_ref().map(|effect| effect.cause.line), Some(2));
    assert_eq!(found[0].a.effect, None);
}

#[test]
fn a_task_that_is_due_later_is_one_difference_with_both_causes() {
    let with = |due: &str, id: u64| {
        let what = format!("«A», due {due}, for user 5");
        let effects = [effect(4, "task", Some(id), "done", &what, &["call:7", "customer:3", &format!("task:{id}")])];
        outcome(json!({"customers": [customer(3, "79161234567")], "tasks": [task(id, 3, due, "A")]}), &effects)
    };
    let (a, b) = (with("2026-11-23 11:00", 1), with("2026-11-23 13:00", 9));
    let found = between(&a, &b, Scope::Everything);
    assert_eq!(
        found.iter().map(Difference::headline).collect::<Vec<_>>(),
        ["task «A», due 2026-11-23 11:00, for user 5: due 2 hours later (2026-11-23 11:00 → 2026-11-23 13:00)"]
    );
    assert_eq!((found[0].a.id.as_deref(), found[0].b.id.as_deref()), (Some("1"), Some("9")));
    assert!(found[0].a.effect.is_some() && found[0].b.effect.is_some());
}

#[test]
fn what_is_missing_has_the_decision_against_it_as_its_cause() {
    let done = effect(4, "task", Some(1), "done", "«A», due 2026-11-23 11:00, for user 5", &["call:7", "task:1"]);
    let mut left_out = effect(4, "task", None, "left-out", "task of uis-call-7", &["call:7"]);
    left_out["cause"]["decisions"] =
        json!([{"subject": "task of uis-call-7", "decided_by": "incoming-missed-task", "verdict": "left out", "why": "it is none"}]);
    let a = outcome(json!({"tasks": [task(1, 3, "2026-11-23 11:00", "A")]}), &[done]);
    let b = outcome(json!({"tasks": []}), &[left_out]);
    let found = between(&a, &b, Scope::Everything);
    assert_eq!(found.len(), 1, "{found:#?}");
    let why = found[0].b.effect.as_ref().map(|effect| effect.cause.decision_lines());
    assert_eq!(why, Some(vec!["incoming-missed-task: it is none".to_owned()]));
}

#[test]
fn the_states_are_compared_without_the_way() {
    let with = |at: &str, effects: &[Value]| {
        let crm = json!({"popups": [{"userId": 5, "phone": "79161234567", "shownAt": at, "closedAt": at}], "notes": [
            {"id": 1, "customer": {"id": 3}, "text": "task 12 is open", "createdAt": at}
        ]});
        outcome(crm, effects)
    };
    let a = with("2026-11-23T10:00:00+03:00", &[]);
    let b = with("2026-11-23T10:05:00+03:00", &[effect(2, "task", None, "left-out", "task of uis-call-7", &["call:7"])]);
    assert_eq!(between(&a, &b, Scope::States), []);
    assert_eq!(headlines(&a, &b).len(), 2);
}

#[test]
fn records_that_were_there_before_are_matched_by_their_ids() {
    let with = |name: &str| outcome(json!({"customers": [{"id": 17, "firstName": name}, {"id": 18, "firstName": "Вера"}]}), &[]);
    assert_eq!(headlines(&with("Иван"), &with("Пётр")), ["customer Иван: firstName Иван → Пётр"]);
}

#[test]
fn records_of_the_same_event_are_matched_when_everything_else_changed() {
    let with = |id: u64, text: &str, of: u64| {
        let effects = [effect(4, "task", Some(id), "done", text, &["call:7"])];
        outcome(json!({"tasks": [task(id, of, "2026-11-23 11:00", text)]}), &effects)
    };
    let found = headlines(&with(1, "A", 3), &with(2, "Б", 4));
    assert_eq!(found, ["task «A», due 2026-11-23 11:00, for user 5: customer.id 3 → 4; text A → Б"]);
}

#[test]
fn members_of_another_crm_are_compared_too() {
    let with = |stage: &str| outcome(json!({"leads": [{"id": 1, "name": "Иван", "stage": stage}]}), &[]);
    assert_eq!(headlines(&with("new"), &with("won")), ["lead Иван, 1: stage new → won"]);
}

#[test]
fn a_failure_with_another_reason_is_an_effect_that_changed() {
    let with = |why: &str| {
        let mut failed = effect(4, "event", None, "failed", why, &["call:7"]);
        failed["verb"] = "failed".into();
        outcome(json!({}), &[failed])
    };
    assert_eq!(headlines(&with("rejected: A"), &with("rejected: Б")), ["failed: rejected: A: content rejected: A → rejected: Б"]);
    assert_eq!(headlines(&with("rejected: A"), &with("rejected: A")), Vec::<String>::new());
}

#[test]
fn records_that_nothing_identifies_are_not_taken_for_each_other() {
    let with = |name: &str| outcome(json!({"customers": [{"id": 1, "firstName": name, "phones": [], "createdAt": name}]}), &[]);
    assert_eq!(headlines(&with("Иван"), &with("Пётр")), ["customer Иван: only with A", "customer Пётр: only with B"]);
}
