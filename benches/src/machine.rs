//! What the values were measured on.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// The machine, the toolchain and the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// Cores that the process may use.
    pub cores: usize,
    /// The model of the processor.
    pub processor: String,
    /// The kernel's name and version.
    pub kernel: String,
    /// What `rustc --version` prints.
    pub rustc: String,
    /// The commit that was built, and whether anything was changed.
    pub commit: String,
    /// The day, as `2026-11-23`.
    pub date: String,
    /// How many processes ran or waited for a core during the minute before: `/proc/loadavg`. Other work makes values worse.
    pub load: String,
}

/// What a command prints, without the line's end.
fn printed(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("{program} cannot be run"))?;
    if !output.status.success() {
        bail!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn of_file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The model in the text of `/proc/cpuinfo`.
fn processor(cpuinfo: &str) -> Option<&str> {
    cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.trim_start().strip_prefix(':').map(str::trim))
}

impl Machine {
    /// Reads what this process runs on. Fails when `rustc` cannot be run.
    pub fn read() -> Result<Machine> {
        let root = uis_test_support::root();
        let root = root.to_str().context("the repository's path is not UTF-8")?;
        let commit = printed("git", &["-C", root, "rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|_| "unknown".into());
        let is_changed = printed("git", &["-C", root, "status", "--porcelain"]).is_ok_and(|changes| !changes.is_empty());
        let name = |text: String, otherwise: &str| if text.trim().is_empty() { otherwise.to_owned() } else { text.trim().to_owned() };
        Ok(Machine {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: name(processor(&of_file("/proc/cpuinfo")).unwrap_or_default().to_owned(), std::env::consts::ARCH),
            kernel: format!("{} {}", std::env::consts::OS, name(of_file("/proc/sys/kernel/osrelease"), "")),
            rustc: printed("rustc", &["--version"])?,
            commit: if is_changed { format!("{commit}, with changes") } else { commit },
            date: chrono::Utc::now().format("%Y-%m-%d").to_string(),
            load: of_file("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
        })
    }

    /// One sentence for the page.
    pub fn sentence(&self) -> String {
        let Machine { cores, processor, kernel, rustc, commit, date, load } = self;
        format!(
            "Measured on {date} at commit {commit}, on {cores} cores of {processor}, {kernel}, {rustc}; the machine's load before was {load}."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_by_its_model() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: Fast 9000\nmodel name\t: other\n"), Some("Fast 9000"));
        assert_eq!(processor("processor\t: 0\n"), None);
    }
}
