//! Reading members: values that are checked while they are read, so that an error has their line, and errors that say what to write.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de::Error};
use uis_host::limits::Limits;
use url::{Host, Url};

use super::{AdminConfig, Pinned, RuleConfig};

/// Fewest bytes of `intake.header-bytes`: the HTTP library needs as many.
const HEADER_BYTES: usize = 8192;
/// The levels of log lines, from the fewest to the most.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// The table `[limits]`: names of limits and whole numbers.
pub struct LimitTable;

impl LimitTable {
    /// The usual limits with those of the table.
    pub fn limits<'de, D: Deserializer<'de>>(table: D) -> Result<Limits, D::Error> {
        let mut limits = Limits::default();
        for (name, number) in BTreeMap::<String, u64>::deserialize(table)? {
            limits.set(&name, number).map_err(|error| {
                let known = limits.named();
                let meant = meant(&name, known.iter().map(|(name, _)| *name)).filter(|meant| *meant != name);
                D::Error::custom(format!("{error}{}", meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default()))
            })?;
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

/// `public-url`.
pub fn public_url<'de, D: Deserializer<'de>>(member: D) -> Result<Url, D::Error> {
    let text = String::deserialize(member)?;
    let wrong = |why: &str| D::Error::custom(format!("{text:?} {why}"));
    let url = Url::parse(&text).map_err(|error| wrong(&format!("is no address ({error}); write https://NAME or https://NAME/PATH")))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local(&url)) {
        return Err(wrong("must begin with https:// (http:// only for this machine, like http://127.0.0.1:8080)"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must end with the path, without ? and #"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must have no user name and no password"));
    }
    Ok(url)
}

/// A digest of a file, in lower-case digits.
pub fn digest<'de, D: Deserializer<'de>>(member: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(member)?;
    match text.strip_prefix("sha256:") {
        Some(digits) if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => Ok(Some(text.to_ascii_lowercase())),
        _ => Err(D::Error::custom(format!("{text:?} is no digest; write sha256: and the 64 digits that `sha256sum FILE` prints"))),
    }
}

/// A level of log lines.
pub fn level<'de, D: Deserializer<'de>>(member: D) -> Result<String, D::Error> {
    let text = String::deserialize(member)?;
    match LEVELS.contains(&text.as_str()) {
        true => Ok(text),
        false => Err(D::Error::custom(format!("{text:?} is no level; write one of {}", LEVELS.join(", ")))),
    }
}

fn at_least<'de, D: Deserializer<'de>, N: Deserialize<'de> + PartialOrd + std::fmt::Display>(member: D, least: N) -> Result<N, D::Error> {
    let number = N::deserialize(member)?;
    match number >= least {
        true => Ok(number),
        false => Err(D::Error::custom(format!("{number} is too small; write {least} or more"))),
    }
}

/// A number that is not zero.
pub fn positive<'de, D: Deserializer<'de>, N: Deserialize<'de> + PartialOrd + std::fmt::Display + From<u8>>(
    member: D,
) -> Result<N, D::Error> {
    at_least(member, N::from(1))
}

/// A number that is not zero, when there is one.
pub fn positive_if_any<'de, D: Deserializer<'de>>(member: D) -> Result<Option<usize>, D::Error> {
    positive(member).map(Some)
}

/// The size of a request's head.
pub fn header_bytes<'de, D: Deserializer<'de>>(member: D) -> Result<usize, D::Error> {
    at_least(member, HEADER_BYTES)
}

/// The table `[admin]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct AdminTable {
    socket: Option<PathBuf>,
    #[serde(default, deserialize_with = "loopback")]
    listen: Option<SocketAddr>,
}

fn loopback<'de, D: Deserializer<'de>>(member: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(member)?;
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(Some(address)),
        _ => Err(D::Error::custom(format!("{text:?} is no address of this machine alone; write 127.0.0.1:PORT, or use the socket"))),
    }
}

impl TryFrom<AdminTable> for AdminConfig {
    type Error = &'static str;

    fn try_from(table: AdminTable) -> Result<AdminConfig, &'static str> {
        match (&table.socket, table.listen) {
            (Some(_), Some(_)) => Err("socket and listen exclude each other; remove one of them"),
            (_, listen) => Ok(AdminConfig { socket: table.socket, listen }),
        }
    }
}

/// A table `[[rules]]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RuleTable {
    name: String,
    path: PathBuf,
    #[serde(default, deserialize_with = "digest")]
    digest: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

impl From<RuleTable> for RuleConfig {
    fn from(table: RuleTable) -> RuleConfig {
        RuleConfig { name: table.name, file: Pinned { path: table.path, digest: table.digest }, dry_run: table.dry_run }
    }
}

/// The rules; their names differ.
pub fn rules<'de, D: Deserializer<'de>>(member: D) -> Result<Vec<RuleConfig>, D::Error> {
    let rules = Vec::<RuleConfig>::deserialize(member)?;
    let mut names = BTreeSet::new();
    match rules.iter().find(|rule| !names.insert(&rule.name)) {
        Some(twice) => Err(D::Error::custom(format!("two rules have the name {:?}; rename one of them", twice.name))),
        None => Ok(rules),
    }
}

/// What was wrong while a text was read, with the line and the member.
pub fn explained(text: &str, error: &toml::de::Error, member: &str) -> String {
    let line =
        error.span().map_or(1, |span| text.as_bytes()[..span.start.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1);
    let message = error.message().trim().replace('\n', " ");
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (message, member) = match names.as_slice() {
        [unknown, known @ ..] if message.starts_with("unknown field") => {
            let meant = meant(unknown, known.iter().copied()).map(|name| format!("did you mean {name}? ")).unwrap_or_default();
            (format!("there is no member {unknown}; {meant}Known: {}", known.join(", ")), parent(member, unknown))
        }
        [missing] if message.starts_with("missing field") => {
            (format!("the member {missing} is missing; add a line: {missing} = …"), member)
        }
        _ => (message, member),
    };
    match member {
        "" | "." => format!("{line}: {message}"),
        member => format!("{line}: {member}: {message}"),
    }
}

/// What is wrong with a member that was read, with its line. When the member is not written, its default is meant, and the line is the first.
pub fn at_member(text: &str, member: &str, why: &str) -> String {
    let line = text.lines().position(|line| line.trim_start().starts_with(member)).map_or(1, |line| line + 1);
    format!("{line}: {why}")
}

/// The table of an unknown member: the path names the member itself, if it was reached.
fn parent<'a>(member: &'a str, unknown: &str) -> &'a str {
    member.strip_suffix(unknown).map_or(member, |table| table.trim_end_matches('.'))
}

/// The known name that is spelled most like an unknown one; none when none is like it.
pub fn meant<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(unknown, name);
    known.filter(|name| likeness(name) > 0.75).max_by(|left, right| likeness(left).total_cmp(&likeness(right)))
}
