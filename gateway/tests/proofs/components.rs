//! Two versions of the plugin: the real one, and one that does the same and reports another version.

use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uis_host::limits::Limits;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;

/// The version that the plugin's component reports.
pub const FIRST: &str = "0.2.0-dev";
/// The version that the other one reports; as long as the first.
pub const SECOND: &str = "0.2.0-two";

/// The same component with another version. The version of the contract, which stands behind an `@`, stays.
pub fn other_version(component: &[u8]) -> Vec<u8> {
    let mut bytes = component.to_vec();
    let places: Vec<usize> = (1..bytes.len() - FIRST.len()).filter(|at| bytes[*at..].starts_with(FIRST.as_bytes())).collect();
    let mut changed = 0;
    for at in places {
        if bytes[at - 1] != b'@' {
            bytes[at..at + SECOND.len()].copy_from_slice(SECOND.as_bytes());
            changed += 1;
        }
    }
    assert!(changed > 0, "the component does not contain its version {FIRST}");
    bytes
}

/// The same component with another digest.
pub fn other_digest(component: &[u8]) -> Vec<u8> {
    // A custom section: its number, the length of what follows, the length of its name, its name.
    [component, &[0, 2, 1, b'x']].concat()
}

/// `sha256:` and the digest.
pub fn digest(component: &[u8]) -> String {
    let digits: String = Sha256::digest(component).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// Puts what was compiled of these components into a folder `compiled`. Each is compiled once in this process, because that takes seconds.
pub async fn compiled(folder: &Path, components: &[&[u8]]) {
    static ONCE: OnceCell<TempDir> = OnceCell::const_new();
    let compile = async || {
        let (cache, runtime) = (tempfile::tempdir().expect("a folder"), Runtime::new(Limits::default()).expect("an engine"));
        for component in components {
            ComponentPlugin::from_bytes(&runtime, Path::new("plugin"), component, cache.path()).await.expect("a plugin");
        }
        cache
    };
    let cache = ONCE.get_or_init(compile).await;
    let to = folder.join("compiled");
    std::fs::create_dir(&to).expect("a folder");
    for file in std::fs::read_dir(cache.path()).expect("a folder") {
        let file = file.expect("a file");
        std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}
