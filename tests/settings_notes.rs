//! Notes of a plugin about a recording's settings: the version that wrote the settings reaches the plugin, and notes are no problems.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::json;
use uis_harness::crm::within::Simulators;
use uis_harness::recording;
use uis_harness::replay::{ReplayBuilder, clock_for};
use uis_harness::report::Report;
use uis_host::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, TemplateParameter,
};
use uis_host::bindings::uis::integration::types::{Delivery, Misconfiguration};
use uis_host::event::{Event, Fault};
use uis_host::plugin::{Plugin, Prepared, Run, SetupResult};
use uis_host::ports::Silent;
use uis_host::services::EventScope;
use uis_test_support::native_plugin::NativePlugin;

/// Our plugin, with a note about settings that have a version.
struct Noting(NativePlugin);

impl Plugin for Noting {
    fn description(&self) -> &Description {
        self.0.description()
    }
    fn prepare<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        Box::pin(async move {
            let prepared = self.0.prepare(settings, None).await?;
            Ok(prepared.map(|mut prepared| {
                let note = |version| Misconfiguration { setting: "chat-when".into(), message: format!("migrated from {version}") };
                prepared.notes.extend(from_version.map(note));
                prepared
            }))
        })
    }
    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        self.0.settings_schema()
    }
    fn template_parameters<'a>(&'a self, setting: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        self.0.template_parameters(setting)
    }
    fn preview_template<'a>(
        &'a self,
        setting: &'a str,
        template: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        self.0.preview_template(setting, template)
    }
    fn choices<'a>(&'a self, scope: EventScope, setting: &'a str, page: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        self.0.choices(scope, setting, page)
    }
    fn check_connection(&self, scope: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        self.0.check_connection(scope)
    }
    fn normalise_connection<'a>(&'a self, pasted: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        self.0.normalise_connection(pasted)
    }
    fn asset<'a>(&'a self, scope: EventScope, path: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        self.0.asset(scope, path)
    }
    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        self.0.handle(scope, delivery, event)
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
