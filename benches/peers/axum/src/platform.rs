//! The plugin's port for the handling of one event.

use std::time::{Duration, Instant};

use chrono::{DateTime, Datelike, NaiveDate, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use uis_retailcrm::bindings::uis::integration::clock::LocalTime;
use uis_retailcrm::bindings::uis::integration::communications::{
    CallPage, ChatPage, ReportError, ReportedCall, ReportedChat, ReportedSiteRequest, SiteRequestPage, TranscriptPage,
};
use uis_retailcrm::bindings::uis::integration::connections::{Request, Response, SendError};
use uis_retailcrm::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, Funnel, Refusal, UserField};
use uis_retailcrm::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, Routing, Verdict};
use uis_retailcrm::bindings::uis::integration::directory::{
    Account, Campaign, ChatChannel, DirectoryError, DirectoryTag, Employee, EmployeeFields, Line, Scenario, Site, Source, VirtualNumber,
};
use uis_retailcrm::bindings::uis::integration::log::{Level, Verdict as Decided};
use uis_retailcrm::bindings::uis::integration::phones::Phone;
use uis_retailcrm::bindings::uis::integration::rules::Points;
use uis_retailcrm::bindings::uis::integration::storage::{Entry, ItemPage, StorageError, Version};
use uis_retailcrm::bindings::uis::integration::timers::Timer;
use uis_retailcrm::platform::{
    Clock, Communications, Connections, Deals, Directory, Endpoints, Log, Phones, PreparedSettings, Rules, Storage, Timers,
};

use crate::service::Service;

/// The port of one event, whose handler runs on a thread that may block.
pub struct Handling {
    /// What all events share.
    pub service: Service,
    /// Until when the handler has to return.
    pub until: Instant,
}

/// The reader of phone numbers, which needs nothing else.
pub struct Numbers;

fn country(code: &str) -> uis_phones::Country {
    code.parse().unwrap_or(uis_phones::Country::NONE)
}

fn phone(read: uis_phones::Phone) -> Phone {
    Phone { number: read.number, extension: read.extension }
}

impl Phones for Numbers {
    fn phone_of_system(&self, text: &str) -> Option<Phone> {
        uis_phones::of_system(text).map(phone)
    }
    fn phones_typed(&self, text: &str, code: &str) -> Vec<Phone> {
        uis_phones::typed(text, country(code)).into_iter().map(phone).collect()
    }
    fn phones_in_text(&self, text: &str, code: &str) -> Vec<Phone> {
        uis_phones::in_text(text, country(code)).into_iter().map(|(_, found)| phone(found)).collect()
    }
    fn national_digits(&self, number: &str) -> String {
        uis_phones::national(number)
    }
}

impl Phones for Handling {
    fn phone_of_system(&self, text: &str) -> Option<Phone> {
        Numbers.phone_of_system(text)
    }
    fn phones_typed(&self, text: &str, code: &str) -> Vec<Phone> {
        Numbers.phones_typed(text, code)
    }
    fn phones_in_text(&self, text: &str, code: &str) -> Vec<Phone> {
        Numbers.phones_in_text(text, code)
    }
    fn national_digits(&self, number: &str) -> String {
        Numbers.national_digits(number)
    }
}

impl Connections for Handling {
    fn send(&self, requests: Vec<Request>, deadline_ms: u32) -> Vec<Result<Response, SendError>> {
        let left = self.until.saturating_duration_since(Instant::now());
        self.service.send(requests, left.min(Duration::from_millis(deadline_ms.into())))
    }
    fn propose_base_url(&self, _: &str, _: &str) -> Result<(), String> {
        Err("the address is configured".to_owned())
    }
}

impl PreparedSettings for Handling {
    fn prepared_settings(&self) -> Vec<u8> {
        self.service.prepared().to_vec()
    }
    fn integration_name(&self) -> String {
        "shop".to_owned()
    }
}

impl Storage for Handling {
    fn get(&self, key: &str) -> Option<Entry> {
        self.service.state().get(key, self.now())
    }
    fn swap(&self, key: &str, expected: Option<Version>, value: &[u8], ttl_ms: Option<u64>) -> Result<Version, StorageError> {
        let now = self.now();
        let expires_at = ttl_ms.map(|ttl| now.saturating_add_unsigned(ttl));
        self.service.state().swap(key, expected, value, (now, expires_at))
    }
    fn delete(&self, key: &str, expected: Version) -> Result<(), StorageError> {
        self.service.state().delete(key, expected, self.now())
    }
    fn scan(&self, prefix: &str, cursor: Option<&str>, limit: u32) -> ItemPage {
        self.service.state().scan(prefix, cursor, limit as usize, self.now())
    }
}

impl Timers for Handling {
    fn set_timer(&self, timer: &Timer) -> Result<(), String> {
        self.service.set_timer(timer.clone());
        Ok(())
    }
    fn cancel_timer(&self, name: &str) {
        self.service.state().cancel_timer(name);
    }
}

fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| format!("{name:?} is no time zone"))
}

impl Clock for Handling {
    fn now(&self) -> i64 {
        Utc::now().timestamp_millis()
    }
    fn time_left(&self) -> u32 {
        u32::try_from(self.until.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u32::MAX)
    }
    fn to_local(&self, at: i64, name: &str) -> Result<LocalTime, String> {
        let utc: DateTime<Utc> = DateTime::from_timestamp_millis(at).ok_or_else(|| format!("{at} ms is no time"))?;
        let local = utc.with_timezone(&zone(name)?);
        let part = |value: u32| u8::try_from(value).unwrap_or(0);
        Ok(LocalTime {
            year: local.year(),
            month: part(local.month()),
            day: part(local.day()),
            hour: part(local.hour()),
            minute: part(local.minute()),
            second: part(local.second()),
        })
    }
    fn instant_of(&self, local: &LocalTime, name: &str) -> Result<i64, String> {
        let date = NaiveDate::from_ymd_opt(local.year, local.month.into(), local.day.into());
        let naive = date.and_then(|date| date.and_hms_opt(local.hour.into(), local.minute.into(), local.second.into()));
        let at = zone(name)?.from_local_datetime(&naive.ok_or("there is no such date")?).earliest();
        at.map(|at| at.timestamp_millis()).ok_or_else(|| "there is no such time".to_owned())
    }
}

/// A whole list is one page.
fn only_page<T>(offset: u32, all: impl Iterator<Item = T>) -> Result<Vec<T>, DirectoryError> {
    Ok(all.skip(offset as usize).collect())
}

impl Directory for Handling {
    fn account(&self) -> Account {
        let timezone = self.service.account().timezone.name().to_owned();
        Account { app_id: 1, name: String::new(), timezone, extensions: Vec::new(), workplace_url: None }
    }
    fn employees(&self, offset: u32) -> Result<Vec<Employee>, DirectoryError> {
        only_page(offset, self.service.account().employees.iter().map(crate::uis::Employee::entry))
    }
    fn find_employee(&self, id: i64) -> Result<Option<Employee>, DirectoryError> {
        Ok(self.service.account().employees.iter().find(|employee| employee.id() == id).map(crate::uis::Employee::entry))
    }
    fn create_employee(&self, _: &EmployeeFields) -> Result<i64, DirectoryError> {
        Err(DirectoryError::Refused(not_used()))
    }
    fn update_employee(&self, _: i64, _: &EmployeeFields) -> Result<(), DirectoryError> {
        Err(DirectoryError::Refused(not_used()))
    }
    fn virtual_numbers(&self, offset: u32) -> Result<Vec<VirtualNumber>, DirectoryError> {
        only_page(offset, self.service.account().virtual_numbers.iter().map(crate::uis::VirtualNumber::entry))
    }
    fn lines(&self, _: u32) -> Result<Vec<Line>, DirectoryError> {
        Ok(Vec::new())
    }
    fn chat_channels(&self, _: u32) -> Result<Vec<ChatChannel>, DirectoryError> {
        Ok(Vec::new())
    }
    fn sites(&self, _: u32) -> Result<Vec<Site>, DirectoryError> {
        Ok(Vec::new())
    }
    fn tags(&self, _: u32) -> Result<Vec<DirectoryTag>, DirectoryError> {
        Ok(Vec::new())
    }
    fn scenarios(&self, _: u32) -> Result<Vec<Scenario>, DirectoryError> {
        Ok(Vec::new())
    }
    fn campaigns(&self, _: u32) -> Result<Vec<Campaign>, DirectoryError> {
        Ok(Vec::new())
    }
    fn sources(&self, _: u32) -> Result<Vec<Source>, DirectoryError> {
        Ok(Vec::new())
    }
}

/// What this service does not do: it handles three events, and changes nothing in UIS.
fn not_used() -> (String, String) {
    ("not_used".to_owned(), "this service changes nothing in UIS".to_owned())
}

/// Nothing is read from UIS's reports: what a notification loses stays lost.
impl Communications for Handling {
    fn finished_calls(&self, _: i64, _: Option<&str>, _: u32) -> Result<CallPage, ReportError> {
        Ok(CallPage { calls: Vec::new(), next: None })
    }
    fn finished_chats(&self, _: i64, _: Option<&str>, _: u32) -> Result<ChatPage, ReportError> {
        Ok(ChatPage { chats: Vec::new(), next: None })
    }
    fn received_site_requests(&self, _: i64, _: Option<&str>, _: u32) -> Result<SiteRequestPage, ReportError> {
        Ok(SiteRequestPage { requests: Vec::new(), next: None })
    }
    fn deliver_call(&self, _: ReportedCall, _: i64) -> Result<(), String> {
        Err("reports are not read".to_owned())
    }
    fn deliver_chat(&self, _: ReportedChat, _: i64) -> Result<(), String> {
        Err("reports are not read".to_owned())
    }
    fn deliver_site_request(&self, _: ReportedSiteRequest, _: i64) -> Result<(), String> {
        Err("reports are not read".to_owned())
    }
    fn transcript(&self, _: i64, _: Option<&str>, _: u32) -> Result<TranscriptPage, ReportError> {
        Ok(TranscriptPage { messages: Vec::new(), next: None })
    }
}

fn no_deals() -> Refusal {
    let (mnemonic, message) = not_used();
    Refusal { mnemonic, message, field: None, value: None }
}

impl Deals for Handling {
    fn create_funnel(&self, _: &Funnel) -> Result<(), DealsError> {
        Err(DealsError::Refused(no_deals()))
    }
    fn update_funnel(&self, _: &Funnel) -> Result<(), DealsError> {
        Err(DealsError::Refused(no_deals()))
    }
    fn put_deal_employees(&self, _: &[DealEmployee]) -> Result<(), DealsError> {
        Err(DealsError::Refused(no_deals()))
    }
    fn put_deal_contacts(&self, _: &[DealContact]) -> Result<(), DealsError> {
        Err(DealsError::Refused(no_deals()))
    }
    fn put_deal_fields(&self, _: &[UserField]) -> Result<(), DealsError> {
        Err(DealsError::Refused(no_deals()))
    }
    fn upload_deals(&self, _: &[Deal]) -> Result<(), DealsError> {
        Err(DealsError::Refused(no_deals()))
    }
    fn delete_deal(&self, _: &str) -> Result<(), DealsError> {
        Err(DealsError::Refused(no_deals()))
    }
}

/// There are no partners' rules.
impl Rules for Handling {
    fn decided(&self) -> Points {
        Points::empty()
    }
    fn decide_responsible(&self, _: &Appeal, proposed: Option<&str>) -> Option<String> {
        proposed.map(str::to_owned)
    }
    fn review_draft(&self, _: &Appeal, _: &Draft) -> Verdict {
        Verdict::Keep
    }
    fn route(&self, _: &Appeal, proposed: &Routing) -> Routing {
        proposed.clone()
    }
    fn review_deal(&self, deal: &DealDraft) -> Option<DealDraft> {
        Some(deal.clone())
    }
}

impl Endpoints for Handling {
    fn endpoint(&self, callback: &str) -> Option<String> {
        Some(format!("{}/{callback}", self.service.public_url()))
    }
    fn secret_placeholder(&self) -> String {
        "peer-axum".to_owned()
    }
}

/// Warnings and errors go to standard error; nobody reads the rest.
impl Log for Handling {
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        if matches!(level, Level::Warn | Level::Error) {
            eprintln!("{message} {fields:?}");
        }
    }
    fn decision(&self, _: &str, _: &str, _: Decided, _: &str) {}
}
