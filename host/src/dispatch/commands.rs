//! Commands to a dispatch that serves.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Arrival, LiveEnd};
use crate::integration::Integration;
use crate::plugin::Plugin;
use crate::ports::{IntegrationState, Origin};

/// A command to a dispatch that runs [`serve`](super::Dispatch::serve). [`Handle`](super::handle::Handle) gives them. A reply that is dropped reports
/// that there is no such slot, or that the dispatch has ended.
pub enum Command {
    /// An event was received. For a kept event the reply is sent once the event is stored; for a live event, once its handler has ended.
    Deliver {
        /// The integration's slot.
        slot: usize,
        /// The event.
        arrival: Box<Arrival>,
        /// Receives the result.
        reply: oneshot::Sender<LiveEnd>,
    },
    /// Switch an integration on, or activate it again because its settings were saved.
    SwitchOn {
        /// The integration's slot.
        slot: usize,
        /// Where the command came from.
        origin: Origin,
        /// Sent once the wish is stored.
        reply: oneshot::Sender<()>,
    },
    /// Switch an integration off.
    SwitchOff {
        /// The integration's slot.
        slot: usize,
        /// Where the command came from.
        origin: Origin,
        /// Sent once the wish is stored.
        reply: oneshot::Sender<()>,
    },
    /// Add an integration.
    Add {
        /// The integration. Its name is new.
        integration: Arc<Integration>,
        /// Receives its slot.
        reply: oneshot::Sender<usize>,
    },
    /// Replace an integration.
    Replace {
        /// The integration's slot.
        slot: usize,
        /// The integration with the same name.
        integration: Arc<Integration>,
        /// Sent once it is in use.
        reply: oneshot::Sender<()>,
    },
    /// Replace the plugin and the integrations of these slots at once.
    ReplaceAll {
        /// The plugin, and the integrations that were made with it.
        all: Box<Replacement>,
        /// Sent once it is in use and the wishes to activate are stored.
        reply: oneshot::Sender<()>,
    },
    /// Put a dead letter back into its lane.
    Revive {
        /// The integration's slot.
        slot: usize,
        /// The event's id.
        id: String,
        /// Receives whether there was such a dead letter.
        reply: oneshot::Sender<bool>,
    },
    /// Take events out of their lanes, because they are erased.
    Forget {
        /// The integration's slot.
        slot: usize,
        /// The events' ids.
        ids: HashSet<String>,
        /// Receives the ids of those that waited. The others are being stored or handled, or have ended.
        reply: oneshot::Sender<HashSet<String>>,
    },
    /// Pause an integration, or end the pause: nothing of it is started meanwhile but a deactivation, and events go on being stored.
    Hold {
        /// The integration's slot.
        slot: usize,
        /// Whether it is paused from now on.
        held: bool,
        /// Sent once it is so. Handlers that run end by themselves.
        reply: oneshot::Sender<()>,
    },
    /// Describe what waits, runs and is due.
    Inspect {
        /// Receives one view for each slot.
        reply: oneshot::Sender<Vec<SlotView>>,
    },
    /// Look again at what is due, because the clock was turned.
    Wake {
        /// Sent once that was done.
        reply: oneshot::Sender<()>,
    },
    /// End once the handlers that run have ended.
    Stop,
}

/// A plugin with the integrations that were made with it.
pub struct Replacement {
    /// The plugin.
    pub plugin: Arc<dyn Plugin>,
    /// Slots, each with the integration of the same name. Slots that are not listed keep their integration.
    pub integrations: Vec<(usize, Arc<Integration>)>,
    /// Activate the listed integrations again that are on, or are being switched on.
    pub activate: bool,
}

/// What waits, runs and is due of one integration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotView {
    /// The integration's name.
    pub name: String,
    /// Its state.
    pub state: IntegrationState,
    /// Events that wait in its lanes.
    pub waiting: usize,
    /// Handlers that run, and writes and reads of the store that are under way.
    pub at_work: usize,
    /// When its next lane may run, in milliseconds since 1970; none when none may.
    pub next_lane: Option<i64>,
    /// When its next timer is due, in milliseconds since 1970; none when none is set, or it is being read.
    pub next_timer: Option<i64>,
    /// When the oldest event that waits was received, in milliseconds since 1970.
    pub oldest: Option<i64>,
}
