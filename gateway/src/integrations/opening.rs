//! Loading what every integration of the process shares, as the configuration file says: the plugin, the partners' rules, the sealing key.
//! What has not changed since the last time is kept, with what it has counted.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use uis_host::clock::{Clock, SystemClock};
use uis_host::plugin::Plugin;
use uis_host::plugin::component::ComponentPlugin;
use uis_host::plugin::engine::Runtime;
use uis_host::ports::Egress;

use super::accounts::Accounts;
use super::building::Workshop;
use super::components::{Component, Shelf};
use super::rulebook::{Loads, RuleBook, RuleNews, RuleSource};
use super::versions::{Known, Named, PLUGIN, rule_subject};
use crate::config::{Config, Pinned};
use crate::network::egress::HttpEgress;
use crate::observe::disk::Disk;
use crate::secrets::Sealer;
use crate::store::versions::VersionRow;

/// The plugin that is part of the program.
const EMBEDDED: &[u8] = include_bytes!(env!("UIS_GATEWAY_PLUGIN"));

/// What a configuration names, loaded.
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What integrations are made with.
    pub workshop: Arc<Workshop>,
    /// The partners' rules; the workshop has them too.
    pub rules: Arc<RuleBook>,
    /// Versions that are put into use with this; they are not stored yet.
    pub new_versions: Vec<VersionRow>,
    /// The digest of the plugin.
    pub plugin_digest: String,
    runtime: Runtime,
    egress: Arc<dyn Egress>,
}

/// What a configuration is loaded with.
pub struct Loading<'a> {
    /// What the store knows of versions.
    pub known: &'a Known,
    /// A rollback does not hold any longer, because an administrator asks for what the configuration names.
    pub explicit: bool,
    /// Rules that are loaded.
    pub loads: &'a mut Loads,
    /// Receives what happens to the rules.
    pub news: &'a UnboundedSender<RuleNews>,
}

impl Loaded {
    /// Loads the plugin and the rules that a configuration names. What `before` has, and what has not changed, is used again. The error names
    /// the file or setting.
    pub async fn load(config: &Config, before: Option<&Loaded>, loading: &mut Loading<'_>) -> Result<Loaded, String> {
        let shelf = Shelf::beside(&config.store.path);
        let chosen = choose_plugin(config.plugin.as_ref(), &shelf, loading)?;
        let runtime = match before.filter(|before| before.config.limits == config.limits) {
            Some(before) => before.runtime.clone(),
            None => Runtime::new(config.limits.clone()).map_err(|error| format!("the WebAssembly engine cannot start: {error:#}"))?,
        };
        let same = before.filter(|before| before.plugin_digest == chosen.component.digest && before.config.limits == config.limits);
        let plugin: Arc<dyn Plugin> = match same {
            Some(before) => before.workshop.plugin.clone(),
            None => Arc::new(compiled(&runtime, &chosen.component, shelf.compiled()).await?),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let source = source(config, &shelf, loading, clock.now_ms());
        let (rules, mut new_versions) = RuleBook::load(&source, loading.loads)?;
        if loading.known.latest(PLUGIN).is_none_or(|row| row.digest != chosen.component.digest || row.back != chosen.back) {
            new_versions.push(VersionRow {
                subject: PLUGIN.to_owned(),
                digest: chosen.component.digest.clone(),
                version: plugin.description().version.clone(),
                configured: chosen.configured,
                since: clock.now_ms(),
                back: chosen.back,
            });
        }
        let egress: Arc<dyn Egress> = match before.filter(|before| before.config.egress == config.egress) {
            Some(before) => before.egress.clone(),
            None => Arc::new(HttpEgress::new(config.allow_private())?),
        };
        let rules = Arc::new(rules);
        let workshop = Workshop {
            plugin,
            clock,
            limits: config.limits.clone(),
            rules: rules.clone(),
            public_url: config.public_url.as_str().trim_end_matches('/').to_owned(),
            sealer: match before {
                Some(before) => before.workshop.sealer.clone(),
                None => Arc::new(Sealer::open(&config.secrets.key_file)?),
            },
            accounts: match before {
                Some(before) if before.config.egress == config.egress => before.workshop.accounts.share(),
                Some(before) => before.workshop.accounts.share_over(egress.clone()),
                None => Accounts::over(egress.clone()),
            },
            allow_private: config.allow_private(),
            egress: over(egress.clone()),
            paces: before.map(|before| before.workshop.paces.share()).unwrap_or_default(),
            disk: before.map_or_else(|| Arc::new(Disk::of(&config.store)), |before| before.workshop.disk.clone()),
        };
        let (config, workshop, plugin_digest) = (config.clone(), Arc::new(workshop), chosen.component.digest);
        Ok(Loaded { config, workshop, rules, new_versions, plugin_digest, runtime, egress })
    }
}

impl Loaded {
    /// The same with the plugin rolled back to a version. What the configuration names is not read for that: it may have been overwritten.
    pub async fn back_to(&self, row: &VersionRow, loading: &mut Loading<'_>) -> Result<Loaded, String> {
        let mut known = loading.known.clone();
        known.versions.push(row.clone());
        let mut config = self.as_read();
        config.plugin = Some(self.pin(&row.configured));
        let mut loading = Loading { known: &known, explicit: false, loads: &mut *loading.loads, news: loading.news };
        let mut back = Loaded::load(&config, Some(self), &mut loading).await?;
        back.config = self.config.clone();
        back.new_versions.push(row.clone());
        Ok(back)
    }

    /// The rules as they are with what is known now. What the configuration names is not read again.
    pub fn rules_again(&self, loading: &mut Loading<'_>) -> Result<RuleBook, String> {
        let mut config = self.as_read();
        for rule in &mut config.rules {
            // While a rollback holds, it says which component it was that is not used.
            if let Some(latest) = loading.known.latest(&rule_subject(&rule.name)).filter(|row| row.back) {
                rule.file = self.pin(&latest.configured);
            }
        }
        let shelf = Shelf::beside(&config.store.path);
        let source = source(&config, &shelf, loading, self.workshop.clock.now_ms());
        RuleBook::load(&source, loading.loads).map(|(book, _)| book)
    }

    /// The configuration with the rules' components as they were read.
    fn as_read(&self) -> Config {
        let mut config = self.config.clone();
        for rule in &mut config.rules {
            if let Some(digest) = self.rules.configured(&rule.name) {
                rule.file = self.pin(&digest);
            }
        }
        config
    }

    /// The copy of a component.
    fn pin(&self, digest: &str) -> Pinned {
        Pinned { path: Shelf::beside(&self.config.store.path).path(digest), digest: Some(digest.to_owned()) }
    }
}

/// What the rules of a configuration are made from.
fn source<'a>(config: &'a Config, shelf: &'a Shelf, loading: &Loading<'a>, now: i64) -> RuleSource<'a> {
    RuleSource {
        rules: &config.rules,
        evaluations: config.trial.evaluations,
        known: loading.known,
        explicit: loading.explicit,
        shelf,
        news: loading.news,
        now,
    }
}

fn over(egress: Arc<dyn Egress>) -> super::building::EgressOf {
    Box::new(move |_| egress.clone())
}

impl Workshop {
    /// Loads the plugin and the rules that a configuration names, without a store: nothing is known of versions. The error names the file or
    /// setting.
    pub async fn open(config: &Config) -> Result<Workshop, String> {
        let (news, _) = unbounded_channel();
        let (known, mut loads) = (Known::default(), Loads::default());
        let mut loading = Loading { known: &known, explicit: false, loads: &mut loads, news: &news };
        let Loaded { workshop, .. } = Loaded::load(config, None, &mut loading).await?;
        Arc::try_unwrap(workshop).map_err(|_| "the workshop is in use".to_owned())
    }
}

/// The version of the plugin that is to be used.
struct ChosenPlugin {
    component: Component,
    /// The digest that the configuration names.
    configured: String,
    /// An administrator rolled back to it.
    back: bool,
}

fn choose_plugin(pinned: Option<&Pinned>, shelf: &Shelf, loading: &Loading<'_>) -> Result<ChosenPlugin, String> {
    let named = match pinned {
        None => Named::Component(Component::of(Path::new("the plugin of this program"), EMBEDDED)),
        Some(pinned) => loading.known.named(PLUGIN, pinned, loading.explicit).map_err(|why| format!("plugin: {why}"))?,
    };
    let held = match &named {
        Named::Held(row) => Some(row.clone()),
        Named::Component(component) => loading.known.held(PLUGIN, &component.digest).filter(|_| !loading.explicit).cloned(),
    };
    match (held, named) {
        (Some(row), _) => {
            let component = shelf.read(&row.digest).map_err(|why| {
                format!(
                    "plugin: the version to which it was rolled back cannot be used: {why}; put the file back, or configure another plugin"
                )
            })?;
            Ok(ChosenPlugin { component, configured: row.configured, back: true })
        }
        (None, Named::Component(component)) => {
            shelf.keep(&component)?;
            Ok(ChosenPlugin { configured: component.digest.clone(), component, back: false })
        }
        (None, Named::Held(_)) => Err("plugin: no version can be used".to_owned()),
    }
}

/// Compiles a plugin on a thread that may block: it takes seconds, and events go on meanwhile.
async fn compiled(runtime: &Runtime, component: &Component, cache: &Path) -> Result<ComponentPlugin, String> {
    let (runtime, component, cache) = (runtime.clone(), component.clone(), cache.to_owned());
    let handle = tokio::runtime::Handle::current();
    let compiling = tokio::task::spawn_blocking(move || {
        handle.block_on(ComponentPlugin::from_bytes(&runtime, &component.path, &component.bytes, &cache))
    });
    let loaded = compiling.await.map_err(|error| format!("plugin: it was not compiled: {error}"))?;
    loaded.map_err(|error| format!("plugin: {error}"))
}
