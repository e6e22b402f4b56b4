//! `uis-simulator`: UIS's APIs on a port of this machine.

use std::process::ExitCode;

use clap::Parser;
use uis_simulator::program::{Arguments, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
