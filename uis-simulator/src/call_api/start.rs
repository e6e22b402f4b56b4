//! Starting calls. There is no protection against starting one twice: two requests with one `external_id` start two calls.

use serde_json::{Map, Value, json};
use uis_host::clock::instant;
use uis_host::data_api::Employee;

use crate::account::Ongoing;
use crate::context::{Answer, Context, integer};
use crate::rpc::ApiError;

/// Most characters that are spoken; the tariff limits them [inferred].
const SPOKEN: usize = 1000;
/// How long a call rings if nobody answers, in milliseconds.
const RINGING_MS: i64 = 60_000;

/// `start.employee_call`.
pub(crate) fn employee_call(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    check_call(context, "employee")?;
    let given = context.value("employee");
    let id = integer(&given["id"]).unwrap_or_default();
    let Some(employee) = context.state.account.employees.iter().find(|employee| employee.id == id) else {
        return Err(ApiError::about("employee_not_found", "employee.id", &given["id"]));
    };
    let Some(phone) = phone(employee, given["phone_number"].as_str()) else {
        return Err(ApiError::about("no_active_phone_number", "employee.phone_number", &given["phone_number"]));
    };
    let name = employee.shown_name();
    Ok(start(context, &phone, Some((id, name))))
}

/// `start.simple_call`: both sides are plain phone numbers.
pub(crate) fn simple_call(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    check_call(context, "operator")?;
    check_dtmf(context, "operator_confirmation")?;
    if !is_number(context.text("operator").unwrap_or_default()) {
        return context.refuse("invalid_parameter_value", "operator");
    }
    let phone = context.text("operator").unwrap_or_default().to_owned();
    Ok(start(context, &phone, None))
}

/// Digits only: a number with a plus is refused.
fn is_number(text: &str) -> bool {
    (3..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The phone that rings: the one that was asked for if it is active and the employee's, else the first active one.
fn phone(employee: &Employee, asked: Option<&str>) -> Option<String> {
    let phones = employee.phone_numbers.iter().filter(|phone| phone.status.as_deref().is_none_or(|status| status == "active"));
    let mut active: Vec<String> = phones.map(|phone| phone.phone_number.clone()).filter(|number| !number.is_empty()).collect();
    active.extend(employee.extension_number());
    match asked {
        Some(asked) => active.into_iter().find(|number| number == asked),
        // A line with a device is a phone too, under a login that the account does not have.
        None => active.into_iter().next().or_else(|| employee.sip_lines.iter().any(|line| line.registered).then(String::new)),
    }
}

fn check_dtmf(context: &Context<'_>, name: &str) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_ascii_digit() || "*#.".contains(c);
    if context.text(name).is_some_and(|text| !text.chars().all(allowed)) {
        return context.refuse("invalid_parameter_value", name);
    }
    Ok(())
}

/// What the two methods check alike. `side` is the side that is not the contact.
fn check_call(context: &Context<'_>, side: &str) -> Result<(), ApiError> {
    for name in ["virtual_phone_number", "contact"] {
        if !is_number(context.text(name).unwrap_or_default()) {
            return context.refuse("invalid_parameter_value", name);
        }
    }
    check_dtmf(context, "dtmf_string")?;
    let early = context.flag("early_switching");
    if early && !(context.text("first_call") == Some(side) && context.flag("switch_at_once")) {
        return context.refuse("invalid_parameters_combination", "early_switching");
    }
    for message in ["contact_message", &format!("{side}_message")] {
        check_message(context, message)?;
    }
    let media = context.value("media_file_id");
    if !media.is_null() && !context.integer("media_file_id").is_some_and(|id| context.state.account.media_files.contains(&id)) {
        return context.refuse("media_file_not_found", "media_file_id");
    }
    check_numbers(context)
}

fn check_message(context: &Context<'_>, name: &str) -> Result<(), ApiError> {
    let message = context.value(name);
    let value = message["value"].as_str().unwrap_or_default();
    let known = || value.parse::<i64>().is_ok_and(|id| context.state.account.media_files.contains(&id));
    match message["type"].as_str() {
        Some("media") if !known() => Err(ApiError::about("media_file_not_found", format!("{name}.value"), &message["value"])),
        Some("tts") if value.chars().count() > SPOKEN => {
            Err(ApiError::about("tts_text_exceeded", format!("{name}.value"), &message["value"]))
        }
        _ => Ok(()),
    }
}

/// Checks the virtual number and the contact against the account.
fn check_numbers(context: &Context<'_>) -> Result<(), ApiError> {
    let account = &context.state.account;
    let is_own = |number: &str| {
        let active = |status: Option<&str>| status.is_none_or(|status| status == "active");
        account.virtual_numbers.iter().any(|known| known.virtual_phone_number == number && active(known.status.as_deref()))
    };
    let contact = context.text("contact").unwrap_or_default();
    if !is_own(context.text("virtual_phone_number").unwrap_or_default()) {
        return context.refuse("virtual_phone_number_not_found", "virtual_phone_number");
    }
    if is_own(contact) {
        return context.refuse("own_virtual_phone_number_not_allowed", "contact");
    }
    if account.black_list.iter().any(|number| number == contact) {
        return context.refuse("contact_in_blacklist", "contact");
    }
    if context.state.is_extension(contact) {
        return context.refuse("invalid_parameter_value", "contact");
    }
    // Shorter numbers are those of SIP lines.
    if contact.len() >= 10 && !contact.starts_with('7') && !account.international_calls {
        return context.refuse("direction_forbidden", "contact");
    }
    Ok(())
}

/// Starts the call and answers its id.
fn start(context: &mut Context<'_>, phone: &str, employee: Option<(i64, String)>) -> Answer {
    let session = context.state.new_session_id();
    let at = instant(context.now).with_timezone(&context.zone);
    let mut dialled: Map<String, Value> = context
        .params
        .iter()
        .filter(|(name, value)| *name != "access_token" && !value.is_null())
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    dialled.insert("at".into(), at.to_rfc3339_opts(chrono::SecondsFormat::Secs, false).into());
    dialled.insert("call_session_id".into(), session.into());
    for (name, default) in [("direction", json!("in")), ("show_virtual_phone_number", json!(true))] {
        dialled.entry(name).or_insert(default);
    }
    let shown = if dialled["show_virtual_phone_number"] == true { context.value("virtual_phone_number") } else { context.value("contact") };
    let row = json!({
        "call_session_id": session,
        "direction": dialled["direction"],
        "start_time": at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
        "virtual_phone_number": context.value("virtual_phone_number"),
        "contact_phone_number": context.value("contact"),
        "external_id": context.value("external_id"),
        "tags": [],
        "legs": [{
            "leg_id": session + 1,
            "calling_phone_number": shown,
            "called_phone_number": phone,
            "is_operator": true,
            "employee_id": employee.as_ref().map(|(id, _)| *id),
            "employee_full_name": employee.map(|(_, name)| name),
            "record_call_enabled": true,
            "state": "Дозвон",
        }],
    });
    let until = Some(context.now + RINGING_MS);
    context.state.dialled.push(dialled.into());
    context.state.ongoing.push(Ongoing { row, until });
    Answer::Data(json!({"call_session_id": session}))
}
