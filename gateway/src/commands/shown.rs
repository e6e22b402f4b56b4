//! What commands print: one JSON object, or lines for people.

use std::io::Write;

use serde::Serialize;
use serde_json::json;
use uis_gateway::control::{Address, DeadLetterView, IntegrationView, Status};
use uis_gateway::observe::disk::Bytes;
use uis_host::ports::IntegrationState;

use super::operations;

/// Prints a line. What was received from outside must not control the terminal, so control characters are replaced.
pub fn say(line: &str) {
    let shown: String = line.chars().map(|sign| if sign.is_control() { '\u{FFFD}' } else { sign }).collect();
    print(&shown);
}

/// Prints one JSON object.
pub fn object(value: &impl Serialize) {
    print(&serde_json::to_value(value).unwrap_or_default().to_string());
}

/// A reader that has gone away, such as `head`, is no error.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
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
    say(&format!("uis-gateway {}, plugin {}: {ready}", status.version, status.plugin));
    say(&format!(
        "{} integrations, {} events wait (the oldest for {} s), {} dead letters",
        status.integrations, status.waiting, status.oldest_waiting_s, status.dead_letters
    ));
    if let Some(view) = &status.reload {
        say(&operations::reloaded(view));
    }
    status.versions.iter().filter(|version| version.subject == "plugin").for_each(operations::version);
    status.rules.iter().for_each(operations::rule);
    if let Some(free) = status.disk_free_bytes {
        say(&format!("{} are free on the store's disk", Bytes(free)));
    }
}

/// Integrations that do not deliver events now, if there are any.
pub fn not_active(all: &[IntegrationView]) {
    all.iter().filter(|view| view.state != IntegrationState::Active || view.held.is_some()).for_each(line);
}

/// One integration.
pub fn integration(view: &IntegrationView, json: bool) {
    if json {
        return object(view);
    }
    line(view);
    say(&format!("  account     {}", view.account));
    for (name, connection) in &view.connections {
        say(&format!("  connection  {name}: {} (key: {})", connection.url, connection.key));
    }
    view.settings.iter().for_each(|(name, value)| say(&format!("  setting     {name} = {value}")));
    if let Some(until) = &view.old_secret_until {
        say(&format!("  the secret before the last rotation is accepted until {until}"));
    }
    if let Some(why) = &view.broken {
        say(&format!("  does not run: {why}"));
    }
    view.notes.iter().for_each(|note| say(&format!("  note        {note}")));
    if let Some(pause) = &view.held {
        say(&format!(
            "  paused by an administrator ({}, {}): events are kept, and nothing is delivered until uis-gateway resume {}",
            pause.who, pause.since, view.name
        ));
    }
    match view.state {
        IntegrationState::Paused => say(&format!(
            "  paused: a remote system refused the key, and events wait. Enter a valid one (uis-gateway integration set {}); the old one is tried \
             again by itself too",
            view.name
        )),
        IntegrationState::Activating if view.waiting > 0 => {
            say(&format!("  being switched on; if it stays so, uis-gateway check {} says why", view.name));
        }
        _ => {}
    }
}

/// All integrations.
pub fn integrations(all: &[IntegrationView], json: bool) {
    if json {
        return object(&json!({ "integrations": all }));
    }
    if all.is_empty() {
        say("no integrations; add one: uis-gateway integration add --help");
    }
    all.iter().for_each(line);
}

fn line(view: &IntegrationView) {
    let state = serde_json::to_value(view.state).unwrap_or_default();
    let state = match (state.as_str().unwrap_or_default(), &view.held) {
        ("paused", None) => "paused because the key was refused",
        ("paused", Some(_)) => "paused by an administrator, and the key was refused",
        ("inactive", _) => "inactive",
        (_, Some(_)) => "paused by an administrator",
        (state, _) => state,
    };
    let broken = if view.broken.is_some() { ", does not run" } else { "" };
    say(&format!("{}: {state}{broken}, {} events wait, {} dead letters", view.name, view.waiting, view.dead_letters));
}

/// The addresses of an integration.
pub fn addresses(all: &[Address], json: bool) {
    if json {
        return object(&json!({ "addresses": all }));
    }
    let width = all.iter().map(|address| address.what.len()).max().unwrap_or(0);
    all.iter().for_each(|address| say(&format!("{:width$}  {}", address.what, address.url)));
}

/// A dead letter that waits again.
pub fn redriven(view: &DeadLetterView, json: bool) {
    if json {
        return object(view);
    }
    say(&format!("{} waits again, behind the other events of its lane", view.id));
}
