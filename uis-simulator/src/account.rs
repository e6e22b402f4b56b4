//! The state of one UIS account: its rows, its reports, its deals, and the calls that it was asked to start.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::bindings::uis::integration::directory;
use uis_host::data_api::{Campaign, ChatChannel, Employee, Scenario, Site, Source, Tag, VirtualNumber};
use uis_host::event::Event;

use crate::{access, deals, points, report, rows};

/// A UIS account, in the form of a recording's header.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The account's id in UIS.
    pub app_id: i64,
    /// The account's name.
    pub name: String,
    /// IANA name of the time zone of times without one.
    pub timezone: String,
    /// The secret that the CRM sends in its callbacks.
    pub client_id: String,
    /// The UIS extensions that are switched on, such as `rmo`.
    pub extensions: Vec<String>,
    /// The page of the operator's workplace, for accounts that have it. Our addition; the Data API has no such field.
    pub workplace_url: String,
    /// The employees.
    pub employees: Vec<Employee>,
    /// The virtual numbers.
    pub virtual_numbers: Vec<VirtualNumber>,
    /// The chat channels.
    pub chat_channels: Vec<ChatChannel>,
    /// The sites.
    pub sites: Vec<Site>,
    /// The tags.
    pub tags: Vec<Tag>,
    /// The call scenarios.
    pub scenarios: Vec<Scenario>,
    /// The advertising campaigns.
    pub campaigns: Vec<Campaign>,
    /// The sources of visits.
    pub sources: Vec<Source>,
    /// The limits of the Data API. Our addition; the Data API has no such field.
    pub data_api_points: points::PointLimits,
    /// The limits of the Call API; every call that is started costs a point `[inferred]`. This member and those below are our addition.
    pub call_api_points: points::PointLimits,
    /// Keys of the APIs. Without keys and users the APIs accept any token.
    pub api_keys: Vec<access::AccessKey>,
    /// Users who log in to the APIs. Without keys and users the APIs accept any login.
    pub api_users: Vec<access::AccessUser>,
    /// The addresses from which the APIs may be used, as in [`admits`](access::admits); empty: from anywhere.
    pub api_ip_allowed: Vec<String>,
    /// The components that the account has; none: all of them.
    pub components: Option<Vec<String>>,
    /// `active`; an account in any other state is refused by the APIs.
    pub app_state: String,
    /// Phone numbers that are not called.
    pub black_list: Vec<String>,
    /// Calls to other countries are allowed. They are not, until somebody allows them in the account.
    pub international_calls: bool,
    /// The files that may be played during calls.
    pub media_files: Vec<i64>,
    /// Rows of `get.statuses`; empty: UIS's own statuses.
    pub statuses: Vec<Value>,
}

/// UIS's name of the extension for the operator's workplace.
pub const WORKPLACE: &str = "rmo";

/// The account's secret when a recording gives none.
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
            // The account's pages are on this host; the path of the workplace is not public [inferred].
            workplace_url: "https://go.uiscom.ru/rmo".into(),
            employees: Vec::new(),
            virtual_numbers: Vec::new(),
            chat_channels: Vec::new(),
            sites: Vec::new(),
            tags: Vec::new(),
            scenarios: Vec::new(),
            campaigns: Vec::new(),
            sources: Vec::new(),
            data_api_points: points::PointLimits::default(),
            call_api_points: points::PointLimits::default(),
            api_keys: Vec::new(),
            api_users: Vec::new(),
            api_ip_allowed: Vec::new(),
            components: None,
            app_state: "active".into(),
            black_list: Vec::new(),
            international_calls: false,
            media_files: Vec::new(),
            statuses: Vec::new(),
        }
    }
}

impl Account {
    /// Reads an account from JSON. The error names the member that is unknown or wrong.
    pub fn read(members: &Value) -> Result<Account, String> {
        let Some(given) = members.as_object() else { return Err("an account must be an object".into()) };
        let known = serde_json::to_value(Account::default()).map_err(|error| error.to_string())?;
        if let Some(unknown) = given.keys().find(|name| known.get(name.as_str()).is_none()) {
            return Err(format!("account.{unknown}: unknown member"));
        }
        serde_path_to_error::deserialize(members).map_err(|error| format!("account.{}: {}", error.path(), error.inner()))
    }
}

/// The account and everything that happened in it.
#[derive(Debug, Default)]
pub struct AccountState {
    /// The account's rows.
    pub account: Account,
    /// UIS's reports.
    pub report: report::Report,
    /// Sales funnels, deals and their contacts.
    pub deals: deals::Deals,
    /// The Data API points that were used.
    pub points: points::Points,
    /// Calls that were started, as parameters of `start.employee_call`.
    pub dialled: Vec<Value>,
    /// Ids of the orders; of a counted account the last ones.
    orders: HashSet<String>,
    /// The orders before those, of a counted account.
    orders_before: HashSet<String>,
    /// Answers to routing requests.
    pub answers: Vec<Value>,
    /// Sessions of the APIs' users.
    pub sessions: access::Sessions,
    /// The Call API points that were used.
    pub call_points: points::Points,
    /// Notifications that were sent, as rows of `get.notifications`.
    pub notifications: Vec<Value>,
    /// Calls that go on.
    pub ongoing: Vec<Ongoing>,
    /// The id of the last call that was started.
    last_session: i64,
    /// What is kept of what happened.
    history: History,
}

/// What an account keeps of what happened.
#[derive(Debug, Default)]
enum History {
    /// Everything.
    #[default]
    Whole,
    /// Calls that were started and answers are counted, and rows of reports are forgotten after [`REPORTED_FOR_MS`].
    Counted { dialled: u64, answers: u64 },
}

/// A counted account forgets rows of reports after this time, in milliseconds: a week. Whoever reads reports asks for the last days.
const REPORTED_FOR_MS: i64 = 7 * 24 * 3_600_000;

/// A counted account remembers at least this many of the last dial orders.
const ORDERS_REMEMBERED: usize = 10_000;

/// A call that goes on.
#[derive(Debug, Clone, Serialize)]
pub struct Ongoing {
    /// The row of `list.calls`.
    pub row: Value,
    /// When the call ends by itself, in milliseconds since 1970; none: somebody removes it.
    pub until: Option<i64>,
}

/// The first call session's id; UIS's are of this size.
const FIRST_SESSION: i64 = 237_859_081;

impl AccountState {
    /// The state of an account before the first event.
    pub fn new(account: Account) -> Self {
        AccountState { account, ..AccountState::default() }
    }

    /// From now on calls that were started and answers are only counted, and rows of reports are forgotten after a week, so that the state
    /// does not grow with time. [`to_json`](Self::to_json) has numbers in place of these lists.
    pub fn count_only(&mut self) {
        self.history = History::Counted { dialled: self.dialled.len() as u64, answers: self.answers.len() as u64 };
        self.dialled.clear();
        self.answers.clear();
    }

    /// Records the answer to a routing request.
    pub fn answered(&mut self, answer: Value) {
        match &mut self.history {
            History::Whole => self.answers.push(answer),
            History::Counted { answers, .. } => *answers += 1,
        }
    }

    /// Adds what UIS reported in a notification to its reports.
    pub fn notified(&mut self, event: &Event, now: i64) {
        self.report.notified(event);
        self.forget(now);
    }

    /// Forgets rows that are too old, if the account is counted.
    fn forget(&mut self, now: i64) {
        if matches!(self.history, History::Counted { .. }) {
            self.report.forget_before(now - REPORTED_FOR_MS);
        }
    }

    /// Replaces the given members of the account. True when its extensions or the workplace's page changed. The time zone and the secret
    /// cannot change, because earlier events depend on them. The error names the member.
    pub fn update(&mut self, members: &Value) -> Result<bool, String> {
        let mut whole = serde_json::to_value(&self.account).map_err(|error| error.to_string())?;
        for (name, value) in members.as_object().into_iter().flatten() {
            match (name.as_str(), whole.get_mut(name)) {
                ("timezone" | "client_id", _) => return Err(format!("account.{name} cannot change; set it in the recording's header")),
                (_, Some(known)) => *known = value.clone(),
                (_, None) => return Err(format!("account.{name}: unknown member")),
            }
        }
        let account: Account =
            serde_path_to_error::deserialize(&whole).map_err(|error| format!("account.{}: {}", error.path(), error.inner()))?;
        let other_extensions = account.extensions != self.account.extensions || account.workplace_url != self.account.workplace_url;
        self.account = account;
        Ok(other_extensions)
    }

    /// Adds rows to UIS's reports; see [`Report::merge`](report::Report::merge).
    pub fn merge_report(&mut self, rows: &Value, zone: chrono_tz::Tz, now: i64) -> Result<(), String> {
        let mut report = std::mem::take(&mut self.report);
        let merged = report.merge(rows, zone, now, &|number| self.is_extension(number));
        self.report = report;
        self.forget(now);
        merged
    }

    /// Gives new calls ids from this one on, if their ids would be smaller.
    pub fn begin_sessions_at(&mut self, id: i64) {
        self.last_session = self.last_session.max(id - 1);
    }

    /// A new id for a call.
    pub fn new_session_id(&mut self) -> i64 {
        self.last_session = (self.last_session + 1).max(self.report.last_call() + 1).max(FIRST_SESSION);
        self.last_session
    }

    /// Whether a number is the extension of an employee.
    pub fn is_extension(&self, number: &str) -> bool {
        self.account.employees.iter().any(|employee| employee.extension_number().as_deref() == Some(number))
    }

    /// Creates an employee and returns the id. Refuses an empty last name and an invalid or duplicate e-mail address.
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

    /// Changes an employee. Refuses an unknown id, an empty last name and an invalid or duplicate e-mail address.
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

    /// Checks that an e-mail address is valid and belongs to no other employee `[inferred: UIS's rule is not public]`.
    fn check_email(&self, id: Option<i64>, fields: &directory::EmployeeFields) -> Result<(), directory::DirectoryError> {
        let Some(email) = &fields.email else { return Ok(()) };
        let refused = |mnemonic: &str, text: String| Err(directory::DirectoryError::Refused((mnemonic.into(), text)));
        let is_email = email.split_once('@').is_some_and(|(name, host)| {
            let labels: Vec<&str> = host.split('.').collect();
            !name.is_empty() && labels.len() > 1 && labels.iter().all(|label| !label.is_empty()) && !email.contains(char::is_whitespace)
        });
        if !is_email {
            return refused("invalid_parameter_value", format!("email: {email:?} is not an e-mail address"));
        }
        let has_it = |employee: &&Employee| employee.email.as_deref().is_some_and(|known| known.to_lowercase() == email.to_lowercase());
        match self.account.employees.iter().filter(has_it).find(|employee| Some(employee.id) != id) {
            Some(other) => refused("duplicate_entity", format!("email: {email:?} belongs to employee {}", other.id)),
            None => Ok(()),
        }
    }

    /// Records a call, as `start.employee_call` would start it. An order repeated with its id starts no second call.
    pub fn dial(&mut self, id: &str, at: &str, order: &DialOrder) {
        if self.orders_before.contains(id) || !self.orders.insert(id.to_owned()) {
            return;
        }
        if let History::Counted { dialled, .. } = &mut self.history {
            *dialled += 1;
            if self.orders.len() >= ORDERS_REMEMBERED {
                self.orders_before = std::mem::take(&mut self.orders);
            }
            return;
        }
        let mut employee = json!({ "id": order.employee_id });
        if let Some(phone) = &order.employee_phone {
            employee["phone_number"] = phone.clone().into();
        }
        let mut dialled = json!({
            "at": at,
            "contact": order.contact,
            "employee": employee,
            "virtual_phone_number": order.virtual_number,
            "show_virtual_phone_number": order.show_virtual_number,
            "direction": "out",
        });
        if let Some(extension) = &order.extension {
            dialled["dtmf_string"] = uis_phones::dtmf(extension).into();
        }
        if let Some(rule) = &order.virtual_number_rule {
            dialled["virtual_phone_usage_rule"] = rule.clone().into();
        }
        self.dialled.push(dialled);
    }

    /// The state as the member `uis` of a replay's report.
    pub fn to_json(&self) -> Value {
        let zone = &self.account.timezone;
        let (dialled, answers) = match &self.history {
            History::Whole => (json!(self.dialled), json!(self.answers)),
            History::Counted { dialled, answers } => (json!(dialled), json!(answers)),
        };
        json!({
            "employees": self.account.employees,
            "funnels": self.deals.funnels.iter().map(rows::funnel_row).collect::<Vec<_>>(),
            "deals": self.deals.deals.iter().filter_map(|history| rows::deal_row(zone, &self.deals, history)).collect::<Vec<_>>(),
            "dealContacts": self.deals.contacts.iter().map(|contact| rows::contact_row(zone, contact)).collect::<Vec<_>>(),
            "dialled": dialled,
            "answers": answers,
        })
    }
}
