//! `uis-gateway audit`.

use clap::Args;
use uis_gateway::config::Config;
use uis_gateway::control::AuditLogQuery;

use super::shown::{object, say};
use super::{Failure, control};

/// Which entries.
#[derive(Args)]
pub struct Arguments {
    /// At this time or later: 2026-11-27 (UTC) or 2026-11-27T09:00:00+03:00.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only about this event, token or file.
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Only entries with smaller numbers.
    #[arg(long, value_name = "N")]
    before: Option<u64>,
}

/// Runs the command.
pub async fn run(config: &Config, arguments: Arguments, json: bool) -> Result<(), Failure> {
    let Arguments { from, to, subject, limit, before } = arguments;
    let query = AuditLogQuery { from, to, subject, limit: Some(limit), before };
    let page = control(config).await?.audit_log(query).await?;
    if json {
        object(&page);
        return Ok(());
    }
    if page.entries.is_empty() {
        say("no entries");
    }
    for entry in &page.entries {
        let parts = [&entry.what, &entry.integration, &entry.subject, &entry.detail];
        let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        let damaged = if entry.damaged { "  (damaged)" } else { "" };
        say(&format!("{}  {}  {}{damaged}", entry.at, entry.who, parts.join("  ")));
    }
    if let Some(next) = page.next {
        say(&format!("there may be more; go on with --before {next}"));
    }
    Ok(())
}
