//! `serve`: an account on a port.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use tokio::net::TcpListener;
use uis_host::clock::{Clock, SystemClock, zone};

use super::playing::{self, Playing};
use crate::account::Account;
use crate::play::{Day, Player, Step, clicks, control};
use crate::server::TwinServer;
use crate::simulated::SimulatedAccount;
use crate::twin::Seen;

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Options {
    /// The account to start from, a JSON file: an account, or what `GET /_simulator/state` gave. Without it: an empty account
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The address and port to listen on; port 0 picks a free one. Every client that reaches it can do anything with the account
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// A plan of misbehaviour, a JSON file
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Print the addresses as one line of JSON, and each request as another
    #[arg(long)]
    json: bool,
    /// Do not print requests and notifications
    #[arg(long)]
    quiet: bool,
    /// A day of stories to play, a file of JSON or TOML
    #[arg(long, value_name = "FILE")]
    day: Option<PathBuf>,
    #[command(flatten)]
    playing: Playing,
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// The account of a file, with its reports.
fn account(path: &Path, clock: Arc<dyn Clock>) -> Result<SimulatedAccount> {
    let place = |error: String| anyhow::anyhow!("{}: {error}", path.display());
    let whole = read(path)?;
    let (members, reports) = match whole.get("account") {
        Some(account) => (account, whole.get("reports")),
        None => (&whole, None),
    };
    let account = Account::read(members).map_err(place)?;
    let zone = zone(&account.timezone).map_err(|error| place(format!("timezone: {error}")))?;
    let now = clock.now_ms();
    let simulated = SimulatedAccount::new(account, clock);
    if let Some(reports) = reports {
        simulated.state().merge_report(reports, zone, now).map_err(place)?;
    }
    Ok(simulated)
}

/// The account of a file; without a file an empty one.
pub(super) fn account_of(path: Option<&Path>, clock: Arc<dyn Clock>) -> Result<SimulatedAccount> {
    match path {
        Some(path) => account(path, clock),
        None => Ok(SimulatedAccount::new(Account { name: "Demo".into(), ..Account::default() }, clock)),
    }
}

fn player(options: &Options, account: Arc<SimulatedAccount>, clock: Arc<dyn Clock>) -> Result<Player> {
    let (quiet, json) = (options.quiet, options.json);
    let observer = move |step: &Step| {
        if !quiet {
            print(&playing::line(step, json));
        }
    };
    options.playing.player(account, clock, Box::new(observer))
}

/// Plays a day and prints what became of it.
async fn play(day: Day, player: Arc<Player>, json: bool) {
    let played = day.play(&player).await;
    if json {
        return print(
            &serde_json::json!({"day": {"steps": played.steps, "refused": played.refused, "unplayed": played.unplayed}}).to_string(),
        );
    }
    played.unplayed.iter().for_each(|(number, why)| print(&format!("story {number} of the day was not played: {why}")));
    print(&format!("The day is over: {} notifications and requests, {} of them not accepted", played.steps, played.refused));
}

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(options: Options) -> Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let day = options.day.as_deref().map(Day::open).transpose().map_err(anyhow::Error::msg)?;
    let account = Arc::new(account_of(options.account.as_deref(), clock.clone())?);
    let player = Arc::new(player(&options, account.clone(), clock.clone())?);
    let server = TwinServer::new(account, clock).also(control::router(player.clone()));
    if let Some(path) = &options.faults {
        server.twin().misbehave(&read(path)?).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    }
    let listener = TcpListener::bind(options.listen).await.with_context(|| format!("--listen {}", options.listen))?;
    let url = format!("http://{}", listener.local_addr()?);
    print(&greeting(&server, &url, options.json));
    let server = if options.quiet { server } else { server.observed(Arc::new(move |seen| print(&line(seen, options.json)))) };
    tokio::spawn(clicks::follow(player.clone()));
    if let Some(day) = day {
        tokio::spawn(play(day, player, options.json));
    }
    tokio::select! {
        served = server.serve(listener) => served?,
        () = asked_to_stop() => {}
    }
    Ok(())
}

/// Prints a line. A reader that has closed the pipe is no reason to end.
pub(super) fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A request as a line of the log. Neither tokens nor parameters are logged.
fn line(seen: &Seen, json: bool) -> String {
    let api = seen.api.path();
    if json {
        return serde_json::json!({"path": api, "method": seen.method, "outcome": seen.outcome, "fault": seen.fault}).to_string();
    }
    // A terminal obeys control characters; a log shows them.
    let method: String = seen.method.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(80).collect();
    let outcome = seen.outcome.as_deref().unwrap_or("not carried out");
    let fault = seen.fault.as_ref().map(|fault| format!(" [{fault}]")).unwrap_or_default();
    format!("{}  {api} {method} → {outcome}{fault}", chrono::Local::now().format("%H:%M:%S%.3f"))
}

fn greeting(server: &TwinServer, url: &str, json: bool) -> String {
    let state = server.twin().account().state();
    let account = &state.account;
    let token = account.api_keys.first().map_or("any", |key| key.token.as_str());
    if json {
        let addresses = serde_json::json!({
            "url": url, "data_api": format!("{url}/v2.0"), "call_api": format!("{url}/v4.0"), "control": format!("{url}/_simulator"),
            "token": token, "account": account.name,
        });
        return addresses.to_string();
    }
    let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"get.account","params":{{"access_token":"{token}"}}}}"#);
    format!(
        "UIS simulator, account {}\n  Data API   {url}/v2.0\n  Call API   {url}/v4.0\n  token      {token}\n  control    {url}/_simulator\n\nTry it:\n  curl -d '{request}' {url}/v2.0\n\nRequests follow; Ctrl-C ends.",
        account.name
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
