//! Loading what every integration of the process shares, as the configuration file says: the plugin, the partners' rules, the sealing key.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use uis_host::clock::{Clock, SystemClock};
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::ports::{Decisions, Egress, NoRules};
use uis_host::rules::sandbox::Sandbox;
use uis_host::rules::{RuleFile, RuleSet};

use super::accounts::Accounts;
use super::building::{Paces, Workshop};
use crate::config::{Config, Pinned};
use crate::network::egress::HttpEgress;
use crate::secrets::Sealer;

impl Workshop {
    /// Loads the plugin and the rules that a configuration names. The error names the file or setting.
    pub async fn open(config: &Config) -> Result<Workshop, String> {
        let runtime = Runtime::new(config.limits.clone()).map_err(|error| format!("the WebAssembly engine cannot start: {error:#}"))?;
        let cache = config.store.path.with_file_name("compiled");
        let plugin = plugin(config.plugin.as_ref(), &runtime, &cache).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let egress: Arc<dyn Egress> = Arc::new(HttpEgress::new(config.allow_private())?);
        Ok(Workshop {
            plugin: Arc::new(plugin),
            clock,
            limits: config.limits.clone(),
            rules: rules(config, &cache)?,
            public_url: config.public_url.as_str().trim_end_matches('/').to_owned(),
            sealer: Arc::new(Sealer::open(&config.secrets.key_file)?),
            accounts: Accounts::over(egress.clone()),
            allow_private: config.allow_private(),
            egress: Box::new(move |_| egress.clone()),
            paces: Paces::default(),
        })
    }
}

/// The plugin that is part of the program.
const EMBEDDED: &[u8] = include_bytes!(env!("UIS_GATEWAY_PLUGIN"));

async fn plugin(configured: Option<&Pinned>, runtime: &Runtime, cache: &Path) -> Result<ComponentPlugin, String> {
    let loaded = match configured {
        None => ComponentPlugin::from_bytes(runtime, Path::new("the plugin of this program"), EMBEDDED, cache).await,
        Some(file) => {
            check_digest(file, "plugin")?;
            ComponentPlugin::load(runtime, &file.path, cache).await
        }
    };
    loaded.map_err(|error| format!("plugin: {error}"))
}

fn rules(config: &Config, cache: &Path) -> Result<Arc<dyn Decisions>, String> {
    if config.rules.is_empty() {
        return Ok(Arc::new(NoRules));
    }
    for rule in &config.rules {
        check_digest(&rule.file, &format!("rule {}", rule.name))?;
    }
    let files = config.rules.iter().map(|rule| RuleFile { name: rule.name.clone(), path: rule.file.path.clone(), dry_run: rule.dry_run });
    let sandbox = Sandbox::new(Default::default()).map_err(|error| format!("the engine for rules cannot start: {error:#}"))?;
    let set = RuleSet::load(sandbox, files.collect(), cache).map_err(|(file, error)| format!("rule {}: {error}", file.name))?;
    Ok(Arc::new(set))
}

/// Checks a file against the digest of the configuration.
fn check_digest(pinned: &Pinned, what: &str) -> Result<(), String> {
    let Some(expected) = &pinned.digest else { return Ok(()) };
    let bytes = std::fs::read(&pinned.path).map_err(|error| format!("{what}: {}: {error}", pinned.path.display()))?;
    let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if expected.trim_start_matches("sha256:").eq_ignore_ascii_case(&actual) {
        return Ok(());
    }
    let path = pinned.path.display();
    Err(format!(
        "{what}: {path} has the digest sha256:{actual}, not {expected}; correct the digest, or put the file back that it belongs to"
    ))
}
