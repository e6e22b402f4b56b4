//! Rate limits of a connection, from the plugin's `setup.describe`. A request waits until the limit allows it, in the order of asking. A
//! request that would wait beyond its deadline is not sent.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::bindings::exports::uis::integration::setup::RateClass;
use crate::sync::lock;

/// A limit of requests per second holds for every span of this length, wherever it begins. A token bucket would let nearly twice as many
/// through in the first second after a pause, and the remote system would refuse the rest. The span is longer than a second because
/// requests that leave evenly do not arrive evenly.
const SPAN: Duration = Duration::from_millis(1100);

/// The rate limits of one connection.
pub struct Pace {
    classes: Vec<Class>,
}

/// The limit of the paths with one beginning.
struct Class {
    path_prefix: String,
    most: usize,
    /// When the last `most` requests were allowed, oldest first. Those that wait are among them, with the time until which they wait.
    allowed: Mutex<VecDeque<Instant>>,
}

impl Class {
    /// Takes the next time at which a request is allowed; none when that is at or after `until`. Somebody who takes a time and then sends
    /// nothing delays the next ones a little.
    fn take(&self, now: Instant, until: Instant) -> Option<Instant> {
        let mut allowed = lock(&self.allowed);
        let full = allowed.len() >= self.most;
        let at = allowed.front().filter(|_| full).map_or(now, |oldest| now.max(*oldest + SPAN));
        if at > now && at >= until {
            return None;
        }
        if full {
            allowed.pop_front();
        }
        allowed.push_back(at);
        Some(at)
    }
}

impl Pace {
    /// Limits in requests per second, by the beginning of the path. The first prefix that matches counts. A rate of 0 means no limit.
    pub fn new(classes: &[RateClass]) -> Pace {
        let limited = classes.iter().filter(|class| class.per_second > 0);
        let class = |class: &RateClass| Class {
            path_prefix: class.path_prefix.clone(),
            most: class.per_second as usize,
            allowed: Mutex::default(),
        };
        Pace { classes: limited.map(class).collect() }
    }

    /// No limits. For simulated remote systems: virtual time does not advance while a handler runs.
    pub fn none() -> Pace {
        Pace { classes: Vec::new() }
    }

    /// Waits until the limit allows a request. False when that would be at or after `until`; then it does not wait.
    pub async fn wait(&self, path: &str, until: Instant) -> bool {
        let Some(class) = self.classes.iter().find(|class| path.starts_with(&class.path_prefix)) else { return true };
        let now = Instant::now();
        let Some(at) = class.take(now, until) else { return false };
        if at > now {
            tokio::time::sleep_until(at.into()).await;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn no_span_has_more_requests_than_a_second_may_have() {
        let class = Class { path_prefix: "/".into(), most: 10, allowed: Mutex::default() };
        let start = Instant::now();
        let never = start + Duration::from_secs(3600);
        // Every 30 ms somebody asks for two; the first ones come after a pause, all at once.
        let asks = (0..10).map(|_| 0).chain((0..200).map(|turn| turn / 2 * 30));
        let taken: Vec<Instant> = asks.map(|ms| class.take(start + Duration::from_millis(ms), never).expect("a time")).collect();
        assert!(taken.is_sorted(), "in the order of asking");
        assert!(taken.windows(11).all(|eleven| eleven[10] - eleven[0] >= SPAN));
        assert_eq!(taken[10], start + SPAN, "and none waits longer than it must");
    }
}
