//! `trigger`: one story, sent to an address.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use serde_json::{Map, Value};
use uis_host::clock::{Clock, SystemClock};

use super::playing::{Playing, line};
use super::serve::{account_of, print};
use crate::stories::{Kind, Line, Speaker, Story};

/// A story, and where it is sent.
#[derive(Debug, Args)]
pub struct Options {
    /// What happens: answered, missed, transfer, outgoing, unanswered, click, chat, lost-chat, site-request, tag
    #[arg(value_name = "STORY", value_parser = Kind::of)]
    kind: Kind,
    /// The account, a JSON file with employees and virtual numbers. Without it employees have no names
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    course: Course,
    #[command(flatten)]
    words: Words,
    #[command(flatten)]
    playing: Playing,
    /// Print each notification as one line of JSON
    #[arg(long)]
    json: bool,
}

/// Who takes part.
#[derive(Debug, Args)]
struct Who {
    /// The customer's number, digits as UIS writes them; for a chat or a site request what the visitor typed
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// The caller hides their number, or the visitor gives none
    #[arg(long, conflicts_with = "phone")]
    anonymous: bool,
    /// The customer's name
    #[arg(long)]
    name: Option<String>,
    /// The visitor's e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The virtual number; without it the account's first
    #[arg(long, value_name = "NUMBER")]
    virtual_number: Option<String>,
    /// The employee's id; without it the account's first
    #[arg(long, value_name = "ID")]
    employee: Option<i64>,
    /// The employee who gets a transferred call, or whose phone rings second in a missed one
    #[arg(long, value_name = "ID")]
    second_employee: Option<i64>,
}

/// How long things take, and what identifies them.
#[derive(Debug, Args)]
struct Course {
    /// How long a phone rings
    #[arg(long, value_name = "SECONDS")]
    ring: Option<u32>,
    /// How long a talk lasts
    #[arg(long, value_name = "SECONDS")]
    talk: Option<u32>,
    /// How long after a call its recording is ready; 0: it is not recorded
    #[arg(long, value_name = "SECONDS")]
    recording_after: Option<u32>,
    /// The id that the Call API was given for a clicked number
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// The scenario's name
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// The communication that gets the tag
    #[arg(long, value_name = "ID")]
    communication: Option<i64>,
    /// Its type: call, chat, offline_message
    #[arg(long, value_name = "TYPE")]
    communication_type: Option<String>,
}

/// What is said and written.
#[derive(Debug, Args)]
struct Words {
    /// A tag, by its name or its id in the account
    #[arg(long)]
    tag: Option<String>,
    /// What the visitor wrote: in a form, or as the first line of a chat
    #[arg(long)]
    text: Option<String>,
    /// The chat channel's id
    #[arg(long, value_name = "ID")]
    channel: Option<i64>,
    /// The site's id
    #[arg(long, value_name = "ID")]
    site: Option<i64>,
    /// A further parameter of every event, such as utm_source=yandex; the value is JSON or text
    #[arg(long = "set", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
}

impl Options {
    fn story(&self) -> Result<Story> {
        let (who, course, words) = (&self.who, &self.course, &self.words);
        let defaults = Story::of(self.kind);
        let lines = match (self.kind, &words.text) {
            (Kind::Chat | Kind::LostChat, Some(text)) => vec![
                Line { from: Speaker::Visitor, text: text.clone() },
                Line { from: Speaker::Operator, text: "Здравствуйте! Сейчас отвечу".to_owned() },
            ],
            _ => Vec::new(),
        };
        Ok(Story {
            phone: if who.anonymous { Some(String::new()) } else { who.phone.clone() },
            name: who.name.clone(),
            email: who.email.clone(),
            virtual_number: who.virtual_number.clone(),
            employee: who.employee,
            second_employee: who.second_employee,
            ring: course.ring.unwrap_or(defaults.ring),
            talk: course.talk.unwrap_or(defaults.talk),
            recording_after: course.recording_after.unwrap_or(defaults.recording_after),
            external_id: course.external_id.clone(),
            scenario: course.scenario.clone(),
            communication: course.communication,
            communication_type: course.communication_type.clone(),
            tag: words.tag.clone(),
            text: words.text.clone(),
            channel: words.channel,
            site: words.site,
            lines,
            parameters: parameters(&words.parameters)?,
            ..defaults
        })
    }
}

fn parameters(given: &[String]) -> Result<Map<String, Value>> {
    let mut all = Map::new();
    for one in given {
        let Some((name, value)) = one.split_once('=') else { bail!("--set {one}: write it as NAME=VALUE") };
        all.insert(name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into()));
    }
    Ok(all)
}

/// Plays the story. The status is 1 if a notification was not accepted.
pub async fn run(options: Options) -> Result<ExitCode> {
    if options.playing.to.is_none() && options.playing.templates.is_none() {
        bail!("nowhere to send it: give --to URL, or --templates with the output of `uis-gateway setup NAME --json`");
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let account = Arc::new(account_of(options.account.as_deref(), clock.clone())?);
    let json = options.json;
    let player = options.playing.player(account, clock, Box::new(move |step| print(&line(step, json))))?;
    let steps = player.play(&options.story()?).await.map_err(|error| anyhow!(error))?;
    Ok(match steps.iter().all(|step| step.is_fine()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(1),
    })
}
