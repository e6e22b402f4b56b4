//! The contract's import `communications`: pages of UIS's reports. Every row gets the ordering key that its notification would have had.

use super::EventScope;
use crate::bindings::uis::integration::call_events::CallFinished;
use crate::bindings::uis::integration::chat_events::ChatFinished;
use crate::bindings::uis::integration::communications::{
    CallPage, ChatPage, Host, ReportError, ReportedCall, ReportedChat, ReportedSiteRequest, SiteRequestPage, TranscriptPage,
};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::bindings::uis::integration::timers::Timer;
use crate::event::Event;
use crate::limits::{HOST_TIMERS, REPORT_PAGE};

fn rows(limit: u32) -> usize {
    limit.clamp(1, REPORT_PAGE) as usize
}

/// The event that a timer of the host delivers; none for a plugin's timer, and for one whose event cannot be read.
pub fn delivered_by(timer: &Timer) -> Option<Event> {
    timer.name.starts_with(HOST_TIMERS).then(|| serde_json::from_slice(&timer.payload).ok()).flatten()
}

impl EventScope {
    /// Keeps an event as a timer of the host: a timer has all that a reported event needs, its own lane, a time, and one of a name.
    async fn deliver(&mut self, name: String, ordering_key: String, at: i64, event: &Event) -> wasmtime::Result<Result<(), String>> {
        self.turn_to_write().await?;
        let payload = serde_json::to_vec(event).map_err(wasmtime::Error::new)?;
        let timer = Timer { name: format!("{HOST_TIMERS}reported/{name}"), at, every_ms: None, ordering_key, payload };
        Ok(self.keep_timer(timer).await?)
    }
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

    async fn deliver_call(&mut self, call: ReportedCall, at: i64) -> wasmtime::Result<Result<(), String>> {
        let name = format!("call/{}", call.finished.call.session_id);
        self.deliver(name, call.ordering_key, at, &Event::CallFinished(call.finished)).await
    }

    async fn deliver_chat(&mut self, chat: ReportedChat, at: i64) -> wasmtime::Result<Result<(), String>> {
        let name = format!("chat/{}", chat.finished.chat.chat_id);
        self.deliver(name, chat.ordering_key, at, &Event::ChatFinished(chat.finished)).await
    }

    async fn deliver_site_request(&mut self, request: ReportedSiteRequest, at: i64) -> wasmtime::Result<Result<(), String>> {
        let name = format!("site-request/{}", request.request.communication_id);
        self.deliver(name, request.ordering_key, at, &Event::SiteRequest(request.request)).await
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
