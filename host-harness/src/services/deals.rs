//! `deals`, kept in the simulated account by the Data API's names.

use serde_json::{Value, json};

use super::EventScope;
use crate::bindings::uis::integration::deals::{
    Deal, DealContact, DealEmployee, DealsError, Funnel, Host, Stage, StageStatus, UserField, UserFieldType,
};
use crate::clock::{instant, zone};
use crate::integration::lock;
use crate::plugin::limits::DIRECTORY_PAGE;

type Done = wasmtime::Result<Result<(), DealsError>>;

/// Writes rows in place of those with the same `ext_id`.
fn upsert(rows: &mut Vec<Value>, new: Vec<Value>) {
    for row in new {
        match rows.iter_mut().find(|known| known["ext_id"] == row["ext_id"]) {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    }
}

fn funnel_row(funnel: &Funnel) -> Value {
    let stages: Vec<Value> = funnel
        .stages
        .iter()
        .map(|stage| {
            let (status, order) = match stage.status {
                StageStatus::InProcess => ("in_process", stage.order),
                // The Data API's own places for the ends.
                StageStatus::Success => ("success", 10010),
                StageStatus::Failed => ("failed", 10020),
            };
            json!({"stage_ext_id": stage.ext_id, "stage_name": stage.name, "stage_status": status, "stage_order": order})
        })
        .collect();
    json!({"ext_id": funnel.ext_id, "name": funnel.name, "stages": stages})
}

fn funnel_of(row: &Value) -> Funnel {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let stages = row["stages"].as_array().into_iter().flatten();
    Funnel {
        ext_id: text(&row["ext_id"]),
        name: text(&row["name"]),
        stages: stages
            .map(|stage| Stage {
                ext_id: text(&stage["stage_ext_id"]),
                name: text(&stage["stage_name"]),
                status: match stage["stage_status"].as_str() {
                    Some("success") => StageStatus::Success,
                    Some("failed") => StageStatus::Failed,
                    _ => StageStatus::InProcess,
                },
                order: stage["stage_order"].as_u64().and_then(|order| u32::try_from(order).ok()).unwrap_or(0),
            })
            .collect(),
    }
}

impl EventScope {
    /// A time as the Data API writes it: in the account's zone, without one.
    fn data_api_time(&self, at: i64) -> String {
        let name = lock(&self.integration.account).account.timezone.clone();
        let time = instant(at);
        zone(&name)
            .map_or_else(|_| time.naive_utc(), |zone| time.with_timezone(&zone).naive_local())
            .format("%Y-%m-%d %H:%M:%S")
            .to_string()
    }

    fn deal_row(&self, deal: &Deal) -> Value {
        let mut row = json!({
            "ext_id": deal.ext_id,
            "name": deal.name,
            "created_date_time": self.data_api_time(deal.created),
            "modified_stage_date_time": self.data_api_time(deal.stage_modified),
            "sales_funnel_ext_id": deal.funnel_ext_id,
            "stage_ext_id": deal.stage_ext_id,
            "user_fields": deal.user_fields.iter().map(|(ext_id, value)| json!({"ext_id": ext_id, "value": value})).collect::<Vec<_>>(),
        });
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                row[name] = value;
            }
        };
        put("modified_date_time", deal.modified.map(|at| self.data_api_time(at).into()));
        put("closed_date_time", deal.closed.map(|at| self.data_api_time(at).into()));
        put("contact_ext_ids", (!deal.contact_ext_ids.is_empty()).then(|| json!(deal.contact_ext_ids)));
        put("main_contact_ext_id", deal.contact_ext_ids.first().map(|id| id.clone().into()));
        put("employee_ext_id", deal.employee_ext_id.clone().map(Value::from));
        put(
            "revenue",
            deal.revenue.as_ref().map(|text| text.parse::<serde_json::Number>().map_or_else(|_| text.clone().into(), Value::Number)),
        );
        put("comments", deal.comments.clone().map(Value::from));
        put("source", deal.source.clone().map(Value::from));
        put("communication_type", deal.communication.as_ref().map(|(kind, _)| kind.clone().into()));
        put("communication_id", deal.communication.as_ref().map(|(_, id)| (*id).into()));
        put("url", deal.url.clone().map(Value::from));
        row
    }
}

impl Host for EventScope {
    fn funnels(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Funnel>, DealsError>> {
        Ok(Ok(lock(&self.integration.account).deals.funnels.iter().skip(offset as usize).take(DIRECTORY_PAGE).map(funnel_of).collect()))
    }

    fn create_funnel(&mut self, funnel: Funnel) -> Done {
        upsert(&mut lock(&self.integration.account).deals.funnels, vec![funnel_row(&funnel)]);
        Ok(Ok(()))
    }

    fn update_funnel(&mut self, funnel: Funnel) -> Done {
        self.create_funnel(funnel)
    }

    fn put_employees(&mut self, employees: Vec<DealEmployee>) -> Done {
        let rows = employees.iter().map(|employee| json!({"ext_id": employee.ext_id, "name": employee.name})).collect();
        upsert(&mut lock(&self.integration.account).deals.employees, rows);
        Ok(Ok(()))
    }

    fn put_contacts(&mut self, contacts: Vec<DealContact>) -> Done {
        let rows = contacts
            .iter()
            .map(|contact| {
                json!({
                    "ext_id": contact.ext_id,
                    "name": contact.name,
                    "created_date_time": self.data_api_time(contact.created),
                    "phone_numbers": contact.phone_numbers,
                    "emails": contact.emails,
                })
            })
            .collect();
        upsert(&mut lock(&self.integration.account).deals.contacts, rows);
        Ok(Ok(()))
    }

    fn put_user_fields(&mut self, fields: Vec<UserField>) -> Done {
        let rows = fields
            .iter()
            .map(|field| {
                let kind = match field.data_type {
                    UserFieldType::Numeric => "numeric",
                    UserFieldType::Text => "string",
                };
                json!({"ext_id": field.ext_id, "name": field.name, "data_type": kind})
            })
            .collect();
        upsert(&mut lock(&self.integration.account).deals.user_fields, rows);
        Ok(Ok(()))
    }

    fn upload_history(&mut self, deals: Vec<Deal>) -> Done {
        let rows: Vec<Value> = deals.iter().map(|deal| self.deal_row(deal)).collect();
        lock(&self.integration.account).deals.history.extend(rows);
        Ok(Ok(()))
    }

    fn delete_deal(&mut self, ext_id: String) -> Done {
        lock(&self.integration.account).deals.history.retain(|deal| deal["ext_id"] != ext_id.as_str());
        Ok(Ok(()))
    }
}
