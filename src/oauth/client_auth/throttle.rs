use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;

use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::base::{Timestamp, subscriber};
use crate::config::Throttle;
use crate::oauth::Error;

/// Failed authentications of each client from each address, in this instance's memory. Whoever guesses is slowed down
/// where they are; the client is not locked out elsewhere. A success costs one look, and nothing is written.
pub struct ClientThrottle {
    failures: Cache<u64, Failures>,
    hasher: RandomState,
    policy: Throttle,
}

/// A client, known or not, and whoever is at an address.
#[derive(Clone, Copy)]
pub(super) struct Pair(u64);

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
    blocked_until: Timestamp,
}

/// Pairs that are remembered; the least used go first.
const CAPACITY: u64 = 50_000;

impl ClientThrottle {
    pub fn new(policy: &Throttle) -> Self {
        Self { failures: Cache::new(CAPACITY), hasher: RandomState::new(), policy: policy.clone() }
    }

    pub(super) fn pair(&self, client_id: &str, address: IpAddr) -> Pair {
        Pair(self.hasher.hash_one((client_id, subscriber(address))))
    }

    /// `TooManyAttempts` while the pair is blocked.
    pub(super) fn admit(&self, pair: Pair, now: Timestamp) -> Result<(), Error> {
        match self.failures.get(&pair.0) {
            Some(failures) if failures.blocked_until > now => {
                Err(Error::TooManyAttempts { retry_after: failures.blocked_until.since(now).as_secs() + 1 })
            }
            _ => Ok(()),
        }
    }

    /// Counts a failure; true when it begins a block.
    pub(super) fn failed(&self, pair: Pair, now: Timestamp) -> bool {
        let outcome = self.failures.entry(pair.0).and_compute_with(|entry| {
            let before = entry.map(|entry| *entry.value()).filter(|before| now.since(before.last) < self.window());
            let count = before.map_or(0, |before| before.count).saturating_add(1);
            Op::Put(Failures { count, last: now, blocked_until: self.blocked_until(count, now) })
        });
        outcome.into_entry().is_some_and(|entry| entry.value().blocked_until > now)
    }

    pub(super) fn succeeded(&self, pair: Pair) {
        if self.failures.contains_key(&pair.0) {
            self.failures.invalidate(&pair.0);
        }
    }

    fn window(&self) -> std::time::Duration {
        self.policy.window.duration()
    }

    /// No delay for the first `client_failures`, then `base_delay`, doubling up to `max_delay`.
    fn blocked_until(&self, count: u32, now: Timestamp) -> Timestamp {
        let Some(doublings) = count.checked_sub(self.policy.client_failures + 1) else { return now };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        now.plus(self.policy.base_delay.duration().saturating_mul(factor).min(self.policy.max_delay.duration()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Ttl;

    const START: Timestamp = Timestamp::from_seconds(1_000_000);

    fn throttle() -> ClientThrottle {
        ClientThrottle::new(&Throttle { client_failures: 3, max_delay: Ttl::minutes(1), ..Throttle::default() })
    }

    fn at(seconds: u64) -> Timestamp {
        START.plus(std::time::Duration::from_secs(seconds))
    }

    fn retry_after(throttle: &ClientThrottle, pair: Pair, now: Timestamp) -> Option<u64> {
        match throttle.admit(pair, now) {
            Err(Error::TooManyAttempts { retry_after }) => Some(retry_after),
            _ => None,
        }
    }

    #[test]
    fn s049_failures_slow_down_one_client_at_one_address() {
        let throttle = throttle();
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let pair = throttle.pair("c1", address(1));
        for _ in 0..3 {
            assert!(!throttle.failed(pair, START));
            assert_eq!(retry_after(&throttle, pair, START), None);
        }
        assert!(throttle.failed(pair, START));
        assert_eq!(retry_after(&throttle, pair, START), Some(2));
        assert_eq!(retry_after(&throttle, throttle.pair("c1", address(2)), START), None);
        assert_eq!(retry_after(&throttle, throttle.pair("c2", address(1)), START), None);
        assert_eq!(retry_after(&throttle, pair, at(1)), None);
        assert!(throttle.failed(pair, at(1)));
        assert_eq!(retry_after(&throttle, pair, at(1)), Some(3));
        for _ in 0..100 {
            throttle.failed(pair, at(1));
        }
        assert_eq!(retry_after(&throttle, pair, at(1)), Some(61));
    }

    #[test]
    fn a_success_and_an_hour_without_failure_begin_anew() {
        let throttle = throttle();
        let pair = throttle.pair("c1", IpAddr::from([192, 0, 2, 1]));
        for _ in 0..3 {
            throttle.failed(pair, START);
        }
        throttle.succeeded(pair);
        for _ in 0..3 {
            assert!(!throttle.failed(pair, START));
        }
        assert!(!throttle.failed(pair, at(3600)));
        throttle.failed(pair, at(3600));
        throttle.failed(pair, at(3600));
        assert!(throttle.failed(pair, at(3600)));
    }
}
