//! Pop-ups: what managers see on their screens now, and saw before.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::entity::Entity;
use crate::phone;

/// A pop-up.
#[derive(Debug, Clone)]
struct Popup {
    user_id: i64,
    /// The customer's number as the event had it.
    phone: String,
    shown_at: String,
    closed_at: Option<String>,
}

/// Pop-ups, in the order in which they opened.
#[derive(Debug, Default)]
pub struct Popups {
    all: Vec<Popup>,
    /// Places of open ones by call; a call that has no id goes by its phone.
    by_call: HashMap<String, Vec<usize>>,
    /// Calls with open ones by the customer's phone: one event may have the id and another not.
    by_phone: HashMap<String, BTreeSet<String>>,
}

impl Popups {
    /// Pop-ups as an earlier account showed them, and which calls the open ones are of; without that they go by their phones.
    pub fn of(shown: &[Entity], calls: &[(usize, String)]) -> Popups {
        let mut popups = Popups::default();
        for (place, popup) in shown.iter().enumerate() {
            let text = |name: &str| popup.get(name).and_then(Value::as_str).map(str::to_owned);
            let (phone, closed_at) = (text("phone").unwrap_or_default(), text("closedAt"));
            let user_id = popup.get("userId").and_then(Value::as_i64).unwrap_or_default();
            let call = calls.iter().find(|(known, _)| *known == place).map(|(_, call)| call.clone());
            if closed_at.is_none() {
                popups.note(call.unwrap_or_else(|| phone::key(&phone)), &phone, place);
            }
            popups.all.push(Popup { user_id, phone, shown_at: text("shownAt").unwrap_or_default(), closed_at });
        }
        popups
    }

    fn note(&mut self, call: String, phone: &str, place: usize) {
        self.by_phone.entry(phone::key(phone)).or_default().insert(call.clone());
        self.by_call.entry(call).or_default().push(place);
    }

    /// Opens a pop-up of a call for each of these users who has none of it.
    pub fn open(&mut self, users: &BTreeSet<i64>, call: Option<&str>, phone: &str, at: &str) {
        let call = call.map_or_else(|| phone::key(phone), str::to_owned);
        let open = self.by_call.get(&call).cloned().unwrap_or_default();
        let sees = |user: &i64| open.iter().filter_map(|place| self.all.get(*place)).any(|popup| popup.user_id == *user);
        let new: Vec<i64> = users.iter().copied().filter(|user| !sees(user)).collect();
        for user_id in new {
            self.note(call.clone(), phone, self.all.len());
            self.all.push(Popup { user_id, phone: phone.into(), shown_at: at.into(), closed_at: None });
        }
    }

    /// Closes the pop-ups of a call for these users; for all when none are named. A call that is not known by its id, or came without
    /// one, goes by its phone.
    pub fn close(&mut self, users: Option<&BTreeSet<i64>>, call: Option<&str>, phone: &str, at: &str) {
        let key = phone::key(phone);
        let calls: Vec<String> = match call.filter(|call| self.by_call.contains_key(*call)) {
            Some(call) => vec![call.to_owned()],
            // One that was opened without an id goes by its phone.
            None if call.is_some() => self.by_call.contains_key(&key).then(|| key.clone()).into_iter().collect(),
            None => self.by_phone.get(&key).into_iter().flatten().cloned().collect(),
        };
        for call in calls {
            let Some(mut open) = self.by_call.remove(&call) else { continue };
            open.retain(|place| {
                let Some(popup) = self.all.get_mut(*place) else { return false };
                let concerned = users.is_none_or(|users| users.contains(&popup.user_id));
                if concerned {
                    popup.closed_at = Some(at.into());
                }
                !concerned
            });
            if !open.is_empty() {
                self.by_call.insert(call, open);
            } else if let Some(known) = self.by_phone.get_mut(&key) {
                known.remove(&call);
                if known.is_empty() {
                    self.by_phone.remove(&key);
                }
            }
        }
    }

    /// What a user sees now.
    pub fn seen_by(&self, user: i64) -> Vec<Value> {
        let mut places: Vec<usize> = self.by_call.values().flatten().copied().collect();
        places.sort_unstable();
        places.into_iter().filter_map(|place| self.all.get(place)).filter(|popup| popup.user_id == user).map(shown).collect()
    }

    /// Open ones by their places, and the calls that they are of.
    pub fn open_calls(&self) -> Vec<(usize, String)> {
        let mut open: Vec<(usize, String)> =
            self.by_call.iter().flat_map(|(call, places)| places.iter().map(move |place| (*place, call.clone()))).collect();
        open.sort_unstable();
        open
    }

    /// All of them.
    pub fn to_json(&self) -> Vec<Value> {
        self.all.iter().map(shown).collect()
    }
}

fn shown(popup: &Popup) -> Value {
    json!({"userId": popup.user_id, "phone": popup.phone, "shownAt": popup.shown_at, "closedAt": popup.closed_at})
}
