//! Measures a whole gateway on this machine, with the plugin as a component and RetailCRM's simulator in a process of its own:
//!
//! ```text
//! cargo run --release -p uis-gateway --example load -- --folder /var/tmp 2>/dev/null
//! ```
//!
//! It prints what one account costs in memory, how many events a second are acknowledged on disk, how many are handled, and how long an
//! incoming call waits for its answer meanwhile. The load comes from the same machine. Log lines go to standard error, as in the program.

#[path = "load/clients.rs"]
mod clients;
#[path = "../tests/service/mod.rs"]
mod service;

use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Parser, Subcommand};
use clients::{Load, percentile};
use service::crm::Crm;
use service::{Plan, Service};
use uis_gateway::config::LogConfig;
use uis_gateway::observe;
use uis_host::clock::SystemClock;
use uis_host::limits::Limits;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::ports::IntegrationState;

/// Integrations that one account of RetailCRM has; more than about twenty telephony modules are refused.
const PER_CRM: usize = 10;
/// Accounts over which the load is spread.
const BUSY: usize = 100;
/// Most events that may wait for their handlers while it is measured how many are handled.
const BACKLOG: u64 = 2000;

/// Measures a gateway.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// How long each measurement lasts, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections of the load, each with one request at a time.
    #[arg(long, default_value_t = 128)]
    connections: usize,
    /// Accounts whose memory is measured.
    #[arg(long, default_value_t = 1000)]
    accounts: usize,
    /// The plugin's component; `uis-host inspect plugin` builds it.
    #[arg(long, default_value = "target/uis-host/wasm32-wasip2/component/uis_retailcrm.wasm")]
    plugin: PathBuf,
    /// The folder in which the store is; on a disk, because fsync does nothing in memory.
    #[arg(long, default_value = ".")]
    folder: PathBuf,
}

#[derive(Subcommand)]
enum Role {
    /// Serves so many accounts of RetailCRM until standard input ends; for the measurement itself.
    #[command(hide = true)]
    Crm { accounts: usize },
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(Role::Crm { accounts }) => serve_crms(accounts).await,
        None => measure(&arguments).await,
    }
}

async fn serve_crms(accounts: usize) -> Result<()> {
    for _ in 0..accounts {
        let crm = Crm::serve(Arc::new(SystemClock)).await;
        println!("{} {}", crm.url(), crm.key());
    }
    std::io::stdout().flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().lines().for_each(drop)).await?;
    Ok(())
}

/// The simulators' process. It ends with this one, because its standard input does.
struct CrmProcess {
    process: Child,
    /// The address and the key of each account.
    accounts: Vec<(String, String)>,
    /// Integrations so far.
    used: Cell<usize>,
}

impl CrmProcess {
    fn start(integrations: usize) -> Result<CrmProcess> {
        let accounts = integrations.div_ceil(PER_CRM);
        let program = std::env::current_exe().context("this program's file")?;
        let mut process = Command::new(program)
            .args(["crm", &accounts.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the simulator")?;
        let lines = BufReader::new(process.stdout.take().context("a pipe")?).lines();
        let read = lines.take(accounts).map(|line| {
            let line = line?;
            let (url, key) = line.split_once(' ').ok_or_else(|| anyhow!("the simulator did not begin: {line:?}"))?;
            Ok((url.to_owned(), key.to_owned()))
        });
        let accounts = read.collect::<Result<_>>()?;
        Ok(CrmProcess { process, accounts, used: Cell::default() })
    }

    /// Adds an integration of its own UIS account.
    async fn add(&self, service: &Service, name: &str) {
        let (url, key) = &self.accounts[self.used.replace(self.used.get() + 1) / PER_CRM];
        service.add_waiting(name, url, key).await;
    }
}

impl Drop for CrmProcess {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Memory of this process that is in use, in KiB.
fn resident_kib() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().context("VmRSS")
}

async fn measure(arguments: &Arguments) -> Result<()> {
    ensure!(arguments.plugin.exists(), "{} is missing; build it: uis-host inspect plugin", arguments.plugin.display());
    observe::logs::begin(&LogConfig::default()).map_err(|why| anyhow!(why))?;
    observe::metrics().map_err(|why| anyhow!(why))?;
    let folder = tempfile::tempdir_in(&arguments.folder).context("--folder")?;
    let runtime = Runtime::new(Limits::default()).map_err(|error| anyhow!("{error:#}"))?;
    let plugin = ComponentPlugin::load(&runtime, &arguments.plugin, &folder.path().join("compiled")).await?;
    let service = Service::start(Plan { folder, ..Plan::with(Arc::new(plugin)) }).await;
    let crm = CrmProcess::start(BUSY + arguments.accounts + 1)?;
    let length = Duration::from_secs(arguments.seconds);
    memory(&service, &crm, arguments.accounts).await?;
    acknowledged(&service, arguments.connections, length).await?;
    handled(&service, &crm, arguments.connections, length).await?;
    service.gateway.stop().await;
    Ok(())
}

/// What an account costs that is active and idle.
async fn memory(service: &Service, crm: &CrmProcess, accounts: usize) -> Result<()> {
    for number in 0..BUSY {
        crm.add(service, &format!("busy-{number}")).await;
    }
    service.quiet().await;
    let (before, began) = (resident_kib()?, Instant::now());
    for number in 0..accounts {
        crm.add(service, &format!("idle-{number}")).await;
    }
    service.quiet().await;
    let views = service.views().await.unwrap_or_default();
    let active = views.iter().filter(|view| view.state == IntegrationState::Active).count();
    ensure!(active == BUSY + accounts, "only {active} accounts are active");
    let (after, took) = (resident_kib()?, began.elapsed());
    let each = (after - before) as f64 / accounts.max(1) as f64;
    println!("memory: {before} KiB with {BUSY} accounts, {after} KiB with {accounts} more: {each:.1} KiB per idle account");
    println!("adding and activating them took {:.1} s", took.as_secs_f64());
    Ok(())
}

/// How fast events are acknowledged while none is handled: their accounts' CRM does not answer yet.
async fn acknowledged(service: &Service, connections: usize, length: Duration) -> Result<()> {
    // A port that was free a moment ago, so that nobody answers.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let names: Vec<String> = (0..BUSY).map(|number| format!("waiting-{number}")).collect();
    for name in &names {
        service.add_waiting(name, &format!("http://{nobody}/"), "key").await;
    }
    let load = Load::start(service.address, names, connections);
    tokio::time::sleep(length).await;
    let mut result = load.end();
    let rate = result.times.len() as f64 / result.took.as_secs_f64();
    let p99 = percentile(&mut result.times, 0.99);
    println!(
        "acknowledged on disk: {rate:.0} events a second over {connections} connections, p99 {:.1} ms, {} refused",
        p99, result.refused
    );
    Ok(())
}

/// How fast events are handled, with the CRM over loopback; and how long incoming calls wait for their answers meanwhile.
async fn handled(service: &Service, crm: &CrmProcess, connections: usize, length: Duration) -> Result<()> {
    crm.add(service, "calls").await;
    service.until("it is activated", async || ready(service, "calls").await).await;
    let names = (0..BUSY).map(|number| format!("busy-{number}")).collect();
    let load = Load::start(service.address, names, connections);
    let routes = Load::routes(service.address, "calls");
    let began = Instant::now();
    while began.elapsed() < length {
        let waiting = waiting(service).await;
        load.pause.store(waiting > BACKLOG, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (waiting, took) = (waiting(service).await, began.elapsed());
    let (result, mut routes) = (load.end(), routes.end());
    let done = (result.times.len() as u64).saturating_sub(waiting);
    println!("handled: {:.0} events a second, RetailCRM's simulator over loopback", done as f64 / took.as_secs_f64());
    let count = routes.times.len();
    println!(
        "an incoming call's answer meanwhile: p99 {:.1} ms of {count} calls, {} refused",
        percentile(&mut routes.times, 0.99),
        routes.refused
    );
    Ok(())
}

/// Events that wait for their handlers, of the busy accounts.
async fn waiting(service: &Service) -> u64 {
    let views = service.views().await.unwrap_or_default();
    views.iter().filter(|view| view.name.starts_with("busy-")).map(|view| (view.waiting + view.at_work) as u64).sum()
}

async fn ready(service: &Service, name: &str) -> bool {
    let views = service.views().await.unwrap_or_default();
    views.iter().any(|view| view.name == name && view.state == IntegrationState::Active)
}
