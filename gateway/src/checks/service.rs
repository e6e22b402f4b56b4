//! Whether events are accepted.

use super::{ok, problem};
use crate::control::Finding;

const SUBJECT: &str = "service";

/// Judges whether events are accepted; with the reason when they are not. `running`: the service itself was asked.
pub fn judge(ready: &Result<(), String>, running: bool) -> Vec<Finding> {
    vec![match (ready, running) {
        (Ok(()), _) => ok(SUBJECT, "events are accepted"),
        (Err(_), false) => problem(
            SUBJECT,
            "the service does not run, so UIS and the CRM reach nobody; what follows was asked by this command itself",
            "start it: uis-gateway serve",
        ),
        (Err(why), true) => problem(
            SUBJECT,
            format!("events are not accepted: {why}"),
            "make room on the disk and give the service's user the right to write to the store's folder; the store is then opened again by itself",
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Verdict;

    #[test]
    fn a_service_that_is_away_or_cannot_store_is_a_problem() {
        for (ready, running, verdict, expected) in [
            (Ok(()), true, Verdict::Ok, "are accepted"),
            (Err("the disk is full".to_owned()), true, Verdict::Problem, "the disk is full"),
            (Err("it does not run".to_owned()), false, Verdict::Problem, "does not run"),
        ] {
            let found = &judge(&ready, running)[0];
            assert!(found.verdict == verdict && found.message.contains(expected), "{found:?}");
        }
    }
}
