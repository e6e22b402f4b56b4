//! Which integration may run next, and whose timer is due next: one entry for each integration, so that a thousand idle ones cost nothing.

use std::collections::BTreeSet;

use crate::ports::SetTimer;

/// What is known of an integration's next timer.
#[derive(Debug, Default)]
pub(super) enum NextTimer {
    /// Nothing: it must be read.
    #[default]
    Unknown,
    /// It is being read or fired. The flag says that it must be read again, because a handler may have changed it meanwhile.
    Busy(bool),
    /// The timer; none when no timer is set.
    Known(Option<Box<SetTimer>>),
}

/// One integration's entries.
#[derive(Debug, Default)]
struct Own {
    startable: Option<(i64, u64)>,
    due: Option<i64>,
    timer: NextTimer,
}

/// The index.
#[derive(Debug, Default)]
pub(super) struct Index {
    own: Vec<Own>,
    /// When an integration's first lane may run, the lane's number in the order of arrival, the integration's slot.
    startable: BTreeSet<(i64, u64, usize)>,
    /// When an integration's first timer is due, the integration's slot.
    due: BTreeSet<(i64, usize)>,
}

impl Index {
    fn own(&mut self, slot: usize) -> &mut Own {
        if self.own.len() <= slot {
            self.own.resize_with(slot + 1, Own::default);
        }
        &mut self.own[slot]
    }

    /// Sets when a slot's first lane may run; none: it may not.
    pub(super) fn set_startable(&mut self, slot: usize, next: Option<(i64, u64)>) {
        let before = std::mem::replace(&mut self.own(slot).startable, next);
        if before == next {
            return;
        }
        if let Some((at, order)) = before {
            self.startable.remove(&(at, order, slot));
        }
        if let Some((at, order)) = next {
            self.startable.insert((at, order, slot));
        }
    }

    /// The slots whose first lane may run by now, those that have waited longest first.
    pub(super) fn startable(&self, now: i64) -> impl Iterator<Item = usize> {
        self.startable.range(..=(now, u64::MAX, usize::MAX)).map(|(_, _, slot)| *slot)
    }

    /// What is known of a slot's next timer.
    pub(super) fn timer(&mut self, slot: usize) -> &mut NextTimer {
        &mut self.own(slot).timer
    }

    /// Sets when a slot's next timer is due; none: it has none, or none that may run.
    pub(super) fn set_due(&mut self, slot: usize, next: Option<i64>) {
        let before = std::mem::replace(&mut self.own(slot).due, next);
        if let Some(at) = before {
            self.due.remove(&(at, slot));
        }
        if let Some(at) = next {
            self.due.insert((at, slot));
        }
    }

    /// A slot whose timer is due by now.
    pub(super) fn first_due(&self, now: i64) -> Option<usize> {
        self.due.first().filter(|(at, _)| *at <= now).map(|(_, slot)| *slot)
    }

    /// When a slot's next timer is due.
    pub(super) fn due_at(&self, slot: usize) -> Option<i64> {
        self.own.get(slot).and_then(|own| own.due)
    }

    /// When the next lane or timer becomes due after now.
    pub(super) fn next_after(&self, now: i64) -> Option<i64> {
        let lane = self.startable.range((now.saturating_add(1), 0, 0)..).next().map(|(at, ..)| *at);
        let timer = self.due.first().map(|(at, _)| *at);
        [lane, timer].into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_that_waited_longest_comes_first() {
        let mut index = Index::default();
        index.set_startable(2, Some((10, 1)));
        index.set_startable(0, Some((10, 2)));
        index.set_startable(1, Some((5, 9)));
        assert_eq!(index.startable(10).collect::<Vec<_>>(), [1, 2, 0]);
        index.set_startable(1, Some((20, 1)));
        index.set_startable(2, None);
        assert_eq!((index.startable(10).collect::<Vec<_>>(), index.next_after(10)), (vec![0], Some(20)));
        index.set_due(7, Some(15));
        assert_eq!((index.first_due(14), index.first_due(15), index.next_after(10)), (None, Some(7), Some(15)));
        index.set_due(7, None);
        assert_eq!((index.first_due(99), index.next_after(10)), (None, Some(20)));
    }
}
