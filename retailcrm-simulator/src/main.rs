//! `retailcrm-simulator`: RetailCRM's API v5 on a port of this machine.

use std::process::ExitCode;

use clap::Parser;
use retailcrm_simulator::program::{Options, run};

/// RetailCRM's API v5 on a port of this machine, for testing integrations.
#[derive(Debug, Parser)]
#[command(name = "retailcrm-simulator", version, about)]
struct Arguments {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
