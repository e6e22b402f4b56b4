//! The account as an implementation of the host's ports.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::SecondsFormat;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use uis_host::bindings::uis::integration::call_events::{CallFinished, DialOrder};
use uis_host::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
use uis_host::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, Funnel, Refusal, UserField};
use uis_host::bindings::uis::integration::directory::{
    self, Campaign, ChatChannel, DirectoryError, DirectoryTag, Employee, EmployeeFields, Line, Scenario, Site, Source, VirtualNumber,
};
use uis_host::bindings::uis::integration::site_request_events::SiteRequest;
use uis_host::clock::{Clock, instant, zone};
use uis_host::limits::DIRECTORY_PAGE;
use uis_host::ports::{DealsApi, DialError, Dialler, Directory, ReportPage, Reports};
use uis_host::sync::lock;

use crate::account::{Account, AccountState, WORKPLACE};

/// A UIS account in memory. It implements the ports [`Directory`], [`Reports`], [`DealsApi`] and [`Dialler`].
pub struct SimulatedAccount {
    state: Mutex<AccountState>,
    clock: Arc<dyn Clock>,
    /// An integration did something that the account's other integrations may notice.
    affected: AtomicBool,
}

impl SimulatedAccount {
    /// An account before the first event. The clock gives the current time.
    pub fn new(account: Account, clock: Arc<dyn Clock>) -> Self {
        SimulatedAccount { state: Mutex::new(AccountState::new(account)), clock, affected: AtomicBool::new(false) }
    }

    /// The state of the account. It stays locked until the guard is dropped.
    pub fn state(&self) -> MutexGuard<'_, AccountState> {
        lock(&self.state)
    }

    /// Whether an integration did something, through the ports, that the account's other integrations may notice: it created or changed an
    /// employee, or used Data API points, as everything about deals does. Nobody can read through the ports which calls were started.
    pub fn is_affected(&self) -> bool {
        self.affected.load(Ordering::Relaxed)
    }

    /// The state, for something that other integrations may notice.
    fn affect(&self) -> MutexGuard<'_, AccountState> {
        self.affected.store(true, Ordering::Relaxed);
        self.state()
    }

    /// A time, given in milliseconds since 1970, as RFC 3339 in the account's time zone.
    pub fn shown(&self, at: i64) -> String {
        let at = instant(at);
        match zone(&self.state().account.timezone) {
            Ok(zone) => at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false),
            Err(_) => at.to_rfc3339_opts(SecondsFormat::Secs, false),
        }
    }

    /// Executes a Data API call that costs points, if enough points are left.
    fn ask<'a, T: Send + 'a>(
        &self,
        points: usize,
        ask: impl FnOnce(&mut AccountState, i64) -> Result<T, Refusal>,
    ) -> BoxFuture<'a, Result<T, DealsError>> {
        let now = self.clock.now_ms();
        let mut state = self.affect();
        let limits = state.account.data_api_points;
        let answer = match state.points.take(limits, now, u32::try_from(points).unwrap_or(u32::MAX)) {
            Err(after_ms) => Err(DealsError::Busy(after_ms)),
            Ok(()) => ask(&mut state, now).map_err(DealsError::Refused),
        };
        ready(answer).boxed()
    }
}

fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    ready(value).boxed()
}

/// One page of rows, from an offset.
fn page<T, U>(rows: &[T], offset: u32, convert: impl Fn(&T) -> U) -> Vec<U> {
    rows.iter().skip(offset as usize).take(DIRECTORY_PAGE).map(convert).collect()
}

/// One page of rows in order of a key, each key once.
fn sorted<T, U, K: Ord>(rows: &[T], offset: u32, key: impl Fn(&T) -> K, convert: impl Fn(&T) -> U) -> Vec<U> {
    let mut all: Vec<&T> = rows.iter().collect();
    all.sort_by_key(|row| key(row));
    all.dedup_by_key(|row| key(row));
    page(&all, offset, |row| convert(row))
}

impl Directory for SimulatedAccount {
    fn account(&self) -> BoxFuture<'_, directory::Account> {
        let state = self.state();
        let account = &state.account;
        done(directory::Account {
            app_id: account.app_id,
            name: account.name.clone(),
            timezone: account.timezone.clone(),
            extensions: account.extensions.clone(),
            workplace_url: account.extensions.iter().any(|name| name == WORKPLACE).then(|| account.workplace_url.clone()),
        })
    }

    fn employees(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Employee>, DirectoryError>> {
        let state = self.state();
        let mut rows: Vec<_> = state.account.employees.iter().collect();
        rows.sort_by_key(|employee| employee.id);
        done(Ok(page(&rows, offset, |row| row.to_contract())))
    }

    fn find_employee(&self, id: i64) -> BoxFuture<'_, Result<Option<Employee>, DirectoryError>> {
        done(Ok(self.state().account.employees.iter().find(|row| row.id == id).map(|row| row.to_contract())))
    }

    fn create_employee<'a>(&'a self, fields: &'a EmployeeFields) -> BoxFuture<'a, Result<i64, DirectoryError>> {
        done(self.affect().create_employee(fields))
    }

    fn update_employee<'a>(&'a self, id: i64, fields: &'a EmployeeFields) -> BoxFuture<'a, Result<(), DirectoryError>> {
        done(self.affect().update_employee(id, fields))
    }

    fn lines(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Line>, DirectoryError>> {
        let state = self.state();
        let lines: Vec<Line> = state
            .account
            .employees
            .iter()
            .flat_map(|employee| {
                employee.sip_lines.iter().map(|line| Line {
                    employee_id: employee.id,
                    virtual_number: line.virtual_phone_number.clone(),
                    registered: line.registered,
                    usage_rule: line.virtual_phone_usage_rule.clone(),
                })
            })
            .collect();
        done(Ok(page(&lines, offset, Clone::clone)))
    }

    fn virtual_numbers(&self, offset: u32) -> BoxFuture<'_, Result<Vec<VirtualNumber>, DirectoryError>> {
        done(Ok(page(&self.state().account.virtual_numbers, offset, |row| row.to_contract())))
    }

    fn chat_channels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<ChatChannel>, DirectoryError>> {
        done(Ok(page(&self.state().account.chat_channels, offset, |row| row.to_contract())))
    }

    fn sites(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Site>, DirectoryError>> {
        done(Ok(sorted(&self.state().account.sites, offset, |row| row.id, |row| row.to_contract())))
    }

    fn tags(&self, offset: u32) -> BoxFuture<'_, Result<Vec<DirectoryTag>, DirectoryError>> {
        done(Ok(sorted(&self.state().account.tags, offset, |row| row.id, |row| row.to_contract())))
    }

    fn scenarios(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Scenario>, DirectoryError>> {
        done(Ok(sorted(&self.state().account.scenarios, offset, |row| row.id, |row| row.to_contract())))
    }

    fn campaigns(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Campaign>, DirectoryError>> {
        done(Ok(sorted(&self.state().account.campaigns, offset, |row| row.id, |row| row.to_contract())))
    }

    fn sources(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Source>, DirectoryError>> {
        done(Ok(sorted(&self.state().account.sources, offset, |row| row.name.clone(), |row| row.to_contract())))
    }

    fn is_extension<'a>(&'a self, number: &'a str) -> BoxFuture<'a, bool> {
        done(self.state().is_extension(number))
    }
}

impl Reports for SimulatedAccount {
    fn finished_calls<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<CallFinished>> {
        done(Ok(self.state().report.calls.page(since, cursor, limit)))
    }

    fn finished_chats<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatFinished>> {
        done(Ok(self.state().report.chats.page(since, cursor, limit)))
    }

    fn received_site_requests<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<SiteRequest>> {
        done(Ok(self.state().report.site_requests.page(since, cursor, limit)))
    }

    fn transcript<'a>(&'a self, chat: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatMessage>> {
        let state = self.state();
        done(Ok(state.report.messages.get(&chat).map(|table| table.page(i64::MIN, cursor, limit)).unwrap_or_default()))
    }
}

impl DealsApi for SimulatedAccount {
    fn funnels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Funnel>, DealsError>> {
        self.ask(1, |state, _| Ok(page(&state.deals.funnels, offset, Clone::clone)))
    }

    fn create_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>> {
        self.ask(1, |state, _| state.deals.create_funnel(funnel))
    }

    fn update_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>> {
        self.ask(1, |state, _| state.deals.update_funnel(funnel))
    }

    fn put_employees(&self, employees: Vec<DealEmployee>) -> BoxFuture<'_, Result<(), DealsError>> {
        self.ask(employees.len(), |state, _| state.deals.put_employees(employees))
    }

    fn put_contacts(&self, contacts: Vec<DealContact>) -> BoxFuture<'_, Result<(), DealsError>> {
        self.ask(1, |state, now| state.deals.put_contacts(contacts, now))
    }

    fn put_user_fields(&self, fields: Vec<UserField>) -> BoxFuture<'_, Result<(), DealsError>> {
        self.ask(fields.len(), |state, _| state.deals.put_user_fields(fields))
    }

    fn upload_history(&self, deals: Vec<Deal>) -> BoxFuture<'_, Result<(), DealsError>> {
        self.ask(1, |state, now| state.deals.upload_history(deals, now))
    }

    fn delete_deal<'a>(&'a self, ext_id: &'a str) -> BoxFuture<'a, Result<(), DealsError>> {
        self.ask(1, |state, _| {
            state.deals.delete_deal(ext_id);
            Ok(())
        })
    }
}

impl Dialler for SimulatedAccount {
    fn start_call<'a>(&'a self, id: &'a str, order: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>> {
        let at = self.shown(self.clock.now_ms());
        self.state().dial(id, &at, order);
        done(Ok(()))
    }
}
