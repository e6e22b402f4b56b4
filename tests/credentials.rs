//! `uis-host credentials`: an address and a key are checked in one step, stored by name and chosen by that name. Each thing that can be
//! wrong has a message of its own.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use uis_test_support::{check_by_schema, root, uis_host};

/// An account with four keys: one with all rights, one that may not write tasks, one without rights to telephony, and one that is limited
/// to one shop.
fn account() -> Account {
    let all = ["order_read", "order_write", "customer_read", "customer_write", "reference_read", "integration_read", "integration_write"];
    let more = ["telephony_read", "telephony_write", "user_read", "task_read", "task_write", "custom_fields_read"];
    let scopes: Vec<&str> = all.into_iter().chain(more).collect();
    let without = |missing: &str| scopes.iter().filter(|scope| !scope.starts_with(missing)).copied().collect::<Vec<_>>();
    Account::read(&json!({
        "apiKeys": [
            {"key": "everything"}, {"key": "no-tasks", "scopes": without("task_write")}, {"key": "no-telephony", "scopes": without("telephony")},
            {"key": "one-shop", "sites": ["omsk"]},
        ],
        "sites": [{"id": 1, "code": "main", "name": "Основной"}, {"id": 2, "code": "omsk", "name": "Омск"}],
        "users": [{"id": 5, "firstName": "Анна", "lastName": "Иванова", "email": "anna@shop.example"}],
    }))
    .expect("an account")
}

/// Serves a router on a free port of the loopback interface and returns its address.
async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Runs `uis-host credentials … --json` with a key on standard input. Returns exit status, standard output and standard error.
fn credentials(file: &str, arguments: &[&str], key: &str) -> (i32, Value, String) {
    let mut child = Command::new(uis_test_support::host_program())
        .current_dir(root())
        .args(["credentials", "--credentials-file", file, "--json"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    writeln!(child.stdin.take().expect("piped"), "{key}").expect("written");
    let output = child.wait_with_output().expect("ended");
    let printed = serde_json::from_slice(&output.stdout).unwrap_or_default();
    if printed != Value::Null {
        check_by_schema(&printed);
    }
    (output.status.code().expect("a status"), printed, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Each mistake in an address or a key has its own message, and only usable credentials are stored.
fn check_adding(file: &str, crm: &str, not_a_crm: &str, unreachable: &str) {
    // name, address, key -> exit status, part of the first finding
    for (name, url, key, status, finding) in [
        ("Всё", crm, "everything", 0, ""),
        ("Без задач", crm, "no-tasks", 0, "lacks the right task_write"),
        ("Один магазин", crm, "one-shop", 0, "only the shops omsk"),
        ("Без телефонии", crm, "no-telephony", 1, "lacks the right telephony"),
        ("Чужой ключ", crm, "nonsense", 1, "does not accept the key"),
        ("Не CRM", not_a_crm, "everything", 1, "no RetailCRM account"),
        ("Никого", unreachable, "everything", 1, "cannot be reached now"),
    ] {
        let (found, value, errors) = credentials(file, &["add", name, url], key);
        assert_eq!(
            (found, &value["saved"], &value["usable"]),
            (status, &json!(status == 0), &json!(status == 0)),
            "{name}: {value} {errors}"
        );
        let first = value["findings"][0].as_str().unwrap_or_default();
        assert!(first.contains(finding) && first.is_empty() == finding.is_empty(), "{name}: {value}");
        assert!(!value.to_string().contains(key) || key == "everything", "{name}: {value}");
    }
    for url in ["demo.example", "http://192.168.0.1", "demo.retailcrm.ru.evil.example"] {
        let (status, _, errors) = credentials(file, &["add", "x", url], "k");
        assert!(status == 2 && errors.contains("not an address of RetailCRM"), "{url}: {errors}");
    }
    let (status, _, errors) = credentials(file, &["add", "Всё", crm], "everything");
    assert!(status == 2 && errors.contains("already"), "{errors}");
}

/// Stored credentials are listed without their keys and can be checked by name.
fn check_listing(file: &str) {
    let (_, list, _) = credentials(file, &["list"], "");
    let names: Vec<&str> = list["credentials"].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str()).collect();
    assert_eq!(names, ["Без задач", "Всё", "Один магазин"]);
    assert!(!list.to_string().contains("everything"), "keys are not shown");
    assert_eq!(credentials(file, &["check", "Всё"], "").0, 0);
    let (status, _, errors) = credentials(file, &["check", "Второй"], "");
    assert!(status == 2 && errors.contains("Без задач, Всё, Один магазин"), "{errors}");
}

/// The commands `choices` and `replay` use credentials by name.
fn check_choosing(file: &str) {
    let chosen = ["--credentials", "Всё", "--credentials-file", file, "--json"];
    let run = |arguments: &[&str]| uis_host(&[arguments, &chosen[..]].concat());
    let value: Value = serde_json::from_slice(&run(&["choices", "default-responsible"]).stdout).expect("JSON");
    assert_eq!(value["choices"], json!([{"value": 5, "title": "Иванова Анна, anna@shop.example"}]));
    let value: Value = serde_json::from_slice(&run(&["choices", "shop-numbers.site"]).stdout).expect("JSON");
    check_by_schema(&value);
    assert_eq!(value["choices"].as_array().map(Vec::len), Some(2), "{value}");
    let output = run(&["choices", "create-contact"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("has no list of choices"));
    let output = run(&["replay", "--crm-content", "keep", "tests/recordings/lost-one-event.jsonl"]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!((output.status.code(), value["crm"]["calls"].as_array().map(Vec::len)), (Some(0), Some(1)), "{}", value["problems"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_added_listed_chosen_and_removed() {
    let crm = serve(Simulator::new(account(), Arc::new(chrono::Utc::now)).router()).await;
    let not_a_crm = serve(axum::Router::new().fallback(|| async { axum::response::Html("<html>nginx</html>") })).await;
    // A port on which nothing listens any more.
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address");
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("credentials.json");
        let file = file.to_str().expect("UTF-8");
        check_adding(file, &crm, &not_a_crm, &format!("http://{unused}"));
        check_listing(file);
        check_choosing(file);
        assert_eq!(credentials(file, &["remove", "Всё"], "").0, 0);
        assert_eq!(credentials(file, &["check", "Всё"], "").0, 2);
    })
    .await
    .expect("no panic");
}
