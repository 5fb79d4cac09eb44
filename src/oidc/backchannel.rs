//! Telling clients that a session has ended (OpenID Connect Back-Channel Logout §2.5-§2.7).
//!
//! Whatever ends a session queues the notices in the same transaction; here they are taken and delivered. A notice that
//! a client does not take is tried again, ever less often, for a day.

use std::time::Duration;

use serde_json::json;

use super::logout_token::logout_token;
use crate::base::{Random, Timestamp};
use crate::oauth::{Context, Error};
use crate::outbound::{self, Limits};
use crate::storage::{Audit as _, AuditRecord, LogoutNoticeRecord, LogoutNotices as _};

/// Longer than one attempt can take: whoever has taken a notice and is silent then was killed.
const TAKEN_FOR: Duration = Duration::from_secs(30);
/// After the first failure; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// From the end of the session.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(24);
/// Nothing of the answer is read but its status.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// How one attempt went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Delivered,
    /// It will be tried again.
    Failed,
    GivenUp,
}

impl Delivery {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

/// Takes up to `limit` notices that are due; each is to be given to [`deliver`] at once.
pub async fn take_due(cx: &Context, limit: usize) -> Result<Vec<LogoutNoticeRecord>, Error> {
    let now = cx.now();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(cx.store.take_logout_notices(now.millis(), now.plus(TAKEN_FOR).millis(), limit).await?)
}

/// Delivers a notice that was taken, and notes how it went.
pub async fn deliver(cx: &Context, notice: &LogoutNoticeRecord) -> Result<Delivery, Error> {
    let (session_id, client_id) = (notice.session_id.as_str(), notice.client_id.as_str());
    let Err(problem) = send(cx, notice).await else {
        cx.store.logout_notice_delivered(session_id, client_id).await?;
        return Ok(Delivery::Delivered);
    };
    let next = next_attempt(notice, cx.now(), cx.random.as_ref());
    let next_millis = next.map(Timestamp::millis);
    cx.store.logout_notice_failed(session_id, client_id, next_millis, &problem.text).await?;
    let Some(next) = next else {
        tracing::warn!(oauth.client_id = client_id, cause = problem.text, "a logout notice was given up");
        given_up(cx, notice, &problem.text);
        return Ok(Delivery::GivenUp);
    };
    tracing::info!(
        oauth.client_id = client_id,
        cause = problem.text,
        details = problem.details,
        "a logout notice was not taken"
    );
    if problem.concerns_all {
        cx.store.postpone_logout_notices(client_id, next.millis()).await?;
    }
    Ok(Delivery::Failed)
}

struct Problem {
    /// For whoever operates the server.
    text: String,
    details: String,
    /// The client cannot be reached at all, with whatever notice.
    concerns_all: bool,
}

async fn send(cx: &Context, notice: &LogoutNoticeRecord) -> Result<(), Problem> {
    let client = cx.clients.get(&notice.client_id);
    // A client that has taken its address back since has nobody to be told.
    let Some(client) = client else { return Ok(()) };
    let Some(uri) = client.metadata.backchannel_logout_uri.as_deref() else { return Ok(()) };
    let token = logout_token(cx, &client, notice).await.map_err(|error| Problem {
        text: "the logout token could not be signed".to_owned(),
        details: error.to_string(),
        concerns_all: false,
    })?;
    let form = [("logout_token", token.as_str())];
    match cx.outbound.post_form(uri, &form, Limits::of_bytes(MAX_ANSWER_BYTES)).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => {
            let (text, details) = (format!("it answered {}", answer.status), String::new());
            Err(Problem { text, details, concerns_all: answer.status >= 500 })
        }
        // It has answered, if at greater length than anybody reads.
        Err(error) => Err(Problem {
            text: error.to_string(),
            details: error.details().to_owned(),
            concerns_all: !matches!(error, outbound::Error::TooLarge(_) | outbound::Error::Encoded),
        }),
    }
}

/// `None` when it would come too late. A quarter more or less, so that what failed together does not return together.
fn next_attempt(notice: &LogoutNoticeRecord, now: Timestamp, random: &dyn Random) -> Option<Timestamp> {
    let doublings = u32::try_from(notice.attempts.saturating_sub(1)).unwrap_or_default().min(16);
    let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let mut byte = [0_u8; 1];
    random.fill(&mut byte);
    let next = now.plus(pause.mul_f64(0.75 + f64::from(u8::from_be_bytes(byte)) / 510.0));
    let last = Timestamp::from_millis(notice.created_at).plus(GIVEN_UP_AFTER);
    (next <= last).then_some(next)
}

fn given_up(cx: &Context, notice: &LogoutNoticeRecord, cause: &str) {
    let now = cx.now();
    cx.store.audit(AuditRecord {
        id: crate::base::new_id(now, cx.random.as_ref()).to_string(),
        at: now.millis(),
        event: "logout_notice_given_up".to_owned(),
        user_id: Some(notice.user_id.clone()),
        client_id: Some(notice.client_id.clone()),
        session_id: Some(notice.session_id.clone()),
        address: None,
        request_id: None,
        details: json!({ "attempts": notice.attempts, "cause": cause }).to_string(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn attempts_grow_apart_and_end_after_a_day() {
        let random = SystemRandom::default();
        let mut notice = LogoutNoticeRecord {
            session_id: "s".to_owned(),
            client_id: "c".to_owned(),
            user_id: "u".to_owned(),
            attempts: 1,
            next_attempt_at: None,
            last_error: None,
            created_at: 0,
            expires_at: 0,
        };
        let mut now = Timestamp::from_millis(0);
        let mut pauses = Vec::new();
        while let Some(next) = next_attempt(&notice, now, &random) {
            pauses.push(next.since(now).as_secs());
            now = next;
            notice.attempts += 1;
        }
        assert!((7..=12).contains(&pauses[0]), "{pauses:?}");
        assert!((2700..=4500).contains(pauses.last().unwrap()), "{pauses:?}");
        assert!((25..45).contains(&pauses.len()), "{pauses:?}");
        assert!(now <= Timestamp::from_millis(0).plus(GIVEN_UP_AFTER));
        notice.attempts = i64::MAX;
        assert!(next_attempt(&notice, Timestamp::from_millis(0), &random).is_some());
    }
}
