//! Phones as this integration uses them: a main number by which people are identified, compared and looked up, and an extension that picks
//! among people who share a number, and is shown and dialled. The host reads texts (the contract's `phones`); the account's country comes
//! from «Страна номеров».

use serde::{Deserialize, Serialize};

use super::keys::Key;
use super::stored;
use crate::bindings::uis::integration::phones;
use crate::platform::Platform;

/// A phone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// The main number: digits of E.164 without a plus.
    pub number: String,
    /// The extension, digits.
    #[serde(default)]
    pub extension: Option<String>,
}

impl Phone {
    /// The phone as it is written into RetailCRM: `78125550139 доб. 15`.
    pub fn written(&self) -> String {
        written(&self.number, self.extension.as_deref())
    }
}

impl From<phones::Phone> for Phone {
    fn from(read: phones::Phone) -> Self {
        Phone { number: read.number, extension: read.extension }
    }
}

/// A number with its extension as it is written into RetailCRM.
pub fn written(number: &str, extension: Option<&str>) -> String {
    extension.map_or_else(|| number.to_owned(), |extension| format!("{number} доб. {extension}"))
}

/// Reads phones for one account.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    platform: &'a dyn Platform,
    country: &'a str,
}

impl<'a> Reader<'a> {
    /// A reader by the numbering plan of a country, two letters of ISO 3166-1.
    pub fn new(platform: &'a dyn Platform, country: &'a str) -> Reader<'a> {
        Reader { platform, country }
    }

    /// The numbers that a person typed; the first is the phone.
    pub fn typed(self, text: &str) -> Vec<Phone> {
        self.platform.phones_typed(text, self.country).into_iter().map(Phone::from).collect()
    }

    /// The numbers in running text.
    pub fn in_text(self, text: &str) -> Vec<Phone> {
        self.platform.phones_in_text(text, self.country).into_iter().map(Phone::from).collect()
    }

    /// The digits by which RetailCRM is searched for a main number: those that nearly every spelling contains.
    pub fn national(self, number: &str) -> String {
        self.platform.national_digits(number)
    }

    /// The numbers in a phone field of RetailCRM, where people type, and where this integration writes numbers as UIS gives them. Some digits
    /// can be either: `84938550164` is a number of Vietnam, and one of Ivanovo as people type it in Russia. They are what UIS gave, if it
    /// gave them before.
    pub fn of_crm(self, text: &str) -> Vec<Phone> {
        let typed = self.typed(text);
        let given = self.given(text).filter(|given| typed.first().is_none_or(|typed| typed.number != given.number));
        match given.filter(|given| self.is_remembered(&given.number)) {
            Some(given) => std::iter::once(given).chain(typed.into_iter().skip(1)).collect(),
            None => typed,
        }
    }

    /// The main number as a person would have to write it: with a plus where its digits alone would be read as another number.
    pub fn unambiguous(self, number: &str) -> String {
        let read = self.typed(number).into_iter().next();
        if read.is_some_and(|read| read.number != number) { format!("+{number}") } else { number.to_owned() }
    }

    /// The phone with this main number among those of a phone field of RetailCRM.
    pub fn find(self, text: &str, number: &str) -> Option<Phone> {
        let given = self.given(text).filter(|given| given.number == number);
        given.or_else(|| self.of_crm(text).into_iter().find(|known| known.number == number))
    }

    /// Remembers a main number that could be read as another one where it stands in RetailCRM. To be called before the number is written
    /// there.
    pub fn remember(self, number: &str) {
        let readable = self.typed(number).into_iter().next().is_some_and(|read| read.number == number);
        // Without it, the number is read as people type numbers, as everything else in RetailCRM.
        if !readable && !self.is_remembered(number) {
            let _ = stored::put(self.platform, Key::GivenNumber(number), &true, None);
        }
    }

    fn is_remembered(self, number: &str) -> bool {
        self.platform.get(&Key::GivenNumber(number).to_string()).is_some()
    }

    /// The number of a text that is written as [`Phone::written`] writes it; none if anything else stands there.
    pub fn given(self, text: &str) -> Option<Phone> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let plain = digits > 0 && (digits == text.len() || text[digits..].trim_start().starts_with("доб."));
        if plain { self.platform.phone_of_system(text).map(Phone::from) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::platform::Storage;

    #[test]
    fn one_number_written_in_many_ways_is_one() {
        let fake = Fake::default();
        let reader = Reader::new(&fake, "RU");
        for text in ["79161234567", "+7 (916) 123-45-67", "89161234567", "8-916-123-45-67 доб. 5", "9161234567", "8 10 7 916 123 45 67"]
        {
            assert!(reader.find(text, "79161234567").is_some(), "{text}");
        }
        assert_eq!(reader.national("79161234567"), "9161234567");
        assert_eq!(reader.find("8 (812) 555-01-32 доб. 17", "78125550132").and_then(|phone| phone.extension).as_deref(), Some("17"));
        assert!(reader.find("8 916 123-45-67, 8 812 555-01-32#9", "78125550132").is_some());
        assert!(reader.find("", "79161234567").is_none() && reader.find("0000000", "0000000").is_none());
    }

    #[test]
    fn digits_that_uis_gave_are_not_read_as_a_number_of_the_country() {
        let fake = Fake::default();
        let reader = Reader::new(&fake, "RU");
        let number = |text: &str| reader.of_crm(text).first().map(|phone| phone.number.clone()).unwrap_or_default();
        assert_eq!(number("84938550164"), "74938550164", "typed in Russia");
        reader.remember("84938550164");
        reader.remember("79161234567");
        assert_eq!(number("84938550164"), "84938550164");
        assert_eq!(number("84938550164 доб. 12"), "84938550164");
        assert_eq!(number("8 (493) 855-01-64"), "74938550164", "a person wrote it");
        assert_eq!(number("+84 938 550 164"), "84938550164");
        assert_eq!(fake.get("given-number/79161234567"), None, "no text can be read otherwise");
        assert!(fake.get("given-number/84938550164").is_some());
        assert_eq!(written("84938550164", Some("12")), "84938550164 доб. 12");
    }
}
