//! What a request did in the other system: which entity, its id, and its content in words. RetailCRM's API is known; a request to any other
//! API has its method and path.

use std::collections::BTreeSet;

use serde_json::Value;
use uis_host::trace::{Answer, SendErrorKind, Step, UisAnswer};

use super::words::{members, quoted, short};
use super::{EffectResult, Kind, Subject, System};

/// An effect without its time and its cause.
pub(super) struct Written {
    pub(super) system: System,
    pub(super) entity: String,
    pub(super) verb: String,
    pub(super) id: Option<String>,
    pub(super) result: EffectResult,
    pub(super) what: String,
    pub(super) about: BTreeSet<Subject>,
}

/// What a step changed in another system; nothing for steps that only read.
pub(super) fn written(step: &Step) -> Vec<Written> {
    match step {
        Step::Request { method, path, form, answer, .. } if method != "GET" && method != "HEAD" => to_the_crm(method, path, form, answer),
        Step::Uis { method, subject, answer } if !method.starts_with("get.") => vec![to_uis(method, subject, answer)],
        _ => Vec::new(),
    }
}

/// A call of UIS's Data API. Its methods are named `verb.noun`.
fn to_uis(method: &str, subject: &str, answer: &UisAnswer) -> Written {
    let (verb, noun) = method.split_once('.').unwrap_or(("sent", method));
    let verb = match verb {
        "create" => "created",
        "update" => "changed",
        "upload" => "uploaded",
        "delete" => "deleted",
        other => other,
    };
    let entity = match noun {
        "employees" => "employee",
        "sales_funnel" => "funnel",
        "deal_contacts" => "deal contact",
        "deal_employees" => "deal employee",
        "deal_user_field" => "deal field",
        "deals_history" | "deals" => "deal",
        other => other,
    };
    let result = match answer {
        UisAnswer::Taken => EffectResult::Done,
        UisAnswer::Busy(_) | UisAnswer::Refused(_) => EffectResult::Refused,
    };
    let about = Subject::named_in(subject).collect();
    // An employee is named by the id and the fields that were written.
    let id = subject.split(' ').next().filter(|id| entity == "employee" && !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    let content = id.and_then(|id| subject.strip_prefix(id)).map_or(subject, str::trim_start);
    let what = if result == EffectResult::Done { content.to_owned() } else { format!("{content}: {answer}") };
    Written { system: System::Uis, entity: entity.into(), verb: verb.into(), id: id.map(str::to_owned), result, what, about }
}

fn to_the_crm(method: &str, path: &str, form: &[(String, String)], answer: &Answer) -> Vec<Written> {
    let field = |name: &str| form.iter().find(|(of, _)| of == name).map(|(_, text)| serde_json::from_str(text).unwrap_or(Value::Null));
    let answered = match answer {
        Answer::Response { body, .. } => serde_json::from_str(body).unwrap_or(Value::Null),
        Answer::Error { .. } => Value::Null,
    };
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let parts = if let ["api", _, rest @ ..] = parts.as_slice() { rest } else { &parts };
    let record = |name: &str| field(name).unwrap_or_default();
    let list = match parts {
        ["customers", "notes", "create"] => vec![created("note", &record("note"), &answered)],
        ["customers", "combine"] => vec![merged(&record("resultCustomer"), &record("customers"))],
        ["telephony", "call", "event"] => vec![pop_up(&record("event"))],
        ["telephony", "calls", "upload"] => record("calls").as_array().into_iter().flatten().map(call).collect(),
        ["integration-modules", code, "edit"] => vec![module(code, &record("integrationModule"))],
        [entities, "create"] => vec![created(singular(entities), &record(singular(entities)), &answered)],
        [entities, id, "edit"] => vec![changed(singular(entities), id, field("by"), &record(singular(entities)))],
        _ => vec![unknown(method, path, form)],
    };
    let (result, why) = result_of(answer, &answered);
    let with_result = |written: Written| match &why {
        Some(why) => Written { result, what: format!("{}: {why}", written.what), ..written },
        None => Written { result, ..written },
    };
    list.into_iter().map(with_result).collect()
}

fn singular(entities: &str) -> &str {
    entities.strip_suffix('s').unwrap_or(entities)
}

/// What came of a request, and why it was not done.
fn result_of(answer: &Answer, answered: &Value) -> (EffectResult, Option<String>) {
    match answer {
        Answer::Response { status, .. } => {
            let message = answered["errorMsg"].as_str().map(|text| format!(": {}", short(text))).unwrap_or_default();
            match status {
                200..300 if answered["success"] != false => (EffectResult::Done, None),
                200..500 => (EffectResult::Refused, Some(format!("refused with status {status}{message}"))),
                _ => (EffectResult::Unknown, Some(format!("status {status}{message}"))),
            }
        }
        Answer::Error { error, message } => {
            let result = match error {
                SendErrorKind::OutcomeUnknown | SendErrorKind::TooLarge | SendErrorKind::Deadline => EffectResult::Unknown,
                SendErrorKind::NotSent | SendErrorKind::Denied | SendErrorKind::Divergence => EffectResult::NotSent,
            };
            (result, Some(format!("{error}: {}", short(message))))
        }
    }
}

fn in_the_crm(entity: &str, verb: &str, id: Option<String>, what: String, record: &Value) -> Written {
    let mut about: BTreeSet<Subject> = Subject::within(record).into_iter().collect();
    let number = id.as_deref().filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    if let (Some(id), Some(kind)) = (number, [Kind::Customer, Kind::Order, Kind::Task].into_iter().find(|kind| kind.name() == entity)) {
        about.insert(Subject::new(kind, id));
    }
    let (entity, verb) = (entity.to_owned(), verb.to_owned());
    Written { system: System::Crm, entity, verb, id, result: EffectResult::Done, what, about }
}

/// RetailCRM answers with the new entity's id, and for an order with the order as well.
fn created(entity: &str, record: &Value, answered: &Value) -> Written {
    let id = answered["id"].as_i64().or_else(|| answered[entity]["id"].as_i64()).map(|id| id.to_string());
    let what = match entity {
        "task" => {
            let by = record["performerId"].as_i64().map(|user| format!(", for user {user}")).unwrap_or_default();
            format!("{}, due {}{by}", quoted(&record["text"]), record["datetime"].as_str().unwrap_or("-"))
        }
        "note" => format!("{} on customer {}", quoted(&record["text"]), record["customer"]["id"]),
        _ => members(record),
    };
    in_the_crm(entity, "created", id, what, record)
}

fn changed(entity: &str, id: &str, by: Option<Value>, record: &Value) -> Written {
    // `by` is text without quotes, which is no JSON: `id` when it is absent.
    let verb = if record["complete"] == true { "completed" } else { "changed" };
    let mut written = in_the_crm(entity, verb, Some(id.to_owned()), members(record), record);
    // An external id names the communication that the entity was created for.
    if by.is_some() {
        written.about.extend(Subject::named_in(id));
    }
    if verb == "completed" {
        written.what = String::new();
    }
    written
}

fn merged(into: &Value, merged: &Value) -> Written {
    let ids: Vec<String> = merged.as_array().into_iter().flatten().map(|customer| customer["id"].to_string()).collect();
    let id = into["id"].as_i64().map(|id| id.to_string());
    let mut written = in_the_crm("customer", "merged", id, format!("with customer {}", ids.join(", ")), into);
    written.about.extend(ids.iter().map(|id| Subject::new(Kind::Customer, id)));
    written
}

fn pop_up(event: &Value) -> Written {
    let users: Vec<String> = event["userIds"].as_array().into_iter().flatten().map(Value::to_string).collect();
    let users = if users.is_empty() { String::new() } else { format!(" for user {}", users.join(", ")) };
    let phone = event["phone"].as_str().unwrap_or("-");
    let (verb, what) = match event["type"].as_str() {
        Some("hangup") => ("closed", format!("{phone}{users}, {}", event["hangupStatus"].as_str().unwrap_or("-"))),
        Some(direction) => ("shown", format!("{phone}{users}, {direction}")),
        None => ("sent", phone.to_owned()),
    };
    in_the_crm("pop-up", verb, None, what, event)
}

fn call(call: &Value) -> Written {
    let text = |name: &str| call[name].as_str().unwrap_or("-").to_owned();
    let user = call["userId"].as_i64().map(|user| format!(", user {user}")).unwrap_or_default();
    let record = if call["recordUrl"].is_string() { ", with a recording" } else { "" };
    let what = format!("{} {} {} {}, talk {} s{user}{record}", text("date"), text("type"), text("phone"), text("result"), call["duration"]);
    in_the_crm("call", "uploaded", call["externalId"].as_str().map(str::to_owned), what, call)
}

fn module(code: &str, module: &Value) -> Written {
    let what = if module["active"] == false { "switched off" } else { "switched on" };
    in_the_crm("module", "registered", Some(code.to_owned()), what.to_owned(), &Value::Null)
}

fn unknown(method: &str, path: &str, form: &[(String, String)]) -> Written {
    let what: Vec<String> = form.iter().map(|(name, value)| format!("{name} {}", short(value))).collect();
    in_the_crm(path, method, None, what.join(", "), &Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, form: &[(&str, &str)], answer: Answer) -> Written {
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (connection, method, path) = ("retailcrm".to_owned(), "POST".to_owned(), path.to_owned());
        let step = Step::Request { round: 1, connection, method, path, query: Vec::new(), form, answer };
        let mut all = written(&step);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn answered(status: u16, body: &str) -> Answer {
        Answer::Response { status, body: body.to_owned(), retry_after: None }
    }

    fn line(written: &Written) -> String {
        let about: Vec<String> = written.about.iter().map(Subject::to_string).collect();
        format!("{} {} {:?} {:?} {} [{}]", written.entity, written.verb, written.id, written.result, written.what, about.join(" "))
    }

    #[test]
    fn a_created_entity_has_the_id_of_the_answer() {
        let task = r#"{"datetime":"2026-11-23 11:00","performerId":6,"phone":"79161234567","text":"Перезвонить"}"#;
        let done = request("/api/v5/tasks/create", &[("task", task)], answered(201, r#"{"success":true,"id":12}"#));
        assert_eq!(
            line(&done),
            "task created Some(\"12\") Done «Перезвонить», due 2026-11-23 11:00, for user 6 [phone:79161234567 task:12]"
        );
        let order = r#"{"externalId":"uis-call-7","customer":{"id":3}}"#;
        let done = request("/api/v5/orders/create", &[("order", order)], answered(201, r#"{"success":true,"id":5,"order":{"id":5}}"#));
        assert_eq!(line(&done), "order created Some(\"5\") Done customer 3, externalId uis-call-7 [call:7 customer:3 order:5]");
    }

    #[test]
    fn a_request_that_was_not_done_has_the_reason() {
        let refused = answered(400, r#"{"success":false,"errorMsg":"Errors in the entity format"}"#);
        let refused = request("/api/v5/customers/9/edit", &[("customer", r#"{"managerId":5}"#), ("by", "id")], refused);
        assert_eq!(
            line(&refused),
            "customer changed Some(\"9\") Refused managerId 5: refused with status 400: Errors in the entity format [customer:9]"
        );
        let lost = Answer::Error { error: SendErrorKind::OutcomeUnknown, message: "the connection was reset".into() };
        let lost = request("/api/v5/tasks/12/edit", &[("task", r#"{"complete":true}"#)], lost);
        assert_eq!(line(&lost), "task completed Some(\"12\") Unknown : outcome-unknown: the connection was reset [task:12]");
    }

    #[test]
    fn requests_to_other_apis_keep_their_method_and_path() {
        let done = request("/v1/leads", &[("", r#"{"name":"A"}"#)], answered(200, "{}"));
        assert_eq!((done.entity.as_str(), done.verb.as_str(), done.result), ("/v1/leads", "POST", EffectResult::Done));
        assert!(written(&Step::TimerCancelled { name: "x".into() }).is_empty());
    }

    #[test]
    fn what_uis_was_asked_for_names_its_orders() {
        let subject = "1 states of order-71@account-1.retailcrm.io".to_owned();
        let done = to_uis("upload.deals_history", &subject, &UisAnswer::Taken);
        assert_eq!(line(&done), "deal uploaded None Done 1 states of order-71@account-1.retailcrm.io [order:71]");
        assert_eq!(line(&to_uis("update.employees", "323409 break", &UisAnswer::Taken)), "employee changed Some(\"323409\") Done break []");
        let busy = to_uis("create.employees", "Вера vera@shop.example", &UisAnswer::Busy(1_000));
        assert_eq!(line(&busy), "employee created None Refused Вера vera@shop.example: busy for 1000 ms []");
        assert!(written(&Step::Uis { method: "get.sales_funnels".into(), subject: String::new(), answer: UisAnswer::Taken }).is_empty());
    }
}
