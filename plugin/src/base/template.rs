//! Names by template: `{{parameter}}` is replaced by what UIS tells. One pass: a value that looks like a template stays text.

use crate::bindings::uis::integration::log::Level;
use crate::platform::Platform;

/// Replaces parameters; one that is not known comes out empty, and its name is given to `unknown`.
pub fn render(template: &str, value: impl Fn(&str) -> Option<String>, mut unknown: impl FnMut(&str)) -> String {
    let mut rendered = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        rendered.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            rendered.push_str("{{");
            rest = after;
            break;
        };
        match value(name.trim()) {
            Some(value) => rendered.push_str(&value),
            None => unknown(name.trim()),
        }
        rest = behind;
    }
    rendered.push_str(rest);
    rendered
}

/// Why a template cannot be used.
pub fn check(template: &str) -> Result<(), String> {
    if template.trim().is_empty() {
        return Err("the template is empty".into());
    }
    let mut rest = template;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { return Err("a {{ is not closed by }}".into()) };
        if name.trim().is_empty() || !name.trim().chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("{{{{{name}}}}} is no parameter's name"));
        }
        rest = behind;
    }
    Ok(())
}

/// Text for a field of the CRM: one line, no markup, at most so many characters.
pub fn line(text: &str, most: usize) -> String {
    let plain: String = text.chars().filter(|c| !turns(*c)).map(plain).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
}

/// As [`line`], for a field that takes several lines.
pub fn lines(text: &str, most: usize) -> String {
    text.trim().chars().filter(|c| !turns(*c)).map(|c| if c == '\n' { c } else { plain(c) }).take(most).collect()
}

/// Whether a character turns around how others are read: `gpj.exe` is shown as `exe.jpg` by one.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A character without any power.
fn plain(c: char) -> char {
    match c {
        '<' => '‹',
        '>' => '›',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// Text for a field of the CRM that takes at most so many characters. When it has to be cut, the whole goes into the log.
pub fn fit(platform: &dyn Platform, what: &str, text: &str, most: usize) -> String {
    let fitting = line(text, most);
    if fitting.chars().count() == most && line(text, most + 1).chars().count() > most {
        log_whole(platform, what, text);
    }
    fitting
}

/// Of a line of the log, the longest value, in bytes, and the most values that a whole text is split into.
const LOG_VALUE: usize = 4 << 10;
const LOG_VALUES: usize = 32;

/// Writes a text that does not go whole to where it belongs into the log.
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
    platform.log(Level::Info, "too long, and cut; this is the whole", &fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_templates_themselves() {
        let value = |name: &str| match name {
            "phone" => Some("{{phone}}".to_owned()),
            _ => None,
        };
        let mut unknown = Vec::new();
        let rendered = render("Звонок {{phone}} {{ nothing }}!{{", value, |name| unknown.push(name.to_owned()));
        assert_eq!((rendered.as_str(), &unknown[..]), ("Звонок {{phone}} !{{", &["nothing".to_owned()][..]));
        assert!(check("{{phone}} x").is_ok() && check(" ").is_err() && check("{{a").is_err() && check("{{a b}}").is_err());
    }

    #[test]
    fn a_line_has_no_markup() {
        assert_eq!(line(" <b>a\n\tb</b> ", 9), "‹b›a b‹/b");
        assert_eq!(line("a\u{202e}gpj.exe 👩‍🚀 محمد", 90), "agpj.exe 👩‍🚀 محمد");
    }
}
