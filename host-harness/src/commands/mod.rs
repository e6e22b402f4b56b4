//! The commands of the program.

mod canary;
mod conformance;
mod credentials;

mod embed;
mod inspect;
mod render;
mod replay;
mod rules;
mod setting;
mod settings_page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use uis_harness::build;
use uis_harness::report::Report;
use uis_host::limits::Limits;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::rules::limits::RuleLimits;

/// A host for UIS integration plugins.
#[derive(Debug, Parser)]
#[command(name = "uis-host", version, about, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run recorded events through a plugin, and show what happened in the CRM and in UIS
    Replay(replay::ReplayArguments),
    /// Run the RetailCRM simulator on a port
    Crm(retailcrm_simulator::program::Options),
    /// Store access to CRM accounts by name: add, list, check, remove
    Credentials(credentials::CredentialsArguments),
    /// List the choices of a setting whose values exist in the CRM
    Choices(credentials::ChoicesArguments),
    /// Show in a browser what a plugin adds to the CRM's pages
    Embed(embed::EmbedArguments),
    /// Show what a plugin is: contract, imports, exports, size, connections, settings
    Inspect(inspect::InspectArguments),
    /// Search for a planted key and callback secret wherever they must not occur
    Canary(canary::CanaryArguments),
    /// Run a kit of attacks against a host's configuration, and show what stopped each
    Conformance(conformance::ConformanceArguments),
    /// Create and test partners' rules
    Rules(rules::RulesArguments),
}

/// Runs a command and returns the exit status.
pub async fn run(arguments: Arguments) -> Result<u8> {
    match arguments.command {
        Command::Replay(arguments) => replay::run(arguments).await,
        Command::Crm(options) => retailcrm_simulator::program::run(options).await.map(|()| crate::exit_status::OK),
        Command::Credentials(arguments) => credentials::run(arguments).await,
        Command::Choices(arguments) => credentials::choices(arguments).await,
        Command::Embed(arguments) => embed::run(arguments).await,
        Command::Inspect(arguments) => inspect::run(arguments).await,
        Command::Canary(arguments) => canary::run(arguments).await,
        Command::Conformance(arguments) => conformance::run(arguments).await,
        Command::Rules(arguments) => rules::run(arguments).await,
    }
}

/// Limits of handlers and rules.
#[derive(Debug, Clone, Args)]
pub struct LimitArguments {
    /// Fuel of one handler (about one WebAssembly instruction each)
    #[arg(long, value_name = "UNITS", help_heading = "Limits")]
    fuel: Option<u64>,
    /// Memory of one handler, in bytes
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    memory_bytes: Option<usize>,
    /// Wall-clock time of a live handler, including waiting, in milliseconds
    #[arg(long, value_name = "MS", help_heading = "Limits")]
    wall_live_ms: Option<u64>,
    /// Wall-clock time of a kept handler, including waiting, in milliseconds
    #[arg(long, value_name = "MS", help_heading = "Limits")]
    wall_kept_ms: Option<u64>,
    /// Requests of one handler
    #[arg(long, value_name = "COUNT", help_heading = "Limits")]
    requests: Option<u32>,
    /// Set any limit of handlers or rules by its name (docs/limits.md lists all)
    #[arg(long = "limit", value_name = "NAME=NUMBER", help_heading = "Limits")]
    named: Vec<String>,
    /// Read limits from a JSON file: an object of names and numbers
    #[arg(long = "limits", value_name = "FILE", help_heading = "Limits")]
    file: Option<PathBuf>,
}

impl LimitArguments {
    /// The limits of handlers and of rules: the defaults, then the file, then the command line.
    fn all(&self) -> Result<(Limits, RuleLimits)> {
        let (mut limits, mut rules) = (Limits::default(), RuleLimits::default());
        let mut set = |name: &str, number: u64| match name.starts_with("rule-") {
            true => rules.set(name, number),
            false => limits.set(name, number),
        };
        if let Some(path) = &self.file {
            let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let named: BTreeMap<String, u64> = serde_json::from_slice(&text)
                .with_context(|| format!("{}: expected one JSON object of limits by name, like {{\"fuel\": 500000000}}", path.display()))?;
            for (name, number) in named {
                set(&name, number).with_context(|| path.display().to_string())?;
            }
        }
        for text in &self.named {
            let pair = text.split_once('=').and_then(|(name, number)| Some((name.trim(), number.trim().parse().ok()?)));
            let (name, number) = pair.with_context(|| format!("--limit {text}: expected NAME=NUMBER, like fuel=500000000"))?;
            set(name, number).with_context(|| format!("--limit {text}"))?;
        }
        let flags = [
            ("fuel", self.fuel),
            ("memory-bytes", self.memory_bytes.map(|bytes| bytes as u64)),
            ("wall-live-ms", self.wall_live_ms),
            ("wall-kept-ms", self.wall_kept_ms),
            ("requests", self.requests.map(u64::from)),
        ];
        for (name, number) in flags {
            if let Some(number) = number {
                set(name, number).with_context(|| format!("--{name} {number}"))?;
            }
        }
        Ok((limits, rules))
    }

    /// The limits of handlers.
    fn limits(&self) -> Result<Limits> {
        Ok(self.all()?.0)
    }
}

/// Builds a plugin if it is a crate, and loads it.
async fn load(plugin: &Path, limits: &Limits) -> Result<ComponentPlugin> {
    let plugin = find(plugin)?;
    let built = build::component(&plugin, &|line| eprintln!("{line}"))?;
    let runtime = Runtime::new(limits.clone()).map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be set up: {error:#}"))?;
    ComponentPlugin::load(&runtime, &built.wasm, &built.cache).await.with_context(|| format!("{} cannot be loaded", plugin.display()))
}

/// The plugin's file or folder. The default plugin is found in this repository even when the program runs in another folder.
fn find(plugin: &Path) -> Result<PathBuf> {
    if plugin == Path::new(DEFAULT_PLUGIN) {
        return in_repository(plugin);
    }
    if plugin.exists() {
        return Ok(plugin.to_owned());
    }
    bail!("{}: no such file or folder; give a plugin's crate folder or a built .wasm component", plugin.display())
}

/// A folder of this repository, even when the program runs in another folder.
fn in_repository(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        return Ok(folder.to_owned());
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    if beside.exists() {
        return Ok(beside);
    }
    bail!("{}: no such file or folder; give a plugin's crate folder or a built .wasm component", folder.display())
}

/// The environment variable for the CRM's key.
const KEY_VARIABLE: &str = "UIS_HOST_CRM_KEY";

/// The plugin's folder when none is given.
const DEFAULT_PLUGIN: &str = "plugin";

/// Writes the notes about a recording's settings to standard error, so that standard output contains only the result.
fn print_notes(path: &Path, report: &Report) {
    for (line, note) in &report.notes {
        eprintln!("{}:{line}: {note}", path.display());
    }
}

/// Writes to standard output. When the reader has gone (`… | head`), the program ends without an error.
fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(i32::from(crate::exit_status::OK));
    }
}
