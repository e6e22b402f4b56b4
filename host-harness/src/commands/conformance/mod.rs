//! `uis-host conformance`: runs a kit of attacks against a host's configuration. Each attack is small and tries one thing. Its verdict says
//! what stopped it.
//!
//! | file | the attacker |
//! |---|---|
//! | [`loading`] | components that must be refused when they are loaded |
//! | [`rules`] | partners' rules, in the sandbox |
//! | [`plugin`] | a whole plugin, through its imports and its replies |

mod loading;
mod plugin;
mod remote;
mod rules;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use super::{LimitArguments, in_repository, say};
use crate::exit_status::{FAILED, OK};

/// Run a kit of attacks against a host's configuration
#[derive(Debug, Args)]
pub struct ConformanceArguments {
    /// The attacking plugin: its crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = "examples/hostile-plugin")]
    kit: PathBuf,
    /// Run only attacks whose names contain this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: LimitArguments,
}

/// The result of an attack.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The attacker: `loading`, `rule`, `plugin`.
    against: &'static str,
    /// The attack's name.
    attack: String,
    /// What the attack tries.
    tries: String,
    /// The attack did no harm, and the host continued to work.
    contained: bool,
    /// The host's message about what stopped the attack, with the limit's name if a limit did; or what went wrong.
    held: String,
}

/// An attack in a file of the kit. The first two lines are comments: what it tries, and what may stop it.
struct Attack {
    name: &'static str,
    tries: String,
    /// Texts of which the host's message must contain one.
    expected: Vec<String>,
}

impl Attack {
    fn read(name: &'static str, text: &'static str) -> Result<Attack> {
        let mut lines = text.lines();
        let mut comment = |begins: &str| lines.next().and_then(|line| line.strip_prefix(begins)).map(str::trim).map(str::to_owned);
        let tries = comment(";;").with_context(|| format!("{name}: the first line must say what the attack tries, after `;;`"))?;
        let held =
            comment(";; held by:").with_context(|| format!("{name}: the second line must say what stops it, after `;; held by:`"))?;
        Ok(Attack { name, tries, expected: held.split(", ").map(str::to_owned).collect() })
    }

    fn verdict(&self, against: &'static str, said: String, went_on: bool) -> Verdict {
        let expected = self.expected.iter().any(|words| said.contains(words));
        let held = match (expected, went_on) {
            (true, true) => said,
            (true, false) => format!("{said}; but afterwards the host did not work"),
            (false, _) => format!("expected {}, but: {said}", self.expected.join(" or ")),
        };
        Verdict { against, attack: self.name.to_owned(), tries: self.tries.clone(), contained: expected && went_on, held }
    }
}

/// Runs the command.
pub async fn run(arguments: ConformanceArguments) -> Result<u8> {
    let (limits, rule_limits) = arguments.limits.all()?;
    let kit = in_repository(&arguments.kit)?;
    let wanted = |name: &str| name.contains(&arguments.only);
    let mut verdicts = Vec::new();
    let mut report = |verdict: Verdict| {
        if !arguments.json {
            say(&line(&verdict));
        }
        verdicts.push(verdict);
    };
    loading::attack(&limits, &rule_limits, &wanted, &mut report).await?;
    rules::attack(&rule_limits, &wanted, &mut report).await?;
    plugin::attack(&kit, &limits, &wanted, &mut report).await?;
    anyhow::ensure!(!verdicts.is_empty(), "no attack's name contains {:?}; change --only", arguments.only);
    let contained = verdicts.iter().filter(|verdict| verdict.contained).count();
    let broken = verdicts.len() - contained;
    if arguments.json {
        say(&format!("{}\n", serde_json::json!({"contained": contained, "broken": broken, "verdicts": verdicts})));
    } else {
        say(&format!("{} attacks, {contained} contained, {broken} not\n", verdicts.len()));
    }
    Ok(if broken > 0 { FAILED } else { OK })
}

fn line(verdict: &Verdict) -> String {
    let Verdict { against, attack, tries, contained, held } = verdict;
    let word = if *contained { "contained" } else { "NOT CONTAINED" };
    format!("{word} · {against} · {attack}\n  tries  {tries}\n  held   {held}\n")
}

/// A temporary folder for components as files.
fn scratch() -> Result<Scratch> {
    let folder = std::env::temp_dir().join(format!("uis-host-conformance-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(Scratch(folder))
}

/// A folder that is removed when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.0.join(format!("{name}.wasm"));
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        Ok(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
