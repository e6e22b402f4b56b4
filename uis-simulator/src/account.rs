//! One UIS account as it stands: its rows, its reports, its deals, and what UIS was asked to do.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::bindings::uis::integration::directory;
use uis_host::data_api::{ChatChannel, Employee, VirtualNumber};

use crate::{deals, points, report, rows};

/// The account, as a recording's header gives it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// UIS's id of the account.
    pub app_id: i64,
    /// Its name.
    pub name: String,
    /// IANA zone of its naive times.
    pub timezone: String,
    /// The secret that the remote system sends back in its callbacks.
    pub client_id: String,
    /// Extensions connected: `rmo`.
    pub extensions: Vec<String>,
    /// Ours: the page of the operator's workplace, for accounts that have it.
    pub workplace_url: String,
    /// People.
    pub employees: Vec<Employee>,
    /// Numbers.
    pub virtual_numbers: Vec<VirtualNumber>,
    /// Channels.
    pub chat_channels: Vec<ChatChannel>,
    /// Ours: what may be asked of the Data API.
    pub data_api_points: points::PointLimits,
}

/// UIS's name of the extension that is the operator's workplace.
pub const WORKPLACE: &str = "rmo";

/// The account's secret when a recording does not give one.
pub const DEFAULT_CLIENT_ID: &str = "replay-client-id";

impl Default for Account {
    fn default() -> Self {
        Account {
            app_id: 1,
            name: "Replay".into(),
            // UIS's default.
            timezone: "Europe/Moscow".into(),
            client_id: DEFAULT_CLIENT_ID.into(),
            extensions: Vec::new(),
            // The account's own pages are there; the workplace's place among them is not public [inferred].
            workplace_url: "https://go.uiscom.ru/rmo".into(),
            employees: Vec::new(),
            virtual_numbers: Vec::new(),
            chat_channels: Vec::new(),
            data_api_points: points::PointLimits::default(),
        }
    }
}

/// The account as it stands: its rows, its reports, what UIS was told to do.
#[derive(Debug, Default)]
pub struct AccountState {
    /// The account.
    pub account: Account,
    /// What UIS's own reports know by now.
    pub report: report::Report,
    /// Funnels, deals and their contacts.
    pub deals: deals::Deals,
    /// What was asked of the Data API lately.
    pub points: points::Points,
    /// Calls that were ordered, as `start.employee_call` takes them.
    pub dialled: Vec<Value>,
    /// Answers to incoming calls.
    pub answers: Vec<Value>,
}

impl AccountState {
    /// An account before anything happened.
    pub fn new(account: Account) -> Self {
        AccountState { account, ..AccountState::default() }
    }

    /// The account is another from now on, in the given members; true when other extensions are connected. Its zone and its secret stay:
    /// what happened before would not be the same any more.
    pub fn update(&mut self, members: &Value) -> Result<bool, String> {
        let mut whole = serde_json::to_value(&self.account).map_err(|error| error.to_string())?;
        for (name, value) in members.as_object().into_iter().flatten() {
            match (name.as_str(), whole.get_mut(name)) {
                ("timezone" | "client_id", _) => return Err(format!("account.{name} is the header's and cannot change")),
                (_, Some(known)) => *known = value.clone(),
                (_, None) => return Err(format!("account.{name}: there is no such member")),
            }
        }
        let account: Account =
            serde_path_to_error::deserialize(&whole).map_err(|error| format!("account.{}: {}", error.path(), error.inner()))?;
        let other_extensions = account.extensions != self.account.extensions || account.workplace_url != self.account.workplace_url;
        self.account = account;
        Ok(other_extensions)
    }

    /// Takes in rows of UIS's reports.
    pub fn merge_report(&mut self, rows: &Value, zone: chrono_tz::Tz, now: i64) -> Result<(), String> {
        let mut report = std::mem::take(&mut self.report);
        let merged = report.merge(rows, zone, now, &|number| self.is_extension(number));
        self.report = report;
        merged
    }

    /// Whether a number is the short number of one of the account's employees.
    pub fn is_extension(&self, number: &str) -> bool {
        self.account.employees.iter().any(|employee| employee.extension_number().as_deref() == Some(number))
    }

    /// Creates an employee.
    pub fn create_employee(&mut self, fields: &directory::EmployeeFields) -> Result<i64, directory::DirectoryError> {
        let refused = |mnemonic: &str, text: &str| directory::DirectoryError::Refused((mnemonic.into(), text.into()));
        if fields.last_name.as_deref().is_none_or(|name| name.trim().is_empty()) {
            return Err(refused("required_parameter_missed", "last_name is required"));
        }
        self.check_email(None, fields)?;
        let id = self.account.employees.iter().map(|employee| employee.id).max().unwrap_or(0) + 1;
        let mut employee = Employee { id, ..Employee::default() };
        employee.write(fields);
        self.account.employees.push(employee);
        Ok(id)
    }

    /// Changes an employee.
    pub fn update_employee(&mut self, id: i64, fields: &directory::EmployeeFields) -> Result<(), directory::DirectoryError> {
        let refused = |mnemonic: &str, text: String| directory::DirectoryError::Refused((mnemonic.into(), text));
        self.check_email(Some(id), fields)?;
        let Some(employee) = self.account.employees.iter_mut().find(|employee| employee.id == id) else {
            return Err(refused("entity_not_found", format!("there is no employee {id}")));
        };
        if fields.last_name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(refused("invalid_parameter_value", "last_name cannot be empty".into()));
        }
        employee.write(fields);
        Ok(())
    }

    /// An e-mail must be one, and nobody else's [inferred: UIS's rule is not public].
    fn check_email(&self, id: Option<i64>, fields: &directory::EmployeeFields) -> Result<(), directory::DirectoryError> {
        let Some(email) = &fields.email else { return Ok(()) };
        let refused = |mnemonic: &str, text: String| Err(directory::DirectoryError::Refused((mnemonic.into(), text)));
        let is_email = email.split_once('@').is_some_and(|(name, host)| {
            let labels: Vec<&str> = host.split('.').collect();
            !name.is_empty() && labels.len() > 1 && labels.iter().all(|label| !label.is_empty()) && !email.contains(char::is_whitespace)
        });
        if !is_email {
            return refused("invalid_parameter_value", format!("email: {email:?} is no e-mail"));
        }
        let has_it = |employee: &&Employee| employee.email.as_deref().is_some_and(|known| known.to_lowercase() == email.to_lowercase());
        match self.account.employees.iter().filter(has_it).find(|employee| Some(employee.id) != id) {
            Some(other) => refused("duplicate_entity", format!("email: employee {} has {email:?}", other.id)),
            None => Ok(()),
        }
    }

    /// Starts a call as `start.employee_call` would.
    pub fn dial(&mut self, at: &str, order: &DialOrder) {
        let mut employee = json!({ "id": order.employee_id });
        if let Some(phone) = &order.employee_phone {
            employee["phone_number"] = phone.clone().into();
        }
        self.dialled.push(json!({
            "at": at,
            "contact": order.contact,
            "employee": employee,
            "virtual_phone_number": order.virtual_number,
            "show_virtual_phone_number": order.show_virtual_number,
            "direction": "out",
        }));
    }

    /// What UIS holds, for the report of a replay.
    pub fn to_json(&self) -> Value {
        let zone = &self.account.timezone;
        json!({
            "employees": self.account.employees,
            "funnels": self.deals.funnels.iter().map(rows::funnel_row).collect::<Vec<_>>(),
            "deals": self.deals.deals.iter().filter_map(|history| rows::deal_row(zone, &self.deals, history)).collect::<Vec<_>>(),
            "dealContacts": self.deals.contacts.iter().map(|contact| rows::contact_row(zone, contact)).collect::<Vec<_>>(),
            "dialled": self.dialled,
            "answers": self.answers,
        })
    }
}
