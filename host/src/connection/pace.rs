//! Rate limits of a connection, from the plugin's `setup.describe`. A request waits until the limit allows it. A request that would wait
//! beyond its deadline is not sent.
//!
//! No second, wherever it begins, sees more requests than the limit: each waits until the one that many places before it is a second old. A
//! bucket of tokens would let almost twice as many through, a bucketful at once and the new tokens after it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::bindings::exports::uis::integration::setup::RateClass;
use crate::sync::lock;

/// A second, and what requests may come nearer to each other on their way.
const WINDOW: Duration = Duration::from_millis(1050);

/// The requests of one class.
struct Window {
    /// Most requests of a window.
    most: usize,
    /// When the last of them were, or will be, sent: at most `most`, the earliest first.
    times: Mutex<VecDeque<Instant>>,
}

impl Window {
    /// Reserves the next time at which a request may be sent; none when that would be at or after `until`.
    fn reserve(&self, now: Instant, until: Instant) -> Option<Instant> {
        let mut times = lock(&self.times);
        let full = times.len() >= self.most;
        let at = times.front().filter(|_| full).map_or(now, |first| now.max(*first + WINDOW));
        if at > now && at >= until {
            return None;
        }
        if full {
            times.pop_front();
        }
        times.push_back(at);
        Some(at)
    }
}

/// The rate limits of one connection.
pub struct Pace {
    classes: Vec<(String, Window)>,
}

impl Pace {
    /// Limits in requests per second, by the beginning of the path. The first prefix that matches counts. A rate of 0 means no limit.
    pub fn new(classes: &[RateClass]) -> Pace {
        let limited = classes.iter().filter(|class| class.per_second > 0);
        let window = |class: &RateClass| Window { most: class.per_second as usize, times: Mutex::default() };
        Pace { classes: limited.map(|class| (class.path_prefix.clone(), window(class))).collect() }
    }

    /// No limits. For simulated remote systems: virtual time does not advance while a handler runs.
    pub fn none() -> Pace {
        Pace { classes: Vec::new() }
    }

    /// Waits until the limit allows a request; requests are sent in the order in which they began to wait. False when that would be at or after
    /// `until`; then it does not wait.
    pub async fn wait(&self, path: &str, until: Instant) -> bool {
        let Some((_, window)) = self.classes.iter().find(|(prefix, _)| path.starts_with(prefix.as_str())) else { return true };
        let Some(at) = window.reserve(Instant::now(), until) else { return false };
        tokio::time::sleep_until(at.into()).await;
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

    #[test]
    fn no_second_sees_more_requests_than_the_limit() {
        let class = RateClass { path_prefix: "/".into(), per_second: 10 };
        let pace = Pace::new(&[class]);
        let (begin, far) = (Instant::now(), Instant::now() + Duration::from_secs(3600));
        // They come in bursts, and one by one.
        let times: Vec<Instant> = (0..200_u64)
            .map(|number| {
                let now = begin + Duration::from_millis(number / 25 * 1700 + number % 25);
                pace.classes[0].1.reserve(now, far).expect("in time")
            })
            .collect();
        for (at, time) in times.iter().enumerate() {
            let same_second = times[at..].iter().take_while(|other| **other < *time + Duration::from_secs(1)).count();
            assert!(same_second <= 10, "{same_second} requests within a second");
            assert!(at == 0 || times[at - 1] <= *time, "they keep their order");
        }
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
