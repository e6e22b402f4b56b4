//! The id of an appeal: by it RetailCRM knows what was made of it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an appeal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppealKind {
    /// A call.
    Call,
    /// A chat.
    Chat,
    /// A site request.
    SiteRequest,
}

const KINDS: [(AppealKind, &str); 3] =
    [(AppealKind::Call, "uis-call-"), (AppealKind::Chat, "uis-chat-"), (AppealKind::SiteRequest, "uis-request-")];

/// An appeal's id. As text, in RetailCRM and in storage: `uis-call-<session>`, `uis-chat-<id>`, `uis-request-<id>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppealId {
    /// What it is.
    pub kind: AppealKind,
    /// UIS's number of it: a call's session, a chat's own id, a site request's communication.
    pub id: i64,
}

impl AppealId {
    /// A call's.
    pub fn call(session: i64) -> AppealId {
        AppealId { kind: AppealKind::Call, id: session }
    }

    /// A chat's.
    pub fn chat(chat: i64) -> AppealId {
        AppealId { kind: AppealKind::Chat, id: chat }
    }

    /// A site request's.
    pub fn site_request(communication: i64) -> AppealId {
        AppealId { kind: AppealKind::SiteRequest, id: communication }
    }

    /// The id that a text is; none when it is another's.
    pub fn parse(text: &str) -> Option<AppealId> {
        KINDS.iter().find_map(|(kind, prefix)| Some(AppealId { kind: *kind, id: text.strip_prefix(prefix)?.parse().ok()? }))
    }
}

impl fmt::Display for AppealId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, prefix)| prefix);
        write!(out, "{prefix}{}", self.id)
    }
}

impl Serialize for AppealId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads an id, or an empty text for none.
pub fn read_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AppealId>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !text.is_empty() => {
            AppealId::parse(&text).map(Some).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no appeal's id")))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_its_text() {
        for (id, text) in
            [(AppealId::call(7), "uis-call-7"), (AppealId::chat(8), "uis-chat-8"), (AppealId::site_request(9), "uis-request-9")]
        {
            assert_eq!((id.to_string().as_str(), AppealId::parse(text)), (text, Some(id)));
        }
        for other in ["", "uis-call-", "uis-call-7a", "uis-phone-79161234567", "7"] {
            assert_eq!(AppealId::parse(other), None, "{other}");
        }
    }
}
