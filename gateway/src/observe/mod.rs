//! What can be seen of the gateway from outside: logs, metrics, and captures of single events. Logs and metrics contain no personal data, no
//! secrets and no addresses: a log line names the integration, the session and the number of the request, with which the store has the rest.
//!
//! | file | what |
//! |---|---|
//! | [`logs`] | where log lines go |
//! | [`disk`] | the room on the store's disk |
//! | [`watcher`] | what the dispatch does: log lines, metrics, captures |

pub mod disk;
pub mod logs;
pub mod watcher;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of histograms of times, in seconds: from a quarter of a millisecond to half a minute.
const SECONDS: [f64; 16] = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Collects metrics from now on. Call it once in a process; the result renders them.
pub fn metrics() -> Result<PrometheusHandle, String> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS);
    let recorder = builder.map_err(|error| error.to_string())?.install_recorder().map_err(|error| error.to_string())?;
    describe();
    Ok(recorder)
}

/// The meaning of each metric.
fn describe() {
    metrics::describe_counter!("uis_gateway_notifications_total", "Notifications of UIS that were received, by type");
    metrics::describe_counter!("uis_gateway_requests_refused_total", "Requests that were not accepted, by reason");
    metrics::describe_gauge!("uis_gateway_connections", "Open connections");
    metrics::describe_counter!("uis_gateway_connections_evicted_total", "Idle connections closed for newer ones");
    metrics::describe_counter!("uis_gateway_connections_refused_total", "Connections closed at once because all others were at work");
    metrics::describe_counter!("uis_gateway_events_total", "Attempts to handle events, by handler and result");
    metrics::describe_counter!("uis_gateway_retries_total", "Attempts that will be made again");
    metrics::describe_counter!("uis_gateway_problems_total", "Problems reported to owners of integrations, by kind");
    metrics::describe_gauge!("uis_gateway_waiting", "Events that wait");
    metrics::describe_gauge!("uis_gateway_oldest_waiting_seconds", "How long the oldest event waits");
    metrics::describe_gauge!("uis_gateway_lanes_at_work", "Kept events that are being handled");
    metrics::describe_gauge!("uis_gateway_dead_letters", "Dead letters");
    metrics::describe_gauge!("uis_gateway_overdue_timers", "Timers that are due and have not run");
    metrics::describe_histogram!("uis_gateway_request_seconds", "Time of requests to the CRM, by status");
    metrics::describe_histogram!("uis_gateway_store_commit_seconds", "Time of commits of the store");
    metrics::describe_gauge!("uis_gateway_reload_failed", "1 while the configuration file cannot be used, and an earlier one is in use");
    metrics::describe_gauge!("uis_gateway_rules_quarantined", "Partners' rules that are not evaluated because they failed too often");
    metrics::describe_histogram!("uis_gateway_store_checkpoint_seconds", "Time of copying the store's log into its file");
    metrics::describe_counter!("uis_gateway_store_damaged_total", "Stored rows that were damaged and set aside");
    metrics::describe_counter!("uis_gateway_store_operations_total", "Operations of the store that were committed");
    metrics::describe_gauge!("uis_gateway_store_queue", "Operations that wait for the store's writer");
    metrics::describe_histogram!("uis_gateway_uis_call_seconds", "Time of requests to UIS, by method and outcome");
    metrics::describe_counter!("uis_gateway_erased_refused_total", "Events from before an erasure that were kept out");
    metrics::describe_gauge!("uis_gateway_disk_free_bytes", "Bytes that are free on the store's disk");
    metrics::describe_counter!(
        "uis_gateway_rule_answers_total",
        "Answers of partners' rules, by rule, verdict, and whether they are applied"
    );
    metrics::describe_gauge!("uis_gateway_ready", "1 while events are accepted");
}
