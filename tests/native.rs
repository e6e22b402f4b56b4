//! The same recordings give the same trace natively and as a component.

#[path = "../host-harness/src/commands/crm/within.rs"]
mod crm;
#[path = "support/native_plugin.rs"]
mod native_plugin;
mod support;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;
use support::{recordings, root};
use uis_host::plugin::Plugin;
use uis_host::plugin::build;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::plugin::limits::Limits;
use uis_host::recording;
use uis_host::replay::entry::{Entry, Observer};
use uis_host::replay::{Replay, clock_for};
use uis_host::trace::Step;

/// Everything that a replay did.
#[derive(Debug, Default, PartialEq)]
struct Trace(Vec<(String, Vec<Step>, String)>);

impl Observer for Trace {
    fn entry(&mut self, entry: Entry<'_>) {
        let title =
            format!("{} line {} {} {} attempt {}", entry.at.to_rfc3339(), entry.line, entry.what, entry.event.handler(), entry.attempt);
        self.0.push((title, entry.trace, format!("{:?}", entry.outcome)));
    }
    fn note(&mut self, at: DateTime<Tz>, line: u64, text: &str) {
        self.0.push((format!("{} line {line}", at.to_rfc3339()), Vec::new(), text.to_owned()));
    }
}

async fn play(path: &Path, plugin: Arc<dyn Plugin>) -> (Trace, Value, Value) {
    let file = BufReader::new(File::open(path).expect("readable"));
    let (header, mut lines) = recording::open(file).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(crm::Simulators::new(&header, &clock).expect("an account"));
    let mut trace = Trace::default();
    let replay = Replay::new(&header, plugin, simulators.clone(), clock, &Limits::default(), &mut trace).await.expect("usable");
    let (_, uis) = replay.run(&header, lines, Duration::from_secs(24 * 3600), |_| {}).await;
    (trace, simulators.to_json(), uis)
}

#[tokio::test(flavor = "multi_thread")]
async fn natively_and_as_a_component_the_same_happens() {
    let built = build::component(&root().join("plugin"), &|line| eprintln!("{line}")).expect("built");
    let runtime = Runtime::new(Limits::default()).expect("an engine");
    let component: Arc<dyn Plugin> = Arc::new(ComponentPlugin::load(&runtime, &built.wasm, &built.cache).await.expect("loaded"));
    let native: Arc<dyn Plugin> = Arc::new(native_plugin::NativePlugin::new());
    assert_eq!(component.description(), native.description());
    assert_eq!(component.settings_schema().await, native.settings_schema().await);
    for (name, path) in recordings() {
        let (wasm_trace, wasm_crm, wasm_uis) = play(&path, component.clone()).await;
        let (native_trace, native_crm, native_uis) = play(&path, native.clone()).await;
        assert!(wasm_trace.0.iter().any(|(_, steps, _)| !steps.is_empty()), "{name}: something was done");
        assert_eq!(wasm_trace.0.len(), native_trace.0.len(), "{name}");
        for (wasm, native) in wasm_trace.0.iter().zip(&native_trace.0) {
            assert_eq!(wasm, native, "{name}");
        }
        assert_eq!((wasm_crm, wasm_uis), (native_crm, native_uis), "{name}");
    }
}
