//! `directory`, from the simulated account.

use super::EventScope;
use crate::account::WORKPLACE;
use crate::bindings::uis::integration::directory::{
    Account, ChatChannel, DirectoryError, Employee, EmployeeFields, Host, Line, VirtualNumber,
};
use crate::integration::lock;
use crate::plugin::limits::DIRECTORY_PAGE;

/// Rows from an offset, at most a page.
fn page<T, U>(rows: &[T], offset: u32, convert: impl Fn(&T) -> U) -> Vec<U> {
    rows.iter().skip(offset as usize).take(DIRECTORY_PAGE).map(convert).collect()
}

impl Host for EventScope {
    fn get_account(&mut self) -> wasmtime::Result<Account> {
        let state = lock(&self.integration.account);
        let account = &state.account;
        Ok(Account {
            app_id: account.app_id,
            name: account.name.clone(),
            timezone: account.timezone.clone(),
            extensions: account.extensions.clone(),
            workplace_url: account.extensions.iter().any(|name| name == WORKPLACE).then(|| account.workplace_url.clone()),
        })
    }

    fn employees(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Employee>, DirectoryError>> {
        let state = lock(&self.integration.account);
        let mut rows: Vec<_> = state.account.employees.iter().collect();
        rows.sort_by_key(|employee| employee.id);
        Ok(Ok(page(&rows, offset, |row| row.to_contract())))
    }

    fn find_employee(&mut self, id: i64) -> wasmtime::Result<Result<Option<Employee>, DirectoryError>> {
        Ok(Ok(lock(&self.integration.account).account.employees.iter().find(|row| row.id == id).map(|row| row.to_contract())))
    }

    fn create_employee(&mut self, fields: EmployeeFields) -> wasmtime::Result<Result<i64, DirectoryError>> {
        Ok(lock(&self.integration.account).create_employee(&fields))
    }

    fn update_employee(&mut self, id: i64, fields: EmployeeFields) -> wasmtime::Result<Result<(), DirectoryError>> {
        Ok(lock(&self.integration.account).update_employee(id, &fields))
    }

    fn lines(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Line>, DirectoryError>> {
        let state = lock(&self.integration.account);
        let lines: Vec<Line> = state
            .account
            .employees
            .iter()
            .flat_map(|employee| {
                employee.sip_lines.iter().map(|line| Line {
                    employee_id: employee.id,
                    virtual_number: line.virtual_phone_number.clone(),
                    registered: line.registered,
                })
            })
            .collect();
        Ok(Ok(page(&lines, offset, Clone::clone)))
    }

    fn virtual_numbers(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<VirtualNumber>, DirectoryError>> {
        Ok(Ok(page(&lock(&self.integration.account).account.virtual_numbers, offset, |row| row.to_contract())))
    }

    fn chat_channels(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<ChatChannel>, DirectoryError>> {
        Ok(Ok(page(&lock(&self.integration.account).account.chat_channels, offset, |row| row.to_contract())))
    }
}
