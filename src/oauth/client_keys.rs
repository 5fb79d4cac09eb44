//! The keys of clients: registered themselves (`jwks`), or by the address where they are kept (`jwks_uri`, RFC 7591 §2).

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Client, Context};
use crate::base::Timestamp;
use crate::jose::{ForeignAlgorithm, ForeignKeys};
use crate::outbound::{self, Limits, Response};

/// Clients whose fetched keys are kept.
const MAX_CLIENTS: u64 = 10_000;
/// A set is kept at least this long, whatever `Cache-Control` says, and at most the other.
const MIN_FRESH: Duration = Duration::from_mins(1);
const MAX_FRESH: Duration = Duration::from_hours(1);
/// Where it says nothing.
const DEFAULT_FRESH: Duration = Duration::from_mins(10);
/// A set that can no longer be fetched serves this much longer, so that an outage of the client's host is none of its own.
const STALE: Duration = Duration::from_hours(24);
/// Fetches per client within [`WINDOW`]: whoever sends tokens with keys that nobody has makes no more of them.
const FETCHES: usize = 2;
const WINDOW: Duration = Duration::from_mins(1);

/// What was fetched from `jwks_uri`s, by client.
pub struct FetchedKeys(Cache<String, Arc<Mutex<Entry>>>);

impl Default for FetchedKeys {
    fn default() -> Self {
        Self(Cache::new(MAX_CLIENTS))
    }
}

#[derive(Default)]
struct Entry {
    set: Option<Fetched>,
    /// The last fetches, newest first.
    fetches: [Option<Timestamp>; FETCHES],
}

#[derive(Clone)]
struct Fetched {
    uri: String,
    jwks: Arc<Value>,
    keys: ForeignKeys,
    fresh_until: Timestamp,
}

/// The signature keys of `client` among which the one for `alg` and `kid` is looked for. A key that is not known yet is a
/// reason to fetch again: that is how clients rotate theirs.
pub async fn signature_keys(cx: &Context, client: &Client, alg: ForeignAlgorithm, kid: Option<&str>) -> ForeignKeys {
    let Some(uri) = client.metadata.jwks_uri.as_deref() else { return client.keys().clone() };
    let found = fetched(cx, client, uri, |keys| keys.find(alg, kid).is_some()).await;
    found.map(|set| set.keys).unwrap_or_default()
}

/// The whole JWK Set of `client`, as registered or fetched; `None` where it has none or none can be had.
pub async fn jwks(cx: &Context, client: &Client) -> Option<Arc<Value>> {
    match client.metadata.jwks_uri.as_deref() {
        None => client.metadata.jwks.clone().map(Arc::new),
        Some(uri) => fetched(cx, client, uri, |_| true).await.map(|set| set.jwks),
    }
}

/// The set at `uri`: what is known if it is fresh and `will_do`, else fetched anew if that may be, else what is known.
///
/// One request of a client fetches while its others wait; other clients do not.
async fn fetched(cx: &Context, client: &Client, uri: &str, will_do: impl Fn(&ForeignKeys) -> bool) -> Option<Fetched> {
    let entry = cx.fetched_keys.0.get_with_by_ref(&client.client_id, Arc::default);
    let mut entry = entry.lock().await;
    let now = cx.now();
    if entry.set.as_ref().is_some_and(|set| set.uri != uri || set.fresh_until.plus(STALE) <= now) {
        entry.set = None;
    }
    if let Some(set) = entry.set.as_ref().filter(|set| now < set.fresh_until && will_do(&set.keys)) {
        return Some(set.clone());
    }
    if entry.may_fetch(now) {
        match fetch(&cx.outbound, uri, now).await {
            Ok(set) => entry.set = Some(set),
            Err(reason) => {
                tracing::warn!(oauth.client_id = %client.client_id, %reason, "the client's jwks_uri gives no keys");
            }
        }
    }
    entry.set.clone()
}

impl Entry {
    fn may_fetch(&mut self, now: Timestamp) -> bool {
        let [_, oldest] = self.fetches;
        let may = oldest.is_none_or(|at| at.plus(WINDOW) <= now);
        if may {
            self.fetches.rotate_right(1);
            if let Some(newest) = self.fetches.first_mut() {
                *newest = Some(now);
            }
        }
        may
    }
}

async fn fetch(outbound: &outbound::Client, uri: &str, now: Timestamp) -> Result<Fetched, String> {
    let answer = outbound.get(uri, Limits::default()).await.map_err(|error| format!("{error} {}", error.details()))?;
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    let jwks: Value = serde_json::from_slice(&answer.body).map_err(|_| "it is no JSON".to_owned())?;
    let keys = ForeignKeys::parse_fetched(&jwks)?;
    Ok(Fetched { uri: uri.to_owned(), jwks: Arc::new(jwks), keys, fresh_until: now.plus(lifetime(&answer)) })
}

fn lifetime(answer: &Response) -> Duration {
    answer.max_age().unwrap_or(DEFAULT_FRESH).clamp(MIN_FRESH, MAX_FRESH)
}
