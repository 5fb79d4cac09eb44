//! The revocations as resource servers follow them: for those that check signed tokens by the key set alone, and would
//! still refuse at once what has ended. An extension of ours; introspection answers the same question one by one.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Client, Context, Error, Params, RevocationKind};
use crate::base::Timestamp;
use crate::storage::{ApiKeys as _, RevocationList as _, RevocationRecord, SessionClients as _};

/// Entries from which on an answer takes in no further revocation.
const PAGE: usize = 1000;
/// `exp` is a multiple of it: exact ends would tell which entries came together. Seconds.
const EXP_STEP: i64 = 300;

/// One answer.
///
/// Nothing in it leads from one entry to another: no numbers, no exact ends, and no order but that of their values. Otherwise
/// what ends of one person at once would tell by which names different clients know them.
#[derive(Debug, Serialize)]
pub struct Revocations {
    pub revocations: Vec<Entry>,
    /// What to ask for as `after` next time.
    pub next: i64,
    /// There is more behind `next` already.
    pub more: bool,
}

/// Tokens whose `claim` has this `value` are void.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Entry {
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
    let rows = cx.store.page_of_revocations(after, cx.now().millis(), limit).await?;
    let (mut revocations, mut next, mut more) = (Vec::new(), after, rows.len() > PAGE);
    for row in rows {
        if revocations.len() >= PAGE {
            more = true;
            break;
        }
        next = row.seq;
        revocations.extend(entries(cx, row).await?);
    }
    revocations.sort();
    Ok(Revocations { revocations, next, more })
}

/// The claims of tokens that a revocation concerns.
async fn entries(cx: &Context, row: RevocationRecord) -> Result<Vec<Entry>, Error> {
    let Some(kind) = RevocationKind::from_name(&row.kind) else { return Ok(Vec::new()) };
    let step = |millis: i64| Timestamp::from_millis(millis).seconds() / EXP_STEP * EXP_STEP + EXP_STEP;
    let exp = step(row.expires_at);
    let entry = |claim, value, issued_until| Entry { claim, value, issued_until, exp };
    let ended = |claim, value| entry(claim, value, None);
    Ok(match kind {
        RevocationKind::Jti => vec![ended("jti", row.key)],
        RevocationKind::Family => vec![ended("family", row.key)],
        RevocationKind::Session => {
            let names = names_of_session(cx, row.key).await?;
            names.into_iter().map(|sid| ended("sid", sid)).collect()
        }
        // Pairwise names are not told: their tokens end by `sid` and `family`, whose ends were written with this one, or came
        // from an API key. A key gives good tokens again afterwards.
        RevocationKind::User => {
            let whole_second = row.not_before / 1000 * 1000 + 999;
            let keys = cx.store.list_api_keys_of_user(&row.key).await?;
            let keys = keys.into_iter().map(|key| entry("family", key.id, Some(whole_second)));
            keys.chain([entry("sub", row.key, Some(row.not_before))]).collect()
        }
        RevocationKind::Client => vec![entry("client_id", row.key, Some(row.not_before))],
    })
}

/// What the clients of a session know it by. Where they are not known any more, all sectors' names.
async fn names_of_session(cx: &Context, session_id: String) -> Result<BTreeSet<String>, Error> {
    let clients = cx.store.clients_of_session(&session_id).await?;
    let sectors = if clients.is_empty() {
        cx.clients.sectors()
    } else {
        clients.iter().filter_map(|client_id| cx.clients.get(client_id)?.sector.clone()).collect()
    };
    let mut names: BTreeSet<String> = sectors.iter().map(|sector| cx.pseudonyms.session(sector, &session_id)).collect();
    names.insert(session_id);
    Ok(names)
}
