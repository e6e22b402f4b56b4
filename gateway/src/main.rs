//! The program `uis-gateway`.

mod commands;

use clap::Parser;

fn main() -> std::process::ExitCode {
    commands::run(commands::Arguments::parse())
}
