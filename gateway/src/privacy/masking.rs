//! What listings show in place of personal data: a phone's country and last two digits, an e-mail's first letter and its domain's end, and
//! nothing of names, texts, visitors' ids, tokens, and parameters of links.
//!
//! Of JSON, forms and queries, the values of [known members](super::words) are shown. Free text, such as the reason of a dead letter, loses what
//! looks like personal data, what is quoted, and names: words with a capital letter, and Russian words, that systems do not use.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use super::words;

/// What stands for something hidden.
pub const HIDDEN: &str = "•••";
/// From this length on, a value of a known member is no word and no number any more.
const LONGEST_WORD: usize = 40;
/// The parent of a step's members. No member has this name.
const STEP: &str = "\0step";
/// How deep JSON within strings is read. What is deeper is hidden.
const DEEPEST: usize = 24;

/// A phone number: the country's first digit, or +7, and the last two digits. `+7•••••••67`.
pub fn phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let [first, .., last_but_one, last] = digits.as_slice() else { return HIDDEN.to_owned() };
    let country = if digits.len() == 11 && *first == '8' { '7' } else { *first };
    match digits.len() {
        11.. => format!("+{country}{}{last_but_one}{last}", "•".repeat(digits.len() - 4)),
        _ => format!("{}{last_but_one}{last}", "•".repeat(digits.len() - 2)),
    }
}

/// An e-mail address: `a•••@•••.ru`.
pub fn email(address: &str) -> String {
    let (name, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first = name.chars().next().filter(char::is_ascii_alphanumeric).map(String::from).unwrap_or_default();
    let end = domain.rsplit_once('.').map(|(_, end)| end).filter(|end| end.len() <= 6 && end.bytes().all(|byte| byte.is_ascii_lowercase()));
    format!("{first}{HIDDEN}@{HIDDEN}{}", end.map(|end| format!(".{end}")).unwrap_or_default())
}

/// JSON with what may be shown.
pub fn json(value: &Value) -> Value {
    member("", "", value, 0)
}

/// The steps of a handler, as [`Step`](uis_host::trace::Step) is serialised. Their messages are the plugin's and the host's, so they are shown as
/// [`text`].
pub fn steps(steps: &Value) -> Value {
    member("", STEP, steps, 0)
}

/// A body or a query: JSON, a form, or text.
pub fn body(text: &str) -> String {
    structured(text, "", "", 0).unwrap_or_else(|| if text.trim().is_empty() { text.to_owned() } else { HIDDEN.to_owned() })
}

fn member(name: &str, parent: &str, value: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return HIDDEN.into();
    }
    match value {
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(_) if words::is_shown(name, parent) => value.clone(),
        Value::Number(number) => number_in_place(&number.to_string()).into(),
        Value::String(text) => string(name, parent, text, depth).into(),
        Value::Array(items) => items.iter().map(|item| item_of(name, parent, item, depth)).collect(),
        Value::Object(members) => {
            let parent = if parent == STEP && matches!(name, "" | "answer") { STEP } else { name };
            let mut shown = Map::new();
            for (inner, value) in members {
                // Several hidden names must not replace each other.
                let mut key = if words::is_name(inner) { inner.clone() } else { HIDDEN.to_owned() };
                while shown.contains_key(&key) {
                    key.push('\'');
                }
                shown.insert(key, member(inner, parent, value, depth + 1));
            }
            shown.into()
        }
    }
}

/// An item of a list has the list's name, unless it is a pair of name and value.
fn item_of(name: &str, parent: &str, item: &Value, depth: usize) -> Value {
    match item.as_array().map(Vec::as_slice) {
        Some([Value::String(inner), value]) if words::has_pairs(name) => {
            let key = if words::is_name(inner) { inner.clone() } else { HIDDEN.to_owned() };
            vec![Value::from(key), member(inner, name, value, depth + 1)].into()
        }
        _ => member(name, parent, item, depth + 1),
    }
}

/// Numbers of unknown members: short ones may be anything, so only their length shows; long ones look like phones.
fn number_in_place(number: &str) -> String {
    if number.len() >= 10 && number.bytes().all(|byte| byte.is_ascii_digit()) { phone(number) } else { HIDDEN.to_owned() }
}

fn string(name: &str, parent: &str, value: &str, depth: usize) -> String {
    if value.is_empty() || (words::is_shown(name, parent) && is_word(value)) {
        return value.to_owned();
    }
    match name {
        "path" if parent == STEP => return path(value),
        "reason" | "why" | "message" | "subject" | "about" | "error" if parent == STEP => return text(value),
        // Timers and stored values: their kind, which comes before the ids.
        "name" | "key" if parent == STEP => return beginning(value),
        "step" if parent == STEP => return value.to_owned(),
        _ => {}
    }
    if let Some(shown) = structured(value, name, parent, depth + 1) {
        return shown;
    }
    in_place(value)
}

/// A word, a number or a time.
fn is_word(value: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-' | '.' | ':' | '+');
    value.len() <= LONGEST_WORD && (value.chars().all(plain) || TIME.find(value).is_some_and(|found| found.len() == value.len()))
}

/// A value that stands alone, by its looks.
fn in_place(value: &str) -> String {
    let trimmed = value.trim();
    if PHONE.find(trimmed).is_some_and(|found| found.len() == trimmed.len()) {
        return phone(trimmed);
    }
    if EMAIL.find(trimmed).is_some_and(|found| found.len() == trimmed.len()) {
        return email(trimmed);
    }
    // `phone:7916…`, `email:…`: keys of lanes.
    if let Some((kind @ ("phone" | "email" | "visitor" | "call" | "chat" | "order" | "communication"), rest)) = trimmed.split_once(':') {
        let shown = if matches!(kind, "phone" | "email") { in_place(rest) } else { HIDDEN.to_owned() };
        return format!("{kind}:{shown}");
    }
    match URL.find(trimmed) {
        Some(found) if found.start() == 0 => link(trimmed),
        _ => HIDDEN.to_owned(),
    }
}

/// The first words of a name that ends with ids.
fn beginning(value: &str) -> String {
    let end = value.find(|sign: char| !(sign.is_ascii_lowercase() || sign == '-')).unwrap_or(value.len());
    if end == value.len() { value.to_owned() } else { format!("{}{HIDDEN}", &value[..end]) }
}

/// JSON, or pairs of a form or a query; none when the text is neither.
fn structured(value: &str, name: &str, parent: &str, depth: usize) -> Option<String> {
    if depth > DEEPEST {
        return Some(HIDDEN.to_owned());
    }
    let trimmed = value.trim_start_matches('\u{feff}').trim();
    if trimmed.starts_with(['{', '['])
        && let Ok(inner) = serde_json::from_str::<Value>(trimmed)
    {
        return Some(member(name, parent, &inner, depth).to_string());
    }
    if !FORM.is_match(trimmed) {
        return None;
    }
    let pairs = form_urlencoded::parse(trimmed.as_bytes()).map(|(inner, value)| {
        let key = if words::is_name(&inner) { inner.to_string() } else { HIDDEN.to_owned() };
        format!("{key}={}", string(&inner, name, &value, depth + 1))
    });
    Some(pairs.collect::<Vec<_>>().join("&"))
}

/// The type of what was received. Whoever knows the address can write anything there.
pub fn shown_type(what: &str) -> String {
    if is_word(what) && what.bytes().filter(u8::is_ascii_digit).count() <= 4 { what.to_owned() } else { HIDDEN.to_owned() }
}

/// The key of a lane: `phone:+7•••••••67`.
pub fn key(key: &str) -> String {
    in_place(key)
}

/// A path of the remote system: words and ids of its entities.
pub fn path(value: &str) -> String {
    let (path, query) = value.split_once('?').unwrap_or((value, ""));
    let shown = |segment: &str| {
        let word = segment.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && segment.len() <= LONGEST_WORD;
        let short = segment.len() <= 9 && segment.bytes().all(|byte| byte.is_ascii_digit());
        let version = segment.len() <= 3 && segment.starts_with('v');
        if word || short || version { segment.to_owned() } else { HIDDEN.to_owned() }
    };
    let path = path.split('/').map(shown).collect::<Vec<_>>().join("/");
    if query.is_empty() { path } else { format!("{path}?{}", structured(query, "", "", 1).unwrap_or_else(|| HIDDEN.to_owned())) }
}

/// A link: its host.
fn link(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return HIDDEN.to_owned() };
    let (host, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // A name and a password may stand before the host.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host =
        if host.bytes().filter(u8::is_ascii_digit).count() > 6 && host.parse::<std::net::SocketAddr>().is_err() { HIDDEN } else { host };
    let rest = if rest.len() > 1 { "/•••" } else { rest };
    format!("{scheme}://{host}{rest}")
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("this pattern is valid: {error}"))
}

static TIME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"));
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+?\(?\d(?:[\s().\u{2010}-\u{2015}-]*\d){6,}"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[^\s@"'«»<>(),;:=&]+(?:@|%40)[^\s@"'«»<>(),;:=&]+"#));
static URL: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[a-z][a-z0-9+.-]{1,15}://[^\s"'«»<>]+"#));
static FORM: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z_][^\s=&?]{0,63}=[^\s]*$"));
/// The parts of free text that are looked at, the first that matches counts: times, links, e-mails, quotations, values of limits, phones, what is
/// encoded, and words.
static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r#"(?<time>{})|(?<url>{})|(?<email>{})|(?<quote>"[^"]*"|«[^»]*»|“[^”]*”|‘[^’]*’|`[^`]*`)|(?<limit>[a-z-]+ = \d+)|(?<phone>{})|(?<code>[\w.%+/=~-]*%[0-9A-Fa-f]{{2}}[\w.%+/=~-]*|[A-Za-z0-9+/_=-]{{16,}})|(?<word>[\w]+(?:['’][\w]+)?)"#,
        TIME.as_str(),
        URL.as_str(),
        EMAIL.as_str(),
        PHONE.as_str()
    ))
});
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d+"));
static WRAPPED: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^([A-Z][A-Za-z]+)\("((?:[^"\\]|\\.)*)"\)$"#));

/// Free text, such as a reason, without what looks like personal data.
pub fn text(value: &str) -> String {
    // A failure of a handler is stored with its kind: `Rejected("…")`.
    if let Some(wrapped) = WRAPPED.captures(value) {
        let inner = wrapped[2].replace("\\\"", "\"").replace("\\\\", "\\");
        return format!("{}: {}", wrapped[1].to_lowercase(), text(&inner));
    }
    PARTS.replace_all(value, |found: &Captures<'_>| part(found)).into_owned()
}

/// The kind of a reason: the masked text, with `N` in place of each number. Reasons that differ in what they are about have the same kind.
pub fn kind_of(reason: &str) -> String {
    NUMBER.replace_all(&text(reason), "N").into_owned()
}

fn part(found: &Captures<'_>) -> String {
    let whole = &found[0];
    let is = |name: &str| found.name(name).is_some();
    if is("time") || is("limit") {
        return whole.to_owned();
    }
    if is("url") {
        return link(whole);
    }
    if is("email") {
        return email(&whole.replace("%40", "@"));
    }
    if is("phone") {
        return phone(whole);
    }
    if is("quote") {
        return quotation(whole);
    }
    if is("code") {
        return code(whole).to_owned();
    }
    let name = whole.chars().next().is_some_and(char::is_uppercase) || !whole.is_ascii();
    let mixed = whole.len() >= 8 && whole.bytes().any(|byte| byte.is_ascii_digit()) && whole.bytes().any(|byte| byte.is_ascii_alphabetic());
    if (name && !words::is_known(whole)) || mixed { HIDDEN.to_owned() } else { whole.to_owned() }
}

/// A quotation stays when it is an identifier: the name of a setting, a field, a type.
fn quotation(whole: &str) -> String {
    let mut signs = whole.chars();
    let (open, close) = (signs.next().unwrap_or('"'), signs.next_back().unwrap_or('"'));
    let inner = signs.as_str();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let few_digits = inner.bytes().filter(u8::is_ascii_digit).count() <= 4;
    let identifier = inner.bytes().all(plain) && inner.contains(['_', '-', '/']) && inner.len() <= LONGEST_WORD && few_digits;
    format!("{open}{}{close}", if identifier { inner } else { HIDDEN })
}

/// Long words of one case without digits, such as `recording-wait-seconds`, are words; anything else so long is a token or encoded.
fn code(whole: &str) -> &str {
    let word = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase()) && part.len() < 20;
    if whole.split(['-', '_', '/', '=']).all(word) { whole } else { HIDDEN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn phones_and_addresses_show_their_kind_only() {
        assert_eq!((phone("79161234567").as_str(), phone("+7 (916) 123-45-67").as_str()), ("+7•••••••67", "+7•••••••67"));
        assert_eq!((phone("89161234567").as_str(), phone("123-45-67").as_str(), phone("7").as_str()), ("+7•••••••67", "•••••67", HIDDEN));
        assert_eq!((email("anna.ivanova@shop.example.ru").as_str(), email("х@пример").as_str()), ("a•••@•••.ru", "•••@•••"));
    }

    #[test]
    fn of_a_notification_what_says_nothing_of_a_person_stays() {
        let shown = json(&json!({
            "call_session_id": 5001, "direction": "in", "contact_phone_number": "79161234567", "virtual_phone_number": "74951112233",
            "employee_id": 11, "start_time": "2026-11-27 09:00:00.000", "is_lost": true, "contact_full_name": "Анна Иванова",
            "visitor_id": 77123, "visitor": {"id": 77, "name": "Anna"}, "attributes": [["utm", "secret"], ["status", "new"]],
            "note": "{\"text\":\"перезвоните\",\"status\":\"new\"}", "form": "type=callback&phone=%2B79161234567", "79161234567": 1,
            "link": "https://shop.example/cart?token=abc", "talk_time_duration": 12, "ordering_key": "phone:79161234567",
        }));
        let expected = json!({
            "call_session_id": 5001, "direction": "in", "contact_phone_number": "+7•••••••67", "virtual_phone_number": "74951112233",
            "employee_id": 11, "start_time": "2026-11-27 09:00:00.000", "is_lost": true, "contact_full_name": "•••",
            "visitor_id": "•••", "visitor": {"id": "•••", "name": "•••"}, "attributes": [["utm", "•••"], ["status", "new"]],
            "note": "{\"status\":\"new\",\"text\":\"•••\"}", "form": "type=callback&phone=+7•••••••67", "•••": "•••",
            "link": "https://shop.example/•••", "talk_time_duration": 12, "ordering_key": "phone:+7•••••••67",
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn steps_show_what_the_plugin_says_and_not_what_people_wrote() {
        let shown = steps(&json!([
            {"step": "request", "round": 1, "connection": "retailcrm", "method": "POST", "path": "/api/v5/customers/create",
             "form": [["site", "main"], ["customer", "{\"firstName\":\"anna\",\"id\":17}"]],
             "answer": {"status": 400, "body": "{\"success\":false,\"errorMsg\":\"anna is wrong\"}"}},
            {"step": "log", "level": "warn", "message": "no customer with +7 916 123-45-67", "fields": [["message", "call me"]]},
            {"step": "timer-set", "name": "recording:5001", "at": 5},
        ]));
        let expected = json!([
            {"step": "request", "round": 1, "connection": "retailcrm", "method": "POST", "path": "/api/v5/customers/create",
             "form": [["site", "main"], ["customer", "{\"firstName\":\"•••\",\"id\":17}"]],
             "answer": {"status": 400, "body": "{\"errorMsg\":\"•••\",\"success\":false}"}},
            {"step": "log", "level": "warn", "message": "no customer with +7•••••••67", "fields": [["message", "•••"]]},
            {"step": "timer-set", "name": "recording•••", "at": 5},
        ]);
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_reason_keeps_its_sense() {
        for (reason, expected) in [
            ("the CRM refused it: HTTP 400: Errors in the entity format", "the CRM refused it: HTTP 400: Errors in the entity format"),
            ("limit storage-bytes = 1048576 was exceeded", "limit storage-bytes = 1048576 was exceeded"),
            ("Rejected(\"the customer \\\"Anna\\\" has no +7 916 123-45-67\")", "rejected: the customer \"•••\" has no +7•••••••67"),
            ("start_time: \"вчера\" is no time", "start_time: \"•••\" is no time"),
            ("unknown notification \"set_marks\"", "unknown notification \"set_marks\""),
            ("Клиент Иванова Анна не найден, a.b@mail.ru", "Клиент ••• ••• не найден, a•••@•••.ru"),
            ("asked https://u:p@a.example/x?key=1 at 2026-11-27T09:00:00Z", "asked https://a.example/••• at 2026-11-27T09:00:00Z"),
            ("key Zm9vYmFyYmF6cXV4MTIz, 8%20916", "key •••, •••"),
        ] {
            assert_eq!(text(reason), expected);
        }
    }

    #[test]
    fn bodies_that_are_no_json_and_no_form_are_hidden() {
        assert_eq!(body("перезвоните мне"), HIDDEN);
        assert_eq!(body("[1"), HIDDEN);
        assert_eq!(body(""), "");
        assert_eq!(body("contact_phone_number=79161234567&direction=in"), "contact_phone_number=+7•••••••67&direction=in");
        let form = body("by=id&order=%7B%22phone%22%3A%2279161234567%22%2C%22status%22%3A%22new%22%7D");
        assert_eq!(form, "by=id&order={\"phone\":\"+7•••••••67\",\"status\":\"new\"}");
        assert_eq!(path("/api/v5/customers/17/edit?phone=79161234567"), "/api/v5/customers/17/edit?phone=+7•••••••67");
        assert_eq!(path("/api/v5/orders/anna@mail.ru"), "/api/v5/orders/•••");
    }
}
