//! The program `uis-host`: replays recordings against a plugin and the RetailCRM simulator, and inspects plugins. Only programs and tests
//! know the host, a plugin and the simulators together; the host library knows no CRM.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 4 | `commands` | the commands of the command line |

mod commands;

use std::process::ExitCode;

use clap::Parser;

/// Exit status: success.
pub const OK: u8 = 0;
/// Exit status: at least one thing that was run failed.
pub const FAILED: u8 = 1;
/// Exit status: the input cannot be used; nothing was run.
pub const UNUSABLE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    match commands::run(arguments).await {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(UNUSABLE)
        }
    }
}
