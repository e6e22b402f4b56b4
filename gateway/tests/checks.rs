//! `uis-gateway check` on a whole gateway with RetailCRM's simulator: what it finds, and the page that it prints.

use std::sync::Arc;

use serde_json::{Map, json};
use uis_gateway::checks::page;
use uis_gateway::control::{CheckReport, CheckedIntegration, Control, NewConnection, NewIntegration, SecretSource, Verdict};
use uis_gateway::integrations::Offline;
use uis_gateway::integrations::book::Book;
use uis_gateway::integrations::building::Paces;
use uis_gateway::store::{OpenOptions, SqliteStore};
use uis_host::clock::{Clock, SystemClock};
use uis_test_support::native_plugin::NativePlugin;

use crate::service::crm::Crm;
use crate::service::{Plan, Service, finished, workshop};

async fn started() -> (Service, Crm) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // Nobody listens there.
    let plan = Plan { public_url: "http://127.0.0.1:1".to_owned(), ..Plan::with(Arc::new(NativePlugin::new())) };
    let service = Service::start(plan).await;
    (service, Crm::serve(clock).await)
}

/// The worst verdict, and the page without what differs from run to run.
async fn checked(service: &Service, crm: &Crm, name: &str) -> (Verdict, String) {
    let findings = service.control.check(name).await.expect("checked");
    let integrations = vec![CheckedIntegration { name: name.to_owned(), findings }];
    let report = CheckReport { gateway: Vec::new(), integrations };
    let url = crm.url();
    let plain = |line: &String| {
        let line = line.replace(url.trim_end_matches('/'), "http://CRM");
        match line.split_once(": the last ") {
            Some((what, ago)) if ago.ends_with(" ago") => format!("{what}: the last N seconds ago"),
            _ => line,
        }
    };
    (report.verdict(), page::lines(&report).iter().map(plain).collect::<Vec<_>>().join("\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_account_has_nothing_to_do() {
    let (service, crm) = started().await;
    service.add("shop", &crm).await;
    assert_eq!(service.notify("shop", "call_session_finished", &finished(1, "79161234567", SystemClock.now())).await, 200);
    service.quiet().await;
    let (verdict, page) = checked(&service, &crm, "shop").await;
    insta::assert_snapshot!("healthy", page);
    assert_eq!(verdict, Verdict::Ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_account_says_what_to_do() {
    let (service, crm) = started().await;
    let account = service.folder.path().join("empty.json");
    std::fs::write(&account, r#"{"timezone": "Europe/Moscow"}"#).expect("written");
    let key = SecretSource::Value("a-wrong-key".to_owned().into());
    let new = NewIntegration {
        name: "shop".to_owned(),
        account: account.into(),
        connections: [("retailcrm".to_owned(), NewConnection { url: crm.url(), key })].into(),
        settings: Map::from_iter([("recording-wait".to_owned(), json!(0))]),
        settings_version: None,
        secret: None,
    };
    service.control.add(new).await.expect("it is added");
    let (verdict, page) = checked(&service, &crm, "shop").await;
    insta::assert_snapshot!("broken", page);
    assert_eq!(verdict, Verdict::Problem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_both_accounts_lack_to_work_together_is_a_warning() {
    let (service, crm) = started().await;
    service.add("shop", &crm).await;
    let account = json!({"timezone": "Europe/Moscow", "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951112233"}], "employees": [
        {"id": 1, "full_name": "Вера Новая", "email": "vera@shop.example", "extension": {"extension_phone_number": "102"}},
        {"id": 323409, "full_name": "Иванова Анна", "email": "anna@shop.example"},
    ]});
    let path = service.folder.path().join("changed.json");
    std::fs::write(&path, account.to_string()).expect("written");
    let change = uis_gateway::control::Change { account: Some(path.into()), ..Default::default() };
    service.control.set("shop", change).await.expect("changed");
    service.quiet().await;
    let findings = service.control.check("shop").await.expect("checked");
    let of_crm: Vec<&str> = findings
        .iter()
        .filter(|found| found.subject == "crm" && found.verdict == Verdict::Warning)
        .map(|found| found.message.as_str())
        .collect();
    assert!(of_crm.iter().any(|message| message.contains("no users of RetailCRM: Вера Новая.")), "{of_crm:?}");
    assert!(of_crm.iter().any(|message| message.contains("no extension: Иванова Анна.")), "{of_crm:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crm_that_is_away_is_a_problem_and_the_rest_is_checked() {
    let (service, crm) = started().await;
    service.add("shop", &crm).await;
    crm.misbehave(Some(json!({"status": 503, "body": "<html>busy</html>", "contentType": "text/html"})));
    let findings = service.control.check("shop").await.expect("checked");
    let verdict = |subject: &str| findings.iter().filter(|found| found.subject == subject).map(|found| found.verdict).max();
    assert_eq!((verdict("crm"), verdict("uis"), verdict("state")), (Some(Verdict::Problem), Some(Verdict::Ok), Some(Verdict::Ok)));
    let gateway = service.control.check_gateway().await.expect("checked");
    let subjects: Vec<&str> = gateway.iter().map(|found| found.subject.as_str()).collect();
    assert_eq!(subjects, ["service", "store", "disk", "public-url"]);
    assert_eq!(gateway[3].verdict, Verdict::Warning, "nobody answers at the test's public-url: {:?}", gateway[3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_service_the_file_is_checked_and_both_accounts_are_asked() {
    let (service, crm) = started().await;
    service.add("shop", &crm).await;
    service.gateway.stop().await;
    let (store, _) = SqliteStore::open(&service.folder.path().join("store.db"), OpenOptions::default()).expect("nobody else has it");
    let workshop = workshop(Arc::new(NativePlugin::new()), Arc::new(SystemClock), Paces::off(), service.folder.path());
    let offline = Offline::administrator(Book { store: Arc::new(store), workshop: Arc::new(workshop) });
    let gateway = offline.check_gateway().await.expect("checked");
    let verdicts: Vec<(&str, Verdict)> = gateway.iter().map(|found| (found.subject.as_str(), found.verdict)).collect();
    assert_eq!(verdicts[..2], [("service", Verdict::Problem), ("store", Verdict::Ok)]);
    assert!(verdicts.iter().all(|(subject, _)| *subject != "public-url"), "nothing can answer there: {verdicts:?}");
    let findings = offline.check("shop").await.expect("checked");
    assert!(findings.iter().any(|found| found.subject == "crm" && found.verdict == Verdict::Ok), "{findings:?}");
}
