//! The plugin as a component, built and loaded once in a process.

use std::sync::{Arc, OnceLock};

use uis_harness::build;
use uis_harness::faults::Bench;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;

use crate::root;

/// The plugin's component, for tests that replay many recordings: in a development build its code is optimised, which the native plugin's is
/// not, and it waits for host calls without a thread of its own. Handlers get more time than usual, because tests run side by side.
pub fn component_plugin() -> Arc<dyn Plugin> {
    static LOADED: OnceLock<Arc<ComponentPlugin>> = OnceLock::new();
    LOADED.get_or_init(|| std::thread::spawn(load).join().expect("no panic")).clone()
}

/// On a thread of its own, because the caller may be within a runtime.
fn load() -> Arc<ComponentPlugin> {
    let built = build::component(&root().join("plugin"), &|line| eprintln!("{line}")).expect("built");
    let mut limits = Limits::default();
    Bench::be_patient(&mut limits);
    let engine = Runtime::new(limits).expect("an engine");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    Arc::new(runtime.block_on(ComponentPlugin::load(&engine, &built.wasm, &built.cache)).expect("loaded"))
}
