//! The prepared settings: the bytes that [`super::prepare`] returns. Every event reads them, so the format takes only microseconds to read:
//! it has no names, and nothing has to be checked.

use super::Settings;
use crate::base::outcome::misconfigured;
use crate::bindings::uis::integration::types::Failure;

/// The format version, as the first byte. Increase it when a field of [`Settings`] is added, removed or moved.
const FORMAT: u8 = 2;

/// Converts settings to bytes.
pub fn encode(settings: &Settings) -> Result<Vec<u8>, String> {
    postcard::to_extend(settings, vec![FORMAT]).map_err(|error| error.to_string())
}

/// Reads settings from bytes. The host prepares them again when the plugin is upgraded, so bytes of another format are a mistake.
pub fn decode(prepared: &[u8]) -> Result<Settings, Failure> {
    let unreadable = |why: String| misconfigured("", format!("the prepared settings cannot be read, save them again: {why}"));
    match prepared.split_first() {
        Some((&FORMAT, rest)) => match postcard::take_from_bytes(rest) {
            Ok((settings, [])) => Ok(settings),
            Ok((_, more)) => Err(unreadable(format!("{} bytes are left over", more.len()))),
            Err(error) => Err(unreadable(error.to_string())),
        },
        Some((format, _)) => Err(unreadable(format!("their format is {format}, and this version reads format {FORMAT}"))),
        None => Err(unreadable("there are none".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;
    use crate::settings::prepare;

    #[test]
    fn what_was_prepared_is_read_back() {
        let json = r#"{"recording-wait":7,"shop-numbers":[{"site":"main","number":"74951112233"}],"chat-send":true,"chat-task-for":["refused"],
            "extra-fields":true,"extra-field-rows":[{"field":"utm","value":"{{utm_source}}"}],"default-responsible":-5}"#;
        let prepared = prepare(&Fake::default(), json, None).expect("valid").bytes;
        let settings = decode(&prepared).expect("readable");
        assert_eq!((settings.recording_wait, settings.default_assignee, settings.chats.task_for.len()), (7, Some(-5), 1));
        assert_eq!((settings.shop_numbers[0].assignee, settings.extra_field_rows[0].always), (None, false));
        assert_eq!(encode(&settings).expect("bytes"), prepared);
        assert!(prepare(&Fake::default(), "{}", None).is_ok_and(|prepared| prepared.bytes.len() < 1000), "the defaults are short");
    }

    #[test]
    fn other_bytes_say_to_save_the_settings_again() {
        let prepared = prepare(&Fake::default(), "{}", None).expect("valid").bytes;
        let (mut longer, mut shorter, mut other) = (prepared.clone(), prepared.clone(), prepared);
        longer.push(0);
        shorter.pop();
        other[0] = FORMAT + 1;
        for bytes in [longer, shorter, other, Vec::new(), b"{}".to_vec()] {
            let Err(Failure::Misconfigured(problem)) = decode(&bytes) else { panic!("{bytes:?}") };
            assert!(problem.message.contains("save them again"), "{}", problem.message);
        }
    }
}
