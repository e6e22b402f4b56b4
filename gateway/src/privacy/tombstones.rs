//! Tombstones: keyed digests of who was erased, and when. They keep out what is from before the erasure and comes later: rows of UIS's
//! reports, notifications that were delayed, rows of a backup. Nobody can read a phone from them without the key, and with it only by trying
//! all phones.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, PoisonError, RwLock};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uis_host::event::Event;

use super::appeals::{Appeal, appeals_of, began, customer_of};
use super::person::Person;

/// Bytes of the key and of a digest.
pub const DIGEST_BYTES: usize = 32;
/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;
/// Characters of a key's name.
const KEY_NAME: usize = 16;

/// The key of the digests.
#[derive(Clone)]
pub struct DigestKey(Hmac<Sha256>);

/// What a digest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A phone, in digits of E.164.
    Phone,
    /// An e-mail, in lower case.
    Email,
    /// A visitor's id.
    Visitor,
    /// A call session.
    Call,
    /// A chat.
    Chat,
    /// A chat, by its communication.
    ChatCommunication,
    /// A site request.
    Request,
}

impl Kind {
    /// The name in the journal and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Phone => "phone",
            Kind::Email => "email",
            Kind::Visitor => "visitor",
            Kind::Call => "call",
            Kind::Chat => "chat",
            Kind::ChatCommunication => "chat-communication",
            Kind::Request => "request",
        }
    }
}

/// A digest: bound to the integration and to what it is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; DIGEST_BYTES]);

impl Digest {
    /// As hexadecimal digits.
    pub fn written(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// From hexadecimal digits; none when it is something else.
    pub fn parse(text: &str) -> Option<Digest> {
        let mut bytes = [0; DIGEST_BYTES];
        if text.len() != 2 * DIGEST_BYTES || !text.is_ascii() {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Digest(bytes))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&self.written())
    }
}

/// What is remembered of an erasure: one thing that identified the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The integration.
    pub integration: String,
    /// What it is of: the name of a [`Kind`].
    pub kind: String,
    /// The digest.
    pub digest: Digest,
    /// When the person was erased, in milliseconds since 1970.
    pub at: i64,
}

impl DigestKey {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; DIGEST_BYTES]) -> DigestKey {
        // A key that is shorter than a block is used as if zeros followed it.
        let mut block = [0; BLOCK_BYTES];
        block[..DIGEST_BYTES].copy_from_slice(bytes);
        DigestKey(Hmac::<Sha256>::new(&block.into()))
    }

    /// The digest of something that identifies a person of an integration.
    pub fn digest(&self, integration: &str, kind: Kind, value: &str) -> Digest {
        let mut mac = self.0.clone();
        // A name of an integration and of a kind contains no zero.
        for part in [integration.as_bytes(), &[0], kind.name().as_bytes(), &[0], value.as_bytes()] {
            mac.update(part);
        }
        Digest(mac.finalize().into_bytes().into())
    }

    /// The key's name, from which the key cannot be found: entries of a journal name the key that they were made with.
    pub fn name(&self) -> String {
        let mut mac = self.0.clone();
        mac.update(b"the name of this key");
        Digest(mac.finalize().into_bytes().into()).written()[..KEY_NAME].to_owned()
    }

    /// The tombstones of a person and of their appeals.
    pub fn tombstones<'a>(&self, integration: &str, person: &Person, appeals: impl Iterator<Item = &'a Appeal>, at: i64) -> Vec<Tombstone> {
        let values = person.phones.iter().map(|phone| (Kind::Phone, phone.clone()));
        let values = values.chain(person.emails.iter().map(|email| (Kind::Email, email.clone())));
        let values = values.chain(person.visitors.iter().map(|id| (Kind::Visitor, id.to_string())));
        let values = values.chain(appeals.filter_map(Appeal::digested));
        let made = values.map(|(kind, value)| Tombstone {
            integration: integration.to_owned(),
            kind: kind.name().to_owned(),
            digest: self.digest(integration, kind, &value),
            at,
        });
        made.collect()
    }
}

impl Appeal {
    /// What is digested of an appeal; none of an order, which the CRM knows and UIS does not send.
    pub fn digested(&self) -> Option<(Kind, String)> {
        let kind = match self {
            Appeal::Call(_) => Kind::Call,
            Appeal::Chat(_) => Kind::Chat,
            Appeal::ChatCommunication(_) => Kind::ChatCommunication,
            Appeal::Request(_) => Kind::Request,
            Appeal::Order(_) => return None,
        };
        Some((kind, self.id()?.to_string()))
    }
}

/// The tombstones that a gateway remembers: when each digest was erased last. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Tombstones {
    known: Arc<RwLock<HashMap<Digest, i64>>>,
}

impl Tombstones {
    /// Remembers tombstones.
    pub fn add<'a>(&self, tombstones: impl IntoIterator<Item = &'a Tombstone>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for tombstone in tombstones {
            let at = known.entry(tombstone.digest).or_insert(tombstone.at);
            *at = (*at).max(tombstone.at);
        }
    }

    /// When this digest was erased, in milliseconds since 1970.
    pub fn erased(&self, digest: &Digest) -> Option<i64> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(digest).copied()
    }

    /// Whether nobody was erased.
    pub fn is_empty(&self) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// Says what of an integration is from before an erasure.
#[derive(Clone)]
pub struct Guard {
    /// The integration.
    pub integration: String,
    /// The key of the digests.
    pub key: DigestKey,
    /// The tombstones.
    pub tombstones: Tombstones,
}

impl Guard {
    /// Whether an event is from before an erasure of its customer: a call, chat or request that was erased, or one of an erased person that
    /// began before the erasure. A chat that was erased and goes on counts from the erasure on as new, except its end, which would bring
    /// all of it back.
    pub fn forbids(&self, event: &Event) -> bool {
        if self.tombstones.is_empty() {
            return false;
        }
        let Some(began) = began(event) else { return false };
        let ends_chat = matches!(event, Event::ChatFinished(_));
        let of_appeal = appeals_of(event)
            .iter()
            .filter_map(Appeal::digested)
            .any(|(kind, value)| self.erased(kind, &value).is_some_and(|at| event.chat().is_none() || ends_chat || began < at));
        of_appeal || self.person_erased(&customer_of(event)).is_some_and(|at| began < at)
    }

    /// When a chat was erased last, in milliseconds since 1970: what was written in it before stays erased.
    pub fn chat_erased(&self, chat: i64) -> Option<i64> {
        self.erased(Kind::Chat, &chat.to_string())
    }

    /// When anything of a person was erased last.
    fn person_erased(&self, person: &Person) -> Option<i64> {
        let phones = person.phones.iter().filter_map(|phone| self.erased(Kind::Phone, phone));
        let emails = person.emails.iter().filter_map(|email| self.erased(Kind::Email, email));
        let visitors = person.visitors.iter().filter_map(|id| self.erased(Kind::Visitor, &id.to_string()));
        phones.chain(emails).chain(visitors).max()
    }

    fn erased(&self, kind: Kind, value: &str) -> Option<i64> {
        if self.tombstones.is_empty() {
            return None;
        }
        self.tombstones.erased(&self.key.digest(&self.integration, kind, value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uis_host::clock::zone;
    use uis_host::notification::{events, params::Params};

    use super::*;

    /// 27 November 2026, 12:00 in Moscow.
    const ERASED: i64 = 1_795_770_000_000;

    fn event(kind: &str, body: serde_json::Value) -> Event {
        let zone = zone("Europe/Moscow").expect("a zone");
        let params = Params::from_body(&body, zone, ERASED + 5000).expect("readable");
        events(kind, &params).expect("readable").remove(0)
    }

    fn guard() -> Guard {
        let key = DigestKey::new(&[7; DIGEST_BYTES]);
        let person =
            Person { phones: ["79161234567".to_owned()].into(), emails: ["anna@x.example".to_owned()].into(), visitors: [42].into() };
        let tombstones = Tombstones::default();
        tombstones.add(&key.tombstones("main", &person, [Appeal::Call(1), Appeal::Chat(2)].iter(), ERASED));
        Guard { integration: "main".into(), key, tombstones }
    }

    #[test]
    fn what_is_from_before_the_erasure_is_kept_out_and_whoever_comes_later_is_new() {
        let guard = guard();
        let call = |session: i64, phone: &str, at: &str| {
            event("call_session_finished", json!({"call_session_id": session, "contact_phone_number": phone, "start_time": at}))
        };
        assert!(guard.forbids(&call(7, "79161234567", "2026-11-27 11:59:59")));
        assert!(!guard.forbids(&call(7, "79161234567", "2026-11-27 12:00:01")), "a call after the erasure");
        assert!(!guard.forbids(&call(7, "79161234568", "2026-11-27 11:59:59")), "another person");
        assert!(guard.forbids(&call(1, "", "2026-11-27 12:00:01")), "a call that was erased");
        let recording = event("record_ready", json!({"call_session_id": 1, "file_link": "https://x.example/1.mp3"}));
        assert!(guard.forbids(&recording), "its recording");
        let other = Guard { integration: "other".into(), ..guard.clone() };
        assert!(!other.forbids(&call(7, "79161234567", "2026-11-27 11:59:59")), "another integration");
        assert!(!Guard { tombstones: Tombstones::default(), ..guard.clone() }.forbids(&recording));
    }

    #[test]
    fn a_chat_that_goes_on_is_new_from_the_erasure_on() {
        let guard = guard();
        let chat = |kind: &str, id: i64, at: &str| {
            event(
                kind,
                json!({"chat_id": id, "date_time": at, "visitor_id": 42, "id": 9, "source": "visitor", "text": "x", "status": "succeed"}),
            )
        };
        assert!(guard.forbids(&chat("chat_message", 2, "2026-11-27 11:00:00")));
        assert!(!guard.forbids(&chat("chat_message", 2, "2026-11-27 12:00:01")));
        assert!(guard.forbids(&chat("chat_finished", 2, "2026-11-27 12:00:01")));
        assert!(!guard.forbids(&chat("chat_finished", 3, "2026-11-27 12:00:01")));
        assert_eq!((guard.chat_erased(2), guard.chat_erased(3)), (Some(ERASED), None));
    }

    #[test]
    fn a_digest_is_written_and_read() {
        let key = DigestKey::new(&[1; DIGEST_BYTES]);
        let digest = key.digest("main", Kind::Phone, "79161234567");
        assert_eq!(Digest::parse(&digest.written()), Some(digest));
        assert_ne!(digest, key.digest("main", Kind::Visitor, "79161234567"));
        assert_ne!(digest, DigestKey::new(&[2; DIGEST_BYTES]).digest("main", Kind::Phone, "79161234567"));
        assert_eq!((Digest::parse("ab"), key.name().len()), (None, KEY_NAME));
        assert!(Digest::parse(&"é".repeat(32)).is_none());
    }
}
