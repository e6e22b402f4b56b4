//! Texts within texts. What UIS and the CRM send has JSON within strings, forms within JSON, links with encoded parameters, base64 within
//! links; what is stored has lists of bytes beside that.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode;

/// How deep texts are looked for within texts.
const DEPTH: u8 = 5;
/// The shortest base64 that is read: six bytes.
const BASE64_CHARS: usize = 8;
/// The shortest list of numbers that is read as bytes.
const LISTED_BYTES: usize = 6;

/// Reads base64 with and without padding, whatever its last bits are.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether something is found in a text or in a text within it. Ends with the first text in which it is found.
pub fn any(text: &[u8], found: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    within(text, DEPTH, found)
}

fn within(text: &[u8], depth: u8, found: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    if found(text) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    if memchr::memchr(b'%', text).is_some() {
        let decoded: Vec<u8> = percent_decode(text).collect();
        if decoded.len() != text.len() && within(&decoded, depth, found) {
            return true;
        }
    }
    if memchr::memchr(b'\\', text).is_some() && within(&unescaped(text), depth, found) {
        return true;
    }
    if memchr::memchr(b'&', text).is_some()
        && let Some(plain) = without_entities(text)
        && within(&plain, depth, found)
    {
        return true;
    }
    listed_bytes(text, &mut |bytes| within(bytes, depth, found)) || base64(text, &mut |bytes| within(bytes, depth, found))
}

/// A text without the escapes of JSON strings. Each call removes a backslash at least, so repetitions end.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let Some((&escape, after)) = rest.split_first() else { break };
        rest = after;
        match escape {
            b'n' | b'r' | b't' | b'b' | b'f' => plain.push(b' '),
            b'u' => {
                let code = rest
                    .get(..4)
                    .and_then(|digits| std::str::from_utf8(digits).ok())
                    .and_then(|digits| u32::from_str_radix(digits, 16).ok());
                if let Some(code) = code {
                    rest = &rest[4..];
                    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                    plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            other => plain.push(other),
        }
    }
    plain.extend_from_slice(rest);
    plain
}

/// A text without HTML's entities of characters that stand in phones and e-mails; none when it has none.
fn without_entities(text: &[u8]) -> Option<Vec<u8>> {
    let (mut plain, mut rest, mut changed) = (Vec::with_capacity(text.len()), text, false);
    while let Some(at) = memchr::memchr(b'&', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let end = rest.iter().take(10).position(|byte| *byte == b';');
        let entity = end.and_then(|end| Some((end, std::str::from_utf8(&rest[1..end]).ok()?)));
        let decoded = entity.and_then(|(end, name)| entity_char(name).map(|c| (end, c)));
        match decoded {
            Some((end, c)) => {
                plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[end + 1..];
                changed = true;
            }
            None => {
                plain.push(b'&');
                rest = &rest[1..];
            }
        }
    }
    plain.extend_from_slice(rest);
    changed.then_some(plain)
}

fn entity_char(name: &str) -> Option<char> {
    match name {
        "nbsp" | "ensp" | "emsp" | "thinsp" => Some(' '),
        "ndash" | "mdash" | "minus" | "shy" => Some('-'),
        "amp" => Some('&'),
        "plus" => Some('+'),
        "commat" => Some('@'),
        _ => {
            let code = name.strip_prefix('#')?;
            let number = match code.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => code.parse().ok()?,
            };
            char::from_u32(number)
        }
    }
}

/// Lists of numbers below 256, as serde writes bytes: `[123,34,112]`.
fn listed_bytes(text: &[u8], found: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'[', rest) {
        rest = &rest[at + 1..];
        if rest.first().is_some_and(u8::is_ascii_digit)
            && let Some((bytes, length)) = list(rest)
        {
            if bytes.len() >= LISTED_BYTES && found(&bytes) {
                return true;
            }
            rest = &rest[length..];
        }
    }
    false
}

/// The bytes of a list up to its end, and the length of its text; none when it is a list of something else.
fn list(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut bytes, mut number) = (Vec::new(), None::<u32>);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = Some(number.unwrap_or(0) * 10 + u32::from(byte - b'0')).filter(|number| *number < 256),
            b' ' => continue,
            b',' | b']' => {
                bytes.push(u8::try_from(number.take()?).ok()?);
                if *byte == b']' {
                    return Some((bytes, at + 1));
                }
                continue;
            }
            _ => return None,
        }
        number?;
    }
    None
}

/// Whether a byte is of the alphabets of base64, the usual one and the one for links.
fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Words that may be base64. Every base64 of a digit or an `@` has a capital letter, so words without one are passed over: nearly all names of
/// members are.
fn base64(text: &[u8], found: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| is_base64(**byte)).count();
        let word = &text[at..at + length];
        at += length + 1;
        if length >= BASE64_CHARS && word.iter().any(u8::is_ascii_uppercase) && base64_word(word, found) {
            return true;
        }
    }
    false
}

/// What a word is as base64 from each of its first four characters on, because something of the alphabet may stand before it, such as a path.
fn base64_word(word: &[u8], found: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let usual: Vec<u8> = word
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    let mut bytes = vec![0; usual.len()];
    (0..4).any(|from| {
        let Some(part) = usual.get(from..).filter(|part| part.len() >= BASE64_CHARS) else { return false };
        // One character alone is no byte.
        let part = if part.len() % 4 == 1 { &part[..part.len() - 1] } else { part };
        BASE64.decode_slice(part, &mut bytes).is_ok_and(|length| found(&bytes[..length]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, wanted: &str) -> bool {
        any(text.as_bytes(), &mut |text| memchr::memmem::find(text, wanted.as_bytes()).is_some())
    }

    #[test]
    fn texts_within_texts_are_found() {
        let encoded = BASE64.encode("tel:+79161234567");
        for text in [
            "a=%2B79161234567".to_owned(),
            r#"{"a":"{\"b\":\"\u002b79161234567\"}"}"#.to_owned(),
            r#"{"a":"+7916\/x +79161234567"}"#.to_owned(),
            "{%22a%22:%22%5Cu002b79161234567%22}".to_owned(),
            "&#43;79161234567".to_owned(),
            format!("https://x.example/r/{encoded}?x=1"),
            format!("https://x.example/?d={}", encoded.replace('=', "%3D")),
            format!("https://x.example/?d={}", BASE64.encode(format!("a%3D{encoded}")).replace('+', "-").replace('/', "_")),
            format!("{:?}", "x +79161234567".as_bytes()),
            serde_json::to_string("{\"k\":\"+79161234567\"}".as_bytes()).expect("JSON"),
        ] {
            assert!(finds(&text, "+79161234567"), "{text}");
        }
        assert!(!finds("%2B7916123456 &amp;7 [1,2,3]", "+79161234567"));
    }

    #[test]
    fn broken_encodings_end_the_search_and_nothing_else() {
        for text in ["%", "%2", "\\", "\\u12", "[1,", "[1,2", "[300,1,2,3,4,5,6]", "&", "&#;", "&#x110000;", "A", "AAAAAAAAA"] {
            assert!(!finds(text, "+79161234567"), "{text}");
        }
    }
}
