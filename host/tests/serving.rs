//! Dispatch in real time: several lanes run concurrently, live events run beside them, and a lane that is stuck delays no other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use uis_host::bindings::exports::uis::integration::orders::OrderWebhook;
use uis_host::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, PreparedSettings, TemplateParameter,
};
use uis_host::bindings::uis::integration::call_events::ClickToCall;
use uis_host::bindings::uis::integration::storage::Host as _;
use uis_host::bindings::uis::integration::timers::{Host as _, Timer};
use uis_host::bindings::uis::integration::types::{Delivery, Failure, Misconfiguration, Outcome, RetryLater};
use uis_host::clock::{Clock, SystemClock, VirtualClock};
use uis_host::dispatch::commands::Replacement;
use uis_host::dispatch::handle::Handle;
use uis_host::dispatch::{Arrival, Dispatch, KEPT_PER_INTEGRATION, LiveEnd};
use uis_host::event::{Event, Fault, Reply};
use uis_host::integration::{Integration, UisAccount};
use uis_host::limits::Limits;
use uis_host::memory::MemoryStore;
use uis_host::notification::{self, params::Params};
use uis_host::plugin::{Plugin, Prepared, Run, SetupResult};
use uis_host::ports::{IntegrationState, Origin, Silent, Store};
use uis_host::services::EventScope;
use uis_host::sync::lock;

/// How long a slow handler takes.
const SLOW: Duration = Duration::from_millis(150);

/// A plugin whose handlers do what the event's parameters say. It records when they started.
#[derive(Default)]
struct Scripted {
    about: Option<Description>,
    /// Titles of the handlers, in the order in which they started.
    began: Mutex<Vec<String>>,
    at_work: AtomicUsize,
    most_at_work: AtomicUsize,
    /// How often each title has started.
    times: Mutex<HashMap<String, u32>>,
    /// What an activation does.
    activation: Mutex<&'static str>,
    /// What a deactivation does.
    deactivation: Mutex<&'static str>,
    /// The deliveries, in the order in which they started.
    deliveries: Mutex<Vec<Delivery>>,
}

impl Scripted {
    fn new() -> Arc<Scripted> {
        let about = Description { name: "scripted".into(), version: "0".into(), connections: vec![], callbacks: vec![], actions: vec![] };
        Arc::new(Scripted { about: Some(about), ..Scripted::default() })
    }

    fn began(&self) -> Vec<String> {
        lock(&self.began).clone()
    }

    async fn act(&self, scope: &mut EventScope, title: &str, script: &str) -> Result<Reply, Failure> {
        let done = Ok(Reply::Done(Outcome { skipped: Vec::new() }));
        match script {
            "slow" => tokio::time::sleep(SLOW).await,
            "never" => tokio::time::sleep(Duration::from_secs(3600)).await,
            "misconfigured-twice" if lock(&self.times)[title] <= 2 => {
                return Err(Failure::Misconfigured(Misconfiguration { setting: "s".into(), message: "m".into() }));
            }
            "retry-thrice-then-too-long" if lock(&self.times)[title] <= 3 => {
                return Err(Failure::Retry(RetryLater { after_ms: None, reason: "busy".into() }));
            }
            "retry-thrice-then-too-long" => tokio::time::sleep(Duration::from_secs(3600)).await,
            "busy" => return Err(Failure::Retry(RetryLater { after_ms: Some(3_600_000), reason: "busy".into() })),
            "misconfigured-once" if lock(&self.times)[title] == 1 => {
                let problem = uis_host::bindings::uis::integration::types::Misconfiguration { setting: "s".into(), message: "m".into() };
                return Err(Failure::Misconfigured(problem));
            }
            "unauthorized-twice" if lock(&self.times)[title] <= 2 => return Err(Failure::Unauthorized("the key is refused".into())),
            "rejected" => return Err(Failure::Rejected("it can never succeed".into())),
            "panic" => panic!("requested by the event"),
            "retry-once" if lock(&self.times)[title] == 1 => {
                return Err(Failure::Retry(RetryLater { after_ms: None, reason: "once".into() }));
            }
            "timer" => {
                let at = SystemClock.now_ms() + 50;
                let timer = Timer { name: "soon".into(), at, every_ms: None, ordering_key: "order:timer".into(), payload: Vec::new() };
                scope.set(timer).await.expect("the store works").expect("room");
            }
            "count" => {
                let known = scope.get("count".into()).await.expect("the store works");
                let number = known.as_ref().map_or(0, |entry| entry.value[0]) + 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
                let version = known.map(|entry| entry.version);
                if scope.swap("count".into(), version, vec![number], None).await.expect("the store works").is_err() {
                    return Err(Failure::Retry(RetryLater { after_ms: None, reason: "another was first".into() }));
                }
            }
            _ => {}
        }
        done
    }
}

/// The parameters of an event that has none.
static NOTHING: Vec<(String, String)> = Vec::new();

fn parameter<'a>(event: &'a Event, name: &str) -> &'a str {
    let parameters = match event {
        Event::OrderWebhook(event) => &event.parameters,
        Event::ClickToCall(event) => &event.parameters,
        other => other.call().map_or(&NOTHING, |call| &call.attributes),
    };
    parameters.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

impl Plugin for Scripted {
    fn description(&self) -> &Description {
        self.about.as_ref().expect("made with one")
    }
    fn prepare<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        ready(Ok(Ok(PreparedSettings { bytes: Vec::new(), notes: Vec::new() }))).boxed()
    }
    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        ready(Ok("{}".to_owned())).boxed()
    }
    fn template_parameters<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        ready(Ok(Vec::new())).boxed()
    }
    fn preview_template<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        ready(Ok(Ok(String::new()))).boxed()
    }
    fn choices<'a>(&'a self, _: EventScope, _: &'a str, _: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        ready(Ok(Err(Failure::Rejected("it has none".into())))).boxed()
    }
    fn check_connection(&self, _: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        ready(Ok(Err(Failure::Rejected("it has none".into())))).boxed()
    }
    fn normalise_connection<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        ready(Ok(Err("it has none".into()))).boxed()
    }
    fn asset<'a>(&'a self, _: EventScope, _: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        ready(Ok(None)).boxed()
    }
    fn handle(&self, mut scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        async move {
            let title = match &event {
                Event::TimerDue(timer) => timer.name.clone(),
                Event::Activate => "activate".into(),
                Event::Deactivate => "deactivate".into(),
                other => format!("{}{}", parameter(other, "id"), parameter(other, "n")),
            };
            let script = match &event {
                Event::Activate => *lock(&self.activation),
                Event::Deactivate => *lock(&self.deactivation),
                other => parameter(other, "do"),
            };
            lock(&self.deliveries).push(delivery);
            lock(&self.began).push(title.clone());
            *lock(&self.times).entry(title.clone()).or_default() += 1;
            let kept = matches!(event, Event::OrderWebhook(_));
            if kept {
                let now = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
                self.most_at_work.fetch_max(now, Ordering::SeqCst);
            }
            let wall = scope.deadline.saturating_duration_since(Instant::now());
            let acted = tokio::time::timeout(wall, self.act(&mut scope, &title, script)).await;
            if kept {
                self.at_work.fetch_sub(1, Ordering::SeqCst);
            }
            let result = acted.map_err(|_| Fault::Limit { name: "wall-kept-ms", value: 0 });
            Run { scope, result, fuel: None, memory_bytes: None }
        }
        .boxed()
    }
}

/// An event of a lane. `id` is the lane, `number` is the event's number in it, `script` says what the handler does.
fn hint(id: &str, number: u32, script: &str) -> Arrival {
    let parameters = [("id", id.to_owned()), ("n", number.to_string()), ("do", script.to_owned())];
    let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let event = Event::OrderWebhook(OrderWebhook { at: 0, method: "POST".into(), parameters, content_type: None, body: Vec::new() });
    Arrival { origin: Origin(u64::from(number)), what: "order-webhook".into(), event }
}

fn click(id: &str) -> Arrival {
    let event = Event::ClickToCall(ClickToCall { parameters: vec![("id".into(), id.into())], at: 0 });
    Arrival { origin: Origin(0), what: "click-to-call".into(), event }
}

/// A dispatch that is serving, and what a test needs of it.
struct Served {
    plugin: Arc<Scripted>,
    handle: Handle,
    store: Arc<MemoryStore>,
    end: tokio::task::JoinHandle<()>,
}

async fn served(names: &[&str], limits: Limits) -> Served {
    let store = Arc::new(MemoryStore::default());
    for name in names {
        store.set_state(name, IntegrationState::Active).await.expect("a store in memory");
    }
    serve_on(names, limits, store)
}

fn serve_on(names: &[&str], limits: Limits, store: Arc<MemoryStore>) -> Served {
    serve_by(Arc::new(SystemClock), names, limits, store)
}

fn serve_by(clock: Arc<dyn Clock>, names: &[&str], limits: Limits, store: Arc<MemoryStore>) -> Served {
    let plugin = Scripted::new();
    let integrations = names.iter().map(|name| {
        let secret = "secret".to_owned().into();
        let mut integration = Integration::new(name, plugin.description(), clock.clone(), UisAccount::absent(), secret, &limits);
        integration.store = store.clone();
        Arc::new(integration)
    });
    let (integrations, own): (Vec<_>, Arc<dyn Plugin>) = (integrations.collect(), plugin.clone());
    let (handle, receiver) = Handle::new();
    let end = tokio::spawn(async move {
        let dispatch = Dispatch::new(own, clock, integrations, Box::new(Silent)).await;
        dispatch.expect("a store in memory").serve(receiver).await.expect("a store in memory");
    });
    Served { plugin, handle, store, end }
}

impl Served {
    async fn deliver(&self, slot: usize, arrival: Arrival) -> LiveEnd {
        self.handle.deliver(slot, arrival).await.expect("it serves")
    }

    /// Waits for the running handlers, and returns the plugin and the store.
    async fn stop(self) -> (Arc<Scripted>, Arc<MemoryStore>) {
        self.handle.stop().await;
        self.end.await.expect("no panic");
        (self.plugin, self.store)
    }

    async fn until(&self, what: &str, done: impl Fn(&[String]) -> bool) {
        let until = Instant::now() + Duration::from_secs(20);
        while !done(&self.plugin.began()) {
            assert!(Instant::now() < until, "{what}: {:?}", self.plugin.began());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_run_concurrently_and_each_in_order() {
    let served = served(&["a"], Limits::default()).await;
    for number in 1..=3 {
        for lane in ["x", "y"] {
            assert_eq!(served.deliver(0, hint(lane, number, "slow")).await, LiveEnd::Kept);
        }
    }
    served.until("all begin", |began| began.len() == 6).await;
    let (plugin, store) = served.stop().await;
    let of = |lane: &str| -> Vec<String> { plugin.began().into_iter().filter(|title| title.starts_with(lane)).collect() };
    assert_eq!((of("x"), of("y")), (vec!["x1".into(), "x2".into(), "x3".into()], vec!["y1".into(), "y2".into(), "y3".into()]));
    assert_eq!(plugin.most_at_work.load(Ordering::SeqCst), 2, "one of each lane");
    assert!(store.waiting("a").await.expect("a store").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_integration_takes_few_places_and_delays_no_other() {
    let served = served(&["slow", "other"], Limits::default()).await;
    for number in 0..20 {
        served.deliver(0, hint(&format!("lane{number}-"), 1, "never")).await;
    }
    served.until("its places are taken", |began| began.len() == KEPT_PER_INTEGRATION).await;
    served.deliver(1, hint("other", 1, "")).await;
    served.until("the other one is handled", |began| began.iter().any(|title| title == "other1")).await;
    let live = served.deliver(0, click("click")).await;
    assert_eq!(live, LiveEnd::Done, "live events do not wait for the lanes");
    assert_eq!(served.plugin.began().iter().filter(|title| title.starts_with("lane")).count(), KEPT_PER_INTEGRATION);
    served.end.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_of_the_places_is_reserved_for_live_events() {
    let limits = Limits { instances: 8, ..Limits::default() };
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let served = served(&names, limits).await;
    for (slot, name) in names.iter().enumerate() {
        for number in 0..5 {
            served.deliver(slot, hint(&format!("{name}{number}-"), 1, "never")).await;
        }
    }
    served.until("kept places are taken", |began| began.len() == 6).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(served.plugin.most_at_work.load(Ordering::SeqCst), 6, "8 places, of which 2 are for live events");
    assert_eq!(served.deliver(2, click("click")).await, LiveEnd::Done);
    served.end.abort();
}

/// Twenty slow accounts, which could fill all places four by four, leave some free, so that a kept event of another account begins at once.
#[tokio::test(flavor = "multi_thread")]
async fn slow_integrations_leave_places_for_others() {
    let names: Vec<String> = (0..21).map(|number| format!("account-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let served = served(&names, Limits::default()).await;
    for slot in 0..20 {
        for number in 0..5 {
            served.deliver(slot, hint(&format!("{slot}-{number}-"), 1, "never")).await;
        }
    }
    served.until("each slow one has a place", |began| began.len() >= 20).await;
    assert!(served.plugin.most_at_work.load(Ordering::SeqCst) < 48, "some places stay free");
    for number in 0..5 {
        served.deliver(20, hint("healthy", number, "")).await;
    }
    served.until("the healthy one is served", |began| began.iter().filter(|title| title.starts_with("healthy")).count() == 5).await;
    served.end.abort();
}

/// An event that a setting prevents waits until the settings are saved; its lane goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_misconfigured_event_waits_until_the_settings_are_saved() {
    let served = served(&["a"], Limits::default()).await;
    served.deliver(0, hint("x", 1, "misconfigured-once")).await;
    served.deliver(0, hint("x", 2, "")).await;
    served.until("the lane goes on", |began| began.contains(&"x2".to_owned())).await;
    while served.handle.inspect().await.expect("it serves")[0].at_work > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(served.handle.inspect().await.expect("it serves")[0].waiting, 1);
    served.handle.switch_on(0, Origin(1)).await.expect("it serves");
    served.until("the event is tried again", |began| began.iter().filter(|title| *title == "x1").count() == 2).await;
    let (_, store) = served.stop().await;
    assert!(store.dead_letters("a", None, 10).await.expect("a store").is_empty());
}

/// The owner put the old key back in the remote system, and did nothing here.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_tried_again_by_itself() {
    let clock = Arc::new(VirtualClock::at(SystemClock.now()));
    let store = Arc::new(MemoryStore::default());
    store.set_state("a", IntegrationState::Active).await.expect("a store in memory");
    let served = serve_by(clock.clone(), &["a"], Limits::default(), store);
    served.deliver(0, hint("x", 1, "unauthorized-twice")).await;
    let paused = async || {
        while served.handle.inspect().await.expect("it serves")[0].state != IntegrationState::Paused {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    for (minutes, activations) in [(5, 1), (5, 2)] {
        paused().await;
        clock.advance_to(clock.now_ms() + (minutes - 1) * 60_000);
        served.handle.wake().await.expect("it serves");
        let count = |began: &[String]| began.iter().filter(|title| *title == "activate").count();
        assert_eq!(count(&served.plugin.began()), activations - 1, "not before {minutes} minutes");
        clock.advance_to(clock.now_ms() + 2 * 60_000);
        served.handle.wake().await.expect("it serves");
        served.until("the key is tried", |began| count(began) == activations).await;
    }
    served.until("the event is handled", |began| began.iter().filter(|title| *title == "x1").count() == 3).await;
    let (_, store) = served.stop().await;
    assert!(store.waiting("a").await.expect("a store").is_empty());
}

impl Served {
    /// Waits until the first integration is in a state and nothing runs.
    async fn rests_in(&self, state: IntegrationState) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let view = self.handle.inspect().await.expect("it serves").swap_remove(0);
            if (view.state, view.at_work) == (state, 0) {
                return;
            }
            assert!(Instant::now() < until, "{view:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// A dispatch of one integration whose clock is turned by the test.
async fn served_by_hand(limits: Limits) -> (Served, Arc<VirtualClock>) {
    let clock = Arc::new(VirtualClock::at(SystemClock.now()));
    let store = Arc::new(MemoryStore::default());
    store.set_state("a", IntegrationState::Active).await.expect("a store in memory");
    (serve_by(clock.clone(), &["a"], limits, store), clock)
}

/// Turns the clock, and starts what is due.
async fn pass(served: &Served, clock: &VirtualClock, minutes: i64) {
    clock.advance_to(clock.now_ms() + minutes * 60_000);
    served.handle.wake().await.expect("it serves");
}

fn times(began: &[String], title: &str) -> usize {
    began.iter().filter(|known| *known == title).count()
}

/// Everything waits for an activation, so it is no dead letter, and a right that the owner has granted meanwhile is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_is_misconfigured_is_tried_again_every_hour() {
    let (served, clock) = served_by_hand(Limits::default()).await;
    *lock(&served.plugin.activation) = "misconfigured-twice";
    served.handle.switch_on(0, Origin(1)).await.expect("it serves");
    served.deliver(0, hint("x", 1, "")).await;
    for tried in 1..=2 {
        served.until("it is activated", |began| times(began, "activate") == tried).await;
        served.rests_in(IntegrationState::Activating).await;
        pass(&served, &clock, 59).await;
        served.rests_in(IntegrationState::Activating).await;
        assert_eq!(times(&served.plugin.began(), "activate"), tried, "not before an hour");
        pass(&served, &clock, 2).await;
    }
    served.until("the event is handled", |began| times(began, "x1") == 1).await;
    served.rests_in(IntegrationState::Active).await;
    let (_, store) = served.stop().await;
    assert!(store.waiting("a").await.expect("a store").is_empty());
    assert!(store.dead_letters("a", None, 10).await.expect("a store").is_empty());
}

/// The remote system is down while the owner switches off, and the key was refused before.
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_of_a_refused_key_does_not_undo_the_owners_wish_to_switch_off() {
    let (served, clock) = served_by_hand(Limits::default()).await;
    *lock(&served.plugin.deactivation) = "busy";
    served.deliver(0, hint("x", 1, "unauthorized-twice")).await;
    served.rests_in(IntegrationState::Paused).await;
    served.handle.switch_off(0, Origin(1)).await.expect("it serves");
    served.until("it is switched off", |began| times(began, "deactivate") == 1).await;
    served.rests_in(IntegrationState::Paused).await;
    pass(&served, &clock, 30).await;
    served.rests_in(IntegrationState::Paused).await;
    assert_eq!(times(&served.plugin.began(), "activate"), 0);
    let (_, store) = served.stop().await;
    let waiting: Vec<Event> = store.waiting("a").await.expect("a store").into_iter().map(|event| event.event).collect();
    assert!(waiting.contains(&Event::Deactivate), "{waiting:?}");
}

/// A remote system was busy for a while and then sends what the plugin cannot bear: that is the first fault, not the fourth.
#[tokio::test(flavor = "multi_thread")]
async fn only_faults_in_a_row_count() {
    let (served, clock) = served_by_hand(Limits { wall_kept: Duration::from_millis(20), ..Limits::default() }).await;
    served.deliver(0, hint("x", 1, "retry-thrice-then-too-long")).await;
    served.deliver(0, hint("x", 2, "")).await;
    for attempt in 1..=8 {
        served.until("an attempt", |began| times(began, "x1") == attempt).await;
        served.rests_in(IntegrationState::Active).await;
        assert_eq!(times(&served.plugin.began(), "x2"), usize::from(attempt == 8), "attempt {attempt}");
        pass(&served, &clock, 20).await;
    }
    let (plugin, store) = served.stop().await;
    assert_eq!(times(&plugin.began(), "x1"), 8, "three attempts that ended, and five faults");
    assert_eq!(store.dead_letters("a", None, 10).await.expect("a store").len(), 1);
}

/// A dead letter that is revived a day later is delivered with its own time.
#[tokio::test(flavor = "multi_thread")]
async fn a_revived_event_keeps_its_id_its_key_and_the_time_of_its_arrival() {
    let (served, clock) = served_by_hand(Limits::default()).await;
    let before = clock.now_ms();
    served.deliver(0, hint("x", 1, "rejected")).await;
    served.until("it is rejected", |began| times(began, "x1") == 1).await;
    served.rests_in(IntegrationState::Active).await;
    pass(&served, &clock, 24 * 60).await;
    let dead = served.store.dead_letters("a", None, 10).await.expect("a store in memory");
    assert!(served.handle.revive(0, &dead[0].event.id).await.expect("it serves"));
    served.until("it runs again", |began| times(began, "x1") == 2).await;
    let (plugin, _) = served.stop().await;
    let deliveries = lock(&plugin.deliveries).clone();
    let of = |delivery: &Delivery| (delivery.id.clone(), delivery.ordering_key.clone(), delivery.received_at);
    assert_eq!(of(&deliveries[0]), of(&deliveries[1]));
    assert_eq!(deliveries[1].received_at, before);
}

/// What an administrator does while the dispatch serves.
#[tokio::test(flavor = "multi_thread")]
async fn integrations_are_added_and_replaced_and_dead_letters_revived_while_it_serves() {
    let served = served(&["a"], Limits { wall_kept: Duration::from_millis(50), ..Limits::default() }).await;
    let plugin = served.plugin.clone();
    let made = |wall: u64| {
        let limits = Limits { wall_kept: Duration::from_millis(wall), ..Limits::default() };
        let secret = "secret".to_owned().into();
        let mut integration = Integration::new("b", plugin.description(), Arc::new(SystemClock), UisAccount::absent(), secret, &limits);
        integration.store = served.store.clone();
        Arc::new(integration)
    };
    let slot = served.handle.add(made(50)).await.expect("it serves");
    assert_eq!(slot, 1);
    assert_eq!(served.deliver(slot, hint("x", 1, "")).await, LiveEnd::Dropped, "the new one is switched off");
    served.handle.switch_on(slot, Origin(1)).await.expect("it serves");
    served.until("it is activated", |began| began.contains(&"activate".to_owned())).await;
    served.deliver(slot, hint("x", 1, "rejected")).await;
    let dead = loop {
        let dead = served.store.dead_letters("b", None, 10).await.expect("a store in memory");
        if !dead.is_empty() {
            break dead;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    served.handle.replace(slot, made(60_000)).await.expect("it serves");
    assert!(!served.handle.revive(slot, "unknown").await.expect("it serves"));
    assert!(served.handle.revive(slot, &dead[0].event.id).await.expect("it serves"));
    served.until("it runs again", |began| began.iter().filter(|title| *title == "x1").count() == 2).await;
    let views = served.handle.inspect().await.expect("it serves");
    assert_eq!(views.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_plugin_takes_over_what_begins_later_and_lanes_keep_their_order() {
    let served = served(&["a", "b"], Limits::default()).await;
    for number in 1..=3 {
        served.deliver(0, hint("x", number, "slow")).await;
    }
    served.until("the first one runs", |began| began == ["x1"]).await;
    let other = Scripted::new();
    let made = |name: &str| {
        let secret = "secret".to_owned().into();
        let limits = Limits::default();
        let mut integration = Integration::new(name, other.description(), Arc::new(SystemClock), UisAccount::absent(), secret, &limits);
        integration.store = served.store.clone();
        Arc::new(integration)
    };
    served.handle.switch_off(1, Origin(0)).await.expect("it serves");
    let plugin: Arc<dyn Plugin> = other.clone();
    let unknown = Replacement { plugin: plugin.clone(), integrations: vec![(7, made("a"))], activate: true };
    assert!(served.handle.replace_all(unknown).await.is_err(), "there is no such slot");
    let integrations = vec![(0, made("a")), (1, made("b"))];
    served.handle.replace_all(Replacement { plugin, integrations, activate: true }).await.expect("it serves");
    served.deliver(0, hint("y", 1, "")).await;
    let until = Instant::now() + Duration::from_secs(20);
    while other.began().len() < 4 {
        assert!(Instant::now() < until, "{:?}", other.began());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = other.began();
    assert_eq!(began[0], "activate", "before all events, and once: what is switched off stays so");
    let lane: Vec<&str> = began.iter().map(String::as_str).filter(|title| title.starts_with('x')).collect();
    assert_eq!((lane, began.iter().filter(|title| *title == "y1").count()), (vec!["x2", "x3"], 1));
    let (first, _) = served.stop().await;
    assert_eq!(first.began().iter().filter(|title| title.starts_with('x')).count(), 1, "what ran ended with the plugin that it began with");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_event_is_retried_before_the_rest_of_its_lane() {
    let served = served(&["a"], Limits::default()).await;
    served.deliver(0, hint("x", 1, "retry-once")).await;
    served.deliver(0, hint("x", 2, "")).await;
    served.deliver(0, hint("y", 1, "")).await;
    served.until("all are done", |began| began.len() == 4).await;
    let (plugin, _) = served.stop().await;
    let of_x: Vec<String> = plugin.began().into_iter().filter(|title| title.starts_with('x')).collect();
    assert_eq!(of_x, ["x1", "x1", "x2"]);
    assert_eq!(plugin.began().iter().position(|title| title == "y1").map(|place| place < 3), Some(true), "y does not wait for x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_delays_only_its_lane_and_the_event_stays_stored() {
    let served = served(&["a"], Limits::default()).await;
    served.deliver(0, hint("x", 1, "panic")).await;
    served.deliver(0, hint("x", 2, "")).await;
    served.until("it panics", |began| !began.is_empty()).await;
    served.deliver(0, hint("y", 1, "")).await;
    served.until("the other lane runs", |began| began.iter().any(|title| title == "y1")).await;
    let (_, store) = served.stop().await;
    let waiting = store.waiting("a").await.expect("a store");
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert!(waiting[0].attempt > 1 && waiting[0].reason.as_deref().is_some_and(|reason| reason.contains("panic")), "{:?}", waiting[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_the_store_are_delivered_after_a_restart() {
    let first = served(&["a"], Limits::default()).await;
    first.deliver(0, hint("x", 1, "never")).await;
    first.deliver(0, hint("x", 2, "")).await;
    first.until("the first begins", |began| began == ["x1"]).await;
    // Simulates a process that is killed: nothing is finished.
    first.end.abort();
    let store = first.store.clone();
    let waiting = store.waiting("a").await.expect("a store in memory");
    assert_eq!(waiting.iter().map(|event| event.attempt).collect::<Vec<_>>(), [2, 1], "the first attempt has begun");
    let second = serve_on(&["a"], Limits { wall_kept: Duration::from_millis(100), ..Limits::default() }, store);
    second.until("both are delivered again", |began| began.contains(&"x2".to_owned())).await;
    assert_eq!(second.plugin.began(), ["x1", "x1", "x1", "x1", "x2"], "an exceeded limit is tried five times, the first process did once");
    let (_, store) = second.stop().await;
    assert!(store.waiting("a").await.expect("a store").is_empty());
    assert_eq!(store.dead_letters("a", None, 10).await.expect("a store").len(), 1, "the event that exceeded a limit is a dead letter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_is_due_in_real_time() {
    let served = served(&["a"], Limits::default()).await;
    served.deliver(0, hint("x", 1, "timer")).await;
    served.until("the timer is due", |began| began.contains(&"soon".to_owned())).await;
    let (_, store) = served.stop().await;
    assert!(store.timers("a").await.expect("a store").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_of_several_lanes_are_not_lost() {
    let served = served(&["a"], Limits::default()).await;
    for lane in ["p", "q", "r", "s"] {
        for number in 1..=5 {
            served.deliver(0, hint(lane, number, "count")).await;
        }
    }
    let counted = async {
        loop {
            let entry = served.store.get("a", "count", 0).await.expect("a store");
            if entry.is_some_and(|entry| entry.value == [20]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), counted).await.expect("twenty counts, none lost");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_delivered_while_an_integration_is_off() {
    let served = served(&["a"], Limits::default()).await;
    served.handle.switch_off(0, Origin(1)).await.expect("it serves");
    served.until("the deactivation runs", |began| began.len() == 1).await;
    // A deactivation has no reply, so wait for the new state.
    while served.store.state("a").await.expect("a store") != IntegrationState::Inactive {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(served.deliver(0, hint("x", 1, "")).await, LiveEnd::Dropped);
    assert_eq!(served.deliver(0, click("c")).await, LiveEnd::Dropped);
    served.handle.switch_on(0, Origin(2)).await.expect("it serves");
    served.until("it is on", |began| began.contains(&"activate".to_owned())).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(served.deliver(0, hint("x", 2, "")).await, LiveEnd::Kept);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn live_events_of_one_call_are_handled_in_order_and_those_of_others_beside_them() {
    let served = served(&["a"], Limits::default()).await;
    let ringing = |session: i64, id: &str, script: &str| {
        let now = chrono::Utc::now().with_timezone(&chrono_tz::Europe::Moscow).format("%Y-%m-%d %H:%M:%S").to_string();
        let body = serde_json::json!({"call_session_id": session, "notification_time": now, "employee_id": 1, "id": id, "do": script});
        let params = Params::from_body(&body, chrono_tz::Europe::Moscow, SystemClock.now_ms()).expect("an object");
        let event = notification::events("out_call", &params).expect("an event").remove(0);
        Arrival { origin: Origin(1), what: "out_call".into(), event }
    };
    let (first, second, other) =
        tokio::join!(served.deliver(0, ringing(1, "first", "slow")), served.deliver(0, ringing(1, "second", "")), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            served.deliver(0, ringing(2, "other", "")).await
        });
    assert_eq!((first, second, other), (LiveEnd::Done, LiveEnd::Done, LiveEnd::Done));
    assert_eq!(served.plugin.began(), ["first", "other", "second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_deliveries_differ_after_a_restart() {
    let store = Arc::new(MemoryStore::default());
    store.set_state("a", IntegrationState::Active).await.expect("a store in memory");
    let mut ids = std::collections::BTreeSet::new();
    for number in 0..3 {
        let served = serve_on(&["a"], Limits::default(), store.clone());
        served.deliver(0, hint("x", number, "never")).await;
        ids.extend(store.waiting("a").await.expect("a store").into_iter().map(|event| event.id));
        served.end.abort();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ids.len(), 3, "{ids:?}");
}
