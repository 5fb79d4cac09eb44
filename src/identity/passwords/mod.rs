//! Passwords, hashed on threads of their own.

mod stored;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Block, Params, Version};
use prometheus_client::metrics::histogram::Histogram;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::base::Random;
use crate::config::Passwords;
pub use stored::HashError;
use stored::{Recipe, Stored};

/// Argon2id, and what other systems used before, on its own threads: as many hashes at once as there are places, a short queue in front, and refusal beyond
/// it, so that a storm of logins costs neither the memory of all of them nor the time of everybody else.
pub struct PasswordPool {
    params: Params,
    jobs: SyncSender<Job>,
    waiting: Arc<Mutex<HashMap<IpAddr, usize>>>,
    share: usize,
    /// What an unknown user's password is verified against.
    decoy: String,
    /// Seconds that one hash took, without waiting.
    seconds: Histogram,
}

/// The pool is full: ask again after `retry_after` seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    #[error("too many logins wait already")]
    Busy { retry_after: u64 },
    #[error("hashing failed")]
    Failed,
}

/// What verifying a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right {
        /// The hash was made with other parameters than the configured ones: hash again.
        outdated: bool,
    },
}

struct Job {
    recipe: Recipe,
    password: Zeroizing<Vec<u8>>,
    answer: oneshot::Sender<Result<Zeroizing<Vec<u8>>, PoolError>>,
    _place: Option<Place>,
}

/// One address's claim on a place in the queue, given back when dropped.
struct Place {
    waiting: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

/// Memory of an idle worker is given back after this time.
const IDLE: Duration = Duration::from_secs(30);
/// Seconds; around the quarter to half second that a good setting takes.
const SECONDS_BUCKETS: [f64; 9] = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5];
const RETRY_AFTER_SECONDS: u64 = 3;
/// Of 19, the least that a thread can be wanted.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;
const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

impl PasswordPool {
    pub fn new(settings: &Passwords) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let workers = if settings.concurrency == 0 { cores } else { settings.concurrency };
        let (jobs, receiver) = sync_channel(settings.queue.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        let seconds = Histogram::new(SECONDS_BUCKETS);
        for _ in 0..workers {
            let (receiver, seconds) = (receiver.clone(), seconds.clone());
            thread::spawn(move || work(&receiver, &seconds));
        }
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, Some(OUTPUT_BYTES))
            .unwrap_or_default();
        let decoy = encode(&params, &[0; SALT_BYTES], &[0; OUTPUT_BYTES]).unwrap_or_default();
        // One address may hold a quarter of the queue, so that it cannot keep everybody else out.
        let share = (settings.queue / 4).max(2) + workers;
        Self { params, jobs, waiting: Arc::default(), share, decoy, seconds }
    }

    /// How long hashes took, for metrics.
    pub const fn seconds(&self) -> &Histogram {
        &self.seconds
    }

    /// Hashes a new password to a PHC string.
    pub async fn hash(&self, password: &SecretString, random: &dyn Random) -> Result<String, PoolError> {
        let mut salt = [0_u8; SALT_BYTES];
        random.fill(&mut salt);
        let output = self.run(Recipe::argon2id(&self.params, &salt, OUTPUT_BYTES), password, None).await?;
        encode(&self.params, &salt, &output).ok_or(PoolError::Failed)
    }

    /// Verifies `password` against a stored hash. Without one, or with one that cannot be used, the same work is
    /// done against a decoy, so that time does not tell; nor does it of a hash that costs less than ours, beside which the
    /// decoy is computed as well.
    pub async fn verify(
        &self,
        password: &SecretString,
        stored: Option<&str>,
        address: IpAddr,
    ) -> Result<Verdict, PoolError> {
        let known = stored.and_then(|text| Stored::parse(text).ok());
        let exists = known.is_some();
        let Some(stored) = known.or_else(|| Stored::parse(&self.decoy).ok()) else { return Err(PoolError::Failed) };
        let outdated = !stored.is_current(&self.params);
        let place = self.claim(address)?;
        let decoy = if outdated && !stored.is_dearer(&self.params) { Stored::parse(&self.decoy).ok() } else { None };
        let beside = async {
            match decoy {
                Some(decoy) => self.run(decoy.recipe, password, None).await.map(drop),
                None => Ok(()),
            }
        };
        let (beside, output) = tokio::join!(beside, self.run(stored.recipe, password, Some(place)));
        beside?;
        let output = output?;
        let right: bool = output.as_slice().ct_eq(&stored.output).into();
        Ok(if right && exists { Verdict::Right { outdated } } else { Verdict::Wrong })
    }

    fn claim(&self, address: IpAddr) -> Result<Place, PoolError> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let held = waiting.entry(address).or_insert(0);
        if *held >= self.share {
            return Err(PoolError::Busy { retry_after: RETRY_AFTER_SECONDS });
        }
        *held += 1;
        Ok(Place { waiting: self.waiting.clone(), address })
    }

    async fn run(
        &self,
        recipe: Recipe,
        password: &SecretString,
        place: Option<Place>,
    ) -> Result<Zeroizing<Vec<u8>>, PoolError> {
        let (answer, answered) = oneshot::channel();
        let password = Zeroizing::new(password.expose_secret().as_bytes().to_vec());
        let job = Job { recipe, password, answer, _place: place };
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PoolError::Busy { retry_after: RETRY_AFTER_SECONDS },
            TrySendError::Disconnected(_) => PoolError::Failed,
        })?;
        answered.await.map_err(|_| PoolError::Failed)?
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = waiting.get_mut(&self.address) {
            *held -= 1;
            if *held == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}

/// Has the system prefer every other thread of this process to the calling one: hashes use whole cores, and nobody who asks
/// for a token or a key shall wait for them.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "password hashes run at the priority of everything else");
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, seconds: &Histogram) {
    step_back();
    let mut memory: Vec<Block> = Vec::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(IDLE);
        match next {
            // Nobody waits for the answer any more: the browser has gone.
            Ok(job) if job.answer.is_closed() => {}
            Ok(job) => {
                let started = Instant::now();
                let hashed = job.recipe.compute(&job.password, &mut memory);
                seconds.observe(started.elapsed().as_secs_f64());
                let _ = job.answer.send(hashed.ok_or(PoolError::Failed));
            }
            Err(RecvTimeoutError::Timeout) => memory = Vec::new(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Whether `text` is a hash that a login could be checked against, and affordable.
pub fn check_hash(text: &str) -> Result<(), HashError> {
    Stored::parse(text).map(drop)
}

fn encode(params: &Params, salt: &[u8], output: &[u8]) -> Option<String> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(output).ok()?),
    };
    Some(hash.to_string())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::base::SystemRandom;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn pool(memory_kib: u32, queue: usize) -> PasswordPool {
        PasswordPool::new(&Passwords { memory_kib, iterations: 1, concurrency: 1, queue, ..Passwords::default() })
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn the_right_password_verifies_and_no_other() {
        let pool = pool(64, 8);
        let hash = pool.hash(&secret("correct horse"), &SystemRandom::default()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
        let verify = async |password: &str| pool.verify(&secret(password), Some(&hash), HOME).await.unwrap();
        assert_eq!(verify("correct horse").await, Verdict::Right { outdated: false });
        assert_eq!(verify("correct hors").await, Verdict::Wrong);
        assert_eq!(verify("").await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_verifies_and_is_called_outdated() {
        let hash = pool(64, 8).hash(&secret("pw"), &SystemRandom::default()).await.unwrap();
        let stronger = pool(128, 8);
        assert_eq!(stronger.verify(&secret("pw"), Some(&hash), HOME).await.unwrap(), Verdict::Right { outdated: true });
    }

    #[tokio::test]
    async fn beside_a_cheaper_hash_the_decoy_is_computed_too_and_beside_no_other() {
        let hash_of = async |kib: u32| pool(kib, 8).hash(&secret("pw"), &SystemRandom::default()).await.unwrap();
        let bcrypt = "$2b$04$abcdefghijklmnopqrstuuKqPTGRGqcWGnlUu5JsBQxbsGn4aIVKm".to_owned();
        for (stored, hashes) in [
            (None, 1),
            (Some(hash_of(1024).await), 1),
            (Some(hash_of(2048).await), 1),
            (Some(hash_of(64).await), 2),
            (Some(bcrypt), 2),
        ] {
            for password in ["pw", "wrong"] {
                let pool = pool(1024, 8);
                let mut registry = prometheus_client::registry::Registry::default();
                registry.register("hash", "", pool.seconds().clone());
                let verdict = pool.verify(&secret(password), stored.as_deref(), HOME).await.unwrap();
                let is_ours = stored.as_ref().is_some_and(|stored| stored.contains("argon2"));
                assert_eq!(matches!(verdict, Verdict::Right { .. }), password == "pw" && is_ours, "{stored:?}");
                let mut text = String::new();
                prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
                assert!(text.contains(&format!("hash_count {hashes}")), "{stored:?}: {text}");
            }
        }
    }

    #[tokio::test]
    async fn unknown_users_and_monstrous_or_malformed_hashes_are_wrong_and_never_computed() {
        let pool = pool(64, 8);
        let good = pool.hash(&secret("pw"), &SystemRandom::default()).await.unwrap();
        for stored in [
            None,
            Some(String::new()),
            Some("plaintext".to_owned()),
            Some(good.replace("m=64", "m=4194304")),
            Some(good.replace("t=1", "t=1000000000")),
            Some(good.replace("argon2id", "argon2x")),
        ] {
            assert_eq!(
                pool.verify(&secret("pw"), stored.as_deref(), HOME).await.unwrap(),
                Verdict::Wrong,
                "{stored:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_storm_is_refused_before_it_is_hashed_and_one_address_cannot_hold_the_whole_queue() {
        let pool = Arc::new(pool(4096, 8));
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let attempts = (0..100).map(|_| {
            let pool = pool.clone();
            async move { pool.verify(&secret("x"), None, HOME).await }
        });
        let storm = futures_util::future::join_all(attempts);
        let (storm, neighbour) = tokio::join!(storm, async {
            tokio::task::yield_now().await;
            pool.verify(&secret("x"), None, other).await
        });
        let refused = storm.iter().filter(|r| matches!(r, Err(PoolError::Busy { .. }))).count();
        assert!(refused >= 90, "{refused} refused");
        assert_eq!(neighbour, Ok(Verdict::Wrong));
    }
}
