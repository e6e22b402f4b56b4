//! The rules' engine. It is separate from the plugin's engine and has its own pool and its own places. So a plugin that waits for a rule
//! never holds the place that the rule needs, and a rule cannot take memory from handlers.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Enabled, Engine, PoolConcurrencyLimitError, PoolingAllocationConfig, Store, Trap};

use super::bindings::current;
use super::diagnostics::{Diagnosed, Printed, Taker};
use super::exports::{self, Export, Exports};
use super::faults::unusable;
use super::limits::RuleLimits;
use super::slow_thread::SlowRuleThread;
use crate::bindings::uis::integration as contract;
use crate::bindings::uis::integration::decision::{Appeal, DealDraft, Draft, Routing, Verdict};
use crate::contract::{CONTRACT_PACKAGE, runs_rules_of};
use crate::decision::Point;
use crate::plugin::cache;
use crate::plugin::engine::engine;
use crate::plugin::meter::Meter;
use crate::trace::Limit;

pub use super::exports::DealVerdict;
pub use super::faults::{RuleError, RuleFault};

/// An instance with at most this much memory is dropped on the thread that ran the rule; a larger one on a thread that may block.
const SMALL_MEMORY_BYTES: usize = 4 << 20;

/// The engine that all rules of a process share. Clones share it too.
#[derive(Clone)]
pub struct Sandbox {
    engine: Engine,
    linker: Arc<Linker<State>>,
    places: Arc<Semaphore>,
    slow_thread: SlowRuleThread,
    /// Receives what rules print; none: nobody reads it.
    printed: Option<Printed>,
    /// Limits of every rule.
    pub limits: RuleLimits,
}

/// The data of a rule's store: the meter of its memory and tables.
pub struct State(Meter);

// Interfaces of the contract that contain only types.
impl contract::types::Host for State {}
impl contract::decision::Host for State {}

/// Most core modules, memories and tables of one rule. An interpreter consists of about a dozen modules.
const CORE_INSTANCES: u32 = 64;
const MEMORIES: u32 = 4;
const TABLES: u32 = 16;
/// Size of an answer in the host besides its texts, in bytes: each field has an entry in a list.
const ANSWER_BYTES: usize = 64 << 10;

fn pool(limits: &RuleLimits) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits.instances)
        // The totals cover the maximum of every place, so that one rule cannot exhaust what another needs.
        .total_core_instances(limits.instances * CORE_INSTANCES)
        .total_memories(limits.instances * MEMORIES)
        .total_tables(limits.instances * TABLES)
        .total_stacks(limits.instances)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(limits.table_elements)
        .max_memory_size(limits.memory_bytes)
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

impl Sandbox {
    /// Creates the engine and the thread for slow rules. Nothing is compiled yet.
    pub fn new(limits: RuleLimits) -> Result<Sandbox, RuleError> {
        let failed = |error: wasmtime::Error| RuleError::Engine(format!("{error:#}"));
        let (engine, _) = engine(pool(&limits)).map_err(failed)?;
        let mut linker: Linker<State> = Linker::new(&engine);
        contract::types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        contract::decision::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).map_err(failed)?;
        exports::link_0_1(&mut linker).map_err(failed)?;
        let slow_thread = SlowRuleThread::start().map_err(|error| RuleError::Engine(error.to_string()))?;
        Ok(Sandbox {
            printed: None,
            slow_thread,
            places: Arc::new(Semaphore::new(limits.instances as usize)),
            engine,
            linker: Arc::new(linker),
            limits,
        })
    }

    /// The same engine; what its rules print goes to `printed`.
    pub(super) fn printing_to(&self, printed: &Printed) -> Sandbox {
        Sandbox { printed: Some(printed.clone()), ..self.clone() }
    }

    /// Loads a rule from a `.wasm` file and checks its imports and exports. `cache` is a folder for compiled components; it is created when
    /// missing.
    pub fn load(&self, path: &Path, cache: &Path) -> Result<Rule, RuleError> {
        let wasm = std::fs::read(path).map_err(|error| RuleError::File { path: path.to_owned(), error })?;
        let compiled = cache::compile(&self.engine, &wasm, cache).map_err(|error| unusable(path, &error, &self.limits))?;
        let names = self.check(path, &compiled.component)?;
        let fits = |error: wasmtime::Error| RuleError::DoesNotFit(format!("{error:#}"));
        let pre = self.linker.instantiate_pre(&compiled.component).map_err(fits)?;
        Ok(Rule {
            diagnostics: Taker::find(&compiled.component),
            exports: Exports::find(&pre, &names).map_err(fits)?,
            points: exports::exported(&names).into_iter().map(|(point, _)| point).collect(),
            size: wasm.len(),
        })
    }

    fn names(&self, component: &Component) -> (Vec<String>, Vec<String>) {
        use wasmtime::component::types::ComponentItem;
        let kind = component.component_type();
        // An interface that contains only types needs no implementation.
        let asks = |item: &ComponentItem| match item {
            ComponentItem::ComponentInstance(instance) => {
                instance.exports(&self.engine).any(|(_, item)| !matches!(item.ty, ComponentItem::Type(_)))
            }
            ComponentItem::Type(_) => false,
            _ => true,
        };
        let imports = kind.imports(&self.engine).filter(|(_, item)| asks(&item.ty)).map(|(name, _)| name.to_owned()).collect();
        let exports = kind.exports(&self.engine).map(|(name, _)| name.to_owned()).collect();
        (imports, exports)
    }

    /// Checks the names of a component's imports and exports, and returns those of the exports.
    fn check(&self, path: &Path, component: &Component) -> Result<Vec<String>, RuleError> {
        let (imports, exports) = self.names(component);
        if !imports.is_empty() {
            return Err(RuleError::Imports(imports.join(", ")));
        }
        let versions = exports.iter().filter_map(|name| name.strip_prefix(CONTRACT_PACKAGE)?.split_once('@').map(|(_, version)| version));
        if let Some(other) = versions.into_iter().find(|version| !runs_rules_of(version)) {
            return Err(RuleError::OtherContract { path: path.to_owned(), rule: other.to_owned() });
        }
        if exports::exported(&exports).is_empty() {
            let names = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
            return Err(RuleError::NoRule(names));
        }
        Ok(exports)
    }

    /// Evaluates `work` in a fresh store, within the limits and before the deadline. An evaluation that takes longer than about two ticks
    /// moves to the thread for slow rules. An exception that the rule reported is a fault.
    async fn run<T: Send + 'static>(&self, deadline: Instant, work: Work<(T, Option<Diagnosed>)>) -> Result<T, RuleFault> {
        let (answer, diagnosed) = self.run_through(deadline, work).await?;
        match diagnosed {
            None => Ok(answer),
            Some(diagnosed) => diagnosed.pass_on(self.printed.as_ref()).map_or(Ok(answer), |failure| Err(RuleFault::Exception(failure))),
        }
    }

    async fn run_through<T: Send + 'static>(&self, deadline: Instant, work: Work<T>) -> Result<T, RuleFault> {
        let sandbox = self.clone();
        let evaluation = Box::pin(async move { sandbox.evaluate(deadline, work).await });
        self.slow_thread
            .run(evaluation)
            .await
            .unwrap_or_else(|| Err(RuleFault::Trap("the host panicked while it evaluated the rule".into())))
    }

    async fn evaluate<T>(&self, deadline: Instant, work: Work<T>) -> Result<T, RuleFault> {
        let limits = &self.limits;
        // `rule-wall-ms` starts when the evaluation has its place.
        let places = tokio::time::timeout_at(deadline.into(), self.places.clone().acquire_owned()).await;
        // Nobody closes the semaphore, so the only error is the deadline.
        let Ok(Ok(place)) = places else {
            let all = limits.instances;
            return Err(RuleFault::Starved(format!("all rule-instances = {all} places were in use until the event's deadline")));
        };
        let wall = limits.wall.min(deadline.saturating_duration_since(Instant::now()));
        if wall.is_zero() {
            return Err(RuleFault::Starved("its event had no time left".into()));
        }
        let meter = Meter::new(("rule-memory-bytes", limits.memory_bytes), ("rule-table-elements", limits.table_elements));
        let mut store = Store::new(&self.engine, State(meter));
        store.limiter(|state| &mut state.0);
        // An answer that is too large is refused before the host copies it.
        store.set_hostcall_fuel(limits.output_bytes.saturating_add(ANSWER_BYTES));
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let mut spent = Duration::ZERO;
        let result = {
            let mut timed = std::pin::pin!(async {
                store.set_fuel(limits.fuel)?;
                work(&mut store).await
            });
            let measured = poll_fn(|context| {
                let began = Instant::now();
                let polled = timed.as_mut().poll(context);
                spent += began.elapsed();
                polled
            });
            tokio::time::timeout(wall, measured).await
        };
        let result = match result {
            Err(_) => Err(self.late(wall, spent)),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fault(&error, store.data())),
        };
        // Returning much memory to the system takes milliseconds, during which this thread could not serve others. The place becomes free
        // once the memory is returned.
        let held = store.data().0.held();
        let give_back = move || {
            drop(store);
            drop(place);
        };
        if held > SMALL_MEMORY_BYTES {
            tokio::task::spawn_blocking(give_back);
        } else {
            give_back();
        }
        result
    }

    /// Decides whether the rule itself used up its time. Rules on the slow thread share it, so a rule may have waited while others ran.
    fn late(&self, wall: Duration, spent: Duration) -> RuleFault {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if wall < self.limits.wall {
            return RuleFault::Starved(format!(
                "its event had only {} ms left, less than rule-wall-ms = {}",
                ms(wall),
                ms(self.limits.wall)
            ));
        }
        if spent < wall / 2 {
            return RuleFault::Starved(format!(
                "other rules used the processor: the rule ran for {} ms of rule-wall-ms = {}",
                ms(spent),
                ms(wall)
            ));
        }
        RuleFault::Limit { name: "rule-wall-ms", value: ms(wall) }
    }

    fn fault(&self, error: &wasmtime::Error, state: &State) -> RuleFault {
        if let Some(Limit { name, value }) = state.0.refused() {
            return RuleFault::Limit { name, value };
        }
        let text = format!("{:#}", error.root_cause());
        // The engine has no separate error for this, so the text decides.
        if text.contains("fuel allocated for hostcalls") {
            return RuleFault::Limit { name: "rule-output-bytes", value: self.limits.output_bytes as u64 };
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return RuleFault::Starved(text);
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => RuleFault::Limit { name: "rule-fuel", value: self.limits.fuel },
            Some(trap) => RuleFault::Trap(trap.to_string()),
            None => RuleFault::Trap(text),
        }
    }
}

/// A call of a rule's function in a store.
type Work<T> = Box<dyn for<'a> FnOnce(&'a mut Store<State>) -> BoxFuture<'a, wasmtime::Result<T>> + Send>;

/// Calls an exported function in a fresh instance, under whichever version it is exported, and then takes the rule's diagnostics. Most rules
/// have none, and their functions need not be looked up by name.
macro_rules! ask {
    ($sandbox:ident, $deadline:ident, $export:expr, $taker:expr, $world:path, $guest:ident . $function:ident ( $($argument:expr),* )) => {{
        let taker: Option<Taker> = $taker;
        let work: Work<_> = match ($export, taker) {
            (Export::Current(pre), Some(taker)) => Box::new(move |store| {
                Box::pin(async move {
                    let instance = pre.instance_pre().instantiate_async(&mut *store).await?;
                    let rule = <$world>::new(&mut *store, &instance)?;
                    let answer = rule.$guest().$function(&mut *store, $($argument),*).await?;
                    Ok((answer, Some(taker.take(store, &instance).await?)))
                })
            }),
            (Export::Current(pre), None) => Box::new(move |store| {
                Box::pin(async move {
                    let rule = pre.instantiate_async(&mut *store).await?;
                    Ok((rule.$guest().$function(store, $($argument),*).await?, None))
                })
            }),
            (Export::V0_1(pre), _) => Box::new(move |store| {
                Box::pin(async move {
                    let rule = pre.instantiate_async(&mut *store).await?;
                    rule.$guest().$function(store, $($argument),*).await.map(|answer| (answer.into(), None))
                })
            }),
        };
        Some($sandbox.run($deadline, work).await)
    }};
}

/// A rule that is loaded.
pub struct Rule {
    exports: Exports,
    /// Where the rule exports its diagnostics.
    diagnostics: Option<Taker>,
    /// The decision points that the rule implements.
    pub points: Vec<Point>,
    /// The component's size in bytes.
    pub size: usize,
}

impl Rule {
    /// Decides the assignee. `proposed` is the plugin's choice, a CRM user's id. The outer none: the rule does not implement this point.
    /// The inner none: the rule agrees with the proposal.
    pub async fn responsible(
        &self,
        sandbox: &Sandbox,
        deadline: Instant,
        about: &Appeal,
        proposed: Option<&str>,
    ) -> Option<Result<Option<String>, RuleFault>> {
        let (export, about, proposed) = (self.exports.responsible.clone()?, about.clone(), proposed.map(str::to_owned));
        ask!(
            sandbox,
            deadline,
            export,
            self.diagnostics.clone(),
            current::responsible::ResponsibleRule,
            uis_integration_rule_responsible.call_decide(&about, proposed.as_deref())
        )
    }

    /// Reviews a draft. None: the rule does not implement this point.
    pub async fn draft(&self, sandbox: &Sandbox, deadline: Instant, about: &Appeal, draft: &Draft) -> Option<Result<Verdict, RuleFault>> {
        let (export, about, draft) = (self.exports.draft.clone()?, about.clone(), draft.clone());
        ask!(
            sandbox,
            deadline,
            export,
            self.diagnostics.clone(),
            current::draft::DraftRule,
            uis_integration_rule_draft.call_review(&about, &draft)
        )
    }

    /// Decides where a call is forwarded. The outer none: the rule does not implement this point. The inner none: the rule agrees with the
    /// proposal.
    pub async fn routing(
        &self,
        sandbox: &Sandbox,
        deadline: Instant,
        about: &Appeal,
        proposed: &Routing,
    ) -> Option<Result<Option<Routing>, RuleFault>> {
        let (export, about, proposed) = (self.exports.routing.clone()?, about.clone(), proposed.clone());
        ask!(
            sandbox,
            deadline,
            export,
            self.diagnostics.clone(),
            current::routing::RoutingRule,
            uis_integration_rule_routing.call_decide(&about, &proposed)
        )
    }

    /// Reviews a deal. None: the rule does not implement this point.
    pub async fn deal(&self, sandbox: &Sandbox, deadline: Instant, draft: &DealDraft) -> Option<Result<DealVerdict, RuleFault>> {
        let (export, draft) = (self.exports.deal.clone()?, draft.clone());
        ask!(sandbox, deadline, export, self.diagnostics.clone(), current::deal::DealRule, uis_integration_rule_deal.call_review(&draft))
    }
}
