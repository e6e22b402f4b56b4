//! What is done from time to time: metrics of what waits, and sweeping out what is old.

use std::sync::Arc;
use std::time::Duration;

use uis_host::ports::StoreError;

use super::Gateway;

/// How often the metrics of what waits are renewed.
const METRICS: Duration = Duration::from_secs(5);
/// How many of these pass between two sweeps: an hour.
const SWEEP_EVERY: u32 = 720;

/// Runs until the gateway stops.
pub async fn run(gateway: Arc<Gateway>) {
    let mut turn = 0;
    let mut stopping = gateway.stopping();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => return,
            () = tokio::time::sleep(METRICS) => {}
        }
        if let Err(error) = measure(&gateway).await {
            tracing::debug!(%error, "what waits was not measured");
        }
        if turn % SWEEP_EVERY == 0
            && let Err(error) = sweep(&gateway).await
        {
            tracing::error!(%error, "what is old was not swept out");
        }
        turn += 1;
    }
}

async fn measure(gateway: &Gateway) -> Result<(), StoreError> {
    let core = gateway.core().map_err(StoreError)?;
    let slots = core.handle.inspect().await?;
    let now = gateway.now();
    let oldest = slots.iter().filter_map(|slot| slot.oldest).min();
    metrics::gauge!("uis_gateway_waiting").set(slots.iter().map(|slot| slot.waiting as f64).sum::<f64>());
    metrics::gauge!("uis_gateway_lanes_at_work").set(slots.iter().map(|slot| slot.at_work as f64).sum::<f64>());
    metrics::gauge!("uis_gateway_overdue_timers")
        .set(slots.iter().filter(|slot| slot.next_timer.is_some_and(|at| at < now)).count() as f64);
    metrics::gauge!("uis_gateway_oldest_waiting_seconds").set(oldest.map_or(0.0, |received| (now - received).max(0) as f64 / 1000.0));
    metrics::gauge!("uis_gateway_dead_letters").set(core.store.dead_count().await? as f64);
    Ok(())
}

async fn sweep(gateway: &Gateway) -> Result<(), StoreError> {
    let core = gateway.core().map_err(StoreError)?;
    let swept = core.store.sweep(gateway.now(), gateway.parts.events_days, gateway.parts.captures_days).await?;
    tracing::info!(swept, "what is old was swept out");
    Ok(())
}
