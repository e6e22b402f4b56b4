//! `replay`: whole calls, one after the other, in the program `uis-host`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use uis_test_support::many;

use super::{Group, Round, Setup};
use crate::programs::Program;
use crate::table::{Row, Target};

pub static GROUP: Group = Group {
    name: "replay",
    rows: &[
        Row { name: "replay-one", input: "10 000 calls, 1 integration", unit: "events/s", target: Some(Target::AtLeast(10_000.0)) },
        Row { name: "replay-several", input: "10 000 calls, 8 integrations", unit: "events/s", target: Some(Target::AtLeast(18_000.0)) },
    ],
    programs: &[Program::Host],
    fixed: false,
    measure,
};

/// Events of the recording.
const EVENTS: u64 = 10_000 * many::EVENTS_OF_A_CALL;
const INTEGRATIONS: u64 = 8;

fn measure(setup: &Setup, _: u32) -> Result<Round> {
    let (one, several) = (setup.folder.path().join("one.jsonl"), setup.folder.path().join("several.jsonl"));
    written(&one, |out| many::write(out, EVENTS))?;
    written(&several, |out| many::write_several(out, EVENTS, INTEGRATIONS))?;
    Ok(vec![("replay-one", replayed(&one)?), ("replay-several", replayed(&several)?)])
}

/// Writes a file that is not there yet.
pub fn written(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<()> {
    if path.is_file() {
        return Ok(());
    }
    let wrong = || path.display().to_string();
    let mut out = BufWriter::new(File::create(path).with_context(wrong)?);
    write(&mut out).and_then(|()| out.flush()).with_context(wrong)
}

/// Events a second.
fn replayed(path: &Path) -> Result<f64> {
    let path = path.to_str().context("the temporary folder's path is not UTF-8")?;
    let began = Instant::now();
    let printed = Program::Host.output(&["replay", "--summary", "--json", path])?;
    let took = began.elapsed();
    let report: Value = serde_json::from_str(&printed).context("replay --json printed no JSON")?;
    let events = &report["events"];
    match events["delivered"].as_u64() {
        Some(delivered) if delivered >= EVENTS && events["failed"] == 0 => Ok(delivered as f64 / took.as_secs_f64()),
        _ => bail!("not every event was delivered: {events}"),
    }
}
