//! A platform for unit tests. It answers requests by their path, answers directory queries from its fields, stores values, and refuses
//! everything else.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::bindings::uis::integration::clock::LocalTime;
use crate::bindings::uis::integration::communications::{CallPage, ChatPage, ReportError, SiteRequestPage, TranscriptPage};
use crate::bindings::uis::integration::connections::{Request, Response, SendError};
use crate::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, Funnel, UserField};
use crate::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, Routing, Verdict};
use crate::bindings::uis::integration::directory::{
    Account, Campaign, ChatChannel, DirectoryError, DirectoryTag, Employee, EmployeeFields, Line, Scenario, Site, Source, VirtualNumber,
};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::phones::Phone;
use crate::bindings::uis::integration::rules::Points;
use crate::bindings::uis::integration::storage::{Entry, Item, ItemPage, StorageError, Version};
use crate::bindings::uis::integration::timers::Timer;
use crate::bindings::uis::integration::types::Instant;
use crate::platform::{
    Clock, Communications, Connections, Deals, Directory, Endpoints, Log, Phones, PreparedSettings, Rules, Storage, Timers,
};

/// What the platform answers with.
#[derive(Default)]
pub struct Fake {
    /// Response bodies by path; requests to other paths fail as not sent.
    pub answers: BTreeMap<&'static str, String>,
    /// HTTP statuses by path, where they differ from 200.
    pub statuses: BTreeMap<&'static str, u16>,
    /// The account; by default an empty one.
    pub account: Option<Account>,
    /// UIS's employees.
    pub employees: Vec<Employee>,
    /// UIS's SIP lines.
    pub lines: Vec<Line>,
    /// UIS's numbers.
    pub numbers: Vec<VirtualNumber>,
    /// UIS's sites.
    pub sites: Vec<Site>,
    /// UIS's tags.
    pub tags: Vec<DirectoryTag>,
    /// UIS's call scenarios.
    pub scenarios: Vec<Scenario>,
    /// UIS's advertising campaigns.
    pub campaigns: Vec<Campaign>,
    /// UIS's sources of visits.
    pub sources: Vec<Source>,
    /// The current time.
    pub now: Cell<Instant>,
    /// The paths of the requests that were sent.
    pub sent: RefCell<Vec<String>>,
    /// Paths whose requests are carried out and whose answers are lost.
    pub lost: RefCell<Vec<&'static str>>,
    /// The stored values.
    pub stored: RefCell<BTreeMap<String, Entry>>,
    /// The prepared settings.
    pub prepared: Vec<u8>,
}

impl Connections for Fake {
    fn send(&self, requests: Vec<Request>, _: u32) -> Vec<Result<Response, SendError>> {
        self.sent.borrow_mut().extend(requests.iter().map(|request| request.path.clone()));
        let answer = |request: Request| match self.answers.get(request.path.as_str()) {
            _ if self.lost.borrow().iter().any(|path| *path == request.path) => {
                Err(SendError::OutcomeUnknown("the answer was lost".into()))
            }
            Some(body) => {
                let status = self.statuses.get(request.path.as_str()).copied().unwrap_or(200);
                Ok(Response { status, content_type: "application/json".into(), retry_after: None, body: body.clone().into_bytes() })
            }
            None => Err(SendError::NotSent(format!("no answer for {}", request.path))),
        };
        requests.into_iter().map(answer).collect()
    }
    fn propose_base_url(&self, _: &str, _: &str) -> Result<(), String> {
        Err("it stays".into())
    }
}

impl PreparedSettings for Fake {
    fn prepared_settings(&self) -> Vec<u8> {
        self.prepared.clone()
    }
}

impl Fake {
    /// What is stored under a key, as text.
    pub fn value(&self, key: &str) -> Option<String> {
        self.stored.borrow().get(key).map(|entry| String::from_utf8_lossy(&entry.value).into_owned())
    }

    /// Stores a text.
    pub fn set(&self, key: &str, text: &str) {
        self.stored.borrow_mut().insert(key.to_owned(), Entry { value: text.as_bytes().to_vec(), version: 1 });
    }
}

impl Storage for Fake {
    fn get(&self, key: &str) -> Option<Entry> {
        self.stored.borrow().get(key).cloned()
    }
    fn swap(&self, key: &str, expected: Option<Version>, value: &[u8], _: Option<u64>) -> Result<Version, StorageError> {
        let mut stored = self.stored.borrow_mut();
        if stored.get(key).map(|entry| entry.version) != expected {
            return Err(StorageError::Conflict);
        }
        let version = expected.unwrap_or_default() + 1;
        stored.insert(key.to_owned(), Entry { value: value.to_vec(), version });
        Ok(version)
    }
    fn delete(&self, key: &str, expected: Version) -> Result<(), StorageError> {
        let mut stored = self.stored.borrow_mut();
        if stored.get(key).is_some_and(|entry| entry.version != expected) {
            return Err(StorageError::Conflict);
        }
        stored.remove(key);
        Ok(())
    }
    fn scan(&self, prefix: &str, _: Option<&str>, _: u32) -> ItemPage {
        let stored = self.stored.borrow();
        let found = stored.iter().filter(|(key, _)| key.starts_with(prefix));
        ItemPage { items: found.map(|(key, entry)| Item { key: key.clone(), entry: entry.clone() }).collect(), next: None }
    }
}

impl Timers for Fake {
    fn set_timer(&self, _: &Timer) -> Result<(), String> {
        Ok(())
    }
    fn cancel_timer(&self, _: &str) {}
}

impl Clock for Fake {
    fn now(&self) -> Instant {
        self.now.get()
    }
    fn to_local(&self, _: Instant, _: &str) -> Result<LocalTime, String> {
        Ok(LocalTime { year: 2026, month: 11, day: 23, hour: 10, minute: 0, second: 0 })
    }
    fn instant_of(&self, _: &LocalTime, zone: &str) -> Result<Instant, String> {
        Err(format!("no zone {zone}"))
    }
}

/// The host's own reader.
impl Phones for Fake {
    fn phone_of_system(&self, text: &str) -> Option<Phone> {
        uis_phones::of_system(text).map(phone)
    }
    fn phones_typed(&self, text: &str, country: &str) -> Vec<Phone> {
        uis_phones::typed(text, country_of(country)).into_iter().map(phone).collect()
    }
    fn phones_in_text(&self, text: &str, country: &str) -> Vec<Phone> {
        uis_phones::in_text(text, country_of(country)).into_iter().map(|(_, found)| phone(found)).collect()
    }
    fn national_digits(&self, number: &str) -> String {
        uis_phones::national(number)
    }
}

fn phone(read: uis_phones::Phone) -> Phone {
    Phone { number: read.number, extension: read.extension }
}

fn country_of(code: &str) -> uis_phones::Country {
    code.parse().unwrap_or(uis_phones::Country::NONE)
}

impl Directory for Fake {
    fn account(&self) -> Account {
        self.account.clone().unwrap_or_else(|| Account {
            app_id: 1,
            name: String::new(),
            timezone: "Europe/Moscow".into(),
            extensions: Vec::new(),
            workplace_url: None,
        })
    }
    fn employees(&self, offset: u32) -> Result<Vec<Employee>, DirectoryError> {
        Ok(self.employees.iter().skip(offset as usize).cloned().collect())
    }
    fn create_employee(&self, _: &EmployeeFields) -> Result<i64, DirectoryError> {
        Err(DirectoryError::Busy(1000))
    }
    fn update_employee(&self, _: i64, _: &EmployeeFields) -> Result<(), DirectoryError> {
        Err(DirectoryError::Busy(1000))
    }
    fn lines(&self, offset: u32) -> Result<Vec<Line>, DirectoryError> {
        Ok(self.lines.iter().skip(offset as usize).cloned().collect())
    }
    fn chat_channels(&self, _: u32) -> Result<Vec<ChatChannel>, DirectoryError> {
        Err(DirectoryError::Busy(1000))
    }
    fn virtual_numbers(&self, offset: u32) -> Result<Vec<VirtualNumber>, DirectoryError> {
        Ok(self.numbers.iter().skip(offset as usize).cloned().collect())
    }
    fn sites(&self, offset: u32) -> Result<Vec<Site>, DirectoryError> {
        Ok(self.sites.iter().skip(offset as usize).cloned().collect())
    }
    fn tags(&self, offset: u32) -> Result<Vec<DirectoryTag>, DirectoryError> {
        Ok(self.tags.iter().skip(offset as usize).cloned().collect())
    }
    fn scenarios(&self, offset: u32) -> Result<Vec<Scenario>, DirectoryError> {
        Ok(self.scenarios.iter().skip(offset as usize).cloned().collect())
    }
    fn campaigns(&self, offset: u32) -> Result<Vec<Campaign>, DirectoryError> {
        Ok(self.campaigns.iter().skip(offset as usize).cloned().collect())
    }
    fn sources(&self, offset: u32) -> Result<Vec<Source>, DirectoryError> {
        Ok(self.sources.iter().skip(offset as usize).cloned().collect())
    }
    fn find_employee(&self, id: i64) -> Result<Option<Employee>, DirectoryError> {
        Ok(self.employees.iter().find(|employee| employee.id == id).cloned())
    }
}

impl Communications for Fake {
    fn finished_calls(&self, _: Instant, _: Option<&str>, _: u32) -> Result<CallPage, ReportError> {
        Err(ReportError::Busy(1000))
    }
    fn finished_chats(&self, _: Instant, _: Option<&str>, _: u32) -> Result<ChatPage, ReportError> {
        Err(ReportError::Busy(1000))
    }
    fn received_site_requests(&self, _: Instant, _: Option<&str>, _: u32) -> Result<SiteRequestPage, ReportError> {
        Err(ReportError::Busy(1000))
    }
    fn transcript(&self, _: i64, _: Option<&str>, _: u32) -> Result<TranscriptPage, ReportError> {
        Err(ReportError::Busy(1000))
    }
}

impl Deals for Fake {
    fn create_funnel(&self, _: &Funnel) -> Result<(), DealsError> {
        Err(DealsError::Busy(1000))
    }
    fn update_funnel(&self, _: &Funnel) -> Result<(), DealsError> {
        Err(DealsError::Busy(1000))
    }
    fn put_deal_employees(&self, _: &[DealEmployee]) -> Result<(), DealsError> {
        Err(DealsError::Busy(1000))
    }
    fn put_deal_contacts(&self, _: &[DealContact]) -> Result<(), DealsError> {
        Err(DealsError::Busy(1000))
    }
    fn put_deal_fields(&self, _: &[UserField]) -> Result<(), DealsError> {
        Err(DealsError::Busy(1000))
    }
    fn upload_deals(&self, _: &[Deal]) -> Result<(), DealsError> {
        Err(DealsError::Busy(1000))
    }
    fn delete_deal(&self, _: &str) -> Result<(), DealsError> {
        Err(DealsError::Busy(1000))
    }
}

impl Rules for Fake {
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

impl Endpoints for Fake {
    fn endpoint(&self, _: &str) -> Option<String> {
        None
    }
    fn secret_placeholder(&self) -> String {
        String::new()
    }
}

impl Log for Fake {
    fn log(&self, _: Level, _: &str, _: &[(&str, &str)]) {}
}
