//! Names what a file is that is not UTF-8 text, with the command that converts it.

/// How many bytes are looked at; a file's encoding shows at once.
const LOOKED_AT: usize = 64 << 10;

/// What these bytes are when they are not UTF-8 text, with the command that converts them; none if they are text that can be read. The bytes
/// are the beginning of a file or of a line.
pub fn named(bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..bytes.len().min(LOOKED_AT)];
    let packed = [
        (&b"\x1f\x8b"[..], "gzip", "gunzip FILE"),
        (b"PK\x03\x04", "a zip archive", "unzip FILE"),
        (b"\x28\xb5\x2f\xfd", "zstd", "unzstd FILE"),
        (b"BZh", "bzip2", "bunzip2 FILE"),
        (b"\xfd7zXZ", "xz", "unxz FILE"),
    ];
    if let Some((_, name, command)) = packed.into_iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return Some(format!("this is {name}, not text; unpack it first: {command}"));
    }
    let encoding = utf_16(bytes).or_else(|| single_byte(bytes))?;
    Some(format!("the text is {encoding}, not UTF-8; convert it: iconv -f {encoding} -t UTF-8 FILE > NEW"))
}

/// UTF-16 has its mark at the beginning, or a zero byte in every other place where the text is ASCII.
fn utf_16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] => return Some("UTF-16LE"),
        [0xfe, 0xff, ..] => return Some("UTF-16BE"),
        _ => {}
    }
    let zeros = |offset: usize| bytes.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let quarter = bytes.len().div_ceil(4);
    match (zeros(0) >= quarter, zeros(1) >= quarter) {
        (false, true) => Some("UTF-16LE"),
        (true, false) => Some("UTF-16BE"),
        _ => None,
    }
}

/// A Russian encoding of one byte a letter: most letters of a text are small, and these are 0xE0–0xFF in Windows-1251 and 0xC0–0xDF in
/// KOI8-R.
fn single_byte(bytes: &[u8]) -> Option<&'static str> {
    match std::str::from_utf8(bytes) {
        Ok(_) => return None,
        // The end of what was looked at lies within a character.
        Err(error) if error.error_len().is_none() => return None,
        Err(_) => {}
    }
    let count = |range: std::ops::RangeInclusive<u8>| bytes.iter().filter(|byte| range.contains(byte)).count();
    let (high, lower, upper) = (count(0x80..=0xff), count(0xe0..=0xff), count(0xc0..=0xdf));
    if (lower + upper) * 10 < high * 8 {
        return None;
    }
    Some(if upper > lower { "KOI8-R" } else { "CP1251" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_encodings_and_packed_files_are_named_with_the_remedy() {
        let utf_16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.iter().copied().chain("{\"recording\":1}".encode_utf16().flat_map(bytes)).collect()
        };
        // "Звонок" in both encodings.
        let cp_1251 = b"{\"name\":\"\xc7\xe2\xee\xed\xee\xea\"}";
        let koi_8 = b"{\"name\":\"\xfa\xd7\xcf\xce\xcf\xcb\"}";
        for (bytes, part) in [
            (b"\x1f\x8b\x08\0".to_vec(), "gunzip"),
            (b"PK\x03\x04".to_vec(), "unzip"),
            (utf_16(b"\xff\xfe", u16::to_le_bytes), "-f UTF-16LE"),
            (utf_16(b"\xfe\xff", u16::to_be_bytes), "-f UTF-16BE"),
            (utf_16(b"", u16::to_le_bytes), "-f UTF-16LE"),
            (cp_1251.to_vec(), "-f CP1251"),
            (koi_8.to_vec(), "-f KOI8-R"),
        ] {
            let name = named(&bytes).expect(part);
            assert!(name.contains(part), "{name}");
        }
        for text in ["{\"recording\":1,\"name\":\"Звонок\"}", "", "{"] {
            assert_eq!(named(text.as_bytes()), None, "{text}");
        }
        assert_eq!(named(b"{\"name\":\"\x80\x81\"}"), None, "no text of any kind");
    }
}
