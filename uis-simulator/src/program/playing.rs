//! Options that several commands share: where notifications go, and how stories are played.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use uis_host::clock::Clock;
use uis_host::notification::templates::{Subscription, Subscriptions};

use crate::delivery::Odds;
use crate::play::{Manner, Player, Speed, Step, Tempo};
use crate::simulated::SimulatedAccount;
use crate::templates::{Style, as_query, quoted};

/// Where notifications go, and how they are sent.
#[derive(Debug, Clone, Args)]
pub struct Playing {
    /// The address below which notifications are sent, such as http://127.0.0.1:8080/shop/notify/SECRET; {event} in it stands for the
    /// event's type. With --templates it replaces their addresses
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// What is set up in the account: the output of `uis-gateway setup NAME --json`. Without it: every event, with all parameters
    #[arg(long, value_name = "FILE")]
    pub templates: Option<PathBuf>,
    /// How many times faster than in life stories are played, or max
    #[arg(long, default_value = "1", value_name = "TIMES")]
    pub speed: Speed,
    #[command(flatten)]
    pub rendering: Rendering,
    #[command(flatten)]
    pub mishaps: MishapOptions,
}

/// How notifications are rendered.
#[derive(Debug, Clone, Args)]
pub struct Rendering {
    /// Send notifications by GET, with the parameters in the query
    #[arg(long)]
    get: bool,
    /// Put quotes around the templates' placeholders, as many owners do
    #[arg(long)]
    quoted: bool,
    /// Write numbers as text
    #[arg(long)]
    numbers_as_text: bool,
    /// Write lists as JSON inside text
    #[arg(long)]
    lists_as_text: bool,
}

/// What goes wrong with notifications.
#[derive(Debug, Clone, Args)]
pub struct MishapOptions {
    /// How often a notification comes twice, from 0 to 1
    #[arg(long, default_value_t = 0.0, value_name = "PROBABILITY")]
    double: f64,
    /// How often a notification never comes
    #[arg(long, default_value_t = 0.0, value_name = "PROBABILITY")]
    lose: f64,
    /// How often a notification comes late
    #[arg(long, default_value_t = 0.0, value_name = "PROBABILITY")]
    late: f64,
    /// How late it then comes, in seconds
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    late_seconds: u32,
    /// How often a notification comes after the next one of its call or chat
    #[arg(long, default_value_t = 0.0, value_name = "PROBABILITY")]
    reorder: f64,
    /// The seed of what goes wrong
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often a refused notification is sent again. Whether UIS does so is not public
    #[arg(long, default_value_t = 0, value_name = "TIMES")]
    retry: u32,
}

impl Playing {
    /// What is set up in the account.
    fn subscriptions(&self) -> Result<Subscriptions> {
        let all = match (&self.templates, &self.to) {
            (Some(path), to) => {
                let read = read(path)?;
                to.as_ref().map_or(read.clone(), |to| read.moved(to))
            }
            (None, Some(to)) => Subscriptions::below(to),
            (None, None) => Subscriptions::default(),
        };
        let change = |mut one: Subscription| {
            if self.rendering.quoted {
                one.template = quoted(&one.template);
            }
            if self.rendering.get { as_query(one) } else { one }
        };
        Ok(Subscriptions { notifications: all.notifications.into_iter().map(change).collect(), ..all })
    }

    /// A player of an account. `observer` sees each step.
    pub fn player(
        &self,
        account: Arc<SimulatedAccount>,
        clock: Arc<dyn Clock>,
        observer: Box<dyn Fn(&Step) + Send + Sync>,
    ) -> Result<Player> {
        let MishapOptions { double, lose, late, late_seconds, reorder, seed, retry } = self.mishaps;
        let Rendering { numbers_as_text, lists_as_text, .. } = self.rendering;
        let manner = Manner {
            tempo: Tempo { speed: self.speed, clock_follows: false },
            style: Style { numbers_as_text, lists_as_text },
            odds: Odds { double, lose, late, late_seconds, reorder, seed },
            retries: retry,
        };
        Player::new(account, clock, self.subscriptions()?, manner, observer).map_err(|error| anyhow!("--{error}"))
    }
}

fn read(path: &Path) -> Result<Subscriptions> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut reader)
        .with_context(|| format!("{}: expected the output of `uis-gateway setup NAME --json`", path.display()))
}

/// A step, for people or as one line of JSON.
pub fn line(step: &Step, json: bool) -> String {
    match json {
        true => serde_json::to_value(step).unwrap_or_default().to_string(),
        false => shown(step),
    }
}

/// A step for people. What a receiver answered must not control the terminal.
fn shown(step: &Step) -> String {
    let time = step.at.get(11..19).unwrap_or(&step.at);
    let mishap = step.mishap.map(|mishap| format!(" ({mishap:?}, on purpose)").to_lowercase()).unwrap_or_default();
    let result = match (&step.error, step.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => status.to_string(),
        (None, None) => "-".to_owned(),
    };
    let answer = if step.answer.is_empty() { String::new() } else { format!("\n    answer: {}", one_line(&step.answer)) };
    format!("{time}  {:22} {result}{mishap}\n    {}{answer}", step.what, one_line(&step.message))
}

fn one_line(text: &str) -> String {
    let compact = serde_json::from_str::<serde_json::Value>(text).map(|value| value.to_string());
    let text = compact.unwrap_or_else(|_| text.split_whitespace().collect::<Vec<_>>().join(" "));
    text.chars().map(|sign| if sign.is_control() { '\u{FFFD}' } else { sign }).collect()
}
