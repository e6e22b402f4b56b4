//! Reading members: the table of limits, and errors that say what was meant.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use uis_host::limits::Limits;
use url::{Host, Url};

/// The table `[limits]`: names of limits and whole numbers.
pub struct LimitTable;

impl LimitTable {
    /// The usual limits with those of the table.
    pub fn limits<'de, D: Deserializer<'de>>(table: D) -> Result<Limits, D::Error> {
        let mut limits = Limits::default();
        for (name, number) in BTreeMap::<String, u64>::deserialize(table)? {
            limits.set(&name, number).map_err(de::Error::custom)?;
        }
        Ok(limits)
    }
}

/// Whether an address is on this machine.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The error as a sentence, with the line, and for an unknown member with the known one that is spelled most like it.
pub fn explained(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message().trim().replace('\n', " ");
    let mut names = message.split('`').skip(1).step_by(2);
    let meant = match message.starts_with("unknown field") {
        true => names.next().and_then(|unknown| names.max_by(|left, right| likeness(unknown, left).total_cmp(&likeness(unknown, right)))),
        false => None,
    };
    let meant = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
    format!("line {line}: {message}{meant}")
}

fn likeness(left: &str, right: &str) -> f64 {
    strsim::jaro_winkler(left, right)
}
