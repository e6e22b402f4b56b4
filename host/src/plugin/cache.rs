//! Compiled components on disk, so that a component is compiled once per content and engine configuration.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// A compiled component, and whether it came from the cache.
pub struct Compiled {
    /// The component.
    pub component: Component,
    /// It was compiled by an earlier run.
    pub cached: bool,
}

/// Compiles a component, or takes what an earlier run compiled. A cache that cannot be read or written is only slower.
pub fn compile(engine: &Engine, wasm: &[u8], folder: &Path) -> wasmtime::Result<Compiled> {
    let path = place(engine, wasm, folder);
    if path.is_file() {
        // SAFETY: the file is one that `store` wrote, whole (it is renamed into place), from the same engine configuration, into the
        // user's own build folder; whoever can change it can change the host itself.
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

/// The file of a component: its name holds the content and everything of the engine that the code depends on.
fn place(engine: &Engine, wasm: &[u8], folder: &Path) -> PathBuf {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    let digest = Sha256::digest(wasm);
    let content: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    folder.join(format!("{content}-{:016x}.cwasm", compatibility.finish()))
}

/// Writes a file whole or not at all.
fn store(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&unfinished, bytes)?;
    std::fs::rename(&unfinished, path)
}

/// Whether a component cannot be compiled because it is made of more modules, memories or tables than one may be: the engine has no kind of error
/// for that.
pub fn too_many_parts(error: &str) -> bool {
    error.contains("transitively contains") || error.contains("per-instance limit")
}
