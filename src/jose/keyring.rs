use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Error, Sealer, SigningKey};
use crate::base::{Random, Timestamp, TokenHash};
use crate::config::{Algorithm, Keys};
use crate::storage::{SigningKeyRecord, SigningKeys, Store};

const DAY_MILLIS: i64 = 86_400_000;

/// The signing keys of all instances on one database.
///
/// A key is published from its creation, signs from `sign_at` to `retire_at`, and stays published until `remove_at`.
/// Which key signs follows from the stored rows and the time alone, so that instances agree without talking.
#[derive(Clone)]
pub struct KeyRing {
    shared: Arc<Shared>,
}

struct Shared {
    sealer: Arc<Sealer>,
    settings: Keys,
    random: Arc<dyn Random>,
    snapshot: ArcSwap<Snapshot>,
}

#[derive(Default)]
struct Snapshot {
    /// Every published key by `kid`.
    published: HashMap<String, Arc<SigningKey>>,
    signers: Vec<Arc<SigningKey>>,
    /// Since when each signer has been signing.
    signing_since: Vec<(Algorithm, Timestamp)>,
    jwks: Arc<RenderedJwks>,
}

/// The JWKS document as it goes over the wire (RFC 7517 §5).
#[derive(Debug, Default)]
pub struct RenderedJwks {
    pub body: String,
    /// A strong entity tag, quotes included.
    pub etag: String,
}

impl KeyRing {
    /// Reads the keys and makes those that are missing. A key that cannot be opened is an error: never replaced.
    pub async fn load(
        store: &Store,
        sealer: Arc<Sealer>,
        settings: Keys,
        now: Timestamp,
        random: Arc<dyn Random>,
    ) -> Result<Self, Error> {
        let shared = Shared { sealer, settings, random, snapshot: ArcSwap::default() };
        let ring = Self { shared: Arc::new(shared) };
        ring.refresh(store, now).await?;
        Ok(ring)
    }

    /// Reads the rows again and makes the next key of each algorithm when its time has come.
    pub async fn refresh(&self, store: &Store, now: Timestamp) -> Result<(), Error> {
        let mut rows = store.list_signing_keys(now.millis()).await?;
        let mut made = false;
        for alg in &self.shared.settings.algorithms {
            if let Some(sign_at) = self.next_key_due(*alg, &rows, now) {
                made |= self.make(store, *alg, sign_at, now).await?.is_some();
            }
        }
        if made {
            rows = store.list_signing_keys(now.millis()).await?;
        }
        self.install(&rows, now)
    }

    /// Makes a new key that signs from `sign_at` on, retiring the others of its algorithm then. Without `alg`, for each
    /// configured algorithm. Answers the new keys' ids; an algorithm whose next key already waits is left alone.
    pub async fn rotate(
        &self,
        store: &Store,
        alg: Option<Algorithm>,
        sign_at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let mut kids = Vec::new();
        for alg in self.shared.settings.algorithms.iter().filter(|each| alg.is_none_or(|one| one == **each)) {
            if let Some(kid) = self.make(store, *alg, sign_at, now).await? {
                let remove_at = sign_at.plus(self.shared.settings.publish_after.duration());
                store.retire_signing_keys(alg.name(), &kid, sign_at.millis(), remove_at.millis()).await?;
                kids.push(kid);
            }
        }
        self.refresh(store, now).await?;
        Ok(kids)
    }

    /// Stores `pkcs8` as a key of `alg` that signs from `sign_at` on, retiring the others then.
    pub async fn import(
        &self,
        store: &Store,
        alg: Algorithm,
        pkcs8: &[u8],
        sign_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        let Some(kid) = self.insert(store, alg, pkcs8, sign_at, now).await? else { return Ok(None) };
        let remove_at = sign_at.plus(self.shared.settings.publish_after.duration());
        store.retire_signing_keys(alg.name(), &kid, sign_at.millis(), remove_at.millis()).await?;
        self.refresh(store, now).await?;
        Ok(Some(kid))
    }

    /// The algorithms that can sign now, in the configured order.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.shared.snapshot.load().signers.iter().map(|key| key.alg).collect()
    }

    pub fn jwks(&self) -> Arc<RenderedJwks> {
        self.shared.snapshot.load().jwks.clone()
    }

    /// The key that signs for `alg` now.
    pub fn signer(&self, alg: Algorithm) -> Option<Arc<SigningKey>> {
        self.shared.snapshot.load().signers.iter().find(|key| key.alg == alg).cloned()
    }

    /// Since when the key of each live algorithm has been signing.
    pub fn signing_since(&self) -> Vec<(Algorithm, Timestamp)> {
        self.shared.snapshot.load().signing_since.clone()
    }

    /// A published key: one of those that tokens may still be signed with.
    pub fn published(&self, kid: &str) -> Option<Arc<SigningKey>> {
        self.shared.snapshot.load().published.get(kid).cloned()
    }

    /// When the next key of `alg` should begin to sign, if it is time to make it.
    ///
    /// The time is one that every instance computes alike, so that of several inserts one wins.
    fn next_key_due(&self, alg: Algorithm, rows: &[SigningKeyRecord], now: Timestamp) -> Option<Timestamp> {
        let today = Timestamp::from_millis(now.millis() - now.millis().rem_euclid(DAY_MILLIS));
        let last_retires = rows.iter().filter(|row| row.alg == alg.name()).map(|row| row.retire_at).max();
        match last_retires.map(Timestamp::from_millis) {
            None => Some(today),
            Some(retires) if retires <= now => Some(retires.max(today)),
            Some(retires) if retires.minus(self.shared.settings.publish_before.duration()) <= now => Some(retires),
            Some(_) => None,
        }
    }

    async fn make(
        &self,
        store: &Store,
        alg: Algorithm,
        sign_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        let random = self.shared.random.clone();
        // An RSA key takes some hundred milliseconds of arithmetic.
        let der = tokio::task::spawn_blocking(move || SigningKey::generate(alg, random.as_ref()))
            .await
            .map_err(|_| Error::Generation)??;
        self.insert(store, alg, &der, sign_at, now).await
    }

    async fn insert(
        &self,
        store: &Store,
        alg: Algorithm,
        pkcs8: &[u8],
        sign_at: Timestamp,
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        let settings = &self.shared.settings;
        let key = SigningKey::from_pkcs8(alg, pkcs8)
            .map_err(|cause| Error::Unreadable { kid: "(new)".to_owned(), cause: cause.to_owned() })?;
        let retire_at = sign_at.plus(settings.rotation_period.duration());
        let row = SigningKeyRecord {
            kid: key.kid.clone(),
            alg: alg.name().to_owned(),
            public_jwk: Value::Object(key.public_jwk.clone()).to_string(),
            private_sealed: self.shared.sealer.seal(&purpose(&key.kid), pkcs8, self.shared.random.as_ref()),
            created_at: now.millis(),
            sign_at: sign_at.millis(),
            retire_at: retire_at.millis(),
            remove_at: retire_at.plus(settings.publish_after.duration()).millis(),
        };
        Ok(store.insert_signing_key(&row).await?.then_some(key.kid))
    }

    fn install(&self, rows: &[SigningKeyRecord], now: Timestamp) -> Result<(), Error> {
        let before = self.shared.snapshot.load();
        let mut published = HashMap::with_capacity(rows.len());
        for row in rows {
            let key = match before.published.get(&row.kid) {
                Some(key) => key.clone(),
                None => Arc::new(self.open(row)?),
            };
            published.insert(row.kid.clone(), key);
        }
        let algorithms = &self.shared.settings.algorithms;
        let signing: Vec<_> = algorithms.iter().filter_map(|alg| signing_row(*alg, rows, now)).collect();
        let signers: Vec<Arc<SigningKey>> = signing.iter().filter_map(|row| published.get(&row.kid).cloned()).collect();
        let signing_since =
            signers.iter().zip(&signing).map(|(key, row)| (key.alg, Timestamp::from_millis(row.sign_at))).collect();
        let jwks = render(&signers, rows, &published);
        let jwks = if before.jwks.body == jwks.body { before.jwks.clone() } else { Arc::new(jwks) };
        self.shared.snapshot.store(Arc::new(Snapshot { published, signers, signing_since, jwks }));
        Ok(())
    }

    fn open(&self, row: &SigningKeyRecord) -> Result<SigningKey, Error> {
        let unreadable = |cause: String| Error::Unreadable { kid: row.kid.clone(), cause };
        let alg = Algorithm::from_name(&row.alg).ok_or_else(|| unreadable(format!("unknown algorithm {}", row.alg)))?;
        let der = self
            .shared
            .sealer
            .open(&purpose(&row.kid), &row.private_sealed)
            .map_err(|error| unreadable(error.to_string()))?;
        let key = SigningKey::from_pkcs8(alg, &der).map_err(|cause| unreadable(cause.to_owned()))?;
        if key.kid == row.kid { Ok(key) } else { Err(unreadable("its thumbprint is another".to_owned())) }
    }
}

/// The private key of `row` in PKCS#8 DER, for export.
pub fn open_private_key(sealer: &Sealer, row: &SigningKeyRecord) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    sealer
        .open(&purpose(&row.kid), &row.private_sealed)
        .map_err(|error| Error::Unreadable { kid: row.kid.clone(), cause: error.to_string() })
}

fn purpose(kid: &str) -> String {
    format!("signing-key:{kid}")
}

/// Of the keys whose time has begun the youngest; a retired one only when nothing else is there, because a token under
/// a published key is better than none while the next key cannot be made.
fn signing_row(alg: Algorithm, rows: &[SigningKeyRecord], now: Timestamp) -> Option<&SigningKeyRecord> {
    let begun = || rows.iter().filter(|row| row.alg == alg.name() && row.sign_at <= now.millis());
    let order = |row: &&SigningKeyRecord| (row.sign_at, row.kid.clone());
    begun().filter(|row| row.retire_at > now.millis()).max_by_key(order).or_else(|| begun().max_by_key(order))
}

/// Signing keys first, in the configured order, for clients that take the first key that fits.
fn render(
    signers: &[Arc<SigningKey>],
    rows: &[SigningKeyRecord],
    published: &HashMap<String, Arc<SigningKey>>,
) -> RenderedJwks {
    let others = rows.iter().filter(|row| signers.iter().all(|key| key.kid != row.kid));
    let others = others.filter_map(|row| published.get(&row.kid));
    let keys: Vec<Value> = signers.iter().chain(others).map(|key| Value::Object(key.public_jwk.clone())).collect();
    let body = json!({ "keys": keys }).to_string();
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(TokenHash::of(&body).as_bytes()));
    RenderedJwks { body, etag }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::SystemRandom;
    use crate::config::Ttl;
    use crate::jose::test_support::{ring, store, store_ring};

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[tokio::test]
    async fn the_first_start_makes_one_signing_key_per_algorithm_and_a_restart_makes_none() {
        let store = store().await;
        let (sealer, first) = store_ring(&store, START).await;
        assert_eq!(first.algorithms(), [Algorithm::ES256, Algorithm::EdDSA]);
        let again =
            KeyRing::load(&store, sealer, first.shared.settings.clone(), START, Arc::new(SystemRandom::default()))
                .await
                .unwrap();
        assert_eq!(first.jwks().body, again.jwks().body);
        assert_eq!(first.jwks().body.matches("\"kid\"").count(), 2);
        assert!(!first.jwks().body.contains("\"d\""));
    }

    #[tokio::test]
    async fn the_next_key_is_published_before_it_signs_and_the_last_one_stays_until_its_tokens_have_expired() {
        let (store, ring) = ring(START).await;
        let settings = ring.shared.settings.clone();
        let first = ring.signer(Algorithm::ES256).unwrap();
        let begun = START.millis() - START.millis().rem_euclid(DAY_MILLIS);
        let retires = Timestamp::from_millis(begun).plus(settings.rotation_period.duration());

        let published = retires.minus(settings.publish_before.duration());
        ring.refresh(&store, published.minus(Duration::from_secs(1))).await.unwrap();
        assert_eq!(ring.jwks().body.matches("ES256").count(), 1);
        ring.refresh(&store, published).await.unwrap();
        assert_eq!(ring.jwks().body.matches("ES256").count(), 2);
        assert_eq!(ring.signer(Algorithm::ES256).unwrap().kid, first.kid);

        ring.refresh(&store, retires).await.unwrap();
        assert_ne!(ring.signer(Algorithm::ES256).unwrap().kid, first.kid);
        assert!(ring.published(&first.kid).is_some());

        ring.refresh(&store, retires.plus(settings.publish_after.duration())).await.unwrap();
        assert!(ring.published(&first.kid).is_none());
    }

    #[tokio::test]
    async fn two_instances_rotating_at_once_make_one_key_and_sign_with_the_same() {
        let store = store().await;
        let (_, one) = store_ring(&store, START).await;
        let due = START.plus(one.shared.settings.rotation_period.duration());
        let two = one.clone_unshared();
        let (a, b) = tokio::join!(one.refresh(&store, due), two.refresh(&store, due));
        a.unwrap();
        b.unwrap();
        one.refresh(&store, due).await.unwrap();
        two.refresh(&store, due).await.unwrap();
        assert_eq!(one.signer(Algorithm::ES256).unwrap().kid, two.signer(Algorithm::ES256).unwrap().kid);
        assert_eq!(one.jwks().body, two.jwks().body);
    }

    #[tokio::test]
    async fn rotating_by_hand_publishes_first_and_an_immediate_rotation_signs_at_once() {
        let (store, ring) = ring(START).await;
        let first = ring.signer(Algorithm::ES256).unwrap();
        let sign_at = START.plus(Duration::from_hours(24));
        let made = ring.rotate(&store, Some(Algorithm::ES256), sign_at, START).await.unwrap();
        assert_eq!(made.len(), 1);
        assert_eq!(ring.signer(Algorithm::ES256).unwrap().kid, first.kid);
        assert!(ring.published(&made[0]).is_some());
        ring.refresh(&store, sign_at).await.unwrap();
        assert_eq!(ring.signer(Algorithm::ES256).unwrap().kid, made[0]);
        let now = sign_at.plus(Duration::from_secs(5));
        let at_once = ring.rotate(&store, Some(Algorithm::ES256), now, now).await.unwrap();
        assert_eq!(ring.signer(Algorithm::ES256).unwrap().kid, at_once[0]);
        assert!(ring.published(&made[0]).is_some());
    }

    #[tokio::test]
    async fn a_wrong_master_key_refuses_to_start_and_replaces_nothing() {
        let (store, ring) = ring(START).await;
        let before = store.list_signing_keys(START.millis()).await.unwrap().len();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        Sealer::create_key_file(&path, &SystemRandom::default()).unwrap();
        let secrets = crate::config::Secrets { master_key_file: path, master_key: None };
        let other = Arc::new(Sealer::load(&secrets).unwrap());
        let refused =
            KeyRing::load(&store, other, ring.shared.settings.clone(), START, Arc::new(SystemRandom::default())).await;
        assert!(matches!(refused.err(), Some(Error::Unreadable { .. })));
        assert_eq!(store.list_signing_keys(START.millis()).await.unwrap().len(), before);
    }

    impl KeyRing {
        /// Another instance with the same settings.
        fn clone_unshared(&self) -> Self {
            let shared = Shared {
                sealer: self.shared.sealer.clone(),
                settings: Keys { publish_before: Ttl::days(1), ..self.shared.settings.clone() },
                random: self.shared.random.clone(),
                snapshot: ArcSwap::default(),
            };
            Self { shared: Arc::new(shared) }
        }
    }
}
