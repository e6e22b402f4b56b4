//! The configuration file of the process: one TOML file. A relative path in it is relative to the file. An unknown member is an error, as is a
//! value that cannot be; the error names the file, the line, the member and what to write.
//!
//! ```toml
//! public-url = "https://uis.shop.example"   # where UIS and RetailCRM reach this gateway
//! listen = "127.0.0.1:8080"
//!
//! [store]
//! path = "/var/lib/uis-gateway/uis-gateway.db"
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use uis_host::limits::Limits;
use url::Url;

use members::LimitTable;

mod members;
pub mod private;
mod size;

pub use members::{is_local, meant};
pub use private::AllowPrivate;
pub use size::Size;

/// The configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The address at which UIS and the CRM reach the gateway: https, or http on this machine only. It may have a path.
    #[serde(deserialize_with = "members::public_url")]
    pub public_url: Url,
    /// The address to listen on for UIS and the CRM. Put a web server with https in front of it.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The plugin's component; without it the one that is part of the program.
    #[serde(default)]
    pub plugin: Option<Pinned>,
    /// The store.
    #[serde(default)]
    pub store: StoreConfig,
    /// The administrator's listener.
    #[serde(default)]
    pub admin: AdminConfig,
    /// Limits of requests.
    #[serde(default)]
    pub intake: IntakeLimits,
    /// Requests to the CRM.
    #[serde(default)]
    pub egress: EgressConfig,
    /// Where the sealing key is.
    #[serde(default)]
    pub secrets: SecretsConfig,
    /// Erasures of personal data.
    #[serde(default)]
    pub erasure: ErasureConfig,
    /// Log lines.
    #[serde(default)]
    pub log: LogConfig,
    /// Partners' rules.
    #[serde(default, deserialize_with = "members::rules")]
    pub rules: Vec<RuleConfig>,
    /// New versions of rules.
    #[serde(default)]
    pub trial: TrialConfig,
    /// Seconds that the service may take to stop: requests that are being answered and handlers that run end meanwhile, and are aborted then.
    /// What is aborted comes again when the service starts.
    #[serde(default = "default_stop_seconds")]
    pub stop_seconds: u64,
    /// Limits of handlers, by their names; times in milliseconds.
    #[serde(default, deserialize_with = "LimitTable::limits")]
    pub limits: Limits,
}

/// A file that may be pinned by its digest.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pinned {
    /// The component's file.
    pub path: PathBuf,
    /// `sha256:` and 64 hexadecimal digits. The file is refused when its digest differs.
    #[serde(default, deserialize_with = "members::digest")]
    pub digest: Option<String>,
}

/// A partner's rule.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "members::RuleTable")]
pub struct RuleConfig {
    /// The rule's name. Rules are evaluated in the order of their names.
    pub name: String,
    /// The rule's component.
    pub file: Pinned,
    /// The rule is evaluated and its answer is logged, but not applied.
    pub dry_run: bool,
}

/// New versions of rules, and new rules: they are evaluated first without being applied.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TrialConfig {
    /// How many answers a new version of a rule must give without failing before it is put into use by itself; 0: it is put into use at once.
    /// Twenty is enough for a rule to meet calls, chats and several kinds of drafts, and a small shop has as many within a day.
    pub evaluations: u32,
}

impl Default for TrialConfig {
    fn default() -> Self {
        TrialConfig { evaluations: 20 }
    }
}

/// Which attempts are captured: the requests of a handler and the answers to them are stored beside the event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capture {
    /// None.
    Off,
    /// Those that did not succeed.
    #[default]
    Failed,
    /// All.
    All,
}

/// The store.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StoreConfig {
    /// The file.
    pub path: PathBuf,
    /// Days after which finished events, and the requests that they came from, are deleted.
    #[serde(deserialize_with = "members::positive")]
    pub events_days: u32,
    /// Days after which captures are deleted.
    #[serde(deserialize_with = "members::positive")]
    pub captures_days: u32,
    /// Which attempts are captured.
    pub capture: Capture,
    /// While less is free on the store's disk, captures are not written, and what is old is deleted early; 0: never.
    pub low_disk: Size,
    /// While less is free, no event is accepted, so that those that wait can be delivered; less than `low-disk`; 0: never.
    pub critical_disk: Size,
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig {
            path: "uis-gateway.db".into(),
            events_days: 35,
            captures_days: 14,
            capture: Capture::default(),
            low_disk: Size(1 << 30),
            critical_disk: Size(200 << 20),
        }
    }
}

/// The administrator's listener: a Unix socket, unless an address is given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(try_from = "members::AdminTable")]
pub struct AdminConfig {
    /// The socket's file; by default `admin.sock` beside the store. Only the user of the process may use it (mode 0600).
    pub socket: Option<PathBuf>,
    /// An address on this machine in place of the socket. Requests need a token then: `uis-gateway token add NAME`.
    pub listen: Option<SocketAddr>,
}

/// Limits of requests.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct IntakeLimits {
    /// Most bytes of a body. A larger one is answered with 413.
    #[serde(deserialize_with = "members::positive")]
    pub body_bytes: usize,
    /// Most bytes of a request's head, at least 8192. A larger one is answered with 431.
    #[serde(deserialize_with = "members::header_bytes")]
    pub header_bytes: usize,
    /// Seconds in which the head of a request must arrive, from the beginning of the connection or from the end of the request before. Then
    /// the connection is closed.
    #[serde(deserialize_with = "members::positive")]
    pub header_seconds: u64,
    /// Seconds in which a body must arrive. A slower one is answered with 408.
    #[serde(deserialize_with = "members::positive")]
    pub body_seconds: u64,
    /// Most connections at the same time. When all are open, the oldest one without a request is closed for a new one.
    #[serde(deserialize_with = "members::positive")]
    pub connections: usize,
    /// Most connections of one address; none: no limit. Behind a web server all connections have its address.
    #[serde(deserialize_with = "members::positive_if_any")]
    pub connections_per_address: Option<usize>,
    /// Requests of one integration per second; twice as many may come at once. Further ones are answered with 429.
    #[serde(deserialize_with = "members::positive")]
    pub requests_per_second: u32,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        IntakeLimits {
            body_bytes: 1 << 20,
            header_bytes: 16 << 10,
            header_seconds: 10,
            body_seconds: 20,
            connections: 10_000,
            connections_per_address: None,
            requests_per_second: 200,
        }
    }
}

/// Requests to the CRM.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct EgressConfig {
    /// Private addresses to which requests may go: addresses, ranges such as `10.0.0.0/8`, host names. By default none; on a gateway whose
    /// `public-url` is on this machine, this machine's own, so that it can be tried with a simulator. After [`Config::parse`] it is filled in.
    pub allow_private: Option<AllowPrivate>,
}

/// Where the sealing key is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SecretsConfig {
    /// The file of the key that seals stored secrets; by default `secrets.key` beside the store. It is created at the first start with mode
    /// 0600. Keep a copy apart from copies of the store: without it sealed keys must be entered again.
    pub key_file: PathBuf,
}

/// Erasures of personal data.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ErasureConfig {
    /// The file in which erasures are remembered outside the store, so that one that is restored from a backup can be brought up to date; by
    /// default `erasures.journal` beside the file of the sealing key. Keep a copy apart from copies of the store.
    pub journal: PathBuf,
}

/// Log lines.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LogConfig {
    /// `text` for people, or `json`: one object a line.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`. `debug` may show personal data.
    #[serde(deserialize_with = "members::level")]
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig { format: LogFormat::Text, level: "info".into() }
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The standard port is left to a web server in front.
fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 8080).into()
}

/// A handler of a kept event may take a minute, but most end within seconds.
fn default_stop_seconds() -> u64 {
    30
}

impl Config {
    /// Reads a file. The error names the file, the line, the member and what to write.
    pub fn read(path: &Path) -> Result<Config, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}; name the configuration file with --config FILE", path.display()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
        Config::parse(&text, &folder).map_err(|error| format!("{}:{error}", path.display()))
    }

    /// Reads a text. `folder` is where relative paths begin. The error begins with the number of the line.
    pub fn parse(text: &str, folder: &Path) -> Result<Config, String> {
        let parsed = toml::Deserializer::parse(text).map_err(|error| members::explained(text, &error, ""))?;
        let mut config: Config =
            serde_path_to_error::deserialize(parsed).map_err(|error| members::explained(text, error.inner(), &error.path().to_string()))?;
        if config.store.critical_disk > config.store.low_disk {
            return Err(members::at_member(text, "critical-disk", "store.critical-disk: it is more than store.low-disk; write less"));
        }
        config.complete(folder);
        Ok(config)
    }

    /// The file of the administrators' tokens: `tokens.json` beside the store.
    pub fn tokens_file(&self) -> PathBuf {
        self.store.path.with_file_name("tokens.json")
    }

    /// Where requests may go although it is private.
    pub fn allow_private(&self) -> AllowPrivate {
        self.egress.allow_private.clone().unwrap_or_default()
    }

    /// Makes paths absolute, and fills in those that are beside the store, and what depends on `public-url`.
    fn complete(&mut self, folder: &Path) {
        self.store.path = folder.join(&self.store.path);
        self.plugin.iter_mut().for_each(|plugin| plugin.path = folder.join(&plugin.path));
        self.rules.iter_mut().for_each(|rule| rule.file.path = folder.join(&rule.file.path));
        self.admin.socket = Some(match &self.admin.socket {
            Some(socket) => folder.join(socket),
            None => self.store.path.with_file_name("admin.sock"),
        });
        if is_local(&self.public_url) {
            self.egress.allow_private.get_or_insert_with(AllowPrivate::this_machine);
        }
        let key = std::mem::take(&mut self.secrets.key_file);
        let beside = || self.store.path.with_file_name("secrets.key");
        self.secrets.key_file = if key.as_os_str().is_empty() { beside() } else { folder.join(key) };
        let journal = std::mem::take(&mut self.erasure.journal);
        let beside = || self.secrets.key_file.with_file_name("erasures.journal");
        self.erasure.journal = if journal.as_os_str().is_empty() { beside() } else { folder.join(journal) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "public-url = \"https://uis.example/crm\"\n[plugin]\npath = \"p.wasm\"\n";

    #[test]
    fn a_small_file_is_enough() {
        let config = Config::parse(SMALL, Path::new("/etc/uis")).expect("readable");
        assert_eq!(config.plugin.as_ref().map(|plugin| plugin.path.as_path()), Some(Path::new("/etc/uis/p.wasm")));
        assert_eq!(config.store.path, Path::new("/etc/uis/uis-gateway.db"));
        assert_eq!(config.admin.socket.as_deref(), Some(Path::new("/etc/uis/admin.sock")));
        assert_eq!(config.secrets.key_file, Path::new("/etc/uis/secrets.key"));
        assert_eq!(config.erasure.journal, Path::new("/etc/uis/erasures.journal"));
        assert_eq!((config.store.events_days, config.store.captures_days, config.store.capture), (35, 14, Capture::Failed));
    }

    #[test]
    fn a_whole_file_is_read() {
        let digest = format!("sha256:{}", "aB".repeat(32));
        let text = format!(
            "listen = \"0.0.0.0:80\"\n{SMALL}digest = \"{digest}\"\n[store]\npath = \"/var/lib/uis/store.db\"\nevents-days = 7\ncapture = \"all\"\n\
             [admin]\nlisten = \"127.0.0.1:9000\"\n[intake]\nconnections = 100\n[log]\nformat = \"json\"\nlevel = \"warn\"\n\
             [secrets]\nkey-file = \"/etc/uis/key\"\n[erasure]\njournal = \"/srv/journal\"\n[[rules]]\nname = \"a\"\npath = \"a.wasm\"\ndry-run = true\n[limits]\nwall-live-ms = 3000\n"
        );
        let config = Config::parse(&text, Path::new("/etc/uis")).expect("readable");
        assert_eq!(config.limits.wall_live.as_millis(), 3000);
        assert_eq!(config.plugin.as_ref().and_then(|plugin| plugin.digest.clone()), Some(digest.to_lowercase()));
        assert_eq!(config.tokens_file(), Path::new("/var/lib/uis/tokens.json"));
        assert_eq!(config.rules[0].file.path, Path::new("/etc/uis/a.wasm"));
        assert_eq!(config.secrets.key_file, Path::new("/etc/uis/key"));
        assert_eq!(config.erasure.journal, Path::new("/srv/journal"));
        assert_eq!(config.admin.socket.as_deref(), Some(Path::new("/var/lib/uis/admin.sock")));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_remedy() {
        for (wrong, expected) in [
            ("publik-url = \"https://a.example\"", "4: plugin: there is no member publik-url"),
            ("[store]\nevent-days = 1", "5: store: there is no member event-days; did you mean events-days? Known: path, events-days"),
            ("[store]\ncapture = \"some\"", "5: store.capture: unknown variant `some`, expected one of `off`, `failed`, `all`"),
            ("[store]\nevents-days = 0", "5: store.events-days: 0 is too small; write 1 or more"),
            ("[limits]\nfule = 1", "did you mean fuel?"),
            ("[limits]\nfuel = 0", "limit fuel cannot be 0"),
            (
                "[admin]\nlisten = \"10.0.0.1:1\"",
                "5: admin.listen: \"10.0.0.1:1\" is no address of this machine alone; write 127.0.0.1:PORT",
            ),
            ("[admin]\nlisten = \"127.0.0.1:1\"\nsocket = \"a\"", "socket and listen exclude each other"),
            (
                "[egress]\nallow-private = [\"10.0.0.0/33\"]",
                "5: egress.allow-private: \"10.0.0.0/33\" is no address, no range and no host name",
            ),
            ("[store]\nlow-disk = \"1 GB\"", "5: store.low-disk: \"1 GB\" is no size; write a whole number with KiB, MiB"),
            ("[store]\ncritical-disk = \"2 GiB\"", "5: store.critical-disk: it is more than store.low-disk; write less"),
            ("[store]\nlow-disk = -1", "5: store.low-disk: -1 is too small"),
            ("[intake]\nbody-bytes = 0", "5: intake.body-bytes: 0 is too small"),
            ("[intake]\nheader-bytes = 8191", "5: intake.header-bytes: 8191 is too small; write 8192 or more"),
            ("[intake]\nbody-bytes = \"1\"", "5: intake.body-bytes: invalid type: string"),
            ("[log]\nlevel = \"loud\"", "5: log.level: \"loud\" is no level; write one of error, warn"),
            ("digest = \"sha256:12\"", "4: plugin.digest: \"sha256:12\" is no digest"),
            ("[[rules]]\nname = \"a\"", "the member path is missing"),
            ("[[rules]]\nname = \"a\"\npath = \"a\"\ndryrun = true", "did you mean dry-run?"),
            ("[[rules]]\nname = \"a\"\npath = \"a\"\n[[rules]]\nname = \"a\"\npath = \"b\"", "two rules have the name \"a\""),
            ("[store", "4: "),
        ] {
            let error = Config::parse(&format!("{SMALL}{wrong}"), Path::new("/")).expect_err(wrong);
            assert!(error.contains(expected), "{wrong}: {error}");
        }
        let error = Config::parse("publik-url = 1", Path::new("/")).expect_err("misspelt");
        assert!(error.starts_with("1: there is no member publik-url; did you mean public-url?"), "{error}");
        let error = Config::parse("listen = \"127.0.0.1:1\"", Path::new("/")).expect_err("too short");
        assert!(error.contains("the member public-url is missing; add a line: public-url = "), "{error}");
    }

    #[test]
    fn private_addresses_are_allowed_by_name_and_on_a_gateway_that_only_this_machine_reaches() {
        let allowed = |text: &str| Config::parse(text, Path::new("/")).expect("readable").allow_private();
        let local = SMALL.replace("https://uis.example/crm", "http://127.0.0.1:8080");
        let lines = "[egress]\nallow-private = [\"10.0.0.0/8\", \"crm.internal\"]\n";
        assert_eq!(allowed(SMALL), AllowPrivate::default());
        assert_eq!(allowed(&local), AllowPrivate::this_machine());
        let given = allowed(&format!("{local}{lines}"));
        assert!(given.has_address([10, 1, 2, 3].into()) && given.has_name("crm.internal"));
        assert!(!given.has_address([127, 0, 0, 1].into()), "a list that is given replaces the usual one");
    }

    #[test]
    fn the_public_address_is_https_or_this_machine() {
        for (url, expected) in [
            ("http://uis.example", "1: public-url: \"http://uis.example\" must begin with https://"),
            ("https://uis.example/?a", "without ?"),
            ("https://u:p@uis.example/", "no user name"),
            ("uis.example", "is no address"),
        ] {
            let error = Config::parse(&SMALL.replace("https://uis.example/crm", url), Path::new("/")).expect_err(url);
            assert!(error.contains(expected), "{url}: {error}");
        }
        assert!(Config::parse(&SMALL.replace("https://uis.example/crm", "http://127.0.0.1:8080"), Path::new("/")).is_ok());
    }

    #[test]
    fn the_error_of_a_file_begins_with_its_name_and_the_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gateway.toml");
        let error = Config::read(&path).expect_err("missing");
        assert!(error.contains("gateway.toml") && error.contains("--config FILE"), "{error}");
        std::fs::write(&path, "\nlisten = 1").expect("written");
        let error = Config::read(&path).expect_err("wrong");
        assert!(error.starts_with(&format!("{}:2: listen: ", path.display())), "{error}");
    }
}
