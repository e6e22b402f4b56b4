//! The UIS account: its employees and numbers, its reports, its deals, and starting calls. The records are the contract's, which follow the
//! Data API and the Call API.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use crate::bindings::uis::integration::call_events::{CallFinished, DialOrder};
use crate::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
use crate::bindings::uis::integration::communications::ReportError;
use crate::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, Funnel, UserField};
use crate::bindings::uis::integration::directory::{
    Account, Campaign, ChatChannel, DirectoryError, DirectoryTag, Employee, EmployeeFields, Line, Scenario, Site, Source, VirtualNumber,
};
use crate::bindings::uis::integration::site_request_events::SiteRequest;

/// The employees, numbers, channels, sites, tags and advertising of one UIS account. Lists are paged: `offset` counts rows from 0, a page has at most
/// [`DIRECTORY_PAGE`](crate::limits::DIRECTORY_PAGE) rows, and an empty page ends the list.
pub trait Directory: Send + Sync {
    /// The account: its name, time zone and extensions.
    fn account(&self) -> BoxFuture<'_, Account>;

    /// Employees, by ascending id.
    fn employees(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Employee>, DirectoryError>>;

    /// An employee by id; none when there is no such employee.
    fn find_employee(&self, id: i64) -> BoxFuture<'_, Result<Option<Employee>, DirectoryError>>;

    /// Creates an employee and returns their id.
    fn create_employee<'a>(&'a self, fields: &'a EmployeeFields) -> BoxFuture<'a, Result<i64, DirectoryError>>;

    /// Changes the given fields of an employee.
    fn update_employee<'a>(&'a self, id: i64, fields: &'a EmployeeFields) -> BoxFuture<'a, Result<(), DirectoryError>>;

    /// SIP lines.
    fn lines(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Line>, DirectoryError>>;

    /// Virtual numbers.
    fn virtual_numbers(&self, offset: u32) -> BoxFuture<'_, Result<Vec<VirtualNumber>, DirectoryError>>;

    /// Chat channels.
    fn chat_channels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<ChatChannel>, DirectoryError>>;

    /// Sites, by ascending id.
    fn sites(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Site>, DirectoryError>>;

    /// Tags, by ascending id.
    fn tags(&self, offset: u32) -> BoxFuture<'_, Result<Vec<DirectoryTag>, DirectoryError>>;

    /// Call scenarios, by ascending id.
    fn scenarios(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Scenario>, DirectoryError>>;

    /// Advertising campaigns, by ascending id.
    fn campaigns(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Campaign>, DirectoryError>>;

    /// Sources of visits, by their names.
    fn sources(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Source>, DirectoryError>>;

    /// Whether a number is the extension of one of the account's employees. A call with such a number is internal.
    fn is_extension<'a>(&'a self, number: &'a str) -> BoxFuture<'a, bool>;
}

/// A page of a report, and the cursor of the next page; none after the last page.
pub type ReportPage<T> = Result<(Vec<T>, Option<String>), ReportError>;

/// UIS's reports, ordered by time and id. `since` is in milliseconds since 1970, inclusive. A cursor continues after the last row of its
/// page, even if rows were added meanwhile. `limit` is from 1 to [`REPORT_PAGE`](crate::limits::REPORT_PAGE).
pub trait Reports: Send + Sync {
    /// Calls that ended at or after `since`.
    fn finished_calls<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<CallFinished>>;

    /// Chats that ended at or after `since`.
    fn finished_chats<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatFinished>>;

    /// Site requests that were received at or after `since`.
    fn received_site_requests<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<SiteRequest>>;

    /// The messages of one chat, oldest first.
    fn transcript<'a>(&'a self, chat: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatMessage>>;
}

/// UIS's deals, with the records and rules of the Data API. Every call costs points; when none are left, the result is `busy`.
pub trait DealsApi: Send + Sync {
    /// Sales funnels, paged as in [`Directory`].
    fn funnels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Funnel>, DealsError>>;
    /// Creates a funnel.
    fn create_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Replaces the stages of a funnel.
    fn update_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Creates or renames the employees to whom deals are assigned.
    fn put_employees(&self, employees: Vec<DealEmployee>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Creates or updates contacts of deals.
    fn put_contacts(&self, contacts: Vec<DealContact>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Creates or renames user fields of deals.
    fn put_user_fields(&self, fields: Vec<UserField>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Uploads states of deals: all of them, or none.
    fn upload_history(&self, deals: Vec<Deal>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Deletes a deal. A deal that does not exist is not an error.
    fn delete_deal<'a>(&'a self, ext_id: &'a str) -> BoxFuture<'a, Result<(), DealsError>>;
}

/// Why a call was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// UIS refused; with its mnemonic and message.
    #[error("UIS refused to start the call: {0}: {1}")]
    Refused(String, String),
    /// It is unknown whether the call was started. It must not be started again.
    #[error("the outcome of starting the call is unknown: {0}")]
    OutcomeUnknown(String),
}

/// Starts calls, as `start.employee_call` of the Call API does.
pub trait Dialler: Send + Sync {
    /// Starts a call: first the employee's phone rings, then the contact's. `id` identifies the order and is the same in every repetition: a
    /// repeated order starts no second call, and gets the same answer as the first time.
    fn start_call<'a>(&'a self, id: &'a str, order: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>>;
}

/// An empty account that accepts nothing, for functions of a plugin that belong to no integration.
#[derive(Debug, Default, Clone, Copy)]
pub struct Absent;

/// The message with which [`Absent`] refuses changes.
const ABSENT: &str = "this function has no UIS account";

fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    ready(value).boxed()
}

impl Directory for Absent {
    fn account(&self) -> BoxFuture<'_, Account> {
        done(Account { app_id: 0, name: String::new(), timezone: "Europe/Moscow".into(), extensions: Vec::new(), workplace_url: None })
    }
    fn employees(&self, _: u32) -> BoxFuture<'_, Result<Vec<Employee>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn find_employee(&self, _: i64) -> BoxFuture<'_, Result<Option<Employee>, DirectoryError>> {
        done(Ok(None))
    }
    fn create_employee<'a>(&'a self, _: &'a EmployeeFields) -> BoxFuture<'a, Result<i64, DirectoryError>> {
        done(Err(DirectoryError::Refused(("absent".into(), ABSENT.into()))))
    }
    fn update_employee<'a>(&'a self, _: i64, _: &'a EmployeeFields) -> BoxFuture<'a, Result<(), DirectoryError>> {
        done(Err(DirectoryError::Refused(("absent".into(), ABSENT.into()))))
    }
    fn lines(&self, _: u32) -> BoxFuture<'_, Result<Vec<Line>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn virtual_numbers(&self, _: u32) -> BoxFuture<'_, Result<Vec<VirtualNumber>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn chat_channels(&self, _: u32) -> BoxFuture<'_, Result<Vec<ChatChannel>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn sites(&self, _: u32) -> BoxFuture<'_, Result<Vec<Site>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn tags(&self, _: u32) -> BoxFuture<'_, Result<Vec<DirectoryTag>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn scenarios(&self, _: u32) -> BoxFuture<'_, Result<Vec<Scenario>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn campaigns(&self, _: u32) -> BoxFuture<'_, Result<Vec<Campaign>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn sources(&self, _: u32) -> BoxFuture<'_, Result<Vec<Source>, DirectoryError>> {
        done(Ok(Vec::new()))
    }
    fn is_extension<'a>(&'a self, _: &'a str) -> BoxFuture<'a, bool> {
        done(false)
    }
}

impl Reports for Absent {
    fn finished_calls<'a>(&'a self, _: i64, _: Option<&'a str>, _: usize) -> BoxFuture<'a, ReportPage<CallFinished>> {
        done(Ok((Vec::new(), None)))
    }
    fn finished_chats<'a>(&'a self, _: i64, _: Option<&'a str>, _: usize) -> BoxFuture<'a, ReportPage<ChatFinished>> {
        done(Ok((Vec::new(), None)))
    }
    fn received_site_requests<'a>(&'a self, _: i64, _: Option<&'a str>, _: usize) -> BoxFuture<'a, ReportPage<SiteRequest>> {
        done(Ok((Vec::new(), None)))
    }
    fn transcript<'a>(&'a self, _: i64, _: Option<&'a str>, _: usize) -> BoxFuture<'a, ReportPage<ChatMessage>> {
        done(Ok((Vec::new(), None)))
    }
}

/// The refusal of every change of deals.
fn no_deals<'a>() -> BoxFuture<'a, Result<(), DealsError>> {
    use crate::bindings::uis::integration::deals::Refusal;
    done(Err(DealsError::Refused(Refusal { mnemonic: "absent".into(), message: ABSENT.into(), field: None, value: None })))
}

impl DealsApi for Absent {
    fn funnels(&self, _: u32) -> BoxFuture<'_, Result<Vec<Funnel>, DealsError>> {
        done(Ok(Vec::new()))
    }
    fn create_funnel(&self, _: Funnel) -> BoxFuture<'_, Result<(), DealsError>> {
        no_deals()
    }
    fn update_funnel(&self, _: Funnel) -> BoxFuture<'_, Result<(), DealsError>> {
        no_deals()
    }
    fn put_employees(&self, _: Vec<DealEmployee>) -> BoxFuture<'_, Result<(), DealsError>> {
        no_deals()
    }
    fn put_contacts(&self, _: Vec<DealContact>) -> BoxFuture<'_, Result<(), DealsError>> {
        no_deals()
    }
    fn put_user_fields(&self, _: Vec<UserField>) -> BoxFuture<'_, Result<(), DealsError>> {
        no_deals()
    }
    fn upload_history(&self, _: Vec<Deal>) -> BoxFuture<'_, Result<(), DealsError>> {
        no_deals()
    }
    fn delete_deal<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), DealsError>> {
        no_deals()
    }
}

impl Dialler for Absent {
    fn start_call<'a>(&'a self, _: &'a str, _: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>> {
        done(Err(DialError::Refused("absent".into(), ABSENT.into())))
    }
}
