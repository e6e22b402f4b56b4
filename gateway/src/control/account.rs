//! The UIS account of an integration: a file with an account in memory, or a live account of UIS.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::secrets::reference::SecretSource;

/// A UIS account, as a person gives it. As JSON: the file's path, or an object for a live account.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(untagged)]
pub enum NewAccount {
    /// The file of an account in memory, absolute.
    File(PathBuf),
    /// A live account.
    Live(Box<NewLive>),
}

impl From<PathBuf> for NewAccount {
    fn from(path: PathBuf) -> Self {
        NewAccount::File(path)
    }
}

impl From<&str> for NewAccount {
    fn from(path: &str) -> Self {
        NewAccount::File(path.into())
    }
}

/// A live account of UIS. Absent members stay as they are; for a new account they have their defaults.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct NewLive {
    /// The address of the Data API; without it `https://dataapi.uiscom.ru/v2.0`. Plain http is accepted only for this machine.
    pub data_api: Option<String>,
    /// The address of the Call API; without it the one that belongs to the Data API.
    pub call_api: Option<String>,
    /// A key of UIS. A new account needs it, or a login and a password.
    pub token: Option<SecretSource>,
    /// The name of a user of the API.
    pub login: Option<String>,
    /// The user's password.
    pub password: Option<SecretSource>,
    /// The account's time zone, an IANA name; without it UIS is asked.
    pub timezone: Option<String>,
    /// UIS's extensions that are connected, such as `rmo`. No method of UIS gives them.
    pub extensions: Option<Vec<String>>,
    /// The page of the operator's workplace.
    pub workplace_url: Option<String>,
    /// Names of sources of visits, beside those of UIS's report of calls.
    pub sources: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for NewAccount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = NewAccount;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("the path of an account's file, or an object for a live account")
            }
            fn visit_str<E: de::Error>(self, path: &str) -> Result<NewAccount, E> {
                Ok(NewAccount::File(path.into()))
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<NewAccount, A::Error> {
                NewLive::deserialize(MapAccessDeserializer::new(members)).map(|live| NewAccount::Live(Box::new(live)))
            }
        }
        from.deserialize_any(Either)
    }
}

/// A UIS account as the administrator sees it. It contains no secret. As JSON: the file's path, or an object for a live account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AccountView {
    /// The file of an account in memory.
    File(PathBuf),
    /// A live account.
    Live(LiveView),
}

/// A live account as the administrator sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LiveView {
    /// The address of the Data API.
    pub data_api: String,
    /// The address of the Call API.
    pub call_api: String,
    /// Where the secret comes from: `token env NAME`, `login NAME, password sealed`. Never the secret.
    pub credentials: String,
    /// The time zone.
    pub timezone: String,
    /// UIS's extensions that are connected.
    pub extensions: Vec<String>,
    /// The page of the operator's workplace.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workplace_url: Option<String>,
    /// Names of sources of visits that were typed.
    pub sources: Vec<String>,
}

/// For people, on one line.
impl fmt::Display for AccountView {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccountView::File(path) => write!(to, "{}", path.display()),
            AccountView::Live(live) => write!(to, "{} ({}; {})", live.data_api, live.credentials, live.timezone),
        }
    }
}
