//! Finds the phones and the e-mail that a visitor left. People write one into the other's field, both into messages, and other words beside
//! them.

use crate::base::phone::{Phone, Reader};
use crate::bindings::uis::integration::types::{Failure, PhoneNumber};
use crate::context::Context;
use crate::platform::Platform;
use crate::uis::own_numbers;

/// The parameters into which a visitor types a phone; the contract passes them on as they were typed.
const PHONE_FIELDS: [&str; 3] = ["visitor_phone_number", "visitor_phone", "contact_phone_number"];
/// The longest e-mail, according to its standard.
const EMAIL_MAX: usize = 254;
/// How many words of a text are examined.
const WORDS_MAX: usize = 2000;

/// What a visitor left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contacts {
    /// The phones; the first one is the phone.
    pub phones: Vec<Phone>,
    /// The e-mail, in lower case.
    pub email: Option<String>,
}

impl Contacts {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.phones.is_empty() && self.email.is_none()
    }

    /// Takes what is missing from `later`.
    pub fn or(self, later: Contacts) -> Contacts {
        let phones = if self.phones.is_empty() { later.phones } else { self.phones };
        Contacts { phones, email: self.email.or(later.email) }
    }
}

/// The e-mail in a word; in lower case.
fn email(word: &str) -> Option<String> {
    let text = word.trim().trim_end_matches(['.', ',', ';', ')', '>']).trim_start_matches(['(', '<']);
    let (name, host) = text.split_once('@')?;
    let good = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    let labels: Vec<&str> = host.split('.').collect();
    let fits = !name.is_empty()
        && text.len() <= EMAIL_MAX
        && name.chars().all(good)
        && labels.len() > 1
        && labels.iter().all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-'));
    fits.then(|| text.to_lowercase())
}

/// The first e-mail among the words of a text.
fn email_in(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')).take(WORDS_MAX).find_map(email)
}

/// What the phone field of an event holds as it was typed, among the event's attributes.
pub fn phone_field(attributes: &[(String, String)]) -> Option<&str> {
    let value = |name: &&str| attributes.iter().find(|(known, value)| known == name && !value.trim().is_empty());
    PHONE_FIELDS.iter().find_map(value).map(|(_, value)| value.as_str())
}

/// Channels whose phone field nobody typed: the messenger gives the number, in E.164.
const MESSENGERS: [&str; 4] = ["whatsapp", "waba", "viber", "sms"];

/// Without the company's own numbers and short ones, which visitors quote («ваш номер 8 495 … не отвечает»).
fn of_customers(platform: &dyn Platform, phones: Vec<Phone>) -> Vec<Phone> {
    phones.into_iter().filter(|phone| own_numbers::may_be_customers(platform, &phone.number)).collect()
}

/// The phones and the e-mail from an event's two fields, whichever field each was written into. What was typed counts; without it, the
/// number that the host read. `channel` is a chat's `chat_channel_type`.
pub fn of_event(
    context: &Context<'_>,
    attributes: &[(String, String)],
    (read, email_field): (Option<&PhoneNumber>, Option<&str>),
    channel: Option<&str>,
) -> Result<Contacts, Failure> {
    let (reader, typed) = (context.phones()?, phone_field(attributes));
    let given = channel.is_some_and(|channel| MESSENGERS.contains(&channel));
    let of_messenger = typed.filter(|_| given).and_then(|text| reader.given(text));
    let mut phones = match of_messenger {
        Some(given) => vec![given],
        None => typed.map(|text| reader.typed(text)).unwrap_or_default(),
    };
    if phones.is_empty() {
        phones.extend(read.map(|read| Phone { number: read.digits.clone(), extension: read.extension.clone() }));
    }
    if phones.is_empty() {
        phones = email_field.map(|text| reader.typed(text)).unwrap_or_default();
    }
    let phones = of_customers(context.platform, phones);
    Ok(Contacts { phones, email: email_field.and_then(email_in).or_else(|| typed.and_then(email_in)) })
}

/// The phones and the e-mail in running text.
pub fn of_text(context: &Context<'_>, text: &str) -> Result<Contacts, Failure> {
    Ok(Contacts { phones: of_customers(context.platform, context.phones()?.in_text(text)), email: email_in(text) })
}

/// Whether a phone field says more than one phone: further numbers, an hour, a name. Then its words are kept with the visitor's words.
pub fn says_more(reader: Reader<'_>, field: &str) -> bool {
    let phones = reader.typed(field);
    let digits = field.chars().filter(char::is_ascii_digit).count();
    let [phone] = phones.as_slice() else { return !field.trim().is_empty() };
    let extension = phone.extension.as_ref().map_or(0, String::len);
    let words = field.chars().any(char::is_alphabetic) && extension == 0;
    // An international prefix has up to three digits more than the number.
    words || digits > phone.number.len() + extension + 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::settings::Settings;

    fn shown(contacts: &Contacts) -> (String, String) {
        let phones: Vec<String> = contacts.phones.iter().map(Phone::written).collect();
        (phones.join(", "), contacts.email.clone().unwrap_or_default())
    }

    #[test]
    fn contacts_are_found_wherever_they_were_written() {
        let fake = Fake::default();
        let context = Context::with_settings(&fake, Settings::default());
        for (phone_field, email_field, phones, email) in [
            (Some("8 (916) 123-45-67"), Some("Anna@Shop.example"), "79161234567", "anna@shop.example"),
            (Some("anna@shop.example"), Some("+7 916 123 45 67"), "79161234567", "anna@shop.example"),
            (Some("8 903 111-02-20, 8 903 111-02-30"), None, "79031110220, 79031110230", ""),
            (Some("8 812 555-01-39 местный 15"), None, "78125550139 доб. 15", ""),
            (Some("+84 938 550 164 Линь, linh@shop.example"), None, "84938550164", "linh@shop.example"),
            (Some("позвоните"), Some("нет"), "", ""),
            (Some("0000000000"), None, "", ""),
            (Some("12"), None, "", ""),
            (None, Some("a@b"), "", ""),
            (None, None, "", ""),
        ] {
            let attributes: Vec<(String, String)> =
                phone_field.map(|text| ("visitor_phone_number".to_owned(), text.to_owned())).into_iter().collect();
            let found = of_event(&context, &attributes, (None, email_field), None).expect("readable");
            assert_eq!(shown(&found), (phones.to_owned(), email.to_owned()), "{phone_field:?} {email_field:?}");
        }
        let read = PhoneNumber { digits: "84938550164".into(), extension: None };
        let of = |attributes: &[(String, String)], read: Option<&PhoneNumber>, channel: Option<&str>| {
            shown(&of_event(&context, attributes, (read, None), channel).expect("readable")).0
        };
        assert_eq!(of(&[], Some(&read), None), "84938550164", "UIS's report gives it");
        let digits = [("visitor_phone_number".to_owned(), "84938550164".to_owned())];
        assert_eq!(of(&digits, None, Some("whatsapp")), "84938550164", "the messenger gives it");
        assert_eq!(of(&digits, None, Some("comagic")), "74938550164", "a visitor typed it");
    }

    #[test]
    fn contacts_are_found_in_messages() {
        let fake = Fake::default();
        fake.set("own-number/74957000001", "v1:true");
        let context = Context::with_settings(&fake, Settings::default());
        for (text, phones, email) in [
            ("Звонили с 84957000001, мой 8 903 111 03 02", "79031110302", ""),
            ("мой номер 8 916 123-45-67, спасибо", "79161234567", ""),
            ("мой номер 9030000001", "79030000001", ""),
            ("+375 29 123-45-67", "375291234567", ""),
            ("пишите на Anna.P@shop.example.", "", "anna.p@shop.example"),
            ("заказ 1234567890123456 от 23.11.2026", "", ""),
            ("89161234567 или 89160000002", "79161234567, 79160000002", ""),
            ("цена 7 990 рублей", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(shown(&of_text(&context, text).expect("readable")), (phones.to_owned(), email.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_field_that_says_more_than_a_phone_is_kept() {
        let fake = Fake::default();
        let reader = Reader::new(&fake, "RU");
        for plain in ["8 903 111-02-20", "+7 (903) 111-02-20", "8 10 7 903 111 02 20", "8 812 555-01-39 доб. 15", " "] {
            assert!(!says_more(reader, plain), "{plain}");
        }
        for more in ["8 903 111-02-20 после 18:00", "8 903 111-02-20, 8 903 111-02-30", "Иван 89031110220", "позвоните", "0000000000"]
        {
            assert!(says_more(reader, more), "{more}");
        }
    }
}
