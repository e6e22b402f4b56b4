//! Chats and site requests that notifications lost. UIS's reports are read again and again; each row that is news is handled by a timer of
//! its own, in order with its customer's other events, so that one that RetailCRM cannot take now holds up no other.

use crate::base::keys::Key;
use crate::base::outcome::{Handled, done, done_with_skipped, skipped};
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::communications::{ReportedChat, ReportedSiteRequest};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;
use crate::settings::Settings;
use crate::texts::{chats, site_requests};
use crate::uis::reports::{self, PAGE, ReportReader};

/// The reports of chats and of site requests.
pub const TEXTS: ReportReader = ReportReader { timer: TimerName::ReconcileTexts, key: Key::TextsRead };

/// Starts the reading, if anything of the reports is wanted.
pub fn start(context: &Context<'_>) -> Result<(), Failure> {
    let settings = context.settings()?;
    if settings.chats.send || settings.requests.send {
        return TEXTS.start_timer(context.platform);
    }
    timers::cancel(context.platform, TEXTS.timer);
    Ok(())
}

/// Reads the reports since the last time.
pub fn on_timer(context: &Context<'_>) -> Handled {
    let began = context.platform.now();
    let since = TEXTS.since(context.platform)?;
    let settings = context.settings()?;
    if settings.chats.send {
        chats(context, since)?;
    }
    if settings.requests.send {
        requests(context, settings, since)?;
    }
    TEXTS.mark_read(context.platform, began)?;
    done()
}

fn chats(context: &Context<'_>, since: Instant) -> Result<(), Failure> {
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.finished_chats(since, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for ReportedChat { ordering_key, finished } in &page.chats {
            let chat = finished.chat.chat_id;
            if chats::on_reported(context, finished)? {
                context.platform.log(Level::Warn, "a finished chat was not told, only reported", &[("chat", &chat.to_string())]);
                timers::hand_over(context.platform, TimerName::Chat(chat), ordering_key, Vec::new())?;
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

fn requests(context: &Context<'_>, settings: &Settings, since: Instant) -> Result<(), Failure> {
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.received_site_requests(since, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for ReportedSiteRequest { ordering_key, request } in &page.requests {
            let id = request.communication_id;
            if site_requests::is_new(context, settings, id)? {
                context.platform.log(Level::Warn, "a site request was not told, only reported", &[("request", &id.to_string())]);
                timers::hand_over(context.platform, TimerName::SiteRequest(id), ordering_key, request.at.to_string().into_bytes())?;
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

/// Handles a request that the report told of. Its text may be longer than a timer can carry, so it is read again.
pub fn on_request_timer(context: &Context<'_>, id: i64, payload: &[u8]) -> Handled {
    let at = std::str::from_utf8(payload).ok().and_then(|text| text.parse::<Instant>().ok()).unwrap_or_default();
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.received_site_requests(at, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        if let Some(found) = page.requests.iter().find(|row| row.request.communication_id == id) {
            return site_requests::on_site_request(context, &found.request);
        }
        match page.next.filter(|_| page.requests.last().is_some_and(|last| last.request.at <= at)) {
            Some(next) => cursor = Some(next),
            None => return done_with_skipped(vec![skipped(format!("site request {id}"), "UIS's report does not know it any more")]),
        }
    }
}
