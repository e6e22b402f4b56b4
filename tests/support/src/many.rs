//! Recordings of any length, to see what a replay of a million events costs. The same number gives the same bytes.

use std::io::{self, Write};

use chrono::{DateTime, Duration, FixedOffset};
use serde_json::{Value, json};

/// Events of one call: it comes in, is routed, rings, is answered, and ends with a recording.
pub const EVENTS_OF_A_CALL: u64 = 7;

/// How far calls are apart, in seconds: 1570 calls a day. A million events take three months.
const APART: u64 = 55;

/// When the first call comes.
const BEGINS: &str = "2026-11-02T00:00:00+03:00";

/// Writes a recording of at least `events` events: whole calls of an account with two employees, each from another customer. Each call is
/// uploaded to the CRM. No customer, order or task is created.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut impl Write, events: u64) -> io::Result<()> {
    writeln!(out, "{}", header())?;
    write_calls(out, events, |_, line| line)
}

/// The same, with each call for one of so many integrations in turn. Each integration has a CRM of its own.
///
/// # Errors
/// Those of the writer.
pub fn write_several(out: &mut impl Write, events: u64, integrations: u64) -> io::Result<()> {
    let name = |number: u64| format!("shop-{number}");
    let mut header = header();
    if let Value::Object(members) = &mut header {
        let [settings, crm, version] = ["settings", "crm", "settings-version"].map(|member| members.remove(member).unwrap_or_default());
        let one = |number| json!({"name": name(number), "settings": settings, "settings-version": version, "crm": crm});
        members.insert("integrations".into(), (0..integrations).map(one).collect());
    }
    writeln!(out, "{header}")?;
    write_calls(out, events, |call, mut line| {
        line["integration"] = name(call % integrations.max(1)).into();
        line
    })
}

fn write_calls(out: &mut impl Write, events: u64, changed: impl Fn(u64, Value) -> Value) -> io::Result<()> {
    for call in 0..events.div_ceil(EVENTS_OF_A_CALL) {
        for line in lines(call) {
            writeln!(out, "{}", changed(call, line))?;
        }
    }
    Ok(())
}

fn header() -> Value {
    let employee = |id: u64, name: &str, email: &str| {
        json!({"id": id, "full_name": name, "email": email, "status": "available",
            "phone_numbers": [{"phone_number": format!("7495000{id}"), "status": "active"}]})
    };
    json!({"recording": 1, "name": "Very many calls",
        "account": {"timezone": "Europe/Moscow",
            "employees": [employee(1001, "Иванова Анна", "anna@shop.example"), employee(1002, "Петров Борис", "boris@shop.example")],
            "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951112233", "name": "Основной"}]},
        "settings-version": "0.1.0", "settings": {},
        "crm": {"users": [{"id": 5, "email": "anna@shop.example", "firstName": "Анна"},
            {"id": 6, "email": "boris@shop.example", "firstName": "Борис"}]}})
}

/// The lines of one call.
fn lines(call: u64) -> Vec<Value> {
    let session = 900_000_000 + call;
    let phone = format!("7916{call:07}");
    let employee = 1001 + call % 2;
    let talk = 1 + call % 5;
    let ends = 5 + talk;
    let notification = |mnemonic: &str, after: u64, more: Value| {
        let at = moment(call, after);
        let mut body = json!({"notification_name": "crm", "virtual_phone_number": "74951112233", "contact_phone_number": phone,
            "notification_time": at.format("%Y-%m-%d %H:%M:%S").to_string(), "call_session_id": session, "direction": "in"});
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        json!({"at": at.to_rfc3339(), "notification": mnemonic, "body": body})
    };
    let with_employee = |mut more: Value| {
        more["employee_id"] = employee.into();
        more
    };
    let route = format!("cdr_id={session}&numa={phone}&numb=74951112233");
    vec![
        notification("in_call_session", 0, json!({"scenario_name": "Основной"})),
        json!({"at": moment(call, 1).to_rfc3339(), "route": route}),
        notification("out_call", 2, with_employee(json!({"leg_id": 11}))),
        notification("call_connected", 5, with_employee(json!({"leg_ids": "[11]"}))),
        notification("talk_finished", ends, with_employee(json!({"talk_time_duration": talk, "leg_ids": [11]}))),
        notification(
            "call_session_finished",
            ends,
            with_employee(json!({"talk_time_duration": talk, "total_time_duration": ends, "wait_time_duration": 5, "is_lost": false})),
        ),
        notification(
            "record_ready",
            ends + 2,
            with_employee(json!({"file_link": format!("https://app.comagic.ru/system/media/talk/{session}/1/"), "file_duration": talk})),
        ),
    ]
}

/// A moment of a call, in seconds after its begin.
fn moment(call: u64, after: u64) -> DateTime<FixedOffset> {
    let begins = DateTime::parse_from_rfc3339(BEGINS).unwrap_or_default();
    begins + Duration::seconds(i64::try_from(call * APART + after).unwrap_or(i64::MAX / 1_000_000))
}
