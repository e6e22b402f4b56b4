//! `uis-gateway serve`: runs the service until it is asked to stop.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use tokio::sync::watch;
use uis_gateway::config::Config;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::integrations::building::Workshop;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::{Gateway, Parts, upkeep};
use uis_gateway::{admin, intake, observe};

/// File descriptors beyond those of connections: the store, requests to the CRM, the administrator's listener.
const OTHER_FILES: u64 = 1024;

/// Runs the service.
pub async fn run(mut config: Config) -> Result<()> {
    observe::logs::begin(&config.log).map_err(|why| anyhow!(why))?;
    let metrics = observe::metrics().map_err(|why| anyhow!("metrics: {why}"))?;
    allow_files(&mut config);
    let workshop = Arc::new(Workshop::open(&config).await.map_err(|why| anyhow!(why))?);
    let about = workshop.plugin.description();
    tracing::info!(plugin = about.name, version = about.version, "the plugin is loaded");
    let gateway = Gateway::start(Parts::of(&config, workshop)).await.map_err(|why| anyhow!(why))?;

    let stop = watch::Sender::new(false);
    let listener = intake::server::bind(config.listen).with_context(|| format!("listen = {}", config.listen))?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let router = intake::router(gateway.clone(), config.public_url.path());
    let serving = tokio::spawn(intake::server::serve(listener, router, config.intake.clone(), stop.subscribe()));
    let control = Arc::new(Administrator(Live::new(gateway.clone()).map_err(|why| anyhow!(why))?));
    let admin = admin::Server::bind(&config, control, Arc::new(move || metrics.render())).map_err(|why| anyhow!("admin: {why}"))?;
    tracing::info!(%address, admin = admin.address(), public_url = %config.public_url, "the gateway serves");
    let administering = tokio::spawn(admin.serve(stop.subscribe()));
    tokio::spawn(upkeep::run(gateway.clone()));

    super::stopped().await?;
    tracing::info!("the gateway stops: running handlers end first");
    stop.send_replace(true);
    let _ = tokio::join!(serving, administering);
    gateway.stop().await;
    tracing::info!("the gateway has stopped");
    Ok(())
}

/// Raises the limit of open files as far as the system lets it, and lowers the number of connections where that is not far enough: a process
/// without a free file descriptor could not write its store's files.
fn allow_files(config: &mut Config) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = config.intake.connections as u64 + OTHER_FILES;
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        // What could not be raised is read again below.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX).saturating_sub(OTHER_FILES.min(wanted / 2));
    if allowed < config.intake.connections as u64 {
        let connections = usize::try_from(allowed).unwrap_or(usize::MAX).max(1);
        tracing::warn!(connections, "intake.connections is lowered, because the system allows no more open files; raise `ulimit -n`");
        config.intake.connections = connections;
    }
}
