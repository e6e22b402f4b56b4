//! The effect of one account's hostile rules on other accounts: how long the others' events take before and during an attack, whether their
//! results are correct, and how long after its deadline a runaway rule is stopped. Not a criterion benchmark, because it measures
//! percentiles under load and not the mean of a function.
#![allow(missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use uis_harness::build;
use uis_host::bindings::uis::integration::decision::{Appeal, Draft, DraftKind, Field, Value, Verdict};
use uis_host::bindings::uis::integration::types::{CommunicationKind, Delivery};
use uis_host::event::Event;
use uis_host::limits::Limits;
use uis_host::notification::{self, params::Params};
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::{Runtime, TICK};
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::{Rule, Sandbox};
use uis_host::services::EventScope;
use uis_test_support::native_plugin::Numbers;

/// Number of events of the other accounts.
const EVENTS: usize = 1000;
/// The interval between events: a steady load that two cores carry easily.
const EVERY: Duration = Duration::from_millis(2);
/// Number of hostile rules of the one account that run at the same time.
const BOMBS: usize = 4;

fn component(folder: &str) -> build::Built {
    build::component(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder), &|line| eprintln!("{line}")).expect("built")
}

fn event() -> Event {
    let body = json!({"call_session_id": 1, "direction": "in", "contact_phone_number": "79161234567",
        "virtual_phone_number": "74951112233", "employee_id": 5, "notification_time": "2026-11-23 10:00:00"});
    let params = Params::from_body(&body, chrono_tz::Europe::Moscow, 0).expect("a body");
    notification::events("out_call", &params).expect("an event").remove(0)
}

fn about(attack: &str) -> Appeal {
    Appeal {
        kind: CommunicationKind::SiteRequest,
        id: 501,
        phone: Some("79161234567".into()),
        email: None,
        virtual_number: None,
        employee_email: None,
        attributes: vec![("utm_campaign".into(), "vip".into()), ("attack".into(), attack.into())],
    }
}

fn draft() -> Draft {
    let fields = vec![Field { name: "text".into(), value: Value::Text("Ответить на заявку №501".into()) }];
    Draft { kind: DraftKind::Task, is_new: true, fields, attributes: Vec::new() }
}

/// Everything that an event of another account needs.
struct Neighbour {
    plugin: ComponentPlugin,
    limits: Limits,
    prepared: Vec<u8>,
    sandbox: Sandbox,
    rule: Rule,
}

impl Neighbour {
    /// Handles one event and evaluates one rule. Returns the time since the event arrived, including waiting, and whether both results are
    /// correct.
    async fn one(&self, started: Instant) -> (Duration, bool) {
        let mut scope = EventScope::detached(&self.limits).with_settings(self.prepared.clone());
        scope.deadline = started + Duration::from_secs(5);
        let delivery = Delivery { id: "1".into(), attempt: 1, received_at: 0, ordering_key: "phone:79161234567".into() };
        let run = self.plugin.handle(scope, delivery, event()).await;
        let verdict = self.rule.draft(&self.sandbox, started + Duration::from_secs(5), &about("none"), &draft()).await;
        let good = matches!(run.result, Ok(Ok(_))) && matches!(verdict, Some(Ok(Verdict::Change(_))));
        (started.elapsed(), good)
    }
}

/// Runs the load. Returns the times, sorted, and the number of events with a wrong result.
async fn load(neighbour: &Arc<Neighbour>) -> (Vec<Duration>, usize) {
    let mut beat = tokio::time::interval(EVERY);
    let mut running = Vec::new();
    for _ in 0..EVENTS {
        beat.tick().await;
        let neighbour = neighbour.clone();
        let arrived = Instant::now();
        running.push(tokio::spawn(async move { neighbour.one(arrived).await }));
    }
    let (mut times, mut wrong) = (Vec::new(), 0);
    for one in running {
        let (time, good) = one.await.expect("it ran");
        times.push(time);
        wrong += usize::from(!good);
    }
    times.sort();
    (times, wrong)
}

fn print_latencies(title: &str, times: &[Duration], wrong: usize) {
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1000].as_secs_f64() * 1e3;
    println!(
        "{title:<28} p50 {:7.3} ms   p99 {:7.3} ms   max {:7.3} ms   {wrong} of {} had a wrong result",
        at(500),
        at(990),
        at(1000),
        times.len()
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let (plugin, rule, hostile) = (component("plugin"), component("examples/rules/rust"), component("examples/rules/hostile"));
    let limits = Limits::default();
    let runtime = Runtime::new(limits.clone()).expect("an engine");
    let sandbox = Sandbox::new(RuleLimits::default()).expect("an engine");
    let neighbour = Arc::new(Neighbour {
        plugin: ComponentPlugin::load(&runtime, &plugin.wasm, &plugin.cache).await.expect("loaded"),
        prepared: uis_retailcrm::settings::prepare(&Numbers, "{}", None).expect("the defaults").bytes,
        rule: sandbox.load(&rule.wasm, &rule.cache).expect("loaded"),
        limits,
        sandbox: sandbox.clone(),
    });
    let bomb = Arc::new(sandbox.load(&hostile.wasm, &hostile.cache).expect("loaded"));
    // The first events load pages and code, so they are not measured.
    load(&neighbour).await;
    let (before, wrong_before) = load(&neighbour).await;
    print_latencies("alone", &before, wrong_before);
    for attack in ["loop", "bomb", "recurse"] {
        let (over, bombs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let throwers: Vec<_> = (0..BOMBS)
            .map(|_| {
                let (over, bombs, bomb, sandbox) = (over.clone(), bombs.clone(), bomb.clone(), sandbox.clone());
                tokio::spawn(async move {
                    while !over.load(Ordering::Relaxed) {
                        let verdict = bomb.draft(&sandbox, Instant::now() + Duration::from_secs(5), &about(attack), &draft()).await;
                        assert!(matches!(verdict, Some(Err(_))), "a bomb is contained");
                        bombs.fetch_add(1, Ordering::Relaxed);
                        // Events are separate tasks; this loop must not keep a thread for itself, since that is not measured here.
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        let (during, wrong) = load(&neighbour).await;
        over.store(true, Ordering::Relaxed);
        for thrower in throwers {
            thrower.await.expect("it ended");
        }
        print_latencies(&format!("during {BOMBS} × {attack} ({})", bombs.load(Ordering::Relaxed)), &during, wrong);
    }
    runaway(&neighbour, &sandbox, &hostile).await;
}

/// A rule with fuel for minutes, so that only its deadline ends it.
async fn runaway(neighbour: &Arc<Neighbour>, _: &Sandbox, hostile: &build::Built) {
    let limits = RuleLimits { fuel: u64::MAX / 2, ..RuleLimits::default() };
    let wall = limits.wall;
    let sandbox = Sandbox::new(limits).expect("an engine");
    let rule = Arc::new(sandbox.load(&hostile.wasm, &hostile.cache).expect("loaded"));
    let over = Arc::new(AtomicBool::new(false));
    let running = {
        let over = over.clone();
        tokio::spawn(async move {
            let mut late = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let started = Instant::now();
                let verdict = rule.draft(&sandbox, started + Duration::from_secs(5), &about("loop"), &draft()).await;
                assert!(matches!(verdict, Some(Err(_))));
                late.push(started.elapsed().saturating_sub(wall));
            }
            late
        })
    };
    let (times, wrong) = load(neighbour).await;
    over.store(true, Ordering::Relaxed);
    let late = running.await.expect("it ended");
    print_latencies("during a runaway", &times, wrong);
    let longest = late.iter().max().copied().unwrap_or_default();
    println!(
        "a runaway was stopped {} times, at most {:.1} ms after its deadline; two ticks are {} ms",
        late.len(),
        longest.as_secs_f64() * 1e3,
        TICK.as_millis() * 2
    );
}
