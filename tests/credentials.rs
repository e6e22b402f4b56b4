//! Credentials: checked in one step, kept by name, chosen again; what is wrong is told apart in words.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use uis_test_support::{check_by_schema, root, uis_host};

/// An account with a key for everything, one that may not write tasks, one that may not touch telephony, and one without a shop.
fn account() -> Account {
    let all = ["order_read", "order_write", "customer_read", "customer_write", "reference_read", "integration_read", "integration_write"];
    let more = ["telephony_read", "telephony_write", "user_read", "task_read", "task_write", "custom_fields_read"];
    let scopes: Vec<&str> = all.into_iter().chain(more).collect();
    let without = |gone: &str| scopes.iter().filter(|scope| !scope.starts_with(gone)).copied().collect::<Vec<_>>();
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

/// Serves what there is on a free port of loopback and gives its address.
async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Runs `uis-host credentials … --json` with a key on standard input: exit status, standard output, standard error.
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
    let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
    if told != Value::Null {
        check_by_schema(&told);
    }
    (output.status.code().expect("a status"), told, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_address_or_a_key_is_told_apart_and_only_what_is_usable_is_kept() {
    let crm = serve(Simulator::new(account(), Arc::new(chrono::Utc::now)).router()).await;
    let elsewhere = serve(axum::Router::new().fallback(|| async { axum::response::Html("<html>nginx</html>") })).await;
    // The port of a listener that is gone.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("an address");
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("kept.json");
        let file = file.to_str().expect("UTF-8");
        // name, address, key -> exit status, usable, part of the first finding
        for (name, url, key, status, told) in [
            ("Всё", crm.as_str(), "everything", 0, ""),
            ("Без задач", &crm, "no-tasks", 0, "lacks the right task_write"),
            ("Один магазин", &crm, "one-shop", 0, "only the shops omsk"),
            ("Без телефонии", &crm, "no-telephony", 1, "lacks the right telephony"),
            ("Чужой ключ", &crm, "nonsense", 1, "does not accept the key"),
            ("Не CRM", &elsewhere, "everything", 1, "no RetailCRM account"),
            ("Никого", &format!("http://{gone}"), "everything", 1, "cannot be reached now"),
        ] {
            let (found, value, errors) = credentials(file, &["add", name, url], key);
            assert_eq!(
                (found, &value["saved"], &value["usable"]),
                (status, &json!(status == 0), &json!(status == 0)),
                "{name}: {value} {errors}"
            );
            let first = value["findings"][0].as_str().unwrap_or_default();
            assert!(first.contains(told) && first.is_empty() == told.is_empty(), "{name}: {value}");
            assert!(!value.to_string().contains(key) || key == "everything", "{name}: {value}");
        }
        for (url, told) in [
            ("demo.example", "not an address of RetailCRM"),
            ("http://192.168.0.1", "not an address of RetailCRM"),
            ("demo.retailcrm.ru.evil.example", "not an address of RetailCRM"),
        ] {
            let (status, _, errors) = credentials(file, &["add", "x", url], "k");
            assert!(status == 2 && errors.contains(told), "{url}: {errors}");
        }
        let (status, _, errors) = credentials(file, &["add", "Всё", &crm], "everything");
        assert!(status == 2 && errors.contains("already"), "{errors}");

        let (_, list, _) = credentials(file, &["list"], "");
        let names: Vec<&str> = list["credentials"].as_array().into_iter().flatten().filter_map(|entry| entry["name"].as_str()).collect();
        assert_eq!(names, ["Без задач", "Всё", "Один магазин"]);
        assert!(!list.to_string().contains("everything"), "keys are not shown");
        assert_eq!(credentials(file, &["check", "Всё"], "").0, 0);
        let (status, _, errors) = credentials(file, &["check", "Второй"], "");
        assert!(status == 2 && errors.contains("Без задач, Всё, Один магазин"), "{errors}");

        // They are chosen by name: for choices of settings, and for a replay.
        let chosen = ["--credentials", "Всё", "--credentials-file", file, "--json"];
        let output = uis_host(&[&["choices", "default-responsible"], &chosen[..]].concat());
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(value["choices"], json!([{"value": "5", "title": "Иванова Анна, anna@shop.example"}]));
        let output = uis_host(&[&["choices", "shop-numbers.site"], &chosen[..]].concat());
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        check_by_schema(&value);
        assert_eq!(value["choices"].as_array().map(Vec::len), Some(2), "{value}");
        let output = uis_host(&[&["choices", "create-contact"], &chosen[..]].concat());
        assert!(String::from_utf8_lossy(&output.stderr).contains("no choices from elsewhere"));
        let output = uis_host(&[&["replay", "tests/recordings/lost-one-event.jsonl"], &chosen[..]].concat());
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((output.status.code(), value["crm"]["calls"].as_array().map(Vec::len)), (Some(0), Some(1)), "{}", value["problems"]);

        assert_eq!(credentials(file, &["remove", "Всё"], "").0, 0);
        assert_eq!(credentials(file, &["check", "Всё"], "").0, 2);
    })
    .await
    .expect("no panic");
}
