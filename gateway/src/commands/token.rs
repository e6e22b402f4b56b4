//! `uis-gateway token …`: tokens of administrators.

use clap::Subcommand;
use secrecy::ExposeSecret;
use uis_gateway::admin::outputs::{NewToken, RemovedToken, TokenNames};
use uis_gateway::config::Config;
use uis_gateway::secrets::tokens::Tokens;

use super::{Failure, control, shown};

/// Commands about tokens.
#[derive(Subcommand)]
pub enum Command {
    /// Make a token. It is printed once and can never be shown again.
    Add {
        /// Whose token it is.
        name: String,
    },
    /// List the names of all tokens.
    List,
    /// Remove a token. It is refused from now on.
    Remove {
        /// Whose token it is.
        name: String,
    },
}

/// Runs a command about tokens.
pub async fn run(config: &Config, command: Command, json: bool) -> Result<(), Failure> {
    let mut tokens = Tokens::open(&config.tokens_file()).map_err(Failure::Failed)?;
    match command {
        Command::Add { name } => {
            let token = tokens.add(&name).map_err(Failure::Input)?;
            note(config, &name, true).await;
            match json {
                true => shown::object(&NewToken { name, token: token.expose_secret().to_owned() }),
                false => {
                    shown::say(token.expose_secret());
                    eprintln!("This token cannot be shown again. Commands read it from {}.", super::TOKEN_VARIABLE);
                }
            }
        }
        Command::List => match json {
            true => shown::object(&TokenNames { tokens: tokens.names().map(str::to_owned).collect() }),
            false => tokens.names().for_each(shown::say),
        },
        Command::Remove { name } => {
            tokens.remove(&name).map_err(Failure::Input)?;
            note(config, &name, false).await;
            match json {
                true => shown::object(&RemovedToken { removed: name }),
                false => shown::say(&format!("{name} is removed")),
            }
        }
    }
    Ok(())
}

/// Notes a change in the audit log. A token is often made before the first start, when there is no store to note it in.
async fn note(config: &Config, name: &str, added: bool) {
    if !config.store.path.exists() && config.admin.listen.is_none() {
        return;
    }
    let noted = match control(config).await {
        Ok(control) => control.token_changed(name, added).await.map_err(|error| error.to_string()),
        Err(Failure::Input(why) | Failure::Failed(why)) => Err(why),
        Err(Failure::Done) => Ok(()),
    };
    if let Err(why) = noted {
        eprintln!("the audit log has no entry of it: {why}");
    }
}
