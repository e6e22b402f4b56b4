//! The tools of the languages that rules are written in: recognising a folder's language, running its tests, building its component.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use uis_harness::build::{self, Built};

/// The languages that this program can build. A rule in another language is given as a built component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Rust, without its standard library
    Rust,
    /// JavaScript, by componentize-js
    Javascript,
    /// Python, by componentize-py
    Python,
}

/// The world of a rule in JavaScript or Python, unless the folder has a file `world` with another name.
const WORLD: &str = "draft-rule";

/// The world of what a rule may export beside its decision.
const DIAGNOSED: &str = "diagnosed-rule";

/// The folder for the contract with the world [`BUILT_WORLD`], which is made at each build.
const BUILT_WIT: &str = "built-wit";

/// The world of a Python rule with its diagnostics.
const BUILT_WORLD: &str = "built-rule";

/// The module that catches a Python rule's exceptions and output. Folders that were made without it have only `app.py`.
const DIAGNOSTICS: &str = "diagnostics";

/// Files that componentize-py generates and refuses to overwrite.
const GENERATED: [&str; 5] =
    ["wit_world", "componentize_py_async_support", "componentize_py_types.py", "componentize_py_runtime.pyi", "poll_loop.py"];

/// The component's file.
const COMPONENT: &str = "rule.wasm";

/// Files that package managers and builds create.
const TOOL_OUTPUT: [&str; 6] = ["node_modules", "venv", "__pycache__", "package-lock.json", BUILT_WIT, COMPONENT];

/// Whether package managers and builds make files or folders of this name.
pub fn is_made_by_tools(name: &str) -> bool {
    GENERATED.contains(&name) || TOOL_OUTPUT.contains(&name)
}

impl Language {
    /// The language of a folder, by the files in it.
    pub fn of(folder: &Path) -> Option<Language> {
        let has = |file: &str| folder.join(file).is_file();
        match () {
            () if has("Cargo.toml") => Some(Language::Rust),
            () if has("package.json") => Some(Language::Javascript),
            () if has("app.py") => Some(Language::Python),
            () => None,
        }
    }
}

/// Runs a tool in a folder. Its output goes to standard error, so that standard output contains only ours.
fn tool(folder: &Path, program: &Path, arguments: &[&str], missing: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(std::process::Stdio::null()).env("UIS_WIT", contract(folder)?);
    let shown = || format!("{} {}", program.display(), arguments.join(" "));
    eprintln!("{}", shown());
    let output = command.output().with_context(|| format!("{} cannot be started; {missing}", shown()))?;
    if !output.status.success() {
        bail!(
            "{} failed in {}:\n{}{}",
            shown(),
            folder.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// The contract that a folder is built against: its own `wit/`, or, for the examples of this repository, the one in a parent folder.
fn contract(folder: &Path) -> Result<PathBuf> {
    let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
    let found = folder.ancestors().map(|folder| folder.join("wit")).find(|wit| wit.join("decision.wit").is_file());
    found.with_context(|| format!("{}: the folder has no wit/; create a folder with `uis-host rules new`", folder.display()))
}

const NO_NPM: &str = "install Node.js with npm";
const NO_PYTHON: &str = "install Python 3 with venv";

/// A program in the folder's Python environment.
fn venv(folder: &Path, program: &str) -> PathBuf {
    folder.join("venv").join(if cfg!(windows) { "Scripts" } else { "bin" }).join(program)
}

/// Installs the packages that the folder's package manager lists.
fn install(language: Language, folder: &Path) -> Result<()> {
    match language {
        Language::Rust => Ok(()),
        Language::Javascript => {
            if folder.join("node_modules/@bytecodealliance/componentize-js").is_dir() {
                return Ok(());
            }
            tool(folder, Path::new("npm"), &["install", "--no-audit", "--no-fund"], NO_NPM)
        }
        Language::Python => {
            if !venv(folder, "componentize-py").is_file() {
                tool(folder, Path::new("python3"), &["-m", "venv", "--clear", "venv"], NO_PYTHON)?;
                let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
                tool(folder, &venv(folder, "python"), &pip, NO_PYTHON)?;
            }
            for old in GENERATED {
                let path = folder.join(old);
                let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            }
            componentize(folder, &["bindings", "."])
        }
    }
}

/// Whether a Python rule has the module that keeps its output.
fn is_diagnosed(folder: &Path) -> bool {
    folder.join(format!("{DIAGNOSTICS}.py")).is_file()
}

/// The contract with a world of the decision and the diagnostics, in a folder of the rule: componentize-py cannot merge worlds that export the
/// interfaces of one package.
fn diagnosed_contract(folder: &Path, world: &str) -> Result<PathBuf> {
    let (from, to) = (contract(folder)?, folder.join(BUILT_WIT));
    let copied = || -> std::io::Result<()> {
        if to.exists() {
            std::fs::remove_dir_all(&to)?;
        }
        std::fs::create_dir_all(&to)?;
        for entry in std::fs::read_dir(&from)? {
            let file = entry?.path();
            if let Some(name) = file.file_name().filter(|_| file.extension().is_some_and(|kind| kind == "wit")) {
                std::fs::copy(&file, to.join(name))?;
            }
        }
        std::fs::write(to.join("built-rule.wit"), format!("world {BUILT_WORLD} {{ include {world}; include {DIAGNOSED}; }}\n"))
    };
    copied().with_context(|| to.display().to_string())?;
    Ok(to)
}

fn componentize(folder: &Path, arguments: &[&str]) -> Result<()> {
    let world = std::fs::read_to_string(folder.join("world")).unwrap_or_else(|_| WORLD.to_owned());
    let (wit, world) = match is_diagnosed(folder) {
        true => (diagnosed_contract(folder, world.trim())?, BUILT_WORLD),
        false => (contract(folder)?, world.trim()),
    };
    let wit = wit.to_str().context("the path of wit/ is not UTF-8; rename the folder")?;
    let all = [&["-d", wit, "-w", world], arguments].concat();
    tool(folder, &venv(folder, "componentize-py"), &all, NO_PYTHON)
}

/// Runs the folder's tests.
pub fn test(language: Language, folder: &Path) -> Result<()> {
    // Tools run in the folder, so paths to programs in it must be absolute.
    let folder = &folder.canonicalize().with_context(|| folder.display().to_string())?;
    install(language, folder)?;
    match language {
        Language::Rust => {
            let program = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
            tool(folder, &program, &["test", "--quiet"], "install Rust from https://rustup.rs")
        }
        Language::Javascript => tool(folder, Path::new("npm"), &["test"], NO_NPM),
        Language::Python => tool(folder, &venv(folder, "python"), &["-m", "unittest", "test_app"], NO_PYTHON),
    }
}

/// Builds the folder's component.
pub fn build(language: Language, folder: &Path) -> Result<Built> {
    let folder = &folder.canonicalize().with_context(|| folder.display().to_string())?;
    if language == Language::Rust {
        return Ok(build::component(folder, &|line| eprintln!("{line}"))?);
    }
    let wasm = folder.join(COMPONENT);
    let built = wasm.metadata().and_then(|data| data.modified());
    if built.is_ok_and(|built| changed(folder).max(changed(&contract(folder).unwrap_or_default())).is_some_and(|changed| changed < built)) {
        return Ok(build::component(&wasm, &|line| eprintln!("{line}"))?);
    }
    install(language, folder)?;
    match language {
        Language::Python => {
            let module = if is_diagnosed(folder) { DIAGNOSTICS } else { "app" };
            componentize(folder, &["componentize", "--stub-wasi", module, "-o", COMPONENT])?;
        }
        _ => tool(folder, Path::new("npm"), &["run", "build"], NO_NPM)?,
    }
    Ok(build::component(&wasm, &|line| eprintln!("{line}"))?)
}

/// When a file that the author wrote was last modified.
fn changed(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let own = entries.filter(|entry| entry.file_name().to_str().is_none_or(|name| !is_made_by_tools(name)));
    own.filter_map(|entry| match entry.file_type().ok()?.is_dir() {
        true => changed(&entry.path()),
        false => entry.metadata().ok()?.modified().ok(),
    })
    .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_tools_create_are_not_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |path: &str, seconds: u64| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, "x").expect("written");
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            std::fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(time)).expect("dated");
            time
        };
        let (own, _) = (put("lib/decide.js", 20), put("rule.js", 10));
        for brought in ["node_modules/x/index.js", "venv/bin/python", "poll_loop.py", COMPONENT, "__pycache__/app.pyc"] {
            put(brought, 30);
        }
        assert_eq!(changed(folder.path()), Some(own));
    }
}
