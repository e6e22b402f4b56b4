//! The host crashes after any step of any attempt, and the event is delivered again. In the end RetailCRM and UIS have the same content as
//! without the crash: nothing is lost between two writes, and nothing is created twice.

use std::path::PathBuf;
use std::sync::Arc;

use uis_harness::faults::driver::{self, Verdict};
use uis_harness::faults::judge::{Finding, findings};
use uis_harness::faults::permitted::Permitted;
use uis_harness::faults::story::Story;
use uis_harness::faults::{Bench, Cell, Plan};
use uis_test_support::chaos::cases;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::root;

/// Recordings in which a later event continues the work of an earlier one.
const RECORDINGS: [&str; 15] = [
    "recording-untold",
    "telephony/employees-refused-and-back",
    "telephony/everything-missed",
    "telephony/everything-talk",
    "telephony/tags",
    "text/chat-contact-after-end",
    "text/chat-contact-late",
    "text/chat-talk-after-end",
    "text/chat-not-told",
    "text/chat-words-after-end",
    "telephony/fields-filled-by-people",
    "text/request-client-and-order",
    "deals/from-a-call",
    "deals/statuses-change",
    "deals/there-and-back",
];

fn bench() -> Bench {
    Bench::new(Arc::new(NativePlugin::new()))
}

fn sources() -> Vec<driver::Source> {
    let file = |name: &str| PathBuf::from(format!("{name}.jsonl"));
    let read = |name: &&str| (file(name), std::fs::read_to_string(root().join("tests/recordings").join(file(name))).expect("readable"));
    RECORDINGS.iter().map(read).collect()
}

#[test]
fn a_crash_of_the_host_after_any_step_loses_nothing_and_creates_nothing_twice() {
    let bench = bench();
    let stories = driver::open(&bench, &sources(), 2).expect("usable");
    let mut cells = driver::drawn(&stories, driver::Sample::ALL);
    cells.retain(|(_, placed)| matches!(placed.cell, Cell::Crash { .. }));
    for (index, name) in RECORDINGS.iter().enumerate() {
        assert!(cells.iter().filter(|(story, _)| *story == index).count() > 20, "{name}: the host hardly crashes");
    }
    let permitted = Permitted::built_in().expect("docs/permitted-faults.json");
    let results = driver::run(&bench, &stories, &cells, &permitted, 2, |_| {}).expect("every cell happens");
    for result in results {
        let name = RECORDINGS[result.story];
        assert_ne!(result.verdict, Verdict::Bad, "{name}, {} in {}: {:#?}", result.placed.cell, result.placed.place, result.findings);
    }
}

/// What a live event does is not part of these tests: a crash ends it for good.
fn lasts(finding: &Finding) -> bool {
    !["pop-up", "answer"].iter().any(|live| finding.effect.starts_with(live))
}

/// The result does not depend on the order in which lanes get their turns, even if the host crashes once.
#[test]
fn the_order_of_lanes_changes_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (path, text) in sources() {
        let story = runtime.block_on(Story::open(&bench(), &path.display().to_string(), &text)).expect("usable");
        for seed in 1..=cases(6) {
            // The seed also decides where the host crashes.
            let plan = Plan { crashes: [(seed % 9 + 2, seed % 11)].into(), ..Plan::default() };
            let bench = Bench { seed: seed.into(), ..bench() };
            let played = runtime.block_on(bench.play(&story.text.text(), &plan)).expect("usable");
            let found: Vec<Finding> = findings(&story.calm, &played).into_iter().filter(lasts).collect();
            assert_eq!(found, [], "{}, seed {seed}", story.name);
        }
    }
}
