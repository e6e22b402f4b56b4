//! Whether rules in other languages can be tried here, and folders of the tests' own for them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{root, scratch};

fn has(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Whether a language's tools are here. Without them its tests are skipped and say so; on a machine of CI that is a failure.
pub fn available(language: &str) -> bool {
    let (there, missing) = match language {
        "javascript" => (has("npm", &["--version"]), "npm is missing"),
        "python" => (has("python3", &["-m", "venv", "--help"]), "Python 3 with venv is missing"),
        _ => (true, ""),
    };
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{language}: {missing}");
        // Past the capture of a passing test's output: who runs the tests should know.
        let _ = writeln!(std::io::stderr(), "rules in {language}: not tried, {missing}");
    }
    there
}

/// The example's files in a folder of their own, which stays from run to run: what a package manager brought is there already. The
/// contract is beside them.
pub fn copied(language: &str) -> PathBuf {
    let (from, to) = (root().join("examples/rules").join(language), scratch().join(format!("rule-{language}")));
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
