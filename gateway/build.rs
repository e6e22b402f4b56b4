//! Builds the plugin's component, which is part of the program.

#[path = "../host-harness/src/build.rs"]
#[allow(dead_code, reason = "the harness uses more of it")]
mod build;

use std::path::{Path, PathBuf};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for part in ["plugin/src", "plugin/Cargo.toml", "wit", "Cargo.lock", "host-harness/src/build.rs"] {
        let path = root.join(part);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    match build::component(&root.join("plugin"), &|_| {}) {
        Ok(built) => {
            let copy = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("plugin.wasm");
            match std::fs::copy(&built.wasm, &copy) {
                Ok(_) => println!("cargo::rustc-env=UIS_GATEWAY_PLUGIN={}", copy.display()),
                Err(error) => println!("cargo::error={}: {error}", copy.display()),
            }
        }
        Err(error) => println!("cargo::error=the plugin's component was not built: {error}"),
    }
}
