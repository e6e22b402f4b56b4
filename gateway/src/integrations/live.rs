//! A live UIS account as it is stored, and what is made of it.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uis_host::clock::zone;
use url::Url;

use crate::control::account::{LiveView, NewLive};
use crate::network::is_local;
use crate::secrets::{Sealer, SecretRef};
use crate::uis::{Credentials, Options};

/// The Data API of UIS. Accounts of CoMagic have another one.
const DATA_API: &str = "https://dataapi.uiscom.ru/v2.0";
/// What a secret of UIS is sealed for.
const PURPOSE: &str = "uis";

/// A live UIS account as it is stored. It contains no secret in the clear.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredLive {
    /// The Data API.
    pub data_api: Url,
    /// The Call API.
    pub call_api: Url,
    /// What UIS knows the gateway by.
    pub credentials: StoredCredentials,
    /// The time zone that the owner configured.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The time zone that UIS said when the account was saved, when the owner configured none.
    #[serde(default)]
    pub asked_timezone: Option<String>,
    /// UIS's extensions that are connected.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// The page of the operator's workplace.
    #[serde(default)]
    pub workplace_url: Option<Url>,
    /// Names of sources of visits that the owner typed.
    #[serde(default)]
    pub sources: Vec<String>,
}

/// Credentials as they are stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredCredentials {
    /// A key.
    Token(SecretRef),
    /// A user of the API.
    Login {
        /// The user's name.
        name: String,
        /// The user's password.
        password: SecretRef,
    },
}

impl StoredLive {
    /// A live account from what a person gave; what is not given stays as in `known`. The error names the member.
    pub fn merge(known: Option<&StoredLive>, new: NewLive, sealer: &Sealer, integration: &str) -> Result<StoredLive, String> {
        let store = |source| SecretRef::store(source, sealer, integration, PURPOSE);
        let credentials = match (new.token, new.login, new.password, known.map(|known| &known.credentials)) {
            (Some(_), Some(_), ..) | (Some(_), _, Some(_), _) => {
                return Err("account: give either a token, or a login and its password".to_owned());
            }
            (Some(token), None, None, _) => StoredCredentials::Token(store(token)?),
            (None, Some(name), Some(password), _) => StoredCredentials::Login { name, password: store(password)? },
            (None, None, Some(password), Some(StoredCredentials::Login { name, .. })) => {
                StoredCredentials::Login { name: name.clone(), password: store(password)? }
            }
            (None, None, None, Some(known)) => known.clone(),
            (None, Some(_), None, _) => return Err("account: the login needs its password: --uis-password".to_owned()),
            (None, None, Some(_), _) => return Err("account: the password needs its login: --uis-login".to_owned()),
            (None, None, None, None) => {
                return Err("account: UIS needs a key (--uis-token), or a user (--uis-login and --uis-password)".to_owned());
            }
        };
        let data_api = match (new.data_api, known) {
            (Some(given), _) => address("data-api", &given)?,
            (None, Some(known)) => known.data_api.clone(),
            (None, None) => address("data-api", DATA_API)?,
        };
        let call_api = match (new.call_api, known.filter(|known| known.data_api == data_api)) {
            (Some(given), _) => address("call-api", &given)?,
            (None, Some(known)) => known.call_api.clone(),
            (None, None) => call_api_of(&data_api)?,
        };
        let same_account = known.filter(|known| known.data_api == data_api && known.credentials.same(&credentials));
        let timezone = new.timezone.or_else(|| known.and_then(|known| known.timezone.clone()));
        if let Some(name) = &timezone {
            zone(name).map_err(|error| format!("account.timezone: {error}"))?;
        }
        let workplace_url = match new.workplace_url {
            Some(given) => Some(page(&given)?),
            None => known.and_then(|known| known.workplace_url.clone()),
        };
        Ok(StoredLive {
            data_api,
            call_api,
            credentials,
            timezone,
            asked_timezone: same_account.and_then(|known| known.asked_timezone.clone()),
            extensions: new.extensions.or_else(|| known.map(|known| known.extensions.clone())).unwrap_or_default(),
            workplace_url,
            sources: new.sources.or_else(|| known.map(|known| known.sources.clone())).unwrap_or_default(),
        })
    }

    /// The name of the time zone; none when UIS must be asked.
    fn zone_name(&self) -> Option<&str> {
        self.timezone.as_deref().or(self.asked_timezone.as_deref())
    }

    /// The time zone; none when UIS must be asked.
    pub fn zone(&self) -> Result<Option<Tz>, String> {
        self.zone_name().map(zone).transpose().map_err(|error| format!("account.timezone: {error}"))
    }

    /// What UIS knows the gateway by. Credentials that cannot be read now are none, with the reason.
    pub fn credentials(&self, sealer: &Sealer, integration: &str) -> Credentials {
        let secret = |reference: &SecretRef| reference.resolve(sealer, integration, PURPOSE);
        let read = match &self.credentials {
            StoredCredentials::Token(token) => secret(token).map(Credentials::Token),
            StoredCredentials::Login { name, password } => {
                secret(password).map(|password| Credentials::Login { name: name.clone(), password })
            }
        };
        read.unwrap_or_else(Credentials::Unreadable)
    }

    /// What the owner configured of the account.
    pub fn options(&self, zone: Tz) -> Options {
        Options { zone, extensions: self.extensions.clone(), workplace_url: self.workplace_url.clone(), sources: self.sources.clone() }
    }

    /// What the administrator sees.
    pub fn view(&self) -> LiveView {
        LiveView {
            data_api: self.data_api.to_string(),
            call_api: self.call_api.to_string(),
            credentials: match &self.credentials {
                StoredCredentials::Token(token) => format!("token {token}"),
                StoredCredentials::Login { name, password } => format!("login {name}, password {password}"),
            },
            timezone: self.zone_name().unwrap_or_default().to_owned(),
            extensions: self.extensions.clone(),
            workplace_url: self.workplace_url.as_ref().map(ToString::to_string),
            sources: self.sources.clone(),
        }
    }
}

impl StoredCredentials {
    fn same(&self, other: &StoredCredentials) -> bool {
        match (self, other) {
            (StoredCredentials::Token(left), StoredCredentials::Token(right)) => left == right,
            (StoredCredentials::Login { name: left, .. }, StoredCredentials::Login { name: right, .. }) => left == right,
            _ => false,
        }
    }
}

/// An API's address: https, or http on this machine.
fn address(member: &str, given: &str) -> Result<Url, String> {
    let wrong = |why: &str| format!("account.{member}: {given:?} {why}");
    let url = Url::parse(given).map_err(|error| wrong(&format!("is no URL: {error}")))?;
    match url.scheme() {
        "https" => {}
        "http" if is_local(&url) => {}
        "http" => return Err(wrong("would send the key unencrypted; give an https URL (http only for this machine)")),
        _ => return Err(wrong("must begin with https://")),
    }
    if url.host_str().is_none() || !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(wrong("must have a host, and neither user, password nor query, such as https://dataapi.comagic.ru/v2.0"));
    }
    Ok(url)
}

/// The Call API that belongs to a Data API: `https://callapi.comagic.ru/v4.0` to `https://dataapi.comagic.ru/v2.0`.
fn call_api_of(data_api: &Url) -> Result<Url, String> {
    let mut url = data_api.clone();
    url.set_path("/v4.0");
    let host = data_api.host_str().unwrap_or_default();
    if let Some(rest) = host.strip_prefix("dataapi") {
        url.set_host(Some(&format!("callapi{rest}"))).map_err(|error| format!("account.data-api: {error}"))?;
    } else if !is_local(data_api) {
        return Err(format!("account.call-api: it is not known which Call API belongs to {data_api}; give --uis-call-api"));
    }
    Ok(url)
}

fn page(given: &str) -> Result<Url, String> {
    let url = Url::parse(given).map_err(|error| format!("account.workplace-url: {given:?} is no URL: {error}"))?;
    match url.scheme() {
        "https" => Ok(url),
        _ => Err(format!("account.workplace-url: {given:?} must begin with https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::reference::SecretSource;

    fn sealer() -> (tempfile::TempDir, Sealer) {
        let folder = tempfile::tempdir().expect("a folder");
        let sealer = Sealer::open(&folder.path().join("seal")).expect("a key");
        (folder, sealer)
    }

    fn token() -> NewLive {
        NewLive { token: Some(SecretSource::Env("UIS_TOKEN".to_owned())), ..NewLive::default() }
    }

    #[test]
    fn a_new_account_has_uis_s_addresses_and_a_change_leaves_the_rest() {
        let (_folder, sealer) = sealer();
        let new = NewLive { timezone: Some("Asia/Omsk".to_owned()), extensions: Some(vec!["rmo".to_owned()]), ..token() };
        let stored = StoredLive::merge(None, new, &sealer, "main").expect("an account");
        assert_eq!((stored.data_api.as_str(), stored.call_api.as_str()), (DATA_API, "https://callapi.uiscom.ru/v4.0"));
        assert_eq!(stored.zone().expect("a zone"), Some(chrono_tz::Asia::Omsk));
        let change = NewLive { data_api: Some("https://dataapi.comagic.ru/v2.0".to_owned()), ..NewLive::default() };
        let changed = StoredLive::merge(Some(&stored), change, &sealer, "main").expect("an account");
        assert_eq!(changed.call_api.as_str(), "https://callapi.comagic.ru/v4.0");
        assert_eq!((changed.extensions.clone(), changed.view().credentials.as_str()), (vec!["rmo".to_owned()], "token env UIS_TOKEN"));
        let again: StoredLive = serde_json::from_str(&serde_json::to_string(&changed).expect("JSON")).expect("readable");
        assert_eq!(again.view(), changed.view());
    }

    #[test]
    fn the_zone_that_uis_said_is_kept_only_for_the_same_account() {
        let (_folder, sealer) = sealer();
        let mut stored = StoredLive::merge(None, token(), &sealer, "main").expect("an account");
        assert_eq!(stored.zone(), Ok(None));
        stored.asked_timezone = Some("Asia/Omsk".to_owned());
        let kept = StoredLive::merge(Some(&stored), NewLive { sources: Some(Vec::new()), ..NewLive::default() }, &sealer, "main");
        assert_eq!(kept.expect("an account").zone(), Ok(Some(chrono_tz::Asia::Omsk)));
        let other = NewLive { token: Some(SecretSource::Env("OTHER".to_owned())), ..NewLive::default() };
        assert_eq!(StoredLive::merge(Some(&stored), other, &sealer, "main").expect("an account").zone(), Ok(None));
    }

    #[test]
    fn a_wrong_account_is_refused_by_its_member() {
        let (_folder, sealer) = sealer();
        let password = || Some(SecretSource::Env("P".to_owned()));
        for (new, expected) in [
            (NewLive::default(), "--uis-token"),
            (NewLive { login: Some("api".to_owned()), ..NewLive::default() }, "--uis-password"),
            (NewLive { password: password(), ..NewLive::default() }, "--uis-login"),
            (NewLive { login: Some("api".to_owned()), password: password(), ..token() }, "either a token"),
            (NewLive { timezone: Some("Moscow".to_owned()), ..token() }, "account.timezone"),
            (NewLive { data_api: Some("http://dataapi.uiscom.ru/v2.0".to_owned()), ..token() }, "unencrypted"),
            (NewLive { data_api: Some("https://api.example/v2.0".to_owned()), ..token() }, "--uis-call-api"),
            (NewLive { call_api: Some("callapi".to_owned()), ..token() }, "account.call-api"),
            (NewLive { workplace_url: Some("javascript:alert(1)".to_owned()), ..token() }, "account.workplace-url"),
        ] {
            let error = StoredLive::merge(None, new.clone(), &sealer, "main").expect_err("it is wrong");
            assert!(error.contains(expected), "{new:?}: {error}");
        }
        let local = NewLive { data_api: Some("http://127.0.0.1:8081/v2.0".to_owned()), ..token() };
        let stored = StoredLive::merge(None, local, &sealer, "main").expect("a simulator");
        assert_eq!(stored.call_api.as_str(), "http://127.0.0.1:8081/v4.0");
    }
}
