//! Requests that the account makes: to addresses of modules, and those of triggers.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::State;
use crate::triggers::Wanted;

/// Why the account makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A user clicked a number.
    MakeCall,
    /// A user's status changed.
    ChangeUserStatus,
    /// A module was switched on or off.
    Activity,
    /// The account's settings were changed.
    Settings,
    /// A trigger was set off.
    Trigger,
}

impl Why {
    /// As control shows it.
    pub fn name(self) -> &'static str {
        match self {
            Why::MakeCall => "makeCall",
            Why::ChangeUserStatus => "changeUserStatus",
            Why::Activity => "activity",
            Why::Settings => "settings",
            Why::Trigger => "trigger",
        }
    }
}

/// A request that the account makes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// When the account made it, in its zone.
    pub at: String,
    /// Why it is made.
    pub why: Why,
    /// The module's code or the trigger's name.
    pub of: String,
    /// GET or POST.
    pub method: String,
    /// Where to; a GET's parameters are in it.
    pub url: String,
    /// A POST's form.
    pub form: Vec<(String, String)>,
    /// The answer's status or why there is none; `None`: it has not been sent.
    pub outcome: Option<Result<u16, String>>,
    /// Its number in this process. The position in the list is not enough, because a restart of the account empties the list.
    pub(crate) number: u64,
    /// Whether it is being sent or has been.
    pub(crate) taken: bool,
}

impl Outgoing {
    /// A GET of this address with parameters in its query.
    pub fn get(at: String, why: Why, of: &str, url: &str, parameters: Vec<(String, String)>) -> Outgoing {
        let mut outgoing = Outgoing::new(at, why, of, "GET", url);
        if !parameters.is_empty() {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
            let separator = if url.contains('?') { '&' } else { '?' };
            let (before, fragment) = url.split_once('#').map_or((url, None), |(before, after)| (before, Some(after)));
            outgoing.url = format!("{before}{separator}{query}{}", fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default());
        }
        outgoing
    }

    /// A POST of a form to this address.
    pub fn post(at: String, why: Why, of: &str, url: &str, form: Vec<(String, String)>) -> Outgoing {
        Outgoing { form, ..Outgoing::new(at, why, of, "POST", url) }
    }

    /// A trigger's request.
    pub fn of_trigger(state: &State, now: DateTime<Utc>, wanted: &Wanted) -> Outgoing {
        let build = if wanted.method == "POST" { Outgoing::post } else { Outgoing::get };
        build(state.moment(now), Why::Trigger, &wanted.name, &wanted.url, wanted.parameters.clone())
    }

    fn new(at: String, why: Why, of: &str, method: &str, url: &str) -> Outgoing {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (of, method, url) = (of.into(), method.into(), url.into());
        Outgoing { at, why, of, method, url, form: Vec::new(), outcome: None, number, taken: false }
    }

    /// The request and its outcome, as control shows them.
    pub fn to_json(&self) -> Value {
        let mut shown = json!({"at": self.at, "why": self.why.name(), "of": self.of, "method": self.method, "url": self.url});
        if !self.form.is_empty() {
            shown["form"] = self.form.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        }
        match &self.outcome {
            None => {}
            Some(Ok(status)) => shown["status"] = (*status).into(),
            Some(Err(error)) => shown["error"] = error.as_str().into(),
        }
        shown
    }
}
