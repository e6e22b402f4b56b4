//! The account and its statuses.

use serde_json::{Value, json};

use crate::context::{Answer, Context};
use crate::rpc::ApiError;

/// The components of an account that lists none.
const COMPONENTS: [&str; 12] = [
    "operation",
    "dialing",
    "ext_dialing",
    "extended_report",
    "va",
    "recording",
    "call_tracking",
    "consultant",
    "sales_funnel",
    "call_api_base",
    "call_api_management",
    "data_api_base",
];

/// Everything that a user may have rights to.
const UNITS: [&str; 5] = ["employees", "number_management", "tag_management", "va", "call_recordings"];

/// UIS's own statuses: id, name, mnemonic, color, whether it is worktime, whether employees may choose it. The ids are made up.
const STATUSES: [(i64, &str, &str, &str, bool, bool); 7] = [
    (1, "Доступен", "available", "#48b882", true, true),
    (2, "Перерыв", "break", "#1179ad", true, true),
    (3, "Не беспокоить", "do_not_disturb", "#cc5d35", true, true),
    (4, "Нет на месте", "not_at_workplace", "#cc5d35", true, true),
    (5, "Нет на работе", "not_at_work", "#909090", false, true),
    (6, "Исходящий обзвон", "auto_out_call", "#1179ad", true, true),
    (7, "Неизвестно", "unknown", "#909090", false, false),
];

/// `get.account`: a list with one object.
pub(crate) fn account(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let account = &context.state.account;
    Ok(Answer::Rows(vec![json!({"app_id": account.app_id, "name": account.name, "timezone": account.timezone})]))
}

/// `getobj.account`: the account with its components and the rights of whoever asks.
pub(crate) fn whole(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let account = &context.state.account;
    let may = |unit: &str, right: &str| context.rights.as_ref().is_none_or(|rights| rights.contains(&format!("{unit}:{right}")));
    let permission = |unit: &&str| {
        json!({
            "unit_id": unit,
            "is_select": may(unit, "select"),
            "is_insert": may(unit, "insert"),
            "is_update": may(unit, "update"),
            "is_delete": may(unit, "delete"),
        })
    };
    let components = account.components.clone().unwrap_or_else(|| COMPONENTS.map(str::to_owned).to_vec());
    Ok(Answer::Data(json!({
        "app_id": account.app_id,
        "app_name": account.name,
        "app_state": account.app_state,
        "timezone": account.timezone,
        "lang": "ru",
        "project": "uis",
        "tp_id": 1,
        "tp_name": "UIS",
        "crm_type": null,
        "customer_id": account.app_id,
        "user_id": 1,
        "user_type": "admin",
        "user_name": "Администратор",
        "user_login": account.api_users.first().map_or("admin@example.ru", |user| user.login.as_str()),
        "components": components,
        "permissions": UNITS.iter().map(permission).collect::<Vec<_>>(),
        "is_agent_app": false,
        "is_agent": false,
        "agent_type": null,
        "is_bi_available": false,
        "report_currency": "RUB",
    })))
}

/// `get.statuses`.
pub(crate) fn statuses(context: &mut Context<'_>) -> Result<Answer, ApiError> {
    let own = |(id, name, mnemonic, color, worktime, select): &(i64, &str, &str, &str, bool, bool)| {
        let directions = if *mnemonic == "available" { json!(["in", "out"]) } else { json!([]) };
        json!({
            "id": id,
            "name": name,
            "mnemonic": mnemonic,
            "color": color,
            "is_deleted": false,
            "in_external_allowed_call_directions": directions,
            "in_internal_allowed_call_directions": directions,
            "out_external_allowed_call_directions": directions,
            "out_internal_allowed_call_directions": directions,
            "allowed_phone_protocols": ["PSTN", "SIP", "SIP_TRUNK", "FMC"],
            "is_select_allowed": select,
            "is_worktime": worktime,
            "is_auto_out_calls_ready": *mnemonic == "auto_out_call",
        })
    };
    let given = &context.state.account.statuses;
    let mut rows: Vec<Value> = if given.is_empty() { STATUSES.iter().map(own).collect() } else { given.clone() };
    let deleted = context.flag("is_deleted");
    rows.retain(|row| deleted || row["is_deleted"] != Value::Bool(true));
    Ok(Answer::List(rows))
}
