//! `uis-gateway serve`: runs the service until it is asked to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use uis_gateway::config::Config;
use uis_gateway::control::operations::ReloadCause;
use uis_gateway::integrations::administrator::Administrator;
use uis_gateway::service::deliverer::Live;
use uis_gateway::service::operator::{Operator, Start};
use uis_gateway::service::upkeep;
use uis_gateway::{admin, intake, observe};

/// File descriptors beyond those of connections: the store, requests to the CRM, the administrator's listener.
const OTHER_FILES: u64 = 1024;

/// Runs the service.
pub async fn run(path: PathBuf, mut config: Config) -> Result<()> {
    let level = observe::logs::begin(&config.log).map_err(|why| anyhow!(why))?;
    let metrics = observe::metrics().map_err(|why| anyhow!("metrics: {why}"))?;
    allow_files(&mut config);
    let mut signals = Signals::listen()?;
    let start = Start { path, config: config.clone(), adapt: allow_files, level: Some(level) };
    let operator = Operator::start(start).await.map_err(|why| anyhow!(why))?;
    let gateway = operator.gateway().clone();
    let plugin = gateway.plugin();
    let about = plugin.description();
    tracing::info!(plugin = about.name, version = about.version, "the plugin is loaded");

    let stop = watch::Sender::new(false);
    let listener = intake::server::bind(config.listen).with_context(|| format!("listen = {}", config.listen))?;
    let address = listener.local_addr().unwrap_or(config.listen);
    let router = intake::router(gateway.clone(), config.public_url.path());
    let control = Arc::new(Administrator(Live::operated(operator.clone()).map_err(|why| anyhow!(why))?));
    let admin = admin::Server::bind(&config, control, Arc::new(move || metrics.render())).map_err(|why| anyhow!("admin: {why}"))?;
    tracing::info!(%address, admin = admin.address(), public_url = %config.public_url, "the gateway serves");
    let administering = tokio::spawn(admin.serve(stop.subscribe()));
    // Last: whoever finds the gateway ready can also ask it.
    let limits = gateway.clone();
    let serving = tokio::spawn(intake::server::serve(listener, router, move || limits.limits(), stop.subscribe()));
    tokio::spawn(upkeep::run(gateway.clone()));
    tokio::spawn(operator.clone().watch_file());

    signals.until_stopped(&operator).await;
    let within = Duration::from_secs(operator.config().await.stop_seconds);
    tracing::info!(
        seconds = within.as_secs(),
        "the gateway stops: requests and handlers that run end first; a second signal stops it at once"
    );
    let stopping = async {
        let began = Instant::now();
        // Whoever sends requests here looks at this first.
        gateway.close();
        stop.send_replace(true);
        let _ = tokio::time::timeout(within, async { tokio::join!(serving, administering) }).await;
        gateway.stop_within(within.saturating_sub(began.elapsed())).await;
    };
    tokio::select! {
        () = stopping => tracing::info!("the gateway has stopped"),
        () = signals.stop() => {
            tracing::warn!("the gateway stops at once; what was being handled comes again when it starts");
            std::process::exit(1);
        }
    }
    Ok(())
}

/// The signals that the service listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on these signals do not end the process by themselves.
    fn listen() -> Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate()).context("SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("SIGINT")?,
            hangup: signal(SignalKind::hangup()).context("SIGHUP")?,
        })
    }

    /// Waits for SIGTERM or SIGINT (Ctrl-C).
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The same; the configuration is read again at each SIGHUP meanwhile.
    async fn until_stopped(&mut self, operator: &Operator) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {
                    let operator = operator.clone();
                    // The result is logged, and shown by `status`.
                    tokio::spawn(async move { operator.reload(ReloadCause::Signal).await.map(|_| ()) });
                }
            }
        }
    }
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
