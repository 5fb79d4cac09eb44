//! What anybody may begin is kept until it expires, whether they go on with it or not: authorization and device requests,
//! ways to other providers, challenges for passkeys. So that nobody fills the database, one address may begin so many.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{Context, Error};
use crate::base::subscriber;
use crate::config::Throttle;

/// `throttle.begun_per_address` may be begun at once, and as many again over this.
const WITHIN: Duration = Duration::from_mins(10);

/// What each address has begun lately, in this instance's memory. `None` without a limit.
pub struct Beginnings(Option<DefaultKeyedRateLimiter<IpAddr>>);

impl Beginnings {
    pub fn new(policy: &Throttle) -> Self {
        let most = NonZeroU32::new(policy.begun_per_address);
        let quota = most.and_then(|most| Some(Quota::with_period(WITHIN / most.get())?.allow_burst(most)));
        Self(quota.map(RateLimiter::dashmap))
    }

    /// Forgets the addresses that may begin as much as any again.
    pub fn tidy(&self) {
        if let Some(limiter) = &self.0 {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn count(&self, address: IpAddr) -> Result<(), Error> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check_key(&subscriber(address)).map_err(|until| {
            let wait = until.wait_time_from(limiter.clock().now());
            Error::TooManyAttempts { retry_after: wait.as_secs() + 1 }
        })
    }
}

impl Context {
    /// Counts something that is about to be kept for whoever is at `address`. This machine itself is not limited: behind a
    /// proxy that nobody has said to trust yet, it is everybody.
    ///
    /// Errors: `TooManyAttempts`.
    pub fn begins(&self, address: IpAddr) -> Result<(), Error> {
        if address.to_canonical().is_loopback() { Ok(()) } else { self.beginnings.count(address) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_begins_so_many_and_another_one_is_not_kept_from_it() {
        let beginnings = Beginnings::new(&Throttle { begun_per_address: 3, ..Throttle::default() });
        let begin = |address: &str| beginnings.count(address.parse().unwrap());
        for last in 1..=3 {
            assert!(begin(&format!("2001:db8::{last}")).is_ok(), "one /64 is one");
        }
        let refused = begin("2001:db8::4");
        assert!(matches!(refused, Err(Error::TooManyAttempts { retry_after: 1..=201 })), "{refused:?}");
        beginnings.tidy();
        assert!(begin("2001:db8::5").is_err(), "what is recent stays known");
        assert!(begin("2001:db8:0:1::1").is_ok() && begin("192.0.2.1").is_ok());
        let without = Beginnings::new(&Throttle { begun_per_address: 0, ..Throttle::default() });
        assert!((0..10_000).all(|_| without.count("192.0.2.1".parse().unwrap()).is_ok()));
    }
}
