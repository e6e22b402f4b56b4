//! `replay --record FILE`: writes the recording with an `exchange` line for each request of its replay.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use uis_harness::exchanges::recorder::Recorder;
use uis_harness::exchanges::writer::Writer;
use uis_harness::recording;

use super::source::{self, Source};

/// The recording that is being written.
pub struct Record {
    recorder: Arc<Recorder>,
    writer: Option<Writer<Source, BufWriter<File>>>,
    /// The first error; nothing more is written after it.
    failed: Option<io::Error>,
    /// Written first, so that a recording can be replaced by its own replay, and is never there by half.
    part: PathBuf,
    target: PathBuf,
}

impl Record {
    /// Begins to write `target`, a copy of the recording at `path` with what the recorder notes. `several`: the recording has several
    /// integrations.
    pub fn begin(path: &Path, target: &Path, several: bool, recorder: Arc<Recorder>) -> Result<Record> {
        if target.is_dir() {
            bail!("--record {}: is a folder; give the name of a file in it", target.display());
        }
        let target = &own_place(target)?;
        super::finish_whoever_reads();
        let mut name = target.file_name().with_context(|| format!("--record {}: is not the name of a file", target.display()))?.to_owned();
        name.push(".part");
        let part = target.with_file_name(name);
        let open = source::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let out = File::create(&part).with_context(|| format!("--record: {} cannot be written", part.display()))?;
        let writer = Writer::new(open, BufWriter::new(out), several);
        let writer = writer.with_context(|| format!("--record: {} cannot be written", part.display()))?;
        Ok(Record { recorder, writer: Some(writer), failed: None, part, target: target.to_owned() })
    }

    /// The replay has read `bytes` of the recording, and played them.
    pub fn follow(&mut self, bytes: u64) {
        let exchanges = self.recorder.take();
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.follow(bytes, exchanges)
        {
            (self.writer, self.failed) = (None, Some(error));
        }
    }

    /// Writes the rest, and gives the file its name.
    pub fn finish(mut self) -> Result<()> {
        let exchanges = self.recorder.take();
        let written = match (self.writer.take(), self.failed.take()) {
            (Some(writer), _) => writer.finish(exchanges).map(drop),
            (None, failed) => Err(failed.unwrap_or_else(|| io::ErrorKind::Other.into())),
        };
        written
            .and_then(|()| std::fs::rename(&self.part, &self.target))
            .with_context(|| format!("--record {} cannot be written", self.target.display()))
    }
}

/// The file that a name leads to, through links. Only a recording is replaced.
fn own_place(target: &Path) -> Result<PathBuf> {
    let Ok(about) = std::fs::metadata(target) else { return Ok(target.to_owned()) };
    if !about.is_file() {
        bail!("--record {}: is no ordinary file; give the name of one", target.display());
    }
    let place = target.canonicalize().with_context(|| format!("--record {}: cannot be read", target.display()))?;
    let is_recording = about.len() == 0 || source::open(&place).is_ok_and(|file| recording::open(file).is_ok());
    if !is_recording {
        bail!("--record {}: exists and is no recording, so it is not replaced; give another name", target.display());
    }
    Ok(place)
}

impl Drop for Record {
    fn drop(&mut self) {
        // After a success it has another name. After a failure half a recording is of no use.
        let _ = std::fs::remove_file(&self.part);
    }
}
