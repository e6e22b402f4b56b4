//! Real time: another plugin, with integrations made anew, in place of the one in use.

use tokio::sync::oneshot;

use super::commands::Replacement;
use super::serving::Serving;
use super::{Dispatch, kept_places};
use crate::ports::{Origin, StoreError};

impl Dispatch<'_> {
    /// Puts a plugin and its integrations into use. A handler that runs has its own reference to the plugin and the integration that it began
    /// with. The lane of its event stays taken until it ends, so the next event of the lane begins after it, with the new plugin.
    pub(super) async fn replace_all(
        &mut self,
        all: Replacement,
        reply: oneshot::Sender<()>,
        serving: &mut Serving,
    ) -> Result<(), StoreError> {
        let Replacement { plugin, integrations, activate } = all;
        self.plugin = plugin;
        if let Some((_, first)) = integrations.first() {
            self.places = first.limits.instances as usize;
            self.kept_places = kept_places(first.limits.instances);
        }
        let slots: Vec<usize> = integrations.iter().map(|(slot, _)| *slot).collect();
        for (slot, integration) in integrations {
            self.slots[slot].integration = integration;
        }
        let mut last = None;
        for slot in slots {
            if activate && self.slots[slot].lanes.is_wanted() {
                // In the same command, so that no event reaches the new plugin before its activation.
                self.switch_on(slot, Origin(0)).await?;
                last = Some(slot);
            }
            self.changed(slot, serving);
        }
        match last {
            Some(slot) => self.wished(slot, reply, serving),
            // Whoever asked may have gone.
            None => drop(reply.send(())),
        }
        Ok(())
    }
}
