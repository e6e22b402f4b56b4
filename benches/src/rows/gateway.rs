//! `gateway`: from the accepted event to its effect, measured by the gateway's example `load`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::{Group, Round, Setup};
use crate::programs::Program;
use crate::table::Row;

const fn row(name: &'static str, input: &'static str, unit: &'static str) -> Row {
    Row { name, input, unit, target: None }
}

pub static GROUP: Group = Group {
    name: "gateway",
    rows: &[
        row("gateway-acks", "finished calls, 64 connections", "1/s"),
        row("gateway-ack-p50", "finished calls, 64 connections", "ms"),
        row("gateway-ack-p99", "finished calls, 64 connections", "ms"),
        row("gateway-handled", "finished calls, 200 accounts", "1/s"),
        row("gateway-route-p50", "incoming calls meanwhile", "ms"),
        row("gateway-route-p99", "incoming calls meanwhile", "ms"),
    ],
    programs: &[Program::Gateway, Program::Load],
    fixed: false,
    measure,
};

/// What the example prints for a measurement: values by name.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// A value. Fails when the example did not print it.
    pub fn value(&self, name: &str) -> Result<f64> {
        self.0.get(name).copied().with_context(|| format!("the gateway's example printed no {name:?}"))
    }
}

/// Runs one measurement of the example.
pub fn load(measurement: &str) -> Result<Figures> {
    let printed = Program::Load.output(&["--json", measurement])?;
    serde_json::from_str(&printed).with_context(|| format!("the gateway's example printed {printed:?}"))
}

fn measure(_: &Setup, _: u32) -> Result<Round> {
    let (acknowledged, handled) = (load("acknowledgements")?, load("handled")?);
    let milliseconds = |of: &Figures, name: &str| Ok::<f64, anyhow::Error>(of.value(name)? / 1000.0);
    Ok(vec![
        ("gateway-acks", acknowledged.value("per-second")?),
        ("gateway-ack-p50", milliseconds(&acknowledged, "p50-us")?),
        ("gateway-ack-p99", milliseconds(&acknowledged, "p99-us")?),
        ("gateway-handled", handled.value("per-second")?),
        ("gateway-route-p50", milliseconds(&handled, "p50-us")?),
        ("gateway-route-p99", milliseconds(&handled, "p99-us")?),
    ])
}
