//! Finds out whether rules in other languages can be built on this machine, and makes folders to build them in.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{root, scratch};

fn has(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Whether the tools of a language are installed. If not, its tests are skipped, which is reported; in CI the test fails instead.
pub fn available(language: &str) -> bool {
    let (there, missing) = match language {
        "javascript" => (has("npm", &["--version"]), "npm is missing"),
        "python" => (has("python3", &["-m", "venv", "--help"]), "Python 3 with venv is missing"),
        _ => (true, ""),
    };
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{language}: {missing}");
        // Written to standard error directly: `eprintln!` would be captured, and nobody would see that the test was skipped.
        let _ = writeln!(std::io::stderr(), "rules in {language}: not tried, {missing}");
    }
    there
}

/// Copies the example rule of a language, and the contract, into a folder and returns it. The folder is not deleted between runs, so
/// that packages need not be downloaded again.
pub fn copied(language: &str) -> PathBuf {
    copied_as(language, "rule")
}

/// The same in a folder of its own, for a test that changes the rule.
pub fn copied_as(language: &str, name: &str) -> PathBuf {
    let (from, to) = (root().join("examples/rules").join(language), scratch().join(format!("{name}-{language}")));
    copy(&from, &to);
    copy(&root().join("wit"), &to.join("wit"));
    to
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
}
