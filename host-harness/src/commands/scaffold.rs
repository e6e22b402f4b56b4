//! Writes a folder for somebody to begin with: all of it, or nothing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use uis_host::contract;

/// A folder that is being written.
pub struct Scaffold {
    folder: PathBuf,
}

impl Scaffold {
    /// Creates a folder, whose files `write` writes. It is written beside and renamed, so that a half-written folder is never found. Fails
    /// if the folder exists.
    pub fn create(folder: &Path, write: impl FnOnce(&Scaffold, &str) -> Result<()>) -> Result<()> {
        if folder.exists() {
            bail!("{} exists already; give a folder that does not", folder.display());
        }
        let name = folder.file_name().context("give the folder a name")?.to_string_lossy().into_owned();
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        let beside = parent.join(format!(".{name}.new"));
        if beside.exists() {
            std::fs::remove_dir_all(&beside).with_context(|| beside.display().to_string())?;
        }
        let written = write(&Scaffold { folder: beside.clone() }, &name);
        let moved = written.and_then(|()| std::fs::rename(&beside, folder).with_context(|| folder.display().to_string()));
        if moved.is_err() {
            let _ = std::fs::remove_dir_all(&beside);
        }
        moved
    }

    /// Writes a file.
    pub fn put(&self, path: &str, text: &str) -> Result<()> {
        let path = self.folder.join(path);
        let parent = path.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text)).with_context(|| path.display().to_string())
    }

    /// Writes the contract into `wit/`.
    pub fn put_contract(&self) -> Result<()> {
        contract::FILES.iter().try_for_each(|(file, text)| self.put(&format!("wit/{file}"), text))
    }
}

/// A package name from a folder's name: lower-case letters, digits and hyphens, beginning with a letter. `kind` stands before a name that
/// would begin otherwise.
pub fn package(kind: &str, name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let package: String = name.chars().map(kept).collect();
    let package = package.trim_matches('-');
    if package.starts_with(|c: char| c.is_ascii_alphabetic()) {
        package.to_owned()
    } else {
        format!("{kind}-{package}").trim_end_matches('-').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names_have_letters_digits_and_hyphens() {
        let of = |name: &str| package("rule", name);
        assert_eq!([of("Мой rule"), of("2nd"), of("VIP_one"), of("мой")], ["rule", "rule-2nd", "vip-one", "rule"]);
    }

    #[test]
    fn a_folder_that_fails_half_way_is_not_there() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("x");
        let failed = Scaffold::create(&folder, |scaffold, _| {
            scaffold.put("a", "a")?;
            bail!("no")
        });
        assert!(failed.is_err() && std::fs::read_dir(parent.path()).expect("a folder").next().is_none());
    }
}
