//! The program `peer-axum`.

use anyhow::Result;
use clap::Parser;
use peer_axum::program;

/// As in the gateway's program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// UIS's notifications into RetailCRM, in one process without a store.
#[derive(Debug, Parser)]
#[command(name = "peer-axum", version, about)]
struct Arguments {
    #[command(flatten)]
    options: program::Options,
}

#[tokio::main]
async fn main() -> Result<()> {
    program::run(Arguments::parse().options).await
}
