//! `cold-start`: a new process answers its first incoming call. The command makes the state that the plugin's activation leaves; the
//! process is this program again, with a hidden command.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use uis_harness::build::Built;
use uis_harness::crm::within::Simulators;
use uis_harness::recording::{self, Happening, Header};
use uis_harness::replay::{RemoteSystem, clock_for};
use uis_host::bindings::exports::uis::integration::setup::PreparedSettings;
use uis_host::bindings::uis::integration::types::Delivery;
use uis_host::clock::{Clock, VirtualClock, zone};
use uis_host::event::{Event, Reply};
use uis_host::integration::{Integration, UisAccount};
use uis_host::limits::Limits;
use uis_host::memory::MemoryStore;
use uis_host::notification;
use uis_host::plugin::Plugin;
use uis_host::ports::{Origin, StorageWrite, Store};
use uis_host::services::EventScope;
use uis_simulator::SimulatedAccount;
use uis_test_support::root;

use super::{Group, Round, Setup};
use crate::table::{Row, Target, median};

const fn row(name: &'static str, input: &'static str, target: Option<Target>) -> Row {
    Row { name, input, unit: "ms", target }
}

pub static GROUP: Group = Group {
    name: "cold-start",
    rows: &[
        row("cold-start", "20 processes, answered", Some(Target::AtMost(5.0))),
        row("cold-start-engine", "of it: the engine", None),
        row("cold-start-load", "of it: loading the component", None),
        row("cold-start-answer", "of it: instance and handler", None),
    ],
    programs: &[],
    fixed: false,
    measure,
};

/// Processes of a round.
const PROCESSES: usize = 20;

/// How long a handler may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a process of the row gets.
#[derive(Debug, Args)]
pub struct ChildArguments {
    /// The component
    wasm: PathBuf,
    /// The folder of compiled components
    cache: PathBuf,
    /// What the activation left, a JSON file
    state: PathBuf,
}

/// What a durable store and the configuration would have.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// The settings as the plugin prepared them.
    settings: Vec<u8>,
    /// The plugin's storage.
    stored: Vec<(String, Vec<u8>)>,
}

/// The times of a process, in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Times {
    engine: f64,
    load: f64,
    answer: f64,
    total: f64,
}

/// The simulated systems, and the first routing request of the recording.
struct World {
    header: Header,
    clock: Arc<VirtualClock>,
    simulators: Simulators,
    call: Event,
}

impl World {
    fn new() -> Result<World> {
        let path = root().join("tests/recordings/answered.jsonl");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let (header, mut lines) = recording::open(text.as_bytes()).map_err(|(line, error)| anyhow!("line {line}: {error}"))?;
        let clock = clock_for(&mut lines);
        let simulators = Simulators::new(&header, &clock)?;
        let request = lines.flatten().find_map(|line| match line.happening {
            Happening::Route(query) => Some((line.at, query)),
            _ => None,
        });
        let (at, query) = request.context("the recording has no routing request")?;
        let call = notification::route(&query, zone(&header.account.timezone).map_err(|error| anyhow!(error))?, at.timestamp_millis())?;
        clock.advance_to(at.timestamp_millis());
        Ok(World { header, clock, simulators, call })
    }

    /// The recording's integration, with these settings and this store.
    fn integration(&self, plugin: &dyn Plugin, settings: Vec<u8>, store: Arc<MemoryStore>) -> Result<Arc<Integration>> {
        let (about, described) = (plugin.description(), self.header.integrations.first().context("the recording has no integration")?);
        let account = UisAccount::of(Arc::new(SimulatedAccount::new(self.header.account.clone(), self.clock.clone())));
        let secret = self.header.account.client_id.clone().into();
        let mut integration = Integration::new(&described.name, about, self.clock.clone(), account, secret, &Limits::default());
        for need in &about.connections {
            let remote = self.simulators.connect(&described.name, need, None).map_err(|error| anyhow!(error))?;
            integration.connections.insert(need.name.clone(), remote.connection(need));
        }
        integration.store = store;
        let notes = integration.set_settings(PreparedSettings { bytes: settings, notes: Vec::new() });
        ensure!(notes.is_empty(), "the recording's settings have notes");
        Ok(Arc::new(integration))
    }

    async fn handled(&self, plugin: &dyn Plugin, integration: Arc<Integration>, event: Event) -> Result<Reply> {
        let ordering_key = event.ordering_key();
        let delivery = Delivery { id: "1".into(), attempt: 1, received_at: self.clock.now_ms(), ordering_key };
        let scope = EventScope::new(integration, Origin::default(), Instant::now() + DEADLINE);
        let run = plugin.handle(scope, delivery, event).await;
        run.result.map_err(|fault| anyhow!("{fault:?}"))?.map_err(|failure| anyhow!("{failure:?}"))
    }
}

/// Activates the recording's integration, and returns what is left of it.
async fn activated(plugin: &dyn Plugin) -> Result<State> {
    let world = World::new()?;
    let settings = world.header.integrations.first().map(|described| described.settings.to_string()).unwrap_or_default();
    let prepared = plugin.prepare(&settings, None).await.map_err(|fault| anyhow!("{fault:?}"))?;
    let settings = prepared.map_err(|problems| anyhow!("{problems:?}"))?.bytes;
    let store = Arc::new(MemoryStore::default());
    let integration = world.integration(plugin, settings.clone(), store.clone())?;
    world.handled(plugin, integration, Event::Activate).await?;
    let stored: Vec<_> = store.all_storage().into_iter().map(|(_, key, value)| (key, value)).collect();
    ensure!(!stored.is_empty(), "the activation stored nothing");
    Ok(State { settings, stored })
}

/// A store with what is left of the activation.
async fn restored(owner: &str, state: &State, now: i64) -> Result<Arc<MemoryStore>> {
    let store = Arc::new(MemoryStore::default());
    for (key, value) in &state.stored {
        let write = StorageWrite { expected: None, value: value.clone(), expires_at: None, now, room: usize::MAX };
        store.swap(owner, key, write).await?.map_err(|error| anyhow!("{error:?}"))?;
    }
    Ok(store)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The hidden command. `began` is when the process began its `main`.
pub fn child(arguments: &ChildArguments, began: Instant) -> Result<()> {
    let apart = Instant::now();
    let world = World::new()?;
    let apart = apart.elapsed();
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let times = tokio.block_on(answer(arguments, &world, began + apart))?;
    println!("{}", serde_json::to_string(&times)?);
    Ok(())
}

async fn answer(arguments: &ChildArguments, world: &World, began: Instant) -> Result<Times> {
    let before_engine = Instant::now();
    let runtime = uis_host::plugin::engine::Runtime::new(Limits::default()).map_err(|error| anyhow!("{error:#}"))?;
    let before_load = Instant::now();
    let plugin = uis_host::plugin::component::ComponentPlugin::load(&runtime, &arguments.wasm, &arguments.cache).await?;
    let loaded = Instant::now();
    ensure!(plugin.cached, "the compiled component is not in the cache");
    let state: State = serde_json::from_slice(&std::fs::read(&arguments.state)?)?;
    let owner = world.header.integrations.first().map(|described| described.name.clone()).unwrap_or_default();
    let store = restored(&owner, &state, world.clock.now_ms()).await?;
    let integration = world.integration(&plugin, state.settings, store)?;
    let before_handler = Instant::now();
    let reply = world.handled(&plugin, integration, world.call.clone()).await?;
    let answered = Instant::now();
    ensure!(matches!(&reply, Reply::Answer(answer) if answer.card.is_some()), "the caller was not found: {reply:?}");
    Ok(Times {
        engine: ms(before_load - before_engine),
        load: ms(loaded - before_load),
        answer: ms(answered - before_handler),
        total: ms(answered - began),
    })
}

/// Runs a process of the row.
fn process(built: &Built, state: &Path) -> Result<Times> {
    let own = std::env::current_exe().context("this program's path is not known")?;
    let output = Command::new(own).arg("cold-start").args([&built.wasm, &built.cache]).arg(state).output()?;
    ensure!(output.status.success(), "cold-start: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn measure(setup: &Setup, _: u32) -> Result<Round> {
    let path = setup.folder.path().join("activated.json");
    let state = setup.tokio.block_on(activated(setup.component.as_ref()))?;
    std::fs::write(&path, serde_json::to_vec(&state)?)?;
    let times = (0..PROCESSES).map(|_| process(&setup.built, &path)).collect::<Result<Vec<_>>>()?;
    let of = |part: fn(&Times) -> f64| median(&times.iter().map(part).collect::<Vec<_>>()).unwrap_or_default();
    Ok(vec![
        ("cold-start", of(|times| times.total)),
        ("cold-start-engine", of(|times| times.engine)),
        ("cold-start-load", of(|times| times.load)),
        ("cold-start-answer", of(|times| times.answer)),
    ])
}
