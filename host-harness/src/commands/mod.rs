//! The commands of the program.

mod canary;
mod compare;
mod conformance;
mod credentials;

mod embed;
mod explain;
mod faults;
mod import;
mod inspect;
mod plugin;
mod progress;
mod record;
mod render;
mod replay;
mod rules;
mod scaffold;
mod setting;
mod settings_page;
mod show;
mod snapshot;
mod source;
mod target;
mod terminal;
mod validate;
mod watch;
mod watched;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// Make a recording of captured webhooks: bodies in files, JSON Lines, UIS's delivery log, HAR archives
    Import(import::ImportArguments),
    /// Check recordings without running them: format, unknown members and parameters, references, times
    Validate(validate::ValidateArguments),
    /// Show what happened to one customer, call, order or task in a recording, and why
    Explain(explain::ExplainArguments),
    /// Show what two plugins, settings or sets of rules do differently in recordings
    Compare(compare::CompareArguments),
    /// Replay recordings with each fault at each place, and check what is left
    Faults(faults::FaultsArguments),
    /// Write one HTML page with what happened in a recording
    Show(show::ShowArguments),
    /// Run the RetailCRM simulator on a port
    Crm(retailcrm_simulator::program::Options),
    /// Read a part of a CRM account into a recording, to replay against the simulator
    Snapshot(snapshot::SnapshotArguments),
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
    /// Create plugins
    Plugin(plugin::PluginArguments),
    /// Create and test partners' rules
    Rules(rules::RulesArguments),
}

/// Runs a command and returns the exit status.
pub async fn run(arguments: Arguments) -> Result<u8> {
    match arguments.command {
        Command::Replay(arguments) => replay::run(arguments).await,
        Command::Import(arguments) => import::run(arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Explain(arguments) => explain::run(arguments).await,
        Command::Compare(arguments) => compare::run(arguments).await,
        Command::Faults(arguments) => faults::run(arguments).await,
        Command::Show(arguments) => show::run(arguments).await,
        Command::Crm(options) => retailcrm_simulator::program::run(options).await.map(|()| crate::exit_status::OK),
        Command::Snapshot(arguments) => snapshot::run(arguments).await,
        Command::Credentials(arguments) => credentials::run(arguments).await,
        Command::Choices(arguments) => credentials::choices(arguments).await,
        Command::Embed(arguments) => embed::run(arguments).await,
        Command::Inspect(arguments) => inspect::run(arguments).await,
        Command::Canary(arguments) => canary::run(arguments).await,
        Command::Conformance(arguments) => conformance::run(arguments).await,
        Command::Plugin(arguments) => plugin::run(&arguments),
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

/// The plugin's file or folder. The default plugin is what [`PLUGIN_VARIABLE`] names; else this repository's, even when the program runs in
/// another folder; else the component beside the program. It is not part of the program: then every change of the plugin would build the
/// harness again.
fn find(plugin: &Path) -> Result<PathBuf> {
    if plugin == Path::new(DEFAULT_PLUGIN) {
        if let Some(named) = std::env::var_os(PLUGIN_VARIABLE).filter(|named| !named.is_empty()).map(PathBuf::from) {
            let missing = || format!("{}: no such file or folder; {PLUGIN_VARIABLE} must name a plugin", named.display());
            return named.exists().then(|| named.clone()).with_context(missing);
        }
        let beside = || std::env::current_exe().ok().map(|program| program.with_file_name(COMPONENT)).filter(|file| file.is_file());
        return in_repository(plugin).ok().or_else(beside).with_context(|| {
            format!(
                "the plugin was not found: the repository that this program was built in is gone; give --plugin FILE.wasm, set \
                 {PLUGIN_VARIABLE}, or put the component beside the program as {COMPONENT}"
            )
        });
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

/// The environment variable for the plugin when none is given.
const PLUGIN_VARIABLE: &str = "UIS_HOST_PLUGIN";

/// The name of the plugin's component beside the program.
const COMPONENT: &str = "uis_retailcrm.wasm";

/// The plugin's folder when none is given.
const DEFAULT_PLUGIN: &str = "plugin";

/// Writes the notes about a recording's settings to standard error, so that standard output contains only the result.
fn print_notes(path: &Path, report: &Report) {
    for (line, note) in &report.notes {
        eprintln!("{}:{line}: {note}", path.display());
    }
}

/// Whether the program goes on when nobody reads its output any more.
static FINISHES: AtomicBool = AtomicBool::new(false);

/// From now on the program goes on to its end although nobody reads its output any more, because it writes a file as well.
fn finish_whoever_reads() {
    FINISHES.store(true, Ordering::Relaxed);
}

/// Writes to standard output. When the reader has gone (`… | head`), the program ends without an error; when the output cannot be written
/// for another reason, such as a full disk, it ends with one.
fn say(text: &str) {
    use std::io::{ErrorKind, Write};
    let mut out = std::io::stdout().lock();
    let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        // Nobody reads on. A recording that is being written is still worth its end.
        if FINISHES.load(Ordering::Relaxed) {
            return;
        }
        std::process::exit(i32::from(crate::exit_status::OK));
    }
    eprintln!("error: the output cannot be written: {error}");
    std::process::exit(i32::from(crate::exit_status::FAILED));
}
