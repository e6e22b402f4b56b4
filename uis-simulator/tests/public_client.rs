//! Proof by a client that no one here wrote: a public Python client of the Data API drives the program. The script beside this file says
//! what it expects, and what the client does against today's documentation.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// The client and its version.
const CLIENT: &str = "comagic-data-api-sdk==0.0.3.4";

/// Says why the test cannot run. On a machine of CI that is a failure: there it must run.
fn cannot(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{why}");
    // Past the capture of a passing test's output: who runs the tests should know.
    let _ = writeln!(std::io::stderr(), "public client: not run, {why}");
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
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("public-client");
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let inside = bin.join(if cfg!(windows) { "python.exe" } else { "python" });
    let ready = |inside: &PathBuf| run(Command::new(inside).args(["-c", "import comagic.client"])).is_ok();
    if !ready(&inside) {
        run(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder))?;
        // The client imports these two and does not say so.
        run(Command::new(&inside).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT, "requests", "pytz"]))?;
    }
    Ok(inside)
}

/// A running program; it ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_public_python_client_works() {
    let python = match environment() {
        Ok(python) => python,
        Err(why) => return cannot(&why),
    };
    let account = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/public_client/account.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_uis-simulator"));
    command.args(["--json", "--listen", "127.0.0.1:0", "--account", account]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut program = Program(command.spawn().expect("it starts"));
    let stdout = program.0.stdout.take().expect("piped");
    let first = BufReader::new(stdout).lines().next().expect("a first line").expect("UTF-8");
    let first: Value = serde_json::from_str(&first).expect("the first line is JSON");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/public_client/drive.py");
    let driven = run(Command::new(python).arg(script).arg(first["data_api"].as_str().expect("an address")));
    driven.unwrap_or_else(|error| panic!("{error}"));
}
