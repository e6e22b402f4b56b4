//! Proof by a client that no one here wrote: the official Python one drives every method that it has for what the simulator covers. The
//! script beside this file says what it expects of each, and which methods are refused and why.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::program;

/// The client and its version.
const CLIENT: &str = "retailcrm==5.3.0";

/// Says why the test cannot run. On a machine of CI that is a failure: there it must run.
fn cannot(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    // Past the capture of a passing test's output: who runs the tests should know.
    let _ = writeln!(std::io::stderr(), "official client: not run, {why}");
}

fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(output)
    } else {
        Err(format!("{command:?}: {}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
    }
}

/// A virtual environment with the client; it is made once.
fn environment() -> Result<PathBuf, String> {
    let python =
        ["python3", "python"].into_iter().find(|name| run(Command::new(name).arg("--version")).is_ok()).ok_or("Python is missing")?;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("official-client");
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let inside = bin.join(if cfg!(windows) { "python.exe" } else { "python" });
    let ready = |inside: &PathBuf| {
        run(Command::new(inside).args(["-c", "import importlib.metadata as m; assert m.version('retailcrm') == '5.3.0'"])).is_ok()
    };
    if !ready(&inside) {
        run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(&inside).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT]))?;
    }
    Ok(inside)
}

#[test]
fn the_official_python_client_works() {
    let python = match environment() {
        Ok(python) => python,
        Err(why) => return cannot(&why),
    };
    let account = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_client/account.json");
    let authority = tempfile::NamedTempFile::new().expect("a file");
    let start = |more: &[&str]| {
        let options = ["--json", "--quiet", "--rate-limit", "off", "--account", account];
        // A build that has TLS is driven over it.
        let tls: &[&str] = if cfg!(feature = "tls") { &["--tls"] } else { &[] };
        program::start(&[&options, tls, more].concat())
    };
    let (strict, lenient) = (start(&[]), start(&["--lenient-history-page"]));
    let read = |program: &program::Program| program.ca.as_ref().map_or_else(String::new, |ca| std::fs::read_to_string(ca).expect("a file"));
    std::fs::write(authority.path(), read(&strict) + &read(&lenient)).expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/official_client/drive.py");
    let mut command = Command::new(python);
    if strict.ca.is_some() {
        command.env("REQUESTS_CA_BUNDLE", authority.path());
    }
    let driven = run(command.arg(script).args([&strict.url, &lenient.url, &strict.key]));
    let output = driven.unwrap_or_else(|error| panic!("{error}"));
    println!("{}", String::from_utf8_lossy(&output.stdout));
}
