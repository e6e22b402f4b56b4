//! The beginning of a recording: the account, and the integrations as they were.

use serde_json::{Map, Value, json};

use super::Options;
use super::lines::Hiding;
use crate::control::export::RecordingSubject;
use crate::requests::Kind;
use crate::store::walk::first_of_kinds;

/// An integration at the beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// The name.
    pub name: String,
    /// The settings.
    pub settings: Value,
    /// The version of the plugin for which they were saved.
    pub settings_version: String,
    /// Whether it was switched on.
    pub active: bool,
}

/// The integrations at the beginning of the time: as they are now, unless something was changed since. Every change has been stored with what
/// was before it.
pub fn of(subjects: &[RecordingSubject], options: &Options) -> rusqlite::Result<Vec<Begin>> {
    let mut all = Vec::new();
    for subject in subjects {
        let kinds = [Kind::Settings, Kind::Activate, Kind::Deactivate].map(Kind::name);
        let found = first_of_kinds(&subject.store, &subject.name, options.from, &kinds)?;
        let before = |kinds: &[Kind]| {
            let of_kind = found.iter().filter(|request| kinds.iter().any(|kind| kind.name() == request.kind));
            let first = of_kind.min_by_key(|request| request.at)?;
            serde_json::from_slice::<Value>(&first.body).ok().map(|body| body["before"].clone())
        };
        let saved = before(&[Kind::Settings]);
        let settings = saved.as_ref().map(|before| before["settings"].clone()).filter(Value::is_object);
        let version = saved.as_ref().and_then(|before| before["settings-version"].as_str().map(str::to_owned));
        let switched = before(&[Kind::Activate, Kind::Deactivate]).and_then(|before| before.as_bool());
        all.push(Begin {
            name: subject.name.clone(),
            settings: settings.unwrap_or_else(|| subject.settings.clone().into()),
            settings_version: version.unwrap_or_else(|| subject.settings_version.clone()),
            active: switched.unwrap_or(subject.active),
        });
    }
    Ok(all)
}

/// The header, without what is masked.
pub fn header(subjects: &[RecordingSubject], begins: &[Begin], masked: bool) -> Value {
    let mut header = Map::new();
    header.insert("recording".to_owned(), 1.into());
    header.insert("name".to_owned(), "From life".into());
    if masked {
        header.insert("masked".to_owned(), true.into());
    }
    header.insert("account".to_owned(), subjects.first().map(|subject| subject.account.clone()).unwrap_or_default());
    let integrations = subjects.iter().zip(begins).map(|(subject, begin)| {
        let mut integration = json!({
            "name": begin.name, "settings": begin.settings, "settings-version": begin.settings_version,
        });
        if let Some(base) = &subject.base_url {
            integration["crm"] = json!({ "publicUrl": base });
        }
        integration
    });
    header.insert("integrations".to_owned(), integrations.collect());
    header.insert("active".to_owned(), begins.iter().all(|begin| begin.active).into());
    header.into()
}

/// Looks for ids and codes in what the header has.
pub fn learn(subjects: &[RecordingSubject], begins: &[Begin], hiding: &mut Hiding) {
    hiding.learn_json(&header(subjects, begins, true).to_string());
}
