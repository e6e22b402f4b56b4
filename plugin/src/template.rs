//! Names by template: `{{parameter}}` is replaced by what UIS tells. One pass: a value that looks like a template stays text.

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
    let plain = text.chars().map(|c| match c {
        '<' => '‹',
        '>' => '›',
        c if c.is_control() => ' ',
        c => c,
    });
    let plain: String = plain.collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(most).collect()
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
    }
}
