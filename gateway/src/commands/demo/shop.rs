//! The shop: UIS and RetailCRM as simulators, the gateway between them, and one clock for all three.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeZone, Utc};
use retailcrm_simulator::program::{carrier, listener, log};
use retailcrm_simulator::{Account as CrmAccount, Simulator};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use uis_gateway::config::Config;
use uis_gateway::control::account::{NewAccount, NewLive};
use uis_gateway::control::{Control, ControlError, NewConnection, NewIntegration, SecretSource};
use uis_gateway::intake;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::building::Workshop;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts};
use uis_gateway::setup::{Language, Setup};
use uis_host::clock::Clock;
use uis_host::notification::templates::Subscriptions;
use uis_simulator::play::{Manner, Player, Speed, Tempo, clicks};
use uis_simulator::server::TwinServer;
use uis_simulator::{Account, SimulatedAccount};

use super::ZONE;

/// The key of RetailCRM's account.
pub const CRM_KEY: &str = "demo-key-0123456789abcdefghijklm";
/// The secret of the integration's addresses. It protects nothing here.
pub const SECRET: &str = "demo-secret";
/// The integration's name.
const NAME: &str = "shop";
/// When the morning begins.
const OPENS: (u32, u32) = (10, 0);
/// Ports that are taken when they are free: of the gateway, UIS and RetailCRM.
const PORTS: [u16; 3] = [8080, 8081, 8095];
/// How long the looks at both accounts are apart.
const NAP: Duration = Duration::from_millis(100);

/// A clock that stands until the shop opens, and then goes faster than the machine's.
struct Fast {
    opens: DateTime<Utc>,
    open: OnceLock<Instant>,
    speed: f64,
}

impl Clock for Fast {
    fn now(&self) -> DateTime<Utc> {
        let passed = self.open.get().map_or(0.0, |open| open.elapsed().as_secs_f64());
        self.opens + chrono::TimeDelta::milliseconds((passed * 1000.0 * self.speed) as i64)
    }
}

/// The shop while it runs.
pub struct Shop {
    /// The clock of all three.
    pub clock: Arc<dyn Clock>,
    /// RetailCRM.
    pub crm: Simulator,
    /// UIS.
    pub uis: Arc<SimulatedAccount>,
    /// Plays what happens at UIS.
    pub player: Arc<Player>,
    /// The gateway's control.
    pub control: Administrator<Live>,
    /// Sends what people do in RetailCRM.
    pub http: reqwest::Client,
    /// Where the gateway is.
    pub gateway_url: String,
    /// Where UIS is.
    pub uis_url: String,
    /// Where RetailCRM is.
    pub crm_url: String,
    gateway: Arc<Gateway>,
    /// The store of the gateway; removed at the end.
    _folder: tempfile::TempDir,
}

impl Shop {
    /// Starts everything and switches the integration on.
    pub async fn open(speed: f64, logs: bool) -> Result<Shop, String> {
        let http = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
        let [gateway_at, uis_at, crm_at] = [listen(PORTS[0]).await?, listen(PORTS[1]).await?, listen(PORTS[2]).await?];
        let [gateway_url, uis_url, crm_url] = [url(&gateway_at)?, url(&uis_at)?, url(&crm_at)?];
        let fast = Arc::new(Fast { opens: opening_time()?, open: OnceLock::new(), speed });
        let clock: Arc<dyn Clock> = fast.clone();
        let crm = serve_crm(crm_at, &clock, &crm_url)?;
        let uis = serve_uis(uis_at, &clock)?;
        let folder = tempfile::tempdir().map_err(|error| format!("no folder for the store: {error}"))?;
        let config = Config::parse(&format!("public-url = \"{gateway_url}\"\n[log]\nlevel = \"error\"\n"), folder.path())?;
        if logs {
            let _level = uis_gateway::observe::logs::begin(&config.log)?;
        }
        let workshop = Workshop { clock: clock.clone(), ..Workshop::open(&config).await? };
        let gateway = Gateway::start(Parts::of(&config, Arc::new(workshop))).await?;
        let router = intake::router(gateway.clone(), "");
        let bound = gateway_at.into_std().map_err(|error| error.to_string())?;
        let bound = tokio::net::TcpListener::from_std(bound).map_err(|error| error.to_string())?;
        tokio::spawn(intake::server::serve(bound, router, move || config.intake.clone(), gateway.stopping()));
        tokio::spawn(keep_awake(gateway.clone()));
        let control = Administrator(Live::new(gateway.clone())?);
        let subscriptions = connect(&control, &crm, &uis_url, &crm_url).await?;
        let manner = Manner { tempo: Tempo { speed: Speed::Times(speed), clock_follows: true }, ..Manner::default() };
        let player = Arc::new(Player::new(uis.clone(), clock.clone(), subscriptions, manner, Box::new(|_| {}))?);
        tokio::spawn(clicks::follow(player.clone()));
        let shop = Shop { clock, crm, uis, player, control, http, gateway_url, uis_url, crm_url, gateway, _folder: folder };
        shop.until_active().await?;
        // Being switched on used up RetailCRM's requests of this second.
        tokio::time::sleep(Duration::from_secs(1)).await;
        fast.open.get_or_init(Instant::now);
        Ok(shop)
    }

    /// The time on the shop's clock, for the reader.
    pub fn time(&self) -> String {
        self.clock.now().with_timezone(&ZONE).format("%H:%M:%S").to_string()
    }

    /// Waits a moment.
    pub async fn nap(&self) {
        tokio::time::sleep(NAP).await;
    }

    /// An address of the integration.
    pub async fn address(&self, what: &str) -> Result<String, ControlError> {
        let all = self.control.addresses(NAME).await?;
        let found = all.into_iter().find(|address| address.what == what);
        found.map(|address| address.url).ok_or_else(|| ControlError::Unknown(format!("the plugin has no address for {what}")))
    }

    /// Ends the gateway.
    pub async fn close(&self) {
        self.gateway.stop().await;
    }

    async fn until_active(&self) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let status = self.control.status().await.map_err(|error| error.to_string())?;
            if status.waiting == 0 {
                return Ok(());
            }
            if Instant::now() > until {
                return Err("the integration was not activated within a minute; run with --speed 60".to_owned());
            }
            self.nap().await;
        }
    }
}

/// Has the dispatch look at the clock again and again: it sleeps until the next timer is due, by the machine's clock.
async fn keep_awake(gateway: Arc<Gateway>) {
    loop {
        tokio::time::sleep(NAP).await;
        let Ok(core) = gateway.core() else { continue };
        if core.handle.wake().await.is_err() {
            return;
        }
    }
}

/// The morning of today, in the shop's time zone.
fn opening_time() -> Result<DateTime<Utc>, String> {
    let today = Utc::now().with_timezone(&ZONE).date_naive();
    let opens = today.and_hms_opt(OPENS.0, OPENS.1, 0).and_then(|time| ZONE.from_local_datetime(&time).earliest());
    opens.map(|time| time.to_utc()).ok_or_else(|| "the shop opens at a time that does not exist today".to_owned())
}

/// A listener on this machine: on this port, or on any when it is taken.
async fn listen(port: u16) -> Result<TcpListener, String> {
    let at = |port| TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port)));
    match at(port).await {
        Ok(listener) => Ok(listener),
        Err(_) => at(0).await.map_err(|error| format!("no port on 127.0.0.1: {error}")),
    }
}

fn url(listener: &TcpListener) -> Result<String, String> {
    listener.local_addr().map(|address| format!("http://{address}")).map_err(|error| error.to_string())
}

fn crm_account(trigger: Option<&str>) -> Result<CrmAccount, String> {
    let mut account: Value = serde_json::from_str(include_str!("crm.json")).map_err(|error| format!("crm.json: {error}"))?;
    if let Some(address) = trigger {
        account["triggers"] = json!([{
            "name": "Сделки", "event": "order.changed",
            "action": {"url": address, "parameters": [{"name": "orderId", "value": "{{ order.id }}"}]},
        }]);
    }
    CrmAccount::read(&account).map_err(|error| format!("crm.json: {error}"))
}

fn serve_crm(listener: TcpListener, clock: &Arc<dyn Clock>, url: &str) -> Result<Simulator, String> {
    let (now, address) = (clock.clone(), url.to_owned());
    let carrier = carrier::Http::new().map_err(|error| error.to_string())?;
    let setup = Arc::new(move |account: &mut CrmAccount| account.listens_at = Some(address.clone()));
    let crm = Simulator::with(crm_account(None)?, Arc::new(move || now.now()), Some(Arc::new(carrier)), setup);
    tokio::spawn(listener::serve(listener, listener::PLAIN, crm.clone(), log::Log::new(false, true)));
    Ok(crm)
}

fn serve_uis(listener: TcpListener, clock: &Arc<dyn Clock>) -> Result<Arc<SimulatedAccount>, String> {
    let account: Account = serde_json::from_str(include_str!("uis.json")).map_err(|error| format!("uis.json: {error}"))?;
    let account = Arc::new(SimulatedAccount::new(account, clock.clone()));
    tokio::spawn(TwinServer::new(account.clone(), clock.clone()).serve(listener));
    Ok(account)
}

/// Adds the integration, sets up both sides, and switches it on. Gives what UIS sends.
async fn connect(control: &Administrator<Live>, crm: &Simulator, uis_url: &str, crm_url: &str) -> Result<Subscriptions, String> {
    let settings: Map<String, Value> =
        serde_json::from_str(include_str!("settings.json")).map_err(|error| format!("settings.json: {error}"))?;
    let connection = NewConnection { url: crm_url.to_owned(), key: SecretSource::Value(CRM_KEY.to_owned().into()) };
    let account = NewLive {
        data_api: Some(format!("{uis_url}/v2.0")),
        token: Some(SecretSource::Value("demo".to_owned().into())),
        ..NewLive::default()
    };
    let new = NewIntegration {
        name: NAME.to_owned(),
        account: NewAccount::Live(Box::new(account)),
        connections: BTreeMap::from([("retailcrm".to_owned(), connection)]),
        settings,
        settings_version: None,
        secret: Some(SECRET.to_owned().into()),
    };
    let failed = |error: ControlError| error.to_string();
    control.add(new).await.map_err(failed)?;
    let addresses = control.addresses(NAME).await.map_err(failed)?;
    let setup = Setup::new(NAME, &addresses, Language::English);
    crm.begin(crm_account(setup.trigger.as_ref().map(|trigger| trigger.url.as_str()))?);
    control.activate(NAME).await.map_err(failed)?;
    let notifications = setup.notifications.into_iter().map(|notification| notification.subscription).collect();
    Ok(Subscriptions { notifications, scenario: setup.scenario })
}
