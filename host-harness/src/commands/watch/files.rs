//! The files that a replay depends on, and whether they have changed. Whoever watches folders is woken by much that is no change: by files
//! that builds write, and by several events of one save. So the files are looked at: their times and sizes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use notify::{RecursiveMode, Watcher};
use uis_harness::build;

use crate::commands::find;
use crate::commands::replay::ReplayArguments;
use crate::commands::rules::is_made_by_tools;

/// Time of modification and size of each file that is there.
pub type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Most files of one folder; a home folder given by mistake has more.
const MOST: usize = 20_000;

/// What a replay depends on.
pub struct Files {
    /// Single files: recordings, settings, limits, components, and the sources of the plugin that stand elsewhere.
    single: BTreeSet<PathBuf>,
    /// Folders of crates and rules, whose files all count.
    folders: BTreeSet<PathBuf>,
}

impl Files {
    /// The files of a replay's arguments.
    pub fn of(arguments: &ReplayArguments) -> Result<Files> {
        let mut files = Files { single: BTreeSet::new(), folders: BTreeSet::new() };
        let single = arguments.files.iter().chain(&arguments.settings).chain(&arguments.limits.file);
        for path in single {
            files.single.insert(absolute(path)?);
        }
        let plugin = find(&arguments.plugin)?;
        for path in arguments.rules.paths()?.iter().chain([&plugin]) {
            let path = absolute(path)?;
            if !path.is_dir() {
                files.single.insert(path);
                continue;
            }
            // Path dependencies and the contract stand elsewhere.
            files.single.extend(build::sources_of(&path));
            files.folders.insert(path);
        }
        Ok(files)
    }

    /// Watches the folders in which the files stand. Folders that are watched already stay so.
    pub fn watch(&self, watcher: &mut impl Watcher) -> Result<()> {
        let mut folders: BTreeSet<PathBuf> = self.single.iter().filter_map(|file| Some(file.parent()?.to_owned())).collect();
        for folder in &self.folders {
            walk(folder, &mut |path, is_folder| {
                if is_folder {
                    folders.insert(path.to_owned());
                }
            });
        }
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            watcher.watch(folder, RecursiveMode::NonRecursive).with_context(|| format!("{} cannot be watched", folder.display()))?;
        }
        Ok(())
    }

    /// The files as they are now.
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::new();
        let mut look = |path: &Path| {
            if let Ok(data) = path.metadata() {
                seen.insert(path.to_owned(), (data.modified().ok(), data.len()));
            }
        };
        self.single.iter().for_each(|file| look(file));
        for folder in &self.folders {
            walk(folder, &mut |path, is_folder| {
                if !is_folder {
                    look(path);
                }
            });
        }
        seen
    }

    /// Adds the files that were not known before, such as sources that the first build found: they have not changed.
    pub fn see_further(&self, before: &Files, seen: &mut Seen) {
        let now = self.seen();
        let further = self.single.difference(&before.single).filter_map(|path| Some((path.clone(), *now.get(path)?)));
        seen.extend(further);
    }

    /// The names of the files that are new, gone or different.
    pub fn changed_since(&self, before: &Seen) -> Vec<String> {
        let now = self.seen();
        let paths: BTreeSet<&PathBuf> = before.keys().chain(now.keys()).collect();
        let changed = paths.into_iter().filter(|path| before.get(*path) != now.get(*path));
        changed.map(|path| relative(path).display().to_string()).collect()
    }
}

/// An absolute path. The file need not exist: an editor may be about to replace it.
fn absolute(path: &Path) -> Result<PathBuf> {
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(_) => std::path::absolute(path).with_context(|| path.display().to_string()),
    }
}

/// The path from the current folder, if it is below that.
fn relative(path: &Path) -> &Path {
    let here = std::env::current_dir().and_then(|folder| folder.canonicalize());
    here.ok().and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
}

/// Visits a folder, the folders below it and their files, but for what builds and editors write. `visit` gets whether it is a folder.
fn walk(folder: &Path, visit: &mut dyn FnMut(&Path, bool)) {
    let mut left = MOST;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        visit(&folder, true);
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if left == 0 || is_ignored(&name) {
                continue;
            }
            left -= 1;
            // A symbolic link is not followed: it may lead above.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                _ => visit(&path, false),
            }
        }
    }
}

/// Whether a file's or folder's name is one that builds, version control and editors use for their own files.
fn is_ignored(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || name == "target" || name == "Cargo.lock" || is_made_by_tools(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    #[test]
    fn only_files_that_people_write_are_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().canonicalize().expect("a path");
        let files = Files { single: BTreeSet::from([path.join("a.jsonl")]), folders: BTreeSet::from([path.join("plugin")]) };
        put(&path, "plugin/src/lib.rs", "1");
        let before = files.seen();
        for made in ["plugin/target/x/y.rs", "plugin/Cargo.lock", "plugin/.git/x", "plugin/src/.lib.rs.swp", "plugin/rule.wasm", "b.jsonl"]
        {
            put(&path, made, "1");
        }
        assert_eq!(files.changed_since(&before), [""; 0]);
        put(&path, "plugin/src/lib.rs", "12");
        put(&path, "plugin/src/deep/new.rs", "1");
        put(&path, "a.jsonl", "1");
        let names = files.changed_since(&before);
        assert_eq!(names.len(), 3, "{names:?}");
        let before = files.seen();
        std::fs::remove_file(path.join("a.jsonl")).expect("removed");
        assert_eq!(files.changed_since(&before).len(), 1);
    }
}
