//! `uis-host rules …`: creates and tests partners' rules. Also the options with which other commands use rules.

mod new;
mod test;
mod toolchain;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use uis_harness::build;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::Sandbox;
use uis_host::rules::{RuleFile, RuleSet};

/// The recording in the folder of a new rule.
const SAMPLE_FILE: &str = "sample.jsonl";

/// Create and test partners' rules
#[derive(Debug, Args)]
pub struct RulesArguments {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Create a folder with a rule that builds and has a test
    New(new::NewArguments),
    /// Run a rule's tests, build it, and show what it would change in recordings
    Test(test::TestArguments),
}

/// Runs a command.
pub async fn run(arguments: RulesArguments) -> Result<u8> {
    match arguments.command {
        RulesCommand::New(arguments) => new::run(&arguments),
        RulesCommand::Test(arguments) => test::run(arguments).await,
    }
}

/// Options for rules.
#[derive(Debug, Clone, Args)]
pub struct RuleArguments {
    /// Use a partner's rule: NAME=PATH of a component or of a rule's folder; rules are evaluated in the order of their names
    #[arg(long = "rule", value_name = "NAME=PATH", help_heading = "Rules")]
    rules: Vec<String>,
    /// Evaluate and report a rule, but do not apply its answers
    #[arg(long = "dry-rule", value_name = "NAME=PATH", help_heading = "Rules")]
    dry: Vec<String>,
}

impl RuleArguments {
    /// The folders and components of the rules.
    pub fn paths(&self) -> Result<Vec<PathBuf>> {
        self.rules.iter().chain(&self.dry).map(|text| Ok(named(text)?.1)).collect()
    }

    /// Rules that are applied, each as in `--rule`.
    pub fn of(rules: Vec<String>) -> RuleArguments {
        RuleArguments { rules, dry: Vec::new() }
    }

    /// The options as they were given: the name of each, and its value.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let (rules, dry) = (self.rules.iter(), self.dry.iter());
        rules.map(|rule| ("rule", rule)).chain(dry.map(|rule| ("dry-rule", rule)))
    }

    /// Builds the rules that are crates, and loads all of them.
    pub fn load(&self, limits: RuleLimits) -> Result<Arc<RuleSet>> {
        if self.rules.is_empty() && self.dry.is_empty() {
            return Ok(Arc::default());
        }
        let all = self.rules.iter().map(|text| (text, false)).chain(self.dry.iter().map(|text| (text, true)));
        let (mut files, mut cache): (Vec<RuleFile>, PathBuf) = (Vec::new(), PathBuf::new());
        for (text, dry_run) in all {
            let (name, path) = named(text)?;
            if files.iter().any(|known| known.name == name) {
                bail!("two rules have the name {name}");
            }
            let built = component(&path).with_context(|| format!("rule {name}"))?;
            cache = built.cache;
            files.push(RuleFile { name, path: built.wasm, dry_run });
        }
        let sandbox = Sandbox::new(limits)?;
        let set = RuleSet::load(sandbox, files, &cache);
        set.map(Arc::new).map_err(|(file, error)| anyhow!("rule {}: {error}", file.name))
    }
}

/// Whether package managers and builds of rules make files or folders of this name.
pub fn is_made_by_tools(name: &str) -> bool {
    toolchain::is_made_by_tools(name)
}

/// The component of a rule. A rule in another language than Rust is built with that language's tools.
fn component(path: &std::path::Path) -> Result<build::Built> {
    match toolchain::Language::of(path) {
        Some(language) if language != toolchain::Language::Rust => toolchain::build(language, path),
        _ => Ok(build::component(path, &|line| eprintln!("{line}"))?),
    }
}

/// A rule's name and path from `NAME=PATH`. Without a name, the file's name is used.
fn named(text: &str) -> Result<(String, PathBuf)> {
    if let Some((name, path)) = text.split_once('=') {
        return Ok((name.to_owned(), PathBuf::from(path)));
    }
    let path = PathBuf::from(text);
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).filter(|name| !name.is_empty());
    Ok((name.ok_or_else(|| anyhow!("{text:?} has no name; give NAME=PATH"))?, path))
}
