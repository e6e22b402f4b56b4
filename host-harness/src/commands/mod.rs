//! The program's commands.

mod canary;
mod conformance;
mod credentials;

mod embed;
mod inspect;
mod render;
mod replay;
mod rules;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use uis_harness::build;
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
    /// Run recorded events through a plugin and show what happened and what ended up where
    Replay(replay::ReplayArguments),
    /// Run the RetailCRM simulator on a port
    Crm(retailcrm_simulator::program::Options),
    /// Keep access to CRM accounts by name: add, list, check, remove
    Credentials(credentials::CredentialsArguments),
    /// Show what can be chosen for a setting whose values live in the CRM
    Choices(credentials::ChoicesArguments),
    /// Show in a browser what a plugin puts into the CRM's pages
    Embed(embed::EmbedArguments),
    /// Show what a plugin is: contract, imports, exports, size, connections, settings
    Inspect(inspect::InspectArguments),
    /// Plant a key in recordings and look for it everywhere it must not be
    Canary(canary::CanaryArguments),
    /// Run the hostile kit against a host's configuration, and print what held
    Conformance(conformance::ConformanceArguments),
    /// Write and try partners' rules
    Rules(rules::RulesArguments),
}

/// Runs a command and gives the exit status.
pub async fn run(arguments: Arguments) -> Result<u8> {
    match arguments.command {
        Command::Replay(arguments) => replay::run(arguments).await,
        Command::Crm(options) => retailcrm_simulator::program::run(options).await.map(|()| crate::OK),
        Command::Credentials(arguments) => credentials::run(arguments).await,
        Command::Choices(arguments) => credentials::choices(arguments).await,
        Command::Embed(arguments) => embed::run(arguments).await,
        Command::Inspect(arguments) => inspect::run(arguments).await,
        Command::Canary(arguments) => canary::run(arguments).await,
        Command::Conformance(arguments) => conformance::run(arguments).await,
        Command::Rules(arguments) => rules::run(arguments).await,
    }
}

/// Limits of one handler.
#[derive(Debug, Clone, Args)]
pub struct LimitArguments {
    /// Fuel a handler may use (about one WebAssembly instruction each)
    #[arg(long, value_name = "UNITS", help_heading = "Limits")]
    fuel: Option<u64>,
    /// Memory a handler may hold, in bytes
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    memory_bytes: Option<usize>,
    /// Wall-clock time a live handler may take, waiting included, in milliseconds
    #[arg(long, value_name = "MS", help_heading = "Limits")]
    wall_live_ms: Option<u64>,
    /// Wall-clock time a kept handler may take, waiting included, in milliseconds
    #[arg(long, value_name = "MS", help_heading = "Limits")]
    wall_kept_ms: Option<u64>,
    /// Requests a handler may send
    #[arg(long, value_name = "COUNT", help_heading = "Limits")]
    requests: Option<u32>,
    /// Any limit by its name, of handlers or of partners' rules (docs/limits.md has all)
    #[arg(long = "limit", value_name = "NAME=NUMBER", help_heading = "Limits")]
    named: Vec<String>,
    /// A host's configuration: a JSON file of limits by name
    #[arg(long = "limits", value_name = "FILE", help_heading = "Limits")]
    file: Option<PathBuf>,
}

impl LimitArguments {
    /// Limits of handlers and of rules: the stock, then the file's, then those of the command line.
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

    /// Limits of handlers.
    fn limits(&self) -> Result<Limits> {
        Ok(self.all()?.0)
    }
}

/// Builds a plugin if it is a crate, and loads it.
async fn load(plugin: &Path, limits: &Limits) -> Result<ComponentPlugin> {
    let plugin = find(plugin)?;
    let built = build::component(&plugin, &|line| eprintln!("{line}"))?;
    let runtime = Runtime::new(limits.clone()).map_err(|error| anyhow::anyhow!("the WebAssembly engine cannot be set up: {error:#}"))?;
    ComponentPlugin::load(&runtime, &built.wasm, &built.cache).await.with_context(|| format!("{} is not loaded", plugin.display()))
}

/// The plugin's folder or file: as given, or, for the default, beside this program's sources when it is run from elsewhere.
fn find(plugin: &Path) -> Result<PathBuf> {
    if plugin == Path::new(DEFAULT_PLUGIN) {
        return in_repository(plugin);
    }
    if plugin.exists() {
        return Ok(plugin.to_owned());
    }
    bail!("{}: no such file or folder; give a plugin's crate folder or a built .wasm component", plugin.display())
}

/// A folder of this repository, also when the program is run from elsewhere.
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

/// The environment variable that a key may stand in.
const KEY_VARIABLE: &str = "UIS_HOST_CRM_KEY";

/// The plugin when none is given.
const DEFAULT_PLUGIN: &str = "plugin";

/// Writes to standard output. When nobody reads any more (`… | head`), the program ends without complaint.
fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(i32::from(crate::OK));
    }
}
