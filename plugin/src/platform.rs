//! The port: everything that the integration's logic may request from outside. It has one small trait per interface that the contract
//! imports, joined in [`Platform`]; the contract (`wit/`) says what each function promises. A function that needs only one of the traits
//! takes only that one.

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
use crate::bindings::uis::integration::storage::{Entry, ItemPage, StorageError, Version};
use crate::bindings::uis::integration::timers::Timer;
use crate::bindings::uis::integration::types::Instant;

/// Requests to remote systems.
pub trait Connections {
    /// Sends requests in parallel; the answers are in the same order.
    fn send(&self, requests: Vec<Request>, deadline_ms: u32) -> Vec<Result<Response, SendError>>;
    /// Proposes another base URL for a connection; the host decides.
    fn propose_base_url(&self, connection: &str, base_url: &str) -> Result<(), String>;
}

/// The settings as they were prepared.
pub trait PreparedSettings {
    /// The bytes that `prepare` returned.
    fn prepared_settings(&self) -> Vec<u8>;
}

/// Values that are stored between events.
pub trait Storage {
    /// Reads a key.
    fn get(&self, key: &str) -> Option<Entry>;
    /// Writes a key if it has the expected version, or is absent.
    fn swap(&self, key: &str, expected: Option<Version>, value: &[u8], ttl_ms: Option<u64>) -> Result<Version, StorageError>;
    /// Deletes a key if it has the expected version.
    fn delete(&self, key: &str, expected: Version) -> Result<(), StorageError>;
    /// Lists keys with this prefix.
    fn scan(&self, prefix: &str, cursor: Option<&str>, limit: u32) -> ItemPage;
}

/// Timers.
pub trait Timers {
    /// Sets a timer.
    fn set_timer(&self, timer: &Timer) -> Result<(), String>;
    /// Cancels a timer.
    fn cancel_timer(&self, name: &str);
}

/// The current time, and local time.
pub trait Clock {
    /// The current time.
    fn now(&self) -> Instant;
    /// Local time in a zone.
    fn to_local(&self, at: Instant, zone: &str) -> Result<LocalTime, String>;
    /// The instant of a local time.
    fn instant_of(&self, local: &LocalTime, zone: &str) -> Result<Instant, String>;
}

/// Phone numbers, read by the host. A country is two letters of ISO 3166-1.
pub trait Phones {
    /// The number that a system gives, its digits as they are.
    fn phone_of_system(&self, text: &str) -> Option<Phone>;
    /// The numbers that a person typed into a field; the first is the phone.
    fn phones_typed(&self, text: &str, country: &str) -> Vec<Phone>;
    /// The numbers in running text.
    fn phones_in_text(&self, text: &str, country: &str) -> Vec<Phone>;
    /// The digits of a main number after its country code.
    fn national_digits(&self, number: &str) -> String;
}

/// The UIS account: employees, lines, numbers, channels, sites, tags, advertising.
pub trait Directory {
    /// The UIS account.
    fn account(&self) -> Account;
    /// A page of employees.
    fn employees(&self, offset: u32) -> Result<Vec<Employee>, DirectoryError>;
    /// Creates an employee and returns the id.
    fn create_employee(&self, fields: &EmployeeFields) -> Result<i64, DirectoryError>;
    /// Changes an employee.
    fn update_employee(&self, id: i64, fields: &EmployeeFields) -> Result<(), DirectoryError>;
    /// A page of SIP lines.
    fn lines(&self, offset: u32) -> Result<Vec<Line>, DirectoryError>;
    /// A page of chat channels.
    fn chat_channels(&self, offset: u32) -> Result<Vec<ChatChannel>, DirectoryError>;
    /// A page of virtual numbers.
    fn virtual_numbers(&self, offset: u32) -> Result<Vec<VirtualNumber>, DirectoryError>;
    /// A page of sites.
    fn sites(&self, offset: u32) -> Result<Vec<Site>, DirectoryError>;
    /// A page of tags.
    fn tags(&self, offset: u32) -> Result<Vec<DirectoryTag>, DirectoryError>;
    /// A page of call scenarios.
    fn scenarios(&self, offset: u32) -> Result<Vec<Scenario>, DirectoryError>;
    /// A page of advertising campaigns.
    fn campaigns(&self, offset: u32) -> Result<Vec<Campaign>, DirectoryError>;
    /// A page of sources of visits.
    fn sources(&self, offset: u32) -> Result<Vec<Source>, DirectoryError>;
    /// One employee.
    fn find_employee(&self, id: i64) -> Result<Option<Employee>, DirectoryError>;
}

/// UIS's own reports.
pub trait Communications {
    /// Finished calls in UIS's report.
    fn finished_calls(&self, since: Instant, cursor: Option<&str>, limit: u32) -> Result<CallPage, ReportError>;
    /// Finished chats in UIS's report.
    fn finished_chats(&self, since: Instant, cursor: Option<&str>, limit: u32) -> Result<ChatPage, ReportError>;
    /// Site requests in UIS's report.
    fn received_site_requests(&self, since: Instant, cursor: Option<&str>, limit: u32) -> Result<SiteRequestPage, ReportError>;
    /// One chat's messages.
    fn transcript(&self, chat: i64, cursor: Option<&str>, limit: u32) -> Result<TranscriptPage, ReportError>;
}

/// Deals of UIS's end-to-end analytics.
pub trait Deals {
    /// Creates a funnel.
    fn create_funnel(&self, funnel: &Funnel) -> Result<(), DealsError>;
    /// Brings a funnel to the given stages.
    fn update_funnel(&self, funnel: &Funnel) -> Result<(), DealsError>;
    /// Creates or renames employees.
    fn put_deal_employees(&self, employees: &[DealEmployee]) -> Result<(), DealsError>;
    /// Creates or changes contacts.
    fn put_deal_contacts(&self, contacts: &[DealContact]) -> Result<(), DealsError>;
    /// Creates or renames user fields.
    fn put_deal_fields(&self, fields: &[UserField]) -> Result<(), DealsError>;
    /// Uploads states of deals.
    fn upload_deals(&self, deals: &[Deal]) -> Result<(), DealsError>;
    /// Deletes a deal.
    fn delete_deal(&self, ext_id: &str) -> Result<(), DealsError>;
}

/// Partners' rules.
pub trait Rules {
    /// The points that rules decide.
    fn decided(&self) -> Points;
    /// Chooses the assignee: a user id.
    fn decide_responsible(&self, about: &Appeal, proposed: Option<&str>) -> Option<String>;
    /// Keeps, changes or skips a draft.
    fn review_draft(&self, about: &Appeal, draft: &Draft) -> Verdict;
    /// Chooses where a call is forwarded to.
    fn route(&self, about: &Appeal, proposed: &Routing) -> Routing;
    /// Changes a deal; none: the deal is not uploaded.
    fn review_deal(&self, deal: &DealDraft) -> Option<DealDraft>;
}

/// Our public addresses.
pub trait Endpoints {
    /// Our public URL of a callback or an asset.
    fn endpoint(&self, callback: &str) -> Option<String>;
    /// A placeholder that the host replaces by the secret of our callbacks in request bodies.
    fn secret_placeholder(&self) -> String;
}

/// The log.
pub trait Log {
    /// Writes a line.
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]);
}

/// Everything that the host provides. The component's imports implement it; in native tests the test does.
pub trait Platform:
    Connections + PreparedSettings + Storage + Timers + Clock + Phones + Directory + Communications + Deals + Rules + Endpoints + Log
{
}

impl<T> Platform for T where
    T: Connections + PreparedSettings + Storage + Timers + Clock + Phones + Directory + Communications + Deals + Rules + Endpoints + Log
{
}
