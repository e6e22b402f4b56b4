//! Which addresses requests may reach. Whoever can enter an address, or answers for a name in DNS, must not make the gateway send requests
//! into the network that it stands in. So private addresses are refused, as they are written in a URL and again as DNS gives them, unless
//! `egress.allow-private` names them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use ipnet::{IpNet, Ipv6Net};
use tower::Service;
use url::{Host, Url};

use crate::config::AllowPrivate;

/// How long DNS may take.
const DNS: Duration = Duration::from_secs(10);

/// IPv4 addresses that are not public, by IANA's registry of special-purpose addresses: this network, private, shared (carrier-grade NAT),
/// loopback, link-local (with the metadata services of clouds), protocol assignments, documentation, 6to4 relays, private, benchmarks,
/// documentation, multicast, reserved and broadcast.
const SPECIAL_4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// The same for IPv6, within [`GLOBAL_6`]: protocol assignments with Teredo, documentation, 6to4 (which contains IPv4 addresses).
const SPECIAL_6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];
/// All global unicast addresses of IPv6. Loopback, unique-local, link-local and multicast addresses are outside.
const GLOBAL_6: &str = "2000::/3";
/// IPv6 addresses for IPv4 ones, in networks without IPv4 (NAT64).
const NAT64: &str = "64:ff9b::/96";

static SPECIAL: LazyLock<Vec<IpNet>> = LazyLock::new(|| SPECIAL_4.iter().chain(&SPECIAL_6).filter_map(|text| text.parse().ok()).collect());

fn within(range: &str, address: IpAddr) -> bool {
    range.parse::<Ipv6Net>().is_ok_and(|range| IpNet::from(range).contains(&address))
}

/// Whether an address is public. An IPv4 address inside an IPv6 one is judged by itself.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V6(six) if within(NAT64, six.into()) => {
            let [.., a, b, c, d] = six.octets();
            is_public([a, b, c, d].into())
        }
        address => (address.is_ipv4() || within(GLOBAL_6, address)) && !SPECIAL.iter().any(|range| range.contains(&address)),
    }
}

/// Why a request may not go where it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The host is, or has only, private addresses.
    Private {
        /// The host as it was written.
        host: String,
        /// The first address.
        address: IpAddr,
    },
    /// Plain http, which would show the key to everybody on the way.
    Plain(String),
    /// Neither http nor https.
    Scheme(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let add = "add it to egress.allow-private in the configuration file, and start the gateway again";
        match self {
            Refused::Private { host, address } if *host == address.to_string() => {
                write!(to, "{address} is a private address; if requests may go there, {add}")
            }
            Refused::Private { host, address } => write!(to, "{host} has the private address {address}; if requests may go there, {add}"),
            Refused::Plain(host) => write!(to, "plain http to {host} would show the key to everybody on the way; use https, or {add}"),
            Refused::Scheme(scheme) => write!(to, "{scheme} is neither https nor http"),
        }
    }
}

impl std::error::Error for Refused {}

/// Where requests may go. As a service it resolves names to the addresses that are allowed.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    allowed: Arc<AllowPrivate>,
}

impl Reach {
    /// Public addresses, and the private ones of this list.
    pub fn new(allowed: AllowPrivate) -> Reach {
        Reach { allowed: Arc::new(allowed) }
    }

    /// Checks a URL before anything is sent. Names are checked again when they are resolved.
    pub fn admit(&self, url: &Url) -> Result<(), Refused> {
        let listed = self.allowed.has_host(url);
        let host = url.host_str().unwrap_or_default();
        match url.scheme() {
            "https" => {}
            "http" if listed => {}
            "http" => return Err(Refused::Plain(host.to_owned())),
            other => return Err(Refused::Scheme(other.to_owned())),
        }
        let address: IpAddr = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        match listed || is_public(address) {
            true => Ok(()),
            false => Err(Refused::Private { host: address.to_string(), address }),
        }
    }

    /// The addresses of a name that requests may go to. Fails when there are others only.
    fn among(&self, host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let first = found.first().map(|address| address.ip());
        let open = |address: &SocketAddr| is_public(address.ip()) || self.allowed.has_address(address.ip());
        let admitted: Vec<SocketAddr> = match self.allowed.has_name(host) {
            true => found,
            false => found.into_iter().filter(open).collect(),
        };
        match first {
            Some(address) if admitted.is_empty() => Err(Refused::Private { host: host.to_owned(), address }),
            _ => Ok(admitted),
        }
    }
}

impl Service<Name> for Reach {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let reach = self.clone();
        async move {
            let found = tokio::time::timeout(DNS, tokio::net::lookup_host((name.as_str(), 0))).await;
            let found = found.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
            let admitted = reach.among(name.as_str(), found.collect());
            admitted.map(Vec::into_iter).map_err(std::io::Error::other)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    #[test]
    fn private_and_special_addresses_are_not_public() {
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.2.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:a9fe:a9fe",
            "::7f00:1",
            "64:ff9b::10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
        ] {
            assert!(!is_public(address.parse().expect(address)), "{address}");
        }
        for address in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "192.169.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2a00:1450::1"] {
            assert!(is_public(address.parse().expect(address)), "{address}");
        }
        assert_eq!(SPECIAL.len(), SPECIAL_4.len() + SPECIAL_6.len(), "every range is read");
    }

    #[test]
    fn an_address_in_a_url_is_refused_however_it_is_written() {
        let reach = Reach::default();
        for text in [
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://192.168.1.1:8443/",
        ] {
            let refused = reach.admit(&url(text)).expect_err(text);
            assert!(matches!(refused, Refused::Private { .. }) && refused.to_string().contains("egress.allow-private"), "{refused}");
        }
        assert_eq!(reach.admit(&url("http://shop.example/")), Err(Refused::Plain("shop.example".to_owned())));
        assert_eq!(reach.admit(&url("ftp://shop.example/")), Err(Refused::Scheme("ftp".to_owned())));
        assert_eq!(reach.admit(&url("https://shop.example/")), Ok(()));
        let here = Reach::new(AllowPrivate::this_machine());
        for text in ["http://127.0.0.1:8095/", "http://localhost:8095/", "https://[::1]/"] {
            assert_eq!(here.admit(&url(text)), Ok(()), "{text}");
        }
        assert!(here.admit(&url("http://10.0.0.1/")).is_err());
    }

    #[test]
    fn only_the_allowed_addresses_of_a_name_are_used() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| SocketAddr::new(text.parse().expect(text), 0)).collect::<Vec<_>>();
        let reach = Reach::default();
        assert_eq!(reach.among("a.example", addresses(&["10.0.0.1", "8.8.8.8", "::1"])), Ok(addresses(&["8.8.8.8"])));
        let refused = reach.among("a.example", addresses(&["10.0.0.1", "::1"])).expect_err("private only");
        assert_eq!(
            refused.to_string(),
            "a.example has the private address 10.0.0.1; if requests may go there, add it to egress.allow-private in the configuration \
             file, and start the gateway again"
        );
        let here = Reach::new(AllowPrivate::this_machine());
        assert_eq!(here.among("a.example", addresses(&["127.0.0.2"])), Ok(addresses(&["127.0.0.2"])), "the range is in the list");
        assert!(here.among("a.example", addresses(&["192.168.0.1"])).is_err());
        assert_eq!(here.among("localhost", addresses(&["192.168.0.1"])), Ok(addresses(&["192.168.0.1"])), "the name is in the list");
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_after_dns() {
        use std::str::FromStr;
        let error = Reach::default().call(Name::from_str("localhost").expect("a name")).await.expect_err("private");
        assert!(error.to_string().starts_with("localhost has the private address "), "{error}");
    }
}
