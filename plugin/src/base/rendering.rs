//! Renders a template: `{{parameter}}` is replaced by the parameter's value. There is one pass, so a value that looks like a template stays
//! text.
//!
//! A missing value leaves no stump. A template is read as clauses, separated by commas, semicolons, bars, dashes, brackets and line ends. A
//! clause whose values are all missing is left out, with its separator: «Клиент {{visitor_name}}, номер {{visitor_phone_number}}» becomes
//! «номер 79161234567». In a clause that keeps a value, the words that connect a missing one go with it: «Звонок {{a}} на {{b}}» becomes
//! «Звонок 79161234567».

/// A part of a clause.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Value(String),
    Missing,
}

/// The ends of a text that leads to a value.
const LEADS: [char; 6] = ['№', '#', '«', '"', ':', ' '];

/// Text between two separators.
#[derive(Debug, Default)]
struct Clause {
    /// The separator before it, with its white space.
    before: String,
    pieces: Vec<Piece>,
}

/// Replaces the parameters in a template; `unknown` is called with the name of each that has no value.
pub fn render(template: &str, value: impl Fn(&str) -> Option<String>, mut unknown: impl FnMut(&str)) -> String {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(match value(name.trim()).filter(|value| !value.trim().is_empty()) {
            Some(value) => Piece::Value(value),
            None => {
                unknown(name.trim());
                Piece::Missing
            }
        });
        rest = behind;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    if pieces.contains(&Piece::Missing) { join(clauses(pieces)) } else { text(&pieces) }
}

fn text(pieces: &[Piece]) -> String {
    let parts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) | Piece::Value(text) => text.as_str(),
        Piece::Missing => "",
    });
    parts.collect()
}

/// Splits the template's own text, never a value, into clauses.
fn clauses(pieces: Vec<Piece>) -> Vec<Clause> {
    let mut all = vec![Clause::default()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            if let Some(clause) = all.last_mut() {
                clause.pieces.push(piece);
            }
            continue;
        };
        let mut run = String::new();
        let mut characters = text.chars().peekable();
        let mut previous = ' ';
        while let Some(c) = characters.next() {
            let dash = matches!(c, '-' | '–' | '—') && previous == ' ' && characters.peek().is_none_or(|next| *next == ' ');
            if dash || matches!(c, ',' | ';' | '|' | '\n' | '(' | ')') {
                push(&mut all, std::mem::take(&mut run));
                all.push(Clause { before: c.to_string(), pieces: Vec::new() });
            } else {
                run.push(c);
            }
            previous = c;
        }
        push(&mut all, run);
    }
    all
}

fn push(clauses: &mut [Clause], text: String) {
    if let Some(clause) = clauses.last_mut().filter(|_| !text.is_empty()) {
        clause.pieces.push(Piece::Text(text));
    }
}

/// What is left of the clauses, with the separators between them.
fn join(clauses: Vec<Clause>) -> String {
    let mut whole = String::new();
    let mut bracket_dropped = false;
    for Clause { mut before, pieces } in clauses {
        let closes = before == ")";
        if closes && bracket_dropped {
            before.clear();
        }
        bracket_dropped &= !closes;
        let kept = remaining(&pieces);
        // A clause without parameters stays as it is.
        let Some(kept) = kept.filter(|kept| !kept.trim().is_empty() || !pieces.contains(&Piece::Missing)) else {
            bracket_dropped |= before == "(";
            if closes {
                whole.push_str(&before);
            }
            continue;
        };
        let separates = matches!(before.as_str(), "," | ";" | "|" | "-" | "–" | "—");
        if separates {
            whole.truncate(whole.trim_end_matches(' ').len());
        }
        match before.as_str() {
            // The first clause that is left needs no separator.
            _ if separates && whole.trim().is_empty() => whole.push_str(kept.trim_start()),
            "-" | "–" | "—" => whole.push_str(&format!(" {before} {}", kept.trim_start())),
            _ => {
                whole.push_str(&before);
                whole.push_str(&kept);
            }
        }
    }
    whole.trim_matches(' ').to_owned()
}

/// The text of a clause; none if all its values are missing and nothing of it says anything by itself.
fn remaining(pieces: &[Piece]) -> Option<String> {
    if !pieces.contains(&Piece::Missing) {
        return Some(text(pieces));
    }
    if !pieces.iter().any(|piece| matches!(piece, Piece::Value(_))) {
        // «Перезвонить: пропущенный звонок {{…}}» still says «Перезвонить»; «Телефон: {{…}}» says nothing.
        let whole = text(pieces);
        let (head, tail) = whole.split_once(':')?;
        return tail.chars().any(char::is_alphanumeric).then(|| head.to_owned());
    }
    let mut kept = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let before_missing = pieces.get(index + 1) == Some(&Piece::Missing);
        match piece {
            Piece::Value(value) => kept.push_str(value),
            Piece::Missing => {}
            // The words that lead to a missing value go with it, except those that begin the clause; a unit after a value stays.
            Piece::Text(text) if before_missing && index > 0 && text.ends_with(LEADS) => {}
            Piece::Text(text) if before_missing => kept.push_str(text.trim_end_matches(LEADS)),
            Piece::Text(text) => kept.push_str(text),
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str) -> String {
        let value = |name: &str| match name {
            "phone" => Some("79161234567".to_owned()),
            "name" => Some("Анна, Петрова".to_owned()),
            "odd" => Some("{{phone}}".to_owned()),
            "blank" => Some(" ".to_owned()),
            _ => None,
        };
        render(template, value, |_| {})
    }

    #[test]
    fn values_are_not_expanded_as_templates() {
        let mut unknown = Vec::new();
        let found = render(
            "Звонок {{odd}} {{ nothing }}!{{",
            |name| (name == "odd").then(|| "{{odd}}".into()),
            |name| unknown.push(name.to_owned()),
        );
        assert_eq!((found.as_str(), &unknown[..]), ("Звонок {{odd}}!{{", &["nothing".to_owned()][..]));
        assert_eq!(rendered("  {{odd}}, x - y ( "), "  {{phone}}, x - y ( ", "a template without missing values stays as it is");
    }

    #[test]
    fn a_missing_value_leaves_no_stump() {
        for (template, expected) in [
            ("Клиент {{none}}, номер {{phone}}", "номер 79161234567"),
            ("Клиент {{name}}, номер {{none}}", "Клиент Анна, Петрова"),
            ("Клиент {{none}}, номер {{none}}", ""),
            ("Клиент {{blank}}, номер {{phone}}", "номер 79161234567"),
            ("Звонок {{phone}} на {{none}}, {{phone}}", "Звонок 79161234567, 79161234567"),
            ("ждал {{phone}} с{{none}}", "ждал 79161234567 с"),
            ("Звонок {{none}} на {{phone}}", "Звонок на 79161234567"),
            ("Перезвонить: пропущенный звонок {{none}}", "Перезвонить"),
            ("Телефон: {{none}}; имя: {{name}}", "имя: Анна, Петрова"),
            ("Заявка №{{none}} с сайта {{phone}}", "Заявка с сайта 79161234567"),
            ("Заявка №{{phone}} с сайта {{none}}", "Заявка №79161234567"),
            ("{{name}} ({{none}})", "Анна, Петрова"),
            ("{{name}} ({{none}}, {{phone}}) сам", "Анна, Петрова, 79161234567 сам"),
            ("{{none}} - {{phone}}", "79161234567"),
            ("{{phone}} - {{none}} - x", "79161234567 - x"),
            ("Перезвонить, {{none}}", "Перезвонить"),
            ("{{none}}", ""),
            ("a\n{{none}}\nb {{phone}}", "a\nb 79161234567"),
        ] {
            assert_eq!(rendered(template), expected, "{template}");
        }
    }
}
