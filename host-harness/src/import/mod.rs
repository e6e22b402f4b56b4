//! Makes a recording of what people have: bodies of webhooks in files, JSON Lines, UIS's delivery log, HAR archives, other recordings.
//!
//! [`import`] reads the files, finds out for each request what it is and when it came, and makes up the account from the employees and numbers
//! that are mentioned. Nothing is left out silently: what cannot be used is in [`Imported::left_out`].

mod files;
mod har;
mod kind;
mod people;
mod request;
mod shapes;
mod times;
mod wrapped;

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value};
use uis_host::clock::{instant, zone};

use crate::recording;
use files::Source;
use people::People;
use request::Read;

/// What to import, and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Files and folders; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// The type of notifications that do not name their type themselves; none: guess it.
    pub mnemonic: Option<String>,
    /// The header, or its `account` alone, in place of a made-up account.
    pub account: Option<Value>,
    /// The integration's settings; none: those of the header.
    pub settings: Option<Value>,
    /// The zone of times without one; none: the account's.
    pub timezone: Option<String>,
    /// The recording's title.
    pub name: Option<String>,
    /// A file that is not read even if it lies in one of the folders: the one that will be written.
    pub except: Option<PathBuf>,
}

/// Where something was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line of a file with a request in each line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The place in a list, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match self.item {
            Some(item) => write!(f, " item {item}"),
            None => Ok(()),
        }
    }
}

/// Something about a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The type of the line that it is about, if it became one.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Why.
    pub why: String,
}

/// A recording, and what is to be known about it.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The header. [`text`](Self::text) writes it.
    pub header: Value,
    /// The lines, in order of time. [`text`](Self::text) writes them.
    pub lines: Vec<Value>,
    /// How many lines there are of each type.
    pub types: BTreeMap<String, u64>,
    /// Lines whose type was guessed.
    pub guessed: Vec<Remark>,
    /// What could not be used.
    pub left_out: Vec<Remark>,
    /// How many entries of archives and logs have nothing to do with UIS or the CRM's requests.
    pub other: u64,
    /// What was decided for the reader.
    pub notes: Vec<String>,
}

impl Imported {
    /// The recording's text. Its members stand in the order of the format's description.
    pub fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let kind = recording::KINDS.into_iter();
            in_order(line, ["at"].into_iter().chain(kind).chain(recording::LINE_MEMBERS))
        });
        let header = in_order(&self.header, recording::HEADER_MEMBERS.into_iter());
        std::iter::once(header).chain(lines).map(|line| format!("{line}\n")).collect()
    }
}

/// An object as JSON text, these members first.
fn in_order<'a>(object: &'a Value, first: impl Iterator<Item = &'a str>) -> String {
    let Some(members) = object.as_object() else { return object.to_string() };
    let mut names: Vec<&str> = Vec::new();
    for name in first.chain(members.keys().map(String::as_str)) {
        if members.contains_key(name) && !names.contains(&name) {
            names.push(name);
        }
    }
    let written: Vec<String> = names.iter().map(|name| format!("{}:{}", Value::from(*name), members[*name])).collect();
    format!("{{{}}}", written.join(","))
}

/// A line of the recording to be.
struct Line {
    at: i64,
    members: Map<String, Value>,
}

/// Imports files. The error says why nothing was read at all.
pub fn import(options: &Options) -> Result<Imported, String> {
    let given = options.account.as_ref().map(given_header).transpose()?;
    let mut importer = Importer::new(options, given)?;
    for source in files::all(&options.paths, options.except.as_deref())? {
        importer.read(source);
    }
    Ok(importer.finish(options))
}

/// The header's members of `--account`: a header, or an account alone.
fn given_header(given: &Value) -> Result<Map<String, Value>, String> {
    let members = given.as_object().ok_or("the account must be a JSON object, in the form of a recording's header or of its account")?;
    let whole = ["account", "settings", "crm", "integrations"].iter().any(|name| members.contains_key(*name));
    if !whole {
        check_account(members)?;
    }
    let mut header = if whole { members.clone() } else { Map::from_iter([("account".to_owned(), given.clone())]) };
    header.insert("recording".into(), recording::FORMAT.into());
    recording::header(&Value::Object(header.clone()).to_string())?;
    Ok(header)
}

/// Checks that an object is an account: a file of settings or a notification is one by mistake.
fn check_account(members: &Map<String, Value>) -> Result<(), String> {
    let known = serde_json::to_value(uis_simulator::Account::default()).map_err(|error| error.to_string())?;
    let names: Vec<&str> = known.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(format!(
            "--account: {unknown:?} is no member of an account; expected a recording's header, or members of its account ({}). Settings are given \
             with --settings",
            names.join(", ")
        )),
    }
}

/// What was read so far.
struct Importer {
    zone: Tz,
    mnemonic: Option<&'static str>,
    header: Option<Map<String, Value>>,
    /// The header is that of a recording that was read, so nothing is made up.
    passes_through: bool,
    lines: Vec<Line>,
    people: People,
    guessed: Vec<Remark>,
    left_out: Vec<Remark>,
    other: u64,
    notes: Vec<String>,
    /// Times without a zone were read.
    naive: bool,
    /// How many lines have the time of their file.
    by_file: u64,
}

impl Importer {
    fn new(options: &Options, header: Option<Map<String, Value>>) -> Result<Importer, String> {
        let of_header = header.as_ref().and_then(|header| header.get("account")?.get("timezone")?.as_str());
        let name = options.timezone.as_deref().or(of_header).unwrap_or("Europe/Moscow");
        let mnemonic = options.mnemonic.as_deref().map(|given| kind::mnemonic(given).ok_or_else(|| kind::unknown(given))).transpose()?;
        Ok(Importer {
            zone: zone(name)?,
            mnemonic,
            header,
            passes_through: false,
            lines: Vec::new(),
            people: People::default(),
            guessed: Vec::new(),
            left_out: Vec::new(),
            other: 0,
            notes: Vec::new(),
            naive: false,
            by_file: 0,
        })
    }

    fn read(&mut self, source: Source) {
        match source.text {
            Err(why) => self.leave_out(source.place, why),
            Ok(text) => {
                for found in shapes::read(&text, &source.place) {
                    self.take(found, &source.place, source.modified);
                }
            }
        }
    }

    fn take(&mut self, found: shapes::Found, file: &Place, modified: Option<i64>) {
        match found {
            shapes::Found::Other => self.other += 1,
            shapes::Found::Unusable(place, why) => self.leave_out(place, why),
            shapes::Found::Header(header) => self.take_header(header, file),
            shapes::Found::Line(place, text) => self.take_line(place, &text),
            shapes::Found::Request(captured) => {
                let place = captured.place.clone();
                match request::read(*captured, self.zone, self.mnemonic, &self.secret(), modified) {
                    Err(why) => self.leave_out(place, why),
                    Ok(read) => self.take_request(place, read),
                }
            }
        }
    }

    /// The secret that the CRM's requests must have in the recording.
    fn secret(&self) -> String {
        let given = self.header.as_ref().and_then(|header| header.get("account")?.get("client_id")?.as_str());
        given.unwrap_or(uis_simulator::DEFAULT_CLIENT_ID).to_owned()
    }

    fn leave_out(&mut self, place: Place, why: String) {
        self.left_out.push(Remark { place, kind: None, why });
    }

    fn take_header(&mut self, header: Map<String, Value>, file: &Place) {
        if let Err(why) = recording::header(&Value::Object(header.clone()).to_string()) {
            return self.leave_out(Place { line: Some(1), ..file.clone() }, why);
        }
        match &self.header {
            None => {
                self.header = Some(header);
                self.passes_through = true;
            }
            Some(known) if *known == header => {}
            Some(_) => self.notes.push(format!("{file}: its header was not taken; the recording has another one already")),
        }
    }

    /// A line of a recording goes through as it is.
    fn take_line(&mut self, place: Place, text: &str) {
        match (recording::line(place.line.unwrap_or(0), text), serde_json::from_str(text)) {
            (Ok(line), Ok(Value::Object(members))) => self.lines.push(Line { at: line.at.timestamp_millis(), members }),
            (Err(why), _) => self.leave_out(place, why),
            (_, _) => self.leave_out(place, "the line is not an object".into()),
        }
    }

    fn take_request(&mut self, place: Place, read: Read) {
        let Read { at, time, guess, kind, mut members, params } = read;
        self.people.mention(&kind, &params);
        self.naive |= time.is_naive;
        self.by_file += u64::from(time.is_of_the_file);
        if let Some(why) = guess {
            members.insert("guessed".into(), true.into());
            self.guessed.push(Remark { place, kind: Some(kind.name().to_owned()), why });
        }
        self.lines.push(Line { at, members });
    }

    fn finish(mut self, options: &Options) -> Imported {
        self.lines.sort_by_key(|line| line.at);
        self.note_times(options);
        let mut header = self.take_or_make_header(options.settings.as_ref());
        header.insert("recording".into(), recording::FORMAT.into());
        if let Some(name) = &options.name {
            header.insert("name".into(), name.clone().into());
        } else if !header.contains_key("name") {
            header.insert("name".into(), title(&options.paths).into());
        }
        let mut types: BTreeMap<String, u64> = BTreeMap::new();
        for line in &self.lines {
            *types.entry(type_of(&line.members)).or_default() += 1;
        }
        let zone = self.zone;
        let lines = self.lines.into_iter().map(|line| {
            let at = instant(line.at).with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false);
            let members = line.members.into_iter().filter(|(name, _)| name != "at");
            Value::Object([("at".to_owned(), Value::from(at))].into_iter().chain(members).collect())
        });
        Imported {
            header: header.into(),
            lines: lines.collect(),
            types,
            guessed: self.guessed,
            left_out: self.left_out,
            other: self.other,
            notes: self.notes,
        }
    }

    /// The header that was given. What it does not say of the account and of the CRM is made up from what was read.
    fn take_or_make_header(&mut self, settings: Option<&Value>) -> Map<String, Value> {
        let mut header = self.header.take().unwrap_or_default();
        if let Some(settings) = settings {
            header.insert("settings".into(), settings.clone());
        }
        let several = header.contains_key("integrations");
        if several || self.passes_through || self.lines.is_empty() {
            return header;
        }
        let (made_up, notes) = self.people.header(self.zone, header.get("settings"));
        if !header.contains_key("account") {
            self.notes.extend(notes);
        }
        if header.get("settings").is_none_or(|settings| settings.as_object().is_some_and(Map::is_empty)) {
            self.notes.push("there are no settings, so only pop-ups and the history of calls work; --settings gives them".into());
        }
        for (name, member) in made_up {
            header.entry(name).or_insert(member);
        }
        header
    }

    fn note_times(&mut self, options: &Options) {
        if self.naive && options.timezone.is_none() && self.header.is_none() {
            self.notes.push(format!("times without a zone were read in {}, UIS's default; --timezone gives another", self.zone));
        }
        if self.by_file > 0 {
            let note = "requests have no time of their own and stand at the time at which their file was last changed";
            self.notes.push(format!("{} {note}", self.by_file));
        }
        let times: Vec<i64> = self.lines.iter().map(|line| line.at).collect();
        let far = times.windows(2).find(|pair| pair[1] - pair[0] > recording::GAP_DAYS * 86_400_000);
        if let Some([before, after]) = far {
            let day = |ms: &i64| DateTime::format(&instant(*ms), "%Y-%m-%d").to_string();
            self.notes.push(format!(
                "nothing happened between {} and {}; a replay plays lines at most {} days apart",
                day(before),
                day(after),
                recording::GAP_DAYS
            ));
        }
    }
}

/// What a line is, for the counts: the type of a notification, or the member that says what happened.
fn type_of(members: &Map<String, Value>) -> String {
    match members.get("notification").and_then(Value::as_str) {
        Some(mnemonic) => mnemonic.to_owned(),
        None => recording::KINDS.iter().find(|kind| members.contains_key(**kind)).map_or_else(|| "?".into(), |kind| (*kind).to_owned()),
    }
}

fn title(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        // `.` has no name of its own.
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        whole.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    };
    match paths {
        [one] if one.as_os_str() == "-" => "Imported".into(),
        [one] => format!("Imported from {}", name(one)),
        several => format!("Imported from {} and {} more", several.first().map(name).unwrap_or_default(), several.len().saturating_sub(1)),
    }
}

#[cfg(test)]
mod tests;
