//! What commands print: one JSON object, or lines for people.

use serde::Serialize;
use serde_json::json;
use uis_gateway::control::{Address, DeadLetterView, IntegrationView, Status};

/// Prints one JSON object.
pub fn object(value: &impl Serialize) {
    println!("{}", serde_json::to_value(value).unwrap_or_default());
}

/// The gateway as a whole.
pub fn status(status: &Status, json: bool) {
    if json {
        return object(status);
    }
    let ready = match &status.ready {
        Ok(()) => "accepts events".to_owned(),
        Err(why) => format!("does not accept events: {why}"),
    };
    println!("uis-gateway {}, plugin {}: {ready}", status.version, status.plugin);
    println!(
        "{} integrations, {} events wait (the oldest for {} s), {} dead letters",
        status.integrations, status.waiting, status.oldest_waiting_s, status.dead_letters
    );
}

/// One integration.
pub fn integration(view: &IntegrationView, json: bool) {
    if json {
        return object(view);
    }
    line(view);
    println!("  account     {}", view.account.display());
    for (name, connection) in &view.connections {
        println!("  connection  {name}: {} (key: {})", connection.url, connection.key);
    }
    if let Some(until) = &view.old_secret_until {
        println!("  the secret before the last rotation is accepted until {until}");
    }
    if let Some(why) = &view.broken {
        println!("  does not run: {why}");
    }
    view.notes.iter().for_each(|note| println!("  note        {note}"));
}

/// All integrations.
pub fn integrations(all: &[IntegrationView], json: bool) {
    if json {
        return object(&json!({ "integrations": all }));
    }
    if all.is_empty() {
        println!("no integrations; add one: uis-gateway integration add --help");
    }
    all.iter().for_each(line);
}

fn line(view: &IntegrationView) {
    let state = serde_json::to_value(view.state).unwrap_or_default();
    let state = state.as_str().unwrap_or_default();
    println!("{}: {state}, {} events wait, {} dead letters", view.name, view.waiting, view.dead_letters);
}

/// The addresses of an integration.
pub fn addresses(all: &[Address], json: bool) {
    if json {
        return object(&json!({ "addresses": all }));
    }
    let width = all.iter().map(|address| address.what.len()).max().unwrap_or(0);
    all.iter().for_each(|address| println!("{:width$}  {}", address.what, address.url));
}

/// Dead letters.
pub fn dead_letters(all: &[DeadLetterView], json: bool) {
    if json {
        return object(&json!({ "dead-letters": all }));
    }
    if all.is_empty() {
        println!("no dead letters");
    }
    for dead in all {
        println!("{}  {}  {}  {}  attempts: {}\n    {}", dead.id, dead.integration, dead.received, dead.what, dead.attempts, dead.reason);
    }
}
