//! UIS accounts that are open: live ones, and accounts from files. The latter are in memory: they have the people and numbers of their file,
//! and no reports.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use chrono_tz::Tz;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uis_host::clock::{Clock, zone};
use uis_host::integration::UisAccount;
use uis_host::ports::{Dialler, Egress};
use uis_host::sync::lock;
use uis_simulator::{Account, SimulatedAccount};
use url::Url;

use super::live::StoredLive;
use crate::config::AllowPrivate;
use crate::network::egress::HttpEgress;
use crate::network::is_local;
use crate::uis::{CallApi, Client, Credentials, Rpc};

/// The member of an account's file that names a Call API on this machine, to which calls are sent instead of being only recorded. Our
/// addition, for trials.
const CALL_API: &str = "call_api_url";

/// An account that several integrations may share.
#[derive(Clone)]
pub struct OpenAccount {
    /// The account.
    pub account: Arc<SimulatedAccount>,
    /// Starts its calls.
    pub dialler: Arc<dyn Dialler>,
    /// The time zone of times without one.
    pub zone: Tz,
}

impl OpenAccount {
    /// The account behind the host's ports, with this dialler.
    pub fn ports(&self, dialler: Arc<dyn Dialler>) -> UisAccount {
        UisAccount { dialler, ..UisAccount::of(self.account.clone()) }
    }
}

/// The accounts that are open. Integrations that name the same file, or the same live account with the same credentials, share the account:
/// its points are counted together, and its lists are read once.
#[derive(Default)]
pub struct Accounts {
    open: Arc<Mutex<HashMap<PathBuf, OpenAccount>>>,
    /// Live accounts, by the digest of their addresses and credentials, as long as an integration uses them.
    live: Arc<Mutex<HashMap<[u8; 32], Weak<Client>>>>,
    /// Sends the requests to live accounts; none: only to accounts on this machine.
    egress: Option<Arc<dyn Egress>>,
}

/// Sends requests to this machine only.
fn to_this_machine() -> Result<Arc<dyn Egress>, String> {
    Ok(Arc::new(HttpEgress::new(AllowPrivate::this_machine())?))
}

impl Accounts {
    /// Accounts whose requests are sent so.
    pub fn over(egress: Arc<dyn Egress>) -> Accounts {
        Accounts { egress: Some(egress), ..Accounts::default() }
    }

    /// The same accounts: what is open stays so.
    pub fn share(&self) -> Accounts {
        Accounts { open: self.open.clone(), live: self.live.clone(), egress: self.egress.clone() }
    }

    /// The same accounts from files; requests to live ones are sent so, by clients of their own.
    pub fn share_over(&self, egress: Arc<dyn Egress>) -> Accounts {
        Accounts { open: self.open.clone(), ..Accounts::over(egress) }
    }

    /// The account of a file. The error names the file and the member.
    pub fn open(&self, path: &Path, clock: &Arc<dyn Clock>) -> Result<OpenAccount, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the UIS account {}: {error}", path.display());
        let whole = path.canonicalize().map_err(|error| failed(&error))?;
        let mut open = lock(&self.open);
        if let Some(known) = open.get(&whole) {
            return Ok(known.clone());
        }
        let account = read(&whole, clock).map_err(|error| failed(&error))?;
        open.insert(whole, account.clone());
        Ok(account)
    }

    /// A live account. Nothing is asked of it yet.
    pub fn live(&self, stored: &StoredLive, credentials: Credentials, clock: &Arc<dyn Clock>) -> Result<Arc<Client>, String> {
        let addresses = format!("{} {} ", stored.data_api, stored.call_api);
        let digest: [u8; 32] = Sha256::new().chain_update(addresses).chain_update(credentials.identity()).finalize().into();
        let mut live = lock(&self.live);
        live.retain(|_, client| client.strong_count() > 0);
        if let Some(known) = live.get(&digest).and_then(Weak::upgrade) {
            return Ok(known);
        }
        let egress = self.egress.clone().map_or_else(to_this_machine, Ok)?;
        let client = Arc::new(Client::new(egress, stored.data_api.clone(), stored.call_api.clone(), credentials, clock.clone()));
        live.insert(digest, Arc::downgrade(&client));
        Ok(client)
    }
}

fn read(path: &Path, clock: &Arc<dyn Clock>) -> Result<OpenAccount, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut value: Value = serde_json::from_slice(&text).map_err(|error| format!("it is no JSON: {error}"))?;
    let call_api = value.as_object_mut().and_then(|members| members.remove(CALL_API));
    let account = Account::read(&value)?;
    let zone = zone(&account.timezone).map_err(|error| format!("timezone: {error}"))?;
    let account = Arc::new(SimulatedAccount::new(account, clock.clone()));
    let dialler: Arc<dyn Dialler> = match call_api {
        None => account.clone(),
        Some(url) => Arc::new(call_api_at(&url, clock)?),
    };
    Ok(OpenAccount { account, dialler, zone })
}

fn call_api_at(url: &Value, clock: &Arc<dyn Clock>) -> Result<CallApi, String> {
    let parsed = url.as_str().and_then(|url| Url::parse(url).ok()).filter(|url| url.scheme() == "http" && is_local(url));
    let url = parsed.ok_or_else(|| format!("{CALL_API}: {url} is no http address on this machine"))?;
    // A Call API on this machine is a simulation; it accepts any key.
    let credentials = Credentials::Token("simulated".to_owned().into());
    Ok(CallApi(Rpc::new(to_this_machine()?, url, credentials, clock.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uis_host::clock::SystemClock;

    fn opened(text: &str) -> Result<OpenAccount, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("account.json");
        std::fs::write(&path, text).expect("written");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Accounts::default().open(&path, &clock)
    }

    #[test]
    fn a_wrong_file_is_named_with_what_is_wrong() {
        for (text, expected) in [
            ("{", "it is no JSON"),
            (r#"{"timezone":"Moscow"}"#, "timezone: \"Moscow\" is not an IANA time zone"),
            (r#"{"employees":[{"id":"x"}]}"#, "employees[0].id"),
            (r#"{"default-responsible":5}"#, "account.default-responsible: unknown member"),
            (r#"{"call_api_url":"https://callapi.uiscom.ru"}"#, "call_api_url"),
        ] {
            let error = opened(text).err().unwrap_or_default();
            assert!(error.contains(expected) && error.contains("account.json"), "{text}: {error}");
        }
        assert!(opened(r#"{"timezone":"Asia/Omsk","call_api_url":"http://127.0.0.1:1/v4.0"}"#).is_ok());
    }
}
