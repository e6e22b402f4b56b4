//! A rule that keeps failing is put in quarantine: it is not evaluated until an operator releases it. Otherwise its failures would cost
//! time with every event.

use std::collections::VecDeque;

use super::limits::RuleLimits;

/// A rule's recent failures.
#[derive(Debug, Default)]
pub struct Record {
    /// When the rule failed, within the last `rule-window-ms`; in milliseconds since 1970.
    failures: VecDeque<i64>,
    quarantined: bool,
}

impl Record {
    /// Whether the rule is in quarantine.
    pub fn is_quarantined(&self) -> bool {
        self.quarantined
    }

    /// Records a failure at `now`, in milliseconds since 1970. True when this failure puts the rule in quarantine.
    pub fn failed(&mut self, now: i64, limits: &RuleLimits) -> bool {
        let window = i64::try_from(limits.window.as_millis()).unwrap_or(i64::MAX);
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|first| now - first > window) {
            self.failures.pop_front();
        }
        let too_often = self.failures.len() >= limits.failures;
        let newly = too_often && !self.quarantined;
        self.quarantined |= too_often;
        newly
    }

    /// Puts the rule in quarantine, because it was before the process started.
    pub fn quarantine(&mut self) {
        self.quarantined = true;
    }

    /// Ends the quarantine and forgets all failures: the rule was repaired.
    pub fn release(&mut self) {
        *self = Record::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_count_within_the_window_and_a_release_forgets_them() {
        let limits = RuleLimits { failures: 3, window: std::time::Duration::from_secs(10), ..RuleLimits::default() };
        let mut record = Record::default();
        assert!(!record.failed(0, &limits) && !record.failed(1_000, &limits));
        assert!(!record.failed(20_000, &limits), "the first two are outside the window");
        assert!(!record.failed(21_000, &limits) && !record.is_quarantined());
        assert!(record.failed(22_000, &limits) && record.is_quarantined(), "reported once");
        assert!(!record.failed(22_500, &limits) && record.is_quarantined());
        record.release();
        assert!(!record.is_quarantined());
    }
}
