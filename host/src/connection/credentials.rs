//! Credentials of remote systems, stored by name. The account's owner enters them once and can choose them for further integrations. A key
//! leaves the host only in the header of a request.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

/// The longest name, in characters.
const NAME_MAX: usize = 100;

/// Access to one remote system.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The base URL: scheme, host, port.
    pub base: Url,
    /// The secret key.
    pub key: SecretString,
}

/// Credentials by name.
#[derive(Debug, Clone, Default)]
pub struct Vault {
    entries: BTreeMap<String, Credentials>,
}

/// Why credentials were not accepted or not found.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The name is invalid.
    #[error("{0:?} cannot be a name of credentials: use 1 to {NAME_MAX} characters and no control characters")]
    Name(String),
    /// Other credentials have this name.
    #[error("credentials named {0:?} exist already; use them, remove them, or choose another name")]
    Taken(String),
    /// No credentials have this name.
    #[error("there are no credentials named {name:?}; known names: {known}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names of all credentials, separated by commas.
        known: String,
    },
    /// The key is empty or contains characters that an HTTP header cannot hold.
    #[error("the key of {0:?} is empty or contains spaces or characters other than ASCII; enter it again")]
    Key(String),
    /// The file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The file's content is invalid.
    #[error("{path} is not a valid credentials file ({error}); repair it or remove it")]
    Broken {
        /// The file.
        path: PathBuf,
        /// The position and the reason.
        error: serde_json::Error,
    },
}

/// An entry of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    name: String,
    url: Url,
    key: String,
}

impl Vault {
    /// Adds credentials under a new name. Spaces around the name are removed.
    pub fn add(&mut self, name: &str, base: Url, key: SecretString) -> Result<(), VaultError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(VaultError::Name(name.to_owned()));
        }
        if self.entries.contains_key(name) {
            return Err(VaultError::Taken(name.to_owned()));
        }
        let text = key.expose_secret();
        if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(VaultError::Key(name.to_owned()));
        }
        self.entries.insert(name.to_owned(), Credentials { base, key });
        Ok(())
    }

    /// The credentials with this name.
    pub fn choose(&self, name: &str) -> Result<&Credentials, VaultError> {
        self.entries.get(name.trim()).ok_or_else(|| self.unknown(name))
    }

    /// Removes credentials. Integrations that use them can no longer reach their remote system.
    pub fn remove(&mut self, name: &str) -> Result<(), VaultError> {
        self.entries.remove(name.trim()).map(|_| ()).ok_or_else(|| self.unknown(name))
    }

    /// Names and base URLs, sorted by name. Keys are not included.
    pub fn list(&self) -> impl Iterator<Item = (&str, &Url)> {
        self.entries.iter().map(|(name, credentials)| (name.as_str(), &credentials.base))
    }

    fn unknown(&self, name: &str) -> VaultError {
        let known: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        VaultError::Unknown { name: name.to_owned(), known: if known.is_empty() { "none".into() } else { known.join(", ") } }
    }

    /// Reads a file. A file that does not exist contains no credentials.
    pub fn open(path: &Path) -> Result<Vault, VaultError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vault::default()),
            Err(error) => return Err(VaultError::File { path: path.to_owned(), error }),
        };
        let stored: Vec<Stored> = serde_json::from_slice(&text).map_err(|error| VaultError::Broken { path: path.to_owned(), error })?;
        let mut vault = Vault::default();
        for entry in stored {
            vault.add(&entry.name, entry.url, entry.key.into())?;
        }
        Ok(vault)
    }

    /// Writes the file through a temporary one, so that it is never half written. Only the owner of the file may read it (mode 0600).
    pub fn save(&self, path: &Path) -> Result<(), VaultError> {
        let failed = |error: io::Error| VaultError::File { path: path.to_owned(), error };
        let stored: Vec<Stored> = self
            .entries
            .iter()
            .map(|(name, credentials)| Stored {
                name: name.clone(),
                url: credentials.base.clone(),
                key: credentials.key.expose_secret().to_owned(),
            })
            .collect();
        let text = serde_json::to_vec_pretty(&stored).map_err(|error| failed(error.into()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let beside = folder.join(format!(".{}.new", path.file_name().unwrap_or_default().to_string_lossy()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&beside, path)).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn credentials_are_chosen_by_name_and_their_keys_are_never_shown() {
        let mut vault = Vault::default();
        vault.add(" Основной магазин ", url("https://demo.example"), "s3cret".to_owned().into()).expect("taken");
        assert_eq!(vault.choose("Основной магазин").expect("there").key.expose_secret(), "s3cret");
        assert!(matches!(vault.add("Основной магазин", url("https://x.example"), "k".to_owned().into()), Err(VaultError::Taken(_))));
        for key in ["", "a b", "a\r\nX: 1", "ключ"] {
            assert!(matches!(vault.add("other", url("https://x.example"), key.to_owned().into()), Err(VaultError::Key(_))), "{key:?}");
        }
        for name in ["", " ", "a\nb"] {
            assert!(matches!(vault.add(name, url("https://x.example"), "k".to_owned().into()), Err(VaultError::Name(_))), "{name:?}");
        }
        let error = vault.choose("Второй").expect_err("not there").to_string();
        assert!(error.contains("Основной магазин"), "{error}");
        assert!(!format!("{vault:?} {:?}", vault.list().collect::<Vec<_>>()).contains("s3cret"));
    }

    #[test]
    fn a_file_preserves_credentials_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/credentials.json");
        assert_eq!(Vault::open(&path).expect("none yet").list().count(), 0);
        let mut vault = Vault::default();
        vault.add("main", url("https://demo.example"), "s3cret".to_owned().into()).expect("taken");
        vault.save(&path).expect("written");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).expect("there").permissions()) & 0o777, 0o600);
        let read = Vault::open(&path).expect("readable");
        assert_eq!(read.choose("main").expect("there").key.expose_secret(), "s3cret");
        fs::write(&path, "nonsense").expect("written");
        assert!(matches!(Vault::open(&path), Err(VaultError::Broken { .. })));
    }
}
