//! A gateway in memory, behind a real administrator's listener.

// Each test file uses its own part.
#![allow(dead_code)]

mod operations;
mod right;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uis_gateway::admin::Server;
use uis_gateway::config::Config;
use uis_gateway::control::account::LiveView;
use uis_gateway::control::erasure::{Counted, ErasedIntegration, Erasure, ErasureView, WhomToErase};
use uis_gateway::control::export::{Exports, RecordingSubject};
use uis_gateway::control::storage::{BackupView, MissingFile, NewBackup, Storage};
use uis_gateway::control::{
    AccountView, Address, Answer, Change, ConnectionView, Control, ControlError, DeadLetterView, Edit, EventQuery, Finding,
    IntegrationView, NewAccount, NewConnection, NewIntegration, RedriveRequest, SecretSource, Status, Verdict,
};
use uis_host::ports::IntegrationState;

/// A gateway that remembers what it was asked for.
#[derive(Default)]
pub struct Fake {
    integrations: Mutex<BTreeMap<String, IntegrationView>>,
    /// The keys and secrets that arrived, in the order of arrival.
    pub secrets: Mutex<Vec<String>>,
    /// Actions that were run: integration and action.
    pub actions: Mutex<Vec<(String, String)>>,
    /// Route fallbacks that were set.
    pub fallbacks: Mutex<Vec<serde_json::Value>>,
    /// Operations that were asked for, in order.
    pub operations: Mutex<Vec<String>>,
    /// The store's file, from which recordings are exported.
    pub store: Mutex<PathBuf>,
    /// Queries about events.
    pub queries: Mutex<Vec<EventQuery>>,
    /// Dead letters that were to be put back.
    pub redrives: Mutex<Vec<RedriveRequest>>,
    /// Bodies that were given.
    pub edits: Mutex<Vec<(String, Edit)>>,
    /// Tokens that were added or removed.
    pub tokens: Mutex<Vec<(String, bool)>>,
    /// Set to make every request fail with this reason.
    pub broken: Mutex<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics with the lock held")
}

impl Fake {
    fn change(&self, name: &str, change: impl FnOnce(&mut IntegrationView)) -> Result<IntegrationView, ControlError> {
        if let Some(why) = &*lock(&self.broken) {
            return Err(ControlError::Failed(why.clone()));
        }
        let mut integrations = lock(&self.integrations);
        let known: Vec<String> = integrations.keys().cloned().collect();
        let found = integrations
            .get_mut(name)
            .ok_or_else(|| ControlError::Unknown(format!("there is no integration {name}; known: {}", known.join(", "))))?;
        change(found);
        Ok(found.clone())
    }

    fn connections(&self, new: BTreeMap<String, NewConnection>) -> BTreeMap<String, ConnectionView> {
        let view = |connection: NewConnection| {
            let key = match connection.key {
                SecretSource::Env(name) => format!("env {name}"),
                SecretSource::File(path) => format!("file {}", path.display()),
                SecretSource::Value(value) => {
                    lock(&self.secrets).push(value.expose_secret().to_owned());
                    "sealed".to_owned()
                }
            };
            ConnectionView { url: connection.url, key }
        };
        new.into_iter().map(|(name, connection)| (name, view(connection))).collect()
    }

    fn letter(&self) -> DeadLetterView {
        DeadLetterView {
            id: "7/a b".to_owned(),
            integration: "main".to_owned(),
            what: "call_session_finished".to_owned(),
            received: "2026-11-27T06:00:00Z".to_owned(),
            attempts: 5,
            reason: "a trap".to_owned(),
        }
    }
}

fn finding(subject: &str, verdict: Verdict, message: &str) -> Finding {
    let remedy = (verdict != Verdict::Ok).then(|| "switch it on".to_owned());
    Finding { subject: subject.to_owned(), verdict, message: message.to_owned(), remedy }
}

/// The account that was given, as it is shown. Its secrets are not.
fn view_of(account: NewAccount) -> AccountView {
    match account {
        NewAccount::File(path) => AccountView::File(path),
        NewAccount::Live(live) => AccountView::Live(LiveView {
            data_api: live.data_api.unwrap_or_default(),
            call_api: live.call_api.unwrap_or_default(),
            credentials: match (live.token, live.login) {
                (Some(SecretSource::Env(name)), _) => format!("token env {name}"),
                (Some(SecretSource::File(path)), _) => format!("token file {}", path.display()),
                (Some(SecretSource::Value(_)), _) => "token sealed".to_owned(),
                (None, login) => format!("login {}", login.unwrap_or_default()),
            },
            timezone: live.timezone.unwrap_or_default(),
            extensions: live.extensions.unwrap_or_default(),
            workplace_url: live.workplace_url,
            sources: live.sources.unwrap_or_default(),
        }),
    }
}

impl Erasure for Fake {
    fn find_person<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView> {
        async move { Ok(erased(whom, false)) }.boxed()
    }

    fn erase<'a>(&'a self, whom: &'a WhomToErase) -> Answer<'a, ErasureView> {
        async move { Ok(erased(whom, true)) }.boxed()
    }
}

fn erased(whom: &WhomToErase, erased: bool) -> ErasureView {
    let counted = Counted { done: whom.phones.len() as u64, ..Counted::default() };
    let integration = ErasedIntegration { name: whom.integration.clone().unwrap_or_else(|| "main".into()), counted, ..Default::default() };
    ErasureView { erased, at: "2026-11-28T06:00:00Z".into(), integrations: vec![integration], files: Vec::new() }
}

impl Storage for Fake {
    fn backup(&self, new: NewBackup) -> Answer<'_, BackupView> {
        async move {
            if let Some(why) = &*lock(&self.broken) {
                return Err(ControlError::Failed(why.clone()));
            }
            let key = MissingFile { file: "/var/lib/uis/secrets.key".into(), what: "the sealing key".to_owned() };
            let (file, not_contained) = (new.path, vec![key]);
            let removed = new.keep.map(|_| file.join("uis-gateway-20261120T000000Z.db")).into_iter().collect();
            Ok(BackupView {
                file,
                bytes: 3 << 20,
                integrations: 1,
                waiting: 3,
                dead_letters: 1,
                damaged: Vec::new(),
                removed,
                not_contained,
            })
        }
        .boxed()
    }
}

impl Exports for Fake {
    fn recording_subject<'a>(&'a self, name: &'a str, _: bool) -> Answer<'a, RecordingSubject> {
        async move {
            let view = self.change(name, |_| {})?;
            Ok(RecordingSubject {
                name: view.name,
                account: serde_json::json!({ "timezone": "Europe/Moscow" }),
                settings: view.settings,
                settings_version: "0.2.0".to_owned(),
                active: true,
                base_url: None,
                public_url: "https://uis.example".to_owned(),
                callbacks: Vec::new(),
                store: lock(&self.store).clone(),
            })
        }
        .boxed()
    }
}

impl Control for Fake {
    fn status(&self) -> Answer<'_, Status> {
        async {
            Ok(Status {
                version: "0.1.0".to_owned(),
                plugin: "retailcrm 0.1.0".to_owned(),
                ready: lock(&self.broken).clone().map_or(Ok(()), Err),
                integrations: lock(&self.integrations).len() as u64,
                waiting: 3,
                oldest_waiting_s: 65,
                dead_letters: 1,
                reload: None,
                versions: Vec::new(),
                rules: Vec::new(),
                disk_free_bytes: Some(5 << 30),
            })
        }
        .boxed()
    }

    fn list(&self) -> Answer<'_, Vec<IntegrationView>> {
        async { Ok(lock(&self.integrations).values().cloned().collect()) }.boxed()
    }

    fn add(&self, new: NewIntegration) -> Answer<'_, IntegrationView> {
        async move {
            if new.settings.contains_key("wrong") {
                return Err(ControlError::Invalid(vec!["wrong: no such setting".to_owned(), "name: taken".to_owned()]));
            }
            lock(&self.secrets).extend(new.secret.as_ref().map(|secret| secret.expose_secret().to_owned()));
            let view = IntegrationView {
                name: new.name.clone(),
                state: IntegrationState::Inactive,
                account: view_of(new.account),
                connections: self.connections(new.connections),
                settings: new.settings,
                waiting: 0,
                dead_letters: 0,
                old_secret_until: None,
                broken: None,
                held: None,
                notes: vec!["tasks: nobody gets them".to_owned()],
            };
            lock(&self.integrations).insert(new.name, view.clone());
            Ok(view)
        }
        .boxed()
    }

    fn set<'a>(&'a self, name: &'a str, change: Change) -> Answer<'a, IntegrationView> {
        async move {
            lock(&self.fallbacks).extend(change.route_fallback);
            let connections = self.connections(change.connections);
            self.change(name, |view| {
                view.account = change.account.map_or_else(|| view.account.clone(), view_of);
                view.connections.extend(connections);
                view.settings.extend(change.settings);
            })
        }
        .boxed()
    }

    fn activate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.change(name, |view| view.state = IntegrationState::Active) }.boxed()
    }

    fn deactivate<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.change(name, |view| view.state = IntegrationState::Inactive) }.boxed()
    }

    fn action<'a>(&'a self, name: &'a str, action: &'a str) -> Answer<'a, IntegrationView> {
        async move {
            lock(&self.actions).push((name.to_owned(), action.to_owned()));
            self.change(name, |_| {})
        }
        .boxed()
    }

    fn rotate_secret<'a>(&'a self, name: &'a str) -> Answer<'a, IntegrationView> {
        async move { self.change(name, |view| view.old_secret_until = Some("2026-11-28T06:00:00Z".to_owned())) }.boxed()
    }

    fn addresses<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Address>> {
        async move {
            let view = self.change(name, |_| {})?;
            Ok(vec![Address { what: "route".to_owned(), url: format!("https://uis.example/{}/route/s3cret", view.name) }])
        }
        .boxed()
    }

    fn dead_letters<'a>(&'a self, integration: Option<&'a str>, limit: usize) -> Answer<'a, Vec<DeadLetterView>> {
        async move {
            Ok(vec![self.letter()]
                .into_iter()
                .filter(|found| integration.is_none_or(|name| name == found.integration))
                .take(limit)
                .collect())
        }
        .boxed()
    }

    fn check_gateway(&self) -> Answer<'_, Vec<Finding>> {
        async {
            Ok(vec![match &*lock(&self.broken) {
                None => finding("disk", Verdict::Ok, "5000 MB are free"),
                Some(why) => finding("disk", Verdict::Problem, why),
            }])
        }
        .boxed()
    }

    fn check<'a>(&'a self, name: &'a str) -> Answer<'a, Vec<Finding>> {
        async move {
            let view = self.change(name, |_| {})?;
            let (verdict, message) = match view.state {
                IntegrationState::Active => (Verdict::Ok, "switched on"),
                IntegrationState::Paused => (Verdict::Problem, "paused"),
                _ => (Verdict::Warning, "switched off"),
            };
            Ok(vec![finding("state", verdict, message)])
        }
        .boxed()
    }

    fn redrive<'a>(&'a self, id: &'a str) -> Answer<'a, DeadLetterView> {
        async move {
            let letter = self.letter();
            if letter.id == id { Ok(letter) } else { Err(ControlError::Unknown(format!("there is no dead letter {id}"))) }
        }
        .boxed()
    }
}

/// A folder with a configuration, whose listener runs or not.
pub struct Place {
    /// The folder; `gateway.toml` is in it.
    pub folder: TempDir,
    /// The gateway.
    pub fake: Arc<Fake>,
    stop: watch::Sender<bool>,
    running: Option<JoinHandle<()>>,
}

impl Place {
    /// A configuration with these further lines.
    pub fn new(lines: &str) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("public-url = \"https://uis.example\"\n[plugin]\npath = \"plugin.wasm\"\n{lines}");
        std::fs::write(folder.path().join("gateway.toml"), text).expect("written");
        Place { folder, fake: Arc::default(), stop: watch::Sender::new(false), running: None }
    }

    /// Runs the listener; returns its address.
    pub fn serve(&mut self) -> String {
        let server = Server::bind(&self.config(), self.fake.clone(), Arc::new(|| "uis_gateway_waiting 3\n".to_owned())).expect("bound");
        let address = server.address();
        self.running = Some(tokio::spawn(server.serve(self.stop.subscribe())));
        address
    }

    /// Stops the listener and waits until it has ended.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        if let Some(running) = self.running.take() {
            running.await.expect("the listener ends");
        }
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    /// The configuration.
    pub fn config(&self) -> Config {
        Config::read(Path::new(&self.file("gateway.toml"))).expect("readable")
    }
}
