//! `uis-host compare A B FILE…`: replays recordings with two versions, and shows what differs, by effect.

mod version;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::{Value, json};
use uis_harness::differences::{Difference, DifferenceKind, Outcome, Scope, Side, between};

use super::terminal::Terminal;
use super::{LimitArguments, say};
use crate::exit_status::{FAILED, OK};
use version::{Named, Version, recordings};

/// A progress bar is shown from this many recordings on.
const MANY: usize = 10;

/// Show what two plugins, settings or sets of rules do differently
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The first version: a plugin, a settings file (.json), or none; or plugin=PATH,settings=FILE,rule=[NAME=]PATH
    #[arg(value_name = "A", value_parser = Named::parse)]
    a: Named,
    /// The second version
    #[arg(value_name = "B", value_parser = Named::parse)]
    b: Named,
    /// Recordings, or folders of recordings (*.jsonl)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    /// Draw the order of concurrent handlers from this number; 0: in the order of arrival
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    limits: LimitArguments,
}

/// How many differences there are, by entity and kind.
type Counts = BTreeMap<(String, DifferenceKind), usize>;

/// Runs the command.
pub async fn run(arguments: CompareArguments) -> Result<u8> {
    let files = recordings(&arguments.files)?;
    let limits = arguments.limits.all()?;
    let a = arguments.a.ready(&limits, arguments.seed, None).await?;
    let b = arguments.b.ready(&limits, arguments.seed, Some((&arguments.a, &a))).await?;
    let (a, b) = (Arc::new(a), Arc::new(b));
    let target = if files.len() < MANY { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(files.len() as u64), target);
    let (mut counts, mut listed, mut differ) = (Counts::new(), Vec::new(), 0);
    for path in &files {
        let (one, other) = tokio::join!(replay(&a, path), replay(&b, path));
        let differences = between(&one?, &other?, Scope::Everything);
        bar.inc(1);
        differ += usize::from(!differences.is_empty());
        for difference in &differences {
            *counts.entry((difference.entity.clone(), difference.kind)).or_default() += 1;
        }
        if arguments.json {
            listed.push(json!({"file": path.display().to_string(), "differences": differences}));
        } else if !differences.is_empty() {
            bar.suspend(|| say(&text(path, &differences, &Terminal::stdout())));
        }
    }
    bar.finish_and_clear();
    if arguments.json {
        let counts: Vec<Value> =
            counts.iter().map(|((entity, kind), count)| json!({"entity": entity, "kind": kind, "count": count})).collect();
        let (a, b, same) = (arguments.a.to_json(), arguments.b.to_json(), files.len() - differ);
        say(&format!("{}\n", json!({"a": a, "b": b, "same": same, "differ": differ, "counts": counts, "files": listed})));
    } else {
        say(&closing(files.len(), differ, &counts));
    }
    Ok(if differ > 0 { FAILED } else { OK })
}

/// Replays a recording on a thread of its own, so that both versions run at the same time.
async fn replay(version: &Arc<Version>, path: &Path) -> Result<Outcome> {
    let (version, path, runtime) = (version.clone(), path.to_owned(), tokio::runtime::Handle::current());
    tokio::task::spawn_blocking(move || runtime.block_on(version.replay(&path))).await?
}

/// The differences of a recording, each with the cause on both sides.
fn text(path: &Path, differences: &[Difference], terminal: &Terminal) -> String {
    let mut lines = vec![terminal.strong(&format!("{}: {}", path.display(), many(differences.len(), "difference")))];
    for difference in differences {
        lines.push(terminal.fit(&format!("  {}", difference.headline())));
        let sides = [("A", &difference.a, DifferenceKind::OnlyInB), ("B", &difference.b, DifferenceKind::OnlyInA)];
        for (name, side, missing) in sides {
            lines.extend(cause(name, side, difference.kind == missing).iter().map(|line| terminal.faint(&terminal.fit(line))));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The cause on one side: the effect, the event, and the decisions.
fn cause(name: &str, side: &Side, missing: bool) -> Vec<String> {
    let Some(effect) = &side.effect else {
        // A problem has no effect, and what a user did in the CRM neither.
        return if missing { vec![format!("      {name}: nothing was done or left out")] } else { Vec::new() };
    };
    let mut lines = vec![format!("      {name}: {}; because of {}", effect.headline(), effect.cause.event_line())];
    lines.extend(effect.cause.decision_lines().into_iter().map(|line| format!("         {line}")));
    lines
}

/// How many recordings differ, and how many differences of each kind there are.
fn closing(files: usize, differ: usize, counts: &Counts) -> String {
    let total: usize = counts.values().sum();
    let mut out = match total {
        0 => format!("{}: no difference\n", many(files, "recording")),
        _ => format!("{}, {differ} of them differ: {}\n", many(files, "recording"), many(total, "difference")),
    };
    for ((entity, kind), count) in counts {
        let kind = match kind {
            DifferenceKind::OnlyInA => "only with A",
            DifferenceKind::OnlyInB => "only with B",
            DifferenceKind::Changed => "changed",
        };
        out.push_str(&format!("  {count:>6}  {entity} {kind}\n"));
    }
    out
}

fn many(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
