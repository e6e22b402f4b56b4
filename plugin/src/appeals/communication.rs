//! UIS's communication behind an appeal. A chat's own id differs from the id of its communication.

use serde::Deserialize;

use crate::base::appeal_id::{AppealId, AppealKind};
use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;

/// The part of a chat's stored state that is read here; the room `texts` stores it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    communication: Option<i64>,
}

/// The communication's type, as the Data API writes it, and its id; none if the id is not known.
pub fn of(context: &Context<'_>, appeal: AppealId) -> Result<Option<(&'static str, i64)>, Failure> {
    Ok(match appeal.kind {
        AppealKind::Call => Some(("call", appeal.id)),
        AppealKind::SiteRequest => Some(("offline_message", appeal.id)),
        AppealKind::Chat => {
            let known = stored::load::<Known>(context.platform, Key::Chat(appeal.id))?;
            known.and_then(|known| known.communication).map(|id| ("chat", id))
        }
    })
}
