//! The words of the programs' own texts: what a masked export leaves as it is, because the programs themselves write it or compare with it.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Files and folders with texts for tests, and with samples: they name people.
const OF_TESTS: [&str; 5] = ["tests", "tests.rs", "fake.rs", "suites", "templates.rs"];

/// The words of all string literals, schemas and pages below a folder, in lower case. Comments and tests are left out.
pub fn words(folder: &Path, all: &mut BTreeSet<String>) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if OF_TESTS.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            words(&path, all)?;
            continue;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let read = || std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()));
        match extension.as_str() {
            "rs" => {
                let tokens: TokenStream = read()?.parse().map_err(|error| format!("{}: {error}", path.display()))?;
                of_tokens(tokens, all);
            }
            "json" | "html" | "js" => split(&read()?, all),
            _ => {}
        }
    }
    Ok(())
}

/// Passes over attributes, among which are doc comments, and over what is compiled for tests only.
fn of_tokens(tokens: TokenStream, all: &mut BTreeSet<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut for_tests = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                if matches!(tokens.peek(), Some(TokenTree::Punct(sign)) if sign.as_char() == '!') {
                    tokens.next();
                }
                if let Some(TokenTree::Group(attribute)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_))) {
                    let text = attribute.stream().to_string().replace(' ', "");
                    for_tests |= text.starts_with("cfg(") && text.contains("test");
                    // Names that values have when they are written.
                    if text.starts_with("serde(") {
                        of_tokens(attribute.stream(), all);
                    }
                }
            }
            TokenTree::Group(group) => {
                if !for_tests {
                    of_tokens(group.stream(), all);
                }
                for_tests &= group.delimiter() != Delimiter::Brace;
            }
            TokenTree::Punct(sign) if sign.as_char() == ';' => for_tests = false,
            TokenTree::Literal(literal) if !for_tests => {
                let text = literal.to_string();
                if text.contains('"') {
                    split(&unescaped(&text), all);
                }
            }
            _ => {}
        }
    }
}

/// The text of a literal, with spaces in place of escapes.
fn unescaped(literal: &str) -> String {
    let (begin, end) = (literal.find('"').unwrap_or(0), literal.rfind('"').unwrap_or(literal.len()));
    let (raw, inside) = (literal[..begin].contains('r'), literal.get(begin + 1..end).unwrap_or_default());
    if raw {
        return inside.to_owned();
    }
    let mut text = String::new();
    let mut signs = inside.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            text.push(sign);
            continue;
        }
        text.push(' ');
        if signs.next() == Some('u') {
            for sign in signs.by_ref() {
                if sign == '}' {
                    break;
                }
            }
        }
    }
    text
}

fn split(text: &str, all: &mut BTreeSet<String>) {
    for word in text.split(|sign: char| !sign.is_alphanumeric()) {
        if word.chars().any(char::is_alphabetic) {
            all.insert(word.to_lowercase());
        }
    }
}
