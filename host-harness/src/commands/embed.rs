//! `uis-host embed`: shows in a browser what a plugin adds to the CRM's pages. The simulator and the plugin's files are served on ports of
//! this machine. The integration is switched on once, so that the simulator contains the module as RetailCRM would.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use clap::Args;
use http::StatusCode;
use retailcrm_simulator::{Account, Simulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uis_harness::recording;
use uis_harness::replay::ReplayBuilder;
use uis_host::assets;
use uis_host::clock::VirtualClock;
use uis_host::integration::Integration;
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::ports::{Origin, Silent};
use uis_host::services::EventScope;
use url::Url;

use super::{DEFAULT_PLUGIN, load, say};
use crate::exit_status::OK;
use uis_harness::crm::elsewhere::Server;

/// Show in a browser what a plugin adds to the CRM's pages
#[derive(Debug, Args)]
pub struct EmbedArguments {
    /// A plugin's crate folder, or a built .wasm component
    #[arg(long, value_name = "PLUGIN", default_value = DEFAULT_PLUGIN)]
    plugin: PathBuf,
    /// The page of the operator's workplace
    #[arg(long, value_name = "URL", default_value = "https://go.uiscom.ru/rmo")]
    workplace_url: Url,
    /// Use an account without a workplace, for which the plugin should show nothing
    #[arg(long)]
    without_workplace: bool,
    /// The CRM account to start from, as a JSON file; by default a demo account
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The port of the CRM's pages; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Print {"crm","assets","pages"} as the first line on stdout
    #[arg(long)]
    json: bool,
}

async fn listen(port: u16) -> Result<(TcpListener, String)> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .with_context(|| format!("cannot listen on port {port}; give --port 0 to use a free one"))?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Runs until the process is ended.
pub async fn run(arguments: EmbedArguments) -> Result<u8> {
    let limits = Limits::default();
    let plugin: Arc<dyn Plugin> = Arc::new(load(&arguments.plugin, &limits).await?);
    let (crm_listener, crm_url) = listen(arguments.port).await?;
    let (assets_listener, assets_url) = listen(0).await?;
    let account = match &arguments.account {
        None => Account::demo(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            Account::parse(&text).with_context(|| path.display().to_string())?
        }
    };
    let simulator = Simulator::new(account, Arc::new(chrono::Utc::now));
    simulator.move_to(&crm_url);
    let server = Server::new(&crm_url, simulator.api_key())?;
    tokio::spawn(axum::serve(crm_listener, simulator.router()).into_future());
    let integration = switch_on(&arguments, plugin.clone(), server, &assets_url, &limits).await?;
    let module_pages = pages(&simulator.to_json(), &crm_url);
    if arguments.json {
        say(&format!("{}\n", json!({"crm": crm_url, "assets": assets_url, "pages": module_pages})));
    } else {
        let list: String = module_pages.iter().map(|page| format!("\n  {page}")).collect();
        let shown = if list.is_empty() { "\n  none: the module has no pages".to_owned() } else { list };
        say(&format!(
            "Pages of the CRM with the plugin's content:{shown}\nOpen them in a browser; press Ctrl-C to end. Callbacks are not served.\n"
        ));
    }
    axum::serve(assets_listener, files(plugin, integration)).await?;
    Ok(OK)
}

/// Switches the integration on, in an account with or without a workplace.
async fn switch_on(
    arguments: &EmbedArguments,
    plugin: Arc<dyn Plugin>,
    server: Server,
    assets_url: &str,
    limits: &Limits,
) -> Result<Arc<Integration>> {
    let extensions: &[&str] = if arguments.without_workplace { &[] } else { &["rmo"] };
    let header = json!({"recording": 1, "account": {"extensions": extensions, "workplace_url": arguments.workplace_url}}).to_string();
    let (header, lines) = recording::open(header.as_bytes()).map_err(|(_, error)| anyhow!(error))?;
    let clock = Arc::new(VirtualClock::at(chrono::Utc::now()));
    let mut silent = Silent;
    let builder = ReplayBuilder::new(&header, plugin, Arc::new(server), clock).limits(limits).public_url(assets_url);
    let replay = builder.ready(&mut silent).await?;
    let Some(integration) = replay.integrations().first().cloned() else { bail!("there is no integration") };
    let (report, _) = replay.run(lines, Duration::ZERO, |_| {}).await?;
    match report.problems.iter().find(|problem| problem.message.contains("activate")) {
        Some(problem) => bail!("switching the integration on failed: {}", problem.message),
        None => Ok(integration),
    }
}

/// Addresses of the pages that contain something of the plugin.
fn pages(state: &Value, crm_url: &str) -> Vec<String> {
    let mut all = Vec::new();
    for module in state["modules"].as_array().into_iter().flatten() {
        let embed = &module["integrations"]["embedJs"];
        let code = module["code"].as_str().unwrap_or_default();
        let own = embed["pages"].as_array().into_iter().flatten().filter_map(|page| page["code"].as_str());
        all.extend(own.map(|page| format!("{crm_url}/modules/{code}/{page}")));
        if embed["targets"].as_array().is_some_and(|targets| !targets.is_empty()) {
            for (list, card) in [("orders", "/edit"), ("customers", "")] {
                if let Some(id) = state[list][0]["id"].as_i64() {
                    all.push(format!("{crm_url}/{list}/{id}{card}"));
                }
            }
        }
    }
    all
}

/// Serves the plugin's files at the integration's addresses.
fn files(plugin: Arc<dyn Plugin>, integration: Arc<Integration>) -> Router {
    let answer = async move |Path((name, path)): Path<(String, String)>| -> Response {
        let file = match name == integration.name && assets::is_path(&path) {
            false => Ok(None),
            true => {
                let deadline = Instant::now() + integration.limits.wall_live;
                plugin.asset(EventScope::new(integration.clone(), Origin::default(), deadline), &path).await
            }
        };
        match file {
            Ok(file) => assets::answer(&integration, file).map(Body::from),
            Err(fault) => {
                eprintln!("asset {path}: {fault}");
                let mut response = http::Response::new(Body::from(Bytes::from_static(b"the plugin failed to provide the file")));
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    };
    Router::new().route("/{integration}/asset/{*path}", get(answer))
}
