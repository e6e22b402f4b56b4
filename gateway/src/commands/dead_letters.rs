//! `uis-gateway dead-letters …`.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use uis_gateway::admin::outputs::{DeadLetterList, Redriven};
use uis_gateway::config::Config;
use uis_gateway::control::{Control, Edit, EventQuery, Reasons, RedriveReport, RedriveRequest};

use super::events::{self, Paged, Which};
use super::shown::{self, object, say};
use super::{Failure, control};

/// Commands about dead letters.
#[derive(Subcommand)]
pub enum Command {
    /// List dead letters and requests that could not be read, newest first.
    List {
        #[command(flatten)]
        which: Which,
        /// Count them by reason, with what to do.
        #[arg(long, conflicts_with_all = ["limit", "after", "reveal"])]
        by_reason: bool,
        #[command(flatten)]
        paged: Paged,
    },
    /// Put dead letters back to the end of their lanes: one by its id, or all that a filter finds, in the order of receipt.
    Redrive {
        /// The id of one; without it the options say which.
        #[arg(conflicts_with_all = ["integration", "what", "session", "phone", "from", "to", "reason", "all", "yes"])]
        id: Option<String>,
        #[command(flatten)]
        which: Box<Which>,
        /// All of them, when no other option says which.
        #[arg(long)]
        all: bool,
        /// Do it without asking. Without it, and without a terminal, only the preview is printed.
        #[arg(long)]
        yes: bool,
    },
    /// Replace the body of a dead letter, which waits again then. The body that came is kept.
    Edit {
        /// Its id.
        id: String,
        /// The file with the new body; - for standard input. Without it, $EDITOR opens the body.
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
        /// Take the body that came again.
        #[arg(long, conflicts_with = "body")]
        original: bool,
    },
}

/// Runs a command about dead letters.
pub async fn run(config: &Config, command: Command, json: bool) -> Result<(), Failure> {
    match command {
        Command::List { which, by_reason: true, .. } => {
            let found = control(config).await?.reasons(which.query()).await?;
            if json { object(&found) } else { by_reason(&found) }
        }
        Command::List { which, paged, .. } => {
            let query = EventQuery { state: Some("dead,unreadable".to_owned()), ..paged.of(which.query()) };
            let page = control(config).await?.events(query).await?;
            match json {
                true => object(&DeadLetterList { dead_letters: page.events, next: page.next, out_of_time: page.out_of_time }),
                false => events::lines(&page, "no dead letters"),
            }
        }
        Command::Redrive { id: Some(id), .. } => shown::redriven(&control(config).await?.redrive(&id).await?, json),
        Command::Redrive { id: None, which, all, .. } if which.is_everything() && !all => {
            return Err(Failure::Input("say which: an id, a filter such as --reason, or --all".to_owned()));
        }
        Command::Redrive { id: None, which, yes, .. } => redrive(control(config).await?.as_ref(), which.query(), yes, json).await?,
        Command::Edit { id, body, original } => {
            let control = control(config).await?;
            let edit = match (body, original) {
                (_, true) => Edit::Original,
                (Some(file), _) => Edit::Body(read(&file)?),
                (None, _) => Edit::Body(edited(control.as_ref(), &id).await?),
            };
            shown::redriven(&control.edit(&id, edit).await?, json);
        }
    }
    Ok(())
}

fn by_reason(found: &Reasons) {
    if found.reasons.is_empty() {
        say("no dead letters");
    }
    for reason in &found.reasons {
        say(&format!("{:>7}  {}", reason.count, reason.reason));
        say(&format!("         {}; {}; {} to {}", reason.integrations.join(", "), reason.types.join(", "), reason.oldest, reason.newest));
        say(&format!("         → {}", reason.remedy));
    }
    if found.out_of_time {
        say("not all were looked at, because the time was over; give --integration, --from or --to");
    }
}

fn preview(report: &RedriveReport) {
    if report.count == 0 {
        return say("no dead letters are like that");
    }
    let of: Vec<String> = report.integrations.iter().map(|(name, count)| format!("{name}: {count}")).collect();
    let bound = |at: &Option<String>| at.clone().unwrap_or_default();
    say(&format!("{} dead letters ({}), received {} to {}", report.count, of.join(", "), bound(&report.oldest), bound(&report.newest)));
    if report.out_of_time {
        say("there are more: not all were looked at, because the time was over");
    }
}

/// Shows what would be put back, and does it if the person says yes.
async fn redrive(control: &dyn Control, filter: EventQuery, yes: bool, json: bool) -> Result<(), Failure> {
    let asked = RedriveRequest { filter: filter.clone(), preview: true, after: None };
    let expected = control.redrive_all(asked).await?;
    let sure = yes
        || (!json && expected.count > 0 && std::io::stdin().is_terminal() && {
            preview(&expected);
            agrees()?
        });
    if !sure || expected.count == 0 {
        match json {
            true => object(&Redriven { done: false, report: expected }),
            false if std::io::stdin().is_terminal() && !yes && expected.count > 0 => say("nothing was changed"),
            false => {
                preview(&expected);
                if expected.count > 0 {
                    say("nothing was changed; add --yes to put them back");
                }
            }
        }
        return Ok(());
    }
    let done = all(control, filter).await?;
    match json {
        true => object(&Redriven { done: true, report: done.clone() }),
        false => {
            say(&format!("{} dead letters wait again, each behind the other events of its lane", done.count));
            done.failed.iter().for_each(|failed| say(&format!("{} was not put back: {}", failed.id, failed.why)));
        }
    }
    if done.failed.is_empty() { Ok(()) } else { Err(Failure::Done) }
}

/// Puts all back, part by part, so that no request takes long.
async fn all(control: &dyn Control, filter: EventQuery) -> Result<RedriveReport, Failure> {
    let mut sum = RedriveReport::default();
    let mut after = None;
    loop {
        let part = control.redrive_all(RedriveRequest { filter: filter.clone(), preview: false, after }).await?;
        sum.count += part.count;
        for (name, count) in part.integrations {
            *sum.integrations.entry(name).or_default() += count;
        }
        sum.oldest = sum.oldest.or(part.oldest);
        sum.newest = part.newest.or(sum.newest);
        sum.failed.extend(part.failed);
        after = part.next;
        if after.is_none() {
            return Ok(sum);
        }
    }
}

fn agrees() -> Result<bool, Failure> {
    print!("Put them back? Type yes: ");
    // The question is part of the line; a terminal that is gone answers nothing.
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Failure::Input(format!("the answer cannot be read from standard input: {error}")))?;
    Ok(line.trim().eq_ignore_ascii_case("yes"))
}

fn read(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::Input(format!("{}: {error}", file.display()));
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(failed)
}

/// The body as the person leaves it in their editor. It is personal data, so the file is in a folder of this user only, and goes with it.
async fn edited(control: &dyn Control, id: &str) -> Result<String, Failure> {
    let editor = std::env::var("EDITOR").ok().filter(|editor| !editor.trim().is_empty());
    let editor = editor.ok_or_else(|| Failure::Input("give the new body: --body FILE, or set the variable EDITOR".to_owned()))?;
    let detail = control.event(id, true).await?;
    let request = detail.request.ok_or_else(|| Failure::Input(format!("{id} has no body; uis-gateway event {id} shows what it is")))?;
    let before = if request.body.is_empty() { request.query } else { request.body };
    let failed = |error: std::io::Error| Failure::Failed(format!("the editor {editor}: {error}"));
    let folder = tempfile::Builder::new().prefix("uis-gateway").tempdir().map_err(failed)?;
    let file = folder.path().join("body.json");
    std::fs::write(&file, &before).map_err(failed)?;
    // The variable may have arguments, and quotes: the shell reads it as other programs' does.
    let status =
        std::process::Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(&file).status().map_err(failed)?;
    if !status.success() {
        return Err(Failure::Input("the editor failed; nothing was changed".to_owned()));
    }
    let after = read(&file)?;
    if after == before {
        return Err(Failure::Input("the body is as it was; nothing was changed".to_owned()));
    }
    Ok(after)
}
