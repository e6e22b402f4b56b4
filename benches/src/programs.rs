//! Building and starting the programs that are measured.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use uis_test_support::root;

/// A program of this repository: how cargo builds it, and where it is afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// `uis-host`.
    Host,
    /// `uis-gateway`.
    Gateway,
    /// `retailcrm-simulator`.
    Crm,
    /// The gateway's example `load`.
    Load,
}

impl Program {
    fn cargo(self) -> [&'static str; 4] {
        match self {
            Program::Host => ["--package", "uis-harness", "--bin", "uis-host"],
            Program::Gateway => ["--package", "uis-gateway", "--bin", "uis-gateway"],
            Program::Crm => ["--package", "retailcrm-simulator", "--bin", "retailcrm-simulator"],
            Program::Load => ["--package", "uis-gateway", "--example", "load"],
        }
    }

    /// The file, beside this program.
    pub fn path(self) -> Result<PathBuf> {
        let folder = match self {
            Program::Load => "examples",
            _ => "",
        };
        let [.., name] = self.cargo();
        let own = std::env::current_exe().context("this program's path is not known")?;
        let beside = own.parent().context("this program stands in no folder")?;
        Ok(beside.join(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
    }

    /// Builds programs as releases, and shows the command. It is one command: built one by one, each would have its own set of features of what
    /// they share, and the compiler of components would be built for each.
    pub fn build(programs: &[Program]) -> Result<()> {
        if programs.is_empty() {
            return Ok(());
        }
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut arguments = vec!["build", "--locked", "--release"];
        arguments.extend(programs.iter().flat_map(|program| program.cargo()));
        eprintln!("cargo {}", arguments.join(" "));
        let status =
            Command::new(&cargo).args(&arguments).current_dir(root()).status().with_context(|| format!("{cargo} cannot be run"))?;
        if !status.success() {
            bail!("cargo {} failed", arguments.join(" "));
        }
        Ok(())
    }

    /// Runs the program in the repository's folder, and returns what it wrote to standard output. Fails when the program does.
    pub fn output(self, arguments: &[&str]) -> Result<String> {
        let path = self.path()?;
        let output = Command::new(&path).args(arguments).current_dir(root()).stderr(Stdio::piped()).output();
        let output = output.with_context(|| format!("{} cannot be run", path.display()))?;
        if !output.status.success() {
            bail!("{} {}: {}", path.display(), arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8(output.stdout).with_context(|| format!("{}: the output is not UTF-8", path.display()))
    }
}

/// RetailCRM's simulator in a process of its own, without limits and without a log. It ends when it is dropped.
#[derive(Debug)]
pub struct Crm {
    process: Child,
    /// The address.
    pub url: String,
    /// The API key.
    pub key: String,
}

/// The first line that the simulator prints.
#[derive(Deserialize)]
struct Greeting {
    url: String,
    #[serde(rename = "apiKey")]
    key: String,
}

impl Crm {
    /// Starts the simulator with the account in a file.
    pub fn start(account: &Path) -> Result<Crm> {
        let mut command = Command::new(Program::Crm.path()?);
        command.args(["--port", "0", "--rate-limit", "off", "--quiet", "--json", "--account"]).arg(account);
        let mut process = command.stdout(Stdio::piped()).spawn().context("the simulator cannot be started")?;
        let mut first = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut first)?;
        }
        match serde_json::from_str(&first) {
            Ok(Greeting { url, key }) => Ok(Crm { process, url, key }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                bail!("the simulator did not say where it listens: {error}: {first}")
            }
        }
    }
}

impl Drop for Crm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
