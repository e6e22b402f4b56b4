//! Reports: rows as they were given, by the time at which the communication began.

use serde_json::{Value, json};

use crate::context::{Answer, Context, integer};
use crate::report::Row;
use crate::rpc::ApiError;

const DAY_MS: i64 = 24 * 3_600_000;
/// The longest interval of a report. The error's text says 3 months, the page of the reports 90 days.
const REPORT_DAYS: i64 = 90;
/// The longest interval of `get.chat_messages_report`.
const MESSAGES_DAYS: i64 = 30;
/// The longest interval of the newer reports.
const NEWER_DAYS: i64 = 366;

/// The interval that a request asks for, both ends inclusive, in milliseconds since 1970.
fn interval(context: &Context<'_>, days: i64) -> Result<(i64, i64), ApiError> {
    let time = |name: &str| context.time(name).ok_or_else(|| ApiError::about("invalid_parameter_value", name, context.value(name)));
    let (from, till) = (time("date_from")?, time("date_till")?);
    if from > till {
        return context.refuse("invalid_parameter_value", "date_till");
    }
    if till - from > days * DAY_MS {
        return context.refuse("date_interval_limit_reached", "date_till");
    }
    // The end is a whole second.
    Ok((from, till + 999))
}

fn within((from, till): (i64, i64)) -> impl Fn(&&Row) -> bool {
    move |row| (from..=till).contains(&row.at)
}

fn whole(row: &Row) -> Value {
    row.row.clone()
}

/// `get.calls_report`.
pub(crate) fn calls(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let asked = interval(context, REPORT_DAYS)?;
    let ongoing = context.flag("include_ongoing_calls");
    let ended = |row: &&Row| ongoing || row.row["finish_time"].is_string();
    Ok(Answer::List(context.state.report.rows("calls").filter(within(asked)).filter(ended).map(whole).collect()))
}

/// `get.call_legs_report`.
pub(crate) fn call_legs(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let asked = interval(context, REPORT_DAYS)?;
    Ok(Answer::List(context.state.report.rows("call_legs").filter(within(asked)).map(whole).collect()))
}

/// `get.chats_report`.
pub(crate) fn chats(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let asked = interval(context, REPORT_DAYS)?;
    Ok(Answer::List(context.state.report.rows("chats").filter(within(asked)).map(whole).collect()))
}

/// `get.offline_messages_report`.
pub(crate) fn offline_messages(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let asked = interval(context, REPORT_DAYS)?;
    Ok(Answer::List(context.state.report.rows("offline_messages").filter(within(asked)).map(whole).collect()))
}

/// `get.chat_messages_report`: by chats, by an interval, or by both.
pub(crate) fn chat_messages(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let mut chats: Vec<i64> = context.integer("chat_id").into_iter().collect();
    for id in context.value("chat_ids").as_array().into_iter().flatten() {
        chats.push(integer(id).ok_or_else(|| ApiError::about("data_type_error", "chat_ids", id))?);
    }
    let dated = !context.value("date_from").is_null() || !context.value("date_till").is_null();
    if chats.is_empty() && !dated {
        return context.refuse("required_parameter_missed", "chat_id");
    }
    let asked = if dated { interval(context, MESSAGES_DAYS)? } else { (i64::MIN, i64::MAX) };
    let wanted = |row: &&Row| chats.is_empty() || row.row["chat_id"].as_i64().is_some_and(|id| chats.contains(&id));
    let shown = |row: &Row| {
        let mut shown = row.row.clone();
        // Messages that came by notifications have their time beside the row.
        if shown["date_time"].is_null() {
            shown["date_time"] = context.shown(row.at).into();
        }
        shown
    };
    Ok(Answer::List(context.state.report.rows("chat_messages").filter(within(asked)).filter(wanted).map(shown).collect()))
}

/// `get.notifications`: what was sent. `filters` is a list in the table of the page and `filter` an object in its skeleton; both are read.
pub(crate) fn notifications(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let (from, till) = interval(context, NEWER_DAYS)?;
    let at = |row: &Value| row["notification_start_date_time"].as_str().and_then(|text| crate::times::parse(context.zone, text));
    let sent = context.state.notifications.iter().filter(|row| at(row).is_some_and(|at| (from..=till).contains(&at)));
    Ok(Answer::List(sent.cloned().collect()))
}

/// The filter of `get.notifications` in the form of the other lists.
pub(crate) fn notifications_filter(params: &serde_json::Map<String, Value>) -> Value {
    match params.get("filters") {
        Some(Value::Array(filters)) if !filters.is_empty() => json!({"condition": "and", "filters": filters}),
        _ => params.get("filter").cloned().unwrap_or(Value::Null),
    }
}
