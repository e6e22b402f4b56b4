//! Rules in other languages, built by their own package managers in folders of the tests' own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::root;

/// Says why a language cannot be tried. On a machine of CI that is a failure: there it must be.
fn cannot(language: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{language}: {why}");
    // Past the capture of a passing test's output: who runs the tests should know.
    let _ = writeln!(std::io::stderr(), "rules in {language}: not tried, {why}");
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = || format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{}", told());
}

fn has(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// The example's files in a folder of their own, which stays from run to run: what a package manager brought is there already.
fn copied(language: &str) -> PathBuf {
    let (from, to) =
        (root().join("examples/rules").join(language), Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("rule-{language}")));
    std::fs::create_dir_all(&to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the example") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
    to
}

/// The example in JavaScript, tested and built; none without Node.
pub fn javascript() -> Option<PathBuf> {
    if !has("npm", &["--version"]) {
        cannot("JavaScript", "npm is missing");
        return None;
    }
    let folder = copied("javascript");
    let npm = |arguments: &[&str]| run(Command::new("npm").args(arguments).current_dir(&folder).env("UIS_WIT", root().join("wit")));
    npm(&["install", "--no-package-lock", "--no-audit", "--no-fund"]);
    npm(&["test"]);
    npm(&["run", "build"]);
    Some(folder.join("rule.wasm"))
}

/// The example in Python, tested and built; none without Python.
pub fn python() -> Option<PathBuf> {
    let Some(python) = ["python3", "python"].into_iter().find(|python| has(python, &["-m", "venv", "--help"])) else {
        cannot("Python", "Python 3 with venv is missing");
        return None;
    };
    let folder = copied("python");
    let bin = folder.join("venv").join(if cfg!(windows) { "Scripts" } else { "bin" });
    if !has(bin.join("componentize-py").to_str().expect("UTF-8"), &["--version"]) {
        run(Command::new(python).args(["-m", "venv", "--clear", "venv"]).current_dir(&folder));
        run(Command::new(bin.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"])
            .current_dir(&folder));
    }
    let componentize = |arguments: &[&str]| {
        run(Command::new(bin.join("componentize-py"))
            .arg("-d")
            .arg(root().join("wit"))
            .args(["-w", "draft-rule"])
            .args(arguments)
            .current_dir(&folder));
    };
    // What it generates it does not write over.
    for old in ["wit_world", "componentize_py_async_support"] {
        let _ = std::fs::remove_dir_all(folder.join(old));
    }
    for old in ["componentize_py_types.py", "componentize_py_runtime.pyi", "poll_loop.py"] {
        let _ = std::fs::remove_file(folder.join(old));
    }
    componentize(&["bindings", "."]);
    run(Command::new(bin.join("python")).args(["-m", "unittest", "test_app"]).current_dir(&folder));
    componentize(&["componentize", "--stub-wasi", "app", "-o", "rule.wasm"]);
    Some(folder.join("rule.wasm"))
}
