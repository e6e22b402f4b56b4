//! Sends the calls and measures the answers. Every connection sends its next request when the last was answered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::workload::{Call, Workload};

/// The addresses of a contestant.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// Of routing requests.
    pub route: String,
    /// Of notifications, without the slash and the name at the end.
    pub notify: String,
}

impl Addresses {
    /// The address of a notification.
    pub fn notification(&self, name: &str) -> String {
        format!("{}/{name}", self.notify)
    }
}

/// What was measured while the calls were sent.
#[derive(Debug)]
pub struct Measured {
    /// When the first request was sent.
    pub began: Instant,
    /// Times of the answers to routing requests.
    pub routes: Vec<Duration>,
    /// Times of the acknowledgements of notifications.
    pub acknowledgements: Vec<Duration>,
    /// The answers to routing requests, by call.
    pub answers: BTreeMap<i64, Value>,
}

/// A client with one connection.
pub fn client() -> Result<reqwest::Client> {
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).pool_max_idle_per_host(1).timeout(Duration::from_secs(60));
    Ok(client.build()?)
}

/// Sends all calls. Errors: a request is refused, or an answer cannot be read.
pub async fn send(work: &Workload, addresses: &Addresses) -> Result<Measured> {
    let mut measured = Measured { began: Instant::now(), routes: Vec::new(), acknowledgements: Vec::new(), answers: BTreeMap::new() };
    let mut connections = JoinSet::new();
    for calls in &work.connections {
        connections.spawn(send_calls(calls.clone(), addresses.clone()));
    }
    while let Some(sent) = connections.join_next().await {
        let sent = sent??;
        measured.routes.extend(sent.routes);
        measured.acknowledgements.extend(sent.acknowledgements);
        measured.answers.extend(sent.answers);
    }
    Ok(measured)
}

async fn send_calls(calls: Vec<Call>, addresses: Addresses) -> Result<Measured> {
    let client = client()?;
    let mut measured = Measured { began: Instant::now(), routes: Vec::new(), acknowledgements: Vec::new(), answers: BTreeMap::new() };
    for call in calls {
        let sent = Instant::now();
        let answer = route(&client, &addresses, &call.route).await?;
        measured.routes.push(sent.elapsed());
        measured.answers.insert(call.session, serde_json::from_slice(&answer).context("the answer to a routing request")?);
        for (name, body) in call.notifications {
            let sent = Instant::now();
            let request = client.post(addresses.notification(name)).header("content-type", "application/json").body(body);
            let answer = request.send().await?;
            ensure!(answer.status() == 200, "{name} was answered with {}", answer.status());
            answer.bytes().await?;
            measured.acknowledgements.push(sent.elapsed());
        }
    }
    Ok(measured)
}

/// Sends a routing request and returns the body of the answer.
pub async fn route(client: &reqwest::Client, addresses: &Addresses, query: &str) -> Result<Vec<u8>> {
    let answer = client.get(format!("{}?{query}", addresses.route)).send().await?;
    ensure!(answer.status() == 200, "a routing request was answered with {}", answer.status());
    Ok(answer.bytes().await?.into())
}

/// The time below which this part of all times is, in milliseconds; 0 without times.
pub fn percentile(times: &[Duration], part: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let index = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!((percentile(&times, 0.5), percentile(&times, 0.99), percentile(&times, 1.0)), (101.0, 199.0, 200.0));
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
