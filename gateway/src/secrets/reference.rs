//! A stored secret: sealed, or where it is read from.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::sealing::{Sealer, check_mode};

/// Where a secret comes from, as a person gives it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// The value of an environment variable of the service's process, read when the service starts or reloads the integration.
    Env(String),
    /// The content of a file of mode 0600 without the line end, read when the service starts or reloads the integration.
    File(PathBuf),
    /// The value itself. It is sealed with the key outside the database before it is stored.
    Value(#[schemars(with = "String")] SecretString),
}

/// A secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretRef {
    /// An environment variable has it.
    Env(String),
    /// A file has it.
    File(PathBuf),
    /// It is here, sealed.
    Sealed(String),
}

/// For people: where the secret is, never the secret.
impl fmt::Display for SecretRef {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(to, "env {name}"),
            SecretRef::File(path) => write!(to, "file {}", path.display()),
            SecretRef::Sealed(_) => to.write_str("sealed"),
        }
    }
}

impl SecretRef {
    /// What is stored of a source. A value is sealed; a file or variable is only named. A file that cannot be used now is refused, so that no
    /// integration stops because of it; a variable may be set for the service alone.
    pub fn store(source: SecretSource, sealer: &Sealer, integration: &str, purpose: &str) -> Result<SecretRef, String> {
        match source {
            SecretSource::Env(name) => Ok(SecretRef::Env(name)),
            SecretSource::File(path) if path.is_absolute() => read(&path).map(|_| SecretRef::File(path)),
            SecretSource::File(path) => Err(format!("{}: give the whole path of the key's file", path.display())),
            SecretSource::Value(value) => sealer.seal(integration, purpose, &value),
        }
    }

    /// The secret. The error names the variable or the file, and what to do.
    pub fn resolve(&self, sealer: &Sealer, integration: &str, purpose: &str) -> Result<SecretString, String> {
        match self {
            SecretRef::Env(name) => match std::env::var(name) {
                Ok(value) if !value.is_empty() => Ok(value.into()),
                _ => {
                    Err(format!("the environment variable {name} is not set; it must have the {purpose} key of integration {integration}"))
                }
            },
            SecretRef::File(path) => read(path).map_err(|why| format!("the {purpose} key of integration {integration}: {why}")),
            SecretRef::Sealed(sealed) => sealer.unseal(integration, purpose, sealed),
        }
    }
}

fn read(path: &Path) -> Result<SecretString, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = File::open(path).map_err(failed)?;
    check_mode(&file, path)?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() { Err(format!("{} is empty", path.display())) } else { Ok(text.to_owned().into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_read_without_its_line_end_and_only_if_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let sealer = Sealer::open(&folder.path().join("seal")).expect("a key");
        let path = folder.path().join("crm.key");
        std::fs::write(&path, "s3cret\n").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        let refused = SecretRef::store(SecretSource::File(path.clone()), &sealer, "main", "crm");
        assert!(refused.expect_err("others may read it").contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("changed");
        let reference = SecretRef::store(SecretSource::File(path.clone()), &sealer, "main", "crm").expect("a whole path");
        assert_eq!(reference.to_string(), format!("file {}", path.display()));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(reference.resolve(&sealer, "main", "crm").expect_err("readable").contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("changed");
        assert_eq!(reference.resolve(&sealer, "main", "crm").expect("read").expose_secret(), "s3cret");
        std::fs::write(&path, "\n").expect("written");
        assert!(reference.resolve(&sealer, "main", "crm").expect_err("empty").contains("is empty"));
        let relative = SecretRef::store(SecretSource::File("crm.key".into()), &sealer, "main", "crm");
        assert!(relative.expect_err("relative").contains("whole path"));
        let error = SecretRef::Env("UIS_GATEWAY_NO_SUCH_VARIABLE".into()).resolve(&sealer, "main", "crm").expect_err("not set");
        assert!(error.contains("UIS_GATEWAY_NO_SUCH_VARIABLE is not set"), "{error}");
    }
}
