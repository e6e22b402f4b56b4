//! The communication of UIS's reports that an appeal is. A chat's id there is another one than the chat's own.

use serde::Deserialize;

use crate::base::appeal_id::{AppealId, AppealKind};
use crate::base::keys::Key;
use crate::base::stored;
use crate::bindings::uis::integration::types::Failure;
use crate::context::Context;

/// What is read of a chat's story, which the room `texts` keeps.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    communication: Option<i64>,
}

/// The communication's type, as the Data API writes it, and its id; none: the id is not known.
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
