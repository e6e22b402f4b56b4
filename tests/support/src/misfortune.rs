//! Happenings that go astray: lost, doubled, in any order; and a CRM that misbehaves. For property tests.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// What becomes of each happening: its place among the others, and whether it is told twice; and, of every one in turn, whether it is lost
/// (0) or not.
pub type Fate = (Vec<(Index, bool)>, Vec<u8>);

/// Any fate of so many happenings at most.
pub fn fate(most: usize) -> impl Strategy<Value = Fate> {
    (prop::collection::vec(any::<(Index, bool)>(), most), prop::collection::vec(0u8..4, 40))
}

/// The happenings as they are told in the end.
pub fn befall<T: Clone>(mut told: Vec<T>, (order, losses): Fate, most: usize) -> Vec<T> {
    let mut losses = losses.into_iter().cycle();
    told.retain(|_| losses.next() != Some(0));
    for (place, double) in order {
        if told.is_empty() {
            break;
        }
        let taken = told.remove(place.index(told.len()));
        if double && told.len() < most {
            told.push(taken.clone());
        }
        told.push(taken);
    }
    told
}

/// After how many effects the host falls over, attempt by attempt: mostly never; in some cases in every third attempt.
pub fn crashes() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![Just(Vec::new()), prop::collection::vec(prop_oneof![2 => Just(0), 1 => 1u32..9], 60)]
}

/// One request in seven gets no answer although it was carried out, one in seven is not carried out, one in seven finds the CRM busy. Of tasks
/// and notes, for which RetailCRM has no key, one in five is made only after the connection broke.
pub fn faults(seed: u64) -> Value {
    json!({"seed": seed, "rules": [
        {"path": "/api/v5/tasks/create", "probability": 0.2, "reset": "before-commit", "commitsAfterMs": [0, 20_000]},
        {"path": "/api/v5/customers/notes/create", "probability": 0.2, "reset": "before-commit", "commitsAfterMs": [0, 20_000]},
        {"probability": 0.14, "reset": "after-commit"}, {"probability": 0.14, "reset": "before-commit"}, {"probability": 0.14, "status": 503},
    ]})
}

/// The seed from which the order of lanes is drawn; 0: the order of coming.
pub fn lane_order() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 3 => 1u64..1_000_000]
}

/// How many cases a property test tries: `usual`, or, for a longer search, the number in the variable `UIS_TEST_CASES`.
pub fn cases(usual: u32) -> u32 {
    std::env::var("UIS_TEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

/// Writes what was run, and what was done, where whoever looks into a failing case finds it.
pub fn keep(name: &str, source: &str, trace: &impl std::fmt::Debug) {
    let place = crate::scratch();
    std::fs::write(place.join(format!("{name}.jsonl")), source).expect("written");
    std::fs::write(place.join(format!("{name}.trace")), format!("{trace:#?}")).expect("written");
}
