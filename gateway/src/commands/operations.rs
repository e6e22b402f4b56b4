//! `uis-gateway reload`, `rollback`, `versions`, `rules …`.

use clap::{Args, Subcommand};
use serde_json::json;
use uis_gateway::config::Config;
use uis_gateway::control::operations::{ReloadView, RuleView, VersionView};

use super::shown::{object, say};
use super::{Failure, control};

/// What to roll back.
#[derive(Args)]
pub struct Rollback {
    /// The rule; without it the plugin.
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
}

/// Commands about partners' rules.
#[derive(Subcommand)]
pub enum Rules {
    /// List the rules: which version is in use, which is tried, which failed.
    List,
    /// End a rule's quarantine, or begin a trial anew that failed.
    Release {
        /// The rule's name.
        name: String,
    },
    /// Put the version of a rule that is tried into use at once.
    Promote {
        /// The rule's name.
        name: String,
    },
}

/// Has the running service read its configuration again.
pub async fn reload(config: &Config, json: bool) -> Result<(), Failure> {
    let view = control(config).await?.reload().await?;
    match json {
        true => object(&view),
        false => say(&reloaded(&view)),
    }
    Ok(())
}

/// Puts the version before into use.
pub async fn rollback(config: &Config, arguments: &Rollback, json: bool) -> Result<(), Failure> {
    let view = control(config).await?.rollback(arguments.rule.as_deref()).await?;
    match json {
        true => object(&view),
        false => version(&view),
    }
    Ok(())
}

/// Lists versions.
pub async fn versions(config: &Config, json: bool) -> Result<(), Failure> {
    let views = control(config).await?.versions().await?;
    match json {
        true => object(&json!({ "versions": views })),
        false if views.is_empty() => say("no versions yet; the service stores them when it starts"),
        false => views.iter().for_each(version),
    }
    Ok(())
}

/// Runs a command about rules.
pub async fn rules(config: &Config, command: &Rules, json: bool) -> Result<(), Failure> {
    let control = control(config).await?;
    let one = match command {
        Rules::List => {
            let views = control.rules().await?;
            match json {
                true => object(&json!({ "rules": views })),
                false if views.is_empty() => say("no rules; name them in the configuration file: [[rules]]"),
                false => views.iter().for_each(rule),
            }
            return Ok(());
        }
        Rules::Release { name } => control.release_rule(name).await?,
        Rules::Promote { name } => control.promote_rule(name).await?,
    };
    match json {
        true => object(&one),
        false => rule(&one),
    }
    Ok(())
}

/// What came of reading the configuration again.
pub fn reloaded(view: &ReloadView) -> String {
    match (&view.problem, view.changed.is_empty()) {
        (Some(problem), _) => format!("the configuration of {} is not used: {problem}", view.at),
        (None, true) => format!("the configuration was read at {}; nothing has changed", view.at),
        (None, false) => format!("the configuration was read at {}; changed: {}", view.at, view.changed.join(", ")),
    }
}

/// One version.
pub fn version(view: &VersionView) {
    let number = view.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
    let used = if view.in_use { ", in use" } else { "" };
    let back = view.rolled_back_from.as_ref().map(|from| format!(", in place of the configured {from}")).unwrap_or_default();
    say(&format!("{}{number}: {}, since {}{used}{back}", view.subject, view.digest, view.since));
}

/// One rule.
pub fn rule(view: &RuleView) {
    let dry = if view.dry_run { " (dry run: its answers are only logged)" } else { "" };
    let back = if view.rolled_back { " (rolled back)" } else { "" };
    say(&format!("rule {}: {}{dry}{back}", view.name, view.in_use.as_deref().unwrap_or("no version is in use")));
    if let Some(failure) = &view.quarantined {
        say(&format!("  in quarantine since {}: {}", failure.since, failure.why));
    }
    let Some(trial) = &view.trial else { return };
    match &trial.set_aside {
        None => say(&format!("  tried: {}, {} of {} answers", trial.digest, trial.answered, trial.needed)),
        Some(failure) => say(&format!("  set aside: {} since {}: {}", trial.digest, failure.since, failure.why)),
    }
}
