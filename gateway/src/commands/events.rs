//! `uis-gateway events` and `uis-gateway event ID`.

use clap::Args;
use serde_json::Value;
use uis_gateway::config::Config;
use uis_gateway::control::{AttemptView, EventDetail, EventPage, EventQuery, EventView, RequestView};

use super::shown::{object, say};
use super::{Failure, control};

/// Which events.
#[derive(Args, Clone, Default)]
pub struct Which {
    /// Of this integration.
    #[arg(long, value_name = "NAME")]
    pub integration: Option<String>,
    /// Of this type, such as call_session_finished.
    #[arg(long = "type", value_name = "TYPE")]
    what: Option<String>,
    /// Of this call session, chat or communication.
    #[arg(long, value_name = "N")]
    session: Option<u64>,
    /// With this phone number, or at least its last 4 digits.
    #[arg(long)]
    phone: Option<String>,
    /// Received at this time or later: 2026-11-27 (UTC) or 2026-11-27T09:00:00+03:00.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Received before this time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// With this text in the reason.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Which {
    /// Whether nothing is given.
    pub fn is_everything(&self) -> bool {
        self.query() == EventQuery::default()
    }

    /// As it is asked.
    pub fn query(&self) -> EventQuery {
        let Which { integration, what, session, phone, from, to, reason } = self.clone();
        EventQuery { integration, what, session, phone, from, to, reason, ..EventQuery::default() }
    }
}

/// How much of a list, and how it is shown.
#[derive(Args)]
pub struct Paged {
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Go on after this cursor, which the page before printed.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// Show personal data. It is noted in the audit log.
    #[arg(long)]
    reveal: bool,
}

impl Paged {
    /// A query with these limits.
    pub fn of(self, query: EventQuery) -> EventQuery {
        EventQuery { limit: Some(self.limit), after: self.after, reveal: self.reveal, ..query }
    }
}

/// `events`.
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    which: Which,
    /// In this state: waiting, done, dead or unreadable; several with commas.
    #[arg(long)]
    state: Option<String>,
    #[command(flatten)]
    paged: Paged,
}

/// `event`.
#[derive(Args)]
pub struct One {
    /// Its number, as lists show it, or its delivery id.
    id: String,
    /// Show personal data. It is noted in the audit log.
    #[arg(long)]
    reveal: bool,
}

/// Lists events.
pub async fn list(config: &Config, arguments: List, json: bool) -> Result<(), Failure> {
    let query = EventQuery { state: arguments.state, ..arguments.which.query() };
    let page = control(config).await?.events(arguments.paged.of(query)).await?;
    if json {
        object(&page);
    } else {
        lines(&page, "no events");
    }
    Ok(())
}

/// A page of events for people.
pub fn lines(page: &EventPage, none: &str) {
    if page.events.is_empty() && page.next.is_none() {
        say(none);
    }
    page.events.iter().for_each(line);
    if let Some(next) = &page.next {
        let why = if page.out_of_time { "not all were looked at, because the time was over; go on" } else { "there may be more; go on" };
        say(&format!("{why} with --after {next}"));
    }
}

fn line(event: &EventView) {
    let session = event.session.map(|session| format!("  session {session}")).unwrap_or_default();
    let phone = event.phone.as_ref().map(|phone| format!("  {phone}")).unwrap_or_default();
    let EventView { id, integration, received, what, state, attempts, .. } = event;
    say(&format!("{id}  {integration}  {received}  {what}  {state}{session}{phone}  attempts: {attempts}"));
    if let Some(reason) = &event.reason {
        say(&format!("    {reason}"));
    }
}

/// Shows one event.
pub async fn one(config: &Config, arguments: One, json: bool) -> Result<(), Failure> {
    let detail = control(config).await?.event(&arguments.id, arguments.reveal).await?;
    if json {
        object(&detail);
    } else {
        page(&detail);
    }
    Ok(())
}

fn page(detail: &EventDetail) {
    line(&detail.event);
    if let Some(ended) = &detail.event.ended {
        say(&format!("  {} since {ended}", detail.event.state));
    }
    if let Some(next) = &detail.event.next_attempt {
        say(&format!("  the next attempt is at {next}, or later"));
    }
    if let (Some(id), Some(key)) = (&detail.delivery_id, &detail.ordering_key) {
        say(&format!("  delivery id {id}, lane {key}"));
    }
    if let Some(request) = &detail.request {
        as_it_came(request, detail.original.is_some());
    }
    if let Some(original) = &detail.original {
        say(&format!("as it came (replaced by {}, {})", original.who, original.replaced));
        [&original.query, &original.body].into_iter().filter(|text| !text.is_empty()).for_each(|text| say(&format!("  {text}")));
    }
    if let Some(normalised) = &detail.normalised {
        say(&format!("as normalised\n  {normalised}").replace('\n', " "));
    }
    detail.attempts.iter().for_each(attempt);
    if let Some(why) = &detail.not_captured {
        say(why);
    }
    for entry in &detail.audit {
        say(&format!("{}  {}  {}  {}", entry.at, entry.who, entry.what, entry.detail));
    }
    if let Some(remedy) = &detail.remedy {
        say(&format!("→ {remedy}"));
    }
    if let Some(session) = detail.event.session {
        say(&format!("its other events: uis-gateway events --integration {} --session {session}", detail.event.integration));
    }
}

fn as_it_came(request: &RequestView, edited: bool) {
    let head = if edited { "the body that an administrator gave" } else { "as it came" };
    say(&format!("{head}: request {}, {} of {}, {}", request.number, request.method, request.kind, request.at));
    [&request.query, &request.body].into_iter().filter(|text| !text.is_empty()).for_each(|text| say(&format!("  {text}")));
}

fn attempt(attempt: &AttemptView) {
    say(&format!("attempt {}: {}, {}", attempt.attempt, attempt.outcome, attempt.at));
    attempt.steps.iter().for_each(step);
    for effect in &attempt.effects {
        let id = effect.id.as_ref().map(|id| format!(", id {id}")).unwrap_or_default();
        say(&format!("  effect    {}: {} → {}{id}", effect.system, effect.what, effect.status));
    }
}

/// One step on a line.
fn step(step: &Value) {
    let text = |name: &str| match step.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let line = match text("step").as_str() {
        "request" => {
            let answer = step.get("answer").cloned().unwrap_or_default();
            let sent: Vec<String> = ["query", "form"].map(text).into_iter().filter(|text| !text.is_empty()).collect();
            format!("request   {}: {} {} {} → {answer}", text("connection"), text("method"), text("path"), sent.join(" "))
        }
        "log" => format!("log       {} {} {}", text("level"), text("message"), text("fields")),
        "decision" => format!("decision  {}: {} by {} ({})", text("subject"), text("verdict"), text("decided_by"), text("why")),
        "rule" => format!("rule      {} on {}: {} {}", text("rule"), text("about"), text("verdict"), text("changes")),
        "timer-set" => format!("timer     {} at {}", text("name"), text("at")),
        "uis" => format!("uis       {} {} → {}", text("method"), text("subject"), text("answer")),
        other => format!("{other:9} {step}"),
    };
    say(&format!("  {line}"));
}
