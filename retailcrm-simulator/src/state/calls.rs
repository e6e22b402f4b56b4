//! The history of calls. The API never returns a call, so calls are kept as JSON text: a million of them must fit.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::account::Texts;
use crate::entity::{Entity, text};

/// Entities as JSON text: those that the account began with, and those since.
#[derive(Debug, Default)]
pub struct Kept {
    before: Texts,
    since: Vec<Box<RawValue>>,
}

impl Kept {
    /// What the account begins with.
    pub fn of(before: Texts) -> Kept {
        Kept { before, since: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, entity: &Entity) {
        // An entity is a map with text keys; writing it cannot fail.
        if let Ok(text) = serde_json::value::to_raw_value(entity) {
            self.since.push(text);
        }
    }
}

impl Serialize for Kept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.before.iter().chain(&self.since))
    }
}

/// The history of calls, in order of upload.
#[derive(Debug, Default)]
pub struct Calls {
    kept: Kept,
    known: HashSet<Box<str>>,
}

impl Calls {
    /// The calls that the account begins with.
    pub fn of(before: Texts) -> Calls {
        #[derive(Deserialize)]
        struct Known<'a> {
            #[serde(borrow, rename = "externalId")]
            external_id: Option<Cow<'a, str>>,
        }
        let id = |call: &RawValue| Some(serde_json::from_str::<Known<'_>>(call.get()).ok()?.external_id?.into());
        Calls { known: before.iter().filter_map(|call| id(call)).collect(), kept: Kept::of(before) }
    }

    /// Adds a call; false when its `externalId` is known: a call cannot be changed.
    pub fn add(&mut self, call: &Entity) -> bool {
        let id = text(call, "externalId");
        let new = id.is_empty() || self.known.insert(id.into());
        if new {
            self.kept.push(call);
        }
        new
    }

    /// All calls.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }
}
