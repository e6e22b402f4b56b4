//! What managers see on their screens now, and saw.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::entity::Entity;

/// A pop-up.
#[derive(Debug, Clone)]
struct Popup {
    user_id: i64,
    /// The customer's number as it was told.
    phone: String,
    shown_at: String,
    closed_at: Option<String>,
}

/// Pop-ups, in the order in which they opened.
#[derive(Debug, Default)]
pub struct Popups {
    all: Vec<Popup>,
    /// Open ones by call, and in it by user. The phone stands in for a call's missing id.
    open: HashMap<String, Vec<(i64, usize)>>,
}

impl Popups {
    /// Pop-ups as they were told before; open ones go by their phone.
    pub fn of(told: &[Entity]) -> Popups {
        let mut popups = Popups::default();
        for popup in told {
            let text = |name: &str| popup.get(name).and_then(Value::as_str).map(str::to_owned);
            let Some(user_id) = popup.get("userId").and_then(Value::as_i64) else { continue };
            let (phone, closed_at) = (text("phone").unwrap_or_default(), text("closedAt"));
            if closed_at.is_none() {
                popups.open.entry(text("call").unwrap_or_else(|| phone.clone())).or_default().push((user_id, popups.all.len()));
            }
            popups.all.push(Popup { user_id, phone, shown_at: text("shownAt").unwrap_or_default(), closed_at });
        }
        popups
    }

    /// Opens a pop-up for each of the users who has none of this call.
    pub fn open(&mut self, users: &BTreeSet<i64>, call: &str, phone: &str, at: &str) {
        let open = self.open.entry(call.to_owned()).or_default();
        for &user_id in users {
            if !open.iter().any(|(known, _)| *known == user_id) {
                open.push((user_id, self.all.len()));
                self.all.push(Popup { user_id, phone: phone.into(), shown_at: at.into(), closed_at: None });
            }
        }
        if open.is_empty() {
            self.open.remove(call);
        }
    }

    /// Closes the pop-ups of a call for these users; for all when none are named.
    pub fn close(&mut self, users: Option<&BTreeSet<i64>>, call: &str, at: &str) {
        let Some(open) = self.open.get_mut(call) else { return };
        open.retain(|(user, place)| {
            let concerned = users.is_none_or(|users| users.contains(user));
            if concerned && let Some(popup) = self.all.get_mut(*place) {
                popup.closed_at = Some(at.into());
            }
            !concerned
        });
        if open.is_empty() {
            self.open.remove(call);
        }
    }

    /// What a user sees now.
    pub fn seen_by(&self, user: i64) -> Vec<Value> {
        let mut places: Vec<usize> = self.open.values().flatten().filter(|(known, _)| *known == user).map(|(_, place)| *place).collect();
        places.sort_unstable();
        places.into_iter().filter_map(|place| self.all.get(place)).map(told).collect()
    }

    /// All of them.
    pub fn to_json(&self) -> Vec<Value> {
        self.all.iter().map(told).collect()
    }
}

fn told(popup: &Popup) -> Value {
    json!({"userId": popup.user_id, "phone": popup.phone, "shownAt": popup.shown_at, "closedAt": popup.closed_at})
}
