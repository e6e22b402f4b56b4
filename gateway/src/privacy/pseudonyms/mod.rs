//! What stands for personal data in a masked export.
//!
//! One function masks every text, wherever it stands: a name in a notification and the same name in the CRM's answer, in a link or within a
//! form become the same. It works on the smallest pieces that mean something, so that what the plugin makes of a masked text is what masking
//! makes of the plugin's text: joined, split, cut off, in capital letters. That is why the plugin decides the same.
//!
//! | piece | becomes |
//! |---|---|
//! | a phone in any spelling | a number of the same country, kind and length that nobody has, in the same spelling |
//! | an e-mail address | other letters, at a domain under `.example` (RFC 2606); one domain stays one domain |
//! | a word | other letters of the same alphabet, in the same case; words with the same beginning go on having one |
//! | a token of letters and digits | other letters and digits |
//! | six digits or more | other digits |
//!
//! What stays is listed, not what is hidden: the words of the programs' own texts ([`harmless`]), names of members, dates and times, ids of
//! communications and of the CRM's records, numbers of less than six digits, signs between words.
//!
//! Nobody can undo it without the key, and the key is not kept. But what is equal stays equal, lengths stay, and frequent words of a long
//! file can be guessed.
//!
//! | file | what |
//! |---|---|
//! | [`keyed`] | numbers drawn from the key |
//! | [`harmless`] | what stays as it is |
//! | [`words`] | words and tokens |
//! | [`phones`] | phones and other long numbers |
//! | [`text`] | the pieces of a text |
//! | [`structures`] | JSON, forms, paths |

pub mod harmless;
pub mod keyed;
pub mod phones;
pub mod structures;
pub mod text;
pub mod words;

use std::collections::BTreeMap;

use harmless::Harmless;
use keyed::Key;
use phones::Phones;
use words::Words;

/// How many of each kind were replaced: different ones, not occurrences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Replaced {
    /// Phones and other numbers of six digits or more.
    pub numbers: u64,
    /// Occurrences of e-mail addresses.
    pub emails: u64,
    /// Occurrences of words and tokens.
    pub words: u64,
}

/// The pseudonyms of one file. They are equal for equal texts as long as this lives, and different with another key.
pub struct Pseudonyms {
    key: Key,
    /// What stays as it is.
    pub harmless: Harmless,
    phones: Phones,
    words: Words,
    /// Texts that are replaced before anything else, such as the address of the CRM; longest first.
    literal: BTreeMap<std::cmp::Reverse<usize>, Vec<(String, String)>>,
    emails: u64,
}

impl Pseudonyms {
    /// Pseudonyms with a random key.
    pub fn random() -> Result<Pseudonyms, String> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| format!("the system gives no random numbers: {error}"))?;
        Ok(Pseudonyms::new(key))
    }

    /// Pseudonyms with this key.
    pub fn new(key: [u8; 32]) -> Pseudonyms {
        Pseudonyms {
            key: Key(key),
            harmless: Harmless::default(),
            phones: Phones::default(),
            words: Words::default(),
            literal: BTreeMap::new(),
            emails: 0,
        }
    }

    /// From now on `from` becomes `to`, wherever it stands.
    pub fn replace(&mut self, from: &str, to: &str) {
        if !from.is_empty() && from != to {
            self.literal.entry(std::cmp::Reverse(from.len())).or_default().push((from.to_owned(), to.to_owned()));
        }
    }

    /// People's phones are read by the plan of this country.
    pub fn in_country(&mut self, country: uis_phones::Country) {
        self.phones.country = country;
    }

    /// What was replaced so far.
    pub fn replaced(&self) -> Replaced {
        Replaced { numbers: self.phones.count(), emails: self.emails, words: self.words.replaced }
    }
}

#[cfg(test)]
mod tests;
