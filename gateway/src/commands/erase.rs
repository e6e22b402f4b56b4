//! `uis-gateway erase`: erases what is stored of a person.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use uis_gateway::config::Config;
use uis_gateway::control::erasure::{AlsoKnownBy, Counted, ErasedIntegration, ErasureView, WhomToErase};

use super::{Failure, control, shown};

/// What identifies the person, and where to look.
#[derive(Args)]
pub struct Arguments {
    /// A phone of the person, in any spelling. The option may be given several times.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    phone: Vec<String>,
    /// An e-mail of the person.
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,
    /// UIS's id of the visitor.
    #[arg(long, value_name = "ID")]
    visitor: Vec<i64>,
    /// Only in this integration.
    #[arg(long, value_name = "NAME")]
    integration: Option<String>,
    /// Erase without asking. Otherwise what would be deleted is shown first.
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
pub async fn run(config: &Config, arguments: Arguments, json: bool) -> Result<(), Failure> {
    let Arguments { phone, email, visitor, integration, yes } = arguments;
    let whom = WhomToErase { phones: phone, emails: email, visitors: visitor, integration };
    let control = control(config).await?;
    if !yes {
        let found = control.find_person(&whom).await?;
        show(&found, json);
        let asks = !json && io::stdin().is_terminal() && io::stderr().is_terminal();
        if !asks {
            if !json {
                shown::say("Nothing was deleted. Erase all of this: the same command with --yes.");
            }
            return Ok(());
        }
        if !confirmed()? {
            shown::say("Nothing was deleted.");
            return Ok(());
        }
    }
    show(&control.erase(&whom).await?, json);
    Ok(())
}

fn confirmed() -> Result<bool, Failure> {
    eprint!("Erase all of this? It cannot be undone. Type yes: ");
    let mut line = String::new();
    let read = io::stderr().flush().and_then(|()| io::stdin().lock().read_line(&mut line));
    read.map_err(|error| Failure::Failed(format!("standard input: {error}")))?;
    Ok(line.trim() == "yes")
}

fn show(view: &ErasureView, json: bool) {
    if json {
        return shown::object(&serde_json::json!(view));
    }
    let did = if view.erased { "erased" } else { "found" };
    for integration in &view.integrations {
        shown::say(&format!("{}: {did} {}", integration.name, counts(&integration.counted)));
        if let (Some(oldest), Some(newest)) = (&integration.oldest, &integration.newest) {
            shown::say(&format!("  received from {oldest} to {newest}"));
        }
        rest(integration);
    }
    if !view.files.is_empty() {
        shown::say(
            "Files beside the store that may have the person's data and that stay as they are; delete them when you need them no longer:",
        );
        view.files.iter().for_each(|file| shown::say(&format!("  {file}")));
    }
    if view.erased {
        shown::say(&format!(
            "What came before {} is kept out when it comes again. Delete backups that are older, or keep them with the journal.",
            view.at
        ));
    }
}

fn rest(integration: &ErasedIntegration) {
    for note in &integration.notes {
        shown::say(&format!("  note: {note}"));
    }
    for remaining in &integration.crm {
        shown::say(&format!("  RetailCRM: {}: {}", remaining.what, remaining.why));
    }
    for (what, ids) in
        [("calls", &integration.uis.calls), ("chats", &integration.uis.chats), ("site requests", &integration.uis.site_requests)]
    {
        if !ids.is_empty() {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            shown::say(&format!("  UIS: {what} {}: they remain in UIS; delete them there", ids.join(", ")));
        }
    }
    let AlsoKnownBy { phones, emails, visitors } = &integration.also;
    let visitors = visitors.iter().map(|id| format!("--visitor {id}"));
    let also: Vec<String> = phones.iter().chain(emails).cloned().chain(visitors).collect();
    if !also.is_empty() {
        let all = also.join(", ");
        shown::say(&format!("  in these calls and chats the customer is also known by {all}; name it too if it is the same person"));
    }
}

fn counts(counted: &Counted) -> String {
    let Counted { waiting, done, dead_letters, requests, unreadable: _, captures, dials, timers, values, others } = counted;
    let all = [
        (waiting, "events that wait"),
        (done, "events that have ended"),
        (dead_letters, "dead letters"),
        (requests, "requests as they came"),
        (captures, "captures"),
        (dials, "started calls"),
        (timers, "timers"),
        (values, "values of the plugin"),
        (others, "other rows"),
    ];
    let some: Vec<String> = all.iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if some.is_empty() { "nothing".to_owned() } else { some.join(", ") }
}
