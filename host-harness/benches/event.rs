//! The cost of one event: a fresh store and instance of the real component and its handler, compared with the same logic run natively. The
//! event sends no request (it closes a pop-up of a call that has ended), so that the boundary is measured and not the CRM.
#![allow(missing_docs)]

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use uis_harness::build;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_test_support::quiet::{delivery, event, scope, settings};

fn bench(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let limits = Limits::default();
    let prepared = settings();
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
