//! `fuel`, `component`, `memory`: what does not depend on time. The memory of an account in the gateway is measured too.

use anyhow::{Context, Result};
use uis_test_support::metered::{BUDGETED, HandlerRun, replayed};

use super::gateway::load;
use super::{Group, Round, Setup};
use crate::programs::Program;
use crate::table::{Row, Target};

pub static FUEL: Group = Group {
    name: "fuel",
    rows: &[
        Row { name: "fuel-incoming-call", input: "answered, on-incoming-call", unit: "M", target: Some(Target::AtMost(0.5)) },
        Row { name: "fuel-missed-call", input: "everything-missed, on-call-finished", unit: "M", target: Some(Target::AtMost(1.5)) },
    ],
    programs: &[],
    fixed: true,
    measure: fuel,
};

pub static COMPONENT: Group = Group {
    name: "component",
    rows: &[Row { name: "component-bytes", input: "the plugin's file", unit: "kB", target: Some(Target::AtMost(1000.0)) }],
    programs: &[],
    fixed: true,
    measure: component,
};

pub static MEMORY: Group = Group {
    name: "memory",
    rows: &[
        Row { name: "memory-instance", input: "the recordings with a budget", unit: "MiB", target: Some(Target::AtMost(4.0)) },
        Row { name: "memory-account", input: "1000 idle accounts", unit: "kB", target: Some(Target::AtMost(20.0)) },
    ],
    programs: &[Program::Gateway, Program::Load],
    fixed: true,
    measure: memory,
};

fn fuel(setup: &Setup, _: u32) -> Result<Round> {
    let dearest = |name: &'static str, handler: &'static str| -> Result<f64> {
        let runs: Vec<HandlerRun> = setup.tokio.block_on(replayed(name, &setup.component));
        let fuel = runs.iter().filter(|run| run.handler == handler).filter_map(|run| run.fuel).max();
        Ok(fuel.with_context(|| format!("{name}: {handler} did not run"))? as f64 / 1e6)
    };
    Ok(vec![
        ("fuel-incoming-call", dearest("answered", "on-incoming-call")?),
        ("fuel-missed-call", dearest("telephony/everything-missed", "on-call-finished")?),
    ])
}

fn component(setup: &Setup, _: u32) -> Result<Round> {
    let bytes = std::fs::metadata(&setup.built.wasm).with_context(|| setup.built.wasm.display().to_string())?.len();
    Ok(vec![("component-bytes", bytes as f64 / 1000.0)])
}

fn memory(setup: &Setup, _: u32) -> Result<Round> {
    let mut most = 0;
    for (name, _) in BUDGETED {
        let runs = setup.tokio.block_on(replayed(name, &setup.component));
        most = runs.iter().filter_map(|run| run.memory_bytes).max().unwrap_or_default().max(most);
    }
    let account = load("memory")?.value("account-bytes")?;
    Ok(vec![("memory-instance", most as f64 / f64::from(1 << 20)), ("memory-account", account / 1000.0)])
}
