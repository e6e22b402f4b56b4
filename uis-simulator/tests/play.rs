//! Stories played over a socket: what arrives, what goes wrong on purpose, and the scenario's routing request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uis_host::bindings::uis::integration::call_events::DialOrder;
use uis_host::clock::{Clock, VirtualClock, instant};
use uis_host::notification::templates::Subscriptions;
use uis_host::notification::{events, params::Params};
use uis_host::ports::Dialler;
use uis_simulator::delivery::{Mishap, Odds};
use uis_simulator::play::{Day, Manner, Player, Speed, Tempo, clicks, control};
use uis_simulator::stories::Story;
use uis_simulator::{Account, SimulatedAccount};

/// The address of a receiver, and what it got.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<(String, String)>>>,
    /// The body of the answer to a routing request; none: there is no answer.
    route: Option<String>,
    /// How many notifications are refused at first.
    refuses: Arc<AtomicUsize>,
}

async fn receive(State(receiver): State<Receiver>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap_or_else(|_| Bytes::new());
    let text = if body.is_empty() { query } else { String::from_utf8_lossy(&body).into_owned() };
    receiver.got.lock().expect("a lock").push((path.clone(), text));
    if path.contains("/route/") {
        return match receiver.route {
            Some(answer) => answer.into_response(),
            None => std::future::pending().await,
        };
    }
    let refuse = receiver.refuses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if refuse.is_ok() { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { StatusCode::OK.into_response() }
}

impl Receiver {
    /// Serves, and gives the address for notifications.
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(receive).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/shop/notify/s3cret")
    }

    /// The types of the notifications, or `route`, in the order of arrival.
    fn types(&self) -> Vec<String> {
        let got = self.got.lock().expect("a lock");
        got.iter()
            .map(|(path, _)| if path.contains("/route/") { "route" } else { path.rsplit('/').next().unwrap_or_default() }.to_owned())
            .collect()
    }
}

fn shop() -> Account {
    serde_json::from_value(json!({
        "employees": [
            {"id": 11, "full_name": "Иванова Анна", "phone_numbers": [{"phone_number": "74950000101"}]},
            {"id": 12, "full_name": "Петров Борис", "phone_numbers": [{"phone_number": "74950000102"}]},
        ],
        "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951110011"}],
    }))
    .expect("an account")
}

const START: i64 = 1_795_417_200_000;

struct Stage {
    player: Arc<Player>,
    account: Arc<SimulatedAccount>,
    clock: Arc<VirtualClock>,
}

fn stage(subscriptions: Subscriptions, manner: Manner) -> Stage {
    let clock = Arc::new(VirtualClock::at(instant(START)));
    let account = Arc::new(SimulatedAccount::new(shop(), clock.clone()));
    let manner = Manner { tempo: Tempo { speed: Speed::Max, clock_follows: false }, ..manner };
    let player = Player::new(account.clone(), clock.clone(), subscriptions, manner, Box::new(|_| {})).expect("a player");
    Stage { player: Arc::new(player), account, clock }
}

fn story(value: Value) -> Story {
    Story::read(&value).expect("a story")
}

const CALL: [&str; 6] = ["in_call_session", "out_call", "call_connected", "talk_finished", "call_session_finished", "record_ready"];

/// Subscriptions without a scenario.
fn without_scenario(base: &str) -> Subscriptions {
    Subscriptions { scenario: None, ..Subscriptions::below(base) }
}

#[tokio::test]
async fn every_notification_arrives_at_its_address_and_is_read() {
    let receiver = Receiver::default();
    let stage = stage(without_scenario(&receiver.serve().await), Manner::default());
    let steps = stage.player.play(&story(json!({"story": "answered"}))).await.expect("played");
    assert_eq!(receiver.types(), CALL);
    assert!(steps.iter().all(|step| step.status == Some(200) && step.mishap.is_none()));
    for (path, body) in receiver.got.lock().expect("a lock").iter() {
        let kind = path.rsplit('/').next().expect("a type");
        let params = Params::from_body(&Value::String(body.clone()), chrono_tz::Europe::Moscow, 0).expect("a body");
        assert_eq!(events(kind, &params).expect("events").len(), 1);
    }
    let rows = stage.account.state().notifications.clone();
    assert_eq!(rows.len(), CALL.len());
    assert_eq!(
        (&rows[0]["event_type"]["value_id"], &rows[0]["notification_status"]["value_id"]),
        (&json!("in_call_session"), &json!("sent"))
    );
    assert_eq!(rows[0]["communication_type"]["value_id"], "call");
    assert_eq!(rows[0]["notification_start_date_time"], "2026-11-23 10:00:00");
}

#[tokio::test]
async fn mishaps_are_reported_in_the_steps() {
    let receiver = Receiver::default();
    let odds = Odds { double: 1.0, ..Odds::default() };
    let stage = stage(without_scenario(&receiver.serve().await), Manner { odds, ..Manner::default() });
    let steps = stage.player.play(&story(json!({"story": "missed"}))).await.expect("played");
    assert_eq!(receiver.types().len(), 8);
    assert_eq!(steps.iter().filter(|step| step.mishap == Some(Mishap::Doubled)).count(), 4);

    let lost = Receiver::default();
    let odds = Odds { lose: 1.0, ..Odds::default() };
    let stage = self::stage(without_scenario(&lost.serve().await), Manner { odds, ..Manner::default() });
    let steps = stage.player.play(&story(json!({"story": "missed"}))).await.expect("played");
    assert!(lost.types().is_empty());
    assert!(steps.len() == 4 && steps.iter().all(|step| step.mishap == Some(Mishap::Lost) && step.status.is_none()));
    use uis_host::ports::Reports;
    assert_eq!(stage.account.finished_calls(0, None, 10).await.expect("a report").0.len(), 1, "UIS's report has the call all the same");
}

#[tokio::test]
async fn a_refused_notification_is_sent_again_only_if_asked_for() {
    for (retries, sent) in [(0, 1), (1, 2), (5, 3)] {
        let receiver = Receiver { refuses: Arc::new(AtomicUsize::new(2)), ..Receiver::default() };
        let stage = stage(without_scenario(&receiver.serve().await), Manner { retries, ..Manner::default() });
        stage.player.play(&story(json!({"story": "tag", "communication": 5}))).await.expect("played");
        assert_eq!(receiver.types().len(), sent, "with {retries} retries");
        let row = stage.account.state().notifications[0].clone();
        let taken = retries >= 2;
        assert_eq!(row["notification_status"]["value_id"], if taken { "sent" } else { "error" });
        assert_eq!(row["notification_error_message"], if taken { Value::Null } else { json!("HTTP 503") });
    }
}

#[tokio::test]
async fn nobody_listening_is_an_error_of_the_step_and_no_secret_is_in_it() {
    let stage = stage(Subscriptions::below("http://127.0.0.1:1/shop/notify/s3cret"), Manner::default());
    let steps = stage.player.play(&story(json!({"story": "tag", "communication": 5}))).await.expect("played");
    let error = steps[0].error.clone().expect("an error");
    assert!(!error.contains("s3cret") && !error.is_empty(), "{error}");
    let stage = self::stage(Subscriptions::below("https://a.example/shop/notify/s3cret"), Manner::default());
    let steps = stage.player.play(&story(json!({"story": "tag", "communication": 5}))).await.expect("played");
    assert_eq!(steps[0].error.as_deref(), Some("the simulator speaks plain http; give a http:// address"));
}

#[tokio::test]
async fn the_scenario_asks_once_in_six_hours_for_each_caller() {
    let receiver = Receiver { route: Some(r#"{"phones":["74950000102"]}"#.to_owned()), ..Receiver::default() };
    let stage = stage(Subscriptions::below(&receiver.serve().await), Manner::default());
    let who = |steps: &[uis_simulator::play::Step]| {
        let rung = steps.iter().find(|step| step.what == "out_call").expect("a phone rings");
        serde_json::from_str::<Value>(&rung.message).expect("JSON")["employee_id"].clone()
    };
    let played = async |phone: &str| {
        let steps = stage.player.play(&story(json!({"story": "missed", "phone": phone, "employee": 11}))).await.expect("played");
        let asked = steps.iter().find(|step| step.what == "route").is_some_and(|step| step.status == Some(200));
        (asked, who(&steps))
    };
    assert_eq!(played("79160000001").await, (true, json!(12)));
    let (path, query) = receiver.got.lock().expect("a lock")[1].clone();
    assert_eq!(path, "/shop/route/s3cret");
    assert!(query.starts_with("cdr_id=") && query.ends_with("&start_time=1795417200&input_result=None&numa=79160000001&numb=74951110011"));
    assert_eq!(played("79160000001").await, (false, json!(12)), "remembered");
    assert_eq!(played("79160000002").await, (true, json!(12)), "another caller");
    assert_eq!([played("").await.0, played("").await.0], [true, true], "nobody is remembered by no number");
    stage.clock.advance_to(START + 6 * 3_600_000);
    assert_eq!(played("79160000001").await, (true, json!(12)), "six hours later");
}

#[tokio::test]
async fn without_an_answer_in_time_the_linked_operation_goes_on() {
    for route in [None, Some("{}".to_owned()), Some("<html>".to_owned()), Some(r#"{"returned_code":2}"#.to_owned())] {
        let receiver = Receiver { route: route.clone(), ..Receiver::default() };
        let mut subscriptions = Subscriptions::below(&receiver.serve().await);
        subscriptions.scenario.as_mut().expect("a scenario").timeout_ms = Some(50);
        let stage = stage(subscriptions, Manner::default());
        let steps = stage.player.play(&story(json!({"story": "missed", "employee": 11}))).await.expect("played");
        assert_eq!(receiver.types(), ["in_call_session", "route", "out_call", "call_session_finished", "lost_call_session"]);
        let rung: Value = serde_json::from_str(&steps[2].message).expect("JSON");
        assert_eq!(rung["employee_id"], 11, "{route:?}");
        assert_eq!(steps[1].error.as_deref(), route.is_none().then_some("no answer in time"));
    }
}

#[tokio::test]
async fn a_clicked_number_becomes_a_call_with_the_id_of_the_order() {
    let receiver = Receiver::default();
    let stage = stage(Subscriptions::below(&receiver.serve().await), Manner::default());
    tokio::spawn(clicks::follow(stage.player.clone()));
    // The follower looks at the account first.
    tokio::task::yield_now().await;
    let order = DialOrder {
        contact: "79160000001".into(),
        extension: None,
        employee_id: 12,
        employee_phone: None,
        virtual_number: "74951110011".into(),
        virtual_number_rule: None,
        show_virtual_number: true,
        external_id: Some("order-1".into()),
    };
    stage.account.start_call("order-1", &order).await.expect("started");
    while receiver.types().last().map(String::as_str) != Some("record_ready") {
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(receiver.types()[..2], ["out_call_session", "out_call"]);
    let body: Value = serde_json::from_str(&receiver.got.lock().expect("a lock")[0].1).expect("JSON");
    assert_eq!((&body["contact_phone_number"], &body["employee_id"]), (&json!("79160000001"), &json!(12)));
}

#[tokio::test]
async fn a_day_plays_its_stories_and_names_those_that_do_not_fit() {
    let receiver = Receiver::default();
    let stage = stage(without_scenario(&receiver.serve().await), Manner::default());
    let day = Day::read(&json!({"stories": [
        {"time": "10:00", "story": "site-request"},
        {"time": "09:00", "story": "missed"},
        {"time": "11:00", "story": "answered", "employee": 99},
        {"time": "12:00", "story": "tag", "tag": "VIP"},
    ]}))
    .expect("a day");
    let played = day.play(&stage.player).await;
    assert_eq!(
        receiver.types(),
        ["in_call_session", "out_call", "call_session_finished", "lost_call_session", "offline_message", "set_mark"]
    );
    assert_eq!((played.steps, played.refused), (6, 0));
    assert_eq!(played.unplayed, [(3, "employee 99 is not in the account; it has: 11, 12".to_owned())]);
    let tagged: Value = serde_json::from_str(&receiver.got.lock().expect("a lock")[5].1).expect("JSON");
    assert_eq!(
        (&tagged["communication_type"], &tagged["tag_names"]),
        (&json!("offline_message"), &json!(["VIP"])),
        "the last communication"
    );
}

#[tokio::test]
async fn the_running_simulator_is_controlled_over_http() {
    let receiver = Receiver::default();
    let stage = stage(Subscriptions::default(), Manner::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}/_simulator", listener.local_addr().expect("an address"));
    let router = control::router(stage.player.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let http = reqwest::Client::new();
    let set_up = serde_json::to_string(&without_scenario(&receiver.serve().await)).expect("JSON");
    let answer = http.put(format!("{base}/subscriptions")).body(set_up).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let answer = http.post(format!("{base}/trigger")).body(r#"{"story":"missed"}"#).send().await.expect("an answer");
    let steps: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    assert_eq!(steps["steps"].as_array().map(Vec::len), Some(4));
    assert_eq!(receiver.types().len(), 4);
    let sent = http.get(format!("{base}/notifications")).send().await.expect("an answer").text().await.expect("text");
    assert_eq!(serde_json::from_str::<Value>(&sent).expect("JSON")["notifications"].as_array().map(Vec::len), Some(4));
    for (body, expected) in
        [("{", "the body is no JSON"), (r#"{"story":"mised"}"#, "story: unknown variant"), (r#"{"employee":99}"#, "employee 99")]
    {
        let answer = http.post(format!("{base}/trigger")).body(body).send().await.expect("an answer");
        assert_eq!(answer.status(), 400);
        let error: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
        assert!(error["error"].as_str().is_some_and(|error| error.starts_with(expected)), "{error}");
    }
}
