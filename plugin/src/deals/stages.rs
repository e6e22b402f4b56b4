//! The stages that an order went through since the last upload. Pure functions: statuses in, stages with times out.

use std::ops::RangeInclusive;

use super::known_deals::KnownDeal;
use crate::bindings::uis::integration::types::Instant;

/// A change of status, from the order's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The record's id.
    pub record: i64,
    /// When the status changed.
    pub at: Instant,
    /// The status before; none: the order was created.
    pub from: Option<String>,
    /// The new status.
    pub to: String,
}

/// The order's current state.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderState {
    /// When it was created.
    pub created: Instant,
    /// Its status.
    pub status: String,
    /// Since when the order has the status.
    pub since: Instant,
    /// Whether the history was read to its end, so that it must lead to this state.
    pub history_complete: bool,
}

/// A stage and when it began.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The stage.
    pub stage: String,
    /// When it began; never before the previous one.
    pub since: Instant,
}

/// Stages that have to be sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewStages {
    /// Stages that UIS does not have, oldest first.
    pub steps: Vec<Step>,
    /// Whether the last of them was taken from the order itself and not from the history.
    pub ahead: bool,
}

/// Whether an order is newer than the history that was read: its status changed after the history's end was read and before the order was.
/// `reading` is the time between; `changes` are the order's changes in the history. RetailCRM's times have no milliseconds.
pub fn changed_while_reading((status, since): (&str, Instant), changes: &[Change], reading: RangeInclusive<Instant>) -> bool {
    let second = |at: &Instant| at.div_euclid(1000);
    let is_read = changes.last().is_some_and(|last| last.to == status && second(&last.at) >= second(&since));
    !is_read && (second(reading.start())..=second(reading.end())).contains(&second(&since))
}

/// The stages since the last upload (`known`). `stage` returns the stage of a status. Times never decrease, even if the history's do: UIS
/// would refuse a deal because a clock was set back.
pub fn new_stages(state: &OrderState, changes: &[Change], known: Option<&KnownDeal>, stage: impl Fn(&str) -> String) -> NewStages {
    let mut statuses: Vec<(Instant, &str)> = Vec::new();
    let mut ahead = known.is_some_and(|known| known.ahead);
    let mut last: Option<(Instant, String)> = known.map(|known| (known.since, known.stage.clone()));
    let fresh = |change: &&Change| known.is_none_or(|known| change.record > known.record && (!known.ahead || change.at > known.since));
    let fresh: Vec<&Change> = changes.iter().filter(fresh).collect();
    if known.is_none() {
        match fresh.first() {
            // Of the time before the first record, the history only contains the status.
            Some(Change { from: Some(from), at, .. }) => statuses.push((state.created.min(*at), from)),
            Some(_) => {}
            // No changes since the first reading: use the order's current state.
            None => {
                statuses.push((state.since.max(state.created), &state.status));
                ahead = true;
            }
        }
    }
    if !fresh.is_empty() {
        ahead = false;
        statuses.extend(fresh.iter().map(|change| (change.at, change.to.as_str())));
    }
    let mut steps = Vec::new();
    let mut step = |at: Instant, status: &str| {
        let next = stage(status);
        if last.as_ref().is_some_and(|(_, known)| *known == next) {
            return false;
        }
        let since = last.as_ref().map_or(at, |(before, _)| at.max(*before));
        steps.push(Step { stage: next.clone(), since });
        last = Some((since, next));
        true
    };
    for (at, status) in statuses {
        step(at, status);
    }
    // Whatever the times in the history, the last stage is the order's current one. Otherwise an hour that occurs twice could keep a deal
    // in an old stage.
    if state.history_complete && step(state.since, &state.status) {
        ahead = true;
    }
    NewStages { steps, ahead }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(record: i64, at: i64, from: &str, to: &str) -> Change {
        Change { record, at, from: Some(from.to_owned()).filter(|from| !from.is_empty()), to: to.to_owned() }
    }

    fn reported(state: (&str, i64), changes: &[Change], known: Option<&KnownDeal>) -> Vec<(String, i64)> {
        let state = OrderState { created: 5, status: state.0.to_owned(), since: state.1, history_complete: true };
        let stage = |status: &str| if status.starts_with("complete") { "won".to_owned() } else { status.to_owned() };
        new_stages(&state, changes, known, stage).steps.into_iter().map(|step| (step.stage, step.since)).collect()
    }

    fn steps(expected: &[(&str, i64)]) -> Vec<(String, i64)> {
        expected.iter().map(|(stage, since)| ((*stage).to_owned(), *since)).collect()
    }

    #[test]
    fn a_new_order_goes_through_its_stages() {
        let changes = [change(1, 5, "", "new"), change(2, 10, "new", "assembling"), change(3, 20, "assembling", "complete")];
        assert_eq!(reported(("complete", 20), &changes, None), steps(&[("new", 5), ("assembling", 10), ("won", 20)]));
        // The first stage of an older order comes from its first record.
        assert_eq!(reported(("complete", 20), &changes[1..], None), steps(&[("new", 5), ("assembling", 10), ("won", 20)]));
        // For an order without history, only the current state is known.
        assert_eq!(reported(("assembling", 10), &[], None), steps(&[("assembling", 10)]));
    }

    #[test]
    fn stages_that_uis_has_are_not_sent_again() {
        let known = KnownDeal { record: 2, since: 10, stage: "assembling".into(), ..KnownDeal::default() };
        let changes =
            [change(2, 10, "new", "assembling"), change(3, 20, "assembling", "complete"), change(4, 30, "complete", "complete-2")];
        assert_eq!(
            reported(("complete-2", 30), &changes, Some(&known)),
            steps(&[("won", 20)]),
            "two statuses with the same stage make one step"
        );
        assert_eq!(reported(("assembling", 10), &changes[..1], Some(&known)), steps(&[]));
        // An order that is reopened: its time is later, as UIS requires.
        let won = KnownDeal { record: 3, since: 20, stage: "won".into(), ..KnownDeal::default() };
        assert_eq!(reported(("new", 25), &[change(4, 25, "complete", "new")], Some(&won)), steps(&[("new", 25)]));
    }

    #[test]
    fn the_last_stage_is_that_of_the_current_status() {
        // The records were lost, or have earlier times because a clock was set back.
        let known = KnownDeal { record: 1, since: 40, stage: "new".into(), ahead: true, ..KnownDeal::default() };
        assert_eq!(reported(("complete", 20), &[change(2, 20, "new", "complete")], Some(&known)), steps(&[("won", 40)]));
        assert_eq!(reported(("complete", 50), &[], Some(&known)), steps(&[("won", 50)]));
        // While older history is being read, the order's current state is newer than the history.
        let state = OrderState { created: 5, status: "complete".into(), since: 50, history_complete: false };
        assert_eq!(new_stages(&state, &[], Some(&known), str::to_owned), NewStages { steps: vec![], ahead: true });
    }

    #[test]
    fn an_order_whose_status_changed_while_reading_is_newer_than_its_history() {
        // The order's status and since when it has it, the history, whether the order is newer; the run reads from 10.4 s to 13 s.
        let seen = [change(1, 10_000, "new", "assembling")];
        let table: [((&str, i64), &[Change], bool); 7] = [
            (("new", 9_000), &[], false),
            (("assembling", 10_000), &[], true),
            (("assembling", 10_000), &seen, false),
            (("complete", 10_000), &seen, true),
            (("complete", 13_000), &seen, true),
            (("assembling", 12_000), &seen, true),
            // RetailCRM's clock is ahead, so the times say nothing.
            (("complete", 14_000), &seen, false),
        ];
        for (order, changes, newer) in table {
            assert_eq!(changed_while_reading(order, changes, 10_400..=13_000), newer, "{order:?} {changes:?}");
        }
    }

    #[test]
    fn times_never_go_back() {
        let changes = [change(1, 50, "", "new"), change(2, 40, "new", "assembling"), change(3, 60, "assembling", "complete")];
        assert_eq!(reported(("complete", 60), &changes, None), steps(&[("new", 50), ("assembling", 50), ("won", 60)]));
    }

    #[test]
    fn records_older_than_a_stage_from_the_order_are_ignored() {
        let known = KnownDeal { record: 0, since: 20, stage: "assembling".into(), ahead: true, ..KnownDeal::default() };
        let changes = [change(7, 10, "x", "new"), change(8, 20, "new", "assembling"), change(9, 30, "assembling", "complete")];
        assert_eq!(reported(("complete", 30), &changes, Some(&known)), steps(&[("won", 30)]));
    }
}
