//! `performance`: measures what events, replays and the gateway cost, and prints one table. `docs/performance.md` says what each row is.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | `table` | rows, their values by round, and the table |
//! | 1 | `machine` | what the values were measured on |
//! | 1 | `programs` | building and starting the programs |
//! | 2 | `rows` | one file for each group of rows: how it is measured |
//! | 3 | `page` | the figures in `docs/performance.md` |

mod machine;
mod page;
mod programs;
mod rows;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use machine::Machine;
use rows::Setup;
use table::Values;

/// What is measured within this program has the allocator that `uis-host` and `uis-gateway` have.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures what events, replays, the gateway and builds cost. Run it by `cargo run --release -p uis-benches`.
#[derive(Debug, Parser)]
#[command(name = "performance", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Measure only this row or group of rows; may be repeated
    #[arg(long = "row", value_name = "NAME")]
    rows: Vec<String>,
    /// How often each row is measured
    #[arg(long, value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Do not build the programs, only use them
    #[arg(long)]
    no_build: bool,
    /// Replace the figures of this page
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure how long builds take, in a clone of the commit; it takes many minutes
    Build,
    /// What a new process of the row `cold-start` does
    #[command(hide = true)]
    ColdStart(rows::cold_start::ChildArguments),
}

fn main() -> ExitCode {
    let began = Instant::now();
    match run(Arguments::parse(), began) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments, began: Instant) -> Result<()> {
    match arguments.command {
        Some(Command::ColdStart(child)) => rows::cold_start::child(&child, began),
        Some(Command::Build) => rows::build::run(),
        None if cfg!(debug_assertions) => bail!("only an optimised program measures anything: cargo run --release -p uis-benches"),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let wanted = rows::wanted(&arguments.rows)?;
    let machine = Machine::read()?;
    let setup = Setup::new(&wanted, !arguments.no_build)?;
    let (mut values, mut failed) = (Values::default(), 0);
    for round in 0..arguments.rounds {
        for group in wanted.iter().filter(|group| round == 0 || !group.fixed) {
            eprintln!("round {} of {}: {}", round + 1, arguments.rounds, group.name);
            match (group.measure)(&setup, round) {
                Ok(measured) => measured.into_iter().for_each(|(row, value)| values.add(row, value)),
                // The other rows are worth their time all the same.
                Err(error) => {
                    failed += 1;
                    eprintln!("error: {}: {error:#}", group.name);
                }
            }
        }
    }
    let shown: Vec<_> = wanted.iter().flat_map(|group| group.rows).filter(|row| rows::is_wanted(row, &arguments.rows)).collect();
    let figures = page::figures(&machine, &shown, &values, arguments.rounds);
    println!("{figures}");
    if let Some(path) = &arguments.write {
        page::write(path, &figures)?;
    }
    if failed > 0 {
        bail!("{failed} measurements failed; their rounds are missing");
    }
    Ok(())
}
