//! Finding events and putting them right: the commands of the real program, over the administrator's socket of a gateway whose store has events of
//! every kind.

mod refusing;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{Duration, Utc};
use serde_json::{Value, json};
use tokio::sync::watch;
use uis_gateway::admin::Server;
use uis_gateway::config::{Capture, Config};
use uis_gateway::control::{Control, Events};
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::service::deliverer::Live;
use uis_host::clock::SystemClock;

use self::refusing::Refusing;
use crate::service::crm::Crm;
use crate::service::{Plan, Service, finished, sessions};

/// A gateway, its CRM, and the program's configuration.
struct Place {
    service: Service,
    crm: Crm,
    /// Whether finished calls are refused.
    refuses: Arc<AtomicBool>,
    config: PathBuf,
    _stop: watch::Sender<bool>,
}

/// Starts the gateway, whose plugin refuses when it is wanted, and its CRM.
async fn started(folder: Option<tempfile::TempDir>) -> (Service, Arc<AtomicBool>) {
    let plugin = Refusing::new();
    let refuses = plugin.refuses.clone();
    let plan = Plan { capture: Capture::All, ..Plan::with(Arc::new(plugin)) };
    let folder = folder.unwrap_or(plan.folder);
    (Service::start(Plan { folder, ..plan }).await, refuses)
}

/// What a command did.
struct Done {
    status: i32,
    out: String,
    err: String,
}

impl Place {
    async fn new() -> Place {
        let crm = Crm::serve(Arc::new(SystemClock)).await;
        let (service, refuses) = started(None).await;
        service.add("main", &crm).await;
        let config = service.folder.path().join("gateway.toml");
        std::fs::write(&config, "public-url = \"https://uis.example\"\n[store]\npath = \"store.db\"\n").expect("written");
        let stop = watch::Sender::new(false);
        let control = Arc::new(Administrator(Live::new(service.gateway.clone()).expect("it has begun")));
        let server = Server::bind(&Config::read(&config).expect("readable"), control, Arc::new(String::new)).expect("bound");
        tokio::spawn(server.serve(stop.subscribe()));
        Place { service, crm, refuses, config, _stop: stop }
    }

    /// Runs a command of the program.
    async fn run(&self, arguments: &[&str], input: &str) -> Done {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uis-gateway"));
        command.arg("--config").arg(&self.config).args(arguments).env_remove("UIS_GATEWAY_TOKEN").env_remove("EDITOR");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let input = input.to_owned();
        let output = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("it runs");
            // A command that reads nothing may have ended.
            let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
            child.wait_with_output().expect("it ends")
        });
        let output = output.await.expect("no panic");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Done { status: output.status.code().expect("not killed"), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The object that a command prints.
    async fn json(&self, arguments: &str) -> Value {
        let arguments: Vec<&str> = arguments.split(' ').chain(["--json"]).collect();
        let done = self.run(&arguments, "").await;
        assert_eq!(done.status, 0, "{arguments:?}: {} {}", done.out, done.err);
        serde_json::from_str(&done.out).expect("JSON")
    }

    /// The error of a command.
    async fn error(&self, arguments: &str) -> String {
        let done = self.run(&arguments.split(' ').collect::<Vec<_>>(), "").await;
        assert_eq!(done.status, 2, "{arguments}: {} {}", done.out, done.err);
        done.err
    }

    /// Waits until nothing is at work, and what was captured of it is in the file.
    async fn quiet(&self) {
        self.service.quiet().await;
        self.service.gateway.core().expect("it runs").store.committed().await.expect("it is on disk");
    }

    /// Sends a finished call.
    async fn call(&self, session: u64, phone: &str) {
        assert_eq!(self.service.notify("main", "call_session_finished", &finished(session, phone, Utc::now())).await, 200);
    }

    /// Sends calls that are refused.
    async fn refused(&self, calls: &[(u64, &str)]) {
        self.refuses.store(true, Ordering::SeqCst);
        for (session, phone) in calls {
            self.call(*session, phone).await;
        }
        self.quiet().await;
        self.refuses.store(false, Ordering::SeqCst);
    }
}

fn ids(page: &Value, member: &str) -> Vec<String> {
    page[member].as_array().expect("a list").iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_are_listed_masked_by_every_filter_and_page_by_page() {
    let place = Place::new().await;
    place.call(501, "79161234501").await;
    place.quiet().await;
    place.refused(&[(502, "79161234502")]).await;
    assert_eq!(
        place
            .service
            .notify("main", "call_session_finished", "{\"call_session_id\": \"x\", \"contact_phone_number\": \"79161234503\"}")
            .await,
        200
    );
    let all = place.json("events").await;
    let states: Vec<&str> = all["events"].as_array().expect("a list").iter().map(|event| event["state"].as_str().expect("text")).collect();
    assert!(states.starts_with(&["unreadable"]) && states.contains(&"dead") && states.contains(&"done"), "{states:?}");
    assert!(!all.to_string().contains("7916123450"), "{all}");
    for (filter, expected) in [
        ("--state dead", "dead"),
        ("--state dead --session 502", "dead"),
        ("--session 501 --type call_session_finished", "done"),
        ("--phone 89161234502", "dead"),
        ("--reason entity", "dead"),
        ("--state unreadable --phone 4503", "unreadable"),
        (
            "--state dead,unreadable --integration main --from 2026-01-01 --type call_session_finished --reason call_session_id",
            "unreadable",
        ),
    ] {
        let page = place.json(&format!("events {filter}")).await;
        let events = page["events"].as_array().expect("a list");
        assert!(events.len() == 1 && events[0]["state"] == expected, "{filter}: {page}");
        assert_eq!(page["next"], Value::Null, "{filter}: everything was looked at");
    }
    for filter in ["--session 7", "--phone 79990000000", "--to 2020-01-01", "--from 2090-01-01", "--state waiting --session 501"] {
        assert_eq!(place.json(&format!("events {filter}")).await["events"], json!([]), "{filter}");
    }
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = place.json(&format!("events --limit 1{cursor}")).await;
        paged.extend(ids(&page, "events"));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!(" --after {next}");
    }
    assert_eq!(paged, ids(&all, "events"));
    let revealed = place.json("events --session 502 --reveal").await;
    assert_eq!(revealed["events"][0]["phone"], "79161234502");
    let log = place.json("audit").await;
    assert_eq!(
        (&log["entries"][0]["what"], &log["entries"][0]["detail"]),
        (&json!("reveal"), &json!("a list of events, by limit, session"))
    );
    assert!(log["entries"][0]["who"].as_str().is_some_and(|who| who.starts_with("user ")), "{log}");
    for (arguments, expected) in [
        ("events --integration olga", "there is no integration \"olga\""),
        ("events --state asleep", "state: \"asleep\" is no state; write waiting, done, dead or unreadable"),
        ("events --from yesterday", "from: \"yesterday\" is no time"),
        ("events --after x", "after: \"x\" is no cursor"),
        ("events --phone 12", "at least its last 4 digits"),
        ("event 999999", "there is no event \"999999\""),
    ] {
        let error = place.error(arguments).await;
        assert!(error.contains(expected), "{arguments}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_is_shown_with_all_that_is_stored_about_it() {
    let place = Place::new().await;
    place.call(501, "79161234501").await;
    place.quiet().await;
    let listed = place.json("events --session 501 --type call_session_finished").await;
    let id = ids(&listed, "events").remove(0);
    let detail = place.json(&format!("event {id}")).await;
    assert_eq!(detail["event"], listed["events"][0]);
    assert_eq!(detail["normalised"]["CallFinished"]["call"]["session_id"], 501);
    assert!(detail["request"]["body"].as_str().is_some_and(|body| body.contains("\"call_session_id\":501")), "{detail}");
    assert!(!detail.to_string().contains("79161234501"), "{detail}");
    assert_eq!((detail["attempts"][0]["outcome"].as_str(), &detail["not-captured"]), (Some("accepted"), &Value::Null), "{detail}");
    let uploaded = place.json("events --session 501").await;
    let effects: Vec<Value> = {
        let mut effects = Vec::new();
        for id in ids(&uploaded, "events").iter().chain(&ids(&place.json("events --type timer").await, "events")) {
            let detail = place.json(&format!("event {id}")).await;
            effects.extend(
                detail["attempts"]
                    .as_array()
                    .expect("a list")
                    .iter()
                    .flat_map(|one| one["effects"].as_array().cloned().unwrap_or_default()),
            );
        }
        effects
    };
    assert!(
        effects
            .iter()
            .any(|effect| effect["what"].as_str().is_some_and(|what| what.contains("telephony/calls/upload")) && effect["status"] == "200"),
        "{effects:?}"
    );
    let delivery = detail["delivery-id"].as_str().expect("an id");
    assert_eq!(place.json(&format!("event {delivery}")).await["event"]["id"], id.as_str(), "by its delivery id too");
    let revealed = place.json(&format!("event {id} --reveal")).await;
    assert!(revealed["request"]["body"].as_str().is_some_and(|body| body.contains("79161234501")), "{revealed}");
    assert_eq!(place.json(&format!("audit --subject {id}")).await["entries"][0]["what"], "reveal");
    let page = place.run(&["event", &id], "").await.out;
    for expected in [
        "as it came: request",
        "as normalised",
        "attempt 1: accepted",
        "its other events: uis-gateway events --integration main --session 501",
        "reveal",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains("79161234501"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_that_retailcrm_refused_is_stored_when_its_dead_letter_is_put_back() {
    let place = Place::new().await;
    let refusal = json!({"path": "/api/v5/telephony/calls/upload", "status": 400, "body": "{\"success\":false,\"errorMsg\":\"Not now\"}"});
    place.crm.misbehave(Some(refusal));
    place.call(651, "79161234651").await;
    place.quiet().await;
    place.crm.misbehave(None);
    let dead = ids(&place.json("dead-letters list").await, "dead-letters");
    assert_eq!((dead.len(), place.crm.calls().len()), (1, 0));
    place.json(&format!("dead-letters redrive {}", dead[0])).await;
    place.quiet().await;
    assert_eq!(sessions(&place.crm.calls()), [651]);
    assert_eq!(place.json("dead-letters list").await["dead-letters"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn why_a_body_cannot_be_read_is_said_without_its_content() {
    let place = Place::new().await;
    let cut = r#"{"call_session_id": 661, "contact_phone_number": "7916123466"#;
    assert_eq!(place.service.notify("main", "lost_call_session", cut).await, 200);
    let listed = place.json("dead-letters list").await;
    let id = ids(&listed, "dead-letters").remove(0);
    assert!(listed.to_string().contains("correct the notification's template there"), "{listed}");
    let error = place.error(&format!("dead-letters redrive {id}")).await;
    assert!(error.contains("line 1, column") && !error.contains("7916123466"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dead_letters_are_grouped_by_reason_and_put_back_in_the_order_of_receipt() {
    let place = Place::new().await;
    let calls: Vec<(u64, String)> = (601..641).map(|session| (session, format!("7916123{:04}", session % 3))).collect();
    place.refused(&calls.iter().map(|(session, phone)| (*session, phone.as_str())).collect::<Vec<_>>()).await;
    assert_eq!(place.service.notify("main", "sms", "{\"text\": \"перезвоните\"}").await, 200);
    let groups = place.json("dead-letters list --by-reason").await;
    let first = &groups["reasons"][0];
    assert!(first["count"] == 40 && first["remedy"].as_str().is_some_and(|remedy| remedy.contains("re-drive")), "{groups}");
    assert_eq!(groups["reasons"][1]["count"], 1, "{groups}");
    let reason = first["reason"].as_str().expect("text");
    let preview = place.run(&["dead-letters", "redrive", "--reason", reason, "--json"], "").await;
    let preview: Value = serde_json::from_str(&preview.out).expect("JSON");
    assert_eq!(
        (&preview["done"], &preview["report"]["count"], &preview["report"]["integrations"]),
        (&json!(false), &json!(40), &json!({"main": 40}))
    );
    assert!(place.crm.calls().is_empty(), "a preview changes nothing");
    let asked = place.run(&["dead-letters", "redrive", "--reason", reason], "").await;
    assert!(asked.out.contains("40 dead letters (main: 40)") && asked.out.contains("add --yes"), "{}", asked.out);
    let done = place.run(&["dead-letters", "redrive", "--reason", reason, "--yes", "--json"], "").await;
    let done: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!((&done["done"], &done["report"]["count"], &done["report"]["failed"]), (&json!(true), &json!(40), &json!([])), "{done}");
    place.quiet().await;
    let stored = sessions(&place.crm.calls());
    assert_eq!(stored.len(), 40);
    for phone in 0..3 {
        let lane: Vec<u64> = stored.iter().copied().filter(|session| session % 3 == phone).collect();
        assert!(lane.is_sorted(), "the order of a lane is kept: {lane:?}");
    }
    assert_eq!(place.json("dead-letters list").await["dead-letters"].as_array().map(Vec::len), Some(1), "the unreadable one is left");
    let ended = ids(&place.json("events --state done --session 601 --type call_session_finished").await, "events").remove(0);
    assert!(place.error(&format!("dead-letters redrive {ended}")).await.contains("has succeeded"));
    assert!(place.error("dead-letters redrive").await.contains("say which"));
    assert_eq!(place.json("audit --limit 1").await["entries"][0]["detail"], "40 dead letters, by reason");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_is_mended_and_the_one_that_came_is_kept() {
    let place = Place::new().await;
    let wrong =
        finished(701, "79161234567", Utc::now()).replace("\"direction\":\"in\"", "\"direction\":\"sideways\"").replace("701", "\"seven\"");
    assert_eq!(place.service.notify("main", "call_session_finished", &wrong).await, 200);
    let id = ids(&place.json("dead-letters list").await, "dead-letters").remove(0);
    assert!(id.starts_with("unreadable-"), "{id}");
    let edit = |body: String| {
        let (place, id) = (&place, id.clone());
        async move { place.run(&["dead-letters", "edit", &id, "--body", "-"], &body).await }
    };
    let refused = edit("{\"call_session_id\": \"eight\"}".to_owned()).await;
    assert!(
        refused.status == 2 && refused.err.contains("the new body cannot be read") && refused.err.contains("call_session_id"),
        "{}",
        refused.err
    );
    assert_eq!(place.json(&format!("event {id}")).await["original"], Value::Null, "a body that cannot be read changes nothing");
    let mended = edit(finished(701, "79161234567", Utc::now())).await;
    assert_eq!(mended.status, 0, "{}", mended.err);
    place.quiet().await;
    assert_eq!(sessions(&place.crm.calls()), [701]);

    place.refused(&[(702, "79161234568")]).await;
    let id = ids(&place.json("dead-letters list").await, "dead-letters").remove(0);
    let file = place.service.folder.path().join("body.json");
    let other = finished(703, "79161234569", Utc::now() - Duration::minutes(1));
    std::fs::write(&file, &other).expect("written");
    place.refuses.store(true, Ordering::SeqCst);
    assert_eq!(place.run(&["dead-letters", "edit", &id, "--body", &file.display().to_string()], "").await.status, 0);
    place.quiet().await;
    place.refuses.store(false, Ordering::SeqCst);
    let detail = place.json(&format!("event {id} --reveal")).await;
    assert_eq!((&detail["event"]["session"], &detail["request"]["body"]), (&json!(703), &json!(other)), "it has the new body");
    assert!(detail["original"]["body"].as_str().is_some_and(|body| body.contains("79161234568")), "{detail}");
    assert_eq!(detail["audit"].as_array().map(|audit| audit.iter().any(|entry| entry["what"] == "edit")), Some(true));
    let wrong_type = place.run(&["dead-letters", "edit", &id, "--body", "-"], "{\"x\": 1}").await;
    assert_eq!(wrong_type.status, 2, "{}", wrong_type.out);
    assert_eq!(place.run(&["dead-letters", "edit", &id, "--original"], "").await.status, 0);
    place.quiet().await;
    assert_eq!(sessions(&place.crm.calls()), [701, 702], "what came took its place again");
    assert_eq!(place.json(&format!("event {id}")).await["original"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_paused_integration_keeps_events_until_it_is_resumed() {
    let place = Place::new().await;
    let paused = place.json("pause main").await;
    assert_eq!(
        (&paused["state"], paused["held"]["who"].as_str().is_some_and(|who| who.starts_with("user "))),
        (&json!("active"), true),
        "{paused}"
    );
    place.call(801, "79161234567").await;
    place.quiet().await;
    place.run(&["integration", "set", "main", "--setting", "recording-wait=0"], "").await;
    place.quiet().await;
    assert!(place.crm.calls().is_empty(), "settings that are saved end no pause");
    let listed = place.run(&["integration", "list"], "").await.out;
    assert!(listed.contains("paused by an administrator"), "{listed}");
    let waiting = place.json("events --state waiting --session 801").await;
    assert_eq!(waiting["events"][0]["attempts"], 0, "{waiting}");
    let id = ids(&waiting, "events").remove(0);
    assert!(place.error(&format!("dead-letters redrive {id}")).await.contains("waits already"));
    assert_eq!(place.json("resume main").await["held"], Value::Null);
    place.service.until("the call is stored", async || !place.crm.calls().is_empty()).await;
    assert_eq!(sessions(&place.crm.calls()), [801]);
    let acts: Vec<Value> =
        place.json("audit").await["entries"].as_array().expect("a list").iter().map(|entry| entry["what"].clone()).collect();
    assert_eq!(acts[..3], [json!("resume"), json!("change"), json!("pause")], "newest first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pause_survives_a_restart() {
    let crm = Crm::serve(Arc::new(SystemClock)).await;
    let (service, _) = started(None).await;
    service.add("main", &crm).await;
    service.control.pause("main").await.expect("paused");
    service.gateway.stop().await;
    let (service, _) = started(Some(service.folder)).await;
    assert_eq!(service.notify("main", "call_session_finished", &finished(901, "79161234567", Utc::now())).await, 200);
    service.quiet().await;
    assert!(crm.calls().is_empty());
    assert!(service.control.list().await.expect("listed")[0].held.is_some());
    service.control.resume("main").await.expect("resumed");
    service.until("the call is stored", async || !crm.calls().is_empty()).await;
}
