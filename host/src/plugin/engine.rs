//! The engine: one per process, with what all components share. Figures were measured for a component of 98 kB on 2 cores.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ResourceLimiter};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, io};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings;
use crate::limits::Limits;
use crate::services::EventScope;

/// Handlers give way this often, so that a deadline is noticed and others run. A yield costs under a microsecond.
pub const TICK: Duration = Duration::from_millis(4);

/// What of WASI a plugin may import: what Rust's standard library pulls in, and nothing that reaches files, network, time or chance.
pub const GRANTED_WASI: [&str; 2] = ["wasi:cli/", "wasi:io/"];

/// What panics of a plugin may print, in bytes.
const STDERR_BYTES: usize = 4 << 10;

/// What one plugin may be made of: core modules, their memories, their tables.
const CORE_INSTANCES: u32 = 16;
const MEMORIES: u32 = 2;
const TABLES: u32 = 4;

/// Is shown every linear memory of a guest after each of its calls.
pub type MemoryWatch = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// Engine, linker and limits.
#[derive(Clone)]
pub struct Runtime {
    pub(super) engine: Engine,
    pub(super) linker: Arc<Linker<StoreState>>,
    /// Limits of every handler.
    pub limits: Limits,
    /// How instances get their memory: `pooling`, or `on-demand` where the machine's address space does not allow a pool.
    pub allocation: &'static str,
    /// Looks into the memories of guests; none outside of checks.
    pub(super) watch: Option<MemoryWatch>,
}

impl Runtime {
    /// Makes an engine. Compiles nothing yet.
    pub fn new(limits: Limits) -> wasmtime::Result<Runtime> {
        Runtime::make(limits, None)
    }

    /// The same, with somebody who looks into the memory of every guest after each call: slow, and for checks alone.
    pub fn watched(limits: Limits, watch: MemoryWatch) -> wasmtime::Result<Runtime> {
        Runtime::make(limits, Some(watch))
    }

    fn make(limits: Limits, watch: Option<MemoryWatch>) -> wasmtime::Result<Runtime> {
        let (engine, allocation) = engine_with(pool(&limits), watch.is_some())?;
        let mut linker = Linker::new(&engine);
        link(&mut linker)?;
        Ok(Runtime { engine, linker: Arc::new(linker), limits, allocation, watch })
    }
}

/// An engine whose epochs tick, for plugins and for partners' rules alike, and how its instances get their memory. Without the address space
/// for the pool they get it on demand.
pub fn engine(pool: PoolingAllocationConfig) -> wasmtime::Result<(Engine, &'static str)> {
    engine_with(pool, false)
}

fn engine_with(pool: PoolingAllocationConfig, dumps: bool) -> wasmtime::Result<(Engine, &'static str)> {
    // A pool makes a fresh instance cost 8 microseconds in place of 25, and is the only way that scales over cores.
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
    // Where a trap happened is said by what a panic printed; walking a stack that was overflown takes 20 ms, of everybody's.
    config.wasm_backtrace_max_frames(NonZeroUsize::new(16));
    config.consume_fuel(true);
    config.epoch_interruption(true);
    // The contract is synchronous; without this every call costs three times as much.
    config.concurrency_support(false);
    // A replay must give the same on every machine.
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
        // A component of Rust has the module itself and a few small adapters. The totals are what all places may take together, so that no
        // plugin, however it is built, leaves another without.
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .total_core_instances(limits.instances * CORE_INSTANCES)
        .total_memories(limits.instances * MEMORIES)
        .total_tables(limits.instances * TABLES)
        .total_stacks(limits.instances)
        .table_elements(limits.table_elements)
        // Not 4 GiB: the address space a pool reserves is this times the instances.
        .max_memory_size(limits.memory_bytes)
        // Pages an event touched are wiped rather than unmapped; with pagemap scan only those, without it too many.
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Ends a tick of every store, until the engine is gone.
fn tick(engine: wasmtime::EngineWeak) {
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    // Without the thread deadlines would not be noticed within a busy guest; fuel still ends it.
    let _ = std::thread::Builder::new().name("uis-host-epoch".into()).spawn(tick);
}

/// Everything a plugin may import.
fn link(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    bindings::Plugin::add_to_linker::<_, HasSelf<EventScope>>(linker, |state| &mut state.scope)?;
    let l = linker;
    io::error::add_to_linker::<StoreState, HasTable>(l, |state| state.ctx().table)?;
    io::poll::add_to_linker::<StoreState, HasTable>(l, |state| state.ctx().table)?;
    io::streams::add_to_linker::<StoreState, HasTable>(l, |state| state.ctx().table)?;
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

/// What a store holds for the time of one event.
pub struct StoreState {
    pub(super) scope: EventScope,
    pub(super) memory: MemoryMeter,
    pub(super) stderr: MemoryOutputPipe,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl StoreState {
    pub(super) fn new(scope: EventScope, limits: &Limits) -> Self {
        let stderr = MemoryOutputPipe::new(STDERR_BYTES);
        // No arguments, no variables, no files, no network; standard error is kept, because a panic says there what happened.
        let wasi = WasiCtx::builder().stderr(stderr.clone()).build();
        StoreState {
            scope,
            memory: MemoryMeter {
                memory_bytes: limits.memory_bytes,
                table_elements: limits.table_elements,
                held: 0,
                elements: 0,
                refused: None,
            },
            stderr,
            wasi,
            table: ResourceTable::new(),
        }
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Watches memories and tables. The limits are for all of an instance's together: a component may have several.
pub(crate) struct MemoryMeter {
    memory_bytes: usize,
    table_elements: usize,
    /// Linear memory that the instance has; it never gives any back.
    pub(super) held: usize,
    elements: usize,
    /// The limit that was passed.
    pub(super) refused: Option<(&'static str, u64)>,
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let held = self.held + desired.saturating_sub(current);
        if held > self.memory_bytes {
            self.refused = Some(("memory-bytes", self.memory_bytes as u64));
            // The guest would abort anyway; refusing here names the limit.
            return Err(wasmtime::Error::msg("memory limit"));
        }
        self.held = held;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let elements = self.elements + desired.saturating_sub(current);
        if elements > self.table_elements {
            self.refused = Some(("table-elements", self.table_elements as u64));
            return Err(wasmtime::Error::msg("table limit"));
        }
        self.elements = elements;
        Ok(true)
    }
}
