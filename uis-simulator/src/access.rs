//! Who may use the APIs: keys, users, sessions, addresses.

use std::collections::HashMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// How long a session lives, in milliseconds. Use does not prolong it.
const SESSION_MS: i64 = 3_600_000;

/// A permanent or temporary key, which acts as an access token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessKey {
    /// The token.
    pub token: String,
    /// What the key is for.
    pub name: String,
    /// The rights of the key's user, such as `employees:select`; none: all rights.
    pub rights: Option<Vec<String>>,
    /// The addresses from which the key may be used, as in [`admits`]; empty: from those of the account.
    pub ip_allowed: Vec<String>,
    /// When the key ends, in seconds since 1970; none: never.
    pub expire_at: Option<i64>,
    /// The key is blocked.
    pub blocked: bool,
}

/// A user who logs in with a password.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessUser {
    /// The login.
    pub login: String,
    /// The password.
    pub password: String,
    /// The rights; none: all rights.
    pub rights: Option<Vec<String>>,
}

/// A session that began with a login.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Session {
    /// The user's login.
    pub login: String,
    /// When the session ends, in milliseconds since 1970.
    pub until: i64,
    /// The rights of the user; none: all rights.
    pub rights: Option<Vec<String>>,
}

/// The sessions, also those that have ended.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Sessions {
    /// By their tokens.
    pub by_token: HashMap<String, Session>,
    begun: u64,
}

impl Sessions {
    /// Begins a session and returns its token, of as many lower-case letters and digits. `now` is in milliseconds since 1970.
    pub fn begin(&mut self, login: &str, rights: Option<Vec<String>>, length: usize, now: i64) -> (String, Session) {
        self.begun += 1;
        let token = token(self.begun, length);
        let session = Session { login: login.to_owned(), until: now + SESSION_MS, rights };
        self.by_token.insert(token.clone(), session.clone());
        (token, session)
    }

    /// Ends a session. False: there is no such session.
    pub fn end(&mut self, token: &str, now: i64) -> bool {
        match self.by_token.get_mut(token) {
            Some(session) if session.until > now => {
                session.until = now;
                true
            }
            _ => false,
        }
    }
}

/// A token that looks like UIS's. It need not be secret, only different for each number.
fn token(number: u64, length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let random = (0..length).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(LETTERS[(state % LETTERS.len() as u64) as usize])
    });
    random.collect()
}

/// Whether a list of addresses and networks (`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`) admits an address. An empty list admits every
/// address, as the cabinet's own `0.0.0.0/0` does.
pub fn admits(list: &[String], address: IpAddr) -> bool {
    list.is_empty() || list.iter().any(|network| contains(network, address))
}

fn contains(network: &str, address: IpAddr) -> bool {
    let (base, length) = network.split_once('/').unwrap_or((network, "128"));
    let (Ok(base), Ok(length)) = (base.trim().parse::<IpAddr>(), length.trim().parse::<u32>()) else { return false };
    let same = |left: u128, right: u128, bits: u32| {
        let kept = length.min(bits);
        kept == 0 || (left >> (bits - kept)) == (right >> (bits - kept))
    };
    match (base, address.to_canonical()) {
        (IpAddr::V4(base), IpAddr::V4(address)) => same(u32::from(base).into(), u32::from(address).into(), 32),
        (IpAddr::V6(base), IpAddr::V6(address)) => same(base.into(), address.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_admits_addresses_and_networks() {
        let admits = |list: &[&str], address: &str| {
            let list: Vec<String> = list.iter().map(|network| (*network).to_owned()).collect();
            super::admits(&list, address.parse().expect("an address"))
        };
        assert!(admits(&[], "192.0.2.7") && admits(&["0.0.0.0/0"], "192.0.2.7"));
        assert!(admits(&["192.0.2.7"], "192.0.2.7") && !admits(&["192.0.2.7"], "192.0.2.8"));
        assert!(admits(&["198.51.100.1", "192.0.2.0/24"], "192.0.2.200") && !admits(&["192.0.2.0/25"], "192.0.2.200"));
        assert!(admits(&["2001:db8::/32"], "2001:db8::1") && !admits(&["0.0.0.0/0"], "2001:db8::1"));
        assert!(admits(&["127.0.0.1"], "::ffff:127.0.0.1") && !admits(&["nonsense"], "127.0.0.1"));
    }

    #[test]
    fn a_session_lives_an_hour_and_can_be_ended() {
        let mut sessions = Sessions::default();
        let (first, session) = sessions.begin("owner", None, 40, 1000);
        let (second, _) = sessions.begin("owner", None, 73, 1000);
        assert_eq!((first.len(), second.len(), session.until), (40, 73, 1000 + SESSION_MS));
        assert!(first != second[..40]);
        assert!(sessions.end(&first, 2000) && !sessions.end(&first, 2000) && !sessions.end("other", 2000));
    }
}
