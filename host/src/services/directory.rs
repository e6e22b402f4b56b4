//! The contract's import `directory`: the UIS account, its employees, lines, virtual numbers, chat channels, sites, tags and advertising.

use super::EventScope;
use crate::bindings::uis::integration::deals::Refusal;
use crate::bindings::uis::integration::directory::{
    Account, Campaign, ChatChannel, DirectoryError, DirectoryTag, Employee, EmployeeFields, Host, Line, Scenario, Site, Source,
    VirtualNumber,
};
use crate::trace::{Step, UisAnswer};

impl EventScope {
    /// Records a write to an employee and UIS's answer in the trace, and passes the answer on.
    fn employee_written<T>(
        &mut self,
        method: &str,
        subject: String,
        answer: Result<T, DirectoryError>,
    ) -> wasmtime::Result<Result<T, DirectoryError>> {
        let taken = match &answer {
            Ok(_) => UisAnswer::Taken,
            Err(DirectoryError::Busy(after_ms)) => UisAnswer::Busy(*after_ms),
            Err(DirectoryError::Refused((mnemonic, message))) => {
                UisAnswer::Refused(Refusal { mnemonic: mnemonic.clone(), message: message.clone(), field: None, value: None })
            }
        };
        self.trace.push(Step::Uis { method: method.to_owned(), subject, answer: taken });
        Ok(answer)
    }
}

/// The fields of an employee that are written, in one line.
fn shown(fields: &EmployeeFields) -> String {
    let all = [&fields.last_name, &fields.first_name, &fields.patronymic, &fields.email, &fields.status];
    all.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

impl Host for EventScope {
    async fn get_account(&mut self) -> wasmtime::Result<Account> {
        self.turn().await;
        Ok(self.integration.account.directory.account().await)
    }

    async fn employees(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Employee>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.employees(offset).await)
    }

    async fn find_employee(&mut self, id: i64) -> wasmtime::Result<Result<Option<Employee>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.find_employee(id).await)
    }

    async fn create_employee(&mut self, fields: EmployeeFields) -> wasmtime::Result<Result<i64, DirectoryError>> {
        self.before_effect().await?;
        let answer = self.integration.account.directory.create_employee(&fields).await;
        let id = answer.as_ref().map(|id| format!("{id} ")).unwrap_or_default();
        self.employee_written("create.employees", format!("{id}{}", shown(&fields)), answer)
    }

    async fn update_employee(&mut self, id: i64, fields: EmployeeFields) -> wasmtime::Result<Result<(), DirectoryError>> {
        self.before_effect().await?;
        let answer = self.integration.account.directory.update_employee(id, &fields).await;
        self.employee_written("update.employees", format!("{id} {}", shown(&fields)), answer)
    }

    async fn lines(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Line>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.lines(offset).await)
    }

    async fn virtual_numbers(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<VirtualNumber>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.virtual_numbers(offset).await)
    }

    async fn chat_channels(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<ChatChannel>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.chat_channels(offset).await)
    }

    async fn sites(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Site>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.sites(offset).await)
    }

    async fn tags(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<DirectoryTag>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.tags(offset).await)
    }

    async fn scenarios(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Scenario>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.scenarios(offset).await)
    }

    async fn campaigns(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Campaign>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.campaigns(offset).await)
    }

    async fn sources(&mut self, offset: u32) -> wasmtime::Result<Result<Vec<Source>, DirectoryError>> {
        self.turn().await;
        Ok(self.integration.account.directory.sources(offset).await)
    }
}
