//! A key ring on a database in memory.

use std::sync::Arc;

use secrecy::SecretString;

use super::{KeyRing, Sealer};
use crate::base::{SystemRandom, Timestamp};
use crate::config::{Algorithm, Keys, Secrets};
use crate::storage::Store;

pub async fn store() -> Store {
    let store = Store::open(&SecretString::from("sqlite::memory:")).await.unwrap();
    store.migrate().await.unwrap();
    store
}

pub async fn store_ring(store: &Store, now: Timestamp) -> (Arc<Sealer>, KeyRing) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("master.key");
    Sealer::create_key_file(&path, &SystemRandom::default()).unwrap();
    let sealer = Arc::new(Sealer::load(&Secrets { master_key_file: path, master_key: None }).unwrap());
    let settings = Keys { algorithms: vec![Algorithm::ES256, Algorithm::EdDSA], ..Keys::default() };
    let random = Arc::new(SystemRandom::default());
    let ring = KeyRing::load(store, Arc::clone(&sealer), settings, now, random).await.unwrap();
    (sealer, ring)
}

pub async fn ring(now: Timestamp) -> (Store, KeyRing) {
    let store = store().await;
    let (_, ring) = store_ring(&store, now).await;
    (store, ring)
}
