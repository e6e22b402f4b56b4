//! `deals`, kept in the simulated account by the Data API's rules and shown by its names.

use serde_json::{Value, json};

use super::EventScope;
use crate::account::deals::{Deals, History};
use crate::account::{Account, AccountState};
use crate::bindings::uis::integration::deals::{
    Deal, DealContact, DealEmployee, DealsError, Funnel, Host, Refusal, StageStatus, UserField, UserFieldType,
};
use crate::clock::{instant, zone};
use crate::integration::lock;
use crate::plugin::limits::DIRECTORY_PAGE;
use crate::trace::Step;

type Done = wasmtime::Result<Result<(), DealsError>>;

impl EventScope {
    /// Asks UIS for something that costs points, and writes down what was asked.
    fn ask_uis(
        &mut self,
        method: &str,
        told: String,
        points: usize,
        ask: impl FnOnce(&mut AccountState, i64) -> Result<(), Refusal>,
    ) -> Done {
        let now = self.integration.clock.now_ms();
        let answer = {
            let mut state = lock(&self.integration.account);
            let limits = state.account.data_api_points;
            match state.points.take(limits, now, u32::try_from(points).unwrap_or(u32::MAX)) {
                Err(after_ms) => Err(DealsError::Busy(after_ms)),
                Ok(()) => ask(&mut state, now).map_err(DealsError::Refused),
            }
        };
        let shown = match &answer {
            Ok(()) => "taken".to_owned(),
            Err(DealsError::Busy(after_ms)) => format!("busy for {after_ms} ms"),
            Err(DealsError::Refused(refusal)) => {
                let part = |part: &Option<String>| part.clone().unwrap_or_default();
                format!("refused: {}: {} ({}: {})", refusal.mnemonic, refusal.message, part(&refusal.field), part(&refusal.value))
            }
        };
        self.trace.push(Step::Uis { method: method.to_owned(), told, answer: shown });
        Ok(answer)
    }

    /// The address of a deal's page, on its connection's own host.
    fn page_of(&self, deal: &Deal) -> Result<Option<String>, Refusal> {
        let Some(page) = &deal.page else { return Ok(None) };
        let connection = self.integration.connections.get(&page.connection);
        let own = connection
            .ok_or_else(|| format!("there is no connection {:?}", page.connection))
            .and_then(|connection| connection.own_link(&page.url));
        own.map(Some).map_err(|why| Refusal {
            mnemonic: "invalid_parameter_value".into(),
            message: why,
            field: Some("page".into()),
            value: Some(deal.ext_id.clone()),
        })
    }
}

/// Ids in a line, not too many.
fn ids<'a>(all: impl Iterator<Item = &'a String>) -> String {
    let mut all: Vec<&str> = all.map(String::as_str).collect();
    all.dedup();
    let more = all.len().saturating_sub(10);
    all.truncate(10);
    if more == 0 { all.join(" ") } else { format!("{} and {more} more", all.join(" ")) }
}

impl Host for EventScope {
    fn funnels(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Funnel>, DealsError>> {
        let mut found = Vec::new();
        let asked = self.ask_uis("get.sales_funnels", String::new(), 1, |state, _| {
            found.extend(state.deals.funnels.iter().skip(offset as usize).take(DIRECTORY_PAGE).cloned());
            Ok(())
        })?;
        Ok(asked.map(|()| found))
    }

    fn create_funnel(&mut self, funnel: Funnel) -> Done {
        let told = format!("{} with {} stages", funnel.ext_id, funnel.stages.len());
        self.ask_uis("create.sales_funnel", told, 1, |state, _| state.deals.create_funnel(funnel))
    }

    fn update_funnel(&mut self, funnel: Funnel) -> Done {
        let told = format!("{} with {} stages", funnel.ext_id, funnel.stages.len());
        self.ask_uis("update.sales_funnel", told, 1, |state, _| state.deals.update_funnel(funnel))
    }

    fn put_employees(&mut self, employees: Vec<DealEmployee>) -> Done {
        let told = ids(employees.iter().map(|employee| &employee.ext_id));
        self.ask_uis("create.deal_employees", told, employees.len(), |state, _| state.deals.put_employees(employees))
    }

    fn put_contacts(&mut self, contacts: Vec<DealContact>) -> Done {
        let told = ids(contacts.iter().map(|contact| &contact.ext_id));
        self.ask_uis("create.deal_contacts", told, 1, |state, now| state.deals.put_contacts(contacts, now))
    }

    fn put_user_fields(&mut self, fields: Vec<UserField>) -> Done {
        let told = ids(fields.iter().map(|field| &field.ext_id));
        self.ask_uis("create.deal_user_field", told, fields.len(), |state, _| state.deals.put_user_fields(fields))
    }

    fn upload_history(&mut self, mut deals: Vec<Deal>) -> Done {
        let told = format!("{} states of {}", deals.len(), ids(deals.iter().map(|deal| &deal.ext_id)));
        let mut bad = None;
        for deal in &mut deals {
            match self.page_of(deal) {
                Ok(Some(url)) => {
                    if let Some(page) = &mut deal.page {
                        page.url = url;
                    }
                }
                Ok(None) => {}
                Err(refusal) => bad = bad.or(Some(refusal)),
            }
        }
        self.ask_uis("upload.deals_history", told, 1, |state, now| match bad {
            Some(refusal) => Err(refusal),
            None => state.deals.upload_history(deals, now),
        })
    }

    fn delete_deal(&mut self, ext_id: String) -> Done {
        self.ask_uis("delete.deals", ext_id.clone(), 1, |state, _| {
            state.deals.delete_deal(&ext_id);
            Ok(())
        })
    }
}

/// A time as the Data API writes it: in the account's zone, without one.
fn time(account: &Account, at: i64) -> Value {
    let time = instant(at);
    let local = zone(&account.timezone).map_or_else(|_| time.naive_utc(), |zone| time.with_timezone(&zone).naive_local());
    local.format("%Y-%m-%d %H:%M:%S").to_string().into()
}

fn number(text: &str) -> Value {
    text.parse::<serde_json::Number>().map_or_else(|_| text.into(), Value::Number)
}

/// A funnel by the Data API's names.
pub fn funnel_row(funnel: &Funnel) -> Value {
    let stages = funnel.stages.iter().map(|stage| {
        let (status, order) = match stage.status {
            StageStatus::InProcess => ("in_process", stage.order),
            // The Data API's own places for the ends.
            StageStatus::Success => ("success", 10010),
            StageStatus::Failed => ("failed", 10020),
        };
        json!({"stage_ext_id": stage.ext_id, "stage_name": stage.name, "stage_status": status, "stage_order": order})
    });
    json!({"ext_id": funnel.ext_id, "name": funnel.name, "stages": stages.collect::<Vec<_>>()})
}

/// A contact by the Data API's names.
pub fn contact_row(account: &Account, contact: &DealContact) -> Value {
    json!({
        "ext_id": contact.ext_id,
        "name": contact.name,
        "created_date_time": time(account, contact.created),
        "phone_numbers": contact.phone_numbers,
        "emails": contact.emails,
    })
}

/// A deal as it stands, by the Data API's names, and the stages that it went through. Fields and employee have their titles beside their ids.
pub fn deal_row(account: &Account, all: &Deals, history: &History) -> Option<Value> {
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
            "modified_stage_date_time": time(account, state.deal.stage_modified),
            "is_generated": state.is_generated,
        })
    });
    let mut row = json!({
        "ext_id": deal.ext_id,
        "name": deal.name,
        "created_date_time": time(account, deal.created),
        "modified_stage_date_time": time(account, deal.stage_modified),
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
    put("modified_date_time", deal.modified.map(|at| time(account, at)));
    put("closed_date_time", deal.closed.map(|at| time(account, at)));
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
