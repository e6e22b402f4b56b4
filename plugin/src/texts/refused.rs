//! Chats and site requests of which RetailCRM refused something. They count as finished, so that UIS's reports do not bring them up again.
//! Other settings may help, so they are handled again when settings are saved.

use serde::{Deserialize, Serialize};

use crate::appeals::progress;
use crate::base::appeal_id::AppealId;
use crate::base::keys::{Family, Key};
use crate::base::stored;
use crate::base::timers::{self, TimerName};
use crate::bindings::uis::integration::types::{Failure, Instant};
use crate::context::Context;

/// As long as what is done for an appeal is stored.
const TTL_MS: u64 = 35 * 24 * 3_600_000;

/// What is needed to handle a refused appeal again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct RefusedAppeal {
    /// The lane of its events.
    ordering_key: String,
    /// When it was sent; a request is read again from UIS's report.
    at: Instant,
}

/// Stores that RetailCRM refused something of an appeal.
pub fn remember(context: &Context<'_>, key: Key<'_>, at: Instant, ordering_key: &str) -> Result<(), Failure> {
    stored::put(context.platform, key, &RefusedAppeal { ordering_key: ordering_key.to_owned(), at }, Some(TTL_MS))
}

/// The settings were saved: every refused appeal is handled again, each by its own timer.
pub fn resume_all(context: &Context<'_>) -> Result<(), Failure> {
    let settings = context.settings()?;
    if settings.handles_chats() {
        for chat in stored::ids(context.platform, Family::RefusedChats) {
            resume(context, Key::RefusedChat(chat), AppealId::chat(chat), TimerName::Chat(chat))?;
        }
    }
    if settings.handles_requests() {
        for request in stored::ids(context.platform, Family::RefusedRequests) {
            let (id, timer) = (AppealId::site_request(request), TimerName::SiteRequest(request));
            resume(context, Key::RefusedRequest(request), id, timer)?;
        }
    }
    Ok(())
}

fn resume(context: &Context<'_>, key: Key<'_>, id: AppealId, timer: TimerName) -> Result<(), Failure> {
    let Some(appeal) = stored::load::<RefusedAppeal>(context.platform, key)? else { return Ok(()) };
    progress::update(context, id, |progress| (progress.finished, progress.refused) = (false, false))?;
    timers::hand_over(context.platform, timer, &appeal.ordering_key, appeal.at.to_string().into_bytes())?;
    stored::forget(context.platform, key)
}
