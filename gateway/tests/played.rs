//! Calls at UIS, played by its simulator with what `setup` prints, are in RetailCRM's history: each once, though notifications come twice, late
//! and in another order.

use std::sync::Arc;

use chrono::DateTime;
use serde_json::{Value, json};
use uis_gateway::control::Control;
use uis_gateway::setup::{Language, Setup};
use uis_host::clock::{Clock, VirtualClock};
use uis_host::notification::templates::Subscriptions;
use uis_simulator::SimulatedAccount;
use uis_simulator::delivery::Odds;
use uis_simulator::play::{Manner, Player, Speed, Step, Tempo};
use uis_simulator::stories::Story;
use uis_test_support::native_plugin::NativePlugin;

use crate::service;
use crate::service::crm::Crm;
use crate::service::{ACCOUNT, Plan, Service, sessions};

struct Play {
    service: Service,
    crm: Crm,
    clock: Arc<VirtualClock>,
    player: Player,
}

/// A gateway with one integration, and a UIS that has what `setup` prints for it.
async fn begin(odds: Odds) -> Play {
    let clock = Arc::new(VirtualClock::at(DateTime::parse_from_rfc3339("2026-11-23T10:00:00+03:00").expect("a time").to_utc()));
    let shared: Arc<dyn Clock> = clock.clone();
    let crm = Crm::serve(shared.clone()).await;
    let service = Service::start(Plan { clock: shared.clone(), ..Plan::with(Arc::new(NativePlugin::new())) }).await;
    service.add("shop", &crm).await;
    let addresses = service.control.addresses("shop").await.expect("addresses");
    let printed = serde_json::to_string(&Setup::new("shop", &addresses, Language::Russian)).expect("JSON");
    let subscriptions: Subscriptions = serde_json::from_str(&printed).expect("what setup prints is read");
    // `public-url` leads to a web server; here the gateway itself is asked.
    let base = format!("http://{}/shop/notify/{}", service.address, service::SECRET);
    let account = Arc::new(SimulatedAccount::new(serde_json::from_str(ACCOUNT).expect("an account"), shared.clone()));
    let manner = Manner { tempo: Tempo { speed: Speed::Max, clock_follows: false }, odds, ..Manner::default() };
    let player = Player::new(account, shared, subscriptions.moved(&base), manner, Box::new(|_| {})).expect("a player");
    Play { service, crm, clock, player }
}

impl Play {
    async fn play(&self, story: Value) -> Vec<Step> {
        let steps = self.player.play(&Story::read(&story).expect("a story")).await.expect("it fits the account");
        assert!(steps.iter().all(Step::is_fine), "{steps:?}");
        self.service.quiet().await;
        steps
    }

    /// Lets a quarter of an hour pass.
    async fn later(&self) {
        let end = self.clock.now_ms() + 15 * 60_000;
        while self.clock.now_ms() < end {
            self.clock.advance_to(self.clock.now_ms() + 10_000);
            self.service.gateway.core().expect("the store works").handle.wake().await.expect("it runs");
            self.service.quiet().await;
        }
    }

    /// The calls of the history, as phone and result.
    fn history(&self) -> Vec<(String, String)> {
        let text = |call: &Value, name: &str| call[name].as_str().unwrap_or_default().to_owned();
        self.crm.calls().iter().map(|call| (text(call, "phone"), text(call, "result"))).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_played_with_the_printed_templates_are_in_the_history() {
    let play = begin(Odds::default()).await;
    let steps = play.play(json!({"story": "answered", "phone": "79160000001", "employee": 323409})).await;
    let route = steps.iter().find(|step| step.what == "route").expect("the scenario asks");
    assert_eq!((route.status, route.answer.as_str()), (Some(200), "{}"), "nobody knows this caller");
    play.play(json!({"story": "missed", "phone": "79160000002", "employee": 323409})).await;
    play.play(json!({"story": "click", "phone": "79160000003", "employee": 323409, "external-id": "order-1"})).await;
    play.later().await;
    let mut history = play.history();
    history.sort();
    let phones: Vec<&str> = history.iter().map(|(phone, _)| phone.trim_start_matches('+')).collect();
    assert_eq!(phones, ["79160000001", "79160000002", "79160000003"], "{history:?}");
    let results: Vec<&str> = history.iter().map(|(_, result)| result.as_str()).collect();
    assert_eq!((results[0], results[2]), ("answered", "answered"));
    assert_ne!(results[1], "answered", "the second one was lost");
    assert_eq!(play.service.count("SELECT count(*) FROM events WHERE state = 2"), 0, "no dead letter");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubled_late_and_reordered_notifications_make_no_second_call() {
    let odds = Odds { double: 0.5, late: 0.2, reorder: 0.3, seed: 7, ..Odds::default() };
    let play = begin(odds).await;
    for number in 0..12 {
        let kind = ["answered", "missed", "outgoing", "unanswered"][number % 4];
        play.play(json!({"story": kind, "phone": format!("7916000{number:04}"), "employee": 323409})).await;
    }
    play.later().await;
    let calls = play.crm.calls();
    let mut found = sessions(&calls);
    found.sort_unstable();
    found.dedup();
    assert_eq!((calls.len(), found.len()), (12, 12), "each call once");
    play.service.quiet().await;
    assert_eq!(play.service.count("SELECT count(*) FROM events WHERE state IN (0, 2)"), 0, "nothing waits, and no dead letter");
}
