//! What the proofs run against: RetailCRM's simulator on a socket of this process, a recorder of dial orders, a store with many integrations,
//! and the gateway's program as a child process that can be killed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use uis_gateway::config::Config;
use uis_gateway::control::{Control, NewConnection, NewIntegration, SecretSource};
use uis_gateway::integrations::Offline;
use uis_gateway::integrations::book::Book;
use uis_gateway::integrations::building::Workshop;
use uis_gateway::store::{OpenOptions, SqliteStore};
use uis_harness::build;

/// The secret of every integration's addresses.
pub const SECRET: &str = "a-secret-of-the-proofs";

/// Integrations of one RetailCRM account. The plugin registers at most 20 in one.
const SHARING_A_CRM: usize = 10;

/// RetailCRM accounts, each shared by a few integrations.
#[derive(Default)]
pub struct CrmAccounts {
    simulators: Vec<retailcrm_simulator::Simulator>,
    addresses: Vec<SocketAddr>,
}

impl CrmAccounts {
    /// As many as these integrations need.
    async fn serve(integrations: std::ops::Range<usize>) -> CrmAccounts {
        let mut all = CrmAccounts::default();
        let integrations: Vec<usize> = integrations.collect();
        for shared in integrations.chunks(SHARING_A_CRM) {
            let (simulator, address) = serve_crm(shared).await;
            all.simulators.push(simulator);
            all.addresses.extend(shared.iter().map(|_| address));
        }
        all
    }

    /// From now on all of them misbehave so.
    pub fn misbehave(&self, plan: &Value) {
        self.simulators.iter().for_each(|simulator| simulator.misbehave(plan).expect("a plan"));
    }

    /// Carries out every request that is still to be carried out.
    pub fn commit_outstanding(&self) {
        self.simulators.iter().for_each(retailcrm_simulator::Simulator::commit_outstanding);
    }

    /// Entities of all accounts, such as `calls`.
    pub fn list(&self, name: &str) -> Vec<Value> {
        self.simulators.iter().flat_map(|simulator| simulator.to_json()[name].as_array().cloned().unwrap_or_default()).collect()
    }
}

/// The systems around the gateway.
pub struct Fleet {
    folder: TempDir,
    /// RetailCRM.
    pub crm: CrmAccounts,
    /// The RetailCRM of the first accounts, if some have one of their own.
    pub other_crm: CrmAccounts,
    /// Every dial order that arrived, as parameters of `start.employee_call`.
    pub dialled: Arc<Mutex<Vec<Value>>>,
    /// Where the gateway listens.
    pub address: SocketAddr,
    /// Number of integrations; they are named `account-0`, `account-1`, ….
    #[allow(dead_code, reason = "`examples/load.rs` reads it")]
    pub accounts: usize,
    program: PathBuf,
    gateway: Option<Child>,
    /// Environment variables of the program.
    pub environment: Vec<(String, String)>,
}

fn key(account: usize) -> String {
    format!("proofs-key-{account:026}")
}

/// The component of the plugin, built if it is not there.
pub fn component() -> PathBuf {
    let plugin = uis_test_support::root().join("plugin");
    build::component(&plugin, &|line| eprintln!("{line}")).expect("the plugin's component").wasm
}

async fn serve_crm(integrations: &[usize]) -> (retailcrm_simulator::Simulator, SocketAddr) {
    let keys: Vec<Value> = integrations.iter().map(|integration| json!({ "key": key(*integration) })).collect();
    let account = json!({
        "apiKeys": keys,
        "users": [
            {"id": 5, "email": "anna@shop.example", "firstName": "Анна", "active": true, "online": true, "status": "free"},
            {"id": 7, "email": "director@shop.example", "firstName": "Вера", "active": true, "isAdmin": true},
        ],
        "settings": {"timezone": {"value": "Europe/Moscow"}},
    });
    let account = retailcrm_simulator::Account::read(&account).expect("an account");
    let crm = retailcrm_simulator::Simulator::new(account, Arc::new(chrono::Utc::now));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let log = retailcrm_simulator::program::log::Log::new(false, true);
    tokio::spawn(retailcrm_simulator::program::listener::serve(listener, retailcrm_simulator::program::listener::PLAIN, crm.clone(), log));
    (crm, address)
}

async fn serve_recorder(dialled: Arc<Mutex<Vec<Value>>>) -> SocketAddr {
    let record = move |body: String| {
        let dialled = dialled.clone();
        async move {
            let order: Value = serde_json::from_str(&body).expect("JSON-RPC");
            dialled.lock().expect("no panic").push(order["params"].clone());
            json!({"jsonrpc": "2.0", "id": order["id"], "result": {"data": {"call_session_id": 1}}}).to_string()
        }
    };
    let router = axum::Router::new().route("/v4.0", axum::routing::post(record));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Fleet {
    /// Sets everything up; the gateway does not run yet. `program` is the gateway's program; `settings` are those of every integration.
    pub async fn new(program: &str, accounts: usize, settings: Value) -> Fleet {
        Fleet::with_other(program, accounts, settings, 0).await
    }

    /// The same; the first `others` accounts have a RetailCRM of their own.
    pub async fn with_other(program: &str, accounts: usize, settings: Value, others: usize) -> Fleet {
        let folder = tempfile::tempdir().expect("a folder");
        let (other_crm, crm) = (CrmAccounts::serve(0..others).await, CrmAccounts::serve(others..accounts).await);
        let dialled: Arc<Mutex<Vec<Value>>> = Arc::default();
        let recorder = serve_recorder(dialled.clone()).await;
        // The port is free again at once, and nobody else asks for it meanwhile.
        let address = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        write_files(folder.path(), address, recorder);
        let fleet =
            Fleet { folder, crm, other_crm, dialled, address, accounts, program: program.into(), gateway: None, environment: Vec::new() };
        fleet.add_integrations(settings).await;
        fleet
    }

    /// The folder of the gateway's files.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self) -> Config {
        Config::read(&self.path().join("uis-gateway.toml")).expect("a configuration")
    }

    async fn add_integrations(&self, settings: Value) {
        let config = self.config();
        let workshop = Workshop::open(&config).await.expect("it opens");
        let (store, _) = SqliteStore::open(&config.store.path, OpenOptions::default()).expect("it opens");
        let store = Arc::new(store);
        let control = Offline::administrator(Book { store: store.clone(), workshop: Arc::new(workshop) });
        for (account, crm) in self.other_crm.addresses.iter().chain(&self.crm.addresses).enumerate() {
            let name = format!("account-{account}");
            let connection = NewConnection { url: format!("http://{crm}"), key: SecretSource::Value(key(account).into()) };
            let new = NewIntegration {
                name: name.clone(),
                account: self.path().join("account.json").into(),
                connections: [("retailcrm".to_owned(), connection)].into(),
                settings: settings.as_object().cloned().unwrap_or_else(Map::new),
                settings_version: None,
                secret: Some(SECRET.to_owned().into()),
            };
            control.add(new).await.expect("added");
            control.activate(&name).await.expect("activated");
        }
        store.close().await;
    }

    /// Starts the gateway and waits until it accepts events.
    pub async fn start(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.path().join("gateway.log")).expect("a log");
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.path().join("uis-gateway.toml")).arg("serve").stderr(Stdio::from(log)).stdout(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.gateway = Some(command.spawn().expect("the gateway starts"));
        let until = Instant::now() + Duration::from_secs(60);
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        loop {
            let ready = client.get(format!("http://{}/readyz", self.address)).send().await;
            if ready.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(Instant::now() < until, "the gateway does not start:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills the gateway, as a power cut of the process would.
    pub fn kill(&mut self) {
        if let Some(mut gateway) = self.gateway.take() {
            gateway.kill().expect("killed");
            gateway.wait().expect("gone");
        }
    }

    /// Asks the gateway to stop, and waits until it has. Gives whether it says that it succeeded.
    pub fn terminate(&mut self) -> bool {
        let Some(mut gateway) = self.gateway.take() else { return false };
        signal(&gateway, rustix::process::Signal::TERM);
        gateway.wait().expect("gone").success()
    }

    /// Sends the gateway a signal.
    pub fn signal(&self, which: rustix::process::Signal) {
        signal(self.gateway.as_ref().expect("it runs"), which);
    }

    /// Waits until the gateway has ended; gives its exit status.
    pub fn ended(&mut self) -> Option<i32> {
        self.gateway.take().expect("it runs").wait().expect("gone").code()
    }

    /// The process id of the gateway that runs.
    pub fn process(&self) -> Option<u32> {
        self.gateway.as_ref().map(Child::id)
    }

    /// The end of the gateway's log.
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.path().join("gateway.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// The gateway's address of a notification.
    pub fn notification(&self, account: usize, kind: &str) -> String {
        format!("http://{}/account-{account}/notify/{SECRET}/{kind}", self.address)
    }

    /// Waits until nothing waits in the gateway.
    pub async fn until_nothing_waits(&self, patience: Duration) -> Result<(), String> {
        let until = Instant::now() + patience;
        let client =
            uis_gateway::admin::Client::find(&self.config().admin, None).await.ok().flatten().ok_or("the gateway does not answer")?;
        loop {
            let status = client.status().await.map_err(|error| error.to_string())?;
            if status.waiting == 0 {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("{} events still wait after {patience:?}; the end of the log:\n{}", status.waiting, self.log()));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn signal(gateway: &Child, which: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(gateway), which).expect("it runs");
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.kill();
    }
}

fn write_files(folder: &Path, address: SocketAddr, recorder: SocketAddr) {
    let config = format!(
        "public-url = \"http://{address}\"\nlisten = \"{address}\"\n[plugin]\npath = {:?}\n[intake]\nrequests-per-second = 100000\n\
         [log]\nlevel = \"warn\"\n",
        component()
    );
    std::fs::write(folder.join("uis-gateway.toml"), config).expect("written");
    let account = json!({
        "timezone": "Europe/Moscow",
        "call_api_url": format!("http://{recorder}/v4.0"),
        "employees": [{"id": 323409, "full_name": "Иванова Анна", "last_name": "Иванова", "email": "anna@shop.example", "status": "available",
            "phone_numbers": [{"phone_number": "74950000101", "status": "active"}], "extension": {"extension_phone_number": "101"}}],
        "virtual_numbers": [{"id": 1, "virtual_phone_number": "74951112233", "name": "Основной"}],
    });
    std::fs::write(folder.join("account.json"), account.to_string()).expect("written");
}
