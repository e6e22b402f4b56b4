//! Components that must be refused before any code of them runs, because of what they import and export.

use anyhow::Result;
use uis_host::limits::Limits;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::rules::limits::RuleLimits;
use uis_host::rules::sandbox::Sandbox;

use super::{Attack, Verdict, scratch};

macro_rules! kit {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../conformance/loading/", $name, ".wat")))),*]
    };
}

const KIT: [(&str, &str); 14] = kit![
    "rule-imports-network",
    "rule-imports-clock",
    "rule-imports-storage",
    "rule-of-another-contract",
    "rule-of-another-shape",
    "rule-of-nothing",
    "rule-that-is-a-module",
    "rule-of-many-memories",
    "plugin-imports-http",
    "plugin-imports-files",
    "plugin-of-another-contract",
    "plugin-of-another-shape",
    "plugin-of-nothing",
    "plugin-of-many-memories",
];

/// Tries to load each component of the kit.
pub async fn attack(
    limits: &Limits,
    rule_limits: &RuleLimits,
    wanted: &dyn Fn(&str) -> bool,
    report: &mut dyn FnMut(Verdict),
) -> Result<()> {
    let folder = scratch()?;
    let sandbox = Sandbox::new(rule_limits.clone())?;
    let runtime = Runtime::new(limits.clone()).map_err(|error| anyhow::anyhow!("{error:#}"))?;
    for (name, text) in KIT.into_iter().filter(|(name, _)| wanted(name)) {
        let attack = Attack::read(name, text)?;
        let path = folder.put(name, &wat::parse_str(text)?)?;
        let cache = folder.path().join("cache");
        let refused = match name.starts_with("rule-") {
            true => sandbox.load(&path, &cache).err().map(|error| error.to_string()),
            false => ComponentPlugin::load(&runtime, &path, &cache).await.err().map(|error| error.to_string()),
        };
        // The file's name belongs to this command, not to the host's message.
        let said = refused.map_or_else(|| "it was loaded".to_owned(), |said| said.replace(&format!("{} ", path.display()), ""));
        report(attack.verdict("loading", said, true));
    }
    Ok(())
}
