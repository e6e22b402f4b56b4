//! `uis-host replay FILE…`.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::recording::{self, Happening, Header, Lines};
use uis_host::replay::entry::{Observer, Silent};
use uis_host::replay::report::Report;
use uis_host::replay::strict::Recorded;
use uis_host::replay::{RemoteSystem, Replay, clock_for};

use super::crm::{MEMBERS, Recordings, Server, Simulators};
use super::render::{Story, closing};
use super::{DEFAULT_PLUGIN, LimitArguments, load};
use crate::{FAILED, OK};

/// The longest that the clock may run on after the last line.
const SETTLE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A file shorter than this is read before a progress bar would be seen.
const PROGRESS_BYTES: u64 = 1 << 20;

/// Run recorded events through a plugin
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// Recordings: JSON Lines, format 1
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A plugin's crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    plugin: PathBuf,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    /// Give counts in place of entities, for very long recordings
    #[arg(long)]
    summary: bool,
    /// Show everything a handler did: storage, timers, log lines of level debug, whole bodies
    #[arg(long, short)]
    verbose: bool,
    /// A CRM to use in place of the simulator: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", conflicts_with = "strict")]
    crm: Option<String>,
    /// The key for --crm
    #[arg(long, value_name = "KEY", env = "UIS_HOST_CRM_KEY", hide_env_values = true, requires = "crm", default_value = retailcrm_simulator::account::DEFAULT_KEY)]
    crm_key: String,
    /// Answer every request with the recorded exchange; any other request is a divergence
    #[arg(long)]
    strict: bool,
    /// How long the clock may run on after the last line: 90s, 15m, 24h
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    settle: Duration,
    #[command(flatten)]
    limits: LimitArguments,
}

fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is no duration up to 24h; expected a number with s, m or h, like 15m");
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(expected()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).ok_or_else(expected)?;
    Some(Duration::from_secs(seconds)).filter(|duration| *duration <= SETTLE_MAX).ok_or_else(expected)
}

/// What one recording came to.
struct Played {
    report: Report,
    crm: Value,
    uis: Value,
}

/// Runs the command.
pub async fn run(arguments: ReplayArguments) -> Result<u8> {
    // Headers first: when one cannot be used, nothing is run.
    let mut opened = Vec::new();
    for path in &arguments.files {
        opened.push(open(path)?);
    }
    let limits = arguments.limits.limits();
    let plugin = Arc::new(load(&arguments.plugin, &limits).await?);
    let mut all = Vec::new();
    for ((header, lines), path) in opened.into_iter().zip(&arguments.files) {
        let played = play(&arguments, &plugin, path, &header, lines).await.with_context(|| format!("{}:1", path.display()))?;
        if !arguments.json {
            print!("{}", closing(&played.report, &played.crm, &played.uis, arguments.summary));
        }
        all.push((path, played));
    }
    if arguments.json {
        let value = if all.len() == 1 {
            all.iter().map(|(_, played)| to_json(played, arguments.summary)).next().unwrap_or_default()
        } else {
            // Several files are still ONE object: by file.
            json!({"files": all.iter().map(|(path, played)| {
                let mut value = to_json(played, arguments.summary);
                value["file"] = path.display().to_string().into();
                value
            }).collect::<Vec<_>>()})
        };
        println!("{value}");
    }
    Ok(if all.iter().any(|(_, played)| played.report.failed > 0) { FAILED } else { OK })
}

fn open(path: &Path) -> Result<(Header, Lines<BufReader<File>>)> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    recording::open(BufReader::new(file)).map_err(|(line, error)| anyhow!("{}:{line}: {error}", path.display()))
}

async fn play(
    arguments: &ReplayArguments,
    plugin: &Arc<ComponentPlugin>,
    path: &Path,
    header: &Header,
    mut lines: Lines<BufReader<File>>,
) -> Result<Played> {
    let clock = clock_for(&mut lines);
    let mut silent = Silent;
    let mut story = Story::new(arguments.verbose);
    let observer: &mut dyn Observer = if arguments.json || arguments.summary { &mut silent } else { &mut story };
    if !arguments.json {
        print!("{}", Story::opening(path, header, plugin));
    }
    let simulators;
    let server;
    let recorded = Arc::new(Recorded::default());
    let remote: Arc<dyn RemoteSystem> = match (&arguments.crm, arguments.strict) {
        (Some(url), _) => {
            server = Arc::new(Server::new(url, arguments.crm_key.clone())?);
            simulators = None;
            server.clone()
        }
        (None, true) => {
            read_exchanges(path, &recorded)?;
            (server, simulators) = (Arc::new(Server::new("http://localhost", String::new())?), None);
            Arc::new(Recordings { exchanges: recorded.clone() })
        }
        (None, false) => {
            server = Arc::new(Server::new("http://localhost", String::new())?);
            let within = Arc::new(Simulators::new(header, &clock)?);
            simulators = Some(within.clone());
            within
        }
    };
    let plugin: Arc<dyn Plugin> = plugin.clone();
    let bar = progress(path, arguments);
    let replay = Replay::new(header, plugin, remote, clock, &arguments.limits.limits(), observer).await?;
    let (mut report, uis) = replay.run(header, lines, arguments.settle, |bytes| bar.set_position(bytes)).await;
    bar.finish_and_clear();
    for unused in recorded.unused() {
        report.diverged(unused);
    }
    let crm = match (&simulators, &arguments.crm) {
        (Some(simulators), _) => simulators.to_json(),
        (None, Some(_)) => server.to_json().await,
        (None, None) => MEMBERS.iter().map(|name| ((*name).to_owned(), json!([]))).collect::<Map<_, _>>().into(),
    };
    Ok(Played { report, crm, uis })
}

/// A strict replay answers with what stands anywhere in the file, so it is read beforehand.
fn read_exchanges(path: &Path, recorded: &Recorded) -> Result<()> {
    let (_, lines) = open(path)?;
    for line in lines.flatten() {
        if let Happening::Exchange(exchange) = line.happening {
            recorded.add(exchange).map_err(|error| anyhow!("line {}: {error}", line.number))?;
        }
    }
    Ok(())
}

/// A bar on standard error, for long files and only on a terminal.
fn progress(path: &Path, arguments: &ReplayArguments) -> ProgressBar {
    let bytes = path.metadata().map_or(0, |data| data.len());
    // With a story on the same terminal the bar would be torn apart by it.
    let useful = bytes > PROGRESS_BYTES
        && std::io::stderr().is_terminal()
        && (arguments.json || arguments.summary || !std::io::stdout().is_terminal());
    let bar = ProgressBar::with_draw_target(Some(bytes), if useful { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
    match ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The report by the names of `docs/replay.schema.json`.
fn to_json(played: &Played, summary: bool) -> Value {
    let counted = |value: &Value| -> Value {
        let lists = value.as_object().into_iter().flatten();
        lists.map(|(name, list)| (name.clone(), json!(list.as_array().map_or(0, Vec::len)))).collect::<Map<_, _>>().into()
    };
    let report = &played.report;
    json!({
        "events": {"delivered": report.delivered, "retried": report.retried, "failed": report.failed},
        "crm": if summary { counted(&played.crm) } else { played.crm.clone() },
        "uis": if summary { counted(&played.uis) } else { played.uis.clone() },
        "problems": report.problems,
    })
}
