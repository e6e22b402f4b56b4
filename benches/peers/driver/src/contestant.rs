//! Who takes part, and how each is started.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::Value;

use crate::load::Addresses;
use crate::processes::{self, Process};
use crate::workload::KEY;
use crate::{gateway, load};

/// How long a contestant may take to answer its first request.
const STARTING: Duration = Duration::from_secs(120);
/// The pause between two tries of the first request; the cold start is as inexact as this.
const PAUSE: Duration = Duration::from_millis(2);
/// A routing request of somebody whom RetailCRM knows.
const FIRST_ROUTE: &str = "cdr_id=1&numa=79161000003&numb=74951112233";

/// Who takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Contestant {
    /// The gateway with the plugin's component.
    Gateway,
    /// The plugin's logic in a plain service of axum.
    Axum,
    /// A service of Node, written by hand.
    Node,
}

/// Where a contestant is started.
#[derive(Debug)]
pub struct Place<'a> {
    /// The folder of its files.
    pub folder: &'a Path,
    /// RetailCRM's address.
    pub crm: &'a str,
}

/// A contestant that runs.
#[derive(Debug)]
pub struct Running {
    /// Its process.
    pub process: Process,
    /// Its addresses.
    pub addresses: Addresses,
}

impl Contestant {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Contestant::Gateway => "gateway (component)",
            Contestant::Axum => "axum (native)",
            Contestant::Node => "Node (cluster)",
        }
    }

    /// Why it cannot take part on this machine; none if it can.
    pub fn missing(self) -> Option<String> {
        if self != Contestant::Node {
            return None;
        }
        let runs = |program: &str| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
        let missing = ["node", "npm"].into_iter().find(|program| !runs(program))?;
        Some(format!("{missing} is not installed"))
    }

    /// Starts it and waits for its first answer. Gives how long that took from the start of the process.
    pub async fn start(self, place: &Place<'_>) -> Result<(Running, Duration)> {
        // The port is free again at once, and nobody else asks for it meanwhile.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let addresses = match self {
            Contestant::Gateway => gateway::addresses(address),
            _ => Addresses { route: format!("http://{address}/route"), notify: format!("http://{address}/notify") },
        };
        let mut command = match self {
            Contestant::Gateway => gateway_command(address, place)?,
            Contestant::Axum => axum_command(address, place)?,
            Contestant::Node => node_command(address, place)?,
        };
        let began = Instant::now();
        let mut running = Running { process: Process::start(&mut command)?, addresses };
        until_answered(&mut running).await?;
        Ok((running, began.elapsed()))
    }
}

/// Sends a routing request again and again until it is answered with a card.
async fn until_answered(running: &mut Running) -> Result<()> {
    let (client, until) = (load::client()?, Instant::now() + STARTING);
    loop {
        let answered = load::route(&client, &running.addresses, FIRST_ROUTE).await;
        let answer: Option<Value> = answered.ok().and_then(|body| serde_json::from_slice(&body).ok());
        if answer.is_some_and(|answer| answer["card"].is_object()) {
            return Ok(());
        }
        ensure!(running.process.child().try_wait()?.is_none(), "it ended before it answered");
        ensure!(Instant::now() < until, "it gave no card in {STARTING:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

fn gateway_command(address: SocketAddr, place: &Place<'_>) -> Result<Command> {
    gateway::write_files(place.folder, address)?;
    let status = processes::own("set-up-gateway")?.arg(place.folder).arg(place.crm).status()?;
    ensure!(status.success(), "it cannot be set up");
    let mut command = processes::own("gateway")?;
    command.arg(place.folder);
    Ok(command)
}

fn axum_command(address: SocketAddr, place: &Place<'_>) -> Result<Command> {
    let mut command = Command::new(processes::peer_axum()?);
    command.arg("--listen").arg(address.to_string()).arg("--crm").arg(place.crm);
    command.arg("--settings").arg(processes::file("settings.json")).arg("--account").arg(processes::file("account.json"));
    command.env("RETAILCRM_KEY", KEY);
    Ok(command)
}

fn node_command(address: SocketAddr, place: &Place<'_>) -> Result<Command> {
    let folder = processes::file("node");
    if !folder.join("node_modules").is_dir() {
        let install = ["ci", "--no-audit", "--no-fund", "--silent"];
        let status = Command::new("npm").args(install).current_dir(&folder).stdout(Stdio::null()).status().context("npm")?;
        ensure!(status.success(), "npm ci failed in {}", folder.display());
    }
    let mut command = Command::new("node");
    command.arg("server.js").current_dir(&folder).stdout(Stdio::null()).env("NODE_ENV", "production");
    command.env("PORT", address.port().to_string()).env("RETAILCRM_URL", place.crm).env("RETAILCRM_KEY", KEY);
    command.env("SETTINGS", std::path::absolute(processes::file("settings.json"))?);
    command.env("ACCOUNT", std::path::absolute(processes::file("account.json"))?);
    Ok(command)
}
