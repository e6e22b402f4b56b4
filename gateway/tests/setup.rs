//! What `setup` prints, whole: whoever sets up an account copies it line by line.

use serde_json::Value;
use uis_gateway::control::Address;
use uis_gateway::setup::{Language, Setup};
use uis_host::notification::MNEMONICS;
use uis_host::notification::templates::{Method, Subscriptions};

fn addresses() -> Vec<Address> {
    let address = |what: &str, path: String| Address { what: what.to_owned(), url: format!("https://uis.example/shop/{path}") };
    let notifications = MNEMONICS.iter().map(|kind| address(kind, format!("notify/s3cret/{kind}")));
    let rest = [
        address("route", "route/s3cret".to_owned()),
        address("make-call", "make-call?clientId=s3cret".to_owned()),
        address("order-webhook", "order-webhook/s3cret".to_owned()),
    ];
    notifications.chain(rest).collect()
}

#[test]
fn the_steps_in_russian() {
    insta::assert_snapshot!(Setup::new("shop", &addresses(), Language::Russian).lines("uis-gateway").join("\n"));
}

#[test]
fn the_steps_in_english() {
    insta::assert_snapshot!(Setup::new("shop", &addresses(), Language::English).lines("uis-gateway").join("\n"));
}

#[test]
fn a_simulator_of_uis_reads_the_json() {
    let setup = Setup::new("shop", &addresses(), Language::English);
    let written = serde_json::to_value(&setup).expect("JSON");
    let read: Subscriptions = serde_json::from_value(written.clone()).expect("readable");
    assert_eq!(read.notifications.iter().map(|one| one.event.as_str()).collect::<Vec<_>>(), MNEMONICS);
    assert!(read.notifications.iter().all(|one| one.method == Method::Post && one.url.ends_with(&one.event)));
    let scenario = read.scenario.expect("a request");
    assert_eq!((scenario.url.as_str(), scenario.timeout_ms), ("https://uis.example/shop/route/s3cret", Some(4000)));
    assert_eq!(written["trigger"]["url"], "https://uis.example/shop/order-webhook/s3cret");
    assert_eq!(written["notifications"][0]["title"], "Входящий звонок на виртуальный номер");
    assert_eq!(written["notifications"][9].get("title"), None::<&Value>, "the name of a chat's beginning is not public");
}

#[test]
fn commands_in_the_steps_name_the_configuration_where_it_must_be_named() {
    let lines = Setup::new("shop", &addresses(), Language::Russian).lines("uis-gateway --config /etc/uis.toml");
    let commands: Vec<&String> = lines.iter().filter(|line| line.trim_start().starts_with("uis-gateway")).collect();
    assert!(commands.len() >= 4 && commands.iter().all(|line| line.starts_with("  uis-gateway --config /etc/uis.toml ")), "{commands:?}");
}
