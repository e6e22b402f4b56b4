//! The WebAssembly engine, shared by all instances of a process. Figures in this file were measured with a component of 98 kB on two cores.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, io};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::meter::Meter;
use crate::bindings;
use crate::limits::Limits;
use crate::services::EventScope;

/// How often a running handler yields, so that its deadline is checked and other handlers run. A yield costs less than a microsecond.
pub const TICK: Duration = Duration::from_millis(4);

/// Prefixes of the WASI interfaces that a plugin may import. Rust's standard library needs them. They give no access to files, network,
/// time or random numbers.
pub const GRANTED_WASI: [&str; 2] = ["wasi:cli/", "wasi:io/"];

/// How much a panic of a plugin may print, in bytes.
const STDERR_BYTES: usize = 4 << 10;

/// Most core modules, memories and tables of one plugin.
const CORE_INSTANCES: u32 = 16;
const MEMORIES: u32 = 2;
const TABLES: u32 = 4;

/// Called with every linear memory of an instance after each call into it.
pub type MemoryWatch = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// An engine, its linker, and the limits of handlers.
#[derive(Clone)]
pub struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Arc<Linker<StoreState>>,
    /// The limits of every handler.
    pub limits: Limits,
    /// How instances get their memory: `pooling`, or `on-demand` when the process may not reserve the address space of a pool.
    pub allocation: &'static str,
    /// Receives the memories of instances; none except in checks.
    pub(super) watch: Option<MemoryWatch>,
}

impl Runtime {
    /// Creates an engine. Nothing is compiled yet. Fails when the engine cannot be configured.
    pub fn new(limits: Limits) -> wasmtime::Result<Runtime> {
        Runtime::make(limits, None)
    }

    /// As [`new`](Self::new), but `watch` receives every instance's memory after each call. Slow; for checks such as `uis-host canary`
    /// only.
    pub fn watched(limits: Limits, watch: MemoryWatch) -> wasmtime::Result<Runtime> {
        Runtime::make(limits, Some(watch))
    }

    fn make(limits: Limits, watch: Option<MemoryWatch>) -> wasmtime::Result<Runtime> {
        // While the component is loaded. If the thread cannot start, the first event loads them.
        let _ = std::thread::Builder::new().name("uis-host-plans".into()).spawn(uis_phones::load_plans);
        let (engine, allocation) = engine_with(pool(&limits), watch.is_some())?;
        let mut linker = Linker::new(&engine);
        link(&mut linker)?;
        Ok(Runtime { engine, linker: Arc::new(linker), limits, allocation, watch })
    }
}

/// Creates an engine with a thread that advances its epoch every [`TICK`]. Plugins and partners' rules each have one. Also returns how
/// instances get their memory; see [`Runtime::allocation`].
pub fn engine(pool: PoolingAllocationConfig) -> wasmtime::Result<(Engine, &'static str)> {
    engine_with(pool, false)
}

fn engine_with(pool: PoolingAllocationConfig, dumps: bool) -> wasmtime::Result<(Engine, &'static str)> {
    // A pool reduces the cost of a fresh instance from 25 to 8 microseconds, and only a pool scales with the number of cores.
    let (engine, allocation) = match Engine::new(&config(Some(pool), dumps)) {
        Ok(engine) => (engine, "pooling"),
        Err(_) => (Engine::new(&config(None, dumps))?, "on-demand"),
    };
    tick(engine.weak());
    Ok((engine, allocation))
}

fn config(pool: Option<PoolingAllocationConfig>, dumps: bool) -> Config {
    let mut config = Config::new();
    config.coredump_on_trap(dumps);
    // The message of a panic contains the source line already. A full backtrace after a stack overflow takes 20 ms, during which other
    // handlers wait.
    config.wasm_backtrace_max_frames(NonZeroUsize::new(16));
    config.consume_fuel(true);
    config.epoch_interruption(true);
    // The contract has only synchronous functions. Support for concurrent ones would triple the cost of every call.
    config.concurrency_support(false);
    // A replay must give the same result on every machine.
    config.cranelift_nan_canonicalization(true);
    config.relaxed_simd_deterministic(true);
    config.wasm_component_model(true);
    if let Some(pool) = pool {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits.instances)
        // A Rust component consists of its main module and a few small adapters. The totals cover the maximum of every place, so that one
        // plugin cannot exhaust what another needs.
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .total_core_instances(limits.instances * CORE_INSTANCES)
        .total_memories(limits.instances * MEMORIES)
        .total_tables(limits.instances * TABLES)
        .total_stacks(limits.instances)
        .table_elements(limits.table_elements)
        // Not 4 GiB: the pool reserves this much address space for every instance.
        .max_memory_size(limits.memory_bytes)
        // Memory up to this size is cleared instead of unmapped. With pagemap_scan only the pages that were touched are cleared.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Advances the engine's epoch on a thread of its own until the engine is dropped.
fn tick(engine: wasmtime::EngineWeak) {
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    // If the thread cannot start, a busy handler is not interrupted at its deadline; its fuel still ends it.
    let _ = std::thread::Builder::new().name("uis-host-epoch".into()).spawn(tick);
}

/// Adds every import that a plugin may use.
fn link(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    bindings::Plugin::add_to_linker::<_, HasSelf<EventScope>>(linker, |state| &mut state.scope)?;
    let l = linker;
    io::error::add_to_linker::<StoreState, HasTable>(l, |state| &mut state.table)?;
    io::poll::add_to_linker::<StoreState, HasTable>(l, |state| &mut state.table)?;
    io::streams::add_to_linker::<StoreState, HasTable>(l, |state| &mut state.table)?;
    cli::environment::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::exit::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::stdin::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::stdout::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::stderr::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::terminal_input::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::terminal_output::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::terminal_stdin::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::terminal_stdout::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    cli::terminal_stderr::add_to_linker::<StoreState, WasiCli>(l, StoreState::cli)?;
    Ok(())
}

struct HasTable;
impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}

/// The data of a store: the scope, the meter and WASI of one event.
pub struct StoreState {
    pub(super) scope: EventScope,
    pub(super) meter: Meter,
    table: ResourceTable,
    /// None until the plugin calls WASI, which Rust's standard library does when it panics. Other events need not pay for making it, with its
    /// random generators and clocks.
    wasi: Option<Wasi>,
}

/// WASI as a plugin gets it.
struct Wasi {
    context: WasiCtx,
    stderr: MemoryOutputPipe,
}

impl Wasi {
    fn new() -> Wasi {
        let stderr = MemoryOutputPipe::new(STDERR_BYTES);
        // The plugin gets no arguments, environment variables, files or network. Standard error is kept, because a panic writes its message
        // there.
        Wasi { context: WasiCtx::builder().stderr(stderr.clone()).build(), stderr }
    }
}

impl StoreState {
    pub(super) fn new(scope: EventScope, limits: &Limits) -> Self {
        let meter = Meter::new(("memory-bytes", limits.memory_bytes), ("table-elements", limits.table_elements));
        StoreState { scope, meter, table: ResourceTable::new(), wasi: None }
    }

    /// What the plugin printed to standard error.
    pub(super) fn printed(&self) -> Bytes {
        self.wasi.as_ref().map(|wasi| wasi.stderr.contents()).unwrap_or_default()
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi.get_or_insert_with(Wasi::new).context, table: &mut self.table }
    }
}
