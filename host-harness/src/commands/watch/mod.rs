//! `uis-host replay --watch`: replays again whenever the plugin, a rule, a recording or the settings change, and prints what became
//! different, by effect. An error is printed, and the loop goes on. Ctrl-C ends it.

mod changes;
mod files;

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use notify::RecommendedWatcher;
use uis_harness::differences::{Outcome, Scope, between};

use super::replay::{self, ReplayArguments};
use super::say;
use crate::exit_status::OK;
use files::{Files, Seen};

/// Files that are saved together make one round: it begins when nothing has changed for this long.
const QUIET: Duration = Duration::from_millis(200);

/// Runs the command. It ends only by Ctrl-C, or when files cannot be watched.
pub async fn run(mut arguments: ReplayArguments) -> Result<u8> {
    if arguments.files.iter().any(|path| path.as_os_str() == "-") {
        bail!("--watch: standard input cannot be read again; give files");
    }
    tokio::spawn(async {
        // Without the signal's handler, Ctrl-C ends the program as well.
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(i32::from(OK));
        }
    });
    let (sender, woken) = channel();
    // What happened is read from the files themselves, so that a build's own files wake nobody twice.
    let wake = move |_| {
        // Nobody listens any more when the program ends.
        let _ = sender.send(());
    };
    let mut watcher: RecommendedWatcher = notify::recommended_watcher(wake).context("files cannot be watched")?;
    let mut before: Option<Vec<Outcome>> = None;
    loop {
        let before_build = Files::of(&arguments)?;
        before_build.watch(&mut watcher)?;
        let mut seen = before_build.seen();
        match replay::once(&arguments).await {
            Ok(played) => {
                let now: Vec<Outcome> = played.iter().map(|(_, played)| played.outcome()).collect();
                if let Some(before) = &before {
                    let files = played.iter().map(|(path, _)| *path);
                    files.zip(before.iter().zip(&now)).for_each(|(path, (a, b))| say(&different(path, a, b)));
                }
                before = Some(now);
                arguments.quiet = true;
            }
            Err(error) => eprintln!("error: {error:#}"),
        }
        let files = Files::of(&arguments)?;
        files.watch(&mut watcher)?;
        files.see_further(&before_build, &mut seen);
        say(&format!("watching {} files; Ctrl-C ends\n", files.seen().len()));
        let changed = wait(&files, &seen, &woken)?;
        say(&format!("changed: {}\n", changed.join(", ")));
    }
}

fn different(path: &Path, before: &Outcome, now: &Outcome) -> String {
    changes::text(path, &between(before, now, Scope::Everything))
}

/// Waits until files are different from what was seen, and until no more are saved. Returns their names.
fn wait(files: &Files, seen: &Seen, woken: &Receiver<()>) -> Result<Vec<String>> {
    loop {
        // Something may have changed while the replay ran.
        if files.seen() != *seen {
            while woken.recv_timeout(QUIET) != Err(RecvTimeoutError::Timeout) {}
            let changed = files.changed_since(seen);
            if !changed.is_empty() {
                return Ok(changed);
            }
        }
        woken.recv().context("files are no longer watched")?;
    }
}
