//! `uis-gateway check-store`: checks the store's file, or a backup. What it changes, it changes only while no service runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use uis_gateway::config::Config;
use uis_gateway::integrations::erasures;
use uis_gateway::secrets::Sealer;
use uis_gateway::store::examine::examine;
use uis_gateway::store::{OpenError, OpenOptions, SqliteStore, recovery};

use super::{Failure, shown};

/// What to do.
#[derive(Args)]
pub struct Arguments {
    /// Read everything that can be read into a new file, which takes the old one's place; the old one stays beside it.
    #[arg(long)]
    recover: bool,
    /// Discard a damaged value, as an error message names it: storage:17, integrations:main.
    #[arg(long, value_name = "WHAT", conflicts_with = "recover")]
    discard: Option<String>,
    /// Check this file, such as a backup, in place of the store. It is not changed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recover", "discard"])]
    file: Option<PathBuf>,
}

/// What was found: what is damaged, and what else is to be known.
struct Found {
    damaged: Vec<String>,
    notes: Vec<String>,
}

/// Runs the command. Exit status 1 when something is damaged.
pub async fn run(config: &Config, arguments: &Arguments, json: bool) -> Result<ExitCode, Failure> {
    let path = arguments.file.as_ref().unwrap_or(&config.store.path);
    if !path.is_file() {
        return Err(Failure::Input(format!("{} does not exist", path.display())));
    }
    let found = match arguments.file {
        Some(_) => beside(path, None)?,
        None => store(config, path, arguments).await?,
    };
    if json {
        shown::object(&json!({ "file": path, "damaged": found.damaged, "notes": found.notes }));
    } else {
        found.notes.iter().for_each(|line| shown::say(line));
        found.damaged.iter().for_each(|line| shown::say(&format!("damaged: {line}")));
        if found.damaged.is_empty() {
            shown::say(&format!("{}: nothing is damaged", path.display()));
        }
    }
    Ok(if found.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Checks the store, whether or not a service runs.
async fn store(config: &Config, path: &Path, arguments: &Arguments) -> Result<Found, Failure> {
    match recovery::hold(path) {
        Ok(held) => alone(config, path, arguments, held).await,
        Err(OpenError::InUse(_)) if !arguments.recover && arguments.discard.is_none() => {
            beside(path, Some("the service runs, so its file was read as it was at one moment"))
        }
        Err(error) => Err(Failure::Failed(error.to_string())),
    }
}

/// Checks a file without changing it.
fn beside(path: &Path, note: Option<&str>) -> Result<Found, Failure> {
    let examined = examine(path).map_err(|error| Failure::Failed(error.to_string()))?;
    let mut notes: Vec<String> = note.map(str::to_owned).into_iter().collect();
    if examined.structure.is_empty() {
        let contents = &examined.contents;
        notes
            .push(format!("{} integrations, {} events that wait, {} dead letters", contents.integrations, contents.waiting, contents.dead));
    }
    Ok(Found { damaged: examined.damaged().cloned().collect(), notes })
}

/// Checks the store, or mends it, while no service runs.
async fn alone(config: &Config, path: &Path, arguments: &Arguments, held: std::fs::File) -> Result<Found, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let mut notes = Vec::new();
    if arguments.recover {
        let report = recovery::replace(path).map_err(|error| failed(&error))?;
        notes.push(report.to_string());
    }
    let mut damaged = recovery::findings(path).unwrap_or_else(|error| vec![error.to_string()]);
    drop(held);
    if damaged.is_empty() {
        let (store, _) = SqliteStore::open(path, OpenOptions::of(config)).map_err(|error| failed(&error))?;
        if let Some(what) = &arguments.discard {
            store.discard(what).await.map_err(|error| Failure::Input(error.0))?;
            notes.push(format!("{what} was discarded; it stays among the damaged rows"));
        }
        damaged.extend(store.check().await.map_err(|error| failed(&error))?);
        let aside = store.damaged().await.map_err(|error| failed(&error))?;
        notes.extend(aside.iter().map(|row| format!("set aside earlier: {} {}: {}", row.table, row.key, row.why)));
        notes.extend(not_erased_yet(config, &store)?);
        store.close().await;
    }
    Ok(Found { damaged, notes })
}

/// Erasures that the journal has and the store does not, because it is from a backup.
fn not_erased_yet(config: &Config, store: &SqliteStore) -> Result<Option<String>, Failure> {
    if !config.secrets.key_file.is_file() {
        return Ok(None);
    }
    let sealer = Sealer::open(&config.secrets.key_file).map_err(Failure::Input)?;
    let missing = erasures::missing(store, &sealer).map_err(Failure::Failed)?;
    let line = format!("{missing} entries of the journal of erasures are not in this store; they are applied when the service starts");
    Ok((missing > 0).then_some(line))
}
