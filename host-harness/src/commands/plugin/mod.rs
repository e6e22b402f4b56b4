//! `uis-host plugin new FOLDER`: writes the crate of a plugin that builds, with a recording whose expectations it meets.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use uis_host::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION};

use super::say;
use super::scaffold::{Scaffold, package};
use crate::exit_status::OK;

/// Create plugins
#[derive(Debug, Args)]
pub struct PluginArguments {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Create a folder with a plugin that builds, and a recording whose expectations it meets
    New(NewArguments),
}

/// Create a folder with a plugin
#[derive(Debug, Args)]
struct NewArguments {
    /// The folder to create; it must not exist
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

/// The files of a new plugin. `@NAME@` is its package's name, `@CONTRACT@` the contract.
const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("../../../templates/plugin/Cargo.toml.template")),
    ("src/lib.rs", include_str!("../../../templates/plugin/lib.rs")),
    ("calls.jsonl", include_str!("../../../templates/plugin/calls.jsonl")),
    ("README.md", include_str!("../../../templates/plugin/README.md")),
];

/// Runs a command.
pub fn run(arguments: &PluginArguments) -> Result<u8> {
    let PluginCommand::New(NewArguments { folder }) = &arguments.command;
    Scaffold::create(folder, |scaffold, name| {
        let package = package("plugin", name);
        let contract = format!("{CONTRACT_PACKAGE}@{CONTRACT_VERSION}");
        for (path, text) in FILES {
            scaffold.put(path, &text.replace("@NAME@", &package).replace("@CONTRACT@", &contract))?;
        }
        scaffold.put(".gitignore", "target/\n")?;
        scaffold.put_contract()
    })?;
    let folder = folder.display();
    say(&format!("{folder} was created. Try it: uis-host replay {folder}/calls.jsonl --plugin {folder}\n"));
    Ok(OK)
}
