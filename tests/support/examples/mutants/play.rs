//! Replays recordings with the plugin that this program was built with, natively, and prints a line of JSON for each.

use std::fs::File;
use std::io::{BufReader, Write};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use uis_harness::crm::within::Simulators;
use uis_harness::effects::Recorder;
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_test_support::native_plugin::NativePlugin;

/// How many recordings are replayed at the same time.
const AT_ONCE: usize = 2;

/// Replays the recordings of these paths. The output is that of `replay --json`, with the path in `file`; a recording whose replay panicked has
/// only `panicked`.
pub fn recordings(paths: impl Iterator<Item = String>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(AT_ONCE).enable_all().build().expect("a runtime");
    // A mutant panics often; each is part of the result.
    std::panic::set_hook(Box::new(|_| ()));
    let played = |path: String| async {
        let handle = tokio::runtime::Handle::current();
        let of_path = path.clone();
        let played = tokio::task::spawn_blocking(move || handle.block_on(play(&of_path))).await;
        let mut value = played.unwrap_or_else(|_| json!({"panicked": true}));
        value["file"] = path.into();
        value
    };
    runtime.block_on(async {
        let mut all = futures_util::stream::iter(paths).map(played).buffer_unordered(AT_ONCE);
        while let Some(value) = all.next().await {
            let mut out = std::io::stdout().lock();
            // The reader has seen enough when it closes the pipe.
            if writeln!(out, "{value}").and_then(|()| out.flush()).is_err() {
                std::process::exit(0);
            }
        }
    });
    // A handler that never ends must not hold up the end.
    std::process::exit(0);
}

async fn play(path: &str) -> Value {
    let (header, mut lines) = recording::open(BufReader::new(File::open(path).expect("readable"))).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock).expect("an account"));
    let zone = uis_host::clock::zone(&header.account.timezone).expect("a zone");
    let mut silent = ();
    let mut recorder = Recorder::new(zone, &mut silent);
    let builder = ReplayBuilder::new(&header, Arc::new(NativePlugin::new()), simulators.clone(), clock);
    let replay = match builder.ready(&mut recorder).await {
        Ok(replay) => replay,
        Err(unusable) => {
            return json!({"crm": {}, "uis": {}, "effects": [], "problems": [{"line": 1, "kind": "unreadable", "message": unusable.to_string()}]});
        }
    };
    let (report, uis) = replay.run(lines, Duration::from_secs(24 * 3600), |_| {}).await.expect("a store in memory does not fail");
    let events = json!({"delivered": report.delivered, "retried": report.retried, "failed": report.failed});
    let effects = recorder.into_effects();
    json!({"events": events, "crm": simulators.to_json(), "uis": uis, "effects": effects, "problems": report.problems})
}
