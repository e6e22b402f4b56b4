//! Another plugin takes the place of the one in use, with all integrations, or nothing changes.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Map, json};
use uis_gateway::control::{Change, Control};
use uis_gateway::integrations::building::{Paces, Workshop};
use uis_gateway::service::{Gateway, Parts};
use uis_host::bindings::exports::uis::integration::setup::Description;
use uis_host::bindings::uis::integration::types::Misconfiguration;
use uis_host::clock::SystemClock;
use uis_host::event::Fault;
use uis_host::plugin::around::Around;
use uis_host::plugin::{Plugin, Prepared};
use uis_test_support::native_plugin::NativePlugin;

use crate::service::crm::Crm;
use crate::service::{Plan, Service, finished, workshop};

/// The plugin under another version. It refuses settings that were saved for versions that begin with `refuses`.
struct Other {
    inner: NativePlugin,
    about: Description,
    refuses: Option<&'static str>,
}

impl Other {
    fn new(version: &str, refuses: Option<&'static str>) -> Arc<Other> {
        let inner = NativePlugin::new();
        let about = Description { version: version.to_owned(), ..inner.description().clone() };
        Arc::new(Other { inner, about, refuses })
    }
}

impl Around for Other {
    fn inner(&self) -> &dyn Plugin {
        &self.inner
    }

    fn shown(&self) -> &Description {
        &self.about
    }

    fn prepared<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        match (self.refuses, from_version) {
            (Some(refused), Some(version)) if version.starts_with(refused) => {
                let message = format!("settings of version {version} cannot be read");
                ready(Ok(Err(vec![Misconfiguration { setting: "recording-wait".into(), message }]))).boxed()
            }
            _ => self.inner.prepare(settings, from_version),
        }
    }
}

/// The service's parts with another plugin.
fn with(service: &Service, plugin: Arc<dyn Plugin>) -> Parts {
    let parts = service.gateway.parts();
    let made = workshop(plugin, Arc::new(SystemClock), Paces::off(), service.folder.path());
    Parts {
        workshop: Arc::new(Workshop { public_url: parts.workshop.public_url.clone(), ..made }),
        store: parts.store.clone(),
        options: parts.options.clone(),
        limits: parts.limits.clone(),
        capture: parts.capture,
        events_days: parts.events_days,
        captures_days: parts.captures_days,
        leave_out_lane_order: parts.leave_out_lane_order,
    }
}

fn version(service: &Service) -> String {
    service.gateway.plugin().description().version.clone()
}

/// The versions for which the settings of all integrations were saved.
async fn saved_for(service: &Service) -> Vec<String> {
    let records = service.gateway.core().expect("it runs").book().all().await.expect("the store works");
    records.into_iter().map(|record| record.settings_version).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_a_newer_version_saved_are_read_after_a_rollback_or_nothing_changes() {
    let first: Arc<dyn Plugin> = Arc::new(NativePlugin::new());
    let service = Service::start(Plan::with(first.clone())).await;
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    service.add("main", &crm).await;
    service.gateway.swap(with(&service, Other::new("0.2.9", None)), true).await.expect("it is used");
    assert_eq!(version(&service), "0.2.9");
    service.quiet().await;
    let settings = Map::from_iter([("recording-wait".to_owned(), json!(1))]);
    let change = Change { settings, settings_version: Some("0.2.9".to_owned()), ..Change::default() };
    service.control.set("main", change).await.expect("it is saved");
    assert_eq!(saved_for(&service).await, ["0.2.9"]);

    let error = service.gateway.swap(with(&service, Other::new("0.1.5", Some("0.2."))), true).await.expect_err("it is refused");
    assert!(error.contains("integration main: settings.recording-wait: settings of version 0.2.9 cannot be read"), "{error}");
    assert_eq!((version(&service).as_str(), saved_for(&service).await), ("0.2.9", vec!["0.2.9".to_owned()]), "nothing has changed");

    let before = first.description().version.clone();
    service.gateway.swap(with(&service, first), true).await.expect("the version before reads them");
    assert_eq!((version(&service), saved_for(&service).await), (before, vec!["0.2.9".to_owned()]), "they stay as they were saved");
    service.quiet().await;
    assert_eq!(service.notify("main", "call_session_finished", &finished(5, "79161234567", chrono::Utc::now())).await, 200);
    service.quiet().await;
    assert_eq!(service.control.list().await.expect("it runs")[0].dead_letters, 0);
    service.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_integration_that_could_run_before_holds_up_an_upgrade_and_another_does_not() {
    let service = Service::start(Plan::with(Arc::new(NativePlugin::new()))).await;
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    service.add("main", &crm).await;
    let account = service.folder.path().join("account.json");
    let text = std::fs::read_to_string(&account).expect("read");
    std::fs::remove_file(&account).expect("removed");
    let error = service.gateway.swap(with(&service, Other::new("0.2.9", None)), true).await.expect_err("it could run before");
    assert!(error.contains("integration main: ") && error.contains("account.json"), "{error}");
    assert_ne!(version(&service), "0.2.9");
    let parts = with(&service, Arc::new(NativePlugin::new()));
    service.gateway.stop().await;

    let gateway = Gateway::start(parts).await.expect("it starts, and reports the integration");
    assert!(gateway.running("main").is_none());
    let service = Service { gateway, ..service };
    service.gateway.swap(with(&service, Other::new("0.2.9", None)), true).await.expect("it could not run before either");
    assert!(version(&service) == "0.2.9" && service.gateway.running("main").is_none());
    std::fs::write(&account, text).expect("written");
    service.gateway.swap(with(&service, Other::new("0.2.8", None)), true).await.expect("it is used");
    assert!(service.gateway.running("main").is_some(), "it can run again");
    service.gateway.stop().await;
}
