//! What a visitor wrote into a form: the text, the page, the form, the contacts. Whatever the settings make or do not make of the request, this
//! is in RetailCRM: in the request's new order, else in a note on the customer. If there is no customer, they are reported to the owner.

use serde_json::{Map, Value};

use crate::appeal::{Appeal, EventParameters, Identity};
use crate::appeals::order;
use crate::appeals::progress::{self, NoteState};
use crate::base::outcome::skipped_words;
use crate::base::phone::Reader;
use crate::base::{json, template};
use crate::bindings::uis::integration::site_request_events::SiteRequest;
use crate::bindings::uis::integration::types::{Failure, Skipped};
use crate::context::Context;
use crate::retailcrm::customers::Customer;
use crate::rules;
use crate::texts::contacts;
use crate::texts::notes::{self, NOTE_MAX, Note};

/// Parameters that name the page, the most exact first. UIS's report has the first one.
const PAGES: [&str; 4] = ["communication_page_url", "page_url", "page", "entrance_page"];
/// The longest part of the words in one note, in characters: the heading has its place beside it.
const BODY_MAX: usize = NOTE_MAX - 100;
/// What the phone field says, if that is more than one phone.
const PHONE_FIELD: &str = "В поле телефона";
/// The longest value of one line, in characters.
const VALUE_MAX: usize = 2000;

/// Where an order has a fact.
#[derive(Debug, Clone, Copy, PartialEq)]
enum InOrder {
    /// In a field of its own.
    Field,
    /// In the customer's name, if the customer is new; else in the comment.
    Name,
    /// In the comment.
    Comment,
}

/// What was written, and where.
pub struct Words {
    /// Title and value of everything but the text, and where an order has it.
    facts: Vec<(&'static str, String, InOrder)>,
    /// The text; empty if there is none.
    text: String,
}

impl Words {
    /// The words of a request.
    pub fn of(reader: Reader<'_>, event: &SiteRequest, identity: &Identity, parameters: &dyn EventParameters) -> Words {
        let phone = identity.written_phone().map(|phone| format!("+{phone}"));
        let typed = contacts::phone_field(&event.attributes).map(str::to_owned);
        let more = typed.clone().filter(|typed| phone.is_some() && contacts::says_more(reader, typed));
        // A contact that could not be read is in no field.
        let field = |read: bool| if read { InOrder::Field } else { InOrder::Comment };
        let typed_email = event.email.clone().filter(|typed| identity.email.as_deref() != Some(typed.trim().to_lowercase().as_str()));
        let facts = [
            ("Форма", event.form_name.clone(), InOrder::Comment),
            ("Страница", PAGES.into_iter().find_map(|name| parameters.raw(name)).or_else(|| event.site_domain.clone()), InOrder::Comment),
            ("Имя", event.name.clone(), InOrder::Name),
            ("Телефон", phone.clone().or(typed), field(phone.is_some())),
            (PHONE_FIELD, more, InOrder::Comment),
            ("E-mail", event.email.clone().or_else(|| identity.email.clone()), field(typed_email.is_none())),
            ("Отдел", parameters.get("group_name"), InOrder::Comment),
            ("Поля формы", form_fields(parameters), InOrder::Comment),
        ];
        let value = |value: Option<String>| value.map(|value| template::line(&value, VALUE_MAX)).filter(|value| !value.is_empty());
        Words {
            facts: facts.into_iter().filter_map(|(title, given, place)| Some((title, value(given)?, place))).collect(),
            text: template::lines(event.text.as_deref().unwrap_or_default(), usize::MAX),
        }
    }

    /// Whether an order has all of it: the text fits into its field, and the facts surely fit into the comment beside what the settings write.
    pub fn fits_order(&self) -> bool {
        let facts: usize = self.facts.iter().map(|(_, value, _)| value.chars().count()).sum();
        self.text.chars().count() <= order::COMMENT_MAX && facts <= order::COMMENT_MAX / 2
    }

    /// What a comment to the order has to name: form, page, contacts that could not be read, and what the phone field says besides one phone.
    /// (The order has the text and the other contacts in fields of its own.)
    pub fn of_order(&self) -> Vec<(&'static str, &str)> {
        self.placed(InOrder::Comment)
    }

    /// What a comment to the order of a known client has to name besides: the client keeps their name.
    pub fn of_known(&self) -> Vec<(&'static str, &str)> {
        self.placed(InOrder::Name)
    }

    fn placed(&self, place: InOrder) -> Vec<(&'static str, &str)> {
        self.facts.iter().filter(|(.., known)| *known == place).map(|(title, value, _)| (*title, value.as_str())).collect()
    }

    fn whole(&self, separator: &str) -> String {
        let facts = self.facts.iter().map(|(title, value, _)| format!("{title}: {value}"));
        facts.chain((!self.text.is_empty()).then(|| self.text.clone())).collect::<Vec<_>>().join(separator)
    }

    /// For the owner, because nothing in RetailCRM has the words.
    pub fn report(&self, what: &str, why: &str) -> Vec<Skipped> {
        skipped_words(what, why, &self.whole("; "))
    }

    /// Writes the words into notes on the customer; returns what RetailCRM refuses, with the words.
    pub fn note(&self, context: &Context<'_>, appeal: &Appeal<'_>, customer: &Customer) -> Result<Vec<Skipped>, Failure> {
        let before = progress::read(context, appeal.id)?;
        if before.transcript == NoteState::Yes {
            return Ok(Vec::new());
        }
        let heading = format!("Заявка №{}", appeal.id.id);
        for (part, body) in parts(&self.whole("\n"), BODY_MAX).into_iter().enumerate().skip(before.notes as usize) {
            let part = u32::try_from(part).unwrap_or(u32::MAX);
            let known = notes::heading(&heading, part);
            let at = context.crm_date_time(appeal.at)?;
            let text = if part == 0 { format!("{known} ({at})\n{body}") } else { format!("{known}\n{body}") };
            // A partner's rule may skip the note, as a filter does.
            if let Some(text) = rules::note(context, || rules::about(appeal), text, &known) {
                let note = Note { appeal: appeal.id, identity: &appeal.identity, known: &known, text: &text };
                if let Some(error) = note.write(context, customer)? {
                    let what = format!("note of site request {}", appeal.id.id);
                    return Ok(self.report(&what, &format!("{error}; the visitor wrote")));
                }
            }
            progress::update(context, appeal.id, |progress| (progress.transcript, progress.notes) = (NoteState::No, part + 1))?;
        }
        progress::update(context, appeal.id, |progress| progress.transcript = NoteState::Yes)?;
        Ok(Vec::new())
    }
}

/// The form's own fields (`user_fields`): names and values, in order; none if there are none.
fn form_fields(parameters: &dyn EventParameters) -> Option<String> {
    let written = parameters.raw("user_fields").or_else(|| parameters.raw("properties"))?;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let of_record = |record: &Map<String, Value>| match (record.get("name").or_else(|| record.get("field_name")), record.get("value")) {
        (Some(name), Some(value)) => format!("{}: {}", text(name), text(value)),
        _ => record.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect::<Vec<_>>().join(", "),
    };
    let shown = match json::read::<Value>(written.as_bytes()) {
        Ok(Value::Array(fields)) => {
            fields.iter().map(|field| field.as_object().map_or_else(|| text(field), of_record)).collect::<Vec<_>>().join("; ")
        }
        Ok(Value::Object(fields)) => of_record(&fields),
        _ => written,
    };
    Some(shown).filter(|shown| !shown.trim().is_empty())
}

/// A text in parts of at most `most` characters; an empty text is one empty part.
fn parts(text: &str, most: usize) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    let (mut parts, mut rest) = (Vec::new(), all.as_slice());
    loop {
        let (part, after) = rest.split_at(notes::fitting(rest, most));
        parts.push(part.iter().collect());
        rest = after;
        if rest.is_empty() {
            return parts;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_has_several_parts() {
        assert_eq!(parts("", 3), [""]);
        assert_eq!(parts("абв", 3), ["абв"]);
        assert_eq!(parts("абвгд", 2), ["аб", "вг", "д"]);
        assert_eq!(parts("аб вг д", 4), ["аб ", "вг д"]);
    }
}
