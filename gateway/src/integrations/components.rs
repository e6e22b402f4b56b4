//! Components: the plugin's and the rules' bytes with their digest, and the folder with a copy of each that was put into use. So an earlier
//! version is still there when its file has been overwritten.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::Pinned;

/// What a digest begins with.
const SHA256: &str = "sha256:";
/// What the name of a component's file begins with.
const SHA256_FILE: &str = "sha256-";
/// Hexadecimal digits of a digest by which the names of compiled components begin.
const COMPILED_DIGITS: usize = 24;

/// `sha256:` and the hexadecimal digits of a digest.
pub fn digest_of(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{SHA256}{digits}")
}

/// A component that was read.
#[derive(Clone)]
pub struct Component {
    /// Where it came from, for messages.
    pub path: PathBuf,
    /// `sha256:` and its digest.
    pub digest: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

impl Component {
    /// A component that is in memory.
    pub fn of(path: &Path, bytes: impl Into<Arc<[u8]>>) -> Component {
        let bytes = bytes.into();
        Component { path: path.to_owned(), digest: digest_of(&bytes), bytes }
    }

    /// Reads a file that the configuration names. Refused when the digest is another than the configured one.
    pub fn read(pinned: &Pinned) -> Result<Component, String> {
        let path = pinned.path.display();
        let bytes = std::fs::read(&pinned.path).map_err(|error| format!("{path}: {error}"))?;
        let read = Component::of(&pinned.path, bytes);
        match &pinned.digest {
            Some(expected) if *expected != read.digest => Err(format!(
                "{path} has the digest {}, not {expected}; correct the digest, or put the file back that it belongs to",
                read.digest
            )),
            _ => Ok(read),
        }
    }
}

/// The folder `components` beside the store, with files named by their digest.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    compiled: PathBuf,
}

impl Shelf {
    /// The folder beside a store.
    pub fn beside(store: &Path) -> Shelf {
        Shelf { folder: store.with_file_name("components"), compiled: store.with_file_name("compiled") }
    }

    /// The file of a digest, whether it is there or not.
    pub fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{}.wasm", digest.replacen(':', "-", 1)))
    }

    /// The folder of compiled components.
    pub fn compiled(&self) -> &Path {
        &self.compiled
    }

    /// Keeps a copy. It is on disk when this returns; a reader never finds a part of it.
    pub fn keep(&self, component: &Component) -> Result<(), String> {
        let path = self.path(&component.digest);
        if self.read(&component.digest).is_ok() {
            return Ok(());
        }
        let unfinished = path.with_extension(format!("{}.part", std::process::id()));
        let write = || {
            std::fs::create_dir_all(&self.folder)?;
            let mut file = File::create(&unfinished)?;
            file.write_all(&component.bytes)?;
            file.sync_all()?;
            std::fs::rename(&unfinished, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| format!("{}: the component cannot be kept: {error}", path.display()))
    }

    /// Reads a component that was kept. The error says what to do.
    pub fn read(&self, digest: &str) -> Result<Component, String> {
        let path = self.path(digest);
        let bytes = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let read = Component::of(&path, bytes);
        match read.digest == digest {
            true => Ok(read),
            false => Err(format!("{} is damaged: its digest is {}", path.display(), read.digest)),
        }
    }

    /// Deletes copies of other components than these, and what was compiled of them. A file that cannot be deleted is logged.
    pub fn tidy(&self, keep: &[String]) {
        let kept: Vec<PathBuf> = keep.iter().map(|digest| self.path(digest)).collect();
        for path in files(&self.folder).filter(|path| !kept.contains(path)) {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(digits) = name.strip_prefix(SHA256_FILE).and_then(|digits| digits.get(..COMPILED_DIGITS)) else { continue };
            remove(&path);
            let compiled_of = |file: &Path| file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(digits));
            files(&self.compiled).filter(|file| compiled_of(file)).for_each(|file| remove(&file));
        }
    }
}

/// The files of a folder; none when it cannot be read.
fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "a component that nothing uses was not deleted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_kept_until_nothing_uses_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::beside(&folder.path().join("store.db"));
        let [first, second] = [Component::of(Path::new("a.wasm"), *b"first"), Component::of(Path::new("a.wasm"), *b"second")];
        for component in [&first, &second] {
            shelf.keep(component).expect("kept");
            assert_eq!(shelf.read(&component.digest).expect("read").bytes, component.bytes);
        }
        let compiled = |component: &Component| shelf.compiled().join(format!("{}-0.cwasm", &component.digest[7..31]));
        std::fs::create_dir(shelf.compiled()).expect("a folder");
        for component in [&first, &second] {
            std::fs::write(compiled(component), "machine code").expect("written");
        }
        shelf.tidy(std::slice::from_ref(&second.digest));
        assert!(!compiled(&first).exists() && compiled(&second).exists());
        assert!(shelf.read(&first.digest).is_err_and(|why| why.contains("sha256-")));
        std::fs::write(shelf.path(&second.digest), "other").expect("written");
        assert!(shelf.read(&second.digest).is_err_and(|why| why.contains("is damaged")));
        shelf.keep(&second).expect("mended");
        assert!(shelf.read(&second.digest).is_ok());
    }

    #[test]
    fn a_file_with_another_digest_than_the_configured_one_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("p.wasm");
        std::fs::write(&path, "bytes").expect("written");
        let pinned = |digest: String| Pinned { path: path.clone(), digest: Some(digest) };
        assert!(Component::read(&pinned(digest_of(b"bytes"))).is_ok());
        let error = Component::read(&pinned(digest_of(b"other"))).err().unwrap_or_default();
        assert!(error.contains(&digest_of(b"bytes")) && error.contains("correct the digest"), "{error}");
    }
}
