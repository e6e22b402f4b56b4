//! The people and numbers of a UIS account. A platform asks its own database here.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use uis_host::bindings::uis::integration::directory::{
    Account, Campaign, ChatChannel, DirectoryError, DirectoryTag, Employee, EmployeeFields, EmployeePhone, Line, Scenario, Site, Source,
    VirtualNumber,
};
use uis_host::ports::Directory;

/// An account with one employee and one virtual number.
pub struct SmallCompany;

fn anna() -> Employee {
    Employee {
        id: 101,
        first_name: "Anna".into(),
        last_name: "Orlova".into(),
        patronymic: String::new(),
        full_name: "Orlova Anna".into(),
        email: Some("anna@example.com".into()),
        extension: Some("11".into()),
        phones: vec![EmployeePhone { number: "79160000011".into(), active: true }],
        status: "available".into(),
        licences: None,
    }
}

/// The page of a list that is given whole: everything at offset 0, nothing behind it.
fn page<'a, T: Send + 'a>(offset: u32, rows: Vec<T>) -> BoxFuture<'a, Result<Vec<T>, DirectoryError>> {
    ready(Ok(if offset == 0 { rows } else { Vec::new() })).boxed()
}

fn read_only<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, DirectoryError>> {
    ready(Err(DirectoryError::Refused(("forbidden".into(), "this account is read-only".into())))).boxed()
}

impl Directory for SmallCompany {
    fn account(&self) -> BoxFuture<'_, Account> {
        let (name, timezone) = ("Small Company".into(), "Europe/Moscow".into());
        ready(Account { app_id: 1, name, timezone, extensions: Vec::new(), workplace_url: None }).boxed()
    }
    fn employees(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Employee>, DirectoryError>> {
        page(offset, vec![anna()])
    }
    fn find_employee(&self, id: i64) -> BoxFuture<'_, Result<Option<Employee>, DirectoryError>> {
        ready(Ok(Some(anna()).filter(|employee| employee.id == id))).boxed()
    }
    fn create_employee<'a>(&'a self, _: &'a EmployeeFields) -> BoxFuture<'a, Result<i64, DirectoryError>> {
        read_only()
    }
    fn update_employee<'a>(&'a self, _: i64, _: &'a EmployeeFields) -> BoxFuture<'a, Result<(), DirectoryError>> {
        read_only()
    }
    fn lines(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Line>, DirectoryError>> {
        page(offset, Vec::new())
    }
    fn virtual_numbers(&self, offset: u32) -> BoxFuture<'_, Result<Vec<VirtualNumber>, DirectoryError>> {
        page(offset, vec![VirtualNumber { id: 1, number: "74951234567".into(), name: "Main".into(), active: true }])
    }
    fn chat_channels(&self, offset: u32) -> BoxFuture<'_, Result<Vec<ChatChannel>, DirectoryError>> {
        page(offset, Vec::new())
    }
    fn sites(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Site>, DirectoryError>> {
        page(offset, Vec::new())
    }
    fn tags(&self, offset: u32) -> BoxFuture<'_, Result<Vec<DirectoryTag>, DirectoryError>> {
        page(offset, Vec::new())
    }
    fn scenarios(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Scenario>, DirectoryError>> {
        page(offset, Vec::new())
    }
    fn campaigns(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Campaign>, DirectoryError>> {
        page(offset, Vec::new())
    }
    fn sources(&self, offset: u32) -> BoxFuture<'_, Result<Vec<Source>, DirectoryError>> {
        page(offset, Vec::new())
    }
    fn is_extension<'a>(&'a self, number: &'a str) -> BoxFuture<'a, bool> {
        ready(anna().extension.as_deref() == Some(number)).boxed()
    }
}
