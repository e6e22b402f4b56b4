//! What handlers cost in fuel, that is, in WebAssembly instructions, and how large the component is. Fuel does not depend on the machine, so
//! it shows a handler that has become dearer where a clock shows noise. The budget is `tests/budgets/fuel.json`; after a change that is worth
//! its cost, `UIS_WRITE_BUDGETS=1 cargo test -p uis-harness --test end_to_end -- fuel::` writes it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uis_harness::build;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_test_support::metered::{BUDGETED, replayed};
use uis_test_support::root;

/// A handler may cost so much more than its budget, in percent, before the test fails.
const TOLERANCE_PERCENT: u64 = 5;

/// The budget.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// The size of the component, in bytes.
    component_bytes: u64,
    /// The fuel of the dearest run of each handler, by recording.
    fuel: BTreeMap<String, BTreeMap<String, u64>>,
}

async fn measured() -> Budget {
    let built = build::component(&root().join("plugin"), &|line| eprintln!("{line}")).expect("built");
    let runtime = Runtime::new(Limits::default()).expect("an engine");
    let plugin: Arc<dyn Plugin> = Arc::new(ComponentPlugin::load(&runtime, &built.wasm, &built.cache).await.expect("loaded"));
    let component_bytes = std::fs::metadata(&built.wasm).expect("a file").len();
    let mut budget = Budget { component_bytes, ..Budget::default() };
    for (name, _) in BUDGETED {
        let dearest = budget.fuel.entry(name.to_owned()).or_default();
        for run in replayed(name, &plugin).await {
            let known = dearest.entry(run.handler.to_owned()).or_default();
            *known = run.fuel.unwrap_or_default().max(*known);
        }
    }
    budget
}

/// What costs more than its budget allows, a line each, and what the budget does not have.
fn dearer(budget: &Budget, now: &Budget) -> String {
    let mut out = String::new();
    let mut row = |what: &str, allowed: Option<u64>, used: u64| match allowed {
        Some(allowed) if used * 100 > allowed * (100 + TOLERANCE_PERCENT) => {
            let _ =
                writeln!(out, "{what}: {used}, {:.1} % more than the budget of {allowed}", used as f64 / allowed as f64 * 100.0 - 100.0);
        }
        Some(_) => {}
        None => {
            let _ = writeln!(out, "{what}: {used}, and the budget has no such line");
        }
    };
    row("the component's bytes", Some(budget.component_bytes), now.component_bytes);
    for (story, handlers) in &now.fuel {
        for (handler, used) in handlers {
            let allowed = budget.fuel.get(story).and_then(|handlers| handlers.get(handler)).copied();
            row(&format!("{story}, {handler}"), allowed, *used);
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn no_handler_uses_more_fuel_than_its_budget() {
    let now = measured().await;
    assert!(now.fuel.values().flat_map(BTreeMap::values).all(|fuel| *fuel > 10_000), "a run without fuel was not one: {now:?}");
    let path = root().join("tests/budgets/fuel.json");
    if std::env::var_os("UIS_WRITE_BUDGETS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&now).expect("JSON") + "\n").expect("written");
    }
    let budget: Budget = serde_json::from_slice(&std::fs::read(&path).expect("tests/budgets/fuel.json")).expect("a budget");
    let dearer = dearer(&budget, &now);
    assert!(
        dearer.is_empty(),
        "dearer than tests/budgets/fuel.json:\n{dearer}if it is worth that, write the budget again (the first lines of tests/fuel.rs)"
    );
}

#[test]
fn what_is_more_than_the_tolerance_is_listed_with_its_difference() {
    let with = |fuel: u64| Budget {
        component_bytes: 1000,
        fuel: BTreeMap::from([("answered".to_owned(), BTreeMap::from([("on-talk-finished".to_owned(), fuel)]))]),
    };
    assert_eq!(dearer(&with(1000), &with(1050)), "");
    assert_eq!(dearer(&with(1000), &with(1051)), "answered, on-talk-finished: 1051, 5.1 % more than the budget of 1000\n");
    assert_eq!(dearer(&Budget { component_bytes: 900, fuel: BTreeMap::new() }, &with(7)).lines().count(), 2);
}
