//! Sealing secrets with a key outside the database, so that a copy of the store gives nobody a key of the CRM.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::SecretRef;

/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// Bytes of the number that is used once, before the sealed text.
const NONCE_BYTES: usize = 24;

/// Seals and opens secrets.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    path: PathBuf,
    /// The key of digests, which is derived from the sealing key.
    digests: [u8; KEY_BYTES],
}

impl Sealer {
    /// With the key of a file, which is created when it is missing. Fails when others may read the file.
    pub fn open(path: &Path) -> Result<Sealer, String> {
        let failed = |error: io::Error| format!("the sealing key {}: {error}", path.display());
        let key = match File::open(path) {
            Ok(file) => read(file, path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path).map_err(|why| format!("the sealing key {why}"))?,
            Err(error) => return Err(failed(error)),
        };
        let digests = derived(&key).ok_or_else(|| format!("the sealing key {} cannot be used", path.display()))?;
        Ok(Sealer { cipher: XChaCha20Poly1305::new(&Key::from(key)), path: path.to_owned(), digests })
    }

    /// The key of the digests of erased persons.
    pub fn digest_key(&self) -> &[u8; KEY_BYTES] {
        &self.digests
    }

    /// The key's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Seals a secret for one purpose of one integration; it can be opened for no other.
    pub fn seal(&self, integration: &str, purpose: &str, secret: &SecretString) -> Result<SecretRef, String> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| format!("the system gives no random numbers: {error}"))?;
        let place = place(integration, purpose);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| "a secret could not be sealed".to_owned())?;
        Ok(SecretRef::Sealed(STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens a sealed secret.
    pub(super) fn unseal(&self, integration: &str, purpose: &str, sealed: &str) -> Result<SecretString, String> {
        let failed = || {
            format!(
                "the {purpose} of integration {integration} cannot be opened with the key {}: put the key back with which it was sealed, or \
                 enter the {purpose} again",
                self.path.display()
            )
        };
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| failed())?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(failed)?;
        let place = place(integration, purpose);
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: place.as_bytes() }).map_err(|_| failed())?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| failed())
    }
}

/// The key of digests: nothing of the sealing key can be found from it.
fn derived(key: &[u8; KEY_BYTES]) -> Option<[u8; KEY_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(b"uis-gateway: digests of erased persons, 1");
    Some(mac.finalize().into_bytes().into())
}

/// What a sealed secret is bound to. A name of an integration contains no slash.
fn place(integration: &str, purpose: &str) -> String {
    format!("{integration}/{purpose}")
}

/// Fails when others than the owner may read a file.
pub(super) fn check_mode(file: &File, path: &Path) -> Result<(), String> {
    let mode = file.metadata().map_err(|error| format!("{}: {error}", path.display()))?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(format!("{} may be read by others (mode {:o}); run: chmod 600 {}", path.display(), mode & 0o777, path.display())),
    }
}

fn read(mut file: File, path: &Path) -> Result<[u8; KEY_BYTES], String> {
    check_mode(&file, path)?;
    let mut key = Vec::new();
    file.read_to_end(&mut key).map_err(|error| format!("{}: {error}", path.display()))?;
    key.try_into().map_err(|_| format!("{} is no sealing key: it must have {KEY_BYTES} bytes; put the right file there", path.display()))
}

/// Creates a key, unless another process is faster. The key is written under a name of this process first: a process that is killed leaves no
/// half key, and of two processes both use the key that came first.
fn create(path: &Path) -> Result<[u8; KEY_BYTES], String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let linked = write_new(&beside, &key).and_then(|()| fs::hard_link(&beside, path));
    // The link above is what counts; a file that is left over is overwritten by the next process with its number.
    let _ = fs::remove_file(&beside);
    match linked {
        Ok(()) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
            Ok(key)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(File::open(path).map_err(failed)?, path),
        Err(error) => Err(failed(error)),
    }
}

/// Writes a new file of mode 0600, in place of one that a killed process left, and waits for the disk.
pub(super) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_only_in_its_place_and_with_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys/secrets.key");
        let sealer = Sealer::open(&path).expect("a new key");
        let sealed = sealer.seal("main", "crm", &"s3cret".to_owned().into()).expect("sealed");
        assert!(!format!("{sealed:?}").contains("s3cret"));
        let again = Sealer::open(&path).expect("the same key");
        assert_eq!(sealed.resolve(&again, "main", "crm").expect("opened").expose_secret(), "s3cret");
        for (integration, purpose) in [("main", "secret"), ("other", "crm")] {
            let error = sealed.resolve(&again, integration, purpose).expect_err("moved");
            assert!(error.contains(&format!("the {purpose} of integration {integration}")), "{error}");
        }
        let other = Sealer::open(&folder.path().join("other.key")).expect("another key");
        assert!(sealed.resolve(&other, "main", "crm").expect_err("another key").contains("other.key"));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets.key");
        drop(Sealer::open(&path).expect("a new key"));
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("changed");
        let error = Sealer::open(&path).err().unwrap_or_default();
        assert!(error.contains("chmod 600") && error.contains("mode 640"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("changed");
        fs::write(&path, "short").expect("written");
        assert!(Sealer::open(&path).err().unwrap_or_default().contains("must have 32 bytes"));
    }

    #[test]
    fn processes_that_start_together_use_one_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secrets.key");
        let late = [7; KEY_BYTES];
        write_new(&path, &late).expect("written");
        // As if the file had appeared after this process had found none.
        assert_eq!(create(&path).expect("the key that came first"), late);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left over");
    }
}
