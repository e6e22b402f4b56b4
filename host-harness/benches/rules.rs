//! The cost of a partner's rule: a fresh store and instance that receives a draft and returns a verdict; the same through the whole set,
//! with its trace; and the cost without rules. Rules in JavaScript and Python are measured if the tests have built them (`cargo test -p
//! uis-harness --test end_to_end rules::`).
#![allow(missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use uis_harness::build;
use uis_host::bindings::uis::integration::decision::{Appeal, Draft, DraftKind, Field, Value, Verdict};
use uis_host::bindings::uis::integration::types::CommunicationKind;
use uis_host::ports::{Decisions, RuleContext};
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::Sandbox;
use uis_host::rules::{RuleFile, RuleSet};
use uis_host::trace::Trace;

fn about() -> Appeal {
    Appeal {
        kind: CommunicationKind::SiteRequest,
        id: 501,
        phone: Some("79161234567".into()),
        email: Some("petr@example.ru".into()),
        virtual_number: Some("74951112233".into()),
        employee_email: None,
        attributes: ["utm_source", "utm_medium", "site_domain_name", "visitor_city", "visitor_name", "text"]
            .into_iter()
            .map(|name| (name.to_owned(), format!("a value of {name}")))
            .chain([("utm_campaign".to_owned(), "vip".to_owned())])
            .collect(),
    }
}

fn draft() -> Draft {
    let field = |name: &str, text: &str| Field { name: name.into(), value: Value::Text(text.into()) };
    let fields = vec![
        field("text", "Ответить на заявку №501"),
        field("due", "2026-11-23 18:00"),
        field("phone", "79161234567"),
        field("shop", "main"),
        Field { name: "performer".into(), value: Value::Integer(5) },
    ];
    Draft { kind: DraftKind::Task, is_new: true, fields, attributes: Vec::new() }
}

/// The rules, by language.
fn rules() -> Vec<(&'static str, PathBuf, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/rules/rust");
    let rust = build::component(&folder, &|line| eprintln!("{line}")).expect("built");
    let mut all = vec![("rust", rust.wasm, rust.cache.clone())];
    for (language, copy) in [("javascript", "rule-javascript"), ("python", "rule-python")] {
        let wasm = Path::new(env!("CARGO_TARGET_TMPDIR")).join(copy).join("rule.wasm");
        match wasm.is_file() {
            true => all.push((language, wasm, rust.cache.clone())),
            false => eprintln!("{language}: not built yet; build it with `cargo test -p uis-harness --test end_to_end rules::`"),
        }
    }
    all
}

fn bench(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (about, draft) = (about(), draft());
    // A long limit, so that a slow machine does not measure the limit.
    let limits = RuleLimits { wall: Duration::from_secs(30), ..RuleLimits::default() };
    let mut group = criterion.benchmark_group("rule");
    for (language, wasm, cache) in rules() {
        let sandbox = Sandbox::new(limits.clone()).expect("an engine");
        let rule = sandbox.load(&wasm, &cache).expect("loaded");
        group.bench_function(language, |bencher| {
            bencher.to_async(&tokio).iter(|| async {
                let deadline = Instant::now() + Duration::from_secs(60);
                let verdict = rule.draft(&sandbox, deadline, &about, &draft).await;
                assert!(matches!(verdict, Some(Ok(Verdict::Change(_)))));
            });
        });
        let file = RuleFile { name: language.to_owned(), path: wasm, dry_run: false };
        let set = Arc::new(RuleSet::load(sandbox, vec![file], &cache).map_err(|(_, error)| error).expect("loaded"));
        group.bench_function(format!("{language}, explained"), |bencher| {
            bencher.to_async(&tokio).iter(|| async {
                let mut trace = Trace::new(1 << 20);
                let context = RuleContext { deadline: Instant::now() + Duration::from_secs(60), now: 0, trace: &mut trace };
                let verdict = set.review_draft(&about, draft.clone(), context).await;
                assert!(matches!(verdict, Verdict::Change(_)) && trace.len() == 1);
            });
        });
    }
    let none = RuleSet::default();
    group.bench_function("no rules", |bencher| bencher.iter(|| none.decided().is_empty()));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
