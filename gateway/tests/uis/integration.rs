//! An integration whose UIS account is a live one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, json};
use uis_gateway::control::{AccountView, Change, Control, ControlError, NewAccount, NewConnection, NewIntegration, NewLive, SecretSource};
use uis_test_support::native_plugin::NativePlugin;

use super::scripted::{Server, error, good};
use crate::service::{Plan, Service};

fn live(server: &Server, token: &str) -> NewLive {
    NewLive {
        data_api: Some(format!("{}/v2.0", server.base)),
        token: Some(SecretSource::Value(token.to_owned().into())),
        extensions: Some(vec!["rmo".to_owned()]),
        ..NewLive::default()
    }
}

fn integration(name: &str, account: NewLive) -> NewIntegration {
    let key = SecretSource::Value("simulator-key-0123456789abcdef01".to_owned().into());
    let connection = NewConnection { url: "http://127.0.0.1:9".to_owned(), key };
    NewIntegration {
        name: name.to_owned(),
        account: NewAccount::Live(Box::new(account)),
        connections: BTreeMap::from([("retailcrm".to_owned(), connection)]),
        settings: Map::new(),
        settings_version: None,
        secret: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_account_is_asked_for_its_zone_once_and_its_secret_is_shown_nowhere() {
    let server = Server::start().await;
    server.answers(|request| {
        let mut answer = good(request);
        if request["method"] == "get.account" {
            answer["result"]["data"][0]["timezone"] = json!("Asia/Omsk");
        }
        (200, answer.to_string())
    });
    let service = Service::start(Plan::with(Arc::new(NativePlugin::new()))).await;
    let view = service.control.add(integration("main", live(&server, "uis-k3y-of-main"))).await.expect("it is added");
    let AccountView::Live(account) = &view.account else { panic!("a live account: {view:?}") };
    assert_eq!((account.timezone.as_str(), account.credentials.as_str()), ("Asia/Omsk", "token sealed"));
    assert_eq!(account.call_api, format!("{}/v4.0", server.base));
    assert_eq!(server.methods(), ["get.account"]);

    let second = integration("second", live(&server, "uis-k3y-of-main"));
    service.control.add(second).await.expect("it is added");
    let client = |name| service.gateway.running(name).and_then(|running| running.uis.clone()).expect("it runs with a live account");
    assert!(Arc::ptr_eq(&client("main"), &client("second")), "integrations with the same credentials share points and lists");
    let other = integration("other", NewLive { timezone: Some("Asia/Omsk".to_owned()), ..live(&server, "uis-k3y-of-other") });
    service.control.add(other).await.expect("it is added");
    assert!(!Arc::ptr_eq(&client("main"), &client("other")));

    let change = NewLive { sources: Some(vec!["Яндекс".to_owned()]), ..NewLive::default() };
    let change = Change { account: Some(NewAccount::Live(Box::new(change))), ..Change::default() };
    let view = service.control.set("main", change).await.expect("it is changed");
    let AccountView::Live(account) = &view.account else { panic!("a live account: {view:?}") };
    assert_eq!(
        (account.sources.as_slice(), account.extensions.as_slice()),
        (["Яндекс".to_owned()].as_slice(), ["rmo".to_owned()].as_slice())
    );
    let shown = serde_json::to_string(&service.control.list().await.expect("a list")).expect("JSON");
    assert!(!shown.contains("uis-k3y"), "{shown}");
    service.gateway.stop().await;
    for part in ["", "-wal"] {
        let file = std::fs::read(service.folder.path().join(format!("store.db{part}"))).unwrap_or_default();
        assert!(!file.windows(7).any(|window| window == b"uis-k3y"), "the secret is not in store.db{part}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_uis_does_not_admit_is_refused_with_the_remedy_unless_its_zone_is_given() {
    let server = Server::start().await;
    server.answers(|request| (200, error(request, -32003, "ip_not_whitelisted").to_string()));
    let service = Service::start(Plan::with(Arc::new(NativePlugin::new()))).await;
    let refused = service.control.add(integration("main", live(&server, "k"))).await.expect_err("UIS does not admit it");
    let ControlError::Invalid(problems) = refused else { panic!("{refused:?}") };
    assert!(problems[0].contains("tab API") && problems[0].contains("--uis-timezone"), "{problems:?}");
    let given = NewLive { timezone: Some("Europe/Moscow".to_owned()), ..live(&server, "k") };
    service.control.add(integration("main", given)).await.expect("the zone is known");
    let running = service.gateway.running("main").expect("it accepts events");
    assert!(running.integration.account.directory.employees(0).await.is_err());
    let notes = service.control.list().await.expect("a list")[0].notes.clone();
    assert!(notes.iter().any(|note| note.starts_with("UIS: ") && note.contains("ip_not_whitelisted")), "{notes:?}");
    service.gateway.stop().await;
}
