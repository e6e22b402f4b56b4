//! The program `uis-gateway`: the gateway as a service, and the commands of its administrators.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 7 | `commands` | the commands of the command line |

mod commands;

use clap::Parser;

fn main() -> std::process::ExitCode {
    commands::run(commands::Arguments::parse())
}
