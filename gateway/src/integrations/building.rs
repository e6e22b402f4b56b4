//! The host's integration, made from a record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uis_host::bindings::exports::uis::integration::setup::ConnectionNeed;
use uis_host::bindings::uis::integration::types::Misconfiguration;
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
use super::erasures::reports::ReportsWithoutErased;
use super::kept_reports::KeptReports;
use super::live::StoredLive;
use super::record::{Record, StoredAccount, StoredConnection};
use crate::config::{AllowPrivate, meant};
use crate::network::dials::DurableDialler;
use crate::network::egress::NoKey;
use crate::observe::disk::Disk;
use crate::privacy::tombstones::{DigestKey, Guard};
use crate::secrets::{Sealer, Secrets};
use crate::store::SqliteStore;
use crate::uis::{Client, LiveAccount};

/// Gives what sends the requests of an integration, by its name.
pub type EgressOf = Box<dyn Fn(&str) -> Arc<dyn Egress> + Send + Sync>;

/// What every integration of the process shares. A reload makes another one.
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
    /// The room on the store's disk.
    pub disk: Arc<Disk>,
}

/// Rate limits, by the digest of base URL and key: the remote system counts per key, whoever uses it.
#[derive(Default)]
pub struct Paces {
    known: Arc<Mutex<HashMap<[u8; 32], Arc<Pace>>>>,
    /// There are none, because the clock is turned by a test.
    off: bool,
}

impl Paces {
    /// No limits, for a clock that does not go by itself.
    pub fn off() -> Paces {
        Paces { off: true, ..Paces::default() }
    }

    /// The same limits: what was counted goes on.
    pub fn share(&self) -> Paces {
        Paces { known: self.known.clone(), off: self.off }
    }

    /// The limits of a key; integrations that use the same key share them.
    fn of(&self, need: &ConnectionNeed, base: &Url, key: &SecretString) -> Arc<Pace> {
        if self.off {
            return Arc::new(Pace::none());
        }
        let digest = Sha256::new().chain_update(base.as_str()).chain_update([0]).chain_update(key.expose_secret());
        // Another version of the plugin may count in other classes.
        let digest = digest.chain_update(format!("{:?}", need.rate_classes)).finalize();
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
    /// Says what is from before an erasure.
    pub guard: Guard,
}

impl Built {
    /// Whether it was made with this workshop. Each has rules of its own.
    pub fn is_made_with(&self, workshop: &Workshop) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.integration.rules), Arc::as_ptr(&workshop.rules))
    }
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
        let guard = self.guard(&record.name, store);
        let reports = Arc::new(ReportsWithoutErased { reports: account.reports.clone(), guard });
        let reports = Arc::new(KeptReports::new(reports, store.clone(), self.clock.clone(), &record.name));
        let ports = UisAccount { dialler: Arc::new(dialler), reports, ..account };
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
        let schema = match &prepared {
            Err(_) => self.plugin.settings_schema().await.unwrap_or_default(),
            Ok(_) => String::new(),
        };
        let prepared = prepared.map_err(|problems| {
            let explained = |problem: &Misconfiguration| {
                let meant = suggested(&schema, &problem.setting).map(|name| format!("did you mean {name}? ")).unwrap_or_default();
                format!("settings.{}: {meant}{}", problem.setting, problem.message)
            };
            problems.iter().map(explained).collect::<Vec<_>>().join("; ")
        })?;
        let notes = integration.set_settings(prepared);
        let notes = notes.into_iter().map(|note| format!("{}: {}", note.setting, note.message)).collect();
        let guard = self.guard(&record.name, store);
        let route_fallback = record.route_fallback.clone();
        Ok(Built { integration: Arc::new(integration), secrets, zone, route_fallback, broken, notes, uis, guard })
    }

    /// What says which of an integration's events are from before an erasure.
    pub fn guard(&self, integration: &str, store: &SqliteStore) -> Guard {
        let key = DigestKey::new(self.sealer.digest_key());
        Guard { integration: integration.to_owned(), key, tombstones: store.tombstones().clone() }
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

/// The setting of a schema that an unknown one is spelled like; none for one that the schema has.
fn suggested(schema: &str, setting: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(schema).ok()?;
    let known = schema["properties"].as_object()?;
    if known.contains_key(setting) {
        return None;
    }
    meant(setting, known.keys().map(String::as_str)).map(str::to_owned)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_setting_is_suggested_and_a_known_one_is_not() {
        let schema = r#"{"properties":{"incoming-missed-task":{},"recording-wait":{}}}"#;
        assert_eq!(suggested(schema, "incoming-mised-task").as_deref(), Some("incoming-missed-task"));
        assert_eq!(suggested(schema, "recording-wait"), None);
        assert_eq!(suggested(schema, "zzz"), None);
        assert_eq!(suggested("", "recording-wait"), None);
    }
}
