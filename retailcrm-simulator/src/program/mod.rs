//! The program: an account on a port, with a log on the terminal. `retailcrm-simulator` and `uis-host crm` are the same.

pub mod carrier;
pub mod listener;
pub mod log;
#[cfg(feature = "tls")]
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::account::Account;
use crate::faults::Faults;
use crate::limits::RateLimit;
use crate::simulator::{AccountSetup, Simulator};
use log::Log;

/// Options of the simulator.
#[derive(Debug, Args)]
pub struct Options {
    /// The account to start from, a JSON file; what `GET /_simulator/state` gave is one. Without it: a new account with two users
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The port; 0 picks a free one
    #[arg(long, default_value_t = 8095)]
    port: u16,
    /// The address to listen on. Every client that reaches it can do anything with the account
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    listen: IpAddr,
    /// A plan of misbehaviour, a JSON file
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// The answer to requests of one key beyond 10 (telephony: 40) a second
    #[arg(long, value_enum, value_name = "STATUS")]
    rate_limit: Option<Limit>,
    /// Accept `page=1` beside `filter[sinceId]`: the official Python client always writes it
    #[arg(long)]
    lenient_history_page: bool,
    /// Serve https, with a certificate of this start's own authority. It needs a build with the feature `tls`
    #[arg(long)]
    tls: bool,
    /// With --tls: write the authority's certificate, which clients must trust, into this file; otherwise into one in the folder for
    /// temporary files, which the first line names
    #[arg(long, value_name = "FILE", requires = "tls")]
    tls_ca: Option<PathBuf>,
    /// Write the account into this file at the end (Ctrl-C)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// No log of requests
    #[arg(long)]
    quiet: bool,
    /// For machines: the first line on stdout is {"url","apiKey","account"}, then each request is one JSON line
    #[arg(long)]
    json: bool,
}

/// The answer to requests beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Limit {
    /// No limit
    Off,
    /// 503, as RetailCRM mostly answers; this is the default
    #[value(name = "503")]
    Unavailable,
    /// 429
    #[value(name = "429")]
    TooMany,
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// The account that the options name.
fn account(options: &Options) -> Result<Account> {
    match &options.account {
        None => Ok(Account::demo()),
        Some(path) => Account::parse(&read(path)?).with_context(|| path.display().to_string()),
    }
}

/// What the options change in every account, the first and those that a reset begins with.
fn setup(options: &Options, url: String) -> AccountSetup {
    let (chosen, lenient) = (options.rate_limit, options.lenient_history_page);
    Arc::new(move |account| {
        account.listens_at = Some(url.clone());
        account.lenient_history_page |= lenient;
        // A live account has limits; a file may set others.
        let limit = account.rate_limit.take().unwrap_or_default();
        account.rate_limit = match chosen {
            None => Some(limit),
            Some(Limit::Off) => None,
            Some(Limit::Unavailable) => Some(RateLimit { status: 503, ..limit }),
            Some(Limit::TooMany) => Some(RateLimit { status: 429, ..limit }),
        };
    })
}

fn faults(options: &Options) -> Result<Value> {
    let Some(path) = &options.faults else { return Ok(json!({})) };
    let plan = serde_json::from_str(&read(path)?).with_context(|| path.display().to_string())?;
    match Faults::read(&plan) {
        Ok(_) => Ok(plan),
        Err(complaint) => bail!("{}: {complaint}", path.display()),
    }
}

/// Runs until Ctrl-C or SIGTERM.
pub async fn run(options: Options) -> Result<()> {
    let (account, faults) = (account(&options)?, faults(&options)?);
    if let Some(path) = &options.save {
        // Find out now whether the file can be written, not at the end when the account would be lost.
        std::fs::OpenOptions::new().create(true).append(true).open(path).with_context(|| path.display().to_string())?;
    }
    let listener = TcpListener::bind(SocketAddr::new(options.listen, options.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}; --port 0 picks a free port", options.listen, options.port))?;
    let address = listener.local_addr()?;
    // A listener on all addresses is reached from this machine by loopback.
    let host = if address.ip().is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { address.ip() };
    let scheme = if options.tls { "https" } else { "http" };
    let url = format!("{scheme}://{}", SocketAddr::new(host, address.port()));
    let (encryption, ca) = encryption(&options, address, &account)?;
    let carrier = Arc::new(carrier::Http::new()?);
    let simulator = Simulator::with(account, Arc::new(chrono::Utc::now), Some(carrier), setup(&options, url.clone()));
    simulator.misbehave(&faults).map_err(anyhow::Error::msg)?;
    let name =
        options.account.as_deref().and_then(Path::file_stem).map_or_else(|| "demo".into(), |name| name.to_string_lossy().into_owned());
    let log = Log::new(options.json, options.quiet);
    if options.json {
        let mut first = json!({"url": url, "apiKey": simulator.api_key(), "account": name});
        if let Some(ca) = &ca {
            first["ca"] = ca.display().to_string().into();
        }
        log.first(&first.to_string());
    } else {
        log.first(&greeting(&simulator, &url, &name, ca.as_deref()));
    }
    let served = listener::serve(listener, encryption, simulator.clone(), log);
    tokio::select! {
        () = served => {}
        () = asked_to_stop() => {}
    }
    if let Some(path) = &options.save {
        let text = serde_json::to_vec(&simulator.state().dump())?;
        std::fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// What connections are encrypted with, and the file with the authority's certificate.
#[cfg(feature = "tls")]
fn encryption(options: &Options, address: SocketAddr, account: &Account) -> Result<(listener::Encryption, Option<PathBuf>)> {
    if !options.tls {
        return Ok((None, None));
    }
    let url = account.url();
    let host = url.split("://").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
    let tls = tls::Tls::new(address.ip(), host)?;
    let path = tls.write(options.tls_ca.as_deref(), address.port())?;
    Ok((Some(tls.acceptor), Some(path)))
}

#[cfg(not(feature = "tls"))]
fn encryption(options: &Options, _: SocketAddr, _: &Account) -> Result<(listener::Encryption, Option<PathBuf>)> {
    if options.tls {
        bail!("--tls: this build has no TLS; build with `--features retailcrm-simulator/tls`");
    }
    Ok(((), None))
}

fn greeting(simulator: &Simulator, url: &str, account: &str, ca: Option<&Path>) -> String {
    let key = simulator.api_key();
    let limit = match &simulator.state().account.rate_limit {
        None => "off".to_owned(),
        Some(limit) => {
            format!(
                "{} requests a second, {} of telephony, then {} (--rate-limit off ends it)",
                limit.general, limit.telephony, limit.status
            )
        }
    };
    let (trust, curl) = match ca {
        Some(ca) => (format!("\n  authority   {} (clients must trust it)", ca.display()), format!("curl --cacert '{}'", ca.display())),
        None => (String::new(), "curl".to_owned()),
    };
    format!(
        "RetailCRM simulator, account {account}\n  address     {url}{trust}\n  key         {key}\n  rate limit  {limit}\n  control     {url}/_simulator\n\nTry it:\n  {curl} -H 'X-API-KEY: {key}' '{url}/api/v5/users'\n\nRequests follow; Ctrl-C ends."
    )
}

async fn asked_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
