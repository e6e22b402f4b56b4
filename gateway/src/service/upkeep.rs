//! What is done from time to time: metrics of what waits, and sweeping out what is old.

use std::sync::Arc;
use std::time::Duration;

use uis_host::ports::StoreError;

use super::Gateway;
use crate::observe::disk::Room;

/// How often the metrics of what waits are renewed.
const METRICS: Duration = Duration::from_secs(5);
/// How many of these pass between two sweeps: an hour.
const SWEEP_EVERY: u32 = 720;

/// Days after which finished events are deleted while there is little room on the disk: UIS's reports are compared with the last days.
const EARLY_EVENTS_DAYS: u32 = 7;
/// Days after which captures are deleted then.
const EARLY_CAPTURES_DAYS: u32 = 1;

/// Runs until the gateway stops.
pub async fn run(gateway: Arc<Gateway>) {
    let (mut turn, mut before) = (0, Room::Enough);
    let mut stopping = gateway.stopping();
    loop {
        tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => return,
            () = tokio::time::sleep(METRICS) => {}
        }
        if let Err(error) = measure(&gateway).await {
            tracing::debug!(%error, "what waits was not measured");
        }
        let room = gateway.look_at_disk();
        if (turn % SWEEP_EVERY == 0 || room > before)
            && let Err(error) = sweep(&gateway, room).await
        {
            tracing::error!(%error, "what is old was not swept out");
        }
        before = room;
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

async fn sweep(gateway: &Gateway, room: Room) -> Result<(), StoreError> {
    let core = gateway.core().map_err(StoreError)?;
    let parts = gateway.parts();
    let (mut events_days, mut captures_days) = (parts.events_days, parts.captures_days);
    if room > Room::Enough {
        // The file does not become smaller, but it uses what is deleted before it grows.
        (events_days, captures_days) = (events_days.min(EARLY_EVENTS_DAYS), captures_days.min(EARLY_CAPTURES_DAYS));
    }
    let swept = core.store.sweep(gateway.now(), events_days, captures_days).await?;
    tracing::info!(swept, "what is old was swept out");
    Ok(())
}
