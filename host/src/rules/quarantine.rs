//! Rules that keep failing are not asked any more, until somebody releases them: a rule that fails costs its time with every event.

use std::collections::VecDeque;

use super::limits::RuleLimits;

/// How a rule has been doing.
#[derive(Debug, Default)]
pub struct Record {
    /// When it failed lately, in milliseconds since 1970.
    failures: VecDeque<i64>,
    quarantined: bool,
}

impl Record {
    /// Whether it is not asked any more.
    pub fn is_quarantined(&self) -> bool {
        self.quarantined
    }

    /// It failed; true when that was once too often.
    pub fn failed(&mut self, now: i64, limits: &RuleLimits) -> bool {
        let window = i64::try_from(limits.window.as_millis()).unwrap_or(i64::MAX);
        self.failures.push_back(now);
        while self.failures.front().is_some_and(|first| now - first > window) {
            self.failures.pop_front();
        }
        let too_often = self.failures.len() >= limits.failures;
        let news = too_often && !self.quarantined;
        self.quarantined |= too_often;
        news
    }

    /// Somebody says that it is mended: it begins anew.
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
        assert!(!record.failed(20_000, &limits), "the first two are long ago");
        assert!(!record.failed(21_000, &limits) && !record.is_quarantined());
        assert!(record.failed(22_000, &limits) && record.is_quarantined(), "told once");
        assert!(!record.failed(22_500, &limits) && record.is_quarantined());
        record.release();
        assert!(!record.is_quarantined());
    }
}
