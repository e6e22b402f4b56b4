//! `uis-host replay FILE…`: replays recordings.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Map, Value, json};
use uis_harness::differences::Outcome;
use uis_harness::effects::{self, Effect};
use uis_harness::exchanges::difference::Compare;
use uis_harness::exchanges::exchange::{Placed, exchange};
use uis_harness::exchanges::recorder::Recorder;
use uis_harness::exchanges::runs::{Numbered, Watcher};
use uis_harness::exchanges::strict::Recorded;
use uis_harness::faults::injected::Injected;
use uis_harness::guard::withhold::{Guarded, What, Withheld};
use uis_harness::parallel::{Counted, Parallel};
use uis_harness::recording::{self, Happening, Header, Lines};
use uis_harness::replay::{RemoteSystem, ReplayBuilder, Unusable, clock_for, open_vault, prepare_settings};
use uis_harness::report::Report;
use uis_host::clock::{Clock, VirtualClock};
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::rules::RuleSet;

use super::credentials::Store;
use super::progress::Progress;
use super::record::Record;
use super::render::{Closing, Story, closing, summary};
use super::rules::RuleArguments;
use super::source::{self, Source};
use super::target::{self, TargetArguments};
use super::watch;
use super::watched::use_settings;
use super::{DEFAULT_PLUGIN, LimitArguments, load, print_notes, say};
use crate::exit_status::{FAILED, OK};
use uis_harness::crm::Crm;
use uis_harness::crm::elsewhere::Server;
use uis_harness::crm::recorded::Recordings;
use uis_harness::crm::within::Simulators;

/// The largest value of `--settle`.
const SETTLE_MAX: Duration = Duration::from_secs(24 * 3600);

/// Run recorded events through a plugin
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// Recordings: JSON Lines, format 1; - is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// A plugin's crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    pub(super) plugin: PathBuf,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    /// Print counts in place of entities, for very long recordings: the memory that is needed does not grow with the recording
    #[arg(long)]
    summary: bool,
    /// Show how far the replay is, on standard error, also where that is no terminal
    #[arg(long)]
    progress: bool,
    /// Print every step: storage, timers, debug log lines, whole bodies
    #[arg(long, short)]
    verbose: bool,
    /// Use the CRM at this address in place of the simulator: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", conflicts_with = "strict")]
    crm: Option<String>,
    /// Do not keep the plugin's rate limits towards the simulator at --crm; start it with --rate-limit off
    #[arg(long, requires = "crm")]
    unpaced: bool,
    /// Use stored credentials in place of --crm and its key
    #[arg(long, value_name = "NAME", conflicts_with_all = ["crm", "strict"])]
    credentials: Option<String>,
    #[command(flatten)]
    store: Store,
    /// The key for --crm
    #[arg(long, value_name = "KEY", env = super::KEY_VARIABLE, hide_env_values = true, requires = "crm", default_value = retailcrm_simulator::account::DEFAULT_KEY)]
    crm_key: String,
    #[command(flatten)]
    target: TargetArguments,
    /// Answer every request with the recorded exchange, and stop at the first request that differs
    #[arg(long)]
    strict: bool,
    /// With --strict: compare requests by meaning (not the order of fields, nor times and generated ids)
    #[arg(long, requires = "strict")]
    loose: bool,
    /// Write the recording to this file, with an exchange line for each request, for --strict
    #[arg(long, value_name = "FILE", conflicts_with = "strict")]
    record: Option<PathBuf>,
    /// Use the settings of this JSON file in place of the recording's
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
    /// Replay again when the plugin, a rule, a recording or the settings change, and print what became different; Ctrl-C ends it
    #[arg(long, conflicts_with_all = ["json", "summary", "record", "crm", "credentials"])]
    watch: bool,
    /// Print only what went wrong; set between the rounds of --watch.
    #[arg(skip)]
    pub(super) quiet: bool,
    #[command(flatten)]
    pub(super) rules: RuleArguments,
    /// Run the clock for at most this long after the last line: 90s, 15m, 24h
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    settle: Duration,
    /// With --summary: replay integrations that share no RetailCRM on at most this many threads; by default one for each core
    #[arg(long, value_name = "NUMBER", requires = "summary")]
    jobs: Option<NonZeroUsize>,
    /// Draw the order of concurrent handlers from this number; 0: in the order of arrival
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    pub(super) limits: LimitArguments,
}

fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is not a duration up to 24h; give a number of seconds, or one with s, m or h, like 15m");
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
pub(super) struct Played {
    report: Report,
    effects: Vec<Effect>,
    effects_count: u64,
    header: Header,
    crm: Value,
    uis: Value,
    /// Requests that were not sent to the CRM, with --dry-run and to protect a real account.
    withheld: Vec<Withheld>,
}

/// A recording that is ready to run.
struct Ready<'a> {
    path: &'a Path,
    header: Header,
    lines: Lines<Source>,
    clock: Arc<VirtualClock>,
    crm: Crm,
}

impl ReplayArguments {
    /// Whether nothing is printed while a recording is replayed.
    fn is_silent(&self) -> bool {
        self.json || self.summary || self.quiet
    }
}

impl Played {
    /// What came of the replay, to be compared with another.
    pub(super) fn outcome(&self) -> Outcome {
        let Played { crm, uis, effects, report, .. } = self;
        Outcome { crm: crm.clone(), uis: uis.clone(), effects: effects.clone(), problems: report.problems.clone() }
    }
}

/// Runs the command.
pub async fn run(arguments: ReplayArguments) -> Result<u8> {
    if arguments.watch {
        return watch::run(arguments).await;
    }
    let played = once(&arguments).await?;
    if arguments.json {
        say(&format!("{}\n", all_to_json(&played, arguments.summary)));
    }
    Ok(if played.iter().any(|(_, played)| played.report.failed > 0) { FAILED } else { OK })
}

/// Replays all recordings, and prints what happened unless the output is JSON.
pub(super) async fn once(arguments: &ReplayArguments) -> Result<Vec<(&Path, Played)>> {
    // Find everything that makes an input unusable before anything runs.
    if let (Some(target), [_, _, ..]) = (&arguments.record, arguments.files.as_slice()) {
        bail!("--record {}: can hold one recording only; give one FILE", target.display());
    }
    let mut all = Vec::new();
    for path in &arguments.files {
        all.push(open_all(arguments, path)?);
    }
    let plugin = Arc::new(load(&arguments.plugin, &arguments.limits.limits()?).await?);
    let rules = arguments.rules.load(arguments.limits.all()?.1)?;
    for ready in &all {
        let place = |error: Unusable| anyhow!("{}:1: {error}", ready.path.display());
        prepare_settings(&ready.header, plugin.as_ref()).await.map_err(place)?;
        open_vault(&ready.header, plugin.as_ref()).await.map_err(place)?;
    }
    let withhold = match all.first().map(|ready| &ready.crm) {
        Some(Crm::Elsewhere(server)) => {
            let recordings: Vec<(&Path, &Header)> = all.iter().map(|ready| (ready.path, &ready.header)).collect();
            arguments.target.permitted(server, arguments.credentials.as_deref(), &recordings).await?
        }
        _ => arguments.target.withheld_within(),
    };
    let mut played = Vec::new();
    for ready in all {
        let path = ready.path;
        let one = play(arguments, &plugin, &rules, withhold, ready).await.with_context(|| format!("{}:1", path.display()))?;
        print_notes(path, &one.report);
        if !arguments.json && !arguments.quiet {
            let Played { report, effects, header, crm, uis, withheld, .. } = &one;
            let closing = match arguments.summary {
                true => summary(report, crm, uis, one.effects_count),
                false => closing(&Closing { report, effects, header, crm, uis }),
            };
            say(&(target::listed(withheld) + &closing));
        }
        played.push((path, one));
    }
    Ok(played)
}

fn open(path: &Path) -> Result<(Header, Lines<Source>)> {
    let file = source::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    recording::open(file).map_err(|(line, error)| anyhow!("{}:{line}: {error}", path.display()))
}

/// A recording and its simulators.
pub(super) type Simulated = (Header, Lines<Source>, Arc<VirtualClock>, Arc<Simulators>);

/// Opens a recording and creates its simulators.
pub(super) fn open_simulated(path: &Path) -> Result<Simulated> {
    let (header, mut lines) = open(path)?;
    let clock = clock_for(&mut lines);
    let simulators = Simulators::new(&header, &clock).map_err(|error| anyhow!("{}:1: {error}", path.display()))?;
    Ok((header, lines, clock, Arc::new(simulators)))
}

/// Opens a recording and the CRM that it is replayed against.
fn open_all<'a>(arguments: &ReplayArguments, path: &'a Path) -> Result<Ready<'a>> {
    let (mut header, mut lines) = open(path)?;
    if let Some(file) = &arguments.settings {
        use_settings(file, &mut header)?;
    }
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
    if lines.begins().is_none() {
        eprintln!("{}: the recording has a header and no line that can be played; only the activation is shown", path.display());
    }
    let clock = clock_for(&mut lines);
    let crm = match (&arguments.crm, &arguments.credentials) {
        (_, Some(name)) => reached(Server::of(&arguments.store.choose(name)?)?)?,
        (Some(url), _) => {
            let server = Server::new(url, arguments.crm_key.clone())?;
            reached(if arguments.unpaced { server.unpaced()? } else { server })?
        }
        _ if arguments.strict => {
            let how = if arguments.loose { Compare::ByMeaning } else { Compare::Exactly };
            let exchanges = read_exchanges(path, Recorded::new(clock.clone(), how))?;
            Crm::Recorded(Arc::new(Recordings::new(&header, exchanges)))
        }
        _ => Crm::Within(Arc::new(Simulators::new(&header, &clock).map_err(|error| anyhow!("{}:1: {error}", path.display()))?)),
    };
    Ok(Ready { path, header, lines, clock, crm })
}

/// A CRM elsewhere, at whose address something listens.
fn reached(server: Server) -> Result<Crm> {
    server.reach()?;
    Ok(Crm::Elsewhere(Arc::new(server)))
}

async fn play(
    arguments: &ReplayArguments,
    plugin: &Arc<ComponentPlugin>,
    rules: &Arc<RuleSet>,
    withhold: Option<What>,
    ready: Ready<'_>,
) -> Result<Played> {
    if let Crm::Elsewhere(server) = &ready.crm {
        arguments.target.load(server, &ready.header).await?;
    }
    if !arguments.json && !arguments.quiet {
        say(&Story::opening(ready.path, &ready.header, plugin));
    }
    if let Some(played) = play_parts(arguments, plugin, rules, withhold, &ready).await? {
        return Ok(played);
    }
    let mut wired = Wired::of(arguments, plugin, withhold, &ready)?;
    let Ready { path, header, lines, clock, crm } = ready;
    let mut silent = ();
    let zone = uis_host::clock::zone(&header.account.timezone).map_err(|error| anyhow!(error))?;
    let mut story = Story::new(arguments.verbose, zone);
    let watcher: &mut dyn effects::Watcher = if arguments.is_silent() { &mut silent } else { &mut story };
    let mut recorder = if arguments.summary { effects::Recorder::counting(zone, watcher) } else { effects::Recorder::new(zone, watcher) };
    let mut progress = Progress::of(path, arguments.progress, arguments.is_silent());
    let builder = ReplayBuilder::new(&header, wired.plugin.clone(), wired.system.clone(), clock);
    let mut builder = builder.limits(&arguments.limits.limits()?).seed(arguments.seed);
    if arguments.summary {
        builder = builder.counting();
    }
    // Failures of a rule in one recording must not count in the next.
    let replay = builder.rules(Arc::new(rules.with_fresh_records())).ready(&mut recorder).await?;
    let played = |bytes| {
        progress.advance(bytes);
        wired.record.iter_mut().for_each(|record| record.follow(bytes));
    };
    let (mut report, uis) = replay.run(lines, arguments.settle, played).await?;
    progress.end();
    wired.injected.finish().await;
    wired.record.map(Record::finish).transpose()?;
    crm.close(&mut report);
    let (effects_count, effects) = (recorder.count(), recorder.into_effects());
    if !arguments.is_silent() {
        story.rest();
    }
    let (crm, uis) = match arguments.summary {
        true => (crm.counts().await, counted_lists(&uis)),
        false => (crm.to_json().await, uis),
    };
    let withheld = wired.guarded.map(|guarded| guarded.withheld()).unwrap_or_default();
    Ok(Played { report, effects, effects_count, header, crm, uis, withheld })
}

/// Replays the integrations that share no RetailCRM on threads of their own. None: that is not possible, or their results cannot be added up;
/// nothing has happened to what is ready.
async fn play_parts(
    arguments: &ReplayArguments,
    plugin: &Arc<ComponentPlugin>,
    rules: &RuleSet,
    withhold: Option<What>,
    ready: &Ready<'_>,
) -> Result<Option<Played>> {
    let Ready { path, header, clock, crm, .. } = ready;
    // What is printed, recorded or drawn stands in an order over all integrations, and a recording that is no file can be read only once.
    let only_counts = arguments.summary && arguments.record.is_none() && arguments.seed == 0 && rules.is_empty() && withhold.is_none();
    if !only_counts || !matches!(crm, Crm::Within(_)) || !path.is_file() {
        return Ok(None);
    }
    let limits = arguments.limits.limits()?;
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    // A handler that waits for another one's place would use up its time.
    let threads = arguments.jobs.map_or(cores, NonZeroUsize::get).min(limits.instances as usize);
    let Some(parallel) = Parallel::of(header, clock.now(), threads) else { return Ok(None) };
    let lines = || open(path).map(|(_, lines)| lines);
    let mut progress = Progress::of(path, arguments.progress, arguments.is_silent());
    let reached = |lines, bytes| progress.reach(lines, bytes);
    let counted = parallel.replay(plugin.clone(), &limits, arguments.settle, lines, reached).await;
    let Some(Counted { report, effects, crm, uis }) = counted else {
        progress.leave();
        return Ok(None);
    };
    progress.end();
    let (header, uis) = (header.clone(), counted_lists(&uis));
    Ok(Some(Played { report, effects: Vec::new(), effects_count: effects, header, crm, uis, withheld: Vec::new() }))
}

/// The plugin and the CRM of a replay, with what stands between them.
struct Wired {
    plugin: Arc<dyn Plugin>,
    system: Arc<dyn RemoteSystem>,
    record: Option<Record>,
    guarded: Option<Arc<Guarded>>,
    injected: Injected,
}

impl Wired {
    fn of(arguments: &ReplayArguments, plugin: &Arc<ComponentPlugin>, withhold: Option<What>, ready: &Ready<'_>) -> Result<Wired> {
        let Ready { path, header, clock, crm, .. } = ready;
        let recorded = matches!(crm, Crm::Recorded(_));
        let injected = Injected::of(header, plugin.clone(), crm.system(), clock.clone(), recorded).map_err(|error| anyhow!(error))?;
        let (plugin, system) = (injected.plugin.clone(), injected.system.clone());
        let mut wired = Wired { plugin, system, record: None, guarded: None, injected };
        if let Some(what) = withhold {
            let guarded = Arc::new(Guarded::new(wired.system, what, clock.clone()));
            (wired.system, wired.guarded) = (guarded.clone(), Some(guarded));
        }
        let mut watcher: Option<Arc<dyn Watcher>> = None;
        if let Some(target) = &arguments.record {
            let recorder = Arc::new(Recorder::new(wired.system, clock.clone()));
            wired.record = Some(Record::begin(path, target, header.integrations.len() > 1, recorder.clone())?);
            wired.system = recorder.clone();
            watcher = Some(recorder);
        }
        if let Crm::Recorded(recordings) = crm {
            watcher = Some(recordings.exchanges.clone());
        }
        if let Some(watcher) = watcher {
            wired.plugin = Arc::new(Numbered::new(wired.plugin, watcher));
        }
        Ok(wired)
    }
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
fn read_exchanges(path: &Path, recorded: Recorded) -> Result<Recorded> {
    let (_, lines) = open(path)?;
    let mut none = true;
    for line in lines.flatten() {
        if let Happening::Exchange(value) = line.happening {
            let exchange = exchange(value).map_err(|error| anyhow!("{}:{}: {error}", path.display(), line.number))?;
            recorded.add(Placed { line: line.number, at: line.at, integration: line.integration.unwrap_or_default(), exchange });
            none = false;
        }
    }
    if none {
        eprintln!("{}: has no exchange lines, so every request differs; write them with: replay --record FILE", path.display());
    }
    Ok(recorded)
}

/// The length of each list. Lists that were only counted are numbers already.
fn counted_lists(lists: &Value) -> Value {
    let length = |list: &Value| list.as_array().map_or_else(|| list.clone(), |list| json!(list.len()));
    lists.as_object().into_iter().flatten().map(|(name, list)| (name.clone(), length(list))).collect::<Map<_, _>>().into()
}

/// The report, with the member names of `docs/replay.schema.json`.
fn to_json(played: &Played, summary: bool) -> Value {
    let report = &played.report;
    let mut json = json!({
        "events": {"delivered": report.delivered, "retried": report.retried, "failed": report.failed},
        "crm": played.crm,
        "uis": played.uis,
        "effects": if summary { json!(played.effects_count) } else { json!(played.effects) },
        "problems": report.problems,
    });
    // The member is absent when there are no rules.
    if !report.rules.is_empty() {
        json["rules"] = json!(report.rules);
    }
    // The member is absent unless something is not listed, which happens only with --summary.
    if report.further.problems + report.further.rules > 0 {
        json["further"] = json!({"problems": report.further.problems, "rules": report.further.rules});
    }
    if !played.withheld.is_empty() {
        json["withheld"] = if summary { json!(played.withheld.len()) } else { json!(played.withheld) };
    }
    json
}
