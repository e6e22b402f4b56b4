//! The book of integrations: adding and changing records. Every change is checked as a whole before anything is stored.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};
use uis_host::connection::plain_base;
use uis_host::ports::{Store, StoreError};
use url::Url;

use super::building::{Built, Workshop};
use super::live::StoredLive;
use super::record::{Previous, Record, StoredAccount, StoredConnection};
use crate::control::{Address, Change, ControlError, IntegrationView, NewAccount, NewConnection, NewIntegration, PauseView};
use crate::secrets::{self, SecretRef};
use crate::store::SqliteStore;
use crate::uis::Client;

/// How long the secret before a rotation is accepted.
const PREVIOUS_FOR_MS: i64 = 24 * 3_600_000;
/// The longest name of an integration, in characters.
const NAME_MAX: usize = 64;
/// Names that the gateway's own addresses use.
const TAKEN: [&str; 2] = ["healthz", "readyz"];

/// The records in the store.
pub struct Book {
    /// Where they are stored.
    pub store: Arc<SqliteStore>,
    /// What is needed to check them.
    pub workshop: Arc<Workshop>,
}

fn invalid(problem: String) -> ControlError {
    ControlError::Invalid(vec![problem])
}

fn failed(error: StoreError) -> ControlError {
    ControlError::Failed(error.to_string())
}

impl Book {
    /// All records, by name.
    pub async fn all(&self) -> Result<Vec<Record>, ControlError> {
        let mut records = Vec::new();
        for (name, bytes) in self.store.records().await.map_err(failed)? {
            let record = serde_json::from_slice(&bytes);
            records
                .push(record.map_err(|error| ControlError::Failed(format!("the record of integration {name} cannot be read: {error}")))?);
        }
        Ok(records)
    }

    /// The record of an integration.
    pub async fn find(&self, name: &str) -> Result<Record, ControlError> {
        let all = self.all().await?;
        let known: Vec<String> = all.iter().map(|record| record.name.clone()).collect();
        all.into_iter().find(|record| record.name == name).ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            ControlError::Unknown(format!("there is no integration {name:?}; known: {known}"))
        })
    }

    /// Stores a new integration.
    pub async fn add(&self, new: NewIntegration) -> Result<(Record, Built), ControlError> {
        check_name(&new.name).map_err(invalid)?;
        if self.all().await?.iter().any(|record| record.name == new.name) {
            return Err(invalid(format!("name: an integration {:?} exists already; change it with `integration set`", new.name)));
        }
        let sealer = &self.workshop.sealer;
        let secret = new.secret.map_or_else(secrets::random, Ok).map_err(ControlError::Failed)?;
        let secret = sealer.seal(&new.name, "secret", &secret).map_err(ControlError::Failed)?;
        // The client is kept until the integration uses it, with what it knows already.
        let (account, _client) = self.account(None, new.account, &new.name).await?;
        let mut record = Record {
            name: new.name,
            account,
            connections: BTreeMap::new(),
            settings: new.settings,
            settings_version: new.settings_version.unwrap_or_else(|| self.version()),
            secret,
            previous: None,
            route_fallback: None,
        };
        self.connect(&mut record, new.connections).await?;
        self.save(record).await
    }

    /// Stores a changed integration.
    pub async fn set(&self, name: &str, change: Change) -> Result<(Record, Built), ControlError> {
        let mut record = self.find(name).await?;
        let mut _client = None;
        if let Some(account) = change.account {
            (record.account, _client) = self.account(Some(&record.account), account, name).await?;
        }
        if let Some(fallback) = change.route_fallback {
            record.route_fallback = Some(fallback).filter(|fallback| !fallback.is_null());
        }
        if !change.settings.is_empty() {
            merge(&mut record.settings, change.settings);
        }
        if let Some(version) = change.settings_version {
            record.settings_version = version;
        }
        self.connect(&mut record, change.connections).await?;
        self.save(record).await
    }

    /// Makes a new secret; the old one is accepted for a day.
    pub async fn rotate(&self, name: &str) -> Result<(Record, Built), ControlError> {
        let mut record = self.find(name).await?;
        let secret = secrets::random().map_err(ControlError::Failed)?;
        let sealed = self.workshop.sealer.seal(name, "secret", &secret).map_err(ControlError::Failed)?;
        let until = self.workshop.clock.now_ms() + PREVIOUS_FOR_MS;
        record.previous = Some(Previous { secret: std::mem::replace(&mut record.secret, sealed), until });
        self.save(record).await
    }

    /// The integration as the administrator sees it.
    pub async fn view(&self, record: &Record, broken: Option<String>, notes: Vec<String>) -> Result<IntegrationView, ControlError> {
        let state = self.store.state(&record.name).await.map_err(failed)?;
        let counts = self.store.counts(&record.name).await.map_err(failed)?;
        let held = self.store.pause_of(&record.name).await.map_err(failed)?;
        let now = self.workshop.clock.now_ms();
        let until = record.previous.as_ref().map(|previous| previous.until).filter(|until| *until > now);
        Ok(IntegrationView {
            name: record.name.clone(),
            state,
            account: record.account.view(),
            connections: record.connections.iter().map(|(name, stored)| (name.clone(), stored.view())).collect(),
            settings: record.settings.clone(),
            waiting: counts.waiting,
            dead_letters: counts.dead,
            old_secret_until: until.map(|until| uis_host::clock::instant(until).to_rfc3339()),
            broken,
            held: held.map(|pause| PauseView { who: pause.who, since: uis_host::clock::instant(pause.at).to_rfc3339() }),
            notes,
        })
    }

    /// The addresses to enter in UIS and in the remote system.
    pub fn addresses(&self, record: &Record) -> Result<Vec<Address>, ControlError> {
        use secrecy::ExposeSecret;
        let secrets = self.workshop.secrets(record).map_err(ControlError::Failed)?;
        let secret = secrets.current.expose_secret();
        let base = uis_host::integration::Integration::base(&self.workshop.public_url, &record.name);
        let notifications = uis_host::notification::MNEMONICS.iter().map(|kind| (*kind, format!("{base}/notify/{secret}/{kind}")));
        let callbacks = self.workshop.plugin.description().callbacks.iter().map(|need| match &need.secret_parameter {
            None => (need.name.as_str(), format!("{base}/{}/{secret}", need.name)),
            Some(parameter) => (need.name.as_str(), format!("{base}/{}?{parameter}={secret}", need.name)),
        });
        let all = notifications.chain([("route", format!("{base}/route/{secret}"))]).chain(callbacks);
        Ok(all.map(|(what, url)| Address { what: what.to_owned(), url }).collect())
    }

    fn version(&self) -> String {
        self.workshop.plugin.description().version.clone()
    }

    /// The account to store. UIS is asked for the time zone of a live account whose owner gave none, so that no time is misread; then there is
    /// a client too.
    async fn account(
        &self,
        known: Option<&StoredAccount>,
        new: NewAccount,
        name: &str,
    ) -> Result<(StoredAccount, Option<Arc<Client>>), ControlError> {
        let new = match new {
            NewAccount::File(path) => return Ok((StoredAccount::File(absolute(&path).map_err(invalid)?), None)),
            NewAccount::Live(new) => new,
        };
        let known = match known {
            Some(StoredAccount::Live(known)) => Some(known.as_ref()),
            _ => None,
        };
        let mut stored = StoredLive::merge(known, *new, &self.workshop.sealer, name).map_err(invalid)?;
        let mut asked = None;
        if stored.zone().map_err(invalid)?.is_none() {
            let client = self.workshop.client(&stored, name).map_err(ControlError::Failed)?;
            let account = client.describe().await.map_err(|error| {
                invalid(format!("account: UIS cannot be asked for the account's time zone; put it right, or give --uis-timezone: {error}"))
            })?;
            uis_host::clock::zone(&account.timezone).map_err(|error| invalid(format!("account: UIS's time zone: {error}")))?;
            stored.asked_timezone = Some(account.timezone);
            asked = Some(client);
        }
        Ok((StoredAccount::Live(Box::new(stored)), asked))
    }

    /// Puts connections into a record.
    async fn connect(&self, record: &mut Record, connections: BTreeMap<String, NewConnection>) -> Result<(), ControlError> {
        for (name, new) in connections {
            let url = self.address(&name, &new.url).await?;
            let key = SecretRef::store(new.key, &self.workshop.sealer, &record.name, &name).map_err(ControlError::Failed)?;
            record.connections.insert(name, StoredConnection { url, key });
        }
        Ok(())
    }

    /// The base URL of an address that a person pasted.
    async fn address(&self, connection: &str, pasted: &str) -> Result<Url, ControlError> {
        let plugin = &self.workshop.plugin;
        let needs = &plugin.description().connections;
        let Some(need) = needs.iter().find(|need| need.name == connection) else {
            let known: Vec<&str> = needs.iter().map(|need| need.name.as_str()).collect();
            return Err(invalid(format!("connection {connection}: the plugin has no such connection; it has: {}", known.join(", "))));
        };
        if let Ok(mut url) = Url::parse(pasted)
            && matches!(url.scheme(), "http" | "https")
            && self.workshop.allow_private.has_host(&url)
        {
            url.set_path("");
            url.set_query(None);
            url.set_fragment(None);
            return Ok(url);
        }
        let normal = plugin.normalise_connection(pasted).await.map_err(|fault| ControlError::Failed(fault.to_string()))?;
        let normal = normal.map_err(|why| {
            let own = "for a simulator or a server of your own, list its host in egress.allow-private of the configuration file";
            invalid(format!("connection {connection}: {why}; {own}"))
        })?;
        let patterns: Vec<&str> = need.host_patterns.iter().map(String::as_str).collect();
        plain_base(&normal.base_url, &patterns).map_err(|why| invalid(format!("connection {connection}: {why}")))
    }

    /// Checks a record as a whole and stores it.
    async fn save(&self, record: Record) -> Result<(Record, Built), ControlError> {
        let built = self.workshop.build(&record, &self.store).await.map_err(invalid)?;
        // Settings of an older version stay as they were saved until somebody saves them anew, so that the plugin migrates them each time.
        let bytes = serde_json::to_vec(&record).map_err(|error| ControlError::Failed(error.to_string()))?;
        self.store.put_record(&record.name, bytes).await.map_err(failed)?;
        Ok((record, built))
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.chars().count() > NAME_MAX || !name.chars().all(plain) || TAKEN.contains(&name) {
        return Err(format!(
            "name: {name:?} cannot be a name; use 1 to {NAME_MAX} letters, digits, - and _, and neither healthz nor readyz"
        ));
    }
    Ok(())
}

fn absolute(path: &Path) -> Result<std::path::PathBuf, String> {
    path.canonicalize().map_err(|error| format!("account: {}: {error}", path.display()))
}

/// Replaces members; `null` removes one.
fn merge(settings: &mut Map<String, Value>, changes: Map<String, Value>) {
    for (name, value) in changes {
        match value {
            Value::Null => settings.remove(&name),
            value => settings.insert(name, value),
        };
    }
}
