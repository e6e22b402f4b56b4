//! Finds and reads the files that are to be imported.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::Place;
use crate::recording::foreign;

/// A file.
pub(super) struct Source {
    /// The file's name.
    pub(super) place: Place,
    /// Its text, or why it has none.
    pub(super) text: Result<String, String>,
    /// When it was last changed, in milliseconds since 1970.
    pub(super) modified: Option<i64>,
}

/// All files of these paths, those of a folder in the order of their names. Files whose names begin with a dot are left out, unless they are
/// named themselves. The error names a path that does not exist.
pub(super) fn all(paths: &[PathBuf], except: Option<&Path>) -> Result<Vec<Source>, String> {
    let except = except.and_then(|path| path.canonicalize().ok());
    let mut found = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.push(standard_input());
            continue;
        }
        let about = std::fs::metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if about.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(read(path));
        }
    }
    let is_output = |source: &Source| except.is_some() && Path::new(&source.place.file).canonicalize().ok() == except;
    let count = found.len();
    found.retain(|source| !is_output(source));
    if found.is_empty() && count > 0 {
        return Err("the only file that was given is the one to be written; give another --output".into());
    }
    if found.is_empty() {
        return Err("there are no files in what was given".into());
    }
    Ok(found)
}

fn walk(folder: &Path, found: &mut Vec<Source>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut entries: Vec<_> = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link to a folder is not followed: it may lead to a folder above.
        let kind = entry.file_type().map_err(failed)?;
        let path = entry.path();
        if kind.is_dir() {
            walk(&path, found)?;
        } else if path.is_file() {
            found.push(read(&path));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Source {
    let place = Place { file: path.display().to_string(), ..Place::default() };
    let modified = path.metadata().and_then(|about| about.modified()).ok();
    let modified = modified.and_then(|time| i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok());
    let text = std::fs::read(path).map_err(|error| format!("the file cannot be read: {error}")).and_then(text);
    Source { place, text, modified }
}

fn standard_input() -> Source {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    let text = read.map_err(|error| format!("standard input cannot be read: {error}")).and_then(|_| text(bytes));
    Source { place: Place { file: "-".into(), ..Place::default() }, text, modified: None }
}

/// The text of a file, without the byte order mark that some editors write.
fn text(bytes: Vec<u8>) -> Result<String, String> {
    if let Some(name) = foreign::named(&bytes) {
        return Err(name);
    }
    let text = String::from_utf8(bytes).map_err(|error| format!("the file is not UTF-8: {}", error.utf8_error()))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}
