//! `communications`, from the simulated account's reports.

use super::EventScope;
use crate::account::report::Table;
use crate::bindings::uis::integration::communications::{CallPage, ChatPage, Host, ReportError, SiteRequestPage, TranscriptPage};
use crate::integration::lock;
use crate::plugin::limits::REPORT_PAGE;

fn rows(limit: u32) -> usize {
    limit.clamp(1, REPORT_PAGE) as usize
}

impl Host for EventScope {
    fn finished_calls(&mut self, since: i64, cursor: Option<String>, limit: u32) -> wasmtime::Result<Result<CallPage, ReportError>> {
        let (calls, next) = lock(&self.integration.account).report.calls.page(since, cursor.as_deref(), rows(limit));
        Ok(Ok(CallPage { calls, next }))
    }

    fn finished_chats(&mut self, since: i64, cursor: Option<String>, limit: u32) -> wasmtime::Result<Result<ChatPage, ReportError>> {
        let (chats, next) = lock(&self.integration.account).report.chats.page(since, cursor.as_deref(), rows(limit));
        Ok(Ok(ChatPage { chats, next }))
    }

    fn received_site_requests(
        &mut self,
        since: i64,
        cursor: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<SiteRequestPage, ReportError>> {
        let (requests, next) = lock(&self.integration.account).report.site_requests.page(since, cursor.as_deref(), rows(limit));
        Ok(Ok(SiteRequestPage { requests, next }))
    }

    fn transcript(&mut self, chat_id: i64, cursor: Option<String>, limit: u32) -> wasmtime::Result<Result<TranscriptPage, ReportError>> {
        let state = lock(&self.integration.account);
        let (messages, next) = state
            .report
            .messages
            .get(&chat_id)
            .map(|table: &Table<_>| table.page(i64::MIN, cursor.as_deref(), rows(limit)))
            .unwrap_or_default();
        Ok(Ok(TranscriptPage { messages, next }))
    }
}
