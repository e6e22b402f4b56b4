//! `communications`, from the simulated account's reports.

use super::EventScope;
use crate::account::report::Table;
use crate::bindings::uis::integration::communications::{
    CallPage, ChatPage, Host, ReportError, ReportedCall, ReportedChat, ReportedSiteRequest, SiteRequestPage, TranscriptPage,
};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::event::Event;
use crate::integration::lock;
use crate::plugin::limits::REPORT_PAGE;

fn rows(limit: u32) -> usize {
    limit.clamp(1, REPORT_PAGE) as usize
}

impl Host for EventScope {
    fn finished_calls(&mut self, since: i64, cursor: Option<String>, limit: u32) -> wasmtime::Result<Result<CallPage, ReportError>> {
        let (calls, next) = lock(&self.integration.account).report.calls.page(since, cursor.as_deref(), rows(limit));
        let calls =
            calls.into_iter().map(|finished| ReportedCall { ordering_key: Event::CallFinished(finished.clone()).ordering_key(), finished });
        Ok(Ok(CallPage { calls: calls.collect(), next }))
    }

    fn finished_chats(&mut self, since: i64, cursor: Option<String>, limit: u32) -> wasmtime::Result<Result<ChatPage, ReportError>> {
        let (chats, next) = lock(&self.integration.account).report.chats.page(since, cursor.as_deref(), rows(limit));
        let chats =
            chats.into_iter().map(|finished| ReportedChat { ordering_key: Event::ChatFinished(finished.clone()).ordering_key(), finished });
        Ok(Ok(ChatPage { chats: chats.collect(), next }))
    }

    fn received_site_requests(
        &mut self,
        since: i64,
        cursor: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<SiteRequestPage, ReportError>> {
        let (requests, next) = lock(&self.integration.account).report.site_requests.page(since, cursor.as_deref(), rows(limit));
        let key = |request: &SiteRequest| Event::SiteRequest(request.clone()).ordering_key();
        let requests = requests.into_iter().map(|request| ReportedSiteRequest { ordering_key: key(&request), request });
        Ok(Ok(SiteRequestPage { requests: requests.collect(), next }))
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
