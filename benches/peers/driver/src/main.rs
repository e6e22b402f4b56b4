//! The program `peer-bench`: runs the comparison and prints its table. The gateway that takes part, and RetailCRM's simulator, are this program
//! too, each in a process of its own.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use peer_bench::{Contestant, Options, compare, gateway, table};

/// As in the gateway's program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Compares the gateway with two peers.
#[derive(Debug, Parser)]
#[command(name = "peer-bench", version, about)]
struct Arguments {
    /// How many calls are sent to each.
    #[arg(long, env = "N_CALLS", default_value_t = 3000)]
    calls: usize,
    /// How many connections send at the same time.
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// The seed of the calls.
    #[arg(long, default_value_t = 23)]
    seed: u64,
    /// Who takes part; all unless given.
    #[arg(long = "only", value_enum, value_name = "NAME")]
    only: Vec<Contestant>,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Be the gateway that was set up in this folder.
    #[command(hide = true)]
    Gateway {
        /// The folder of its files.
        folder: PathBuf,
    },
    /// Be RetailCRM's simulator.
    #[command(hide = true)]
    Simulator {
        #[command(flatten)]
        options: retailcrm_simulator::program::Options,
    },
    /// Set a gateway up in this folder: add the integration, switch it on, and end.
    #[command(hide = true)]
    SetUpGateway {
        /// The folder of its files.
        folder: PathBuf,
        /// RetailCRM's address.
        crm: url::Url,
    },
}

async fn be(role: Role) -> Result<()> {
    match role {
        Role::Gateway { folder } => gateway::serve(&folder).await,
        Role::SetUpGateway { folder, crm } => gateway::set_up(&folder, &crm).await,
        Role::Simulator { options } => retailcrm_simulator::program::run(options).await,
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(role) = arguments.role {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(be(role)).map(|()| ExitCode::SUCCESS);
    }
    let all = [Contestant::Gateway, Contestant::Axum, Contestant::Node];
    let contestants = if arguments.only.is_empty() { all.to_vec() } else { arguments.only };
    let (calls, concurrency, seed) = (arguments.calls, arguments.concurrency.max(1), arguments.seed);
    let results = compare(&Options { calls, concurrency, seed, contestants })?;
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&results)?),
        false => print!("{}", table::print(&results)),
    }
    let differ = results.iter().any(|result| !result.differences.is_empty());
    Ok(if differ { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
