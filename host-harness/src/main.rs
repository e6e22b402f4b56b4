//! `uis-host`: replays recordings against a plugin and the RetailCRM simulator, and looks at plugins. Programs and tests alone know the host, a
//! plugin and the simulators; the host library knows no CRM.
//!
//! | floor | room | what |
//! |---|---|---|
//! | 4 | `commands` | the commands of the command line |

mod commands;

use std::process::ExitCode;

use clap::Parser;

/// Exit status: everything went well.
pub const OK: u8 = 0;
/// Exit status: something of what was run failed.
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
