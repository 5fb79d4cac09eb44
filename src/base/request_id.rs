use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Random, SystemRandom, base62};

/// Names one request in its answer (`X-Request-Id`), on its error page, in the log and in the audit events. No secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; Self::LENGTH]);

impl RequestId {
    const LENGTH: usize = 11;

    /// Unique within the process, and between processes as far as 64 random bits go; costs no random bytes.
    pub fn next() -> Self {
        static COUNTER: LazyLock<AtomicU64> = LazyLock::new(|| {
            let mut seed = [0_u8; 8];
            SystemRandom::default().fill(&mut seed);
            AtomicU64::new(u64::from_be_bytes(seed))
        });
        let mut text = String::with_capacity(Self::LENGTH);
        base62::encode_word(mix(COUNTER.fetch_add(1, Ordering::Relaxed)), Self::LENGTH, &mut text);
        let mut bytes = [b'0'; Self::LENGTH];
        for (to, from) in bytes.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Self(bytes)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The finalizer of SplitMix64, a bijection: neighbours in the count look unlike each other.
const fn mix(count: u64) -> u64 {
    let count = (count ^ (count >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let count = (count ^ (count >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    count ^ (count >> 31)
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_do_not_repeat_and_are_safe_in_a_header() {
        let ids: HashSet<String> = (0..10_000).map(|_| RequestId::next().to_string()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 11 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
}
