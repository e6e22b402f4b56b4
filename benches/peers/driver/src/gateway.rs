//! The gateway as it takes part: its library as its program starts it, but without the limits of requests to RetailCRM. With them one account
//! gets 10 requests a second, and nothing else would be measured; the simulator has no limits.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};
use uis_gateway::config::Config;
use uis_gateway::control::{Control, ControlError, NewConnection, NewIntegration, SecretSource};
use uis_gateway::integrations::Offline;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::book::Book;
use uis_gateway::integrations::building::{Paces, Workshop};
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts, upkeep};
use uis_gateway::store::{OpenOptions, SqliteStore};
use uis_gateway::{intake, observe};
use url::Url;

use crate::load::Addresses;
use crate::processes;
use crate::workload::KEY;

/// The integration's name.
const NAME: &str = "shop";
/// The secret of its addresses, which protects nothing here.
const SECRET: &str = "secret-of-the-peers";
/// The configuration's name.
const CONFIG: &str = "uis-gateway.toml";
/// How long switching the integration on may take.
const ACTIVATING: Duration = Duration::from_secs(60);

/// Its addresses.
pub fn addresses(address: SocketAddr) -> Addresses {
    let base = format!("http://{address}/{NAME}");
    Addresses { route: format!("{base}/route/{SECRET}"), notify: format!("{base}/notify/{SECRET}") }
}

/// Writes its configuration.
pub fn write_files(folder: &Path, address: SocketAddr) -> Result<()> {
    let config = format!(
        "public-url = \"http://{address}\"\nlisten = \"{address}\"\n[intake]\nrequests-per-second = 100000\n[log]\nlevel = \"warn\"\n"
    );
    Ok(std::fs::write(folder.join(CONFIG), config)?)
}

fn failed(why: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{why}")
}

/// What integrations are made with.
async fn workshop(config: &Config) -> Result<Workshop> {
    Ok(Workshop { paces: Paces::off(), ..Workshop::open(config).await.map_err(failed)? })
}

/// Adds the integration, switches it on and ends. Errors: it is not on within a minute.
pub async fn set_up(folder: &Path, crm: &Url) -> Result<()> {
    let config = Config::read(&folder.join(CONFIG)).map_err(failed)?;
    let workshop = Arc::new(workshop(&config).await?);
    let (store, _) = SqliteStore::open(&config.store.path, OpenOptions::of(&config)).map_err(failed)?;
    let store = Arc::new(store);
    let control = Offline::administrator(Book { store: store.clone(), workshop: workshop.clone() });
    control.add(integration(crm)?).await.map_err(failed)?;
    control.activate(NAME).await.map_err(failed)?;
    store.close().await;
    let gateway = Gateway::start(Parts::of(&config, workshop)).await.map_err(failed)?;
    let control = Administrator(Live::new(gateway.clone()).map_err(failed)?);
    let until = Instant::now() + ACTIVATING;
    loop {
        let waiting = control.status().await.map_err(|error: ControlError| failed(error))?.waiting;
        if waiting == 0 {
            break;
        }
        ensure!(Instant::now() < until, "{waiting} events still wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gateway.stop().await;
    Ok(())
}

fn integration(crm: &Url) -> Result<NewIntegration> {
    let settings: Map<String, Value> = serde_json::from_str(&std::fs::read_to_string(processes::file("settings.json"))?)?;
    let connection = NewConnection { url: crm.to_string(), key: SecretSource::Value(KEY.to_owned().into()) };
    Ok(NewIntegration {
        name: NAME.to_owned(),
        account: std::path::absolute(processes::file("account.json"))?.into(),
        connections: BTreeMap::from([("retailcrm".to_owned(), connection)]),
        settings,
        settings_version: None,
        secret: Some(SECRET.to_owned().into()),
    })
}

/// Serves until SIGTERM.
pub async fn serve(folder: &Path) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let config = Config::read(&folder.join(CONFIG)).map_err(failed)?;
    let _level = observe::logs::begin(&config.log).map_err(failed)?;
    let workshop = Arc::new(workshop(&config).await?);
    let gateway = Gateway::start(Parts::of(&config, workshop)).await.map_err(failed)?;
    let listener = intake::server::bind(config.listen)?;
    let (router, limits) = (intake::router(gateway.clone(), config.public_url.path()), gateway.clone());
    tokio::spawn(intake::server::serve(listener, router, move || limits.limits(), gateway.stopping()));
    tokio::spawn(upkeep::run(gateway.clone()));
    terminate.recv().await;
    gateway.stop().await;
    Ok(())
}
