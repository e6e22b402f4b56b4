//! `uis-host rules test FOLDER RECORDING…`: runs a rule's tests, builds it, and shows what it would change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::json;
use uis_harness::replay::ReplayBuilder;
use uis_harness::report::{Report, RuleAnswer};
use uis_host::decision::RuleVerdict;
use uis_host::plugin::Plugin;
use uis_host::ports::Silent;
use uis_host::rules::sandbox::Sandbox;
use uis_host::rules::{RuleFile, RuleSet, apply};
use uis_host::trace::Step;

use super::toolchain::{self, Language};
use super::{SAMPLE_FILE, component};
use crate::commands::replay::open_simulated;
use crate::commands::{DEFAULT_PLUGIN, LimitArguments, load, print_notes, say};
use crate::exit_status::{FAILED, OK};

/// Run a rule's tests, build it, and show what it would change in recordings
#[derive(Debug, Args)]
pub struct TestArguments {
    /// The rule: its folder, or a built .wasm component (whose tests are not run)
    #[arg(value_name = "RULE")]
    rule: PathBuf,
    /// Recordings: JSON Lines, format 1. Without any, the rule's sample.jsonl
    #[arg(value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    /// The plugin whose drafts the rule decides about
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    plugin: PathBuf,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: LimitArguments,
}

/// How many answers of each kind the rule gave.
#[derive(Default)]
struct Counts {
    kept: u64,
    changed: u64,
    skipped: u64,
    failed: u64,
}

/// Runs the command.
pub async fn run(arguments: TestArguments) -> Result<u8> {
    let (limits, rule_limits) = arguments.limits.all()?;
    if let Some(language) = Language::of(&arguments.rule) {
        toolchain::test(language, &arguments.rule)?;
    }
    let built = component(&arguments.rule).with_context(|| arguments.rule.display().to_string())?;
    let whole = arguments.rule.canonicalize().unwrap_or_else(|_| arguments.rule.clone());
    let name = whole.file_stem().map_or_else(|| "rule".to_owned(), |name| name.to_string_lossy().into_owned());
    let plugin: Arc<dyn Plugin> = Arc::new(load(&arguments.plugin, &limits).await?);
    let (mut counts, mut all, mut broken) = (Counts::default(), Vec::new(), 0);
    let file = RuleFile { name: name.clone(), path: built.wasm.clone(), dry_run: false };
    let rules = RuleSet::load(Sandbox::new(rule_limits)?, vec![file], &built.cache);
    let rules = rules.map_err(|(_, error)| anyhow!("{}: {error}", arguments.rule.display()))?;
    for path in &recordings(&arguments)? {
        let (header, lines, clock, simulators) = open_simulated(path)?;
        let mut silent = Silent;
        let builder =
            ReplayBuilder::new(&header, plugin.clone(), simulators, clock).limits(&limits).rules(Arc::new(rules.with_fresh_records()));
        let replay = builder.ready(&mut silent).await.with_context(|| format!("{}:1", path.display()))?;
        let (report, _) = replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await?;
        print_notes(path, &report);
        broken += report.failed;
        count(&report.rules, &mut counts);
        if arguments.json {
            all.push(json!({"file": path.display().to_string(), "rules": report.rules, "problems": report.problems}));
        } else {
            say(&story(path, &report));
        }
    }
    let Counts { kept, changed, skipped, failed } = counts;
    if arguments.json {
        let summary = json!({"rule": name, "kept": kept, "changed": changed, "skipped": skipped, "failed": failed, "recordings": all});
        say(&format!("{summary}\n"));
    } else {
        say(&format!(
            "{name}: {changed} changed, {skipped} skipped, {kept} kept, {failed} without an answer; applied in the simulator only\n"
        ));
    }
    Ok(if failed > 0 || broken > 0 { FAILED } else { OK })
}

/// The recordings that were given, or the one that `rules new` wrote.
fn recordings(arguments: &TestArguments) -> Result<Vec<PathBuf>> {
    if !arguments.recordings.is_empty() {
        return Ok(arguments.recordings.clone());
    }
    let sample = arguments.rule.join(SAMPLE_FILE);
    match sample.is_file() {
        true => Ok(vec![sample]),
        false => bail!("{} has no {SAMPLE_FILE}; give a recording: rules test RULE RECORDING", arguments.rule.display()),
    }
}

fn count(answers: &[RuleAnswer], counts: &mut Counts) {
    for answer in answers {
        let Step::Rule { verdict, changes, .. } = &answer.step else { continue };
        *match verdict {
            RuleVerdict::Keep => &mut counts.kept,
            // It tried to change only what rules must not change.
            RuleVerdict::Change(_) if changes.is_empty() => &mut counts.kept,
            RuleVerdict::Change(_) => &mut counts.changed,
            RuleVerdict::Skip(_) => &mut counts.skipped,
            RuleVerdict::NoAnswer(_) | RuleVerdict::Quarantined(_) => &mut counts.failed,
        } += 1;
    }
}

/// The rule's answers in a recording, except "keep".
fn story(path: &Path, report: &Report) -> String {
    let mut out = format!("{}\n", path.display());
    for RuleAnswer { at, line, step } in &report.rules {
        let Step::Rule { about, verdict, changes, printed, .. } = step else { continue };
        if *verdict == RuleVerdict::Keep && printed.is_none() {
            continue;
        }
        out.push_str(&format!("  {} line {line} {about}: {verdict}\n", at.get(..16).unwrap_or(at).replace('T', " ")));
        for change in changes {
            // A rule's texts must not look like lines of this report.
            let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), apply::line);
            out.push_str(&format!("    {}: {} → {}\n", apply::line(&change.field), shown(&change.from), shown(&change.to)));
        }
        for line in printed.iter().flat_map(|text| text.lines()) {
            out.push_str(&format!("    | {}\n", apply::line(line)));
        }
    }
    if report.rules.is_empty() {
        out.push_str("  the recording has no decision that this rule implements\n");
    }
    // Failures that are not the rule's are shown too, because they may explain a result.
    for problem in report.problems.iter().filter(|_| report.failed > 0) {
        out.push_str(&format!("  line {}: {}\n", problem.line, problem.message));
    }
    out
}
