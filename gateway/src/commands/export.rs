//! `uis-gateway export`: writes a recording from life.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use clap::Args;
use uis_gateway::config::Config;
use uis_gateway::control::export::RecordingSubject;
use uis_gateway::export::{self, ExportError, Options, Summary};
use uis_phones::Country;

use super::{Failure, control, shown};

/// What to export.
#[derive(Args)]
pub struct Arguments {
    /// From when on: 2026-11-23, 2026-11-23T10:00, or RFC 3339. Times without a zone are in the UIS account's.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// Until when, exclusive; a day without a time is meant as a whole.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// One integration; without it all of them, which must share a UIS account.
    #[arg(long, value_name = "NAME")]
    integration: Option<String>,
    /// Only what is about this phone.
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// Leave personal data as it is. The recording then contains phones, names and messages of real people.
    #[arg(long)]
    plain: bool,
    /// The file to write; it must not exist. Without it, the recording is printed.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(config: &Config, arguments: Arguments, json: bool) -> Result<(), Failure> {
    if json && arguments.output.is_none() {
        return Err(Failure::Input("--json prints one object, so the recording needs a file: -o FILE".to_owned()));
    }
    let phone = arguments.phone.as_deref().map(phone).transpose()?;
    let control = control(config).await?;
    let names = match &arguments.integration {
        Some(name) => vec![name.clone()],
        None => control.list().await?.into_iter().map(|view| view.name).collect(),
    };
    let mut subjects: Vec<RecordingSubject> = Vec::new();
    for name in names {
        subjects.push(control.recording_subject(&name, arguments.plain).await?);
    }
    let zone = subjects.first().and_then(|subject| subject.account["timezone"].as_str()?.parse().ok()).unwrap_or(chrono_tz::UTC);
    let options = Options {
        from: time("--from", &arguments.from, zone, false)?,
        until: time("--to", &arguments.to, zone, true)?,
        phone,
        plain: arguments.plain,
    };
    if options.from >= options.until {
        return Err(Failure::Input(format!("--from {} is not before --to {}", arguments.from, arguments.to)));
    }
    if options.plain {
        eprintln!("warning: the recording contains personal data as it came; do not give it to anybody who may not have it");
    }
    let output = arguments.output.clone();
    let exported = tokio::task::spawn_blocking(move || write(&subjects, &options, output.as_deref())).await;
    let summary = exported.map_err(|error| Failure::Failed(error.to_string()))??;
    match json {
        true => shown::object(&summary),
        false => show(&summary, arguments.output.as_deref()),
    }
    Ok(())
}

fn write(subjects: &[RecordingSubject], options: &Options, output: Option<&Path>) -> Result<Summary, Failure> {
    let written = match output {
        None => export::write(subjects, options, &mut BufWriter::new(std::io::stdout().lock())),
        Some(path) => {
            let mut file = BufWriter::new(create(path)?);
            let written = export::write(subjects, options, &mut file);
            let synced = file.flush().and_then(|()| file.get_ref().sync_all());
            let written = written.and_then(|summary| synced.map(|()| summary).map_err(|error| ExportError::Failed(error.to_string())));
            if written.is_err() {
                // Half a recording looks like a whole one.
                let _ = std::fs::remove_file(path);
            }
            written
        }
    };
    written.map_err(|error| match error {
        ExportError::Input(why) => Failure::Input(why),
        ExportError::Failed(why) => Failure::Failed(format!("the recording was not written: {why}")),
    })
}

/// A new file that only its owner reads.
fn create(path: &Path) -> Result<File, Failure> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.map_err(|error| Failure::Input(format!("-o {}: {error}", path.display())))
}

/// A time as a person types it, in milliseconds since 1970. A day as the end is meant as a whole.
fn time(flag: &str, typed: &str, zone: Tz, end: bool) -> Result<i64, Failure> {
    if let Ok(at) = DateTime::parse_from_rfc3339(typed) {
        return Ok(at.timestamp_millis());
    }
    let day = chrono::NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok();
    let day = day.and_then(|day| if end { day.succ_opt() } else { Some(day) }).and_then(|day| day.and_hms_opt(0, 0, 0));
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"];
    let naive = day.or_else(|| forms.iter().find_map(|form| NaiveDateTime::parse_from_str(typed, form).ok()));
    let naive = naive.ok_or_else(|| {
        Failure::Input(format!("{flag} {typed}: expected a time such as 2026-11-23, 2026-11-23T10:00 or 2026-11-23T10:00:00+03:00"))
    })?;
    match zone.from_local_datetime(&naive) {
        LocalResult::Single(at) => Ok(at.timestamp_millis()),
        LocalResult::Ambiguous(earlier, later) => Ok(if end { later } else { earlier }.timestamp_millis()),
        LocalResult::None => {
            Err(Failure::Input(format!("{flag} {typed}: the clocks of {zone} do not show this time; give it with its zone")))
        }
    }
}

fn phone(typed: &str) -> Result<String, Failure> {
    let found = uis_phones::typed(typed, Country::RUSSIA).into_iter().next().map(|phone| phone.number);
    found.ok_or_else(|| Failure::Input(format!("--phone {typed}: it is no phone number; expected 79161234567 or +7 916 123-45-67")))
}

/// Says on standard error what was written: standard output may have the recording.
fn show(summary: &Summary, output: Option<&Path>) {
    let to = output.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    let names = summary.integrations.join(", ");
    eprintln!(
        "{to}: {names}: {} requests, {} exchanges with the CRM, {} rows of reports, {} changes by administrators",
        summary.requests, summary.exchanges, summary.report_rows, summary.doings
    );
    if summary.masked {
        let replaced = &summary.replaced;
        eprintln!(
            "masked: {} different phones and long numbers, {} e-mail addresses, {} words; the key was not kept",
            replaced.numbers, replaced.emails, replaced.words
        );
    }
    summary.notes.iter().for_each(|note| eprintln!("note: {note}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_in_the_accounts_zone_and_as_an_end_it_is_whole() {
        let zone = chrono_tz::Europe::Moscow;
        let at = |typed, end| time("--from", typed, zone, end).ok().map(|at| uis_host::clock::instant(at).to_rfc3339());
        assert_eq!(at("2026-11-23", false).as_deref(), Some("2026-11-22T21:00:00+00:00"));
        assert_eq!(at("2026-11-23", true).as_deref(), Some("2026-11-23T21:00:00+00:00"));
        assert_eq!(at("2026-11-23 10:30", true).as_deref(), Some("2026-11-23T07:30:00+00:00"));
        assert_eq!(at("2026-11-23T10:00:00+03:00", false).as_deref(), Some("2026-11-23T07:00:00+00:00"));
        assert_eq!(at("yesterday", false), None);
    }
}
