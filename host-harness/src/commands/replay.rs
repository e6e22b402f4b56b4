//! `uis-host replay FILE…`: replays recordings.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};
use uis_harness::crm::strict::Recorded;
use uis_harness::recording::{self, Happening, Header, Lines};
use uis_harness::replay::{ReplayBuilder, Unusable, clock_for, open_vault, prepare_settings};
use uis_harness::report::Report;
use uis_host::clock::VirtualClock;
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::ports::{Observer, Silent};
use uis_host::rules::RuleSet;

use super::credentials::Store;
use super::render::{Story, closing};
use super::rules::RuleArguments;
use super::{DEFAULT_PLUGIN, LimitArguments, load, print_notes, say};
use crate::exit_status::{FAILED, OK};
use uis_harness::crm::Crm;
use uis_harness::crm::elsewhere::Server;
use uis_harness::crm::recorded::Recordings;
use uis_harness::crm::within::Simulators;

/// The largest value of `--settle`.
const SETTLE_MAX: Duration = Duration::from_secs(24 * 3600);

/// A progress bar is shown only for larger files; smaller ones are read too fast.
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
    /// Print counts in place of entities, for very long recordings
    #[arg(long)]
    summary: bool,
    /// Print every step: storage, timers, debug log lines, whole bodies
    #[arg(long, short)]
    verbose: bool,
    /// Use the CRM at this address in place of the simulator: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", conflicts_with = "strict")]
    crm: Option<String>,
    /// Use stored credentials in place of --crm and its key
    #[arg(long, value_name = "NAME", conflicts_with_all = ["crm", "strict"])]
    credentials: Option<String>,
    #[command(flatten)]
    store: Store,
    /// The key for --crm
    #[arg(long, value_name = "KEY", env = super::KEY_VARIABLE, hide_env_values = true, requires = "crm", default_value = retailcrm_simulator::account::DEFAULT_KEY)]
    crm_key: String,
    /// Answer every request with the recorded exchange; report other requests as divergences
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    rules: RuleArguments,
    /// Run the clock for at most this long after the last line: 90s, 15m, 24h
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    settle: Duration,
    /// Draw the order of concurrent handlers from this number; 0: in the order of arrival
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    limits: LimitArguments,
}

fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is not a duration up to 24h; give a number with s, m or h, like 15m");
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

/// The result of one recording.
struct Played {
    report: Report,
    crm: Value,
    uis: Value,
}

/// A recording that is ready to run.
struct Ready<'a> {
    path: &'a Path,
    header: Header,
    lines: Lines<BufReader<File>>,
    clock: Arc<VirtualClock>,
    crm: Crm,
}

/// Runs the command.
pub async fn run(arguments: ReplayArguments) -> Result<u8> {
    // Find everything that makes an input unusable before anything runs.
    let mut all = Vec::new();
    for path in &arguments.files {
        all.push(open_all(&arguments, path)?);
    }
    let plugin = Arc::new(load(&arguments.plugin, &arguments.limits.limits()?).await?);
    let rules = arguments.rules.load(arguments.limits.all()?.1)?;
    for ready in &all {
        let place = |error: Unusable| anyhow!("{}:1: {error}", ready.path.display());
        prepare_settings(&ready.header, plugin.as_ref()).await.map_err(place)?;
        open_vault(&ready.header, plugin.as_ref()).await.map_err(place)?;
    }
    let mut played = Vec::new();
    for ready in all {
        let path = ready.path;
        let one = play(&arguments, &plugin, &rules, ready).await.with_context(|| format!("{}:1", path.display()))?;
        print_notes(path, &one.report);
        if !arguments.json {
            say(&closing(&one.report, &one.crm, &one.uis, arguments.summary));
        }
        played.push((path, one));
    }
    if arguments.json {
        say(&format!("{}\n", all_to_json(&played, arguments.summary)));
    }
    Ok(if played.iter().any(|(_, played)| played.report.failed > 0) { FAILED } else { OK })
}

fn open(path: &Path) -> Result<(Header, Lines<BufReader<File>>)> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    if path.is_dir() {
        return Err(anyhow!("{} is a folder; give its files, like {}/*.jsonl", path.display(), path.display()));
    }
    recording::open(BufReader::new(file)).map_err(|(line, error)| anyhow!("{}:{line}: {error}", path.display()))
}

/// A recording and its simulators.
pub(super) type Simulated = (Header, Lines<BufReader<File>>, Arc<VirtualClock>, Arc<Simulators>);

/// Opens a recording and creates its simulators.
pub(super) fn open_simulated(path: &Path) -> Result<Simulated> {
    let (header, mut lines) = open(path)?;
    let clock = clock_for(&mut lines);
    let simulators = Simulators::new(&header, &clock).map_err(|error| anyhow!("{}:1: {error}", path.display()))?;
    Ok((header, lines, clock, Arc::new(simulators)))
}

/// Opens a recording and the CRM that it is replayed against.
fn open_all<'a>(arguments: &ReplayArguments, path: &'a Path) -> Result<Ready<'a>> {
    let (header, mut lines) = open(path)?;
    for member in &header.ignored {
        eprintln!("{}:1: unknown member {member:?} of the header is ignored", path.display());
    }
    if header.masked && (arguments.crm.is_some() || arguments.credentials.is_some()) {
        return Err(anyhow!(
            "{}:1: the recording is masked: its people and phones are pseudonyms, and are written into no account that somebody uses; leave out \
             --crm and --credentials, then the built-in simulator is used",
            path.display()
        ));
    }
    let clock = clock_for(&mut lines);
    let crm = match (&arguments.crm, &arguments.credentials) {
        (_, Some(name)) => Crm::Elsewhere(Arc::new(Server::of(&arguments.store.choose(name)?)?)),
        (Some(url), _) => Crm::Elsewhere(Arc::new(Server::new(url, arguments.crm_key.clone())?)),
        _ if arguments.strict => Crm::Recorded(Arc::new(Recordings::new(&header, read_exchanges(path)?))),
        _ => Crm::Within(Arc::new(Simulators::new(&header, &clock).map_err(|error| anyhow!("{}:1: {error}", path.display()))?)),
    };
    Ok(Ready { path, header, lines, clock, crm })
}

async fn play(arguments: &ReplayArguments, plugin: &Arc<ComponentPlugin>, rules: &Arc<RuleSet>, ready: Ready<'_>) -> Result<Played> {
    let Ready { path, header, lines, clock, crm } = ready;
    let mut silent = Silent;
    let zone = uis_host::clock::zone(&header.account.timezone).map_err(|error| anyhow!(error))?;
    let mut story = Story::new(arguments.verbose, zone);
    let observer: &mut dyn Observer = if arguments.json || arguments.summary { &mut silent } else { &mut story };
    if !arguments.json {
        say(&Story::opening(path, &header, plugin));
    }
    let bar = progress(path, arguments);
    let plugin: Arc<dyn Plugin> = plugin.clone();
    let builder = ReplayBuilder::new(&header, plugin, crm.system(), clock).limits(&arguments.limits.limits()?).seed(arguments.seed);
    // Failures of a rule in one recording must not count in the next.
    let replay = builder.rules(Arc::new(rules.with_fresh_records())).ready(observer).await?;
    let (mut report, uis) = replay.run(lines, arguments.settle, |bytes| bar.set_position(bytes)).await?;
    bar.finish_and_clear();
    crm.close(&mut report);
    Ok(Played { report, crm: crm.to_json().await, uis })
}

/// One JSON object: the report of a single file, or a list of reports by file.
fn all_to_json(played: &[(&Path, Played)], summary: bool) -> Value {
    if let [(_, only)] = played {
        return to_json(only, summary);
    }
    let files = played.iter().map(|(path, played)| {
        let mut value = to_json(played, summary);
        value["file"] = path.display().to_string().into();
        value
    });
    json!({"files": files.collect::<Vec<_>>()})
}

/// Reads the recorded exchanges before a strict replay, because they may occur anywhere in the file.
fn read_exchanges(path: &Path) -> Result<Recorded> {
    let recorded = Recorded::default();
    let (_, lines) = open(path)?;
    for line in lines.flatten() {
        if let Happening::Exchange(exchange) = line.happening {
            recorded.add(exchange).map_err(|error| anyhow!("{}:{}: {error}", path.display(), line.number))?;
        }
    }
    Ok(recorded)
}

/// A progress bar on standard error, for long files and only on a terminal.
fn progress(path: &Path, arguments: &ReplayArguments) -> ProgressBar {
    let bytes = path.metadata().map_or(0, |data| data.len());
    // A bar would mix with the output on the same terminal.
    let useful = bytes > PROGRESS_BYTES
        && std::io::stderr().is_terminal()
        && (arguments.json || arguments.summary || !std::io::stdout().is_terminal());
    let bar = ProgressBar::with_draw_target(Some(bytes), if useful { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
    match ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The report, with the member names of `docs/replay.schema.json`.
fn to_json(played: &Played, summary: bool) -> Value {
    let counted = |value: &Value| -> Value {
        let lists = value.as_object().into_iter().flatten();
        lists.map(|(name, list)| (name.clone(), json!(list.as_array().map_or(0, Vec::len)))).collect::<Map<_, _>>().into()
    };
    let report = &played.report;
    let mut json = json!({
        "events": {"delivered": report.delivered, "retried": report.retried, "failed": report.failed},
        "crm": if summary { counted(&played.crm) } else { played.crm.clone() },
        "uis": if summary { counted(&played.uis) } else { played.uis.clone() },
        "problems": report.problems,
    });
    // The member is absent when there are no rules.
    if !report.rules.is_empty() {
        json["rules"] = json!(report.rules);
    }
    json
}
