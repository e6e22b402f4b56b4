//! Replays a recording against the simulators for commands that only look at what happened.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::Value;
use uis_harness::effects::{Effect, Recorder, Watcher};
use uis_harness::faults::injected::Injected;
use uis_harness::recording::{Header, foreign};
use uis_harness::replay::ReplayBuilder;
use uis_harness::report::Kind;
use uis_host::plugin::Plugin;
use uis_host::ports::ProblemKind;

use super::replay::open_simulated;
use super::rules::RuleArguments;
use super::{DEFAULT_PLUGIN, LimitArguments, load, print_notes};

/// The clock runs at most this long after the last line.
const SETTLE: Duration = Duration::from_secs(24 * 3600);

/// What is replayed, and with what.
#[derive(Debug, Args)]
pub struct WatchedArguments {
    /// A recording: JSON Lines, format 1
    #[arg(value_name = "FILE")]
    pub recording: PathBuf,
    /// A plugin's crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    plugin: PathBuf,
    /// Use the settings of this JSON file in place of the recording's
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

impl WatchedArguments {
    /// Replays the recording. `watcher` makes the watcher that every run is passed to. Lines that cannot be read, and notes about the
    /// settings, are printed on standard error.
    pub async fn replay<W: Watcher>(&self, watcher: impl FnOnce(chrono_tz::Tz) -> W) -> Result<Watched<W>> {
        let path = &self.recording;
        let (mut header, lines, clock, simulators) = open_simulated(path)?;
        if let Some(file) = &self.settings {
            use_settings(file, &mut header)?;
        }
        let (limits, rule_limits) = self.limits.all()?;
        let plugin: Arc<dyn Plugin> = Arc::new(load(&self.plugin, &limits).await?);
        let rules = self.rules.load(rule_limits)?;
        let zone = uis_host::clock::zone(&header.account.timezone).map_err(|error| anyhow!(error))?;
        let mut watcher = watcher(zone);
        let mut recorder = Recorder::new(zone, &mut watcher);
        let injected =
            Injected::of(&header, plugin, simulators, clock.clone(), false).map_err(|error| anyhow!("{}:1: {error}", path.display()))?;
        let builder = ReplayBuilder::new(&header, injected.plugin.clone(), injected.system.clone(), clock).limits(&limits).rules(rules);
        let place = || match &self.settings {
            Some(settings) => settings.display().to_string(),
            None => format!("{}:1", path.display()),
        };
        let replay = builder.ready(&mut recorder).await.with_context(place)?;
        let (report, _) = replay.run(lines, SETTLE, |_| {}).await?;
        print_notes(path, &report);
        for problem in report.problems.iter().filter(|problem| problem.kind == Kind::Host(ProblemKind::Unreadable)) {
            eprintln!("{}:{}: {}", path.display(), problem.line, problem.message);
        }
        let effects = recorder.into_effects();
        Ok(Watched { header, effects, watcher })
    }
}

/// A recording that was replayed.
pub struct Watched<W> {
    /// Its header, with the settings that were used.
    pub header: Header,
    /// All effects.
    pub effects: Vec<Effect>,
    /// The watcher.
    pub watcher: W,
}

/// Puts the settings of a JSON file in place of a recording's.
pub(super) fn use_settings(file: &Path, header: &mut Header) -> Result<()> {
    let settings = read_settings(file)?;
    for integration in &mut header.integrations {
        integration.settings = settings.clone();
        integration.settings_version = None;
    }
    Ok(())
}

/// A JSON object of settings.
pub(super) fn read_settings(file: &Path) -> Result<Value> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let settings: Value = serde_json::from_slice(&text).map_err(|error| {
        let why = foreign::named(&text).unwrap_or_else(|| format!("not JSON: {error}"));
        anyhow!("{}: {why}", file.display())
    })?;
    if let Some(member) = ["account", "integrations", "recording"].into_iter().find(|name| settings.get(name).is_some()) {
        bail!(
            "{}: this is the header of a recording, because it has {member:?}; expected its member \"settings\" alone: jq .settings FILE > NEW",
            file.display()
        );
    }
    if !settings.is_object() {
        bail!("{}: expected one JSON object of settings by name, like {{\"missed-call-task\": true}}", file.display());
    }
    Ok(settings)
}
