//! A scripted day: stories with their times, as JSON or TOML.
//!
//! ```toml
//! [[stories]]
//! time = "10:00"
//! story = "answered"
//! phone = "79161234567"
//! talk = 40
//! ```

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::NaiveTime;
use serde_json::Value;
use tokio::task::JoinSet;

use super::player::{Player, Step};
use super::tempo::Speed;
use crate::stories::Story;

/// A story at a time of the day.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it begins, in milliseconds after midnight.
    pub at: i64,
    /// The story.
    pub story: Story,
}

/// A scripted day, in the order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Day {
    /// The stories.
    pub entries: Vec<Entry>,
}

/// What became of a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Played {
    /// Number of notifications and requests, those that were lost on purpose too.
    pub steps: usize,
    /// Number of those that were sent and not accepted.
    pub refused: usize,
    /// Stories that do not fit the account: their number in the day, from 1, and why.
    pub unplayed: Vec<(usize, String)>,
}

impl Day {
    /// Reads a file: TOML if its name ends with `.toml`, else JSON. The error names the file and the story.
    pub fn open(path: &Path) -> Result<Day, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
        let value = match path.extension().is_some_and(|extension| extension == "toml") {
            true => toml::from_str(&text).map_err(|error| failed(&error))?,
            false => serde_json::from_str(&text).map_err(|error| failed(&error))?,
        };
        Day::read(&value).map_err(|error| failed(&error))
    }

    /// Reads `{"stories": [{"time": "10:00", "story": "answered", …}]}`.
    pub fn read(value: &Value) -> Result<Day, String> {
        let Some(rows) = value["stories"].as_array() else {
            return Err("expected a list \"stories\", each with \"time\" and \"story\"".to_owned());
        };
        let mut entries = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            entries.push(entry(row).map_err(|error| format!("stories[{index}]: {error}"))?);
        }
        entries.sort_by_key(|entry| entry.at);
        Ok(Day { entries })
    }

    /// Plays the day. It begins with its first story at once; the times say how far apart the stories are. Stories overlap as their times
    /// say; at the highest speed each one waits for the end of the one before.
    pub async fn play(&self, player: &Arc<Player>) -> Played {
        let mut played = Played::default();
        let first = self.entries.first().map_or(0, |entry| entry.at);
        let (began, tempo) = (Instant::now(), player.manner.tempo);
        let mut running = JoinSet::new();
        for (index, entry) in self.entries.iter().enumerate() {
            tokio::time::sleep(tempo.real(entry.at - first).saturating_sub(began.elapsed())).await;
            let (player, story) = (player.clone(), entry.story.clone());
            running.spawn(async move { (index, player.play(&story).await) });
            while tempo.speed == Speed::Max
                && let Some(ended) = running.join_next().await
            {
                played.add(ended);
            }
        }
        while let Some(ended) = running.join_next().await {
            played.add(ended);
        }
        played
    }
}

impl Played {
    fn add(&mut self, ended: Result<(usize, Result<Vec<Step>, String>), tokio::task::JoinError>) {
        match ended {
            Ok((_, Ok(steps))) => {
                self.steps += steps.len();
                self.refused += steps.iter().filter(|step| !step.is_fine()).count();
            }
            Ok((index, Err(why))) => self.unplayed.push((index + 1, why)),
            Err(error) => self.unplayed.push((0, error.to_string())),
        }
    }
}

fn entry(row: &Value) -> Result<Entry, String> {
    let Value::Object(mut members) = row.clone() else { return Err("expected an object".to_owned()) };
    let Some(Value::String(time)) = members.remove("time") else {
        return Err("time is missing; write it as 10:00 or 10:00:05".to_owned());
    };
    let read = ["%H:%M:%S", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(&time, format).ok());
    let Some(read) = read else { return Err(format!("time {time:?} is no time of the day; write it as 10:00 or 10:00:05")) };
    let at = (read - NaiveTime::MIN).num_milliseconds();
    Ok(Entry { at, story: Story::read(&Value::Object(members))? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::Kind;
    use serde_json::json;

    #[test]
    fn a_day_is_read_in_the_order_of_time() {
        let day = Day::read(&json!({"stories": [
            {"time": "10:00:05", "story": "missed", "phone": ""},
            {"time": "09:30", "story": "chat", "lines": [{"from": "visitor", "text": "Привет"}]},
        ]}))
        .expect("a day");
        let found: Vec<(i64, Kind)> = day.entries.iter().map(|entry| (entry.at, entry.story.story)).collect();
        assert_eq!(found, [(34_200_000, Kind::Chat), (36_005_000, Kind::Missed)]);
        assert_eq!(day.entries[1].story.phone.as_deref(), Some(""));
    }

    #[test]
    fn toml_and_json_are_the_same() {
        let folder = std::env::temp_dir();
        let (toml, json) = (folder.join("uis-day-test.toml"), folder.join("uis-day-test.json"));
        std::fs::write(&toml, "[[stories]]\ntime = \"10:00\"\nstory = \"site-request\"\ntext = \"Позвоните\"\n").expect("written");
        std::fs::write(&json, r#"{"stories":[{"time":"10:00","story":"site-request","text":"Позвоните"}]}"#).expect("written");
        assert_eq!(Day::open(&toml).expect("readable"), Day::open(&json).expect("readable"));
        for file in [toml, json] {
            std::fs::remove_file(file).expect("removed");
        }
    }

    #[test]
    fn an_error_names_the_story_and_its_member() {
        for (row, expected) in [
            (json!({"story": "missed"}), "stories[0]: time is missing"),
            (json!({"time": "25:00", "story": "missed"}), "stories[0]: time \"25:00\" is no time"),
            (json!({"time": "10:00", "story": "mised"}), "stories[0]: story: unknown variant"),
            (json!({"time": "10:00", "fone": "7"}), "stories[0]: fone: unknown field"),
            (json!({"time": "10:00", "lines": [{"from": "nobody", "text": ""}]}), "stories[0]: lines[0].from: unknown variant"),
        ] {
            let error = Day::read(&json!({ "stories": [row] })).expect_err(expected);
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
