//! Builds the plugin's component, which is part of the program, and lists the words of the programs' own texts.

#[path = "../host-harness/src/build.rs"]
#[allow(dead_code, reason = "the harness uses more of it")]
mod build;
#[path = "build/vocabulary.rs"]
mod vocabulary;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for part in
        ["plugin/src", "plugin/Cargo.toml", "wit", "Cargo.lock", "host-harness/src/build.rs", "host/src", "phones/src", "gateway/build"]
    {
        let path = root.join(part);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let mut words = BTreeSet::new();
    for texts in ["plugin/src", "host/src", "phones/src"] {
        if let Err(error) = vocabulary::words(&root.join(texts), &mut words) {
            println!("cargo::error=the words of {texts} cannot be listed: {error}");
        }
    }
    let words: Vec<String> = words.into_iter().collect();
    if let Err(error) = std::fs::write(out.join("vocabulary.txt"), words.join("\n")) {
        println!("cargo::error=vocabulary.txt: {error}");
    }
    match build::component(&root.join("plugin"), &|_| {}) {
        Ok(built) => {
            let copy = out.join("plugin.wasm");
            match std::fs::copy(&built.wasm, &copy) {
                Ok(_) => println!("cargo::rustc-env=UIS_GATEWAY_PLUGIN={}", copy.display()),
                Err(error) => println!("cargo::error={}: {error}", copy.display()),
            }
        }
        Err(error) => println!("cargo::error=the plugin's component was not built: {error}"),
    }
}
