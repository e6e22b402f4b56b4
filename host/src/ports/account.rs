//! The UIS account: who works there, what it knows of calls, its deals, and starting a call. The shapes are the contract's, which are the
//! Data API's and the Call API's.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use crate::bindings::uis::integration::call_events::{CallFinished, DialOrder};
use crate::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
use crate::bindings::uis::integration::communications::ReportError;
use crate::bindings::uis::integration::deals::{Deal, DealContact, DealEmployee, DealsError, Funnel, UserField};
use crate::bindings::uis::integration::directory::{Account, ChatChannel, DirectoryError, Employee, EmployeeFields, Line, VirtualNumber};
use crate::bindings::uis::integration::site_request_events::SiteRequest;

/// The people, numbers and channels of one UIS account. Lists are paged: `offset` counts rows, a page has at most
/// [`DIRECTORY_PAGE`](crate::limits::DIRECTORY_PAGE) of them, and an empty page ends the list.
pub trait Directory: Send + Sync {
    /// The account itself.
    fn account(&self) -> BoxFuture<'_, Account>;

    /// Employees, by ascending id.
    fn employees(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Employee>, DirectoryError>>;

    /// One employee; none when there is nobody with this id.
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

    /// Whether a number is the short number of one of the account's employees; a call with one is internal.
    fn is_extension<'a>(&'a self, number: &'a str) -> BoxFuture<'a, bool>;
}

/// A page of a report, and the cursor of the next page; none after the last.
pub type ReportPage<T> = Result<(Vec<T>, Option<String>), ReportError>;

/// UIS's own reports, in order of time and id. `since` is in milliseconds since 1970 and inclusive; a cursor from one page continues behind its
/// last row, whatever was added meanwhile; `limit` is between 1 and [`REPORT_PAGE`](crate::limits::REPORT_PAGE).
pub trait Reports: Send + Sync {
    /// Calls that ended at or after `since`.
    fn finished_calls<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<CallFinished>>;

    /// Chats that ended at or after `since`.
    fn finished_chats<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatFinished>>;

    /// Site requests that came at or after `since`.
    fn received_site_requests<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<SiteRequest>>;

    /// Messages of one chat.
    fn transcript<'a>(&'a self, chat: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<ChatMessage>>;
}

/// UIS's deals, by the Data API's shapes and rules. Every call costs points; without them the answer is `busy`.
pub trait DealsApi: Send + Sync {
    /// Funnels, paged like [`Directory`].
    fn funnels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Funnel>, DealsError>>;
    /// Creates a funnel.
    fn create_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Gives a funnel these stages.
    fn update_funnel(&self, funnel: Funnel) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Creates or renames employees of deals.
    fn put_employees(&self, employees: Vec<DealEmployee>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Creates or changes contacts.
    fn put_contacts(&self, contacts: Vec<DealContact>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Creates or renames user fields.
    fn put_user_fields(&self, fields: Vec<UserField>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Uploads states of deals: all of them, or none.
    fn upload_history(&self, deals: Vec<Deal>) -> BoxFuture<'_, Result<(), DealsError>>;
    /// Deletes a deal; one that is not there is no error.
    fn delete_deal<'a>(&'a self, ext_id: &'a str) -> BoxFuture<'a, Result<(), DealsError>>;
}

/// Why a call was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// UIS refused: its mnemonic and message.
    #[error("UIS refused to start the call: {0}: {1}")]
    Refused(String, String),
    /// Nobody knows whether the call was started. It must not be ordered again.
    #[error("the outcome of starting the call is unknown: {0}")]
    OutcomeUnknown(String),
}

/// Starts calls, as `start.employee_call` of the Call API does.
pub trait Dialler: Send + Sync {
    /// Starts a call: the employee's phone rings first, then the contact's. `id` names the order: one that
    /// comes again with its id starts no second call, and is answered as it was the first time.
    fn start_call<'a>(&'a self, id: &'a str, order: &'a DialOrder) -> BoxFuture<'a, Result<(), DialError>>;
}

/// An account that has nothing and takes nothing: for functions of a plugin that belong to no integration.
#[derive(Debug, Default, Clone, Copy)]
pub struct Absent;

/// What an absent account answers to whoever wants to change something.
const ABSENT: &str = "there is no UIS account here";

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

/// A refusal of a deal's change by an absent account.
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
