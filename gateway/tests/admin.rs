//! The administrator's listener: who is admitted, what is answered, and that its client says the same.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use uis_gateway::admin::Client;
use uis_gateway::control::{Change, Control, ControlError, NewConnection, NewIntegration, SecretSource};
use uis_gateway::secrets::tokens::Tokens;
use uis_host::ports::IntegrationState;

use crate::fake::Place;

fn new(name: &str) -> NewIntegration {
    let key = SecretSource::Value("k3y".to_owned().into());
    NewIntegration {
        name: name.to_owned(),
        account: "/etc/uis/account.json".into(),
        connections: BTreeMap::from([("retailcrm".to_owned(), NewConnection { url: "https://shop.example".to_owned(), key })]),
        settings: Map::from_iter([("recording-wait".to_owned(), json!(10))]),
        settings_version: None,
        secret: Some("s3cret".to_owned().into()),
    }
}

async fn over_socket(place: &Place) -> Client {
    Client::find(&place.config().admin, None).await.expect("usable").expect("it runs")
}

/// Sends a request over the socket as other programs do; returns the status and the body.
async fn raw(place: &Place, method: &str, path: &str, body: &str) -> (u16, Value) {
    let http = reqwest::Client::builder().unix_socket(place.file("admin.sock")).build().expect("a client");
    let method = method.parse().expect("a method");
    let answer = http.request(method, format!("http://localhost{path}")).body(body.to_owned()).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test]
async fn the_client_over_the_socket_does_all_that_control_can() {
    let mut place = Place::new("");
    place.serve();
    let client = over_socket(&place).await;

    let added = client.add(new("main")).await.expect("added");
    assert_eq!((added.connections["retailcrm"].key.as_str(), added.state), ("sealed", IntegrationState::Inactive));
    assert_eq!(*place.fake.secrets.lock().expect("a lock"), ["s3cret", "k3y"]);
    let change = Change {
        settings: Map::from_iter([("recording-wait".to_owned(), Value::Null)]),
        route_fallback: Some(json!({"returned_code": 2})),
        ..Change::default()
    };
    assert!(client.set("main", change).await.expect("changed").settings["recording-wait"].is_null());
    assert_eq!(*place.fake.fallbacks.lock().expect("a lock"), [json!({"returned_code": 2})]);
    assert_eq!(client.activate("main").await.expect("on").state, IntegrationState::Active);
    assert_eq!(client.deactivate("main").await.expect("off").state, IntegrationState::Inactive);
    client.action("main", "a/b c").await.expect("run");
    assert_eq!(*place.fake.actions.lock().expect("a lock"), [("main".to_owned(), "a/b c".to_owned())]);
    assert!(client.rotate_secret("main").await.expect("rotated").old_secret_until.is_some());
    assert_eq!(client.addresses("main").await.expect("addresses")[0].url, "https://uis.example/main/route/s3cret");
    assert_eq!(client.list().await.expect("listed").len(), 1);
    assert_eq!(client.check("main").await.expect("checked")[0].message, "switched off");
    assert_eq!(client.check_gateway().await.expect("checked")[0].subject, "disk");
    let letters = client.dead_letters(Some("main"), 10).await.expect("letters");
    assert_eq!(client.redrive(&letters[0].id).await.expect("again"), letters[0]);
    assert!(client.dead_letters(Some("other"), 10).await.expect("none").is_empty());
    let status = client.status().await.expect("status");
    assert_eq!((status.ready, status.integrations), (Ok(()), 1));
}

#[tokio::test]
async fn errors_arrive_at_the_client_as_they_were() {
    let mut place = Place::new("");
    place.serve();
    let client = over_socket(&place).await;
    assert!(matches!(client.activate("a/../b").await, Err(ControlError::Unknown(why)) if why.contains("a/../b")));
    let mut wrong = new("main");
    wrong.settings.insert("wrong".to_owned(), json!(1));
    let invalid = ControlError::Invalid(vec!["wrong: no such setting".to_owned(), "name: taken".to_owned()]);
    assert_eq!(client.add(wrong).await.expect_err("invalid"), invalid);
    client.add(new("main")).await.expect("added");
    *place.fake.broken.lock().expect("a lock") = Some("the disk is full".to_owned());
    assert_eq!(client.activate("main").await.expect_err("broken"), ControlError::Failed("the disk is full".to_owned()));
    assert_eq!(client.status().await.expect("status").ready, Err("the disk is full".to_owned()));
}

#[tokio::test]
async fn other_programs_get_json_with_a_status_of_its_kind() {
    let mut place = Place::new("");
    place.serve();
    let (status, body) = raw(&place, "GET", "/v1/status", "").await;
    assert_eq!((status, &body["ready"], &body["oldest-waiting-s"]), (200, &json!(true), &json!(65)));
    assert_eq!(raw(&place, "GET", "/metrics", "").await, (200, json!("uis_gateway_waiting 3\n")));
    for (method, path, body, status, kind) in [
        ("GET", "/v2", "", 404, "unknown"),
        ("DELETE", "/v1/status", "", 405, "invalid"),
        ("POST", "/v1/integrations/none/activate", "", 404, "unknown"),
        ("POST", "/v1/integrations", "{\"name\":1}", 422, "invalid"),
        ("POST", "/v1/integrations", "{", 422, "invalid"),
        ("PATCH", "/v1/integrations/none", "{\"setings\":{}}", 422, "invalid"),
        ("GET", "/v1/dead-letters?limit=0", "", 422, "invalid"),
        ("GET", "/v1/dead-letters?limit=x", "", 422, "invalid"),
        ("GET", "/v1/dead-letters?of=main", "", 422, "invalid"),
        ("POST", "/v1/integrations", &" ".repeat((1 << 20) + 1), 413, "invalid"),
    ] {
        let (found, answer) = raw(&place, method, path, body).await;
        assert_eq!((found, answer["error"]["kind"].as_str()), (status, Some(kind)), "{method} {path}: {answer}");
        assert!(answer["error"]["messages"][0].is_string(), "{answer}");
    }
}

#[tokio::test]
async fn the_socket_is_for_one_gateway_and_its_user() {
    let mut place = Place::new("[admin]\nsocket = \"run/a.sock\"\n");
    assert!(Client::find(&place.config().admin, None).await.expect("usable").is_none(), "nothing runs yet");
    place.serve();
    let mode = std::fs::metadata(place.file("run/a.sock")).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = uis_gateway::admin::Server::bind(&place.config(), place.fake.clone(), std::sync::Arc::new(String::new));
    assert!(second.err().unwrap_or_default().contains("a gateway answers at"));
    place.stop().await;
    assert!(!place.file("run/a.sock").exists(), "the socket goes with the listener");
    assert!(Client::find(&place.config().admin, None).await.expect("usable").is_none());
}

/// Sends a request over TCP with these headers; returns the status.
async fn status_with(address: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = reqwest::Client::new().get(format!("{address}/v1/status"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn over_tcp_only_tokens_of_this_machine_are_admitted() {
    let mut place = Place::new("[admin]\nlisten = \"127.0.0.1:0\"\n");
    let address = place.serve();
    let port = address.rsplit(':').next().expect("a port").to_owned();
    let file = place.config().tokens_file();
    let token = Tokens::open(&file).expect("none").add("anna").expect("a token");
    let bearer = format!("Bearer {}", token.expose_secret());
    let with = ("authorization", bearer.as_str());
    let local = format!("localhost:{port}");

    for (expected, headers) in [
        (200, vec![with]),
        (200, vec![with, ("host", local.as_str())]),
        (401, vec![]),
        (401, vec![("authorization", "Bearer wrong")]),
        (401, vec![("authorization", token.expose_secret())]),
        (401, vec![("authorization", "Basic YTpi")]),
        (403, vec![with, ("origin", "http://localhost")]),
        (403, vec![with, ("origin", "null")]),
        (403, vec![with, ("host", "gateway.example")]),
        (403, vec![with, ("host", "localhost")]),
        (403, vec![with, ("host", "localhost:1")]),
    ] {
        assert_eq!(status_with(&address, &headers).await, expected, "{headers:?}");
    }
    let metrics = reqwest::Client::new().get(format!("{address}/metrics")).send().await.expect("an answer");
    assert_eq!(metrics.status(), 401, "metrics need a token too");

    Tokens::open(&file).expect("one").remove("anna").expect("removed");
    assert_eq!(status_with(&address, &[with]).await, 401, "a removed token is refused at once");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("changed");
    assert_eq!(status_with(&address, &[with]).await, 503, "tokens that others may write admit nobody");
}

#[tokio::test]
async fn the_client_shows_its_token_over_tcp() {
    let mut place = Place::new("[admin]\nlisten = \"127.0.0.1:0\"\n");
    let address = place.serve();
    let token = Tokens::open(&place.config().tokens_file()).expect("none").add("anna").expect("a token");
    let mut admin = place.config().admin;
    admin.listen = address.strip_prefix("http://").and_then(|address| address.parse().ok());
    let client = |token: Option<SecretString>| Client::find(&admin, token);
    assert!(client(Some(token)).await.expect("usable").expect("it runs").status().await.is_ok());
    let refused = client(None).await.expect("usable").expect("it runs").status().await.expect_err("no token");
    assert!(matches!(&refused, ControlError::Failed(why) if why.contains("token add")), "{refused}");
    place.stop().await;
    assert!(client(None).await.expect("usable").is_none(), "nothing runs any more");
}
