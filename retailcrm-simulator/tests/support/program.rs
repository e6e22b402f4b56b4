//! The program as a user starts it.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A running simulator; it ends with the test.
pub struct Program {
    child: Child,
    /// Its output, line by line.
    pub lines: Lines<BufReader<ChildStdout>>,
    /// Its address, when it was started with `--json`.
    pub url: String,
    /// Its key.
    pub key: String,
    /// With `--tls`: the file with the authority's certificate.
    pub ca: Option<String>,
}

/// The program with these arguments, not started yet.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retailcrm-simulator"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Starts it on a free port and reads its first line.
pub fn start(arguments: &[&str]) -> Program {
    let mut child = command(arguments).args(["--port", "0"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let (mut url, mut key, mut ca) = (String::new(), String::new(), None);
    if arguments.contains(&"--json") {
        let first = lines.next().expect("a first line").expect("UTF-8");
        let first: Value = serde_json::from_str(&first).expect("the first line is JSON");
        (url, key) = (first["url"].as_str().expect("url").to_owned(), first["apiKey"].as_str().expect("apiKey").to_owned());
        ca = first["ca"].as_str().map(str::to_owned);
        assert!(first["account"].is_string());
    }
    Program { child, lines, url, key, ca }
}

impl Program {
    /// Asks it to end, as a terminal or a supervisor does, and waits.
    #[cfg(unix)]
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(asked.success());
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
