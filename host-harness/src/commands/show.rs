//! `uis-host show FILE --html`: replays a recording and writes one page that shows what happened.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use uis_harness::page::Page;

use super::say;
use super::watched::WatchedArguments;
use crate::exit_status::OK;

/// The beginning of a page, in any case.
const BEGIN: &[u8] = b"<!DOCTYPE html";

/// Write one HTML page with the time line, the requests and the effects of a recording
#[derive(Debug, Args)]
pub struct ShowArguments {
    #[command(flatten)]
    watched: WatchedArguments,
    /// Write HTML, the only format so far
    #[arg(long, required = true)]
    html: bool,
    /// Write to this file in place of standard output
    #[arg(long, short, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// Checks that a file which exists is an earlier page: a slip must not cost a recording.
fn check_replaced(file: &Path) -> Result<()> {
    let Ok(mut open) = std::fs::File::open(file) else { return Ok(()) };
    if !open.metadata().is_ok_and(|about| about.is_file() && about.len() > 0) {
        return Ok(());
    }
    let mut begin = [0; BEGIN.len()];
    let is_page = open.read_exact(&mut begin).is_ok() && begin.eq_ignore_ascii_case(BEGIN);
    if !is_page {
        bail!("{} exists and is no page, so it is not replaced; give another --output", file.display());
    }
    Ok(())
}

/// Runs the command.
pub async fn run(arguments: ShowArguments) -> Result<u8> {
    let shown = arguments.watched.replay(Page::new).await?;
    let path = &arguments.watched.recording;
    let title = if shown.header.name.is_empty() { path.display().to_string() } else { shown.header.name };
    let html = shown.watcher.to_html(&title);
    match &arguments.output {
        None => say(&html),
        Some(file) => {
            check_replaced(file)?;
            std::fs::write(file, html).with_context(|| format!("{} cannot be written", file.display()))?;
            eprintln!("{} was written", file.display());
        }
    }
    Ok(OK)
}
