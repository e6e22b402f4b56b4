//! `uis-gateway backup` and `uis-gateway restore`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use uis_gateway::admin::outputs::{ErasedAgain, RestoredStore};
use uis_gateway::audit::{Act, AuditEntry};
use uis_gateway::config::Config;
use uis_gateway::control::storage::{BackupView, NewBackup};
use uis_gateway::integrations::erasures::{self, Replayed};
use uis_gateway::integrations::offline_operations::OfflineOperations;
use uis_gateway::store::restore::{self, RestoreError, Restored};
use uis_gateway::store::{OpenOptions, SqliteStore};
use uis_host::clock::instant;

use super::{Failure, control, service, shown};

/// What to write, and where.
#[derive(Args)]
pub struct Backup {
    /// The file; with --keep the folder.
    path: PathBuf,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
    /// Write a file with the time in its name into the folder, and remove the oldest until so many are left.
    #[arg(long, value_name = "NUMBER")]
    keep: Option<usize>,
}

/// What to put in place.
#[derive(Args)]
pub struct Restore {
    /// A file that `backup` wrote.
    file: PathBuf,
    /// Restore a backup that has damaged rows too: they are set aside when they are read.
    #[arg(long)]
    accept_damage: bool,
}

/// Writes a backup. Exit status 1 when rows of it are damaged.
pub async fn backup(config: &Config, config_file: &Path, arguments: Backup, json: bool) -> Result<ExitCode, Failure> {
    let absolute = std::path::absolute(&arguments.path);
    let path = absolute.map_err(|error| Failure::Input(format!("{}: {error}", arguments.path.display())))?;
    let new = NewBackup { path, replace: arguments.force, keep: arguments.keep };
    let view = control(config).await?.backup(new).await?;
    let damaged = !view.damaged.is_empty();
    match json {
        true => shown::object(&view),
        false => written(&view, config_file),
    }
    Ok(if damaged { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn written(view: &BackupView, config_file: &Path) {
    let megabytes = view.bytes.div_ceil(1 << 20);
    shown::say(&format!(
        "{}: {megabytes} MB, {} integrations, {} events that wait, {} dead letters",
        view.file.display(),
        view.integrations,
        view.waiting,
        view.dead_letters
    ));
    match view.damaged.as_slice() {
        [] => shown::say("checked: it can be read, and every checksum matches"),
        rows => {
            rows.iter().for_each(|row| shown::say(&format!("damaged: {row}")));
            shown::say("these rows are damaged in the store too; stop the service and run uis-gateway check-store");
        }
    }
    view.removed.iter().for_each(|file| shown::say(&format!("removed: {}", file.display())));
    shown::say("not in it:");
    view.not_contained.iter().for_each(|missing| shown::say(&format!("  {}: {}", missing.file.display(), missing.what)));
    shown::say(&format!("  {}: the configuration", config_file.display()));
}

/// Puts a backup in the store's place.
pub async fn restore(config: &Config, arguments: &Restore, json: bool) -> Result<(), Failure> {
    // Without the right to ask the service, the store's lock still says whether it runs.
    if let Ok(Some(_)) = service(config).await {
        return Err(Failure::Input("the service runs; stop it, restore, and start it again".to_owned()));
    }
    let has_key = config.secrets.key_file.exists();
    let restored = restore::put_in_place(&arguments.file, &config.store.path, arguments.accept_damage).map_err(|error| match error {
        RestoreError::Copy(why) => Failure::Input(why),
        RestoreError::Failed(why) => Failure::Failed(why),
    })?;
    // Nothing is delivered from the store before this.
    let replayed = replay_erasures(config, has_key).await.map_err(|why| {
        Failure::Failed(format!(
            "{} is in place, but the erasures made since were not applied: {why}; correct that, and restore again before the service starts",
            arguments.file.display()
        ))
    })?;
    match json {
        true => shown::object(&as_json(config, &arguments.file, &restored, &replayed, has_key)),
        false => lines(config, &arguments.file, &restored, &replayed, has_key).iter().for_each(|line| shown::say(line)),
    }
    Ok(())
}

/// Erases in the restored store again what was erased after the backup was made.
async fn replay_erasures(config: &Config, has_key: bool) -> Result<Replayed, String> {
    // Without the key nobody is found by the journal, and opening the store would make a new key. The service does it when it starts with the key.
    if !has_key {
        return Ok(Replayed::default());
    }
    let (store, _) = SqliteStore::open(&config.store.path, OpenOptions::of(config)).map_err(|error| error.to_string())?;
    let (_, book) = OfflineOperations::load(config, Arc::new(store)).await?;
    book.store.audit(AuditEntry::new(Act::Restore)).await.map_err(|error| error.to_string())?;
    let replayed = erasures::replay(&book).await.map_err(|error| error.to_string())?;
    book.store.close().await;
    Ok(replayed)
}

fn as_json(config: &Config, file: &Path, restored: &Restored, replayed: &Replayed, has_key: bool) -> RestoredStore {
    let shown = |path: &Path| path.display().to_string();
    RestoredStore {
        restored: shown(file),
        store: shown(&config.store.path),
        aside: restored.aside.as_deref().map(shown),
        integrations: restored.contents.integrations,
        waiting: restored.contents.waiting,
        dead_letters: restored.contents.dead,
        newest_event: restored.contents.newest.map(|at| instant(at).to_rfc3339()),
        damaged: restored.damaged.clone(),
        sealing_key: has_key,
        erased_again: ErasedAgain {
            entries: replayed.tombstones,
            persons: replayed.persons,
            rows: replayed.rows,
            other_key: replayed.other_key,
            damaged_lines: replayed.damaged.clone(),
            notes: replayed.notes.clone(),
        },
    }
}

/// What became of the erasures that the journal has.
fn erased_again(config: &Config, replayed: &Replayed) -> Vec<String> {
    let journal = config.erasure.journal.display();
    let mut lines = Vec::new();
    if replayed.tombstones > 0 {
        let Replayed { persons, rows, .. } = replayed;
        lines.push(format!("persons who were erased after the backup were erased again: {persons} ({rows} rows)"));
    }
    if replayed.other_key > 0 {
        let number = replayed.other_key;
        lines.push(format!(
            "{journal}: {number} entries are of another sealing key, so nobody is found by them; put that key back, and restore again"
        ));
    }
    if !replayed.damaged.is_empty() {
        let damaged: Vec<String> = replayed.damaged.iter().map(usize::to_string).collect();
        lines.push(format!("{journal}: damaged lines: {}; erase those persons again", damaged.join(", ")));
    }
    lines.extend(replayed.notes.iter().cloned());
    lines
}

fn lines(config: &Config, file: &Path, restored: &Restored, replayed: &Replayed, has_key: bool) -> Vec<String> {
    let contents = &restored.contents;
    let mut lines = vec![format!(
        "{} is in place: {} integrations, {} events that wait, {} dead letters",
        file.display(),
        contents.integrations,
        contents.waiting,
        contents.dead
    )];
    lines.extend(restored.damaged.iter().map(|row| format!("damaged: {row}")));
    match &restored.aside {
        Some(aside) => lines.push(format!("the store from before is {}; delete it when you no longer need it", aside.display())),
        None => lines.push("there was no store before".to_owned()),
    }
    lines.extend(erased_again(config, replayed));
    let newest =
        contents.newest.map_or_else(|| "it has no event".to_owned(), |at| format!("its newest event is of {}", instant(at).to_rfc3339()));
    lines.push(format!("what this means ({newest}):"));
    lines.push(
        "  events that were accepted after the backup are not in it; finished calls, chats and site requests are read from UIS's reports"
            .to_owned(),
    );
    lines.push(
        "  events that waited then and were delivered since are delivered again; the plugin finds what it has made and makes nothing twice"
            .to_owned(),
    );
    lines.push("  settings and keys are those of the backup".to_owned());
    if !has_key {
        let key = config.secrets.key_file.display();
        lines.push(format!("the sealing key {key} is missing: put its copy there before the service starts, which also erases again what was erased since; or enter sealed keys again"));
    }
    lines.push("start the service, then run uis-gateway check".to_owned());
    lines
}
