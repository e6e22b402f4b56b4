//! Child processes: starting, memory, ending.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// How long a process has to end when it is asked to.
const ENDING: Duration = Duration::from_secs(10);
/// How long the looks at a process that ends are apart.
const NAP: Duration = Duration::from_millis(20);

/// A child process, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a command. What it writes to standard error goes on to this program's.
    pub fn start(command: &mut Command) -> Result<Process> {
        let child = command.stdin(Stdio::null()).spawn().with_context(|| format!("{:?} does not start", command.get_program()))?;
        Ok(Process(child))
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// The process itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Asks it to end, and waits; a process that goes on is killed.
    pub async fn end(mut self) {
        // It may have ended meanwhile, which is what is wanted.
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), rustix::process::Signal::TERM);
        let until = Instant::now() + ENDING;
        while self.0.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < until {
            tokio::time::sleep(NAP).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This program in another role.
pub fn own(role: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program's own path")?);
    command.arg(role).stdout(Stdio::null());
    Ok(command)
}

/// The program `peer-axum`, built like this one if it is not up to date. It is a build of its own, because it shares few crates with the gateway.
pub fn peer_axum() -> Result<PathBuf> {
    let own = std::env::current_exe().context("this program's own path")?;
    let folder = own.parent().context("this program's folder")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--locked", "--package", "peer-axum"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if folder.file_name().is_some_and(|name| name == "release") {
        build.arg("--release");
    }
    let status = build.status().context("cargo")?;
    ensure!(status.success(), "peer-axum cannot be built");
    Ok(folder.join("peer-axum"))
}

/// A file of the folder `benches/peers`.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The resident memory of a process and all its descendants, in KiB; 0 where there is no `/proc`.
pub fn resident_kib(process: u32) -> u64 {
    let all = running();
    let mut sum = 0;
    let mut open = vec![process];
    while let Some(id) = open.pop() {
        sum += all.get(&id).map_or(0, |(_, kib)| *kib);
        open.extend(all.iter().filter(|(_, (parent, _))| *parent == id).map(|(child, _)| *child));
    }
    sum
}

/// All processes: the parent's id, and the resident memory in KiB.
fn running() -> BTreeMap<u32, (u32, u64)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let read = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let number = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok());
        Some((id, (u32::try_from(number("PPid:")?).ok()?, number("VmRSS:").unwrap_or(0))))
    };
    entries.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_children_counts() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep is there");
        let (own, of_child) = (resident_kib(std::process::id()), resident_kib(child.id()));
        child.kill().expect("it runs");
        child.wait().expect("it has ended");
        assert!(of_child > 0 && own > of_child, "{own} {of_child}");
    }
}
