//! `uis-host explain FILE --phone N`: replays a recording, and prints the story of one customer, communication, order or task: each effect with
//! its cause, and what was left out and why.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use serde_json::json;
use uis_harness::effects::{Effect, EffectResult, Kind, Subject, story};

use super::say;
use super::terminal::Terminal;
use super::watched::WatchedArguments;
use crate::exit_status::{FAILED, OK};

/// Show what happened to one customer, call, order or task, and why
#[derive(Debug, Args)]
pub struct ExplainArguments {
    #[command(flatten)]
    watched: WatchedArguments,
    #[command(flatten)]
    whom: Whom,
    /// Print one JSON object and nothing else
    #[arg(long)]
    json: bool,
}

/// Whose story it is; exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// A customer's phone, in any spelling
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// A call: its session id, or the externalId of its record, like uis-call-998678016
    #[arg(long, value_name = "SESSION", value_parser = id)]
    call: Option<i64>,
    /// A chat: its id
    #[arg(long, value_name = "ID", value_parser = id)]
    chat: Option<i64>,
    /// A site request: its communication id
    #[arg(long, value_name = "ID", value_parser = id)]
    request: Option<i64>,
    /// A customer in the CRM: its id
    #[arg(long, value_name = "ID", value_parser = id)]
    customer: Option<i64>,
    /// An order in the CRM: its id
    #[arg(long, value_name = "ID", value_parser = id)]
    order: Option<i64>,
    /// A task in the CRM: its id
    #[arg(long, value_name = "ID", value_parser = id)]
    task: Option<i64>,
}

/// An id. It may have words before it, as in an externalId.
fn id(text: &str) -> Result<i64, String> {
    let digits = text.rsplit_once('-').map_or(text, |(_, last)| last);
    digits.parse().map_err(|_| format!("{text:?} is no id; expected a whole number, like 998678016"))
}

/// One phone, without its extension.
fn phone(number: &str) -> Result<Subject> {
    let expected = "give one number, like 79161234567 or \"8 (916) 123-45-67\"";
    if number.contains([',', ';', '/']) {
        bail!("--phone {number}: these are several numbers; {expected}");
    }
    // What follows a word is an extension: «доб. 12», «ext. 12».
    let main: String = number.chars().take_while(|letter| !letter.is_alphabetic() && *letter != '#').collect();
    let subject = Subject::phone(&main);
    match subject.id.len() {
        // E.164: at most 15 digits. UIS has short numbers too.
        2..=15 => Ok(subject),
        _ => bail!("--phone {number}: this is no phone number; {expected}"),
    }
}

impl Whom {
    fn subject(&self) -> Result<Subject> {
        if let Some(number) = &self.phone {
            return phone(number);
        }
        let ids = [
            (Kind::Call, self.call),
            (Kind::Chat, self.chat),
            (Kind::Request, self.request),
            (Kind::Customer, self.customer),
            (Kind::Order, self.order),
            (Kind::Task, self.task),
        ];
        let found = ids.into_iter().find_map(|(kind, id)| Some(Subject::new(kind, id?)));
        found.ok_or_else(|| anyhow!("say whose story it is: --phone, --call, --chat, --request, --customer, --order or --task"))
    }
}

/// Runs the command.
pub async fn run(arguments: ExplainArguments) -> Result<u8> {
    let subject = arguments.whom.subject()?;
    let effects = arguments.watched.replay(|_| ()).await?.effects;
    let story = story::of(&effects, &subject);
    if arguments.json {
        say(&format!("{}\n", json!({"about": subject, "effects": story})));
    } else if story.is_empty() {
        say(&nothing(&arguments.watched.recording, &effects, &subject));
    } else {
        say(&text(&story, &subject, &Terminal::stdout()));
    }
    Ok(if story.is_empty() { FAILED } else { OK })
}

/// What is printed when nothing is about the subject.
fn nothing(path: &Path, effects: &[Effect], subject: &Subject) -> String {
    let name = subject.kind.name();
    let known = story::known(effects, subject.kind);
    let known = if known.is_empty() {
        format!("no effect and no decision of the replay of {} is about a {name}", path.display())
    } else {
        let more = known.len().saturating_sub(20);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("there are: {}{more}", known.iter().take(20).cloned().collect::<Vec<_>>().join(", "))
    };
    format!("nothing was done or left out for {name} {}; {known}\n", subject.id)
}

/// The story for people.
fn text(story: &[&Effect], subject: &Subject, terminal: &Terminal) -> String {
    let (done, left_out, failed) = story::counts(story);
    let title = format!("{} {}: {done} done, {left_out} left out, {failed} failed", subject.kind.name(), subject.id);
    let mut lines = vec![terminal.strong(&title)];
    let mut day = "";
    for effect in story {
        let (date, time) = effect.at.split_once('T').unwrap_or(("", &effect.at));
        if date != day {
            day = date;
            lines.push(format!("\n{date}"));
        }
        lines.extend(entry(effect, time.get(..8).unwrap_or(time), terminal));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// One effect: what happened, the event, and the decisions.
fn entry(effect: &Effect, time: &str, terminal: &Terminal) -> Vec<String> {
    let whose = effect.integration.as_ref().map(|name| format!("[{name}] ")).unwrap_or_default();
    let head = terminal.fit(&format!("{time}  {whose}{}", effect.headline()));
    let head = match effect.result {
        EffectResult::Done => terminal.good(&head),
        EffectResult::LeftOut => terminal.aside(&head),
        EffectResult::Refused | EffectResult::Unknown | EffectResult::NotSent | EffectResult::Failed => terminal.bad(&head),
    };
    let mut details = vec![format!("          because of {}", effect.cause.event_line())];
    details.extend(effect.cause.decision_lines().into_iter().map(|line| format!("          {line}")));
    std::iter::once(head).chain(details.iter().map(|line| terminal.faint(&terminal.fit(line)))).collect()
}
