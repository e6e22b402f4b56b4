//! Deals as rows of the Data API, for the report of a replay.

use serde_json::{Value, json};
use uis_host::bindings::uis::integration::deals::{DealContact, Funnel, StageStatus, UserFieldType};
use uis_host::clock::zone;

use crate::deals::{Deals, History};
use crate::times;

/// A time in the Data API's format: `2026-11-23 10:00:00`, in the account's time zone.
fn time(timezone: &str, at: i64) -> Value {
    times::show(zone(timezone).unwrap_or(chrono_tz::UTC), at).into()
}

fn number(text: &str) -> Value {
    text.parse::<serde_json::Number>().map_or_else(|_| text.into(), Value::Number)
}

/// A sales funnel as a row of the Data API.
pub fn funnel_row(funnel: &Funnel) -> Value {
    let stages = funnel.stages.iter().map(|stage| {
        let (status, order) = match stage.status {
            StageStatus::InProcess => ("in_process", stage.order),
            // The positions that the Data API gives to the final stages.
            StageStatus::Success => ("success", 10010),
            StageStatus::Failed => ("failed", 10020),
        };
        json!({"stage_ext_id": stage.ext_id, "stage_name": stage.name, "stage_status": status, "stage_order": order})
    });
    json!({"ext_id": funnel.ext_id, "name": funnel.name, "stages": stages.collect::<Vec<_>>()})
}

/// A contact as a row of the Data API.
pub fn contact_row(timezone: &str, contact: &DealContact) -> Value {
    json!({
        "ext_id": contact.ext_id,
        "name": contact.name,
        "created_date_time": time(timezone, contact.created),
        "phone_numbers": contact.phone_numbers,
        "emails": contact.emails,
    })
}

/// A deal as a row of the Data API, with the stages it went through. Fields and the employee have their names besides their ids. None when
/// the deal has no state.
pub fn deal_row(timezone: &str, all: &Deals, history: &History) -> Option<Value> {
    let deal = &history.states.last()?.deal;
    let field = |(ext_id, value): &(String, String)| {
        let known = all.user_fields.iter().find(|field| field.ext_id == *ext_id);
        let kind = known.map(|field| if field.data_type == UserFieldType::Numeric { "numeric" } else { "string" });
        json!({"ext_id": ext_id, "value": value, "name": known.map(|field| &field.name), "data_type": kind})
    };
    let stages = history.states.iter().map(|state| {
        json!({
            "sales_funnel_ext_id": state.deal.funnel_ext_id,
            "stage_ext_id": state.deal.stage_ext_id,
            "modified_stage_date_time": time(timezone, state.deal.stage_modified),
            "is_generated": state.is_generated,
        })
    });
    let mut row = json!({
        "ext_id": deal.ext_id,
        "name": deal.name,
        "created_date_time": time(timezone, deal.created),
        "modified_stage_date_time": time(timezone, deal.stage_modified),
        "sales_funnel_ext_id": deal.funnel_ext_id,
        "stage_ext_id": deal.stage_ext_id,
        "user_fields": deal.user_fields.iter().map(field).collect::<Vec<_>>(),
        "history": stages.collect::<Vec<_>>(),
    });
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            row[name] = value;
        }
    };
    put("modified_date_time", deal.modified.map(|at| time(timezone, at)));
    put("closed_date_time", deal.closed.map(|at| time(timezone, at)));
    put("contact_ext_ids", (!deal.contact_ext_ids.is_empty()).then(|| json!(deal.contact_ext_ids)));
    put("main_contact_ext_id", deal.contact_ext_ids.first().map(|id| id.clone().into()));
    put("employee_ext_id", deal.employee_ext_id.clone().map(Value::from));
    let employee = all.employees.iter().find(|employee| Some(&employee.ext_id) == deal.employee_ext_id.as_ref());
    put("employee_name", employee.map(|employee| employee.name.clone().into()));
    put("revenue", deal.revenue.as_deref().map(number));
    put("comments", deal.comments.clone().map(Value::from));
    put("source", deal.source.clone().map(Value::from));
    put("communication_type", deal.communication.as_ref().map(|(kind, _)| kind.clone().into()));
    put("communication_id", deal.communication.as_ref().map(|(_, id)| (*id).into()));
    put("url", deal.page.as_ref().map(|page| page.url.clone().into()));
    Some(row)
}
