//! The program `uis-host`: replays recordings against a plugin and the RetailCRM simulator, and inspects plugins. Only programs and tests
//! know the host, a plugin and the simulators together; the host library knows no CRM.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 1 | `exit_status` | the exit statuses |
//! | 6 | `commands` | the commands of the command line |

mod commands;
mod exit_status;

use std::process::ExitCode;

use clap::Parser;

/// A replay of whole calls takes 10 % less time than with the system's allocator (glibc).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    match commands::run(arguments).await {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(exit_status::UNUSABLE)
        }
    }
}
