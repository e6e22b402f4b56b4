//! What a list's filter finds. Every kind of entity has a table of its filters' names; a name that is not in it is refused: a filter that is
//! ignored would find everything and look like success.

use serde_json::Value;

use super::shape;
use crate::entity::{Entity, at, id_of, whole};
use crate::state::State;
use crate::state::table::Table;
use crate::wire::{ApiError, Call, Page, texts};

/// What one filter compares. Paths are those of [`at`].
#[derive(Clone, Copy)]
pub enum Test {
    /// Ids, a list.
    Ids,
    /// Texts or numbers, a list: the member is one of them.
    Among(&'static str),
    /// Words of a known set, a list: the member is one of them.
    Choices(&'static str, &'static [&'static str]),
    /// Ids of users, a list: the member is one of them. An id that no user has is refused.
    Users(&'static str),
    /// The member is this text, case ignored.
    Is(&'static str),
    /// The member has this part, case ignored.
    Has(&'static str),
    /// The member has one of these parts, case ignored.
    HasAny(&'static str),
    /// The member is true or false; the value that an absent one counts as.
    Flag(&'static str, bool),
    /// Not before this date.
    From(&'static str),
    /// Not after this date.
    To(&'static str),
    /// At least this number.
    Min(&'static str),
    /// At most this number.
    Max(&'static str),
    /// Fields that the account added, by code: a value, a list, or `{min,max}`.
    CustomFields,
    /// A comparison of the kind's own, and what its value must be.
    With(Wants, fn(&State, &Entity, &Value) -> bool),
}

/// What a filter's value must be.
#[derive(Clone, Copy)]
pub enum Wants {
    /// One text.
    Text,
    /// One number.
    Number,
    /// 0 or 1.
    Flag,
    /// A date, or a date with a time.
    Date,
    /// A time of the day.
    Hour,
    /// A list of texts; one counts as a list.
    List,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A filter's name and what it compares.
pub type Filter = (&'static str, Test);

/// The filters of one request.
pub struct Wanted<'a>(Vec<(&'a Value, Test)>);

impl<'a> Wanted<'a> {
    /// Reads a request's filters. Empty ones count as absent, as a form's empty fields do.
    pub fn read(state: &State, call: &'a Call, known: &[Filter]) -> Result<Wanted<'a>, ApiError> {
        let mut wanted = Vec::new();
        for (name, value) in call.filters().iter().filter(|(_, value)| value.as_str() != Some("")) {
            let place = format!("children[{name}]");
            let Some((_, test)) = known.iter().find(|(known, _)| known == name) else {
                return Err(ApiError::input(&place, "This form should not contain extra fields."));
            };
            if let Some(complaint) = complaint(state, *test, value) {
                return Err(ApiError::input(&place, complaint));
            }
            wanted.push((value, *test));
        }
        Ok(Wanted(wanted))
    }

    /// Whether an entity passes all of them.
    pub fn pass(&self, state: &State, entity: &Entity) -> bool {
        self.0.iter().all(|(wanted, test)| passes(state, entity, *test, wanted))
    }

    /// A page of the entities that pass, newest first, and `pagination`.
    pub fn page<'t>(&self, page: Page, state: &State, table: &'t Table, sites: &[String]) -> (Vec<&'t Entity>, Value) {
        // Without filters, a key that sees every shop needs no look at each entity.
        if self.0.is_empty() && sites.len() == state.account.references.of("sites").len() {
            let skipped = (page.page - 1).saturating_mul(page.limit);
            return (table.iter().rev().skip(skipped).take(page.limit).collect(), page.pagination(table.len()));
        }
        page.cut(self.select(state, table, sites))
    }

    /// The entities that pass, newest first.
    fn select<'t>(&self, state: &State, table: &'t Table, sites: &[String]) -> Vec<&'t Entity> {
        let ids = self.0.iter().find_map(|(wanted, test)| matches!(test, Test::Ids).then(|| texts(wanted)));
        let passes = |entity: &&Entity| crate::state::in_sites(entity, sites) && self.pass(state, entity);
        match ids {
            Some(ids) => {
                let mut ids: Vec<i64> = ids.iter().filter_map(|id| id.parse().ok()).collect();
                ids.sort_unstable_by(|a, b| b.cmp(a));
                ids.dedup();
                ids.into_iter().filter_map(|id| table.get(id)).filter(passes).collect()
            }
            None => table.iter().rev().filter(passes).collect(),
        }
    }
}

/// Why a value cannot be this filter's.
fn complaint(state: &State, test: Test, value: &Value) -> Option<&'static str> {
    let wants = match test {
        Test::Ids => {
            return (!texts(value).iter().all(|text| text.parse::<i64>().is_ok())).then_some(INVALID);
        }
        Test::Choices(_, choices) => return (!texts(value).iter().all(|text| choices.contains(&text.as_str()))).then_some(NO_CHOICE),
        Test::Users(_) => {
            let known = |text: &String| text.parse().is_ok_and(|id| state.users.get(id).is_some());
            return (!texts(value).iter().all(known)).then_some(NO_CHOICE);
        }
        Test::CustomFields => return (!value.is_object()).then_some(INVALID),
        Test::From(_) | Test::To(_) => Wants::Date,
        Test::Min(_) | Test::Max(_) => Wants::Number,
        Test::Flag(..) => Wants::Flag,
        Test::Is(_) | Test::Has(_) => Wants::Text,
        Test::Among(_) | Test::HasAny(_) => Wants::List,
        Test::With(wants, _) => wants,
    };
    let text = value.as_str();
    match wants {
        Wants::Text => text.is_none().then_some(INVALID),
        Wants::Number => text.is_none_or(|text| text.parse::<f64>().is_err()).then_some(INVALID),
        Wants::Date => text.is_none_or(|text| !is_date(text) && !shape::is_date_time(text) && !shape::is_minute(text)).then_some(INVALID),
        Wants::Hour => text.is_none_or(|text| !is_hour(text)).then_some(INVALID),
        Wants::List => (!value.is_string() && !value.is_array() && !value.is_object()).then_some(INVALID),
        Wants::Flag => text.is_none_or(|text| !matches!(text, "0" | "1" | "true" | "false" | "True" | "False")).then_some(NO_CHOICE),
        Wants::Choice(choices) => text.is_none_or(|text| !choices.contains(&text)).then_some(NO_CHOICE),
    }
}

const INVALID: &str = "This value is not valid.";
const NO_CHOICE: &str = "The value you selected is not a valid choice.";

fn is_date(text: &str) -> bool {
    shape::is_date(text)
}

fn is_hour(text: &str) -> bool {
    ["%H:%M", "%H:%M:%S"].iter().any(|form| chrono::NaiveTime::parse_from_str(text, form).is_ok()) && text.get(2..3) == Some(":")
}

fn passes(state: &State, entity: &Entity, test: Test, wanted: &Value) -> bool {
    let said = wanted.as_str().unwrap_or_default();
    let lower = |value: &Value| shape::as_text(value).unwrap_or_default().to_lowercase();
    match test {
        Test::Ids => texts(wanted).iter().any(|id| id_of(entity) == id.parse().ok()),
        Test::Among(path) | Test::Choices(path, _) | Test::Users(path) => {
            let wanted = texts(wanted);
            at(entity, path).iter().any(|value| shape::as_text(value).is_some_and(|text| wanted.contains(&text)))
        }
        Test::Is(path) => at(entity, path).iter().any(|value| lower(value) == said.to_lowercase()),
        Test::Has(path) => at(entity, path).iter().any(|value| lower(value).contains(&said.to_lowercase())),
        Test::HasAny(path) => {
            let wanted = texts(wanted);
            at(entity, path).iter().any(|value| wanted.iter().any(|part| lower(value).contains(&part.to_lowercase())))
        }
        Test::Flag(path, absent) => at(entity, path).first().and_then(|value| value.as_bool()).unwrap_or(absent) == yes(said),
        Test::From(path) => dates(entity, path).any(|date| cut(date, said) >= cut(said, date)),
        Test::To(path) => dates(entity, path).any(|date| cut(date, said) <= cut(said, date)),
        Test::Min(path) => numbers(entity, path).any(|number| said.parse().is_ok_and(|wanted: f64| number >= wanted)),
        Test::Max(path) => numbers(entity, path).any(|number| said.parse().is_ok_and(|wanted: f64| number <= wanted)),
        Test::CustomFields => custom(state, entity, wanted),
        Test::With(_, own) => own(state, entity, wanted),
    }
}

/// Whether a filter's value means true.
pub fn yes(said: &str) -> bool {
    matches!(said, "1" | "true" | "True")
}

fn dates<'a>(entity: &'a Entity, path: &'static str) -> impl Iterator<Item = &'a str> {
    at(entity, path).into_iter().filter_map(Value::as_str)
}

fn numbers(entity: &Entity, path: &'static str) -> impl Iterator<Item = f64> {
    at(entity, path).into_iter().filter_map(Value::as_f64)
}

/// As much of a date-time as the filter says: a filter by date means the whole day.
fn cut<'a>(date: &'a str, wanted: &str) -> &'a str {
    date.get(..wanted.len()).unwrap_or(date)
}

fn custom(state: &State, entity: &Entity, wanted: &Value) -> bool {
    let fields = entity.get("customFields");
    wanted.as_object().into_iter().flatten().all(|(code, wanted)| {
        let known = state.account.lists.get("customFields").into_iter().flatten();
        let kind = known.filter(|field| crate::entity::text(field, "code") == code).map(|field| crate::entity::text(field, "type")).next();
        let value = fields.map(|fields| &fields[code.as_str()]).filter(|value| !value.is_null());
        let held: Vec<&Value> = match value {
            None => Vec::new(),
            Some(Value::Array(items)) => items.iter().collect(),
            Some(one) => vec![one],
        };
        match wanted {
            Value::Object(range) => held.iter().any(|value| {
                let bound = |name: &str| range.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
                let text = shape::as_text(value).unwrap_or_default();
                let order = |bound: &str| match (text.parse::<f64>(), bound.parse::<f64>()) {
                    (Ok(value), Ok(bound)) => value.partial_cmp(&bound),
                    _ => Some(cut(&text, bound).cmp(bound)),
                };
                bound("min").is_none_or(|bound| order(bound).is_some_and(std::cmp::Ordering::is_ge))
                    && bound("max").is_none_or(|bound| order(bound).is_some_and(std::cmp::Ordering::is_le))
            }),
            wanted => {
                let wanted = texts(wanted);
                held.iter().any(|value| match value {
                    Value::Bool(flag) => wanted.iter().any(|text| yes(text) == *flag),
                    // Texts are searched for a part, as the CRM's own lists do [inferred].
                    Value::String(text) if !matches!(kind, Some("string" | "text") | None) => wanted.contains(text),
                    Value::String(text) => wanted.iter().any(|wanted| text.to_lowercase().contains(&wanted.to_lowercase())),
                    other => wanted.iter().any(|wanted| shape::as_text(other).as_ref() == Some(wanted)),
                })
            }
        }
    })
}

/// Whether an id is among a filter's, for comparisons of a kind's own.
pub fn has_id(wanted: &Value, id: Option<i64>) -> bool {
    id.is_some_and(|id| texts(wanted).iter().any(|text| whole(&Value::from(text.as_str())) == Some(id)))
}
