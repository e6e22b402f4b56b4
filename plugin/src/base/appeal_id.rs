//! The id of an appeal. Records in RetailCRM that were created from the appeal carry it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The kind of an appeal.
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
    /// The kind.
    pub kind: AppealKind,
    /// UIS's number: a call's session id, a chat's own id, a site request's communication id.
    pub id: i64,
}

impl AppealId {
    /// The id of a call.
    pub fn call(session: i64) -> AppealId {
        AppealId { kind: AppealKind::Call, id: session }
    }

    /// The id of a chat.
    pub fn chat(chat: i64) -> AppealId {
        AppealId { kind: AppealKind::Chat, id: chat }
    }

    /// The id of a site request.
    pub fn site_request(communication: i64) -> AppealId {
        AppealId { kind: AppealKind::SiteRequest, id: communication }
    }

    /// Parses an appeal's id; none for any other text.
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

/// Reads an id; an empty text means none.
pub fn read_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AppealId>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !text.is_empty() => {
            AppealId::parse(&text).map(Some).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not an appeal's id")))
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
