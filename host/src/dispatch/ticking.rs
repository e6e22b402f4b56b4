//! Real time: the plugins' timers. Of each integration only the next one is known, and read again after a handler may have changed it.

use super::Dispatch;
use super::index::NextTimer;
use super::serving::{ReadTimer, Serving, Stored};
use super::writes::begun;
use crate::ports::StoreError;

impl Dispatch<'_> {
    /// A handler has ended, and may have set or cancelled timers.
    pub(super) fn timer_may_have_changed(&mut self, slot: usize, serving: &mut Serving) {
        let timer = serving.index.timer(slot);
        *timer = match timer {
            NextTimer::Busy(_) => NextTimer::Busy(true),
            NextTimer::Unknown | NextTimer::Known(_) => NextTimer::Unknown,
        };
    }

    pub(super) fn read_timer(&mut self, slot: usize, serving: &mut Serving) {
        let integration = self.slots[slot].integration.clone();
        *serving.index.timer(slot) = NextTimer::Busy(false);
        *serving.count(slot) += 1;
        let reading = begun(async move { integration.store.next_timer(&integration.name).await });
        serving.reading.push(Box::pin(async move { (slot, reading.await) }));
    }

    pub(super) fn timer_read(&mut self, (slot, read): ReadTimer, serving: &mut Serving) -> Result<(), StoreError> {
        *serving.count(slot) -= 1;
        let again = matches!(serving.index.timer(slot), NextTimer::Busy(true));
        *serving.index.timer(slot) = if again { NextTimer::Unknown } else { NextTimer::Known(read?.map(Box::new)) };
        self.changed(slot, serving);
        Ok(())
    }

    /// Fires a timer that is due.
    pub(super) fn fire_due(&mut self, slot: usize, serving: &mut Serving) {
        serving.index.set_due(slot, None);
        let NextTimer::Known(Some(set)) = std::mem::replace(serving.index.timer(slot), NextTimer::Busy(false)) else { return };
        let (now, name) = (self.now(), set.timer.name.clone());
        // While the event of a repeating timer's previous run waits, another one would find nothing more to do.
        let waits = set.timer.every_ms.is_some() && self.slots[slot].lanes.has_timer(&set.timer.ordering_key, &name);
        let event = (!waits).then(|| Box::new(self.timer_event(slot, *set)));
        let integration = self.slots[slot].integration.clone();
        let stored = event.clone();
        let firing = begun(async move { integration.store.fire(&integration.name, &name, now, stored.as_deref()).await });
        *serving.count(slot) += 1;
        serving.storing.push_back(Box::pin(async move { firing.await.map(|fired| Stored::Fired(slot, event, fired)) }));
    }
}
