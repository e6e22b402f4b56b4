//! What is compared: a plugin, settings and rules, written as `plugin=PATH,settings=FILE,rule=PATH`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use uis_harness::differences::Outcome;
use uis_harness::effects::Recorder;
use uis_harness::replay::ReplayBuilder;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::rules::RuleSet;
use uis_host::rules::limits::RuleLimits;

use crate::commands::replay::open_simulated;
use crate::commands::rules::RuleArguments;
use crate::commands::watched::read_settings;
use crate::commands::{DEFAULT_PLUGIN, load};

/// The clock runs at most this long after the last line.
const SETTLE: Duration = Duration::from_secs(24 * 3600);

/// A version as it is written on the command line. What it does not name is as in a replay without options.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Named {
    plugin: Option<PathBuf>,
    settings: Option<PathBuf>,
    /// Each as in `replay --rule`: `NAME=PATH` or `PATH`.
    rules: Vec<String>,
}

impl Named {
    /// Reads a version: `none`, or parts with commas between them. A part is `plugin=PATH`, `settings=FILE` or `rule=[NAME=]PATH`; without a
    /// word before it, a `.json` file is settings, and any other path is a plugin.
    pub fn parse(text: &str) -> Result<Named, String> {
        let mut named = Named::default();
        if text == "none" {
            return Ok(named);
        }
        for part in text.split(',').map(str::trim) {
            let is_json = Path::new(part).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
            let (word, path) = ["plugin", "settings", "rule"]
                .into_iter()
                .find_map(|word| Some((word, part.strip_prefix(word)?.strip_prefix('=')?)))
                .unwrap_or((if is_json { "settings" } else { "plugin" }, part));
            if path.is_empty() {
                return Err(format!(
                    "{text:?} has an empty part; give none, plugin=PATH, settings=FILE or rule=PATH, with commas between them"
                ));
            }
            let twice = match word {
                "plugin" => named.plugin.replace(path.into()).is_some(),
                "settings" => named.settings.replace(path.into()).is_some(),
                _ => {
                    named.rules.extend((path != "none").then(|| path.to_owned()));
                    false
                }
            };
            if twice {
                return Err(format!("{text:?} names {word} twice"));
            }
        }
        Ok(named)
    }

    /// Builds and loads everything. A plugin that `other` has loaded already is used again.
    pub async fn ready(&self, limits: &(Limits, RuleLimits), seed: u64, other: Option<(&Named, &Version)>) -> Result<Version> {
        let plugin: Arc<dyn Plugin> = match other {
            Some((named, version)) if named.plugin == self.plugin => version.plugin.clone(),
            _ => {
                let path = self.plugin.clone().unwrap_or_else(|| DEFAULT_PLUGIN.into());
                let advice = || format!("{} is taken for a plugin; if it is a rule, write rule={0}", path.display());
                let loaded = load(&path, &limits.0).await;
                Arc::new(if self.plugin.is_some() { loaded.with_context(advice)? } else { loaded? })
            }
        };
        let settings = self.settings.as_deref().map(read_settings).transpose()?;
        let rules = RuleArguments::of(self.rules.clone()).load(limits.1.clone())?;
        Ok(Version { plugin, settings, rules, limits: limits.0.clone(), seed })
    }

    /// For the output: what is not named is absent.
    pub fn to_json(&self) -> Value {
        let path = |path: &PathBuf| Value::from(path.display().to_string());
        let mut value = json!({});
        if let Some(plugin) = &self.plugin {
            value["plugin"] = path(plugin);
        }
        if let Some(settings) = &self.settings {
            value["settings"] = path(settings);
        }
        if !self.rules.is_empty() {
            value["rules"] = json!(self.rules);
        }
        value
    }
}

/// A version that can replay recordings.
pub struct Version {
    plugin: Arc<dyn Plugin>,
    /// In place of the recording's.
    settings: Option<Value>,
    rules: Arc<RuleSet>,
    limits: Limits,
    seed: u64,
}

impl Version {
    /// Replays a recording against the simulators.
    pub async fn replay(&self, path: &Path) -> Result<Outcome> {
        let (mut header, lines, clock, simulators) = open_simulated(path)?;
        if let Some(settings) = &self.settings {
            for integration in &mut header.integrations {
                integration.settings = settings.clone();
                integration.settings_version = None;
            }
        }
        let zone = uis_host::clock::zone(&header.account.timezone).map_err(|error| anyhow!("{}:1: {error}", path.display()))?;
        let mut silent = ();
        let mut recorder = Recorder::new(zone, &mut silent);
        let builder = ReplayBuilder::new(&header, self.plugin.clone(), simulators.clone(), clock).limits(&self.limits).seed(self.seed);
        // Failures of a rule in one recording must not count in the next.
        let replay = builder.rules(Arc::new(self.rules.with_fresh_records())).ready(&mut recorder).await;
        let (report, uis) = replay.with_context(|| format!("{}:1", path.display()))?.run(lines, SETTLE, |_| {}).await?;
        Ok(Outcome { crm: simulators.to_json(), uis, effects: recorder.into_effects(), problems: report.problems })
    }
}

/// The recordings in files and folders, in order. In folders, every `.jsonl` file counts, also in folders within.
pub fn recordings(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let before = found.len();
        within(path, &mut found)?;
        if found.len() == before {
            bail!("{}: no recording in this folder: no file ends with .jsonl", path.display());
        }
    }
    Ok(found)
}

fn within(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("{} cannot be read", folder.display());
    let mut entries: Vec<std::fs::DirEntry> = std::fs::read_dir(folder).and_then(Iterator::collect).with_context(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Links are not followed, so that a link to a folder above cannot go round and round.
        if entry.file_type().with_context(unreadable)?.is_dir() {
            within(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_names_its_parts_or_is_recognised_by_the_file() {
        let part = |plugin: Option<&str>, settings: Option<&str>, rules: &[&str]| {
            let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
            Ok(Named { plugin: plugin.map(PathBuf::from), settings: settings.map(PathBuf::from), rules })
        };
        for (text, expected) in [
            ("none", part(None, None, &[])),
            ("old.wasm", part(Some("old.wasm"), None, &[])),
            ("plugin", part(Some("plugin"), None, &[])),
            ("new.json", part(None, Some("new.json"), &[])),
            ("rule=none", part(None, None, &[])),
            ("rule=vip=rules/vip", part(None, None, &["vip=rules/vip"])),
            ("plugin=a.wasm,settings=b,rule=c.wasm,rule=d", part(Some("a.wasm"), Some("b"), &["c.wasm", "d"])),
        ] {
            assert_eq!(Named::parse(text), expected, "{text}");
        }
        for wrong in ["", "plugin=", "a.json,b.json", "rule=a,,b.json"] {
            assert!(Named::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
