//! `egress.allow-private`: private addresses to which requests may go.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Deserializer, de::Error};
use url::{Host, Url};

/// Private addresses to which requests may go, as addresses, ranges and host names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowPrivate {
    ranges: Vec<IpNet>,
    /// In lower case, without a dot at the end.
    names: Vec<String>,
}

impl AllowPrivate {
    /// The addresses of this machine alone: `127.0.0.0/8`, `::1`, `localhost`.
    pub fn this_machine() -> AllowPrivate {
        let four = Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).trunc();
        let six = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);
        AllowPrivate { ranges: vec![four.into(), six.into()], names: vec!["localhost".to_owned()] }
    }

    /// The host of a URL, as a name or as an address.
    pub fn host_of(url: &Url) -> AllowPrivate {
        let mut all = AllowPrivate::default();
        match url.host() {
            Some(Host::Ipv4(address)) => all.ranges.push(IpAddr::from(address).into()),
            Some(Host::Ipv6(address)) => all.ranges.push(IpAddr::from(address).to_canonical().into()),
            Some(Host::Domain(name)) => all.names.push(plain(name)),
            None => {}
        }
        all
    }

    /// Whether an address is in the list. An IPv4 address inside an IPv6 one (`::ffff:10.0.0.1`) is that address.
    pub fn has_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.ranges.iter().any(|range| range.contains(&address))
    }

    /// Whether a host name is in the list. Its addresses may be private then.
    pub fn has_name(&self, name: &str) -> bool {
        let name = plain(name);
        self.names.contains(&name)
    }

    /// Whether the host of a URL is in the list as it is written: as a name, or as an address.
    pub fn has_host(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.has_address(address.into()),
            Some(Host::Ipv6(address)) => self.has_address(address.into()),
            Some(Host::Domain(name)) => self.has_name(name),
            None => false,
        }
    }

    fn add(&mut self, entry: &str) -> Result<(), String> {
        if let Ok(range) = entry.parse::<IpNet>() {
            self.ranges.push(range.trunc());
            return Ok(());
        }
        if let Ok(address) = entry.parse::<IpAddr>() {
            self.ranges.push(address.to_canonical().into());
            return Ok(());
        }
        match Host::parse(entry) {
            Ok(Host::Ipv4(address)) => self.ranges.push(IpAddr::from(address).into()),
            Ok(Host::Ipv6(address)) => self.ranges.push(IpAddr::from(address).to_canonical().into()),
            Ok(Host::Domain(name)) if !name.contains('*') => self.names.push(plain(&name)),
            _ => {
                return Err(format!(
                    "{entry:?} is no address, no range and no host name; write them like 127.0.0.1, 10.0.0.0/8, crm.internal"
                ));
            }
        }
        Ok(())
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

impl<'de> Deserialize<'de> for AllowPrivate {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<Self, D::Error> {
        let mut all = AllowPrivate::default();
        for entry in Vec::<String>::deserialize(list)? {
            all.add(&entry).map_err(D::Error::custom)?;
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> AllowPrivate {
        let mut all = AllowPrivate::default();
        entries.iter().for_each(|entry| all.add(entry).expect(entry));
        all
    }

    #[test]
    fn hosts_are_found_however_they_are_written() {
        let allowed = list(&["127.0.0.1", "10.1.2.3/8", "Crm.Internal.", "::1", "[fd00::1]"]);
        for url in [
            "http://127.0.0.1:8095/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://[::ffff:127.0.0.1]/",
            "http://10.200.0.1/",
            "http://CRM.internal/",
            "http://crm.internal./",
            "http://[::1]/",
            "http://[fd00::1]/",
        ] {
            assert!(allowed.has_host(&Url::parse(url).expect(url)), "{url}");
        }
        for url in ["http://127.0.0.2/", "http://11.0.0.1/", "http://a.crm.internal/", "http://localhost/", "http://[fd00::2]/"] {
            assert!(!allowed.has_host(&Url::parse(url).expect(url)), "{url}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for wrong in ["", "10.0.0.0/33", "*.internal", "http://crm.internal", "crm.internal:80", "a b"] {
            assert!(AllowPrivate::default().add(wrong).is_err(), "{wrong:?}");
        }
    }
}
