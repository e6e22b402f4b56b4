//! What is special about the network when the CRM is a simulator on this machine, and whether anything listens at all.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use uis_host::ports::{Egress, EgressError};
use url::Url;

use super::elsewhere::{Network, is_local};

/// How long connecting may take.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// A simulator that refuses a request beyond its limit accepts it after this time: it counts by the second.
const REFUSED_FOR: Duration = Duration::from_millis(1100);
/// How often a request that a simulator refuses for its limit is sent again; the request's deadline ends it earlier.
const SENT_AGAIN: u32 = 8;

/// Checks that something listens at the address, so that a replay does not report every request of its own. The error says what to do.
pub(super) fn reach(base: &Url) -> Result<()> {
    let local = is_local(base.as_str()).is_some();
    let is_proxied = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].iter().any(|name| std::env::var_os(name).is_some());
    if !local && is_proxied {
        // A proxy may reach what this machine does not.
        return Ok(());
    }
    let addresses = base.socket_addrs(|| None).with_context(|| format!("{base}: the name is not known; check the address"))?;
    let mut refused = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECTED_WITHIN) {
            Ok(_) => return Ok(()),
            Err(error) => refused = Some(error),
        }
    }
    let why = refused.map(|error| error.to_string()).unwrap_or_default();
    match (local, base.port_or_known_default()) {
        (true, Some(port)) => {
            bail!("nothing listens at {base}: {why}; start the simulator there: uis-host crm --port {port}")
        }
        _ => bail!("{base} cannot be reached: {why}; check the address and the network"),
    }
}

/// What sends requests to the CRM at this address.
pub(super) fn egress(base: &Url, network: Network) -> Arc<dyn Egress> {
    match is_local(base.as_str()) {
        Some(_) => Arc::new(Simulated(network)),
        None => Arc::new(network),
    }
}

/// A simulator on this machine. Its limits hold in real time while a replay's hours pass in seconds, so it refuses requests that an account
/// would have accepted. Such a request was not carried out, and is sent again: a refusal would drop pop-ups that were in time.
struct Simulated(Network);

impl Egress for Simulated {
    fn send(&self, request: http::Request<Bytes>, limit: usize) -> BoxFuture<'_, Result<http::Response<Bytes>, EgressError>> {
        async move {
            let mut tries = 0;
            loop {
                let answer = self.0.send(request.clone(), limit).await?;
                tries += 1;
                if !is_over_the_limit(&answer) || tries > SENT_AGAIN {
                    return Ok(answer);
                }
                tokio::time::sleep(REFUSED_FOR).await;
            }
        }
        .boxed()
    }
}

/// Whether this is RetailCRM's answer to a request too many; a fault that answers 503 has another message.
fn is_over_the_limit(answer: &http::Response<Bytes>) -> bool {
    const MESSAGE: &[u8] = b"Rate limit exceeded";
    matches!(answer.status().as_u16(), 429 | 503) && memchr::memmem::find(answer.body(), MESSAGE).is_some()
}
