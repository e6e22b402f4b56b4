//! Notes of a plugin about a recording's settings: the version that wrote the settings reaches the plugin, and notes are no problems.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use uis_harness::crm::within::Simulators;
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_harness::report::Report;
use uis_host::bindings::uis::integration::types::Misconfiguration;
use uis_host::event::Fault;
use uis_host::plugin::around::Around;
use uis_host::plugin::{Plugin, Prepared};
use uis_host::ports::Silent;
use uis_test_support::native_plugin::NativePlugin;

/// Our plugin, with a note about settings that have a version.
struct Noting(NativePlugin);

impl Around for Noting {
    fn inner(&self) -> &dyn Plugin {
        &self.0
    }

    fn prepared<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        Box::pin(async move {
            let prepared = self.0.prepare(settings, None).await?;
            Ok(prepared.map(|mut prepared| {
                let note = |version| Misconfiguration { setting: "chat-when".into(), message: format!("migrated from {version}") };
                prepared.notes.extend(from_version.map(note));
                prepared
            }))
        })
    }
}

async fn report(lines: &[serde_json::Value]) -> Report {
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let (header, mut lines) = recording::open(text.as_bytes()).expect("a header");
    let clock = clock_for(&mut lines);
    let simulators = Arc::new(Simulators::new(&header, &clock).expect("an account"));
    let mut silent = Silent;
    let builder = ReplayBuilder::new(&header, Arc::new(Noting(NativePlugin::new())), simulators, clock);
    let replay = builder.ready(&mut silent).await.expect("usable");
    replay.run(lines, Duration::from_secs(60), |_| {}).await.expect("a store in memory does not fail").0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_of_settings_reaches_the_plugin_and_its_notes_are_no_problems() {
    let at = "2026-11-23T10:00:00+03:00";
    let single = report(&[
        json!({"recording": 1, "settings": {}, "settings-version": "0.1.0"}),
        json!({"at": at, "settings": {"recording-wait": 5}}),
        json!({"at": at, "settings": {"recording-wait": 7}, "settings-version": "0.1.9"}),
    ])
    .await;
    let note = |line: u64, version: &str| (line, format!("settings.chat-when: migrated from {version}"));
    assert_eq!(single.notes, [note(1, "0.1.0"), note(3, "0.1.9")]);
    assert_eq!((single.problems, single.failed), (Vec::new(), 0));

    let integrations = json!([{"name": "a"}, {"name": "b", "settings-version": "0.1.2"}]);
    let several = report(&[json!({"recording": 1, "integrations": integrations})]).await;
    assert_eq!(several.notes, [note(1, "0.1.2")]);
}
