//! Every recording is sent through the gateway over HTTP, line after line, with RetailCRM's simulator on a socket and the clock turned by the
//! test. Afterwards RetailCRM and UIS contain the same as after a replay of the recording.

#[path = "recordings/compare.rs"]
mod compare;
#[path = "recordings/driver.rs"]
mod driver;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use uis_host::plugin::Plugin;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::play_reported;
use uis_test_support::{recordings, root};

/// Recordings that cannot be sent so, each with the reason.
const NOT_SENT: [(&str, &str); 1] = [("erase", "the gateway has no command that erases a person's data yet")];

/// All recordings, those of single settings too: their name and file.
fn all() -> Vec<(String, PathBuf)> {
    let mut all = recordings();
    for folder in ["calls", "texts"] {
        let folder = root().join("tests/recordings/settings").join(folder);
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                all.push((format!("settings.{}", path.file_stem().expect("a name").to_string_lossy()), path));
            }
        }
    }
    all.sort();
    all.dedup_by(|left, right| left.1 == right.1);
    all
}

async fn difference(path: &PathBuf) -> Option<String> {
    let plugin: Arc<dyn Plugin> = Arc::new(NativePlugin::new());
    let text = std::fs::read(path).expect("the recording");
    let replayed = play_reported(text.as_slice(), plugin.clone()).await;
    match driver::send(&text, plugin).await {
        Ok(sent) => compare::difference(&replayed["crm"], &sent.crm, "crm")
            .or_else(|| compare::difference(&compare::sent_so(&replayed["uis"], &sent), &sent.uis, "uis")),
        Err(why) => Some(why),
    }
}

#[test]
fn the_gateway_does_what_a_replay_does() {
    let wanted = std::env::var("RECORDING").ok();
    let all: Vec<_> = all().into_iter().filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| name.contains(wanted))).collect();
    let count = all.len();
    let (next, failed) = (Arc::new(Mutex::new(all.into_iter())), Arc::new(Mutex::new(Vec::new())));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (next, failed) = (next.clone(), failed.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
                loop {
                    let Some((name, path)) = next.lock().expect("no panic").next() else { return };
                    let known = NOT_SENT.iter().find(|(known, _)| *known == name);
                    let found = runtime.block_on(difference(&path));
                    match (known, found) {
                        (None, Some(why)) => failed.lock().expect("no panic").push(format!("{name}: {why}")),
                        (Some(_), None) => {
                            failed.lock().expect("no panic").push(format!("{name} is listed, and comes out as in the replay"))
                        }
                        (None, None) | (Some(_), Some(_)) => {}
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("no panic");
    }
    let failed = failed.lock().expect("no panic");
    assert!(failed.is_empty(), "{} of {count} recordings differ:\n{}", failed.len(), failed.join("\n"));
    assert!(wanted.is_some() || count > 600, "only {count} recordings");
}
