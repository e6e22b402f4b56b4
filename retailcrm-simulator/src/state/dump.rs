//! The account as `GET /_simulator/state` shows it: a description that an account can be started from again.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::State;
use super::outgoing::Outgoing;
use super::table::Table;
use crate::account::references::KINDS;

struct Rows<'a>(&'a Table);

impl Serialize for Rows<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

/// An account as it is serialised. Calls and events are written as the texts they are: a million of them as values would not fit beside
/// them.
pub struct Dump<'a>(pub(super) &'a State);

impl Serialize for Dump<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let state = self.0;
        let account = &state.account;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("apiKeys", &account.keys)?;
        if let Some(url) = &account.public_url {
            map.serialize_entry("publicUrl", url)?;
        }
        if let Some(url) = &account.technical_url {
            map.serialize_entry("technicalUrl", url)?;
        }
        map.serialize_entry("settings", &account.settings())?;
        map.serialize_entry("triggers", &account.triggers)?;
        map.serialize_entry("rateLimit", &account.rate_limit)?;
        map.serialize_entry("lenientHistoryPage", &account.lenient_history_page)?;
        map.serialize_entry("phoneFilter", &account.phone_filter)?;
        for kind in &KINDS {
            map.serialize_entry(kind.list, account.references.of(kind.list))?;
        }
        for (name, entities) in &account.lists {
            map.serialize_entry(name, entities)?;
        }
        let tables = [
            ("users", &state.users),
            ("customers", &state.customers),
            ("customersCorporate", &state.corporate),
            ("orders", &state.orders),
            ("tasks", &state.tasks),
            ("notes", &state.notes),
            ("corporateNotes", &state.corporate_notes),
        ];
        for (name, table) in &tables {
            map.serialize_entry(name, &Rows(table))?;
        }
        map.serialize_entry("calls", state.calls.kept())?;
        map.serialize_entry("callEvents", &state.call_events)?;
        map.serialize_entry("popups", &state.popups.to_json())?;
        map.serialize_entry("openPopups", &state.popups.open_calls())?;
        let counters: BTreeMap<&str, i64> =
            tables.iter().map(|(name, table)| (*name, table.last_id())).chain([("parts", state.part_ids.last())]).collect();
        map.serialize_entry("counters", &counters)?;
        map.serialize_entry("modules", &state.modules.values().collect::<Vec<_>>())?;
        map.serialize_entry("notifications", &state.notifications)?;
        let histories: BTreeMap<_, _> = state.histories.iter().map(|(subject, history)| (subject.list(), history.to_json())).collect();
        map.serialize_entry("history", &histories)?;
        map.serialize_entry("callbacks", &state.callbacks.iter().map(Outgoing::to_json).collect::<Vec<_>>())?;
        map.end()
    }
}
