//! The plugin does exactly the same natively and as a component, in every recording.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use uis_host::plugin::Plugin;
use uis_test_support::play::play;
use uis_test_support::{component_plugin, recordings};

#[tokio::test(flavor = "multi_thread")]
async fn the_native_plugin_and_the_component_do_the_same() {
    let component = component_plugin();
    let native: Arc<dyn Plugin> = Arc::new(uis_test_support::native_plugin::NativePlugin::new());
    assert_eq!(component.description(), native.description());
    assert_eq!(component.settings_schema().await, native.settings_schema().await);
    let open = |path: &Path| BufReader::new(File::open(path).expect("readable"));
    for (name, path) in recordings() {
        let (wasm_trace, wasm_crm, wasm_uis) = play(open(&path), component.clone()).await;
        let (native_trace, native_crm, native_uis) = play(open(&path), native.clone()).await;
        assert!(wasm_trace.0.iter().any(|(_, steps, _)| !steps.is_empty()), "{name}: nothing was done");
        assert_eq!(wasm_trace.0.len(), native_trace.0.len(), "{name}");
        for (wasm, native) in wasm_trace.0.iter().zip(&native_trace.0) {
            assert_eq!(wasm, native, "{name}");
        }
        assert_eq!((wasm_crm, wasm_uis), (native_crm, native_uis), "{name}");
    }
}
