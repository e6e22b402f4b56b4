//! The tables of methods: which parameters a method takes, which columns a list has. The facts are those of UIS's documentation; the
//! tables are data, in `data-api.json` and `call-api.json`.
//!
//! A parameter is written as its type, then in any order `required`, a range (`1..150`, `..10`, `8..`: of a number's value, a text's
//! characters, a list's items) and the allowed values (`in|out`; of a list: of its items). A column is written as its type and its marks:
//! `F` can be filtered by, `S` can be sorted by, `D` is in the answer by default, `N` is null when it has no value although it is an object.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// The Data API, `/v2.0`.
    Data,
    /// The Call API, `/v4.0`.
    Call,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A list.
    List,
    /// An object.
    Object,
    /// A time, `YYYY-MM-DD hh:mm:ss`, in the account's time zone.
    Time,
    /// Not documented.
    Any,
}

/// A parameter. Its path is the key in [`Method::params`]: `a.b` is a member, `a[].b` a member of a list's items.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The type.
    pub kind: Kind,
    /// It must be there whenever the object that holds it is there.
    pub required: bool,
    /// The least value, number of characters or number of items.
    pub least: Option<i64>,
    /// The greatest value, number of characters or number of items.
    pub most: Option<i64>,
    /// The allowed values; empty: any.
    pub values: Vec<String>,
}

/// A column of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The type.
    pub kind: Kind,
    /// Filters may name it.
    pub filter: bool,
    /// Sorting may name it.
    pub sort: bool,
    /// It is in an answer to a request without `fields`.
    pub default: bool,
    /// It is null, not `{}` or `[]`, when it has no value.
    pub null: bool,
}

/// A method.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Method {
    /// The right that a key must have, such as `employees:select`.
    pub right: Option<String>,
    /// The account must have one of these components; empty: none is needed.
    pub components: Vec<String>,
    /// It takes `limit`, `offset`, `filter`, `sort` and `fields`.
    pub list: bool,
    /// Its own parameters, by their paths.
    pub params: BTreeMap<String, Param>,
    /// The columns of its answer, by their paths.
    pub columns: BTreeMap<String, Column>,
}

/// A method as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    right: Option<String>,
    #[serde(default)]
    components: Vec<String>,
    #[serde(default)]
    list: bool,
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

type Table = BTreeMap<String, Method>;

// The tables are part of the program; a test reads them, so a table that cannot be read is found before anybody uses it.
static DATA: LazyLock<Table> = LazyLock::new(|| read(include_str!("data-api.json")).unwrap_or_default());
static CALL: LazyLock<Table> = LazyLock::new(|| read(include_str!("call-api.json")).unwrap_or_default());

impl Api {
    /// The methods of the API, by their names.
    pub fn methods(self) -> &'static BTreeMap<String, Method> {
        match self {
            Api::Data => &DATA,
            Api::Call => &CALL,
        }
    }

    /// The path of the API.
    pub fn path(self) -> &'static str {
        match self {
            Api::Data => "/v2.0",
            Api::Call => "/v4.0",
        }
    }
}

impl Method {
    /// The columns that `fields` may name, in the order of their names.
    pub fn top_columns(&self) -> impl Iterator<Item = (&str, Column)> {
        self.columns.iter().filter(|(name, _)| !name.contains('.')).map(|(name, column)| (name.as_str(), *column))
    }
}

fn read(table: &str) -> Result<Table, String> {
    let written: BTreeMap<String, Written> = serde_json::from_str(table).map_err(|error| error.to_string())?;
    written
        .into_iter()
        .map(|(name, Written { right, components, list, params, columns })| {
            let place = |path: &str, error: String| format!("{name}.{path}: {error}");
            let params = params
                .into_iter()
                .map(|(path, text)| param(&text).map(|param| (path.clone(), param)).map_err(|error| place(&path, error)))
                .collect::<Result<_, _>>()?;
            let columns = columns
                .into_iter()
                .map(|(path, text)| column(&text).map(|column| (path.clone(), column)).map_err(|error| place(&path, error)))
                .collect::<Result<_, _>>()?;
            Ok((name, Method { right, components, list, params, columns }))
        })
        .collect()
}

fn kind(word: &str) -> Result<Kind, String> {
    Ok(match word {
        "string" => Kind::Text,
        "number" => Kind::Number,
        "boolean" => Kind::Flag,
        "array" => Kind::List,
        "object" => Kind::Object,
        "time" => Kind::Time,
        "any" => Kind::Any,
        other => return Err(format!("{other:?} is not a type")),
    })
}

fn param(text: &str) -> Result<Param, String> {
    let mut words = text.split(' ');
    let mut param = Param { kind: kind(words.next().unwrap_or_default())?, required: false, least: None, most: None, values: Vec::new() };
    let bound =
        |text: &str| if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| format!("{text:?} is not a number")) };
    for word in words {
        if word == "required" {
            param.required = true;
        } else if let Some((least, most)) = word.split_once("..") {
            (param.least, param.most) = (bound(least)?, bound(most)?);
        } else {
            param.values = word.split('|').map(str::to_owned).collect();
        }
    }
    Ok(param)
}

fn column(text: &str) -> Result<Column, String> {
    let (word, marks) = text.split_once(' ').unwrap_or((text, ""));
    if let Some(unknown) = marks.chars().find(|mark| !"FSDN".contains(*mark)) {
        return Err(format!("{unknown:?} is not a mark"));
    }
    let has = |mark: char| marks.contains(mark);
    Ok(Column { kind: kind(word)?, filter: has('F'), sort: has('S'), default: has('D'), null: has('N') })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read() {
        for (name, table) in [("data-api.json", include_str!("data-api.json")), ("call-api.json", include_str!("call-api.json"))] {
            assert_eq!(read(table).map(|table| table.len() > 4), Ok(true), "{name}");
        }
    }

    #[test]
    fn a_member_is_under_a_parameter_that_is_there() {
        for (api, name, method) in [Api::Data, Api::Call].into_iter().flat_map(|api| api.methods().iter().map(move |(n, m)| (api, n, m))) {
            for path in method.params.keys().filter(|path| path.contains('.')) {
                let (parent, _) = path.rsplit_once('.').expect("it has a parent");
                assert!(method.params.contains_key(parent.trim_end_matches("[]")), "{api:?} {name}: {path}");
            }
        }
    }

    #[test]
    fn marks_and_ranges_are_read() {
        let calls = &Api::Data.methods()["get.calls_report"];
        assert!(calls.list && calls.params["date_from"].required && calls.columns["id"].filter && !calls.columns["id"].sort);
        let phones = &Api::Data.methods()["create.employees"].params["phone_numbers"];
        assert_eq!((phones.kind, phones.least, phones.most), (Kind::List, None, Some(10)));
        assert_eq!(Api::Call.methods()["start.employee_call"].params["direction"].values, ["in", "out"]);
        assert!(param("strange").is_err() && column("string X").is_err() && param("number 1..x").is_err());
    }
}
