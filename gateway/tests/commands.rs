//! The commands of the program against a gateway behind the administrator's socket: what they ask for, what they print, and their exit status.

use std::io::Write;
use std::process::{Command, Stdio};

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uis_gateway::secrets::tokens::Tokens;
use uis_gateway::store::{NewRequest, OpenOptions, SqliteStore};

use crate::fake::Place;

/// What a command did.
struct Done {
    status: i32,
    out: String,
    err: String,
}

impl Done {
    /// The object that the command printed, and nothing else.
    fn object(&self) -> Value {
        assert_eq!((self.status, self.err.as_str()), (0, ""), "{}", self.out);
        assert_eq!(self.out.trim_end().lines().count(), 1, "one line: {}", self.out);
        let value: Value = serde_json::from_str(&self.out).expect("JSON");
        assert!(value.is_object(), "{value}");
        value
    }

    /// The error, which is all that the command printed: on standard error, or as one JSON object.
    fn error(&self, status: i32) -> &str {
        if self.err.is_empty() {
            assert_eq!((self.status, self.out.trim_end().lines().count()), (status, 1), "{}", self.out);
            let value: Value = serde_json::from_str(&self.out).expect("JSON");
            assert!(value["error"]["messages"][0].is_string(), "{value}");
            return &self.out;
        }
        assert_eq!((self.status, self.out.as_str()), (status, ""), "{}", self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        &self.err
    }
}

fn run_with(place: &Place, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_uis-gateway"));
    command.arg("--config").arg(place.file("gateway.toml")).args(arguments).current_dir(place.folder.path());
    command.env_remove("UIS_GATEWAY_TOKEN").envs(variables.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    // A command that needs no input may have ended already.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Done { status: output.status.code().expect("not killed"), out: text(output.stdout), err: text(output.stderr) }
}

fn run(place: &Place, arguments: &[&str]) -> Done {
    run_with(place, arguments, "", &[])
}

const ADD: [&str; 8] =
    ["integration", "add", "main", "--account", "account.json", "--connection", "retailcrm=https://shop.example", "--json"];

/// A place whose gateway has the integration `main`.
fn with_main() -> Place {
    let mut place = Place::new("");
    place.serve();
    place.write("account.json", "{}");
    run_with(&place, &ADD, "k3y\n", &[]).object();
    place
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_prints_one_json_object() {
    let place = with_main();
    for (arguments, pointer, expected) in [
        ("status", "/ready", json!(true)),
        ("integration list", "/integrations/0/name", json!("main")),
        ("integration show main", "/connections/retailcrm/key", json!("sealed")),
        ("integration activate main", "/state", json!("active")),
        ("integration deactivate main", "/state", json!("inactive")),
        ("integration action main sync-employees", "/name", json!("main")),
        ("integration rotate-secret main", "/old-secret-until", json!("2026-11-28T06:00:00Z")),
        ("integration addresses main", "/addresses/0/url", json!("https://uis.example/main/route/s3cret")),
        ("setup main", "/scenario/url", json!("https://uis.example/main/route/s3cret")),
        ("setup main --language en", "/language", json!("en")),
        ("integration set main --setting a=1 --setting b=text --setting c=null", "/settings", json!({"a": 1, "b": "text", "c": null})),
        ("dead-letters list --integration main", "/dead-letters/0/attempts", json!(5)),
        ("dead-letters list --integration other", "/dead-letters", json!([])),
        ("reload", "/changed/0", json!("limits")),
        ("versions", "/versions/0/subject", json!("plugin")),
        ("rollback", "/subject", json!("plugin")),
        ("rollback --rule vip", "/subject", json!("rule vip")),
        ("rules list", "/rules/0/trial/needed", json!(20)),
        ("rules release vip", "/quarantined/why", json!("it trapped")),
        ("rules promote vip", "/name", json!("vip")),
        ("erase --phone +79161234567", "/erased", json!(false)),
        ("erase --phone +79161234567 --phone 8 --yes", "/integrations/0/counted/done", json!(2)),
        ("token list", "/tokens", json!([])),
        ("token add anna", "/name", json!("anna")),
        ("token remove anna", "/removed", json!("anna")),
    ] {
        let arguments: Vec<&str> = arguments.split(' ').chain(["--json"]).collect();
        let object = run(&place, &arguments).object();
        assert_eq!(object.pointer(pointer), Some(&expected), "{arguments:?}: {object}");
    }
    assert_eq!(run(&place, &["dead-letters", "redrive", "7/a b", "--json"]).object()["id"], "7/a b");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_comes_from_standard_input_a_variable_or_a_file() {
    let place = with_main();
    assert_eq!(*place.fake.secrets.lock().expect("a lock"), ["k3y"], "from standard input, without its line end");
    place.write("crm.key", "k3y");
    for (flags, expected) in [
        (["--key-env", "CRM_KEY"], "env CRM_KEY".to_owned()),
        (["--key-file", "crm.key"], format!("file {}", place.folder.path().canonicalize().expect("there").join("crm.key").display())),
    ] {
        let object = run(&place, &[ADD.as_slice(), &flags].concat()).object();
        assert_eq!(object["connections"]["retailcrm"]["key"], expected);
    }
    place.write("settings.json", r#"{"recording-wait": 5}"#);
    let arguments = [ADD.as_slice(), &["--key-env", "K", "--settings", "settings.json", "--secret-env", "SECRET"]].concat();
    let object = run_with(&place, &arguments, "", &[("SECRET", "given")]).object();
    assert_eq!(object["settings"]["recording-wait"], 5);
    assert_eq!(*place.fake.secrets.lock().expect("a lock"), ["k3y", "given"]);
    let fallback = ["integration", "set", "main", "--route-fallback", "{\"returned_code\":2}", "--json"];
    run(&place, &fallback).object();
    assert_eq!(*place.fake.fallbacks.lock().expect("a lock"), [json!({"returned_code": 2})]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_account_is_given_by_its_options() {
    let place = with_main();
    let add = ["integration", "add", "live", "--connection", "retailcrm=https://shop.example", "--json"];
    let options = ["--key-env", "K", "--uis-token", "env:UIS_KEY", "--uis-extension", "rmo", "--uis-sources", "Яндекс,Google"];
    let object = run(&place, &[add.as_slice(), &options].concat()).object();
    assert_eq!(object["account"]["credentials"], "token env UIS_KEY");
    assert_eq!((&object["account"]["extensions"], &object["account"]["sources"]), (&json!(["rmo"]), &json!(["Яндекс", "Google"])));
    // Both secrets on standard input, in the order of the documentation.
    let object = run_with(&place, &[add.as_slice(), &["--uis-token", "-"]].concat(), "crm-k3y\nuis-k3y\n", &[]).object();
    assert_eq!((&object["account"]["credentials"], &object["connections"]["retailcrm"]["key"]), (&json!("token sealed"), &json!("sealed")));
    assert!(place.fake.secrets.lock().expect("a lock").contains(&"crm-k3y".to_owned()));
    let shown = run(&place, &["integration", "show", "live"]);
    assert!(shown.out.contains("  account     ") && shown.out.contains("token sealed"), "{}", shown.out);

    for (options, expected) in [
        (vec!["--uis-token", "uis-k3y"], "--uis-token: write env:VARIABLE, file:PATH, or - for standard input"),
        (vec!["--uis-token", "file:none.key"], "none.key: No such file"),
        (vec![], "the UIS account is missing; give --uis-token"),
    ] {
        let done = run(&place, &[add.as_slice(), &["--key-env", "K"], &options].concat());
        assert!(done.error(2).contains(expected) && !done.err.contains("uis-k3y"), "{options:?}: {}", done.err);
    }
    for options in [["--account", "account.json", "--uis-token", "env:A"], ["--uis-login", "api", "--uis-token", "env:A"]] {
        assert_eq!(run(&place, &[add.as_slice(), &["--key-env", "K"], &options].concat()).status, 2, "{options:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unusable_input_is_exit_status_2_with_what_to_do() {
    let place = with_main();
    place.write("wrong.json", "{\"wrong\": 1}");
    place.write("broken.json", "[1]");
    let add = |more: &[&'static str]| [ADD.as_slice(), &["--key-env", "K"], more].concat();
    for (arguments, expected) in [
        (vec!["integration", "activate", "olga", "--json"], "there is no integration olga; known: main"),
        (vec!["integration", "show", "olga"], "there is no integration \"olga\"; known: main"),
        (vec!["dead-letters", "redrive", "9"], "there is no dead letter 9"),
        (add(&["--settings", "wrong.json"]), "wrong: no such setting; name: taken"),
        (add(&["--settings", "broken.json"]), "broken.json: expected one JSON object of settings"),
        (add(&["--secret-env", "NO_SUCH_VARIABLE"]), "the environment variable NO_SUCH_VARIABLE is not set"),
        (ADD.to_vec(), "the key is empty; give it on standard input, or use --key-env or --key-file"),
        (vec!["integration", "set", "main", "--setting", "a"], "write it as NAME=VALUE"),
        (vec!["integration", "set", "main", "--route-fallback", "{"], "it is no JSON"),
        (vec!["integration", "set", "main", "--account", "none.json"], "none.json: No such file"),
        (vec!["integration", "set", "main", "--connection", "shop", "--key-env", "K"], "write it as NAME=URL"),
        (vec!["token", "remove", "olga"], "there is no token named \"olga\""),
    ] {
        let done = run(&place, &arguments);
        assert!(done.error(2).replace("\\\"", "\"").contains(expected), "{arguments:?}: {} {}", done.err, done.out);
    }
    // Those that the parser of the command line refuses.
    for arguments in [
        vec!["integration"],
        vec!["integration", "add", "main"],
        vec!["integration", "set", "main", "--key-env", "K"],
        vec!["integration", "set", "main", "--connection", "a=b", "--key-env", "K", "--key-file", "f"],
        vec!["dead-letters", "list", "--limit", "0"],
        vec!["restart"],
    ] {
        assert_eq!(run(&place, &arguments).status, 2, "{arguments:?}");
    }
    place.write("gateway.toml", "publik-url = 1\n");
    let done = run(&place, &["status", "--json"]);
    assert!(done.error(2).contains("gateway.toml:1: there is no member publik-url; did you mean public-url?"), "{}", done.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_fails_is_exit_status_1() {
    let place = with_main();
    *place.fake.broken.lock().expect("a lock") = Some("the disk is full".to_owned());
    assert!(run(&place, &["integration", "activate", "main", "--json"]).error(1).contains("the disk is full"));
    let status = run(&place, &["status", "--json"]).object();
    assert_eq!((&status["ready"], &status["reason"]), (&json!(false), &json!("the disk is full")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exit_status_of_a_check_is_its_worst_verdict() {
    let place = with_main();
    let done = run(&place, &["check"]);
    assert_eq!(done.status, 1, "{}", done.err);
    let page = "gateway\n  ok       disk  5000 MB are free\nmain\n  warning  state  switched off\n                  → switch it on\nproblems: 0, warnings: 1\n";
    assert_eq!(done.out, page);
    run(&place, &["integration", "activate", "main"]);
    let object = run(&place, &["check", "main", "--json"]).object();
    assert_eq!((&object["verdict"], &object["integrations"][0]["findings"][0]["message"]), (&json!("ok"), &json!("switched on")));
    assert!(run(&place, &["check", "olga"]).error(2).contains("there is no integration olga"));
    let mut empty = Place::new("");
    empty.serve();
    *empty.fake.broken.lock().expect("a lock") = Some("the disk is full".to_owned());
    let done = run(&empty, &["check"]);
    assert!(done.status == 2 && done.out.contains("  PROBLEM  disk  the disk is full\n"), "{} {}", done.out, done.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_get_lines() {
    let place = with_main();
    for (arguments, expected) in [
        ("status", "uis-gateway 0.1.0, plugin retailcrm 0.1.0: accepts events\n1 integrations, 3 events wait (the oldest for 65 s)"),
        ("integration list", "main: inactive, 0 events wait, 0 dead letters\n"),
        ("integration show main", "  connection  retailcrm: https://shop.example (key: sealed)\n"),
        ("integration show main", "  note        tasks: nobody gets them\n"),
        ("integration addresses main", "route  https://uis.example/main/route/s3cret\n"),
        (
            "dead-letters list",
            "7/a b  main  2026-11-27T06:00:00Z  call_session_finished  dead  session 5001  +7•••••••67  attempts: 5\n    a trap\n",
        ),
    ] {
        let done = run(&place, &arguments.split(' ').collect::<Vec<_>>());
        assert!(done.status == 0 && done.out.contains(expected), "{arguments}: {} {}", done.out, done.err);
    }
    let name = "a\u{1b}[31mb";
    run(&place, &["integration", "set", "main", "--setting", &format!("{name}=1")]);
    let shown = run(&place, &["integration", "show", "main"]).out;
    assert!(shown.contains("a\u{FFFD}[31mb = 1"), "nothing from outside controls the terminal: {shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_printed_once_and_opens_the_address() {
    let mut place = Place::new("[admin]\nlisten = \"127.0.0.1:0\"\n");
    let address = place.serve();
    let token = run(&place, &["token", "add", "anna"]);
    assert!(token.status == 0 && token.err.contains("UIS_GATEWAY_TOKEN"), "{}", token.err);
    let token = token.out.trim().to_owned();
    let tokens = Tokens::open(&place.config().tokens_file()).expect("readable");
    assert_eq!(tokens.name_of(&token), Some("anna"));
    assert_eq!(run(&place, &["token", "list"]).out, "anna\n");

    // From here on the configuration names the port that the system gave.
    let text = std::fs::read_to_string(place.file("gateway.toml")).expect("there");
    place.write("gateway.toml", &text.replace("127.0.0.1:0", address.trim_start_matches("http://")));
    let status = run_with(&place, &["status", "--json"], "", &[("UIS_GATEWAY_TOKEN", &token)]).object();
    assert_eq!(status["ready"], true);
    assert!(run(&place, &["status"]).error(1).contains("token add NAME"));
    let wrong = uis_gateway::secrets::random().expect("random");
    let refused = run_with(&place, &["status"], "", &[("UIS_GATEWAY_TOKEN", wrong.expose_secret())]);
    assert!(refused.error(1).contains("a token is needed"), "{}", refused.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_service_the_file_is_used_and_needs_the_plugin() {
    let mut place = with_main();
    place.stop().await;
    let done = run(&place, &["integration", "list", "--json"]);
    assert!(done.error(2).contains("plugin.wasm"), "{}", done.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_exported_from_the_store_beside_the_service() {
    let place = with_main();
    let path = place.file("store.db");
    let (store, _) = SqliteStore::open(&path, OpenOptions::default()).expect("a store");
    store.receive(NewRequest {
        owner: "main".to_owned(),
        at: 1_795_417_200_000,
        kind: "notification".to_owned(),
        what: "lost_call_session".to_owned(),
        method: "POST".to_owned(),
        query: String::new(),
        content_type: None,
        body: br#"{"call_session_id":5,"contact_phone_number":"79161234567","contact_full_name":"Radoslava"}"#.to_vec(),
    });
    store.close().await;
    *place.fake.store.lock().expect("no panic") = path;

    let day = ["export", "--from", "2026-11-23", "--to", "2026-11-23", "-o", "out.jsonl"];
    let object = run(&place, &[&day[..], &["--json"]].concat()).object();
    assert_eq!((&object["masked"], &object["requests"], &object["without-exchanges"]), (&json!(true), &json!(1), &json!(1)));
    let masked = std::fs::read_to_string(place.file("out.jsonl")).expect("the recording");
    assert!(masked.contains("\"masked\":true") && masked.contains("2026-11-23T10:00:00+03:00"), "{masked}");
    assert!(!masked.contains("79161234567") && !masked.contains("Radoslava"), "{masked}");
    assert!(run(&place, &day).error(2).contains("out.jsonl"), "a file is not written over");

    let plain = run(&place, &["export", "--from", "2026-11-23", "--to", "2026-11-23", "--plain"]);
    assert!(plain.status == 0 && plain.out.contains("Radoslava") && plain.err.contains("warning: the recording contains personal data"));
    for (wrong, expected) in [
        (&["export", "--from", "2026-11-23", "--to", "2026-11-22", "-o", "x"][..], "is not before"),
        (&["export", "--from", "monday", "--to", "2026-11-23", "-o", "x"], "--from monday: expected a time such as 2026-11-23"),
        (&["export", "--from", "2026-11-23", "--to", "2026-11-23", "--phone", "x", "-o", "x"], "--phone x"),
        (&["export", "--from", "2026-11-23", "--to", "2026-11-23", "--json"], "-o FILE"),
        (&["export", "--from", "2026-11-23", "--to", "2026-11-23", "--integration", "other", "-o", "x"], "other"),
    ] {
        let done = run(&place, wrong);
        assert!(done.error(2).contains(expected), "{}", done.err);
    }
}
