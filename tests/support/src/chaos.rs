//! For property tests: strategies for what [`uis_harness::faults`] does to notifications, the host and the CRM.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use uis_harness::faults::lines;

/// How to scramble notifications. For each place in the new order: which of the remaining notifications comes there, and whether it comes
/// twice. The second list decides which notifications get lost, before they are reordered: its numbers are assigned to the notifications in
/// turn, from the start again when they run out, and 0 means lost.
pub type Scrambling = (Vec<(Index, bool)>, Vec<u8>);

/// Any scrambling of at most `most` notifications.
pub fn scrambling(most: usize) -> impl Strategy<Value = Scrambling> {
    (prop::collection::vec(any::<(Index, bool)>(), most), prop::collection::vec(0u8..4, 40))
}

/// Scrambles notifications: the result is what the host receives, `most` notifications at most.
pub fn scramble<T: Clone>(sent: Vec<T>, (order, losses): Scrambling, most: usize) -> Vec<T> {
    lines::scramble(sent, order.into_iter().map(|(place, twice)| (move |count: usize| place.index(count), twice)), &losses, most)
}

/// For each attempt, after how many writes the host crashes; 0: not in this attempt. In about half of the cases the host never crashes; in
/// the others it crashes in about every third attempt.
pub fn crashes() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(prop_oneof![2 => Just(0), 1 => 1u32..9], 60)]
}

/// Faults of the CRM. One request in five is carried out up to 20 seconds after its connection broke. Of the others, one in seven is carried
/// out but gets no answer, one in seven is not carried out, and one in seven finds the CRM busy.
///
/// No request is left out. Two effects of a late request cannot be prevented by any client, so the tests that use this plan must not check
/// them: an edit that arrives after a later edit of the same record undoes it, because RetailCRM's records have no versions to compare; and
/// a pop-up's end that arrives when the phone rings again closes the new pop-up, because RetailCRM knows a pop-up only by its call and user.
pub fn faults(seed: u64) -> Value {
    json!({"seed": seed, "rules": [
        {"probability": 0.2, "reset": "before-commit", "commitsAfterMs": [0, 20_000]},
        {"probability": 0.14, "reset": "after-commit"}, {"probability": 0.14, "reset": "before-commit"}, {"probability": 0.14, "status": 503},
    ]})
}

/// The seed from which the order of lanes is drawn; 0: handlers run in the order in which their events arrived.
pub fn lane_order() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 3 => 1u64..1_000_000]
}

/// How many cases a property test tries: the number in the variable `UIS_TEST_CASES` if it is set, which allows a longer search, otherwise
/// `usual`.
pub fn cases(usual: u32) -> u32 {
    std::env::var("UIS_TEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Saves the recording and the trace of a failing case in the folder for test output, so that somebody can look into it.
pub fn save_case(name: &str, source: &str, trace: &impl std::fmt::Debug) {
    let place = crate::scratch();
    std::fs::write(place.join(format!("{name}.jsonl")), source).expect("written");
    std::fs::write(place.join(format!("{name}.trace")), format!("{trace:#?}")).expect("written");
}
