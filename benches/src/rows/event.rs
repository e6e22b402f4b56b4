//! `event`: one event that sends nothing.

use std::time::Instant;

use anyhow::Result;
use uis_host::limits::Limits;
use uis_host::plugin::Run;
use uis_test_support::native_plugin::handle_here;
use uis_test_support::quiet;

use super::{Group, Round, Setup};
use crate::table::{Row, Target, median};

pub static GROUP: Group = Group {
    name: "event",
    rows: &[
        Row { name: "event-native", input: "a pop-up of an old call", unit: "µs", target: Some(Target::AtMost(12.0)) },
        Row { name: "event-component", input: "the same event", unit: "µs", target: Some(Target::AtMost(30.0)) },
    ],
    programs: &[],
    fixed: false,
    measure,
};

/// Events before the first that counts.
const WARM_UP: usize = 500;
const BATCHES: usize = 20;
/// Events of a batch.
const BATCH: usize = 200;

fn check(run: &Run) {
    assert!(matches!(run.result, Ok(Ok(_))), "the handler failed: {:?}", run.result);
}

fn measure(setup: &Setup, _: u32) -> Result<Round> {
    let (limits, settings) = (Limits::default(), quiet::settings());
    let handle = setup.tokio.handle();
    let native = timed(|| {
        check(&handle_here(handle.clone(), quiet::scope(&limits, &settings), quiet::delivery(), quiet::event()));
    });
    let component = timed(|| {
        let handled = setup.component.handle(quiet::scope(&limits, &settings), quiet::delivery(), quiet::event());
        check(&setup.tokio.block_on(handled));
    });
    Ok(vec![("event-native", native), ("event-component", component)])
}

/// The median of the batches' means, in microseconds.
fn timed(mut event: impl FnMut()) -> f64 {
    (0..WARM_UP).for_each(|_| event());
    let batch = |_| {
        let began = Instant::now();
        (0..BATCH).for_each(|_| event());
        began.elapsed().as_secs_f64() * 1e6 / BATCH as f64
    };
    median(&(0..BATCHES).map(batch).collect::<Vec<_>>()).unwrap_or_default()
}
