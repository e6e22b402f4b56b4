//! Many customers, of whom some are poisoned: their events never succeed. Measures what that does to the others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use uis_gateway::store::{OpenOptions, SqliteStore};
use uis_host::bindings::exports::uis::integration::orders::OrderWebhook;
use uis_host::clock::SystemClock;
use uis_host::dispatch::handle::Handle;
use uis_host::dispatch::{Arrival, Dispatch};
use uis_host::event::Event;
use uis_host::integration::{Integration, UisAccount};
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::ports::{IntegrationState, Origin, Silent, Store};

use super::scripted::{POISON, Scripted};

/// Events of each customer.
const EVENTS: u64 = 3;

/// What a run showed.
pub struct Shown {
    /// Customers whose events did not begin in order, or not all of them.
    pub overtaken: Vec<String>,
    /// From an event's being received to its handler's beginning, of healthy customers, sorted.
    pub delays: Vec<Duration>,
}

impl Shown {
    /// The delay that this part of the events does not exceed.
    pub fn percentile(&self, part: f64) -> Duration {
        self.delays.get(((self.delays.len() as f64 * part) as usize).min(self.delays.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

fn arrival(customer: &str, number: u64) -> Arrival {
    let parameters = vec![("id".to_owned(), customer.to_owned()), ("n".to_owned(), number.to_string())];
    let event = OrderWebhook { at: 0, method: "POST".into(), parameters, content_type: None, body: Vec::new() };
    Arrival { origin: Origin(number), what: "order-webhook".into(), event: Event::OrderWebhook(event) }
}

/// Sends the events of so many customers of so many accounts at this rate (events a second); one in a hundred is poisoned, if `poisoned`.
pub async fn run(customers: u64, accounts: usize, rate: u64, poisoned: bool) -> Shown {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = SqliteStore::open(&folder.path().join("store.db"), OpenOptions::default()).expect("it opens");
    let store = Arc::new(store);
    let (plugin, clock, limits) = (Scripted::new(Duration::from_millis(2)), Arc::new(SystemClock), Limits::default());
    let mut integrations = Vec::new();
    for account in 0..accounts {
        let name = format!("account-{account}");
        store.set_state(&name, IntegrationState::Active).await.expect("stored");
        let secret = "secret".to_owned().into();
        let mut integration = Integration::new(&name, plugin.description(), clock.clone(), UisAccount::absent(), secret, &limits);
        integration.store = store.clone();
        integrations.push(Arc::new(integration));
    }
    let (handle, commands) = Handle::new();
    let dispatch = Dispatch::new(plugin.clone(), clock, integrations, Box::new(Silent)).await;
    let mut dispatch = dispatch.expect("a store that works");
    let serving = tokio::spawn(async move { dispatch.serve(commands).await });

    let name = |customer: u64| format!("{customer}{}", if poisoned && customer % 100 == 7 { POISON } else { "" });
    let began = Instant::now();
    let (mut sent, mut sending) = (Vec::new(), tokio::task::JoinSet::new());
    for number in 0..EVENTS {
        for customer in 0..customers {
            let due = Duration::from_secs_f64((number * customers + customer) as f64 / rate as f64);
            let early = due.saturating_sub(began.elapsed());
            if early > Duration::ZERO {
                tokio::time::sleep(early).await;
            }
            let (handle, arrival, slot) = (handle.clone(), arrival(&name(customer), number), customer as usize % accounts);
            sent.push((name(customer), number, Instant::now()));
            // A customer's events are sent one after the other, far apart; those of different customers at the same time.
            sending.spawn(async move { handle.deliver(slot, arrival).await.map(|_| ()) });
            while sending.len() > 500 {
                sending.join_next().await.expect("one").expect("no panic").expect("stored");
            }
        }
    }
    while let Some(stored) = sending.join_next().await {
        stored.expect("no panic").expect("stored");
    }
    let expected = customers - if poisoned { (customers + 92) / 100 } else { 0 };
    let until = Instant::now() + Duration::from_secs(60);
    let done = || {
        plugin.began.lock().expect("no panic").iter().filter(|(name, all)| !name.ends_with(POISON) && all.len() as u64 == EVENTS).count()
    };
    while (done() as u64) < expected && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    serving.abort();
    shown(&plugin, &sent, &name, customers)
}

fn shown(plugin: &Scripted, sent: &[(String, u64, Instant)], name: &dyn Fn(u64) -> String, customers: u64) -> Shown {
    let began = plugin.began.lock().expect("no panic");
    let numbers =
        |customer: &str| began.get(customer).map(|all| all.iter().map(|(number, _)| *number).collect::<Vec<_>>()).unwrap_or_default();
    let in_order: Vec<u64> = (0..EVENTS).collect();
    let healthy = (0..customers).map(name).filter(|customer| !customer.ends_with(POISON));
    let mut overtaken: Vec<String> = healthy.filter(|customer| numbers(customer) != in_order).collect();
    // Nothing of a poisoned customer begins before their first event has succeeded, which it never does.
    overtaken.extend(began.iter().filter(|(name, all)| name.ends_with(POISON) && all.len() > 1).map(|(name, _)| name.clone()));
    let mut delays: Vec<Duration> = Vec::new();
    for (customer, number, at) in sent {
        let begun = began.get(customer).and_then(|all| all.iter().find(|(known, _)| known == number));
        if let Some((_, begun)) = begun.filter(|_| !customer.ends_with(POISON)) {
            delays.push(begun.saturating_duration_since(*at));
        }
    }
    delays.sort();
    Shown { overtaken, delays }
}
