//! The acts of the morning, from `day.toml`.

use chrono::NaiveTime;
use serde::Deserialize;
use serde_json::{Map, Value};
use uis_simulator::stories::Story;

/// Something that somebody does.
#[derive(Debug, Clone)]
pub struct Act {
    /// Milliseconds after the beginning of the morning.
    pub after: i64,
    /// What happens, for the reader.
    pub title: String,
    /// Who does what.
    pub deed: Deed,
}

/// Who does what.
#[derive(Debug, Clone)]
pub enum Deed {
    /// UIS plays a story.
    Uis(Box<Story>),
    /// A user of RetailCRM clicks a phone number.
    Click {
        /// The number, as it stands in RetailCRM.
        phone: String,
        /// The user's id.
        user: i64,
    },
    /// A user of RetailCRM changes an order's status.
    Order {
        /// The order's id.
        id: i64,
        /// The code of the new status.
        status: String,
    },
}

#[derive(Deserialize)]
struct File {
    acts: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    time: String,
    title: String,
    click: Option<Click>,
    order: Option<Order>,
    #[serde(flatten)]
    story: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Click {
    phone: String,
    user: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    id: i64,
    status: String,
}

/// Reads the morning.
pub fn read() -> Result<Vec<Act>, String> {
    parse(include_str!("day.toml"))
}

fn parse(text: &str) -> Result<Vec<Act>, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("day.toml: {error}"))?;
    let mut first = None;
    file.acts
        .into_iter()
        .map(|row| {
            let place = |why: String| format!("day.toml, {}: {why}", row.time);
            let time = NaiveTime::parse_from_str(&row.time, "%H:%M").map_err(|error| place(error.to_string()))?;
            let after = (time - *first.get_or_insert(time)).num_milliseconds();
            let deed = match (row.click, row.order) {
                (Some(Click { phone, user }), None) => Deed::Click { phone, user },
                (None, Some(Order { id, status })) => Deed::Order { id, status },
                _ => Deed::Uis(Box::new(Story::read(&Value::Object(row.story)).map_err(place)?)),
            };
            Ok(Act { after, title: row.title, deed })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_morning_is_in_order_and_has_every_kind_of_act() {
        let acts = read().expect("readable");
        assert!(acts.windows(2).all(|pair| pair[0].after < pair[1].after), "{acts:?}");
        let kinds = |of: fn(&Deed) -> bool| acts.iter().filter(|act| of(&act.deed)).count();
        assert!(kinds(|deed| matches!(deed, Deed::Click { .. })) > 0);
        assert!(kinds(|deed| matches!(deed, Deed::Order { .. })) > 0);
        assert!(kinds(|deed| matches!(deed, Deed::Uis(_))) >= 5);
    }

    #[test]
    fn a_wrong_act_is_named_by_its_time() {
        let error = parse("[[acts]]\ntime = \"10:00\"\ntitle = \"x\"\nstory = \"answred\"\n").expect_err("no story");
        assert!(error.contains("10:00") && error.contains("answred"), "{error}");
    }
}
