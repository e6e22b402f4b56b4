//! Adds up the results of replays that had one part of the integrations each.

use serde_json::{Value, json};
use uis_host::dispatch::RUNS_AT_ONCE;

use crate::report::Report;

/// The members of the UIS account that every integration adds to, and of which nothing can be read by an integration.
const COUNTED: [&str; 2] = ["dialled", "answers"];

/// The report and the UIS account of one replay of all integrations. `runs` has the largest number of handlers at one instant for each part. None:
/// together they may have exceeded the limit of handlers at one instant, or the parts differ where they must not.
pub(super) fn added_up(runs: &[u32], results: Vec<(Report, Value)>) -> Option<(Report, Value)> {
    if runs.iter().map(|runs| u64::from(*runs)).sum::<u64>() > u64::from(RUNS_AT_ONCE) {
        return None;
    }
    let mut results = results.into_iter();
    let (mut report, mut uis) = results.next().filter(|(report, _)| report.has_only_counts())?;
    for (more, mut account) in results {
        if !more.has_only_counts() {
            return None;
        }
        report.delivered += more.delivered;
        report.retried += more.retried;
        report.failed += more.failed;
        for member in COUNTED {
            let both = uis[member].as_u64()? + account[member].as_u64()?;
            (uis[member], account[member]) = (json!(both), json!(both));
        }
        // Lines have changed the rest, the same lines in each part.
        if account != uis {
            return None;
        }
    }
    Some((report, uis))
}

#[cfg(test)]
mod tests {
    use uis_host::ports::ProblemKind;

    use super::*;

    fn result(delivered: u64, answers: u64, employees: &[u64]) -> (Report, Value) {
        let mut report = Report::listing(3);
        (report.delivered, report.retried) = (delivered, 1);
        (report, json!({"answers": answers, "dialled": 2, "employees": employees}))
    }

    #[test]
    fn counts_are_added_up_and_rows_are_taken_once() {
        let (report, uis) = added_up(&[1, 2], vec![result(3, 4, &[7]), result(30, 40, &[7])]).expect("a sum");
        assert_eq!((report.delivered, report.retried, report.failed), (33, 2, 0));
        assert_eq!(uis, json!({"answers": 44, "dialled": 4, "employees": [7]}));
    }

    #[test]
    fn nothing_is_added_up_that_one_replay_would_have_ordered_or_shared() {
        assert!(added_up(&[1, 1], vec![result(1, 1, &[7]), result(1, 1, &[8])]).is_none());
        for place in 0..2 {
            let mut results = vec![result(1, 1, &[]), result(1, 1, &[])];
            results[place].0.problem(2, ProblemKind::Skipped, "a reason".into());
            assert!(added_up(&[1, 1], results).is_none());
        }
        let half = RUNS_AT_ONCE / 2;
        assert!(added_up(&[half, half], vec![result(1, 1, &[]), result(1, 1, &[])]).is_some());
        assert!(added_up(&[half, half + 1], vec![result(1, 1, &[]), result(1, 1, &[])]).is_none());
        let listed = json!({"answers": [], "dialled": []});
        assert!(added_up(&[1, 1], vec![(Report::default(), listed.clone()), (Report::default(), listed)]).is_none());
    }
}
