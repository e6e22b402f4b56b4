//! A host of one's own over the library `uis_host`: it loads a plugin, makes one integration of one account, takes one of UIS's notifications
//! and prints what the handler did. The store ([`journal`]) and the account's directory ([`directory`]) are its own, as a platform's would be.
//!
//! `embedding-example PLUGIN.wasm FOLDER` keeps its data in the folder; a second run takes up what the first has left.

mod directory;
mod journal;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use directory::SmallCompany;
use journal::JournalStore;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::mpsc;
use uis_host::clock::{Clock, SystemClock, zone};
use uis_host::dispatch::handle::Handle;
use uis_host::dispatch::{Arrival, Dispatch};
use uis_host::integration::{Integration, UisAccount};
use uis_host::limits::Limits;
use uis_host::notification::{self, params::Params};
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::{Plugin, engine::Runtime};
use uis_host::ports::{Absent, Directory, Entry, IntegrationState, Observer, Origin, Outcome, Problem};
use uis_host::trace::Step;

/// Prints what the dispatch does, and reports each event that is done with.
struct Printer {
    done: mpsc::UnboundedSender<Origin>,
}

impl Observer for Printer {
    fn entry(&mut self, entry: Entry<'_>) {
        let outcome = match entry.outcome {
            Outcome::Accepted(_) => "accepted".to_owned(),
            Outcome::Failed(failure, _) => format!("{failure:?}"),
            Outcome::Fault(fault) => fault.to_string(),
        };
        println!("{} {}: attempt {}, {outcome}, fuel {}", entry.what, entry.event.subject(), entry.attempt, entry.fuel.unwrap_or(0));
        for step in entry.trace {
            match step {
                Step::Log { level, message, .. } => println!("  {level}: {message}"),
                other => println!("  {other:?}"),
            }
        }
        // Nobody waits for it any more when the program ends.
        let _ = self.done.send(entry.origin);
    }

    fn problem(&mut self, problem: Problem) {
        println!("problem: {}", problem.message);
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(component), Some(folder)) = (arguments.next(), arguments.next()) else {
        bail!("usage: embedding-example PLUGIN.wasm FOLDER");
    };
    std::fs::create_dir_all(&folder)?;

    // The plugin. What was compiled is kept in the folder; whoever can write there can make this process run anything.
    let limits = Limits::default();
    let runtime = Runtime::new(limits.clone()).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let plugin = Arc::new(ComponentPlugin::load(&runtime, &component, &folder.join("compiled")).await?);
    let about = plugin.description().clone();
    println!("plugin {} {}", about.name, about.version);
    if let Some(need) = about.connections.first() {
        bail!("the plugin needs the connection {:?}; this example brings no Egress for it", need.name);
    }

    // The store and the account. What the account has no implementation for is absent.
    let (store, changes) = JournalStore::open(&folder.join("journal.jsonl")).await?;
    println!("journal: {changes} changes");
    let (clock, absent, directory) = (Arc::new(SystemClock), Arc::new(Absent), Arc::new(SmallCompany));
    let account = UisAccount { directory: directory.clone(), reports: absent.clone(), deals: absent.clone(), dialler: absent };

    // The integration. A service makes the secret by chance, once, and keeps it.
    let secret = SecretString::from("a secret of 32 random bytes");
    let mut integration = Integration::new("main", &about, clock.clone(), account, secret, &limits);
    integration.store = Arc::new(store);
    let prepared = plugin.prepare("{}", None).await?.map_err(|problems| anyhow::anyhow!("settings: {problems:?}"))?;
    for note in integration.set_settings(prepared) {
        println!("settings.{}: {}", note.setting, note.message);
    }
    let integration = Arc::new(integration);

    // The dispatch, which serves in a task of its own.
    let (done, mut ended) = mpsc::unbounded_channel();
    let printer = Box::new(Printer { done });
    let mut dispatch = Dispatch::new(plugin, clock.clone(), vec![integration.clone()], printer).await?;
    if dispatch.state(0) == IntegrationState::Inactive {
        dispatch.switch_on(0, Origin(0)).await?;
    }
    let (handle, receiver) = Handle::new();
    let serving = tokio::spawn(async move { dispatch.serve(receiver).await });

    // A notification, as an HTTP server receives it: its type comes from the address, its body is the owner's template.
    let body = json!({"call_session_id": 1001, "direction": "in", "contact_phone_number": "79161234567", "virtual_phone_number": "74951234567",
                      "talk_time_duration": 42, "finish_reason": "subscriber_disconnects", "utm_source": "yandex"});
    let params = Params::from_body(&body, zone(&directory.account().await.timezone).map_err(anyhow::Error::msg)?, clock.now_ms())?;
    for mut event in notification::events("call_session_finished", &params)? {
        let contact = event.call().and_then(|call| call.contact.clone());
        if let Some(number) = contact
            && directory.is_extension(&number.digits).await
        {
            event.set_internal();
        }
        let arrival = Arrival { origin: Origin(1), what: "call_session_finished".into(), event };
        let end = handle.deliver(0, arrival).await?;
        // Only now may UIS be answered with 200: the event is on the disk.
        println!("call_session_finished: {end:?}");
    }

    // Until the event was handled; a service serves until it is stopped.
    while ended.recv().await.is_some_and(|origin| origin != Origin(1)) {}
    handle.stop().await;
    serving.await??;
    println!("waiting: {}", integration.store.waiting("main").await?.len());
    Ok(())
}
