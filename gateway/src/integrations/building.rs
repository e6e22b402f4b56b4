//! The host's integration, made from a record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::clock::Clock;
use uis_host::connection::Connection;
use uis_host::connection::pace::Pace;
use uis_host::integration::{Integration, UisAccount};
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::ports::{Decisions, Egress};
use uis_host::sync::lock;
use url::Url;

use super::accounts::Accounts;
use super::live::StoredLive;
use super::record::{Record, StoredAccount, StoredConnection};
use crate::config::AllowPrivate;
use crate::network::dials::DurableDialler;
use crate::network::egress::NoKey;
use crate::secrets::{Sealer, Secrets};
use crate::store::SqliteStore;
use crate::uis::{Client, LiveAccount};

/// Gives what sends the requests of an integration, by its name.
pub type EgressOf = Box<dyn Fn(&str) -> Arc<dyn Egress> + Send + Sync>;

/// What every integration of the process shares.
pub struct Workshop {
    /// The plugin.
    pub plugin: Arc<dyn Plugin>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The limits of handlers.
    pub limits: Limits,
    /// The partners' rules.
    pub rules: Arc<dyn Decisions>,
    /// The public address, without a slash at the end.
    pub public_url: String,
    /// Opens sealed secrets.
    pub sealer: Arc<Sealer>,
    /// UIS accounts.
    pub accounts: Accounts,
    /// Private addresses that connections may have.
    pub allow_private: AllowPrivate,
    /// Gives what sends the requests of an integration, by its name.
    pub egress: EgressOf,
    /// Rate limits.
    pub paces: Paces,
}

/// Rate limits, by the digest of base URL and key: the remote system counts per key, whoever uses it.
#[derive(Default)]
pub struct Paces {
    known: Mutex<HashMap<[u8; 32], Arc<Pace>>>,
    /// There are none, because the clock is turned by a test.
    off: bool,
}

impl Paces {
    /// No limits, for a clock that does not go by itself.
    pub fn off() -> Paces {
        Paces { off: true, ..Paces::default() }
    }

    /// The limits of a key; integrations that use the same key share them.
    fn of(&self, need: &ConnectionNeed, base: &Url, key: &SecretString) -> Arc<Pace> {
        if self.off {
            return Arc::new(Pace::none());
        }
        let digest = Sha256::new().chain_update(base.as_str()).chain_update([0]).chain_update(key.expose_secret()).finalize();
        lock(&self.known).entry(digest.into()).or_insert_with(|| Arc::new(Pace::new(&need.rate_classes))).clone()
    }
}

/// An integration that can run.
pub struct Built {
    /// The host's integration.
    pub integration: Arc<Integration>,
    /// The secrets of its addresses.
    pub secrets: Secrets,
    /// The time zone of its UIS account.
    pub zone: Tz,
    /// What a routing request is answered with while the plugin gives no answer.
    pub route_fallback: Option<Value>,
    /// What cannot be used now, and what to do, such as a key whose file is missing. Events wait meanwhile.
    pub broken: Option<String>,
    /// What the account's owner should know about the settings.
    pub notes: Vec<String>,
    /// The live UIS account; none for one from a file.
    pub uis: Option<Arc<Client>>,
}

/// An integration's UIS account.
struct Account {
    ports: UisAccount,
    /// The time zone of times without one.
    zone: Tz,
    /// The live account; none for one from a file.
    uis: Option<Arc<Client>>,
}

impl Workshop {
    /// Makes the integration of a record. The error says why events cannot even be accepted for it, and what to do.
    pub async fn build(&self, record: &Record, store: &Arc<SqliteStore>) -> Result<Built, String> {
        let Account { ports: account, zone, uis } = self.account(record)?;
        let secrets = self.secrets(record)?;
        let about = self.plugin.description();
        let dialler = DurableDialler::new(store.clone(), &record.name, account.dialler.clone());
        let ports = UisAccount { dialler: Arc::new(dialler), ..account };
        let mut integration = Integration::new(&record.name, about, self.clock.clone(), ports, secrets.current.clone(), &self.limits);
        let mut broken = None;
        for need in &about.connections {
            let connection = match record.connections.get(&need.name) {
                Some(stored) => self.connection(record, need, stored),
                None => Err(format!("the connection {} is missing; add it: integration set {} --connection …", need.name, record.name)),
            };
            let connection = connection.unwrap_or_else(|why| {
                broken.get_or_insert_with(|| why.clone());
                unusable(need, why)
            });
            integration.connections.insert(need.name.clone(), connection);
        }
        integration.endpoints.base = Integration::base(&self.public_url, &record.name);
        integration.store = store.clone();
        integration.rules = self.rules.clone();
        let from_version = Some(record.settings_version.as_str()).filter(|version| *version != about.version);
        let settings = Value::Object(record.settings.clone()).to_string();
        let prepared = self.plugin.prepare(&settings, from_version).await.map_err(|fault| format!("settings: {fault}"))?;
        let prepared = prepared.map_err(|problems| {
            let problems: Vec<String> =
                problems.iter().map(|problem| format!("settings.{}: {}", problem.setting, problem.message)).collect();
            problems.join("; ")
        })?;
        let notes = integration.set_settings(prepared);
        let notes = notes.into_iter().map(|note| format!("{}: {}", note.setting, note.message)).collect();
        let route_fallback = record.route_fallback.clone();
        Ok(Built { integration: Arc::new(integration), secrets, zone, route_fallback, broken, notes, uis })
    }

    /// The UIS account of a record.
    fn account(&self, record: &Record) -> Result<Account, String> {
        match &record.account {
            StoredAccount::File(path) => {
                let open = self.accounts.open(path, &self.clock)?;
                Ok(Account { ports: open.ports(open.dialler.clone()), zone: open.zone, uis: None })
            }
            StoredAccount::Live(stored) => {
                let zone = stored.zone()?.ok_or_else(|| {
                    let name = &record.name;
                    format!("account.timezone: it is not known; give it: integration set {name} --uis-timezone Europe/Moscow")
                })?;
                let client = self.client(stored, &record.name)?;
                let live = LiveAccount::new(client.clone(), stored.options(zone));
                Ok(Account { ports: UisAccount::of(Arc::new(live)), zone, uis: Some(client) })
            }
        }
    }

    /// The client of a live account.
    pub fn client(&self, stored: &StoredLive, integration: &str) -> Result<Arc<Client>, String> {
        self.accounts.live(stored, stored.credentials(&self.sealer, integration), &self.clock)
    }

    /// The secrets of a record's addresses.
    pub fn secrets(&self, record: &Record) -> Result<Secrets, String> {
        let current = record.secret.resolve(&self.sealer, &record.name, "secret")?;
        let previous = match &record.previous {
            Some(previous) => Some((previous.secret.resolve(&self.sealer, &record.name, "secret")?, previous.until)),
            None => None,
        };
        Ok(Secrets { current, previous })
    }

    fn connection(&self, record: &Record, need: &ConnectionNeed, stored: &StoredConnection) -> Result<Connection, String> {
        let key = stored.key.resolve(&self.sealer, &record.name, &need.name)?;
        let own = self.allow_private.has_host(&stored.url);
        let pace = self.paces.of(need, &stored.url, &key);
        Ok(Connection {
            base: Mutex::new(stored.url.clone()),
            // A simulator, or whatever else the administrator allows, stays the remote system, whatever address it says it has.
            host_patterns: if own { Vec::new() } else { need.host_patterns.clone() },
            auth: need.auth.clone(),
            key,
            egress: (self.egress)(&record.name),
            pace,
        })
    }
}

/// A connection whose requests are not sent, so that events wait until it can be used.
fn unusable(need: &ConnectionNeed, why: String) -> Connection {
    let egress: Arc<dyn Egress> = Arc::new(NoKey { why });
    let base = Url::parse("https://connection.invalid/").map(Mutex::new);
    Connection {
        base: base.unwrap_or_else(|_| unreachable!("this address is valid")),
        host_patterns: Vec::new(),
        auth: need.auth.clone(),
        key: SecretString::from(""),
        egress,
        pace: Arc::new(Pace::none()),
    }
}
