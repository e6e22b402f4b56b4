//! Finds chats and site requests whose notifications were lost. UIS's reports are read repeatedly. The host delivers each item that is not
//! finished as an event in the customer's lane, so that one that RetailCRM cannot store now does not block the others.

use crate::base::keys::Key;
use crate::base::outcome::{Handled, done, done_with_skipped, retry, skipped};
use crate::base::stored;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::communications::{ReportedChat, ReportedSiteRequest};
use crate::bindings::uis::integration::log::Level;
use crate::bindings::uis::integration::types::{Delivery, Failure, Instant};
use crate::context::Context;
use crate::settings::Settings;
use crate::texts::{chats, site_requests};
use crate::uis::reports::{self, PAGE, ReportReader};
use crate::uis::seen::Seen;

/// The reports of chats and of site requests.
pub const TEXTS: ReportReader =
    ReportReader { timer: TimerName::ReconcileTexts, key: Key::TextsRead, seen: &[Key::ChatsSeen, Key::RequestsSeen] };

/// Starts the timer, if the settings require chats or requests.
pub fn start(context: &Context<'_>) -> Result<(), Failure> {
    let settings = context.settings()?;
    if settings.handles_chats() || settings.handles_requests() {
        return TEXTS.start_timer(context.platform);
    }
    timers::cancel(context.platform, TEXTS.timer);
    // What happens while neither is handled is not read later.
    TEXTS.clear(context.platform)
}

/// Reads the reports since the last time.
pub fn on_timer(context: &Context<'_>) -> Handled {
    let began = context.platform.now();
    let last = TEXTS.last(context.platform)?;
    let settings = context.settings()?;
    if settings.handles_chats() {
        chats(context, last)?;
    } else {
        stored::forget(context.platform, Key::ChatsSeen)?;
    }
    if settings.handles_requests() {
        requests(context, settings, last)?;
    } else {
        stored::forget(context.platform, Key::RequestsSeen)?;
    }
    TEXTS.mark_read(context.platform, began)?;
    done()
}

fn chats(context: &Context<'_>, last: Instant) -> Result<(), Failure> {
    let mut seen = Seen::open(context.platform, Key::ChatsSeen, last)?;
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.finished_chats(seen.since(), cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for reported in page.chats {
            let ReportedChat { finished, .. } = &reported;
            let chat = finished.chat.chat_id;
            let state = (finished.chat.at, finished.chat.communication_id);
            if seen.knows(chat, &state) {
                continue;
            }
            if chats::is_new(context, finished)? {
                context.platform.log(
                    Level::Warn,
                    "the end of a chat was found in UIS's report; its notification was lost",
                    &[("chat", &chat.to_string())],
                );
                context.platform.deliver_chat(reported, context.platform.now()).map_err(retry)?;
            } else {
                seen.add(chat, &state);
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return seen.close(context.platform),
        }
    }
}

fn requests(context: &Context<'_>, settings: &Settings, last: Instant) -> Result<(), Failure> {
    let mut seen = Seen::open(context.platform, Key::RequestsSeen, last)?;
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.received_site_requests(seen.since(), cursor.as_deref(), PAGE).map_err(reports::failure)?;
        for reported in page.requests {
            let ReportedSiteRequest { request, .. } = &reported;
            let id = request.communication_id;
            if seen.knows(id, &request.at) {
                continue;
            }
            if site_requests::is_new(context, settings, id)? {
                context.platform.log(
                    Level::Warn,
                    "a site request was found in UIS's report; its notification was lost",
                    &[("request", &id.to_string())],
                );
                context.platform.deliver_site_request(reported, context.platform.now()).map_err(retry)?;
            } else {
                seen.add(id, &request.at);
            }
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return seen.close(context.platform),
        }
    }
}

/// Handles a request again of which RetailCRM refused something. Its text may be too long for a timer's payload, so it is read from the
/// report.
pub fn on_request_timer(context: &Context<'_>, delivery: &Delivery, id: i64, payload: &[u8]) -> Handled {
    let at = std::str::from_utf8(payload).ok().and_then(|text| text.parse::<Instant>().ok()).unwrap_or_default();
    let mut cursor: Option<String> = None;
    loop {
        let page = context.platform.received_site_requests(at, cursor.as_deref(), PAGE).map_err(reports::failure)?;
        if let Some(found) = page.requests.iter().find(|row| row.request.communication_id == id) {
            return site_requests::on_site_request(context, delivery, &found.request);
        }
        match page.next.filter(|_| page.requests.last().is_some_and(|last| last.request.at <= at)) {
            Some(next) => cursor = Some(next),
            None => return done_with_skipped(vec![skipped(format!("site request {id}"), "it is no longer in UIS's report")]),
        }
    }
}
