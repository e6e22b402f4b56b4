//! Groups of digits in a text, and which of them may belong to one number.

/// How many characters may stand between two groups of one number.
const BETWEEN_CHARS: usize = 4;

/// Digits that stand together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Where the group begins, in bytes; with its plus, if it has one.
    pub start: usize,
    /// Where the group ends, in bytes.
    pub end: usize,
    /// The digits.
    pub digits: String,
    /// Whether a plus stands before it.
    pub plus: bool,
    /// Whether it may continue the number of the group before it.
    pub joined: bool,
    /// Whether a parenthesis or a hyphen stands between it and the group before it.
    pub grouped: bool,
    /// Whether it can be no part of a phone number.
    pub masked: bool,
}

/// A digit, as ASCII: also the wide ones of Asian keyboards and the Arabic ones.
pub fn digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06f0}'..='\u{06f9}' => 0x06f0,
        _ => return None,
    };
    char::from_digit(u32::from(c) - zero, 10)
}

pub fn is_plus(c: char) -> bool {
    matches!(c, '+' | '\u{ff0b}')
}

/// A space within a line.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{3000}')
}

pub fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
}

fn is_parenthesis(c: char) -> bool {
    matches!(c, '(' | ')' | '[' | ']')
}

/// Whether a character may stand inside a phone number, besides digits.
pub fn is_punctuation(c: char) -> bool {
    is_space(c) || is_hyphen(c) || is_parenthesis(c) || matches!(c, '.' | '/')
}

/// Whether one number may go on after this text. Several dots announce an extension.
fn joins(between: &str) -> bool {
    between.chars().all(is_punctuation) && between.chars().count() <= BETWEEN_CHARS && between.matches('.').count() <= 1
}

/// The groups of a text, at most `most`.
pub fn groups(text: &str, most: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        let Some(digit) = digit(c) else {
            open = false;
            continue;
        };
        let end = at + c.len_utf8();
        if open && let Some(group) = groups.last_mut() {
            group.digits.push(digit);
            group.end = end;
        } else if groups.len() == most {
            break;
        } else {
            let begun = group(text, groups.last().map(|before| before.end), at);
            groups.push(Group { end, digits: digit.to_string(), ..begun });
        }
        open = true;
    }
    groups
}

/// The beginning of a group at this place, after a group that ends at `before`.
fn group(text: &str, before: Option<usize>, at: usize) -> Group {
    let between = &text[before.unwrap_or(0)..at];
    let opened = between.trim_end_matches(|c| is_space(c) || matches!(c, '(' | '['));
    let near = between[opened.len()..].chars().count() <= 2;
    let plus = opened.chars().next_back().filter(|c| near && is_plus(*c));
    let start = plus.map_or(at, |plus| at - between.len() + opened.len() - plus.len_utf8());
    Group {
        start,
        end: at,
        digits: String::new(),
        plus: plus.is_some(),
        joined: before.is_some() && joins(between),
        grouped: before.is_some() && between.chars().any(|c| is_hyphen(c) || is_parenthesis(c)),
        masked: false,
    }
}
