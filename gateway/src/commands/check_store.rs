//! `uis-gateway check-store`: checks the store's file while no service runs.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use uis_gateway::config::Config;
use uis_gateway::store::{OpenOptions, SqliteStore, recovery};

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
}

/// Runs the command. Exit status 1 when something is damaged.
pub async fn run(config: &Config, arguments: &Arguments, json: bool) -> Result<ExitCode, Failure> {
    let path = &config.store.path;
    if !path.is_file() {
        return Err(Failure::Input(format!("{} does not exist", path.display())));
    }
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let held = recovery::hold(path).map_err(|error| failed(&error))?;
    let mut lines = Vec::new();
    if arguments.recover {
        let report = recovery::replace(path).map_err(|error| failed(&error))?;
        lines.push(report.to_string());
    }
    let findings = recovery::findings(path).unwrap_or_else(|error| vec![error.to_string()]);
    drop(held);
    let mut damaged = findings.clone();
    if findings.is_empty() {
        let (store, _) = SqliteStore::open(path, OpenOptions::default()).map_err(|error| failed(&error))?;
        if let Some(what) = &arguments.discard {
            store.discard(what).await.map_err(|error| Failure::Input(error.0))?;
            lines.push(format!("{what} was discarded; it stays among the damaged rows"));
        }
        damaged.extend(store.check().await.map_err(|error| failed(&error))?);
        let aside = store.damaged().await.map_err(|error| failed(&error))?;
        lines.extend(aside.iter().map(|row| format!("set aside earlier: {} {}: {}", row.table, row.key, row.why)));
        store.close().await;
    }
    if json {
        shown::object(&json!({ "file": path, "damaged": damaged, "notes": lines }));
    } else {
        lines.iter().for_each(|line| shown::say(line));
        damaged.iter().for_each(|line| shown::say(&format!("damaged: {line}")));
        if damaged.is_empty() {
            shown::say(&format!("{}: nothing is damaged", path.display()));
        }
    }
    Ok(if damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
