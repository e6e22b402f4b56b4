//! The configuration file of the process: one TOML file. A relative path in it is relative to the file. An unknown member is an error, as is a
//! value that cannot be; the error names the file, the member and what to write.
//!
//! ```toml
//! public-url = "https://uis.shop.example"   # where UIS and RetailCRM reach this gateway
//! listen = "127.0.0.1:8080"
//!
//! [plugin]
//! path = "uis_retailcrm.wasm"
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use uis_host::limits::Limits;
use url::Url;

use members::LimitTable;

mod members;

pub use members::is_local;

/// The configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The address at which UIS and the CRM reach the gateway: https, or http on this machine only. It may have a path.
    pub public_url: Url,
    /// The address to listen on for UIS and the CRM. Put a web server with https in front of it.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The plugin.
    pub plugin: Pinned,
    /// The store.
    #[serde(default)]
    pub store: StoreConfig,
    /// The administrator's listener.
    #[serde(default)]
    pub admin: AdminConfig,
    /// Limits of requests.
    #[serde(default)]
    pub intake: IntakeLimits,
    /// Where the sealing key is.
    #[serde(default)]
    pub secrets: SecretsConfig,
    /// Log lines.
    #[serde(default)]
    pub log: LogConfig,
    /// Partners' rules.
    #[serde(default)]
    pub rules: Vec<RuleConfig>,
    /// Limits of handlers, by their names; times in milliseconds.
    #[serde(default, deserialize_with = "LimitTable::limits")]
    pub limits: Limits,
}

/// A file that may be pinned by its digest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pinned {
    /// The component's file.
    pub path: PathBuf,
    /// `sha256:` and 64 hexadecimal digits. The file is refused when its digest differs.
    #[serde(default)]
    pub digest: Option<String>,
}

/// A partner's rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RuleConfig {
    /// The rule's name. Rules are evaluated in the order of their names.
    pub name: String,
    /// The rule's component.
    #[serde(flatten)]
    pub file: Pinned,
    /// The rule is evaluated and its answer is logged, but not applied.
    #[serde(default)]
    pub dry_run: bool,
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StoreConfig {
    /// The file.
    pub path: PathBuf,
    /// Days after which finished events, and the requests that they came from, are deleted.
    pub events_days: u32,
    /// Days after which captures are deleted.
    pub captures_days: u32,
    /// Which attempts are captured.
    pub capture: Capture,
}

impl Default for StoreConfig {
    fn default() -> Self {
        StoreConfig { path: "uis-gateway.db".into(), events_days: 35, captures_days: 14, capture: Capture::default() }
    }
}

/// The administrator's listener: a Unix socket, unless an address is given.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AdminConfig {
    /// The socket's file; by default `admin.sock` beside the store. Only the user of the process may use it (mode 0600).
    pub socket: Option<PathBuf>,
    /// An address on this machine in place of the socket. Requests need a token then: `uis-gateway token add NAME`.
    pub listen: Option<SocketAddr>,
}

/// Limits of requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct IntakeLimits {
    /// Most bytes of a body. A larger one is answered with 413.
    pub body_bytes: usize,
    /// Most bytes of a request's head, at least 8192. A larger one is answered with 431.
    pub header_bytes: usize,
    /// Seconds in which the head of a request must arrive, from the beginning of the connection or from the end of the request before. Then
    /// the connection is closed.
    pub header_seconds: u64,
    /// Seconds in which a body must arrive. A slower one is answered with 408.
    pub body_seconds: u64,
    /// Most connections at the same time. When all are open, the oldest one without a request is closed for a new one.
    pub connections: usize,
    /// Most connections of one address; none: no limit. Behind a web server all connections have its address.
    pub connections_per_address: Option<usize>,
    /// Requests of one integration per second; twice as many may come at once. Further ones are answered with 429.
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

/// Where the sealing key is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SecretsConfig {
    /// The file of the key that seals stored secrets; by default `secrets.key` beside the store. It is created at the first start with mode
    /// 0600. Keep a copy apart from copies of the store: without it sealed keys must be entered again.
    pub key_file: PathBuf,
}

/// Log lines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LogConfig {
    /// `text` for people, or `json`: one object a line.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`. `debug` may show personal data.
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

impl Config {
    /// Reads a file. The error names the file and what is wrong in it.
    pub fn read(path: &Path) -> Result<Config, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}; name the configuration file with --config FILE", path.display()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?;
        Config::parse(&text, &folder).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads a text. `folder` is where relative paths begin.
    pub fn parse(text: &str, folder: &Path) -> Result<Config, String> {
        let mut config: Config = toml::from_str(text).map_err(|error| members::explained(text, &error))?;
        config.complete(folder)?;
        Ok(config)
    }

    fn complete(&mut self, folder: &Path) -> Result<(), String> {
        let local = is_local(&self.public_url);
        if self.public_url.scheme() != "https" && !(self.public_url.scheme() == "http" && local) {
            return Err(format!("public-url: {} must begin with https:// (http only for this machine)", self.public_url));
        }
        if self.public_url.query().is_some() || self.public_url.fragment().is_some() {
            return Err(format!("public-url: {} must end with the path, without ? and #", self.public_url));
        }
        if let Some(listen) = self.admin.listen
            && !listen.ip().is_loopback()
        {
            return Err(format!("admin.listen: {listen} is no address of this machine alone; write 127.0.0.1:PORT, or use the socket"));
        }
        let limits = &self.intake;
        let numbers = [limits.body_bytes, limits.connections, limits.requests_per_second as usize];
        if numbers.contains(&0) || limits.header_seconds == 0 || limits.body_seconds == 0 || limits.header_bytes < 8192 {
            return Err("intake: every limit is at least 1, and header-bytes at least 8192".to_owned());
        }
        self.store.path = folder.join(&self.store.path);
        self.plugin.path = folder.join(&self.plugin.path);
        self.rules.iter_mut().for_each(|rule| rule.file.path = folder.join(&rule.file.path));
        self.admin.socket = Some(match &self.admin.socket {
            Some(socket) => folder.join(socket),
            None => self.store.path.with_file_name("admin.sock"),
        });
        let key = std::mem::take(&mut self.secrets.key_file);
        let beside = || self.store.path.with_file_name("secrets.key");
        self.secrets.key_file = if key.as_os_str().is_empty() { beside() } else { folder.join(key) };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "public-url = \"https://uis.example/crm\"\n[plugin]\npath = \"p.wasm\"\n";

    #[test]
    fn a_small_file_is_enough() {
        let config = Config::parse(SMALL, Path::new("/etc/uis")).expect("readable");
        assert_eq!(config.plugin.path, Path::new("/etc/uis/p.wasm"));
        assert_eq!(config.store.path, Path::new("/etc/uis/uis-gateway.db"));
        assert_eq!(config.admin.socket.as_deref(), Some(Path::new("/etc/uis/admin.sock")));
        assert_eq!(config.secrets.key_file, Path::new("/etc/uis/secrets.key"));
        assert_eq!((config.store.events_days, config.store.captures_days, config.store.capture), (35, 14, Capture::Failed));
    }

    #[test]
    fn a_whole_file_is_read() {
        let text = format!(
            "listen = \"0.0.0.0:80\"\n{SMALL}digest = \"sha256:00\"\n[store]\npath = \"/var/lib/uis/store.db\"\nevents-days = 7\ncapture = \"all\"\n\
             [admin]\nlisten = \"127.0.0.1:9000\"\n[intake]\nconnections = 100\n[log]\nformat = \"json\"\nlevel = \"warn\"\n\
             [secrets]\nkey-file = \"/etc/uis/key\"\n[[rules]]\nname = \"a\"\npath = \"a.wasm\"\ndry-run = true\n[limits]\nwall-live-ms = 3000\n"
        );
        let config = Config::parse(&text, Path::new("/etc/uis")).expect("readable");
        assert_eq!(config.limits.wall_live.as_millis(), 3000);
        assert_eq!(config.rules[0].file.path, Path::new("/etc/uis/a.wasm"));
        assert_eq!(config.secrets.key_file, Path::new("/etc/uis/key"));
        assert_eq!(config.admin.socket.as_deref(), Some(Path::new("/var/lib/uis/admin.sock")));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_the_remedy() {
        for (wrong, expected) in [
            ("[store]\nevent-days = 1", "did you mean events-days"),
            ("[store]\ncapture = \"some\"", "expected one of `off`, `failed`, `all`"),
            ("[limits]\nfule = 1", "\"fule\""),
            ("[admin]\nlisten = \"10.0.0.1:1\"", "admin.listen: 10.0.0.1:1"),
            ("[intake]\nbody-bytes = 0", "intake: every limit"),
            ("[intake]\nbody-bytes = \"1\"", "line 5"),
        ] {
            let error = Config::parse(&format!("{SMALL}{wrong}"), Path::new("/")).expect_err(wrong);
            assert!(error.contains(expected), "{wrong}: {error}");
        }
        let error = Config::parse(&format!("lissten = \"x\"\n{SMALL}"), Path::new("/")).expect_err("misspelt");
        assert!(error.contains("line 1") && error.contains("did you mean listen"), "{error}");
        for (url, expected) in [("http://uis.example", "must begin with https://"), ("https://uis.example/?a", "without ?")] {
            let error = Config::parse(&SMALL.replace("https://uis.example/crm", url), Path::new("/")).expect_err(url);
            assert!(error.contains(expected), "{url}: {error}");
        }
        assert!(Config::parse(&SMALL.replace("https://uis.example/crm", "http://127.0.0.1:8080"), Path::new("/")).is_ok());
    }
}
