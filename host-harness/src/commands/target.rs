//! Where a replay writes: names a real account before anything is sent to it, asks, and says what is withheld from it.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use uis_harness::crm::elsewhere::Server;
use uis_harness::crm::protocol::Answers;
use uis_harness::guard::withhold::{What, Withheld};
use uis_harness::recording::Header;
use uis_host::ports::Egress;

/// How many shops of an account are named.
const SHOPS: usize = 5;
/// The largest answer that is read to name an account, in bytes.
const ANSWER_BYTES: usize = 1 << 20;
/// Longer fields of a withheld request are cut to this many characters.
const FIELD_CHARS: usize = 300;

/// Options for a CRM that is given by --crm or --credentials.
#[derive(Debug, Args)]
pub struct TargetArguments {
    /// Answer writing requests on this machine and list them; reads go to the CRM
    #[arg(long, conflicts_with = "strict", help_heading = "Real accounts")]
    dry_run: bool,
    /// Write into a real account without asking first
    #[arg(long, help_heading = "Real accounts")]
    yes: bool,
    /// Let the replay register and change the integration's module in a real account
    #[arg(long, help_heading = "Real accounts")]
    register_module: bool,
    /// What becomes of the recording's crm: load it into the simulator at --crm, or keep what the CRM contains
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "strict", help_heading = "Real accounts")]
    crm_content: Option<Content>,
}

/// What becomes of the content that a recording gives its CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Content {
    /// It replaces what the simulator contains
    Load,
    /// The CRM is used as it is
    Keep,
}

impl TargetArguments {
    /// Whether requests are withheld from a CRM in this process too.
    pub fn withheld_within(&self) -> Option<What> {
        self.dry_run.then_some(What::Writes)
    }

    /// Checks that these recordings may be replayed against a server, and asks if it is a real account. Returns what is withheld from it.
    /// `credentials` is the name under which its access is stored.
    pub async fn permitted(&self, server: &Server, credentials: Option<&str>, recordings: &[(&Path, &Header)]) -> Result<Option<What>> {
        let answers = server.answers().await;
        for (path, header) in recordings {
            self.check_content(answers, server, header).map_err(|error| anyhow!("{}:1: {error}", path.display()))?;
        }
        if self.dry_run {
            return Ok(Some(What::Writes));
        }
        // Nothing can be written where nobody answers.
        if answers != Answers::Other {
            return Ok(None);
        }
        if !self.yes {
            ask(server, credentials, recordings.len()).await?;
        }
        Ok((!self.register_module).then_some(What::Registration))
    }

    fn check_content(&self, answers: Answers, server: &Server, header: &Header) -> Result<()> {
        let contents = contents(header);
        let at = server.base();
        match (self.crm_content, contents.as_slice()) {
            (_, []) | (Some(Content::Keep), _) => Ok(()),
            (None, _) => {
                let load = if answers == Answers::Other { "" } else { "--crm-content load to load it into the simulator there, or " };
                bail!("the recording has a crm, but {at} has content of its own; give {load}--crm-content keep to use what is there")
            }
            (Some(Content::Load), _) if self.dry_run => bail!("--crm-content load: would replace what {at} contains; leave out --dry-run"),
            (Some(Content::Load), _) if answers != Answers::Simulator => {
                bail!("--crm-content load: {at} is no simulator on this machine that serves /_simulator (docs/simulator.md)")
            }
            (Some(Content::Load), [_]) => Ok(()),
            (Some(Content::Load), several) => {
                bail!("--crm-content load: the recording has {} different crm, but {at} is one account", several.len())
            }
        }
    }

    /// Loads the recording's content into the simulator, if that is wished.
    pub async fn load(&self, server: &Server, header: &Header) -> Result<()> {
        if let (Some(Content::Load), Some(control), [content]) = (self.crm_content, server.control(), contents(header).as_slice()) {
            control.reset(content).await.map_err(|error| anyhow!("crm: {error}"))?;
        }
        Ok(())
    }
}

/// The different contents that a recording gives its CRM.
fn contents(header: &Header) -> Vec<&Value> {
    let all = header.integrations.iter().map(|integration| &integration.crm).chain(header.credentials.iter().map(|entry| &entry.crm));
    let mut contents: Vec<&Value> = Vec::new();
    for content in all.filter(|content| **content != json!({})) {
        if !contents.contains(&content) {
            contents.push(content);
        }
    }
    contents
}

/// Names a real account and asks whether to go on. The error says why the replay is not run.
async fn ask(server: &Server, credentials: Option<&str>, recordings: usize) -> Result<()> {
    let address = server.base().as_str().trim_end_matches('/').to_owned();
    if !std::io::stdin().is_terminal() {
        bail!(
            "the replay would write into the account at {address}; give --yes to allow it, or --dry-run to only list what would be written"
        );
    }
    let host = server.base().host_str().unwrap_or_default();
    let account = host.split('.').next().unwrap_or_default();
    eprintln!("This replay writes into an account that is no simulator:");
    eprintln!("  address      {address}");
    eprintln!("  account      {account}{}", shops(server).await.map(|shops| format!(", shops: {shops}")).unwrap_or_default());
    if let Some(name) = credentials {
        eprintln!("  credentials  {name}");
    }
    eprintln!("  recordings   {recordings}");
    eprint!("--dry-run would only list what is written. Write into it? [yes/no] ");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the answer cannot be read")?;
    if !matches!(line.trim(), "yes" | "y") {
        bail!("nothing was written into {address}");
    }
    Ok(())
}

/// The names of the account's shops, if it can be read and is RetailCRM's.
async fn shops(server: &Server) -> Option<String> {
    let uri = server.base().join("/api/v5/reference/sites").ok()?;
    let request = http::Request::get(uri.as_str()).header("X-API-KEY", server.key().expose_secret()).body(Bytes::new()).ok()?;
    let answer = server.network().send(request, ANSWER_BYTES).await.ok()?;
    let answer: Value = serde_json::from_slice(answer.body()).ok()?;
    let names: Vec<&str> = answer["sites"].as_object()?.values().filter_map(|site| site["name"].as_str()).collect();
    let more = names.len().saturating_sub(SHOPS);
    let named = names.iter().take(SHOPS).copied().collect::<Vec<_>>().join(", ");
    Some(if more > 0 { format!("{named} and {more} more") } else { named })
}

/// The list of withheld requests, for people.
pub fn listed(withheld: &[Withheld]) -> String {
    let mut out = String::new();
    if !withheld.is_empty() {
        out += &format!("requests that were not sent: {}\n", withheld.len());
    }
    for Withheld { line, method, path, fields, .. } in withheld {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!(" {name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        let cut: String = fields.chars().take(FIELD_CHARS).collect();
        let end = if cut.len() < fields.len() { "…" } else { "" };
        out += &format!("  line {line} {method} {path}{cut}{end}\n");
    }
    out
}
