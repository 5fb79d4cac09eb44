//! Fixed-width base62: each 8 bytes become 11 characters of `0-9A-Za-z`, so that a token holds nothing that needs
//! URL encoding and its length is known before it is read.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORD_CHARS: usize = 11;

/// Encodes `bytes`, read as big-endian 64-bit words (a short last word is padded on the left).
pub fn encode(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(8) {
        let mut word = [0_u8; 8];
        for (to, from) in word.iter_mut().rev().zip(chunk.iter().rev()) {
            *to = *from;
        }
        encode_word(u64::from_be_bytes(word), WORD_CHARS, out);
    }
}

/// Encodes `value` in exactly `width` characters, most significant first.
pub fn encode_word(mut value: u64, width: usize, out: &mut String) {
    let mut digits = [b'0'; WORD_CHARS];
    for digit in digits.iter_mut().take(width).rev() {
        *digit = ALPHABET.get((value % 62) as usize).copied().unwrap_or(b'0');
        value /= 62;
    }
    out.extend(digits.iter().take(width).map(|digit| char::from(*digit)));
}

/// Decodes what [`encode`] wrote for `N` bytes (`N` a multiple of 8); `None` for any other length, character or an
/// overflowing word.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N / 8 * WORD_CHARS {
        return None;
    }
    let mut bytes = [0_u8; N];
    for (to, from) in bytes.chunks_exact_mut(8).zip(text.as_bytes().chunks_exact(WORD_CHARS)) {
        to.copy_from_slice(&decode_word(from)?.to_be_bytes());
    }
    Some(bytes)
}

fn decode_word(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| value.checked_mul(62)?.checked_add(digit_value(*digit)?))
}

fn digit_value(digit: u8) -> Option<u64> {
    match digit {
        b'0'..=b'9' => Some(u64::from(digit - b'0')),
        b'A'..=b'Z' => Some(u64::from(digit - b'A') + 10),
        b'a'..=b'z' => Some(u64::from(digit - b'a') + 36),
        _ => None,
    }
}
