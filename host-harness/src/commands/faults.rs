//! `uis-host faults FILE…`: replays recordings with each fault at each place, and compares what is left with the replay without faults.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use uis_harness::crm::elsewhere::Server;
use uis_harness::crm::protocol::Answers;
use uis_harness::faults::driver::{self, Sample, Source};
use uis_harness::faults::permitted::Permitted;
use uis_harness::faults::story::Story;
use uis_harness::faults::summary::{Bad, Summary};
use uis_harness::faults::{Bench, Cell, Target};
use uis_host::connection::credentials::Credentials;

use super::rules::RuleArguments;
use super::watched::read_settings;
use super::{DEFAULT_PLUGIN, LimitArguments, load, say};
use crate::exit_status::{FAILED, OK};

/// So many bad cells are printed; the others are counted.
const BAD_PRINTED: usize = 20;

/// Replay recordings with each fault at each place, and check what is left
#[derive(Debug, Args)]
pub struct FaultsArguments {
    /// Recordings: JSON Lines, format 1; or folders of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A plugin's crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    plugin: PathBuf,
    /// Use the settings of this JSON file in place of the recordings'
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Use the simulator at this address in place of the one in this process: http://127.0.0.1:PORT. Its content is replaced again and again
    #[arg(long, value_name = "URL")]
    crm: Option<String>,
    /// The key for --crm
    #[arg(long, value_name = "KEY", env = super::KEY_VARIABLE, hide_env_values = true, requires = "crm", default_value = retailcrm_simulator::account::DEFAULT_KEY)]
    crm_key: String,
    /// Run only this cell of one recording: request:NUMBER:FAULT, event:LINE:FAULT or crash:ATTEMPT:WRITES
    #[arg(long, value_name = "CELL", conflicts_with_all = ["sample", "seed"])]
    cell: Option<Cell>,
    /// Run one of this many cells
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    sample: NonZeroU32,
    /// Draw the cells of --sample from this number
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How many cells run at the same time; by default as many as there are cores
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,
    /// The permitted differences, in place of those of the plugin in this repository; `none`: nothing is permitted
    #[arg(long, value_name = "FILE")]
    permitted: Option<PathBuf>,
    /// Fail if a permitted difference occurs in no cell
    #[arg(long, conflicts_with_all = ["cell", "sample"])]
    all_used: bool,
    /// Write a recording of each bad cell into this folder; replaying it repeats the fault
    #[arg(long, value_name = "FOLDER")]
    record_to: Option<PathBuf>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: RuleArguments,
    #[command(flatten)]
    limits: LimitArguments,
}

/// Runs the command.
pub async fn run(arguments: FaultsArguments) -> Result<u8> {
    let sources = arguments.sources()?;
    if let (Some(cell), [_, _, ..]) = (&arguments.cell, sources.as_slice()) {
        bail!("--cell {cell}: is a place in one recording; give one FILE");
    }
    let permitted = arguments.permitted()?;
    let (mut limits, rule_limits) = arguments.limits.all()?;
    let plugin = Arc::new(load(&arguments.plugin, &limits).await?);
    Bench::be_patient(&mut limits);
    let target = arguments.target().await?;
    let bench = Bench { plugin, limits, rules: arguments.rules.load(rule_limits)?, target, seed: 0 };
    // The threads of the driver have runtimes of their own.
    let ran = tokio::task::spawn_blocking(move || arguments.ran(&bench, &sources, &permitted));
    ran.await.context("the run was broken off")?
}

impl FaultsArguments {
    /// Reads all recordings before anything runs.
    fn sources(&self) -> Result<Vec<Source>> {
        let settings = self.settings.as_deref().map(read_settings).transpose()?;
        let mut files = Vec::new();
        for path in &self.files {
            match path.is_dir() {
                true => recordings_below(path, &mut files)?,
                false => files.push(path.clone()),
            }
        }
        if files.is_empty() {
            bail!("there are no files *.jsonl in the given folders");
        }
        let read = |path: PathBuf| -> Result<Source> {
            let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let text = match &settings {
                Some(settings) => with_settings(&text, settings).with_context(|| format!("{}:1", path.display()))?,
                None => text,
            };
            Ok((path, text))
        };
        files.into_iter().map(read).collect()
    }

    /// The remote system: never an account that somebody uses.
    async fn target(&self) -> Result<Target> {
        let Some(url) = &self.crm else { return Ok(Target::Within) };
        let server = Server::new(url, self.crm_key.clone())?;
        match server.answers().await {
            Answers::Simulator => Ok(Target::Elsewhere(Credentials { base: server.base().clone(), key: server.key().clone() })),
            Answers::Other => bail!("--crm {url}: it is no simulator on this machine; faults are never injected into an account"),
            Answers::Nothing => bail!("--crm {url}: nothing listens there; start the simulator: uis-host crm"),
        }
    }

    fn permitted(&self) -> Result<Permitted> {
        match &self.permitted {
            None => Permitted::built_in().map_err(|error| anyhow!("the permitted differences of this program: {error}")),
            Some(path) if path == Path::new("none") => Ok(Permitted::default()),
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
                Permitted::read(&text).map_err(|error| anyhow!("{}: {error}", path.display()))
            }
        }
    }

    fn ran(&self, bench: &Bench, sources: &[Source], permitted: &Permitted) -> Result<u8> {
        let began = Instant::now();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // A simulator in another process serves one replay at a time.
        let jobs = if self.crm.is_some() { 1 } else { self.jobs.map_or(cores, usize::from) };
        let stories = driver::open(bench, sources, jobs).map_err(|error| anyhow!(error))?;
        let placed =
            |(place, story): (usize, &Story), cell| Ok((place, story.placed(cell).map_err(|error| anyhow!("{}: {error}", story.name))?));
        let cells = match &self.cell {
            Some(cell) => stories.iter().enumerate().map(|story| placed(story, cell)).collect::<Result<Vec<_>>>()?,
            None => driver::drawn(&stories, Sample { one_in: self.sample.get(), seed: self.seed }),
        };
        let bar = progress(cells.len(), self.json);
        let done = driver::run(bench, &stories, &cells, permitted, jobs, |done| bar.set_position(done as u64));
        bar.finish_and_clear();
        let results = done.map_err(|error| anyhow!(error))?;
        let mut summary = Summary::of(&stories, &results, permitted, &self.options());
        if let Some(folder) = &self.record_to {
            record(folder, &stories, &mut summary.bad_cells)?;
        }
        let seconds = began.elapsed().as_secs_f64();
        self.print(&summary, seconds);
        let unused = self.all_used && !summary.unused().is_empty();
        Ok(if summary.counts.bad > 0 || unused { FAILED } else { OK })
    }

    /// The options that repeat a cell, besides the file and the cell.
    fn options(&self) -> String {
        let mut options = String::new();
        let mut add = |name: &str, value: &Path| options.push_str(&format!(" --{name} {}", value.display()));
        if self.plugin != Path::new(DEFAULT_PLUGIN) {
            add("plugin", &self.plugin);
        }
        for (name, value) in [("settings", &self.settings), ("permitted", &self.permitted)] {
            value.iter().for_each(|value| add(name, value));
        }
        self.crm.iter().for_each(|url| add("crm", Path::new(url)));
        self.rules.all().for_each(|(name, rule)| add(name, Path::new(rule)));
        options
    }

    fn print(&self, summary: &Summary, seconds: f64) {
        let unused = if self.all_used { summary.unused() } else { Vec::new() };
        if self.json {
            let mut object = json!(summary);
            object["seconds"] = json!((seconds * 10.0).round() / 10.0);
            object["unused"] = json!(unused);
            return say(&format!("{object}\n"));
        }
        let mut text = summary.table();
        let bad = summary.bad_cells.iter();
        text.extend(bad.clone().take(BAD_PRINTED).map(Bad::text));
        if let Some(more) = summary.bad_cells.len().checked_sub(BAD_PRINTED).filter(|more| *more > 0) {
            text.push_str(&format!("{more} more bad cells; --json lists all\n"));
        }
        for line in unused {
            text.push_str(&format!(
                "permitted, but in no cell: {} after {}: {}\n",
                line.effects.join(", "),
                line.faults.join(", "),
                line.reason
            ));
        }
        let (files, cells) = (summary.files, summary.counts.cells);
        text.push_str(&format!("{files} recordings, {cells} cells in {seconds:.1} s, {} bad\n", summary.counts.bad));
        say(&text);
    }
}

/// All recordings below a folder, in order.
fn recordings_below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("{} cannot be read", folder.display());
    let entries = std::fs::read_dir(folder).with_context(unreadable)?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>().with_context(unreadable)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            recordings_below(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            found.push(path);
        }
    }
    Ok(())
}

/// A recording with other settings for all its integrations.
fn with_settings(text: &str, settings: &Value) -> Result<String> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mut header: Value = serde_json::from_str(first).context("the header is not JSON")?;
    let members = header.as_object_mut().context("the header is not an object")?;
    match members.get_mut("integrations").and_then(Value::as_array_mut) {
        Some(integrations) => {
            for integration in integrations.iter_mut().filter_map(Value::as_object_mut) {
                integration.insert("settings".into(), settings.clone());
                integration.remove("settings-version");
            }
        }
        None => {
            members.insert("settings".into(), settings.clone());
            members.remove("settings-version");
        }
    }
    Ok(format!("{header}\n{rest}"))
}

/// Writes a recording of each bad cell.
fn record(folder: &Path, stories: &[Story], bad: &mut [Bad]) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for one in bad {
        let Some(story) = stories.iter().find(|story| story.name == one.file) else { continue };
        let cell: Cell = one.cell.parse().map_err(|error: String| anyhow!(error))?;
        let text = story.recording_of(&cell).map_err(|error| anyhow!(error))?;
        // With its folders, because recordings of two folders may have the same name.
        let named = one.file.strip_suffix(".jsonl").unwrap_or(&one.file).replace(['/', '\\', ':'], ".");
        let path = folder.join(format!("{}.{}.jsonl", named.trim_start_matches('.'), one.cell.replace(':', "-")));
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        one.recording = Some(path.display().to_string());
    }
    Ok(())
}

/// A progress bar on standard error, on a terminal.
fn progress(cells: usize, json: bool) -> ProgressBar {
    let target = if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(cells as u64), target);
    match ProgressStyle::with_template("{bar:40} {pos}/{len} cells {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
