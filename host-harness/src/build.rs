//! Building a plugin's crate into a component. Cargo does the work. This module decides whether a build is needed, and says what to do when
//! it fails.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Rust's target for components.
pub const TARGET: &str = "wasm32-wasip2";

/// The profile for components. It is given on the command line, so that every crate is built with the same settings, whatever its own
/// manifest says. Measured with the RetailCRM plugin: level 2 needs 21 % less fuel than `s` and is 8 % larger; `z` is 2 % smaller than `s`
/// and 30 % slower. Link-time optimisation with one codegen unit halves the size.
const PROFILE: [&str; 6] = [
    "profile.component.inherits='release'",
    "profile.component.opt-level=2",
    "profile.component.lto=true",
    "profile.component.codegen-units=1",
    "profile.component.panic='abort'",
    "profile.component.strip=true",
];

/// A built component.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The component's file.
    pub wasm: PathBuf,
    /// The folder for compiled code of this component.
    pub cache: PathBuf,
    /// The component was up to date; nothing was built.
    pub fresh: bool,
}

/// Why there is no component. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The path is neither a crate nor a component.
    #[error("{0} is neither a .wasm file nor a folder with a Cargo.toml; give a plugin's crate folder or a built component")]
    NotAPlugin(PathBuf),
    /// Cargo, rustc or rustup cannot be started.
    #[error("{program} cannot be run ({error}); install Rust from https://rustup.rs and try again")]
    NoTool {
        /// The program.
        program: String,
        /// The system's error.
        error: std::io::Error,
    },
    /// The target could not be added.
    #[error(
        "Rust's target {TARGET} is not installed and `rustup target add {TARGET}` failed; run it yourself with a network connection. rustup says: {0}"
    )]
    NoTarget(String),
    /// The crate does not compile.
    #[error("the plugin's crate in {0} does not compile; the compiler's messages are above")]
    Compile(PathBuf),
    /// Cargo built no component.
    #[error("cargo built no component from the crate in {0}; its Cargo.toml needs [lib] crate-type = [\"cdylib\"]")]
    NoComponent(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
}

/// A record of the last build, to decide whether the next one is needed.
#[derive(Debug, Serialize, Deserialize)]
struct Stamp {
    wasm: PathBuf,
    /// The source files of the component.
    sources: Vec<PathBuf>,
    /// When the build began, in nanoseconds since 1970. A source that was modified later needs a new build.
    began: u128,
    profile: Vec<String>,
}

/// The component of a plugin. A `.wasm` file is used as it is. A crate is built if its sources changed since the last build. `say` receives
/// a line of text before each step that takes time.
pub fn component(plugin: &Path, say: &dyn Fn(&str)) -> Result<Built, BuildError> {
    if plugin.is_file() && plugin.extension().is_some_and(|extension| extension == "wasm") {
        return Ok(Built { wasm: plugin.to_owned(), cache: user_cache(), fresh: true });
    }
    let manifest = plugin.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(BuildError::NotAPlugin(plugin.to_owned()));
    }
    let folder = plugin.canonicalize().map_err(|error| BuildError::File { path: plugin.to_owned(), error })?;
    let root = workspace_root(&folder);
    let target = target_of(&root);
    let cache = target.join("compiled");
    let stamp_path = target.join(format!("{}.json", stamp_name(&folder)));
    if let Some(wasm) = up_to_date(&stamp_path) {
        return Ok(Built { wasm, cache, fresh: true });
    }
    // One build at a time: another process may be building the same crate.
    let _building = lock(&target.join("build.lock"), say)?;
    if let Some(wasm) = up_to_date(&stamp_path) {
        return Ok(Built { wasm, cache, fresh: true });
    }
    ensure_target(&folder, say)?;
    say(&format!("building {} for {TARGET} (the first time takes about a minute)", plugin.display()));
    let began = nanos(SystemTime::now());
    let wasm = cargo_build(&folder, &target)?;
    let mut sources = sources(&wasm);
    sources.extend([folder.join("Cargo.toml"), root.join("Cargo.toml"), root.join("Cargo.lock")].into_iter().filter(|path| path.is_file()));
    // Cargo may just have written the lock file, before it read any source. That is not a change of the sources.
    let locked = root.join("Cargo.lock").metadata().and_then(|data| data.modified()).map_or(0, nanos);
    let began = began.max(locked + 1);
    let stamp = Stamp { wasm: wasm.clone(), sources, began, profile: PROFILE.map(str::to_owned).to_vec() };
    // Without the record, the next run calls cargo again, which is only slower.
    if let Ok(json) = serde_json::to_vec(&stamp) {
        let _ = std::fs::write(&stamp_path, json);
    }
    Ok(Built { wasm, cache, fresh: false })
}

/// The source files of a crate's component, as its last build used them: those of its path dependencies too. None before the first build.
pub fn sources_of(folder: &Path) -> Vec<PathBuf> {
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let path = target_of(&workspace_root(&folder)).join(format!("{}.json", stamp_name(&folder)));
    let stamp = std::fs::read(path).ok().and_then(|json| serde_json::from_slice::<Stamp>(&json).ok());
    let sources = stamp.map(|stamp| stamp.sources).unwrap_or_default();
    // The lock file is written by cargo.
    sources.into_iter().filter(|file| !file.ends_with("Cargo.lock")).collect()
}

/// The folder for the builds of components.
fn target_of(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("uis-host")
}

/// The component of the last build, if none of its sources has changed.
fn up_to_date(stamp: &Path) -> Option<PathBuf> {
    let stamp: Stamp = serde_json::from_slice(&std::fs::read(stamp).ok()?).ok()?;
    let unchanged = |path: &PathBuf| path.metadata().and_then(|data| data.modified()).is_ok_and(|time| nanos(time) < stamp.began);
    let same = stamp.profile == PROFILE && stamp.wasm.is_file() && !stamp.sources.is_empty() && stamp.sources.iter().all(unchanged);
    same.then_some(stamp.wasm)
}

/// Waits for an exclusive lock on a file. The lock ends when the file is dropped or the process ends.
fn lock(path: &Path, say: &dyn Fn(&str)) -> Result<File, BuildError> {
    let error = |error: std::io::Error| BuildError::File { path: path.to_owned(), error };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(error)?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(error)?;
    if file.try_lock().is_err() {
        say("another process is building; waiting for it");
        file.lock().map_err(error)?;
    }
    Ok(file)
}

/// Installs the target when it is missing. Not every rustup does that by itself.
fn ensure_target(folder: &Path, say: &dyn Fn(&str)) -> Result<(), BuildError> {
    if has_target(folder)? {
        return Ok(());
    }
    // Two instances of rustup must not change one toolchain at the same time. If the lock cannot be taken (another user created the file),
    // continue: rustup reports its own errors.
    let _adding = lock(&std::env::temp_dir().join("uis-host-rustup.lock"), say).ok();
    if has_target(folder)? {
        return Ok(());
    }
    say(&format!("Rust's target {TARGET} is missing; adding it: rustup target add {TARGET}"));
    let added = Command::new("rustup").args(["target", "add", TARGET]).current_dir(folder).output();
    let added = added.map_err(|error| BuildError::NoTool { program: "rustup".into(), error })?;
    if added.status.success() { Ok(()) } else { Err(BuildError::NoTarget(String::from_utf8_lossy(&added.stderr).trim().to_owned())) }
}

fn has_target(folder: &Path) -> Result<bool, BuildError> {
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).current_dir(folder).output();
    let libraries = libraries.map_err(|error| BuildError::NoTool { program: "rustc".into(), error })?;
    let text = String::from_utf8_lossy(&libraries.stdout);
    let folder = Path::new(text.trim());
    if !libraries.status.success() || !folder.is_dir() {
        return Ok(false);
    }
    // rustup creates the folder at the beginning of an installation, and adds the target to the list of components at the end. Other
    // distributions of Rust have no such list.
    let components = folder.ancestors().nth(2).map(|rustlib| rustlib.join("components"));
    let listed = components.and_then(|path| std::fs::read_to_string(path).ok());
    Ok(listed.is_none_or(|list| list.lines().any(|line| line.trim() == format!("rust-std-{TARGET}"))))
}

/// Runs cargo, and finds the component among the files that it built.
fn cargo_build(folder: &Path, target: &Path) -> Result<PathBuf, BuildError> {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(&program);
    command.args(["build", "--lib", "--target", TARGET, "--profile", "component", "--message-format", "json-render-diagnostics"]);
    // A separate target folder: otherwise the build would wait for the lock of a cargo that runs this program.
    command.arg("--target-dir").arg(target).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit());
    for setting in PROFILE {
        command.args(["--config", setting]);
    }
    // Cargo sets these for a build script or for clippy; they are not meant for a build of its own.
    for name in ["RUSTC_WORKSPACE_WRAPPER", "CARGO_ENCODED_RUSTFLAGS", "RUSTC", "RUSTDOC"] {
        command.env_remove(name);
    }
    let output = command.output().map_err(|error| BuildError::NoTool { program, error })?;
    if !output.status.success() {
        return Err(BuildError::Compile(folder.to_owned()));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let manifest = folder.join("Cargo.toml");
    let wasm = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()).find_map(|message| {
        let ours = message.reason == "compiler-artifact" && message.manifest_path.as_deref().is_some_and(|path| path == manifest);
        message.filenames.into_iter().find(|file| ours && file.extension().is_some_and(|extension| extension == "wasm"))
    });
    wasm.ok_or_else(|| BuildError::NoComponent(folder.to_owned()))
}

/// One line of cargo's output.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The source files of a component, from the `.d` file that cargo writes beside it.
fn sources(wasm: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(wasm.with_extension("d")).unwrap_or_default();
    // The format is `target: source source …`; a space within a name is written as `\ `.
    let files = text.lines().filter_map(|line| line.split_once(": ")).map(|(_, files)| files.replace("\\ ", "\u{1}"));
    files.flat_map(|files| files.split(' ').map(|file| PathBuf::from(file.replace('\u{1}', " "))).collect::<Vec<_>>()).collect()
}

/// The nearest parent folder that has a Cargo.lock, or the crate's own folder.
fn workspace_root(folder: &Path) -> PathBuf {
    folder.ancestors().find(|ancestor| ancestor.join("Cargo.lock").is_file()).unwrap_or(folder).to_owned()
}

fn stamp_name(folder: &Path) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("{}-{:08x}", folder.file_name().unwrap_or_default().to_string_lossy(), hasher.finish() as u32)
}

/// The user's folder for files that can be recreated.
fn user_cache() -> PathBuf {
    let variables: BTreeMap<&str, PathBuf> =
        ["XDG_CACHE_HOME", "HOME"].into_iter().filter_map(|name| Some((name, PathBuf::from(std::env::var_os(name)?)))).collect();
    match (variables.get("XDG_CACHE_HOME"), variables.get("HOME")) {
        (Some(cache), _) => cache.join("uis-host"),
        (None, Some(home)) => home.join(".cache").join("uis-host"),
        // Without a home folder nothing is cached: any user may write to the system's temporary folder.
        (None, None) => PathBuf::from("/nonexistent/uis-host"),
    }
}

fn nanos(time: SystemTime) -> u128 {
    time.duration_since(UNIX_EPOCH).map_or(0, |duration| duration.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_crate_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = component(folder.path(), &|_| {}).expect_err("no crate");
        assert!(error.to_string().contains("neither a .wasm file"), "{error}");
    }

    #[test]
    fn a_changed_source_needs_a_new_build() {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, wasm, stamp) = (folder.path().join("a.rs"), folder.path().join("a.wasm"), folder.path().join("stamp.json"));
        std::fs::write(&source, "").expect("written");
        std::fs::write(&wasm, "").expect("written");
        let put = |began: u128| {
            let json = Stamp { wasm: wasm.clone(), sources: vec![source.clone()], began, profile: PROFILE.map(str::to_owned).to_vec() };
            std::fs::write(&stamp, serde_json::to_vec(&json).expect("JSON")).expect("written");
        };
        put(nanos(SystemTime::now()) + 1_000_000_000);
        assert_eq!(up_to_date(&stamp), Some(wasm.clone()));
        put(0);
        assert_eq!(up_to_date(&stamp), None, "the source is newer than the build");
        std::fs::remove_file(&source).expect("removed");
        put(u128::from(u64::MAX));
        assert_eq!(up_to_date(&stamp), None, "the source is gone");
    }

    #[test]
    fn a_name_with_a_space_is_one_source() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("x.d"), "/t/x.wasm: /a/b\\ c.rs /d.rs\n").expect("written");
        assert_eq!(sources(&folder.path().join("x.wasm")), [PathBuf::from("/a/b c.rs"), PathBuf::from("/d.rs")]);
    }
}
