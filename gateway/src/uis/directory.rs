//! The port [`Directory`] over the Data API.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use uis_host::bindings::uis::integration::directory::{
    Account, Campaign, ChatChannel, DirectoryError, DirectoryTag, Employee, EmployeeFields, Line, Scenario, Site, Source, VirtualNumber,
};
use uis_host::clock::zone;
use uis_host::limits::DIRECTORY_PAGE;
use uis_host::ports::Directory;
use uis_host::sync::lock;

use super::LiveAccount;
use super::client::{Client, EmployeeRow};
use super::error::{CallError, Refusal};
use super::points::Purpose;
use super::rows;

/// UIS's name of the extension for the operator's workplace.
const WORKPLACE: &str = "rmo";
/// How old the list may be in which an unknown employee is looked for, in milliseconds. Somebody may be new; but an id that nobody has must
/// not cost a point each time.
const UNKNOWN_EMPLOYEE_MS: i64 = 60_000;
/// How long an answer that cannot be an error waits for UIS.
const PATIENCE: Duration = Duration::from_secs(3);

/// A page of rows.
fn page<T, U>(rows: &[T], offset: u32, convert: impl Fn(&T) -> U) -> Vec<U> {
    rows.iter().skip(offset as usize).take(DIRECTORY_PAGE).map(convert).collect()
}

/// The given fields of an employee, by the Data API's names.
fn params(fields: &EmployeeFields) -> Map<String, Value> {
    let all = [
        ("last_name", &fields.last_name),
        ("first_name", &fields.first_name),
        ("patronymic", &fields.patronymic),
        ("email", &fields.email),
        ("status", &fields.status),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into()))).collect()
}

/// Whether an employee has all these data.
fn has(employee: &Employee, fields: &EmployeeFields) -> bool {
    let same = |has: &str, given: &Option<String>| given.as_deref().is_none_or(|given| given.trim() == has.trim());
    same(&employee.last_name, &fields.last_name)
        && same(&employee.first_name, &fields.first_name)
        && same(&employee.patronymic, &fields.patronymic)
        && same(&employee.email.clone().unwrap_or_default().to_lowercase(), &fields.email.as_ref().map(|email| email.to_lowercase()))
}

impl Client {
    /// Creates an employee. There is no key by which UIS would know a repetition, so after an unanswered attempt the employee is looked for
    /// first.
    async fn create(&self, fields: &EmployeeFields) -> Result<i64, CallError> {
        let repeated = lock(&self.unanswered).iter().any(|known| known == fields);
        if repeated {
            let everybody = self.employees.younger_than(0, &self.data, self.read_employees()).await?;
            lock(&self.unanswered).retain(|known| known != fields);
            if let Some(found) = everybody.iter().rev().find(|row| has(&row.employee, fields)) {
                return Ok(found.employee.id);
            }
        }
        let created = self.data.call("create.employees", params(fields), Purpose::Work).await;
        self.written(created.as_ref().err());
        match created {
            Ok(answer) => answer.integer("id").ok_or_else(|| {
                lock(&self.unanswered).push(fields.clone());
                CallError::NoAnswer("a new employee without an id".to_owned())
            }),
            Err(error) => {
                if matches!(error, CallError::NoAnswer(_)) {
                    lock(&self.unanswered).push(fields.clone());
                }
                Err(error)
            }
        }
    }

    /// Notes that employees may have been written to.
    fn written(&self, error: Option<&CallError>) {
        if matches!(error, None | Some(CallError::NoAnswer(_))) {
            self.employees.outdate();
        }
    }

    /// Changes an employee. The documentation calls the last name and the phones required, and accounts accept an update without them; so
    /// they are sent, as UIS has them, only when UIS asks for them.
    async fn update(&self, id: i64, fields: &EmployeeFields) -> Result<(), CallError> {
        let mut all = params(fields);
        all.insert("id".to_owned(), id.into());
        let mut answer = self.data.call("update.employees", all.clone(), Purpose::Work).await;
        if matches!(&answer, Err(CallError::Refused(refusal)) if refusal.mnemonic == "required_parameter_missed") {
            self.complete(id, &mut all).await?;
            answer = self.data.call("update.employees", all, Purpose::Work).await;
        }
        self.written(answer.as_ref().err());
        answer.map(drop)
    }

    /// Adds the last name and the phones that an employee has, read now: UIS replaces a list of phones whole.
    async fn complete(&self, id: i64, all: &mut Map<String, Value>) -> Result<(), CallError> {
        let filter = [("filter".to_owned(), super::lists::filter("id", "=", id))].into_iter().collect();
        let rows = self.data.rows("get.employees", filter, &["id", "last_name", "phone_numbers"], Purpose::Work, 1).await?;
        let Some(row) = rows.into_iter().find(|row| rows::integer(row.get("id")) == Some(id)) else {
            return Err(CallError::Refused(Refusal::of("entity_not_found", format!("there is no employee {id}"), "id", id.to_string())));
        };
        for name in ["last_name", "phone_numbers"] {
            if let Some(value) = row.get(name).filter(|value| !value.is_null()) {
                all.entry(name).or_insert_with(|| value.clone());
            }
        }
        Ok(())
    }

    pub(super) async fn everybody(&self) -> Result<Arc<Vec<EmployeeRow>>, CallError> {
        self.employees.get(&self.data, self.read_employees()).await
    }

    async fn employee(&self, id: i64) -> Result<Option<Employee>, CallError> {
        let find = |rows: &[EmployeeRow]| {
            rows.binary_search_by_key(&id, |row| row.employee.id).ok().and_then(|place| rows.get(place)).map(|row| row.employee.clone())
        };
        let found = find(&self.everybody().await?);
        // Ids of UIS are positive.
        if found.is_some() || id <= 0 {
            return Ok(found);
        }
        let again = self.employees.younger_than(UNKNOWN_EMPLOYEE_MS, &self.data, self.read_employees()).await?;
        Ok(find(&again))
    }

    /// Whether somebody has this short number, by the list that is known. It is read anew in the background; only when nothing usable is
    /// known, the list is waited for, and not long.
    async fn is_extension(self: Arc<Self>, number: &str) -> bool {
        let client = self.clone();
        let reading = tokio::spawn(async move { client.everybody().await.map(drop) });
        if self.employees.is_unusable() {
            let _ = tokio::time::timeout(PATIENCE, reading).await;
        }
        let Some(rows) = self.employees.known() else { return false };
        !number.is_empty() && rows.iter().any(|row| row.employee.extension.as_deref() == Some(number))
    }
}

impl LiveAccount {
    /// The account: what UIS said last; before it said anything, the configured time zone, without id and name.
    async fn describe(&self) -> Account {
        let client = self.client.clone();
        let reading = tokio::spawn(async move { client.account.get(&client.data, client.read_account()).await.map(drop) });
        // A slow answer is read to its end, for whoever asks next.
        let _ = tokio::time::timeout(PATIENCE, reading).await;
        let row = self.client.account.known().and_then(|rows| rows.first().cloned());
        let (app_id, name, timezone) = match row {
            Some(row) => (row.app_id, row.name, row.timezone),
            None => (0, String::new(), self.options.zone.name().to_owned()),
        };
        let extensions = self.options.extensions.clone();
        let workplace_url = self.options.workplace_url.as_ref().filter(|_| extensions.iter().any(|name| name == WORKPLACE));
        Account { app_id, name, timezone, workplace_url: workplace_url.map(ToString::to_string), extensions }
    }

    /// The time zone of the Data API's times: UIS's word, or else the configured one.
    pub(super) async fn zone(&self) -> chrono_tz::Tz {
        zone(&self.describe().await.timezone).unwrap_or(self.options.zone)
    }

    async fn all_sources(&self) -> Result<Vec<Source>, CallError> {
        let typed = self.options.sources.iter().map(|name| Source { id: None, name: name.clone() });
        let mut all: Vec<Source> = match self.client.sources.get(&self.client.data, self.client.read_sources(self.zone().await)).await {
            Ok(found) => found.iter().cloned().chain(typed).collect(),
            // What the owner typed is there without UIS.
            Err(_) if !self.options.sources.is_empty() => typed.collect(),
            Err(error) => return Err(error),
        };
        all.sort_by(|left, right| left.name.cmp(&right.name).then(right.id.cmp(&left.id)));
        all.dedup_by(|later, earlier| later.name == earlier.name);
        Ok(all)
    }
}

/// A page of one of the lists that are kept as they are shown.
macro_rules! listed {
    ($self:ident, $offset:ident, $list:ident, $read:ident) => {
        async move {
            let client = &$self.client;
            let rows = client.$list.get(&client.data, client.$read()).await.map_err(CallError::of_directory)?;
            Ok(page(&rows, $offset, Clone::clone))
        }
        .boxed()
    };
}

/// Lists come from the client's memory and are read anew when they are old: employees, lines and numbers after five minutes, the others
/// after an hour. While UIS is away, what was read within a day is used.
///
/// [`account`](Directory::account) and [`is_extension`](Directory::is_extension) cannot fail: while UIS is away they answer what was known
/// last. Before UIS has answered once, the account has the configured time zone and no name, and no number is an extension.
impl Directory for LiveAccount {
    fn account(&self) -> BoxFuture<'_, Account> {
        self.describe().boxed()
    }

    fn employees(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Employee>, DirectoryError>> {
        async move {
            let rows = self.client.everybody().await.map_err(CallError::of_directory)?;
            Ok(page(&rows, offset, |row| row.employee.clone()))
        }
        .boxed()
    }

    fn find_employee(&self, id: i64) -> BoxFuture<'_, Result<Option<Employee>, DirectoryError>> {
        async move { self.client.employee(id).await.map_err(CallError::of_directory) }.boxed()
    }

    fn create_employee<'a>(&'a self, fields: &'a EmployeeFields) -> BoxFuture<'a, Result<i64, DirectoryError>> {
        async move { self.client.create(fields).await.map_err(CallError::of_write) }.boxed()
    }

    fn update_employee<'a>(&'a self, id: i64, fields: &'a EmployeeFields) -> BoxFuture<'a, Result<(), DirectoryError>> {
        async move { self.client.update(id, fields).await.map_err(CallError::of_write) }.boxed()
    }

    fn lines(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Line>, DirectoryError>> {
        listed!(self, offset, lines, read_lines)
    }

    fn virtual_numbers(&self, offset: u32) -> BoxFuture<'_, Result<Vec<VirtualNumber>, DirectoryError>> {
        async move {
            let client = &self.client;
            let rows = client.numbers.get(&client.data, client.read_numbers()).await.map_err(CallError::of_directory)?;
            Ok(page(&rows, offset, |row| row.number.clone()))
        }
        .boxed()
    }

    fn chat_channels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<ChatChannel>, DirectoryError>> {
        listed!(self, offset, channels, read_channels)
    }

    fn sites(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Site>, DirectoryError>> {
        listed!(self, offset, sites, read_sites)
    }

    fn tags(&self, offset: u32) -> BoxFuture<'_, Result<Vec<DirectoryTag>, DirectoryError>> {
        listed!(self, offset, tags, read_tags)
    }

    fn scenarios(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Scenario>, DirectoryError>> {
        listed!(self, offset, scenarios, read_scenarios)
    }

    fn campaigns(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Campaign>, DirectoryError>> {
        listed!(self, offset, campaigns, read_campaigns)
    }

    fn sources(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Source>, DirectoryError>> {
        async move { Ok(page(&self.all_sources().await.map_err(CallError::of_directory)?, offset, Clone::clone)) }.boxed()
    }

    fn is_extension<'a>(&'a self, number: &'a str) -> BoxFuture<'a, bool> {
        self.client.clone().is_extension(number).boxed()
    }
}
