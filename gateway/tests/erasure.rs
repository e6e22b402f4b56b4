//! Erasing a person: nothing of them is left on the disk, nothing comes back, and whoever calls later is new.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tempfile::TempDir;
use uis_gateway::config::Capture;
use uis_gateway::control::erasure::{ErasureView, WhomToErase};
use uis_gateway::control::{Control, ControlError, Erasure};
use uis_gateway::integrations::administrator::Deliverer;
use uis_gateway::integrations::erasures::{self, Lanes};
use uis_host::clock::{Clock, SystemClock};
use uis_test_support::native_plugin::NativePlugin;

use crate::service;
use crate::service::crm::Crm;
use crate::service::http::{notification, status};
use crate::service::{ACCOUNT, Plan, SECRET, Service, finished, sessions};

/// What identifies the person.
const PHONE: &str = "79162845073";
const EMAIL: &str = "planted.person@mail.example";
const VISITOR: i64 = 4_242_424_242;
/// What else is planted, which only the person's appeals have.
const NAME: &str = "Плантагенет Анна";
const TEXT: &str = "секретныйтекст";
const TOKEN: &str = "pl4ntedT0kenOfALink";
/// The customer who stays.
const OTHER: &str = "79260000001";

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Everything that must be found nowhere.
fn needles() -> Vec<String> {
    let mut all = vec![
        "9162845073".to_owned(),
        "916) 284-50-73".to_owned(),
        "9 1 6 2 8 4 5 0 7 3".to_owned(),
        EMAIL.to_owned(),
        EMAIL.to_uppercase(),
        NAME.to_owned(),
        TEXT.to_owned(),
        TOKEN.to_owned(),
        VISITOR.to_string(),
    ];
    for text in [format!("+{PHONE}"), EMAIL.to_owned(), NAME.to_owned(), TEXT.to_owned()] {
        all.extend([encoded(&text), STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)]);
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        all.push(escaped);
        // As serde writes bytes.
        let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        all.push(bytes.join(","));
    }
    all
}

/// The needles that a folder's files have, with the file.
fn left_in(folder: &Path) -> Vec<String> {
    let mut left = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            left.extend(left_in(&path));
            continue;
        }
        // The administrator's socket has no content.
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).expect("readable");
        let has = |needle: &String| memchr::memmem::find(&bytes, needle.as_bytes()).is_some();
        left.extend(needles().iter().filter(|needle| has(needle)).map(|needle| format!("{needle} in {}", path.display())));
    }
    left
}

fn whom() -> WhomToErase {
    WhomToErase { phones: vec!["8 (916) 284-50-73".into()], emails: vec![EMAIL.into()], visitors: vec![VISITOR], integration: None }
}

async fn start(folder: Option<TempDir>) -> Service {
    let plan = Plan { capture: Capture::All, ..Plan::with(Arc::new(NativePlugin::new())) };
    Service::start(match folder {
        Some(folder) => Plan { folder, ..plan },
        None => plan,
    })
    .await
}

/// A chat of the person, in which only some events name them.
fn chat(id: u64, members: Value) -> String {
    let mut body = json!({"chat_id": id, "communication_id": id + 500, "date_time": "2026-11-20 10:00:00", "chat_channel_type": "comagic"});
    let all = body.as_object_mut().expect("an object");
    all.extend(members.as_object().expect("an object").clone());
    body.to_string()
}

/// Calls, chats and requests of the person in every spelling, between those of another customer.
async fn plant(address: SocketAddr, name: &str) {
    let notify = async |kind: &str, body: &str| status(address, &notification(&format!("/{name}/notify/{SECRET}/{kind}"), body)).await;
    let now = SystemClock.now();
    let link = format!("https://x.example/{TOKEN}/{}?p={}", STANDARD.encode(format!("+{PHONE}")), encoded(&format!("+{PHONE}")));
    for (kind, body) in [
        ("call_session_finished", finished(900_000_001, OTHER, now)),
        ("call_session_finished", finished(900_000_002, PHONE, now)),
        // No phone: only the session says whose it is.
        ("record_ready", json!({"call_session_id": 900_000_002, "file_link": link, "file_duration": 5}).to_string()),
        ("record_ready", json!({"call_session_id": 900_000_001, "file_link": "https://x.example/other", "file_duration": 5}).to_string()),
        ("set_mark", json!({"communication_id": 900_000_002, "communication_type": "call", "tag_ids": [1], "tag_names": [TEXT]}).to_string()),
        ("chat_accepted", chat(900_000_100, json!({"visitor_id": VISITOR, "visitor_name": NAME}))),
        ("chat_message", chat(900_000_100, json!({"id": 1, "source": "visitor", "text": format!("{TEXT} 8 (916) 284-50-73")}))),
        ("chat_message", chat(900_000_100, json!({"id": 2, "source": "operator", "text": format!("{NAME}, {TEXT}")}))),
        ("chat_finished", chat(900_000_100, json!({"visitor_id": VISITOR, "visitor_email": EMAIL.to_uppercase(), "status": "succeed"}))),
        ("chat_message", chat(900_000_200, json!({"id": 3, "source": "visitor", "text": "чужой текст", "visitor_phone_number": OTHER}))),
        (
            "offline_message",
            json!({"communication_id": 900_000_700, "visitor_name": NAME, "visitor_email": EMAIL, "text": TEXT, "date_time": "2026-11-20 10:00:00"})
                .to_string(),
        ),
    ] {
        assert_eq!(notify(kind, &body).await, 200, "{kind}");
    }
    for body in [
        format!("[\"7 9 1 6 2 8 4 5 0 7 3\", \"{NAME}\"]"),
        format!("phone={}&text={TEXT}", encoded(&format!("+{PHONE}"))),
        format!("{{\"broken\": \"{}\", {TEXT}", URL_SAFE_NO_PAD.encode(format!("+{PHONE}"))),
        format!("{{\"broken\": \"\\u002b\\u0037916\\u0032845073 {NAME}\""),
        "{\"broken\": \"of somebody else\"".to_owned(),
    ] {
        assert_eq!(notify("call_session_finished", &body).await, 200);
    }
}

/// A gateway on which the person is planted: some events are done, some wait, some cannot be read.
async fn planted() -> (Service, Crm) {
    let service = start(None).await;
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    service.add("shop", &crm).await;
    plant(service.address, "shop").await;
    service.quiet().await;
    crm.misbehave(Some(json!({"status": 503})));
    let now = SystemClock.now();
    for (session, phone) in [(900_000_003, PHONE), (900_000_004, OTHER)] {
        assert_eq!(service.notify("shop", "call_session_finished", &finished(session, phone, now)).await, 200);
    }
    (service, crm)
}

/// Whether a call is in the CRM's history of calls.
fn uploaded(crm: &Crm, session: u64) -> bool {
    sessions(&crm.calls()).contains(&session)
}

fn total(view: &ErasureView) -> u64 {
    view.integrations.iter().map(|integration| integration.counted.waiting + integration.counted.done + integration.counted.requests).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_an_erased_person_is_left_on_the_disk_and_others_stay() {
    let (service, crm) = planted().await;
    let folder = service.folder.path().to_owned();
    assert!(!left_in(&folder).is_empty(), "they are planted");

    let preview = service.control.find_person(&whom()).await.expect("found");
    assert!(
        !preview.erased && preview.integrations[0].counted.waiting >= 1 && preview.integrations[0].counted.unreadable == 4,
        "{preview:?}"
    );
    assert!(!left_in(&folder).is_empty(), "nothing was deleted");

    let view = service.control.erase(&whom()).await.expect("erased");
    assert_eq!(left_in(&folder), Vec::<String>::new());
    let shop = &view.integrations[0];
    assert!(shop.notes.is_empty(), "{:?}", shop.notes);
    assert_eq!((shop.uis.calls.as_slice(), shop.uis.chats.as_slice()), ([900_000_002, 900_000_003].as_slice(), [900_000_100].as_slice()));
    assert_eq!(shop.uis.site_requests, [900_000_700]);
    assert!(shop.crm.iter().any(|remaining| remaining.what.contains("uis-call-900000002")), "{:?}", shop.crm);
    assert_eq!(total(&service.control.find_person(&whom()).await.expect("found")), 0);

    assert_eq!(service.count("SELECT count(*) FROM requests WHERE rejected IS NOT NULL"), 1, "the body of somebody else");
    assert_eq!(service.count("SELECT count(*) FROM audit WHERE what = 'erase'"), 1);
    crm.misbehave(None);
    service.until("the other customer's call arrives", async || uploaded(&crm, 900_000_004)).await;
    assert!(!uploaded(&crm, 900_000_003));
    assert_eq!(left_in(&folder), Vec::<String>::new(), "nor later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_late_is_kept_out_and_whoever_calls_later_is_new() {
    let (service, crm) = planted().await;
    crm.misbehave(None);
    service.control.erase(&whom()).await.expect("erased");
    let before = SystemClock.now() - chrono::TimeDelta::hours(1);
    let old = finished(900_000_050, PHONE, before);
    let recording = json!({"call_session_id": 900_000_002, "file_link": format!("https://x.example/{TOKEN}")}).to_string();
    let repeated = finished(900_000_002, PHONE, SystemClock.now());
    for (kind, body) in [("call_session_finished", &old), ("record_ready", &recording), ("call_session_finished", &repeated)] {
        assert_eq!(service.notify("shop", kind, body).await, 200, "{kind}: UIS must not send it again");
    }
    service.gateway.core().expect("it runs").store.written().await.expect("written");
    assert_eq!(left_in(service.folder.path()), Vec::<String>::new());

    let later = finished(900_000_060, PHONE, SystemClock.now());
    assert_eq!(service.notify("shop", "call_session_finished", &later).await, 200);
    service.until("the new call is in the CRM", async || uploaded(&crm, 900_000_060)).await;
}

/// Yesterday's backup: a copy of the file beside the running gateway.
fn backup(service: &Service) -> Vec<u8> {
    let (from, to) = (service.folder.path().join("store.db"), service.folder.path().join("backup"));
    let connection = rusqlite::Connection::open(from).expect("the file");
    connection.execute("VACUUM INTO ?", [to.to_str().expect("UTF-8")]).expect("a copy");
    let bytes = std::fs::read(&to).expect("the copy");
    std::fs::remove_file(to).expect("removed");
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_has_no_erased_person() {
    let (service, crm) = planted().await;
    let copy = backup(&service);
    service.control.erase(&whom()).await.expect("erased");
    service.gateway.stop().await;
    let folder = service.folder;
    for part in ["store.db-wal", "store.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(part));
    }
    std::fs::write(folder.path().join("store.db"), copy).expect("restored");
    assert!(!left_in(folder.path()).is_empty(), "the backup has the person");

    let service = start(Some(folder)).await;
    assert_eq!(left_in(service.folder.path()), Vec::<String>::new());
    assert_eq!(service.count("SELECT count(*) FROM requests WHERE rejected IS NOT NULL"), 1, "the body of somebody else");
    crm.misbehave(None);
    service.until("the other customer's call arrives", async || uploaded(&crm, 900_000_004)).await;
    assert!(!uploaded(&crm, 900_000_003));
    assert_eq!(left_in(service.folder.path()), Vec::<String>::new());
}

/// Lanes whose events never end, so that an erasure comes no further.
struct Stuck;

impl Lanes for Stuck {
    fn forget<'a>(&'a self, _: &'a str, _: HashSet<String>) -> BoxFuture<'a, Result<HashSet<String>, ControlError>> {
        futures_util::future::pending().boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_was_interrupted_is_finished_at_the_next_start() {
    let (service, _crm) = planted().await;
    let book = uis_gateway::service::deliverer::Live::new(service.gateway.clone()).expect("it runs").book();
    let whom = whom();
    let erasing = erasures::erase(&book, &Stuck, &whom);
    tokio::select! {
        _ = erasing => panic!("it cannot end"),
        () = service.until("it has begun", async || service.count("SELECT count(*) FROM erasures") == 1) => {}
    }
    assert!(!left_in(service.folder.path()).is_empty(), "nothing was deleted yet");
    service.gateway.stop().await;
    drop(book);
    let service = start(Some(service.folder)).await;
    assert_eq!(left_in(service.folder.path()), Vec::<String>::new());
    assert_eq!(service.count("SELECT count(*) FROM erasures"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_company_s_and_employees_numbers_are_refused() {
    let service = start(None).await;
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    service.add("shop", &crm).await;
    for (whom, expected) in [
        (WhomToErase { phones: vec!["74951112233".into()], ..WhomToErase::default() }, "virtual number"),
        (WhomToErase { emails: vec!["Anna@shop.example".into()], ..WhomToErase::default() }, "employee"),
        (WhomToErase::default(), "nobody is named"),
        (WhomToErase { visitors: vec![1], integration: Some("other".into()), ..WhomToErase::default() }, "there is no integration"),
    ] {
        let error = service.control.erase(&whom).await.expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(!service.folder.path().join("erasures.journal").exists(), "nothing was done");
    service.control.list().await.expect("it works");
}

/// The gateway's program, with its log lines in a file.
struct Program {
    folder: TempDir,
    address: SocketAddr,
    serving: Option<Child>,
}

impl Program {
    async fn start(crm: &Crm) -> Program {
        let folder = tempfile::tempdir().expect("a folder");
        // The port is free again at once, and nobody else asks for it meanwhile.
        let address = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let config = format!(
            "listen = \"{address}\"\npublic-url = \"http://{address}\"\n[store]\npath = \"store.db\"\ncapture = \"all\"\n[log]\nformat = \"json\"\n"
        );
        std::fs::write(folder.path().join("gateway.toml"), config).expect("written");
        std::fs::write(folder.path().join("account.json"), ACCOUNT).expect("written");
        std::fs::write(folder.path().join("settings.json"), r#"{"recording-wait": 0}"#).expect("written");
        let mut program = Program { folder, address, serving: None };
        let connection = format!("retailcrm={}", crm.url());
        let add = ["integration", "add", "shop", "--account", "account.json", "--connection", &connection, "--key-env", "CRM_KEY"];
        let add = [add.as_slice(), &["--settings", "settings.json", "--secret-env", "ITS_SECRET"]].concat();
        program.run_with(&add, &[("CRM_KEY", &crm.key()), ("ITS_SECRET", SECRET)]);
        program.run(&["integration", "activate", "shop"]);
        let log = std::fs::File::create(program.folder.path().join("gateway.log")).expect("a file");
        let mut serve = program.command(&["serve"]);
        serve.env("CRM_KEY", crm.key()).stdout(log.try_clone().expect("a file")).stderr(log);
        program.serving = Some(serve.spawn().expect("it runs"));
        program
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uis-gateway"));
        command.args(["--config", "gateway.toml"]).args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Value {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
        let output = self.command(arguments).arg("--json").envs(variables.iter().copied()).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        let end = std::time::Instant::now() + service::http::PATIENCE * 6;
        while !so().await {
            assert!(std::time::Instant::now() < end, "not in time: {what}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            // It may have ended already.
            let _ = serving.kill();
            let _ = serving.wait();
        }
    }
}

/// The whole program with the plugin's component: the person is not in its files, not in its log lines, and not in what the command prints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_leaves_nothing_of_an_erased_person_in_its_files_and_log_lines() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let program = Program::start(&crm).await;
    let answers = async || tokio::net::TcpStream::connect(program.address).await.is_ok();
    program.until("it listens", answers).await;
    plant(program.address, "shop").await;
    program.until("the calls are in the CRM", async || uploaded(&crm, 900_000_001) && uploaded(&crm, 900_000_002)).await;
    crm.misbehave(Some(json!({"status": 503})));
    let waits = notification(&format!("/shop/notify/{SECRET}/call_session_finished"), &finished(900_000_003, PHONE, SystemClock.now()));
    assert_eq!(status(program.address, &waits).await, 200);
    let whom = ["erase", "--phone", "8 (916) 284-50-73", "--email", EMAIL, "--visitor", &VISITOR.to_string()];
    let preview = program.run(&whom);
    assert_eq!((&preview["erased"], &preview["integrations"][0]["counted"]["unreadable"]), (&json!(false), &json!(4)), "{preview}");
    let erased = program.run(&[whom.as_slice(), &["--yes"]].concat());
    assert_eq!((&erased["erased"], &erased["integrations"][0]["notes"]), (&json!(true), &Value::Null), "{erased}");
    assert!(erased["integrations"][0]["uis"]["calls"].as_array().is_some_and(|calls| calls.contains(&json!(900_000_002))), "{erased}");
    assert_eq!(left_in(program.folder.path()), Vec::<String>::new());
    let shown = format!("{preview}{erased}");
    assert!(!needles().iter().any(|needle| shown.contains(needle)), "{shown}");
    let log = std::fs::read_to_string(program.folder.path().join("gateway.log")).expect("the log");
    assert!(log.contains("\"handled\""), "it is the log: {log}");
}
