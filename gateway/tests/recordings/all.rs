//! The recordings of the tree.

use std::path::PathBuf;

use uis_test_support::{recordings, root};

/// All recordings, those of single settings too: their name and file.
pub fn all() -> Vec<(String, PathBuf)> {
    let mut all = recordings();
    for folder in ["calls", "texts"] {
        let folder = root().join("tests/recordings/settings").join(folder);
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                all.push((format!("settings.{}", path.file_stem().expect("a name").to_string_lossy()), path));
            }
        }
    }
    all.sort();
    all.dedup_by(|left, right| left.1 == right.1);
    all
}
