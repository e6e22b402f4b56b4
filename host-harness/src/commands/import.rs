//! `uis-host import PATH…`: makes a recording of captured webhooks.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use uis_harness::import::{Imported, Options, Remark, import};
use uis_harness::recording::foreign;

use super::say;
use super::watched::read_settings;
use crate::exit_status::{FAILED, OK, UNUSABLE};

/// How many guesses are listed one by one in the text output.
const GUESSES_SHOWN: usize = 20;

/// Make a recording of captured webhooks
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// Folders and files: bodies, JSON Lines, UIS's delivery log, HAR archives, recordings; - is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write the recording to this file, which must not exist; without it, to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file of --output if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// The type of notifications that do not name their type, like call_session_finished; without it, it is guessed
    #[arg(long = "type", value_name = "TYPE")]
    mnemonic: Option<String>,
    /// The UIS account in place of one that is made up: a JSON file with a recording's header, or with its account alone
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// The settings of the integration: a JSON object of settings by name; without them only pop-ups and the history of calls work
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The IANA time zone of times without one; without it, the account's, or Europe/Moscow
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// The recording's title
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Print one JSON object about the import and nothing else
    #[arg(long, requires = "output")]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: ImportArguments) -> Result<u8> {
    if let Some(output) = arguments.output.as_deref().filter(|output| output.exists() && !arguments.force) {
        bail!("{} exists; give another file, or --force to replace it", output.display());
    }
    let account = arguments.account.as_deref().map(read_account).transpose()?;
    let settings = arguments.settings.as_deref().map(read_settings).transpose()?;
    let options = Options {
        paths: arguments.paths,
        mnemonic: arguments.mnemonic,
        account,
        settings,
        timezone: arguments.timezone,
        name: arguments.name,
        except: arguments.output.clone(),
    };
    let imported = import(&options).map_err(|error| anyhow!(error))?;
    if !imported.lines.is_empty() {
        match &arguments.output {
            Some(output) => write(output, &imported)?,
            None => say(&imported.text()),
        }
    }
    if arguments.json {
        say(&format!("{}\n", about(&imported)));
    } else {
        eprint!("{}", text(&imported));
    }
    Ok(match (imported.lines.is_empty(), imported.left_out.is_empty()) {
        (true, _) => UNUSABLE,
        (false, false) => FAILED,
        (false, true) => OK,
    })
}

fn read_account(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let why = foreign::named(error.as_bytes()).unwrap_or_else(|| "the file is not UTF-8".into());
        anyhow!("{}: {why}", path.display())
    })?;
    // The first line of a recording is a header, too.
    let first = text.lines().next().unwrap_or_default();
    serde_json::from_str(&text).or_else(|error| serde_json::from_str(first).map_err(|_| error)).with_context(|| path.display().to_string())
}

/// Writes the recording beside its place first, so that a full disk leaves no half of it.
fn write(output: &Path, imported: &Imported) -> Result<()> {
    let failed = || format!("{} cannot be written", output.display());
    if output.exists() && !output.is_file() {
        // A device or a pipe.
        let mut file = std::fs::File::create(output).with_context(failed)?;
        return file.write_all(imported.text().as_bytes()).with_context(failed);
    }
    let mut name = output.file_name().with_context(failed)?.to_owned();
    name.push(".part");
    let part = output.with_file_name(name);
    std::fs::write(&part, imported.text()).and_then(|()| std::fs::rename(&part, output)).with_context(failed)
}

fn about(imported: &Imported) -> Value {
    let count = |member: &str| imported.header["account"][member].as_array().map_or(0, Vec::len);
    json!({
        "lines": imported.lines.len(),
        "types": imported.types,
        "employees": count("employees"),
        "virtualNumbers": count("virtual_numbers"),
        "guessed": imported.guessed,
        "leftOut": imported.left_out,
        "other": imported.other,
        "notes": imported.notes,
    })
}

fn text(imported: &Imported) -> String {
    let at = |line: Option<&Value>| line.and_then(|line| line["at"].as_str()).unwrap_or_default().to_owned();
    let mut out = match imported.lines.len() {
        0 if imported.left_out.is_empty() && imported.other == 0 => {
            "nothing was imported: no notification of UIS and no request of RetailCRM was found (docs/recordings.md lists what is read)\n"
                .to_owned()
        }
        0 => "nothing was imported\n".to_owned(),
        count => format!("imported {count} lines, {} to {}\n", at(imported.lines.first()), at(imported.lines.last())),
    };
    for (name, count) in &imported.types {
        out.push_str(&format!("  {count:>6} {name}\n"));
    }
    if !imported.guessed.is_empty() {
        out.push_str(&format!("{} types were guessed (--type gives the type):\n", imported.guessed.len()));
        out.push_str(&guesses(&imported.guessed));
    }
    if !imported.left_out.is_empty() {
        out.push_str(&format!("{} were left out:\n", imported.left_out.len()));
        imported.left_out.iter().for_each(|Remark { place, why, .. }| out.push_str(&format!("  {place}: {why}\n")));
    }
    if imported.other > 0 {
        out.push_str(&format!("{} entries have nothing to do with UIS or with RetailCRM's requests\n", imported.other));
    }
    imported.notes.iter().for_each(|note| out.push_str(&format!("note: {note}\n")));
    out
}

/// The guesses; many are counted by their reason.
fn guesses(guessed: &[Remark]) -> String {
    let line = |remark: &Remark| format!("  {}: {}, because {}\n", remark.place, remark.kind.as_deref().unwrap_or_default(), remark.why);
    if guessed.len() <= GUESSES_SHOWN {
        return guessed.iter().map(line).collect();
    }
    let mut counted: BTreeMap<(&str, &str), (u64, &Remark)> = BTreeMap::new();
    for remark in guessed {
        counted.entry((remark.kind.as_deref().unwrap_or_default(), &remark.why)).or_insert((0, remark)).0 += 1;
    }
    let one =
        |((kind, why), (count, first)): (_, (u64, &Remark))| format!("  {count:>6} {kind}, because {why}; the first is {}\n", first.place);
    counted.into_iter().map(one).collect()
}
