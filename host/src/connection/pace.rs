//! Rate limits of a remote system, as the plugin described them: a request waits for its token, and one that would wait beyond its
//! deadline is not sent.

use std::num::NonZeroU32;
use std::time::Instant;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::bindings::exports::uis::integration::setup::RateClass;

/// The limits of one connection.
pub struct Pace {
    classes: Vec<(String, DefaultDirectRateLimiter)>,
}

impl Pace {
    /// Limits by the path's beginning; the first that fits counts. A rate of zero is no limit.
    pub fn new(classes: &[RateClass]) -> Pace {
        let limiter = |class: &RateClass| {
            Some((class.path_prefix.clone(), RateLimiter::direct(Quota::per_second(NonZeroU32::new(class.per_second)?))))
        };
        Pace { classes: classes.iter().filter_map(limiter).collect() }
    }

    /// No limits: the remote system lives in the replay's time, which stands still while a handler runs.
    pub fn none() -> Pace {
        Pace { classes: Vec::new() }
    }

    /// Waits for a token; false when there will be none before `until`.
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
    async fn a_request_without_a_token_in_time_is_not_sent() {
        let pace = pace();
        let soon = || Instant::now() + Duration::from_millis(50);
        assert!(pace.wait("/slow", soon()).await, "the first token is there");
        assert!(!pace.wait("/slow", soon()).await, "the next comes in a second");
        assert!(pace.wait("/fast/x", soon()).await, "another class has tokens of its own");
        assert!(Pace::none().wait("/slow", Instant::now()).await);
    }
}
