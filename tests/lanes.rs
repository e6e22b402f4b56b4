//! A seed decides the order in which lanes get their turns. The same seed gives the same replay, natively and as a component; other seeds give other
//! orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use uis_host::plugin::Plugin;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::{Trace, play_seeded};
use uis_test_support::{component_plugin, root, story};

/// Recordings in which several lanes have work at the same time.
const RECORDINGS: [&str; 3] = ["telephony/everything-talk", "text/chat-contact-late", "deals/there-and-back"];

async fn replayed(name: &str, plugin: &Arc<dyn Plugin>, seed: u64) -> Trace {
    let source = std::fs::read(root().join(format!("tests/recordings/{name}.jsonl"))).expect("readable");
    play_seeded(source.as_slice(), plugin.clone(), seed).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seed_gives_one_order_natively_and_as_a_component() {
    let component = component_plugin();
    let native: Arc<dyn Plugin> = Arc::new(NativePlugin::new());
    for name in RECORDINGS {
        let mut orders = BTreeSet::new();
        for seed in 1..=6 {
            let first = replayed(name, &component, seed).await;
            assert_eq!(first, replayed(name, &component, seed).await, "{name}, seed {seed}: twice as a component");
            assert_eq!(first, replayed(name, &native, seed).await, "{name}, seed {seed}: natively");
            orders.insert(first.0.iter().map(|(title, ..)| title.clone()).collect::<Vec<_>>());
        }
        assert!(orders.len() > 1, "{name}: six seeds give more than one order");
    }
}

#[test]
fn the_program_replays_by_a_seed() {
    let replay = |seed: &str| story("telephony/everything-talk").with("--seed").with(seed).replay().systems();
    assert_eq!(replay("7"), replay("7"));
    let (_, crm) = replay("7");
    assert_eq!(crm["calls"], story("telephony/everything-talk").replay().crm()["calls"], "the order of lanes changes no call");
}
