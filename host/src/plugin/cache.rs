//! A cache of compiled components on disk. A component is compiled once for each content and engine configuration.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// A compiled component.
pub struct Compiled {
    /// The component.
    pub component: Component,
    /// It was read from the cache.
    pub cached: bool,
}

/// Compiles a component, or reads it from the cache in `folder`. If the cache cannot be read or written, the component is compiled again.
pub fn compile(engine: &Engine, wasm: &[u8], folder: &Path) -> wasmtime::Result<Compiled> {
    let path = place(engine, wasm, folder);
    if path.is_file() {
        // SAFETY: `store` wrote this file, complete (it renames the finished file), with the same engine configuration. The folder is the
        // user's own build folder. A person who can change files in it can change the host's program too.
        if let Ok(component) = unsafe { Component::deserialize_file(engine, &path) } {
            return Ok(Compiled { component, cached: true });
        }
    }
    let component = Component::new(engine, wasm)?;
    if let Ok(bytes) = component.serialize() {
        let _ = store(&path, &bytes);
    }
    Ok(Compiled { component, cached: false })
}

/// The file of a compiled component. Its name is a hash of the component and of everything in the engine's configuration that the machine
/// code depends on.
fn place(engine: &Engine, wasm: &[u8], folder: &Path) -> PathBuf {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    let digest = Sha256::digest(wasm);
    let content: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{content}-{:016x}.cwasm", compatibility.finish()))
}

/// Writes a file through a temporary one, so that a reader never finds half a file.
fn store(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(&unfinished, path)
}

/// Whether the engine's error means that a component has more modules, memories or tables than the limits allow. The engine has no separate
/// error for that, so the text decides.
pub fn too_many_parts(error: &str) -> bool {
    error.contains("transitively contains") || error.contains("per-instance limit")
}
