//! Digests that are stored between events: the same content has the same digest in every version and on every machine.

use serde::Serialize;
use serde_json::Value;

/// The digest of a value, computed from its JSON; never 0.
pub fn of<T: Serialize>(value: &T) -> u64 {
    of_json(&serde_json::to_value(value).unwrap_or_default())
}

/// FNV-1a, because it adds little code to the component and no digest is compared with an adversary's input.
fn of_json(value: &Value) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let text = value.to_string();
    text.bytes().fold(OFFSET, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(PRIME)).max(1)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_digest_stays_what_it_is() {
        // FNV-1a of the text `"a"`, including the quotes, computed by the algorithm's definition.
        let by_hand =
            b"\"a\"".iter().fold(0xcbf2_9ce4_8422_2325_u64, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(of(&"a"), by_hand);
        assert_eq!((of(&"a"), of(&("x", 1))), (of(&"a".to_owned()), of(&("x", 1))));
        assert_ne!(of(&"a"), of(&"b"));
    }
}
