//! Words and tokens. A letter becomes another one of its alphabet, by an order that the key and the letters before it in the word decide. So
//! two words never become one, and the beginning of a word becomes the beginning of its pseudonym: a text that was cut off is still one.

use std::collections::HashMap;

use super::keyed::Key;

const RUSSIAN: &str = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя";
const LATIN: &str = "abcdefghijklmnopqrstuvwxyz";
const TOKEN: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const HEX: &[u8] = b"0123456789abcdef";

/// How many words and orders of letters are kept for the next time. After that they are computed anew.
const KEPT: usize = 1 << 17;
/// Tokens of letters and digits of so many signs are replaced as a whole.
const TOKEN_SIGNS: usize = 8;
/// Words of so many Latin letters in mixed case are tokens too.
const MIXED_SIGNS: usize = 16;

/// The words of a run.
#[derive(Default)]
pub struct Words {
    /// Pseudonyms of words in lower case.
    known: HashMap<String, String>,
    /// How often one was replaced.
    pub replaced: u64,
}

/// The alphabet of a small letter: its letters in order, all of which have the same length in UTF-8.
fn alphabet(letter: char) -> Vec<char> {
    for alphabet in [RUSSIAN, LATIN] {
        if alphabet.contains(letter) {
            return alphabet.chars().collect();
        }
    }
    // Another script: its neighbours that are letters without capital form, or small ones with one.
    let block = u32::from(letter) & !0x7f;
    let small = |other: &char| {
        other.is_alphabetic()
            && lower(*other) == *other
            && (upper(*other) == *other) == (upper(letter) == letter)
            && other.len_utf8() == letter.len_utf8()
            && !RUSSIAN.contains(*other)
            && !LATIN.contains(*other)
            && lower(upper(*other)) == *other
    };
    let found: Vec<char> = (block..block + 0x80).filter_map(char::from_u32).filter(small).collect();
    if found.contains(&letter) { found } else { vec![letter] }
}

/// The small form of a letter; the letter itself when that is no single one.
fn lower(letter: char) -> char {
    let mut small = letter.to_lowercase();
    small.next().filter(|_| small.next().is_none()).unwrap_or(letter)
}

fn upper(letter: char) -> char {
    let mut capital = letter.to_uppercase();
    capital.next().filter(|_| capital.next().is_none()).unwrap_or(letter)
}

impl Words {
    /// The pseudonym of a word of letters only, in the same case.
    pub fn word(&mut self, key: &Key, word: &str) -> String {
        self.replaced += 1;
        let small: String = word.chars().map(lower).collect();
        if self.known.len() > KEPT {
            self.known.clear();
        }
        let other = self.known.entry(small).or_insert_with_key(|small| pseudonym(key, small));
        let same_case = |(was, now): (char, char)| if lower(was) == was { now } else { upper(now) };
        word.chars().zip(other.chars()).map(same_case).collect()
    }

    /// The pseudonym of a token, of the same length. One of small hexadecimal digits stays one.
    pub fn token(&mut self, key: &Key, token: &str) -> String {
        self.replaced += 1;
        let signs = if token.bytes().all(|sign| HEX.contains(&sign)) { HEX } else { TOKEN };
        let mut drawn = key.draw("token", token);
        token.chars().map(|_| char::from(signs[drawn.below(signs.len())])).collect()
    }
}

fn pseudonym(key: &Key, small: &str) -> String {
    let mut result = String::with_capacity(small.len());
    for (at, letter) in small.char_indices() {
        let letters = alphabet(letter);
        let place = letters.iter().position(|other| *other == letter).unwrap_or_default();
        let order = key.draw("letter", &small[..at]).order(letters.len());
        result.push(letters[order[place]]);
    }
    result
}

/// Whether a run of letters and digits is a token, whose parts mean nothing.
pub fn is_token(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let digits = text.bytes().any(|sign| sign.is_ascii_digit());
    let letters = text.bytes().any(|sign| sign.is_ascii_alphabetic());
    let mixed = text.bytes().skip(1).any(|sign| sign.is_ascii_uppercase()) && text.bytes().any(|sign| sign.is_ascii_lowercase());
    digits && letters && text.len() >= TOKEN_SIGNS || !digits && mixed && text.len() >= MIXED_SIGNS
}
