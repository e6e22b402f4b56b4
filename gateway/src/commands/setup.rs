//! `uis-gateway setup …`: what to enter in UIS and in the CRM.

use clap::Args;
use uis_gateway::config::Config;
use uis_gateway::setup::{Language, Setup};

use super::{Failure, control, shown};

/// Whose steps, and in which language.
#[derive(Args)]
pub struct Arguments {
    /// The integration's name.
    name: String,
    /// The language of the steps.
    #[arg(long, value_enum, default_value_t)]
    language: Language,
}

/// Prints the steps. They contain the integration's secret.
pub async fn run(config: &Config, program: &str, arguments: &Arguments, json: bool) -> Result<(), Failure> {
    let addresses = control(config).await?.addresses(&arguments.name).await?;
    let setup = Setup::new(&arguments.name, &addresses, arguments.language);
    match json {
        true => shown::object(&setup),
        false => setup.lines(program).iter().for_each(|line| shown::say(line)),
    }
    Ok(())
}
