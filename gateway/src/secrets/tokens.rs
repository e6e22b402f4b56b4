//! The administrators' tokens: named, random, shown once, stored as digests.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::sealing::{check_mode, write_new};

/// The file of the tokens.
pub struct Tokens {
    path: PathBuf,
    /// SHA-256 of each token in hexadecimal digits, by name.
    digests: BTreeMap<String, String>,
}

fn digest(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Tokens {
    /// Reads a file; one that does not exist has no tokens. Fails when others may read the file.
    pub fn open(path: &Path) -> Result<Tokens, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the tokens {}: {error}", path.display());
        let mut text = Vec::new();
        match File::open(path) {
            Ok(mut file) => {
                check_mode(&file, path)?;
                file.read_to_end(&mut text).map_err(|error| failed(&error))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => text.extend_from_slice(b"{}"),
            Err(error) => return Err(failed(&error)),
        }
        let digests = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
        Ok(Tokens { path: path.to_owned(), digests })
    }

    /// Makes a token. It can never be shown again.
    pub fn add(&mut self, name: &str) -> Result<SecretString, String> {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(format!("{name:?} cannot be the name of a token"));
        }
        let _changing = self.locked()?;
        if self.digests.contains_key(name) {
            return Err(format!("a token named {name:?} exists already; remove it first: token remove {name}"));
        }
        let token = super::random()?;
        self.digests.insert(name.to_owned(), digest(token.expose_secret()));
        self.save()?;
        Ok(token)
    }

    /// Removes a token; it is not accepted any more once the file is written.
    pub fn remove(&mut self, name: &str) -> Result<(), String> {
        let _changing = self.locked()?;
        if self.digests.remove(name).is_none() {
            return Err(format!("there is no token named {name:?}; known: {}", self.names().collect::<Vec<_>>().join(", ")));
        }
        self.save()
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.digests.keys().map(String::as_str)
    }

    /// The name of a presented token; none when it is unknown. Digests are compared, in constant time.
    pub fn name_of(&self, shown: &str) -> Option<&str> {
        let shown = digest(shown);
        let same = |known: &String| bool::from(known.as_bytes().ct_eq(shown.as_bytes()));
        self.digests.iter().filter(|(_, known)| same(known)).map(|(name, _)| name.as_str()).next_back()
    }

    /// Reads the file again and keeps other commands from changing it, until the returned file is dropped.
    fn locked(&mut self) -> Result<File, String> {
        let failed = |error: io::Error| format!("the tokens {}: {error}", self.path.display());
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let lock = File::options().create(true).truncate(false).write(true).open(self.path.with_extension("lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        *self = Tokens::open(&self.path)?;
        Ok(lock)
    }

    fn save(&self) -> Result<(), String> {
        let failed = |error: io::Error| format!("the tokens {}: {error}", self.path.display());
        let text = serde_json::to_vec_pretty(&self.digests).map_err(|error| failed(error.into()))?;
        let beside = self.path.with_extension(format!("new-{}", std::process::id()));
        write_new(&beside, &text).and_then(|()| fs::rename(&beside, &self.path)).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_known_by_its_digest_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        let token = Tokens::open(&path).expect("none yet").add("anna").expect("new");
        let mut tokens = Tokens::open(&path).expect("readable");
        assert_eq!(tokens.name_of(token.expose_secret()), Some("anna"));
        assert_eq!(tokens.name_of("anna"), None);
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(&path).expect("there").contains(token.expose_secret()));
        assert!(tokens.add("anna").err().unwrap_or_default().contains("exists already"));
        assert!(tokens.add("\n").err().unwrap_or_default().contains("cannot be the name"));
        assert!(tokens.remove("olga").expect_err("unknown").contains("known: anna"));
        tokens.remove("anna").expect("known");
        assert_eq!(Tokens::open(&path).expect("readable").name_of(token.expose_secret()), None);
    }

    #[test]
    fn tokens_that_are_made_at_the_same_time_are_all_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        std::thread::scope(|threads| {
            for number in 0..8 {
                let path = &path;
                threads.spawn(move || Tokens::open(path).expect("readable").add(&format!("admin-{number}")).expect("new"));
            }
        });
        assert_eq!(Tokens::open(&path).expect("readable").names().count(), 8);
    }

    #[test]
    fn a_file_that_others_may_read_or_that_is_damaged_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens.json");
        Tokens::open(&path).expect("none yet").add("anna").expect("new");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(Tokens::open(&path).err().unwrap_or_default().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
        fs::write(&path, "{").expect("written");
        assert!(Tokens::open(&path).err().unwrap_or_default().contains("tokens.json"));
    }
}
