//! Compares the gateway with two peers that do the same three things with the same RetailCRM: the plugin's logic in a plain service of axum,
//! and a service of Node written by hand. [`compare`] runs them one after the other, each with a fresh simulator of RetailCRM, sends the same
//! calls to each, and checks that the effects are equal. What is measured and how honest it is: `benches/peers/README.md`.
//!
//! | room | what |
//! |---|---|
//! | [`workload`] | the calls, as UIS sends them, and the RetailCRM account |
//! | [`processes`] | child processes: starting, memory, ending |
//! | [`crm`] | RetailCRM's simulator, and what is in it afterwards |
//! | [`gateway`] | the gateway as it takes part |
//! | [`contestant`] | who takes part, and how each is started |
//! | [`load`] | sends the calls and measures the answers |
//! | [`table`] | the results for people |

pub mod contestant;
pub mod crm;
pub mod gateway;
pub mod load;
pub mod processes;
pub mod table;
pub mod workload;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

pub use contestant::Contestant;
use contestant::Place;
use crm::{Crm, Effects};
use workload::Workload;

/// How long the effects may take after the last call was sent.
const PATIENCE: Duration = Duration::from_secs(300);

/// What to compare.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many calls each gets.
    pub calls: usize,
    /// How many connections send at the same time, at least one.
    pub concurrency: usize,
    /// The seed of the calls: equal seeds make equal calls, up to the time at which the comparison began.
    pub seed: u64,
    /// Who takes part, in this order; the effects of the others are compared with those of the first.
    pub contestants: Vec<Contestant>,
}

/// Times of answers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Times {
    /// The median, in milliseconds.
    pub p50_ms: f64,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: f64,
}

/// The result of one contestant.
#[derive(Debug, Clone, Serialize)]
pub struct PeerResult {
    /// The contestant's name.
    pub name: &'static str,
    /// Requests that were answered: routing requests and notifications.
    pub events: usize,
    /// Events a second, from the first request until all effects are in RetailCRM.
    pub events_per_second: f64,
    /// Answers to routing requests.
    pub routes: Times,
    /// Acknowledgements of notifications.
    pub acknowledgements: Times,
    /// Resident memory of all its processes at the end, in KiB; pages that processes share count in each.
    pub memory_kib: u64,
    /// From the start of the process to the first answered routing request, in milliseconds.
    pub cold_start_ms: f64,
    /// How often each effect is there: calls, tasks, customers, orders, notes, and answers that have a card.
    pub counts: BTreeMap<String, usize>,
    /// What differs from the first contestant; empty: nothing.
    pub differences: Vec<String>,
}

/// Runs all contestants, one after the other. A contestant whose runtime is missing on this machine is left out, with a line on standard error.
/// Errors: a program is missing, or a contestant does not work.
pub fn compare(options: &Options) -> Result<Vec<PeerResult>> {
    ensure!(options.calls > 0, "without calls nothing is measured");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let work = Workload::new(options.calls, options.concurrency, options.seed, chrono::Utc::now());
        let mut results = Vec::new();
        let mut first: Option<Effects> = None;
        for contestant in &options.contestants {
            if let Some(why) = contestant.missing() {
                eprintln!("{} is left out: {why}", contestant.name());
                continue;
            }
            eprintln!("{}: {} calls …", contestant.name(), options.calls);
            let (mut result, effects) = run(*contestant, &work).await.with_context(|| contestant.name())?;
            match &first {
                None => first = Some(effects),
                Some(first) => result.differences = first.differences(&effects),
            }
            results.push(result);
        }
        Ok(results)
    })
}

async fn run(contestant: Contestant, work: &Workload) -> Result<(PeerResult, Effects)> {
    let folder = tempfile::tempdir()?;
    let crm = Crm::start(&work.account, folder.path())?;
    let place = Place { folder: folder.path(), crm: &crm.url };
    let (running, cold_start) = contestant.start(&place).await?;
    let measured = load::send(work, &running.addresses).await?;
    let after = crm.until_complete(work, PATIENCE).await;
    let memory_kib = processes::resident_kib(running.process.id());
    running.process.end().await;
    let (state, finished) = after?;
    let effects = Effects::of(&state, measured.answers, &crm.url);
    let times = |times: &[Duration]| Times { p50_ms: load::percentile(times, 0.5), p99_ms: load::percentile(times, 0.99) };
    let events = measured.routes.len() + measured.acknowledgements.len();
    let result = PeerResult {
        name: contestant.name(),
        events,
        events_per_second: events as f64 / (finished - measured.began).as_secs_f64(),
        routes: times(&measured.routes),
        acknowledgements: times(&measured.acknowledgements),
        memory_kib,
        cold_start_ms: cold_start.as_secs_f64() * 1000.0,
        counts: effects.counts(),
        differences: Vec::new(),
    };
    Ok((result, effects))
}
