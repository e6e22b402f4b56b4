//! Every recording is sent through the gateway over HTTP, line after line, with RetailCRM's simulator on a socket and the clock turned by the
//! test. Afterwards RetailCRM and UIS contain the same as after a replay of the recording.

pub mod all;
mod compare;
pub mod driver;
pub mod leak;
pub mod strict;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use uis_host::plugin::Plugin;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::play_reported;

/// Recordings that cannot be sent so, each with the reason.
const NOT_SENT: [(&str, &str); 0] = [];

/// Recordings that come out otherwise over UIS's APIs, each with the reason.
const NOT_LIVE: [(&str, &str); 8] = [
    ("settings.click-line-fixed-for-numa", NO_RULE),
    ("settings.click-line-random", NO_RULE),
    ("settings.click-line-random-without-number", NO_RULE),
    ("settings.click-line-regional-fixed-for-numa", NO_RULE),
    ("settings.click-line-regional-random", NO_RULE),
    ("settings.chat-skip-outgoing-reported", NO_VISITOR),
    ("text.chat-not-told", NO_VISITOR),
    ("text.report-hours-late", NO_VISITOR),
];
const NO_RULE: &str = "get.sip_lines does not give by which rule a line's number is chosen";
const NO_VISITOR: &str = "get.chats_report does not give the visitor's name";

async fn difference(path: &PathBuf, live: bool) -> Option<String> {
    let plugin: Arc<dyn Plugin> = Arc::new(NativePlugin::new());
    let text = std::fs::read(path).expect("the recording");
    let replayed = play_reported(text.as_slice(), plugin.clone()).await;
    match driver::send(&text, plugin, live).await {
        Ok(mut sent) => {
            let mut uis = compare::sent_so(&replayed["uis"], &sent);
            if live {
                [&mut uis, &mut sent.uis].into_iter().for_each(compare::over_the_apis);
            }
            compare::difference(&replayed["crm"], &sent.crm, "crm").or_else(|| compare::difference(&uis, &sent.uis, "uis"))
        }
        Err(why) => Some(why),
    }
}

#[test]
fn the_gateway_does_what_a_replay_does() {
    all_are_the_same(false, &NOT_SENT);
}

#[test]
fn the_gateway_does_it_with_a_uis_account_over_its_apis() {
    all_are_the_same(true, &NOT_LIVE);
}

fn all_are_the_same(live: bool, exceptions: &'static [(&str, &str)]) {
    let wanted = std::env::var("RECORDING").ok();
    let all: Vec<_> = all::all().into_iter().filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| name.contains(wanted))).collect();
    let count = all.len();
    let (next, failed) = (Arc::new(Mutex::new(all.into_iter())), Arc::new(Mutex::new(Vec::new())));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (next, failed) = (next.clone(), failed.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
                loop {
                    let Some((name, path)) = next.lock().expect("no panic").next() else { return };
                    let known = exceptions.iter().find(|(known, _)| *known == name);
                    let found = runtime.block_on(difference(&path, live));
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
