//! Rate limits of a connection, from the plugin's `setup.describe`. A request waits until the limit allows it. A request that would wait
//! beyond its deadline is not sent.

use std::num::NonZeroU32;
use std::time::Instant;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::bindings::exports::uis::integration::setup::RateClass;

/// The rate limits of one connection.
pub struct Pace {
    classes: Vec<(String, DefaultDirectRateLimiter)>,
}

impl Pace {
    /// Limits in requests per second, by the beginning of the path. The first prefix that matches counts. A rate of 0 means no limit.
    pub fn new(classes: &[RateClass]) -> Pace {
        let limiter = |class: &RateClass| {
            Some((class.path_prefix.clone(), RateLimiter::direct(Quota::per_second(NonZeroU32::new(class.per_second)?))))
        };
        Pace { classes: classes.iter().filter_map(limiter).collect() }
    }

    /// No limits. For simulated remote systems: virtual time does not advance while a handler runs.
    pub fn none() -> Pace {
        Pace { classes: Vec::new() }
    }

    /// Waits until the limit allows a request. False when that would be at or after `until`; then it does not wait.
    pub async fn wait(&self, path: &str, until: Instant) -> bool {
        let Some((_, limiter)) = self.classes.iter().find(|(prefix, _)| path.starts_with(prefix.as_str())) else { return true };
        while let Err(not_until) = limiter.check() {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            if Instant::now() + wait >= until {
                return false;
            }
            tokio::time::sleep(wait).await;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn pace() -> Pace {
        let class = |prefix: &str, per_second| RateClass { path_prefix: prefix.into(), per_second };
        Pace::new(&[class("/fast/", 1000), class("/", 1)])
    }

    #[tokio::test]
    async fn a_request_that_would_wait_beyond_its_deadline_is_refused() {
        let pace = pace();
        let soon = || Instant::now() + Duration::from_millis(50);
        assert!(pace.wait("/slow", soon()).await, "the first request is allowed at once");
        assert!(!pace.wait("/slow", soon()).await, "the second one would wait a second");
        assert!(pace.wait("/fast/x", soon()).await, "another class has its own limit");
        assert!(Pace::none().wait("/slow", Instant::now()).await);
    }
}
