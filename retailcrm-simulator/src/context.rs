//! The context of one request to the API: the account, the request, the actor, the time. Rules and the API's methods work with it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::history::{Actor, Change, Deed, Subject};
use crate::state::State;
use crate::state::outgoing::Outgoing;
use crate::wire::Call;

/// What a method of the API works with.
pub(crate) struct Context<'a> {
    /// The account.
    pub state: &'a mut State,
    /// The request.
    pub call: &'a Call,
    /// Parts of the path by their names.
    pub path: &'a [(String, String)],
    /// The present.
    pub now: DateTime<Utc>,
    /// Who asks.
    pub actor: Actor,
    /// Codes of the shops that the actor sees.
    pub sites: Vec<String>,
}

impl Context<'_> {
    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The key that asks; empty when a user acts.
    pub fn key(&self) -> &str {
        if let Actor::Key(key) = &self.actor { key } else { "" }
    }

    /// Records what happened to an entity and queues the requests of the triggers that it sets off. `recorded` is what the history's
    /// records show of the entity, `shown` the whole.
    pub fn happened(&mut self, subject: Subject, deed: Deed, changes: Vec<Change>, recorded: &Value, shown: &Value) {
        let triggers = &self.state.account.triggers;
        let wanted: Vec<_> = triggers.iter().filter_map(|trigger| trigger.wants(subject, deed, &changes, shown)).collect();
        for wanted in &wanted {
            let outgoing = Outgoing::of_trigger(self.state, self.now, wanted);
            self.state.callbacks.push(outgoing);
        }
        self.state.log(subject, changes, &self.actor, self.now, recorded);
    }

    /// The present as the API writes it.
    pub fn date_time(&self) -> String {
        self.state.date_time(self.now)
    }
}
