//! Every recording, sent through a gateway once for all tests that look at what came of it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value;
use uis_gateway::control::export::RecordingSubject;
use uis_gateway::export::{Options, write_with};
use uis_gateway::privacy::pseudonyms::Pseudonyms;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::play::play_reported;

use super::all;
use super::driver::{self, Sent};

/// How many recordings are sent at the same time. More than there are cores, because their stores wait for the disk.
const AT_ONCE: usize = 6;

/// What came of one recording.
pub struct Outcome {
    /// The recording's name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// What a replay left behind.
    pub replayed: Value,
    /// What the gateway left behind, and the store's exports; or why the recording could not be sent.
    pub sent: Result<(Sent, Result<Exports, String>), String>,
}

/// The recording from life that a gateway exports.
pub struct Exports {
    /// As it is.
    pub plain: Vec<u8>,
    /// Masked.
    pub masked: Vec<u8>,
}

/// What came of every recording, or of those whose names contain `RECORDING`. The first call sends them.
pub fn outcomes() -> &'static [Outcome] {
    static OUTCOMES: OnceLock<Vec<Outcome>> = OnceLock::new();
    OUTCOMES.get_or_init(|| {
        let wanted = std::env::var("RECORDING").ok();
        let all = all::all().into_iter().filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| name.contains(wanted)));
        let outcomes = on_each(all.collect(), async |(name, path)| {
            let text = std::fs::read(&path).expect("the recording");
            let plugin = Arc::new(NativePlugin::new());
            let replayed = play_reported(text.as_slice(), plugin.clone()).await;
            let exports = |subjects: &[RecordingSubject]| Ok(Exports { plain: export(subjects, true)?, masked: export(subjects, false)? });
            let sent = driver::send_then(&text, plugin, false, exports).await;
            Outcome { name, path, replayed, sent }
        });
        assert!(wanted.is_some() || outcomes.len() > 600, "only {} recordings", outcomes.len());
        outcomes
    })
}

fn export(subjects: &[RecordingSubject], plain: bool) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let options = Options { from: 0, until: i64::MAX, phone: None, plain };
    // A key of its own, so that a failure comes again.
    let hidden = (!plain).then(|| Pseudonyms::new([7; 32]));
    write_with(subjects, &options, hidden, &mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

/// Does the same with every item, a few at a time. The results are in the order of the items.
pub fn on_each<I: Send, T: Send>(items: Vec<I>, work: impl AsyncFn(I) -> T + Sync) -> Vec<T> {
    let (next, done) = (Mutex::new(items.into_iter().enumerate()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                // A gateway's tasks on one thread; its store has threads of its own.
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                loop {
                    let Some((place, item)) = next.lock().expect("no panic").next() else { return };
                    let result = runtime.block_on(work(item));
                    done.lock().expect("no panic").push((place, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no panic");
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Fails with every recording for which `difference` says something and which is not among the exceptions, and with every exception for which
/// it says nothing.
pub fn assert_same<'a>(exceptions: &[(&str, &str)], differences: impl IntoIterator<Item = (&'a str, Option<String>)>) {
    let mut count = 0;
    let mut failed = Vec::new();
    for (name, found) in differences {
        count += 1;
        match (exceptions.iter().any(|(known, _)| *known == name), found) {
            (false, Some(why)) => failed.push(format!("{name}: {why}")),
            (true, None) => failed.push(format!("{name} is listed, and comes out the same")),
            (false, None) | (true, Some(_)) => {}
        }
    }
    assert!(failed.is_empty(), "{} of {count} recordings differ:\n{}", failed.len(), failed.join("\n"));
}
