//! The contract's import `communications`: pages of UIS's reports. Every row gets the ordering key that its notification would have had.

use super::EventScope;
use crate::bindings::uis::integration::call_events::CallFinished;
use crate::bindings::uis::integration::chat_events::ChatFinished;
use crate::bindings::uis::integration::communications::{
    CallPage, ChatPage, Host, ReportError, ReportedCall, ReportedChat, ReportedSiteRequest, SiteRequestPage, TranscriptPage,
};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::event::Event;
use crate::limits::REPORT_PAGE;

fn rows(limit: u32) -> usize {
    limit.clamp(1, REPORT_PAGE) as usize
}

impl Host for EventScope {
    async fn finished_calls(&mut self, since: i64, cursor: Option<String>, limit: u32) -> wasmtime::Result<Result<CallPage, ReportError>> {
        self.turn().await;
        let page = self.integration.account.reports.finished_calls(since, cursor.as_deref(), rows(limit)).await;
        Ok(page.map(|(calls, next)| {
            let reported =
                |finished: CallFinished| ReportedCall { ordering_key: Event::CallFinished(finished.clone()).ordering_key(), finished };
            CallPage { calls: calls.into_iter().map(reported).collect(), next }
        }))
    }

    async fn finished_chats(&mut self, since: i64, cursor: Option<String>, limit: u32) -> wasmtime::Result<Result<ChatPage, ReportError>> {
        self.turn().await;
        let page = self.integration.account.reports.finished_chats(since, cursor.as_deref(), rows(limit)).await;
        Ok(page.map(|(chats, next)| {
            let reported =
                |finished: ChatFinished| ReportedChat { ordering_key: Event::ChatFinished(finished.clone()).ordering_key(), finished };
            ChatPage { chats: chats.into_iter().map(reported).collect(), next }
        }))
    }

    async fn received_site_requests(
        &mut self,
        since: i64,
        cursor: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<SiteRequestPage, ReportError>> {
        self.turn().await;
        let page = self.integration.account.reports.received_site_requests(since, cursor.as_deref(), rows(limit)).await;
        Ok(page.map(|(requests, next)| {
            let reported =
                |request: SiteRequest| ReportedSiteRequest { ordering_key: Event::SiteRequest(request.clone()).ordering_key(), request };
            SiteRequestPage { requests: requests.into_iter().map(reported).collect(), next }
        }))
    }

    async fn transcript(
        &mut self,
        chat_id: i64,
        cursor: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<TranscriptPage, ReportError>> {
        self.turn().await;
        let page = self.integration.account.reports.transcript(chat_id, cursor.as_deref(), rows(limit)).await;
        Ok(page.map(|(messages, next)| TranscriptPage { messages, next }))
    }
}
