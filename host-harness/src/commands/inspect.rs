//! `uis-host inspect PLUGIN`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use uis_host::plugin::inspect::{Inspection, inspect};

use super::{DEFAULT_PLUGIN, LimitArguments, load, say, setting, settings_page};
use crate::exit_status::OK;

/// Show what a plugin is
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// A plugin's crate folder, or a built .wasm component
    #[arg(value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    plugin: PathBuf,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
    /// Print every setting with its title, default and description
    #[arg(long)]
    settings: bool,
    /// Print the parameters that the template of this setting may contain
    #[arg(long, value_name = "SETTING", conflicts_with_all = ["settings", "check_settings"])]
    templates: Option<String>,
    /// Render this template of the setting with example values
    #[arg(long, value_name = "TEXT", requires = "templates")]
    preview: Option<String>,
    /// Check settings: a file with the JSON object that the account's owner saves
    #[arg(long, value_name = "FILE", conflicts_with = "settings")]
    check_settings: Option<PathBuf>,
    /// The version of the plugin that wrote these settings
    #[arg(long, value_name = "VERSION", requires = "check_settings")]
    settings_version: Option<String>,
    #[command(flatten)]
    limits: LimitArguments,
}

/// Runs the command.
pub async fn run(arguments: InspectArguments) -> Result<u8> {
    let plugin = load(&arguments.plugin, &arguments.limits.limits()?).await?;
    if let Some(setting) = &arguments.templates {
        return setting::templates(&plugin, setting, arguments.preview.as_deref(), arguments.json).await;
    }
    if let Some(file) = &arguments.check_settings {
        return setting::check(&plugin, file, arguments.settings_version.as_deref(), arguments.json).await;
    }
    let inspection = inspect(&plugin).await?;
    if arguments.json {
        say(&format!("{}\n", serde_json::to_string_pretty(&inspection)?));
    } else {
        say(&text(&inspection, arguments.settings));
    }
    Ok(OK)
}

fn text(found: &Inspection, settings: bool) -> String {
    let mut out =
        format!("{} {}\n  contract     {}\n  size         {} bytes\n", found.name, found.version, found.contract, found.size_bytes);
    let mut section = |title: &str, lines: Vec<String>| {
        for (index, line) in lines.iter().enumerate() {
            let title = if index == 0 { title } else { "" };
            out.push_str(&format!("  {title:<12} {line}\n"));
        }
    };
    section("exports", found.exports.clone());
    section("imports", found.imports.clone());
    for connection in &found.connections {
        let rates: Vec<String> = connection.rates.iter().map(|(path, rate)| format!("{path} {rate}/s")).collect();
        section(
            "connection",
            vec![
                connection.name.clone(),
                format!("  hosts  {}", connection.hosts.join(", ")),
                format!("  auth   {}", connection.auth),
                format!("  rates  {}", rates.join(", ")),
            ],
        );
    }
    section("callbacks", vec![found.callbacks.join(", ")]);
    section("actions", found.actions.iter().map(|action| format!("{} «{}»  {}", action.name, action.title, action.description)).collect());
    if settings {
        out.push_str(&settings_page::text(&found.settings));
    } else {
        section("settings", vec![format!("{} (to list them: uis-host inspect --settings)", found.settings.len())]);
    }
    out
}
