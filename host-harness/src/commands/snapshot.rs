//! `uis-host snapshot`: reads what belongs to some phones and orders of an account into a recording, whose lines are then written by hand or
//! imported. Nothing is written into the account.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use uis_harness::crm::elsewhere::{Server, is_local};
use uis_harness::snapshot::{Api, Snapshot, Wanted, mask, read};

use super::credentials::Store;
use super::say;
use crate::exit_status::{FAILED, OK};

/// Read a part of an account into a recording
#[derive(Debug, Args)]
pub struct SnapshotArguments {
    /// Use the stored credentials with this name
    #[arg(long, value_name = "NAME", required_unless_present = "crm")]
    credentials: Option<String>,
    /// Use the CRM at this address: http://127.0.0.1:PORT
    #[arg(long, value_name = "URL", conflicts_with = "credentials")]
    crm: Option<String>,
    /// The key for --crm
    #[arg(long, value_name = "KEY", env = super::KEY_VARIABLE, hide_env_values = true, default_value = retailcrm_simulator::account::DEFAULT_KEY)]
    crm_key: String,
    #[command(flatten)]
    store: Store,
    /// The customers with this phone, their orders, notes and tasks
    #[arg(long = "phone", value_name = "PHONE")]
    phones: Vec<String>,
    /// The order with this id or number, and its customer
    #[arg(long = "order", value_name = "ORDER")]
    orders: Vec<String>,
    /// The customer with this id
    #[arg(long = "customer", value_name = "ID")]
    customers: Vec<u64>,
    /// Replace phones, e-mails, names, addresses and texts
    #[arg(long)]
    mask: bool,
    /// The recording to write; without it, it is printed
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(arguments: SnapshotArguments) -> Result<u8> {
    let server = match (&arguments.credentials, &arguments.crm) {
        (Some(name), _) => Server::of(&arguments.store.choose(name)?)?,
        (None, Some(url)) => Server::new(url, arguments.crm_key.clone())?,
        (None, None) => bail!("give --credentials NAME or --crm URL"),
    };
    let paced = is_local(server.base().as_str()).is_none();
    let api = Api::new(Arc::new(server.network().clone()), server.base().clone(), server.key().clone(), paced);
    let wanted = Wanted { phones: arguments.phones.clone(), orders: arguments.orders.clone(), customers: arguments.customers.clone() };
    let address = server.base().as_str().trim_end_matches('/').to_owned();
    let snapshot = read(&api, &wanted).await.map_err(|error| anyhow!("{address}: {error}"))?;
    write(&arguments, snapshot, &address)
}

fn write(arguments: &SnapshotArguments, snapshot: Snapshot, address: &str) -> Result<u8> {
    let Snapshot { mut crm, timezone, not_found, unread } = snapshot;
    if arguments.mask {
        mask::mask(&mut crm);
    }
    retailcrm_simulator::Account::read(&crm).with_context(|| format!("{address}: the simulator cannot hold this account"))?;
    let name = if arguments.mask { "A part of an account, masked".to_owned() } else { format!("A part of {address}") };
    let mut header = json!({
        "recording": 1,
        "name": name,
        "account": timezone.map_or_else(|| json!({}), |timezone| json!({"timezone": timezone})),
        "settings": {},
        "crm": crm,
    });
    if arguments.mask {
        // So that `replay` writes these made-up people into no account.
        header["masked"] = true.into();
    }
    for why in &unread {
        eprintln!("not read: {why}");
    }
    for what in &not_found {
        eprintln!("not found: {what}");
    }
    let count = |list: &str| crm_list(&header, list);
    match &arguments.output {
        Some(path) => {
            std::fs::write(path, format!("{header}\n")).with_context(|| format!("{} cannot be written", path.display()))?;
            let (customers, orders, tasks, notes) = (count("customers"), count("orders"), count("tasks"), count("notes"));
            say(&format!("{}: {customers} customers, {orders} orders, {tasks} tasks, {notes} notes\n", path.display()));
        }
        None => say(&format!("{header}\n")),
    }
    Ok(if not_found.is_empty() { OK } else { FAILED })
}

fn crm_list(header: &Value, list: &str) -> usize {
    header["crm"][list].as_array().map_or(0, Vec::len)
}
