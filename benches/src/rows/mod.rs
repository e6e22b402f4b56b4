//! The rows, one file for each group: its inputs, and how it is measured. `docs/performance.md` describes them; a change of what a row
//! measures needs a new name.

pub mod build;
pub mod cold_start;
mod event;
mod fixed;
mod gateway;
mod handler;
mod loopback;
mod replay;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use uis_harness::build::{self as component_build, Built};
use uis_host::limits::Limits;
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_test_support::native_plugin::NativePlugin;
use uis_test_support::root;

use crate::programs::Program;
use crate::table::Row;

/// The values of one round, by row.
pub type Round = Vec<(&'static str, f64)>;

/// Rows that are measured together.
pub struct Group {
    /// The name by which the group is chosen.
    pub name: &'static str,
    /// Its rows.
    pub rows: &'static [Row],
    /// The programs that must be built.
    pub programs: &'static [Program],
    /// The values are the same each time, so one round is enough.
    pub fixed: bool,
    /// Measures all rows once. The number of the round is counted from 0.
    pub measure: fn(&Setup, u32) -> Result<Round>,
}

/// All groups, in the order of the table.
pub static GROUPS: [&Group; 9] = [
    &event::GROUP,
    &handler::GROUP,
    &fixed::FUEL,
    &replay::GROUP,
    &loopback::GROUP,
    &cold_start::GROUP,
    &fixed::COMPONENT,
    &fixed::MEMORY,
    &gateway::GROUP,
];

/// Pairs of rows whose ratios are shown: the first divided by the second.
pub const RATIOS: [(&str, &str); 8] = [
    ("event-component", "event-native"),
    ("incoming-call-component", "incoming-call-native"),
    ("finished-call-component", "finished-call-native"),
    ("record-ready-component", "record-ready-native"),
    ("missed-call-component", "missed-call-native"),
    ("chat-message-component", "chat-message-native"),
    ("order-trigger-component", "order-trigger-native"),
    ("replay-several", "replay-one"),
];

/// The groups of which something was asked for; all when nothing was named. Fails when a name is neither a group nor a row.
pub fn wanted(names: &[String]) -> Result<Vec<&'static Group>> {
    let has = |group: &Group, name: &str| group.name == name || group.rows.iter().any(|row| row.name == name);
    if let Some(name) = names.iter().find(|name| !GROUPS.iter().any(|group| has(group, name))) {
        let known: Vec<&str> =
            GROUPS.iter().flat_map(|group| [group.name].into_iter().chain(group.rows.iter().map(|row| row.name))).collect();
        bail!("there is no row {name:?}; groups and rows: {}", known.join(", "));
    }
    Ok(GROUPS.into_iter().filter(|group| names.is_empty() || names.iter().any(|name| has(group, name))).collect())
}

/// Whether a row is shown: it or its group was named, or nothing was.
pub fn is_wanted(row: &Row, names: &[String]) -> bool {
    let in_named_group = || GROUPS.iter().any(|group| names.iter().any(|name| name == group.name) && group.rows.contains(row));
    names.is_empty() || names.iter().any(|name| name == row.name) || in_named_group()
}

/// What the groups share.
pub struct Setup {
    /// A runtime as the programs have it, with a thread for each core.
    pub tokio: tokio::runtime::Runtime,
    /// The component's file and its cache.
    pub built: Built,
    /// The component, loaded with the usual limits.
    pub component: Arc<dyn Plugin>,
    /// The same logic as a native library.
    pub native: Arc<dyn Plugin>,
    /// A folder for files of this run.
    pub folder: TempDir,
}

impl Setup {
    /// Builds the component, and the programs that the groups need if `builds` is set; loads the component.
    pub fn new(groups: &[&Group], builds: bool) -> Result<Setup> {
        let mut programs: Vec<Program> = groups.iter().flat_map(|group| group.programs).copied().collect();
        programs.sort_unstable();
        programs.dedup();
        if builds {
            Program::build(&programs)?;
        }
        let built = component_build::component(&root().join("plugin"), &|line| eprintln!("{line}"))?;
        let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
        let component = tokio.block_on(load(&built))?;
        let folder = tempfile::tempdir().context("no temporary folder")?;
        Ok(Setup { tokio, built, component: Arc::new(component), native: Arc::new(NativePlugin::in_place()), folder })
    }
}

/// Loads the component with the usual limits, in an engine of its own.
async fn load(built: &Built) -> Result<ComponentPlugin> {
    let runtime = Runtime::new(Limits::default()).map_err(|error| anyhow::anyhow!("no engine: {error:#}"))?;
    Ok(ComponentPlugin::load(&runtime, &built.wasm, &built.cache).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_one_name_and_ratios_name_rows() {
        let mut names: Vec<&str> = GROUPS.iter().flat_map(|group| group.rows).map(|row| row.name).collect();
        assert!(RATIOS.iter().all(|(over, under)| names.contains(over) && names.contains(under)));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn rows_are_chosen_by_their_name_or_their_groups() {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let groups = |names: &[&str]| wanted(&named(names)).expect("known").iter().map(|group| group.name).collect::<Vec<_>>();
        assert_eq!(groups(&[]).len(), GROUPS.len());
        assert_eq!(groups(&["fuel", "event-native"]), ["event", "fuel"]);
        let [native, component] = &GROUPS[0].rows else { panic!("two rows") };
        assert!(is_wanted(native, &named(&["event-native"])) && !is_wanted(component, &named(&["event-native"])));
        assert!(is_wanted(component, &named(&["event"])));
        assert!(wanted(&named(&["evnt"])).is_err_and(|error| error.to_string().contains("\"evnt\"")));
    }
}
