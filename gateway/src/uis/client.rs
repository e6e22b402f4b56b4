//! One UIS account: its two APIs and the lists that are kept of it. Integrations with the same addresses and credentials share it.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use uis_host::bindings::uis::integration::directory::{
    Campaign, ChatChannel, DirectoryTag, Employee, EmployeeFields, Line, Scenario, Site, Source, VirtualNumber,
};
use uis_host::clock::Clock;
use uis_host::ports::Egress;
use url::Url;

use super::error::CallError;
use super::lists::Cached;
use super::points::Purpose;
use super::rows::{self, Row};
use super::rpc::Rpc;
use super::session::Credentials;
use super::times;

/// How long employees, lines and numbers are kept: somebody's phone may have changed.
const PEOPLE_MS: i64 = 5 * 60_000;
/// How long the lists are kept that somebody chooses from.
const CHOICES_MS: i64 = 3_600_000;
/// How long sources are kept: they cost a point for 10 000 calls.
const SOURCES_MS: i64 = 6 * 3_600_000;
/// How far back the calls are looked at whose sources are listed.
const SOURCES_DAYS: i64 = 30;
/// The most calls that are looked at for their sources.
const SOURCES_CALLS: usize = 30_000;
/// The most rows of any other list.
const ROWS_MAX: usize = 100_000;

/// The account, as `get.account` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The account's id.
    pub app_id: i64,
    /// Its name.
    pub name: String,
    /// The IANA name of its time zone.
    pub timezone: String,
}

/// An employee, and the sites on which they answer chats.
#[derive(Debug, Clone)]
pub struct EmployeeRow {
    /// The employee.
    pub employee: Employee,
    /// The sites.
    pub sites: Vec<Site>,
}

/// A virtual number, and what it is used for.
#[derive(Debug, Clone)]
pub struct NumberRow {
    /// The number.
    pub number: VirtualNumber,
    /// The scenarios that handle its calls.
    pub scenarios: Vec<Scenario>,
    /// The advertising campaigns that show it.
    pub campaigns: Vec<Campaign>,
    /// The sites of these campaigns.
    pub sites: Vec<Site>,
}

/// One UIS account.
pub struct Client {
    /// The Data API.
    pub data: Rpc,
    /// The Call API.
    pub calls: Rpc,
    pub(super) account: Cached<AccountRow>,
    pub(super) employees: Cached<EmployeeRow>,
    pub(super) lines: Cached<Line>,
    pub(super) numbers: Cached<NumberRow>,
    pub(super) channels: Cached<ChatChannel>,
    pub(super) tags: Cached<DirectoryTag>,
    pub(super) sites: Cached<Site>,
    pub(super) scenarios: Cached<Scenario>,
    pub(super) campaigns: Cached<Campaign>,
    pub(super) sources: Cached<Source>,
    /// Employees whose creation UIS did not answer.
    pub(super) unanswered: Mutex<Vec<EmployeeFields>>,
    pub(super) reports: super::pages::Snapshots,
}

impl Client {
    /// The account at these addresses. `egress` sends the requests; nothing is asked yet.
    pub fn new(egress: Arc<dyn Egress>, data_api: Url, call_api: Url, credentials: Credentials, clock: Arc<dyn Clock>) -> Client {
        Client {
            data: Rpc::new(egress.clone(), data_api, credentials.clone(), clock.clone()),
            calls: Rpc::new(egress, call_api, credentials, clock),
            account: Cached::new(CHOICES_MS),
            employees: Cached::new(PEOPLE_MS),
            lines: Cached::new(PEOPLE_MS),
            numbers: Cached::new(PEOPLE_MS),
            channels: Cached::new(CHOICES_MS),
            tags: Cached::new(CHOICES_MS),
            sites: Cached::new(CHOICES_MS),
            scenarios: Cached::new(CHOICES_MS),
            campaigns: Cached::new(CHOICES_MS),
            sources: Cached::new(SOURCES_MS),
            unanswered: Mutex::default(),
            reports: super::pages::Snapshots::default(),
        }
    }

    /// Has all lists read anew: somebody says that the account has changed.
    pub fn outdate(&self) {
        self.account.outdate();
        self.employees.outdate();
        self.lines.outdate();
        self.numbers.outdate();
        self.channels.outdate();
        self.tags.outdate();
        self.sites.outdate();
        self.scenarios.outdate();
        self.campaigns.outdate();
        self.sources.outdate();
    }

    /// The current time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.data.now()
    }

    /// The account, asked now unless it is known.
    pub async fn describe(&self) -> Result<AccountRow, CallError> {
        let rows = self.account.get(&self.data, self.read_account()).await?;
        rows.first().cloned().ok_or_else(|| CallError::NoAnswer("no account".to_owned()))
    }

    /// Why UIS does not answer now, in sentences: what a person must put right, or that it cannot be reached.
    pub fn problems(&self) -> Vec<String> {
        let mut all = self.data.problems();
        all.extend(self.calls.problems());
        all.dedup();
        all
    }

    async fn list(&self, method: &str, fields: &[&str], purpose: Purpose) -> Result<Vec<Row>, CallError> {
        self.data.rows(method, Map::new(), fields, purpose, ROWS_MAX).await
    }

    /// `get.account`.
    pub async fn read_account(&self) -> Result<Vec<AccountRow>, CallError> {
        // Unlike the lists, it takes no page.
        let rows = self.data.call("get.account", Map::new(), Purpose::Work).await?.rows()?;
        let account = rows.first().and_then(|row| {
            Some(AccountRow {
                app_id: rows::integer(row.get("app_id"))?,
                name: rows::text(row.get("name")).unwrap_or_default(),
                timezone: rows::text(row.get("timezone"))?,
            })
        });
        account.map(|account| vec![account]).ok_or_else(|| CallError::NoAnswer("an account without id or time zone".to_owned()))
    }

    /// `get.employees`, by ascending id.
    pub async fn read_employees(&self) -> Result<Vec<EmployeeRow>, CallError> {
        const FIELDS: [&str; 10] =
            ["id", "first_name", "last_name", "patronymic", "full_name", "status", "email", "phone_numbers", "extension", "operator"];
        let rows = self.list("get.employees", &FIELDS, Purpose::Work).await?;
        let read = |row: &Row| {
            let operator = row.get("operator").and_then(Value::as_object);
            let sites = operator.map(|operator| rows::inside(operator, "operator_sites")).unwrap_or_default();
            Some(EmployeeRow { employee: rows::employee(row)?, sites: sites.iter().filter_map(rows::site).collect() })
        };
        Ok(by_key(readable("get.employees", &rows, read), |row| row.employee.id))
    }

    /// `get.sip_lines`, of the lines that belong to somebody.
    pub async fn read_lines(&self) -> Result<Vec<Line>, CallError> {
        const FIELDS: [&str; 6] = ["id", "physical_state", "billing_state", "virtual_phone_number", "status", "employee_id"];
        let mut rows = self.list("get.sip_lines", &FIELDS, Purpose::Work).await?;
        rows.sort_by_key(|row| rows::integer(row.get("id")));
        Ok(rows.iter().filter_map(rows::line).collect())
    }

    /// `get.virtual_numbers`, by ascending id.
    pub async fn read_numbers(&self) -> Result<Vec<NumberRow>, CallError> {
        const FIELDS: [&str; 6] = ["id", "virtual_phone_number", "status", "name", "campaigns", "scenarios"];
        let rows = self.list("get.virtual_numbers", &FIELDS, Purpose::Work).await?;
        let read = |row: &Row| {
            let campaigns = rows::inside(row, "campaigns");
            Some(NumberRow {
                number: rows::virtual_number(row)?,
                scenarios: rows::inside(row, "scenarios").iter().filter_map(rows::scenario).collect(),
                sites: campaigns.iter().filter_map(rows::site).collect(),
                campaigns: campaigns.iter().filter_map(rows::campaign).collect(),
            })
        };
        Ok(by_key(readable("get.virtual_numbers", &rows, read), |row| row.number.id))
    }

    /// `get.chat_channels`, by ascending id; none when the account has no chats.
    pub async fn read_channels(&self) -> Result<Vec<ChatChannel>, CallError> {
        let rows = granted(self.list("get.chat_channels", &[], Purpose::Comfort).await)?;
        Ok(by_key(readable("get.chat_channels", &rows, rows::chat_channel), |row| row.id))
    }

    /// `get.tags`, by ascending id.
    pub async fn read_tags(&self) -> Result<Vec<DirectoryTag>, CallError> {
        let rows = self.list("get.tags", &["id", "name"], Purpose::Comfort).await?;
        Ok(by_key(readable("get.tags", &rows, rows::tag), |row| row.id))
    }

    /// `get.sites`, by ascending id. For an account that does not have it: the sites of campaigns and of operators.
    pub async fn read_sites(&self) -> Result<Vec<Site>, CallError> {
        let found = match self.list("get.sites", &["id", "domain_name", "name"], Purpose::Comfort).await {
            Err(error) if error.is_not_there() => {
                let numbers = self.numbers.get(&self.data, self.read_numbers()).await?;
                let employees = self.employees.get(&self.data, self.read_employees()).await?;
                let of_numbers = numbers.iter().flat_map(|row| &row.sites);
                of_numbers.chain(employees.iter().flat_map(|row| &row.sites)).cloned().collect()
            }
            rows => readable("get.sites", &rows?, rows::site),
        };
        Ok(by_key(found, |row| row.id))
    }

    /// `get.scenarios`, by ascending id. For an account that does not have it: the scenarios of virtual numbers.
    pub async fn read_scenarios(&self) -> Result<Vec<Scenario>, CallError> {
        let found = match self.list("get.scenarios", &["id", "name"], Purpose::Comfort).await {
            Err(error) if error.is_not_there() => {
                let numbers = self.numbers.get(&self.data, self.read_numbers()).await?;
                numbers.iter().flat_map(|row| &row.scenarios).cloned().collect()
            }
            rows => readable("get.scenarios", &rows?, rows::scenario),
        };
        Ok(by_key(found, |row| row.id))
    }

    /// `get.campaigns`, by ascending id. For an account that does not have it: the campaigns of virtual numbers.
    pub async fn read_campaigns(&self) -> Result<Vec<Campaign>, CallError> {
        let found = match self.list("get.campaigns", &["id", "name"], Purpose::Comfort).await {
            Err(error) if error.is_not_there() => {
                let numbers = self.numbers.get(&self.data, self.read_numbers()).await?;
                numbers.iter().flat_map(|row| &row.campaigns).cloned().collect()
            }
            rows => readable("get.campaigns", &rows?, rows::campaign),
        };
        Ok(by_key(found, |row| row.id))
    }

    /// The sources of the calls of the last 30 days, by their names. The Data API has no list of the names that communications have.
    pub async fn read_sources(&self, zone: chrono_tz::Tz) -> Result<Vec<Source>, CallError> {
        let now = self.now();
        let from = now - SOURCES_DAYS * 24 * 3_600_000;
        let dates = json!({"date_from": times::written(zone, from), "date_till": times::written(zone, now)});
        let dates = dates.as_object().cloned().unwrap_or_default();
        let columns = ["id", "source_id", "source_name"];
        let rows = granted(self.data.rows("get.calls_report", dates, &columns, Purpose::Comfort, SOURCES_CALLS).await)?;
        Ok(by_key(rows.iter().filter_map(rows::source).collect(), |row| row.name.clone()))
    }
}

/// The rows that can be read. How many cannot is logged.
fn readable<T>(method: &str, rows: &[Row], read: impl Fn(&Row) -> Option<T>) -> Vec<T> {
    let found: Vec<T> = rows.iter().filter_map(read).collect();
    if found.len() < rows.len() {
        tracing::warn!(method, rows = rows.len(), unreadable = rows.len() - found.len(), "rows without an id or a name are left out");
    }
    found
}

/// The rows of a component that the account may not have: then there are none.
fn granted(rows: Result<Vec<Row>, CallError>) -> Result<Vec<Row>, CallError> {
    match rows {
        Err(error) if error.is_not_there() => Ok(Vec::new()),
        rows => rows,
    }
}

/// Rows in the order of a key, each key once.
fn by_key<T, K: Ord>(mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    rows.sort_by_key(&key);
    rows.dedup_by(|later, earlier| key(later) == key(earlier));
    rows
}
