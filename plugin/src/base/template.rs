//! Templates (rendered by [`super::rendering`]) and texts for RetailCRM's fields.

use crate::bindings::uis::integration::log::Level;
use crate::platform::Platform;

pub use super::rendering::render;

/// Checks a template; the error says why it cannot be used.
pub fn check(template: &str) -> Result<(), String> {
    if template.trim().is_empty() {
        return Err("the template is empty".into());
    }
    let mut rest = template;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { return Err("a {{ is not closed by }}".into()) };
        if name.trim().is_empty() || !name.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("{{{{{name}}}}} is not the name of a parameter"));
        }
        rest = behind;
    }
    Ok(())
}

/// A text for a field of RetailCRM: one line, no markup, at most `most` characters.
pub fn line(text: &str, most: usize) -> String {
    let plain: String = text.chars().filter(|c| !turns(*c)).map(plain).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
}

/// As [`line()`], for a field with several lines.
pub fn lines(text: &str, most: usize) -> String {
    text.trim().chars().filter(|c| !turns(*c)).map(|c| if c == '\n' { c } else { plain(c) }).take(most).collect()
}

/// Whether a character changes the reading direction of others: with one, `gpj.exe` is shown as `exe.jpg`.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces a character that could act as markup.
fn plain(c: char) -> char {
    match c {
        '<' => '‹',
        '>' => '›',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// A text for a field of RetailCRM with at most `most` characters. If it has to be cut, the whole text is logged.
pub fn fit(platform: &dyn Platform, what: &str, text: &str, most: usize) -> String {
    let fitting = line(text, most);
    if fitting.chars().count() == most && line(text, most + 1).chars().count() > most {
        log_whole(platform, what, text);
    }
    fitting
}

/// The longest value in a log line, in bytes, and the most values that a text is split into.
const LOG_VALUE: usize = 4 << 10;
const LOG_VALUES: usize = 32;

/// Logs a text that was too long for the field it was meant for.
pub fn log_whole(platform: &dyn Platform, what: &str, text: &str) {
    let mut parts: Vec<String> = vec![String::new()];
    for c in text.chars() {
        if parts.last().is_some_and(|part| part.len() + c.len_utf8() > LOG_VALUE) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let fields: Vec<(&str, &str)> = parts.iter().take(LOG_VALUES).map(|part| (what, part.as_str())).collect();
    platform.log(Level::Info, "the text is too long for its field and was cut; this is the whole text", &fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_checked() {
        assert!(check("{{phone}} x").is_ok() && check(" ").is_err() && check("{{a").is_err() && check("{{a b}}").is_err());
    }

    #[test]
    fn a_line_has_no_markup() {
        assert_eq!(line(" <b>a\n\tb</b> ", 9), "‹b›a b‹/b");
        assert_eq!(line("a\u{202e}gpj.exe 👩‍🚀 محمد", 90), "agpj.exe 👩‍🚀 محمد");
    }
}
