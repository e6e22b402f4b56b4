//! The steps as text.

use super::prose::{Prose, prose};
use super::{Notification, Setup};

/// The steps, in lines.
pub fn lines(setup: &Setup, program: &str) -> Vec<String> {
    let words = prose(setup.language);
    let mut page = Page { lines: Vec::new(), setup, program };
    page.line(words.heading);
    page.empty();
    page.all(words.secret);
    notifications(&mut page, words);
    scenario(&mut page, words);
    trigger(&mut page, words);
    page.part(words.trial);
    page.all(words.how_trial);
    page.lines
}

/// How a line with a command begins.
const COMMAND: &str = "  uis-gateway ";

struct Page<'a> {
    lines: Vec<String>,
    setup: &'a Setup,
    /// How commands begin.
    program: &'a str,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        let seconds = self.setup.scenario.as_ref().and_then(|request| request.timeout_ms).unwrap_or_default().div_ceil(1000);
        let text = match text.strip_prefix(COMMAND) {
            Some(rest) => format!("  {} {rest}", self.program),
            None => text.to_owned(),
        };
        self.lines.push(text.replace("{name}", &self.setup.integration).replace("{seconds}", &seconds.to_string()));
    }

    fn all(&mut self, texts: &[&str]) {
        texts.iter().for_each(|text| self.line(text));
    }

    fn empty(&mut self) {
        self.lines.push(String::new());
    }

    fn part(&mut self, heading: &str) {
        self.empty();
        self.line(heading);
        self.empty();
    }

    /// A field and what to enter there, as it is.
    fn field(&mut self, name: &str, value: &str) {
        self.lines.push(format!("  {name}: {value}"));
    }
}

fn notifications(page: &mut Page<'_>, words: &Prose) {
    page.part(words.notifications);
    page.all(words.how_notifications);
    for (index, notification) in page.setup.notifications.iter().enumerate() {
        page.empty();
        page.line(&title(index + 1, notification, words));
        page.field(words.required, &notification.required.join(", "));
        page.field(words.method, "POST");
        page.field(words.address, &notification.subscription.url);
        page.lines.push(format!("  {}:", words.template));
        // Not indented, so that it can be copied.
        page.lines.extend(notification.subscription.template.lines().map(str::to_owned));
    }
}

fn title(number: usize, notification: &Notification, words: &Prose) -> String {
    match notification.title {
        Some(title) => format!("1.{number}. «{title}»: {}", notification.meaning),
        None => format!("1.{number}. {} ({})", capital(notification.meaning), words.nameless),
    }
}

/// A sentence with a capital letter at its beginning.
fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map(|first| first.to_uppercase().chain(signs).collect()).unwrap_or_default()
}

fn scenario(page: &mut Page<'_>, words: &Prose) {
    let Some(request) = page.setup.scenario.as_ref() else { return };
    page.part(words.scenario);
    page.all(words.how_scenario);
    page.field(words.method, "GET");
    page.field(words.address, &request.url);
    page.field(words.parameters, &request.parameters.join(", "));
    page.line(&format!("  {}: {}", words.time, words.seconds));
    page.all(words.after_scenario);
}

fn trigger(page: &mut Page<'_>, words: &Prose) {
    let Some(trigger) = page.setup.trigger.as_ref() else { return };
    page.part(words.trigger);
    page.all(words.how_trigger);
    page.field(words.address, &trigger.url);
    page.field(words.action, "GET");
    page.field(words.passed, words.in_query);
    page.field(words.parameter, trigger.parameter);
    page.field(words.value, trigger.value);
    page.line(words.save);
}
