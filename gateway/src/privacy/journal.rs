//! The journal of erasures: a file outside the store and its backups, with one JSON object a line. It has what the store's tombstones have, so
//! that a store that is restored from a backup can be brought up to date.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tombstones::{Digest, Tombstone};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// When the person was erased, in milliseconds since 1970.
    at: i64,
    integration: String,
    kind: String,
    digest: String,
    /// The name of the key of the digest.
    key: String,
    /// The checksum of the other members.
    sum: u32,
}

impl Line {
    fn of(tombstone: &Tombstone, key: &str) -> Line {
        let Tombstone { integration, kind, digest, at } = tombstone;
        let line =
            Line { at: *at, integration: integration.clone(), kind: kind.clone(), digest: digest.written(), key: key.to_owned(), sum: 0 };
        Line { sum: line.expected_sum(), ..line }
    }

    fn expected_sum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for part in [&self.at.to_string(), &self.integration, &self.kind, &self.digest, &self.key] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize()
    }

    fn tombstone(self) -> Option<(Tombstone, String)> {
        let digest = Digest::parse(&self.digest)?;
        let sound = self.sum == self.expected_sum();
        sound.then_some((Tombstone { integration: self.integration, kind: self.kind, digest, at: self.at }, self.key))
    }
}

/// The journal.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

/// What a journal has.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The tombstones whose digests were made with the key.
    pub tombstones: Vec<Tombstone>,
    /// How many were made with another key, so that nothing can be compared with them.
    pub other_key: usize,
    /// The numbers of lines that are damaged.
    pub damaged: Vec<usize>,
}

impl Journal {
    /// The journal in a file, which need not exist.
    pub fn at(path: PathBuf) -> Journal {
        Journal { path }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends tombstones whose digests were made with the key of this name. They are on disk when this returns. The error names the file.
    pub fn append(&self, tombstones: &[Tombstone], key: &str) -> Result<(), String> {
        self.written(tombstones, key).map_err(|error| self.failed(&error))
    }

    fn written(&self, tombstones: &[Tombstone], key: &str) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        let mut text = String::new();
        // A process that was killed may have left half a line.
        if !ends_with_line(&mut file)? {
            text.push('\n');
        }
        for tombstone in tombstones {
            text.push_str(&serde_json::to_string(&Line::of(tombstone, key)).map_err(io::Error::other)?);
            text.push('\n');
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    }

    /// Reads the journal. One that does not exist is empty. The last line may be half a line, which a killed process left: its erasure was
    /// not begun.
    pub fn read(&self, key: &str) -> Result<Written, String> {
        let mut bytes = Vec::new();
        match File::open(&self.path).and_then(|mut file| file.read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Written::default()),
            Err(error) => return Err(self.failed(&error)),
        }
        let mut written = Written::default();
        let whole = bytes.ends_with(b"\n");
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            match serde_json::from_slice::<Line>(line).ok().and_then(Line::tombstone) {
                Some((tombstone, made_with)) if made_with == key => written.tombstones.push(tombstone),
                Some(_) => written.other_key += 1,
                None if at + 1 == lines.len() && !whole => {}
                None => written.damaged.push(at + 1),
            }
        }
        Ok(written)
    }

    fn failed(&self, error: &io::Error) -> String {
        format!("the journal of erasures {}: {error}; see [erasure] journal in the configuration", self.path.display())
    }
}

fn ends_with_line(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::privacy::tombstones::DIGEST_BYTES;

    fn tombstone(byte: u8) -> Tombstone {
        Tombstone { integration: "магазин".into(), kind: "phone".into(), digest: Digest([byte; DIGEST_BYTES]), at: i64::from(byte) }
    }

    #[test]
    fn what_was_appended_is_read_whatever_a_killed_process_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::at(folder.path().join("new/erasures.journal"));
        assert_eq!(journal.read("k"), Ok(Written::default()));
        journal.append(&[tombstone(1), tombstone(2)], "k").expect("written");
        let whole = std::fs::read(journal.path()).expect("there");
        std::fs::write(journal.path(), &whole[..whole.len() - 9]).expect("torn");
        assert_eq!(journal.read("k").expect("readable").tombstones, [tombstone(1)]);
        journal.append(&[tombstone(3)], "k").expect("written");
        journal.append(&[tombstone(4)], "other").expect("written");
        let read = journal.read("k").expect("readable");
        assert_eq!((read.tombstones, read.other_key, read.damaged), (vec![tombstone(1), tombstone(3)], 1, vec![2]));
        assert_eq!(std::fs::metadata(journal.path()).expect("there").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_changed_line_is_no_tombstone_and_an_unreadable_file_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::at(folder.path().join("erasures.journal"));
        journal.append(&[tombstone(1)], "k").expect("written");
        let changed = std::fs::read_to_string(journal.path()).expect("there").replace("\"at\":1", "\"at\":2");
        std::fs::write(journal.path(), changed).expect("written");
        assert_eq!(journal.read("k").expect("readable").damaged, [1]);
        let error = Journal::at(folder.path().to_owned()).read("k").expect_err("a folder");
        assert!(error.contains("[erasure] journal"), "{error}");
    }
}
