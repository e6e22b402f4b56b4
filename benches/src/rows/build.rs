//! `build`: how long builds take, in a clone of the commit. By itself, because it takes many minutes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use uis_test_support::root;

use crate::machine::Machine;
use crate::table::{Row, Target, Values, table};

const ROWS: [Row; 3] = [
    Row { name: "build-cold", input: "cargo run, nothing built", unit: "min", target: Some(Target::AtMost(3.5)) },
    Row { name: "build-plugin", input: "a line of the plugin changed", unit: "s", target: None },
    Row { name: "build-host", input: "a line of the host changed", unit: "s", target: None },
];

/// Measures, and prints the table.
pub fn run() -> Result<()> {
    let machine = Machine::read()?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let (clone, target) = (folder.path().join("repository"), folder.path().join("target"));
    ran(Command::new("git").args(["clone", "--quiet", "--shared"]).arg(root()).arg(&clone))?;
    ran(cargo(&clone, &target).args(["fetch", "--locked"]))?;
    let mut values = Values::default();
    values.add("build-cold", first_command(&clone, &target)?.as_secs_f64() / 60.0);
    for (row, file) in [("build-plugin", "plugin/src/handlers.rs"), ("build-host", "host/src/event.rs")] {
        // A function, not a comment: the compiler must have something to do.
        let mut source = File::options().append(true).open(clone.join(file)).with_context(|| file.to_owned())?;
        writeln!(source, "\n/// One line more.\npub fn one_line_more() -> u32 {{\n    {}\n}}", std::process::id())?;
        drop(source);
        values.add(row, first_command(&clone, &target)?.as_secs_f64());
    }
    println!("{}\n\n{}", machine.sentence(), table(&ROWS.iter().collect::<Vec<_>>(), &values));
    Ok(())
}

/// Cargo in the clone, with its own target folder and without the variables of the cargo that runs this program.
fn cargo(clone: &Path, target: &Path) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    command.current_dir(clone).env("CARGO_TARGET_DIR", target);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&name)) {
            command.env_remove(name);
        }
    }
    command
}

/// The first command of the README.
fn first_command(clone: &Path, target: &Path) -> Result<Duration> {
    eprintln!("cargo run -q -- replay tests/recordings/answered.jsonl");
    let began = Instant::now();
    ran(cargo(clone, target).args(["run", "-q", "--", "replay", "tests/recordings/answered.jsonl"]).stdout(std::process::Stdio::null()))?;
    Ok(began.elapsed())
}

fn ran(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} cannot be run", command.get_program().to_string_lossy()))?;
    if !status.success() {
        bail!("{command:?} failed");
    }
    Ok(())
}
