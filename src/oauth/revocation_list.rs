//! The revocations as resource servers follow them: for those that check signed tokens by the key set alone, and would
//! still refuse at once what has ended. An extension of ours; introspection answers the same question one by one.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Client, Context, Error, Params, RevocationKind};
use crate::base::Timestamp;
use crate::storage::{RevocationList as _, RevocationRecord};

/// Revocations in one answer at most.
const PAGE: usize = 1000;

/// One answer.
#[derive(Debug, Serialize)]
pub struct Revocations {
    pub revocations: Vec<Entry>,
    /// What to ask for as `after` next time.
    pub next: i64,
    /// There is more behind `next` already.
    pub more: bool,
}

/// Tokens whose `claim` has this `value` are void.
#[derive(Debug, Serialize)]
pub struct Entry {
    pub seq: i64,
    pub claim: &'static str,
    pub value: String,
    /// Milliseconds since the epoch: only tokens issued until then are void, those after it are good. Without it all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_until: Option<i64>,
    /// Seconds since the epoch, as in `exp`: by then every token that it concerns has expired, and it may be forgotten.
    pub exp: i64,
}

/// The unexpired revocations after the number `after`, for a client that the operator registered as a resource server.
pub async fn list(cx: &Context, client: &Client, params: &Params) -> Result<Revocations, Error> {
    if !client.metadata.resource_server {
        return Err(Error::unauthorized_client("only resource servers may follow the revocations"));
    }
    let after: i64 = match params.get("after") {
        Some(text) => text.parse().map_err(|_| Error::invalid_request("after must be a number"))?,
        None => 0,
    };
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut rows = cx.store.page_of_revocations(after, cx.now().millis(), limit).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().map_or(after, |row| row.seq);
    let sectors = cx.clients.sectors();
    let revocations = rows.into_iter().flat_map(|row| entries(cx, &sectors, row)).collect();
    Ok(Revocations { revocations, next, more })
}

/// One entry; for a person one for each name that tokens may know them by.
fn entries(cx: &Context, sectors: &BTreeSet<String>, row: RevocationRecord) -> Vec<Entry> {
    let Some(kind) = RevocationKind::from_name(&row.kind) else { return Vec::new() };
    let claim = match kind {
        RevocationKind::Jti => "jti",
        RevocationKind::Family => "family",
        RevocationKind::Session => "sid",
        RevocationKind::User => "sub",
        RevocationKind::Client => "client_id",
    };
    let mut values = vec![row.key];
    if let (RevocationKind::User, Some(user_id)) = (kind, values.first().cloned()) {
        values.extend(sectors.iter().map(|sector| cx.pseudonyms.name(sector, &user_id)));
    }
    // A part of a second more is a moment more of caution.
    let exp = Timestamp::from_millis(row.expires_at.saturating_add(999)).seconds();
    let issued_until = (!kind.is_final()).then_some(row.not_before);
    values.into_iter().map(|value| Entry { seq: row.seq, claim, value, issued_until, exp }).collect()
}
