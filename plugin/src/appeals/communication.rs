//! The communication of UIS's reports that a chat is: its id there is another one than the chat's own.

use serde::Deserialize;

use crate::base::stored;
use crate::context::Context;

/// Where what is remembered of chats stands. The room `texts` writes it; here only the communication is read.
pub const CHAT_PREFIX: &str = "chat/";

/// What is read of a chat's story.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    communication: Option<i64>,
}

/// The id of the communication; none: it is not known.
pub fn of_chat(context: &Context<'_>, chat: i64) -> Option<i64> {
    stored::load::<Known>(context.platform, &format!("{CHAT_PREFIX}{chat}"))?.communication
}
