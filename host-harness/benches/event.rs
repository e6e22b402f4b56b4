//! The cost of one event: a fresh store and instance of the real component and its handler, compared with the same logic run natively. The
//! event sends no request (it closes a pop-up of a call that has ended), so that the boundary is measured and not the CRM.
#![allow(missing_docs)]

use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::json;
use uis_harness::build;
use uis_host::bindings::uis::integration::types::Delivery;
use uis_host::event::Event;
use uis_host::limits::Limits;
use uis_host::notification::{self, params::Params};
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::services::EventScope;

fn event() -> Event {
    let body = json!({"call_session_id": 1, "direction": "in", "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233", "employee_id": 5, "notification_time": "2026-11-23 10:00:00"});
    let params = Params::from_body(&body, chrono_tz::Europe::Moscow, 0).expect("a body");
    notification::events("out_call", &params).expect("an event").remove(0)
}

fn delivery() -> Delivery {
    Delivery { id: "1".into(), attempt: 1, received_at: 0, ordering_key: "phone:79161234567".into() }
}

fn scope(limits: &Limits, prepared: &[u8]) -> EventScope {
    let mut scope = EventScope::detached(limits).with_settings(prepared.to_vec());
    scope.deadline = Instant::now() + Duration::from_secs(1);
    scope
}

fn bench(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let limits = Limits::default();
    let prepared = uis_retailcrm::settings::prepare(&uis_test_support::native_plugin::Numbers, "{}", None).expect("the defaults").bytes;
    let component = tokio.block_on(async {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin");
        let built = build::component(&folder, &|line| eprintln!("{line}")).expect("built");
        let runtime = Runtime::new(limits.clone()).expect("an engine");
        ComponentPlugin::load(&runtime, &built.wasm, &built.cache).await.expect("loaded")
    });
    let mut group = criterion.benchmark_group("event");
    group.bench_function("component", |bencher| {
        bencher.to_async(&tokio).iter(|| async {
            let run = component.handle(scope(&limits, &prepared), delivery(), event()).await;
            assert!(matches!(run.result, Ok(Ok(_))));
        });
    });
    group.bench_function("native", |bencher| {
        bencher.iter(|| {
            let run = uis_test_support::native_plugin::handle_here(tokio.handle().clone(), scope(&limits, &prepared), delivery(), event());
            assert!(matches!(run.result, Ok(Ok(_))));
        });
    });
    // What both benchmarks spend before the handler: creating the event and its scope.
    group.bench_function("setting up", |bencher| bencher.iter(|| (scope(&limits, &prepared), delivery(), event())));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
