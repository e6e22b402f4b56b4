//! A plugin that is a WebAssembly component. It is compiled and linked once. Each event runs in a fresh store and a fresh instance.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime::{Store, Trap, WasmCoreDump};

use super::cache;
use super::engine::{GRANTED_WASI, MemoryWatch, Runtime, StoreState};
use super::handlers::Handlers;
use super::{Plugin, Prepared, Run, SetupResult};
use crate::bindings::exports::uis::integration::setup::{
    AssetFile, ChoicePage, ConnectionReport, Description, NormalConnection, TemplateParameter,
};
use crate::bindings::uis::integration::types::{Delivery, Misconfiguration};
use crate::bindings::{self, PluginIndices};
use crate::contract::{CONTRACT_PACKAGE, CONTRACT_VERSION, runs_plugins_of};
use crate::event::{Class, Event, Fault};
use crate::ports::StoreError;
use crate::services::EventScope;
use crate::trace::Limit;

/// Why a component was not loaded. Apart from [`Describe`](Self::Describe), no code of the component has run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// The file is not a component.
    #[error("{path} is not a WebAssembly component: {error}")]
    NotAComponent {
        /// The file.
        path: std::path::PathBuf,
        /// The engine's error.
        error: String,
    },
    /// The component has more core modules, memories or tables than a plugin may have.
    #[error("the plugin has more core modules, memories or tables than a plugin may have: {0}")]
    TooManyParts(String),
    /// The component exports no interface of the contract.
    #[error("the component exports nothing of {CONTRACT_PACKAGE}; it is not a plugin. It exports: {0}")]
    NotAPlugin(String),
    /// The component was built against another version of the contract.
    #[error(
        "{path} was built for the contract {CONTRACT_PACKAGE} {plugin}, and this host runs plugins of {CONTRACT_VERSION} only; build the plugin for {CONTRACT_VERSION}, against this host's wit/"
    )]
    OtherContract {
        /// The file.
        path: std::path::PathBuf,
        /// The version that the component was built against.
        plugin: String,
    },
    /// The component imports an interface that plugins may not use.
    #[error(
        "the plugin imports interfaces that this host does not provide: {0}; a plugin may import only {CONTRACT_PACKAGE}, and wasi:cli and wasi:io"
    )]
    NotGranted(String),
    /// The type of an import or export differs from the contract.
    #[error("the plugin's imports or exports differ from {CONTRACT_PACKAGE} {CONTRACT_VERSION}: {0}")]
    DoesNotFit(String),
    /// `setup.describe` failed.
    #[error("the plugin's setup.describe failed: {0}")]
    Describe(#[from] Fault),
}

/// A plugin that was loaded from a component.
pub struct ComponentPlugin {
    runtime: Runtime,
    pre: InstancePre<StoreState>,
    /// Where the component exports the contract's functions.
    exports: PluginIndices,
    handlers: Handlers,
    /// One permit for each place in the engine's pool. Events wait here, because an exhausted pool would be an error.
    places: Arc<Semaphore>,
    description: Description,
    /// The compiled component was read from the cache.
    pub cached: bool,
    /// The component's size in bytes.
    pub size: usize,
    /// How long it took to compile the component, or to read it from the cache.
    pub compiled_in: Duration,
    /// The names of all imports and exports.
    pub interfaces: Interfaces,
}

/// The names of a component's imports and exports.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interfaces {
    /// Names of the imports, sorted.
    pub imports: Vec<String>,
    /// Names of the exports, sorted.
    pub exports: Vec<String>,
}

impl ComponentPlugin {
    /// Loads a component from a `.wasm` file, checks it, and calls its `setup.describe`. `cache` is a folder for compiled components; it is
    /// created when missing.
    pub async fn load(runtime: &Runtime, path: &Path, cache: &Path) -> Result<ComponentPlugin, LoadError> {
        let wasm = std::fs::read(path).map_err(|error| LoadError::File { path: path.to_owned(), error })?;
        ComponentPlugin::from_bytes(runtime, path, &wasm, cache).await
    }

    /// The same for a component that is in memory, such as one that is part of the program. `path` is its name in errors.
    pub async fn from_bytes(runtime: &Runtime, path: &Path, wasm: &[u8], cache: &Path) -> Result<ComponentPlugin, LoadError> {
        let started = Instant::now();
        let compiled = cache::compile(&runtime.engine, wasm, cache).map_err(|error| match format!("{error:#}") {
            error if cache::too_many_parts(&error) => LoadError::TooManyParts(error),
            error => LoadError::NotAComponent { path: path.to_owned(), error },
        })?;
        let compiled_in = started.elapsed();
        let interfaces = interfaces(runtime, &compiled.component);
        check(path, &interfaces)?;
        let does_not_fit = |error: wasmtime::Error| LoadError::DoesNotFit(format!("{error:#}"));
        let pre = runtime.linker.instantiate_pre(&compiled.component).map_err(does_not_fit)?;
        let exports = PluginIndices::new(&pre).map_err(does_not_fit)?;
        let mut plugin = ComponentPlugin {
            places: Arc::new(Semaphore::new(runtime.limits.instances as usize)),
            runtime: runtime.clone(),
            pre,
            exports,
            handlers: Handlers::of(&compiled.component),
            description: Description {
                name: String::new(),
                version: String::new(),
                connections: Vec::new(),
                callbacks: Vec::new(),
                actions: Vec::new(),
            },
            cached: compiled.cached,
            size: wasm.len(),
            compiled_in,
            interfaces,
        };
        plugin.description = plugin.pure(async |plugin, store| plugin.uis_integration_setup().call_describe(store).await).await?;
        Ok(plugin)
    }

    /// Runs `work` in a fresh instance, within the limits. Returns the scope, the result, the fuel used, and the bytes of linear memory.
    async fn run<T>(
        &self,
        scope: EventScope,
        wall: (&'static str, Duration),
        work: impl AsyncFnOnce(&Instance, &mut Store<StoreState>) -> wasmtime::Result<T>,
    ) -> (EventScope, Result<T, Fault>, u64, usize) {
        let limits = &self.runtime.limits;
        // Waiting cannot fail: nobody closes the semaphore.
        let place = self.places.acquire().await;
        let mut store = Store::new(&self.runtime.engine, StoreState::new(scope, limits));
        store.limiter(|state| &mut state.meter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let timed = async {
            store.set_fuel(limits.fuel)?;
            let instance = self.pre.instantiate_async(&mut store).await?;
            let worked = work(&instance, &mut store).await;
            if let Some(watch) = &self.runtime.watch {
                let plugin = self.exports.load(&mut store, &instance)?;
                look(&plugin, &mut store, worked.as_ref().err(), watch).await?;
            }
            worked
        };
        let ended = tokio::time::timeout(wall.1, timed).await;
        let fuel = limits.fuel.saturating_sub(store.get_fuel().unwrap_or(0));
        let state = store.into_data();
        drop(place);
        let result = match ended {
            Err(_) => Err(Fault::Limit { name: wall.0, value: u64::try_from(wall.1.as_millis()).unwrap_or(u64::MAX) }),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fault(&error, &state)),
        };
        (state.scope, result, fuel, state.meter.held())
    }

    /// Calls a function of `setup` that needs no integration.
    async fn pure<T>(&self, work: impl AsyncFnOnce(&bindings::Plugin, &mut Store<StoreState>) -> wasmtime::Result<T>) -> Result<T, Fault> {
        self.question(EventScope::detached(&self.runtime.limits), work).await
    }

    /// Compares the types of all exported functions with the contract, then calls a function of `setup` that has no effect.
    async fn question<T>(
        &self,
        scope: EventScope,
        work: impl AsyncFnOnce(&bindings::Plugin, &mut Store<StoreState>) -> wasmtime::Result<T>,
    ) -> Result<T, Fault> {
        let work = async |instance: &Instance, store: &mut Store<StoreState>| {
            let plugin = self.exports.load(&mut *store, instance)?;
            work(&plugin, store).await
        };
        self.run(scope, ("wall-kept-ms", self.runtime.limits.wall_kept), work).await.1
    }

    fn fault(&self, error: &wasmtime::Error, state: &StoreState) -> Fault {
        let limits = &self.runtime.limits;
        if let Some(Limit { name, value }) = state.meter.refused() {
            return Fault::Limit { name, value };
        }
        if let Some(failed) = error.downcast_ref::<StoreError>() {
            return Fault::Host(failed.to_string());
        }
        let trap = error.downcast_ref::<Trap>();
        if trap == Some(&Trap::OutOfFuel) {
            return Fault::Limit { name: "fuel", value: limits.fuel };
        }
        // A panic's message is more useful than the trap that it ends in.
        let printed = state.printed();
        let printed = String::from_utf8_lossy(&printed);
        let text = match (printed.trim(), trap) {
            ("", Some(trap)) => trap.to_string(),
            ("", None) => format!("{:#}", error.root_cause()),
            // The first lines contain the source line and the message. Rust's note about backtraces is of no use here.
            (printed, _) => {
                printed.lines().filter(|line| !line.starts_with("note:")).flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
            }
        };
        Fault::Trap(text)
    }
}

/// Passes the instance's linear memories to `watch`. A component's memories can be read only after a trap, so a call without fuel causes
/// one.
async fn look(
    plugin: &bindings::Plugin,
    store: &mut Store<StoreState>,
    trapped: Option<&wasmtime::Error>,
    watch: &MemoryWatch,
) -> wasmtime::Result<()> {
    let fuel = store.get_fuel()?;
    let memories = |error: &wasmtime::Error| error.downcast_ref::<WasmCoreDump>().map(|dump| dump.memories().to_vec());
    let mut found = trapped.and_then(memories);
    if found.is_none() {
        store.set_fuel(0)?;
        found = plugin.uis_integration_setup().call_describe(&mut *store).await.err().as_ref().and_then(memories);
        store.set_fuel(fuel)?;
    }
    for memory in found.unwrap_or_default() {
        watch(memory.data(&*store));
    }
    Ok(())
}

fn interfaces(runtime: &Runtime, component: &Component) -> Interfaces {
    let kind = component.component_type();
    let mut imports: Vec<String> = kind.imports(&runtime.engine).map(|(name, _)| name.to_owned()).collect();
    let mut exports: Vec<String> = kind.exports(&runtime.engine).map(|(name, _)| name.to_owned()).collect();
    imports.sort();
    exports.sort();
    Interfaces { imports, exports }
}

/// The version of the contract in an interface's name, if it is one of the contract's interfaces.
fn contract_version(name: &str) -> Option<&str> {
    name.strip_prefix(CONTRACT_PACKAGE)?.strip_prefix('/')?.split_once('@').map(|(_, version)| version)
}

/// Checks the names of the imports and exports of a component in a file.
fn check(path: &Path, interfaces: &Interfaces) -> Result<(), LoadError> {
    let versions: Vec<&str> = interfaces.exports.iter().chain(&interfaces.imports).filter_map(|name| contract_version(name)).collect();
    if let Some(other) = versions.iter().find(|version| !runs_plugins_of(version)) {
        return Err(LoadError::OtherContract { path: path.to_owned(), plugin: (*other).to_owned() });
    }
    if !interfaces.exports.iter().any(|name| contract_version(name).is_some()) {
        let names = if interfaces.exports.is_empty() { "nothing".to_owned() } else { interfaces.exports.join(", ") };
        return Err(LoadError::NotAPlugin(names));
    }
    let granted = |name: &&String| contract_version(name).is_some() || GRANTED_WASI.iter().any(|prefix| name.starts_with(prefix));
    let foreign: Vec<&str> = interfaces.imports.iter().filter(|name| !granted(name)).map(String::as_str).collect();
    if foreign.is_empty() { Ok(()) } else { Err(LoadError::NotGranted(foreign.join(", "))) }
}

impl Plugin for ComponentPlugin {
    fn description(&self) -> &Description {
        &self.description
    }

    fn prepare<'a>(&'a self, settings: &'a str, from_version: Option<&'a str>) -> BoxFuture<'a, Result<Prepared, Fault>> {
        Box::pin(self.pure(async move |plugin, store| plugin.uis_integration_setup().call_prepare(store, settings, from_version).await))
    }

    fn settings_schema(&self) -> BoxFuture<'_, Result<String, Fault>> {
        Box::pin(self.pure(async |plugin, store| plugin.uis_integration_setup().call_settings_schema(store).await))
    }

    fn template_parameters<'a>(&'a self, setting: &'a str) -> BoxFuture<'a, Result<Vec<TemplateParameter>, Fault>> {
        Box::pin(self.pure(async move |plugin, store| plugin.uis_integration_setup().call_template_parameters(store, setting).await))
    }

    fn preview_template<'a>(
        &'a self,
        setting: &'a str,
        template: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Misconfiguration>, Fault>> {
        Box::pin(self.pure(async move |plugin, store| plugin.uis_integration_setup().call_preview_template(store, setting, template).await))
    }

    fn choices<'a>(&'a self, scope: EventScope, setting: &'a str, page: Option<&'a str>) -> BoxFuture<'a, SetupResult<ChoicePage>> {
        Box::pin(self.question(scope, async move |plugin, store| plugin.uis_integration_setup().call_choices(store, setting, page).await))
    }

    fn check_connection(&self, scope: EventScope) -> BoxFuture<'_, SetupResult<ConnectionReport>> {
        Box::pin(self.question(scope, async |plugin, store| plugin.uis_integration_setup().call_check_connection(store).await))
    }

    fn normalise_connection<'a>(&'a self, pasted: &'a str) -> BoxFuture<'a, Result<Result<NormalConnection, String>, Fault>> {
        Box::pin(self.pure(async move |plugin, store| plugin.uis_integration_setup().call_normalise_connection(store, pasted).await))
    }

    fn asset<'a>(&'a self, scope: EventScope, path: &'a str) -> BoxFuture<'a, Result<Option<AssetFile>, Fault>> {
        Box::pin(self.question(scope, async move |plugin, store| plugin.uis_integration_setup().call_asset(store, path).await))
    }

    fn handle(&self, scope: EventScope, delivery: Delivery, event: Event) -> BoxFuture<'_, Run> {
        let wall = match event.class() {
            Class::Live => ("wall-live-ms", self.runtime.limits.wall_live),
            Class::Kept => ("wall-kept-ms", self.runtime.limits.wall_kept),
        };
        Box::pin(async move {
            let call =
                async |instance: &Instance, store: &mut Store<StoreState>| self.handlers.call(instance, store, &delivery, &event).await;
            let (scope, result, fuel, memory) = self.run(scope, wall, call).await;
            Run { scope, result, fuel: Some(fuel), memory_bytes: Some(memory) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(imports: &[&str], exports: &[&str]) -> Interfaces {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Interfaces { imports: own(imports), exports: own(exports) }
    }

    #[test]
    fn a_plugin_is_recognised_by_the_names_of_its_interfaces() {
        let file = Path::new("shop.wasm");
        let own = |name: &str| format!("uis:integration/{name}@{CONTRACT_VERSION}");
        assert!(check(file, &names(&[&own("log"), "wasi:cli/stderr@0.2.6"], &[&own("setup")])).is_ok());
        let network = check(file, &names(&["wasi:http/outgoing-handler@0.2.0"], &[&own("setup")])).expect_err("network").to_string();
        assert!(network.contains("wasi:http/outgoing-handler@0.2.0"), "{network}");
        assert!(matches!(check(file, &names(&[], &["wasi:cli/run@0.2.0"])), Err(LoadError::NotAPlugin(_))));
    }

    #[test]
    fn a_plugin_of_another_contract_is_refused_by_name() {
        let own = format!("uis:integration/log@{CONTRACT_VERSION}");
        for other in ["0.1.0", "0.1.9", "0.2.0-dev", "0.3.0"] {
            let refused = check(Path::new("shop.wasm"), &names(&[&own], &[&format!("uis:integration/setup@{other}")]));
            let error = refused.expect_err(other).to_string();
            for part in ["shop.wasm", &format!("uis:integration {other},"), CONTRACT_VERSION, "build the plugin for"] {
                assert!(error.contains(part), "{error}");
            }
        }
    }
}
