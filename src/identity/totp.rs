//! Codes of an authenticator app (RFC 6238): SHA-1, six digits, 30 seconds, which is what every app understands.

use std::time::Duration;

use serde_json::json;
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::{ActiveSession, Factor, Identity, LoginError, Notice, Origin};
use crate::base::{Random, Timestamp, new_id};
use crate::jose::{SealError, Sealer};
use crate::storage::{self, Factors as _, TotpEnrolmentRecord, TotpFactorRecord, UserRecord};

/// Proof that a person has the app which they set up. Only [`Identity::verify_totp`] and [`Identity::confirm_totp`] make
/// one.
#[derive(Debug)]
pub struct TotpVerified {
    user: UserRecord,
    at: Timestamp,
}

impl TotpVerified {
    pub fn user(&self) -> &UserRecord {
        &self.user
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }
}

/// What an app needs to know, for as long as it is being set up.
pub struct TotpSetup {
    /// `otpauth://totp/...`, for a QR code.
    pub uri: Zeroizing<String>,
    /// The secret in base32, to be typed.
    pub secret: Zeroizing<String>,
}

const SECRET_BYTES: usize = 20;
/// Of a secret that another system drew.
const MIN_SECRET_BYTES: usize = 16;
const MAX_SECRET_BYTES: usize = 64;
const DIGITS: usize = 6;
/// Steps that a clock may be ahead or behind (§5.2).
const SKEW: u16 = 1;
/// How long a shown secret waits for its first code.
const SETUP_TTL: Duration = Duration::from_mins(15);

impl Identity {
    /// Draws a secret for an app that `session`'s person sets up. It counts only once a code has proved that the app has
    /// it; one begun before is forgotten.
    pub async fn begin_totp(&self, sealer: &Sealer, session: &ActiveSession) -> storage::Result<()> {
        let mut secret = Zeroizing::new([0_u8; SECRET_BYTES]);
        self.random.fill(secret.as_mut());
        let now = self.now();
        self.store
            .begin_totp_enrolment(&TotpEnrolmentRecord {
                id: new_id(now, self.random.as_ref()).to_string(),
                user_id: session.user.id.clone(),
                session_id: session.sid.clone(),
                secret_sealed: sealer.seal(&purpose(&session.user.id), secret.as_slice(), self.random.as_ref()),
                created_at: now.millis(),
                expires_at: now.plus(SETUP_TTL).millis(),
            })
            .await
    }

    /// What to show to the session that began setting up an app; `None` when none did, or too long ago.
    pub async fn totp_setup(&self, sealer: &Sealer, session: &ActiveSession) -> Result<Option<TotpSetup>, LoginError> {
        let Some(enrolment) = self.totp_enrolment(session).await? else { return Ok(None) };
        let issuer = self.config.pages.service_name.replace(':', " ");
        let account = session.user.username.replace(':', " ");
        let secret = sealer.open(&purpose(&session.user.id), &enrolment.secret_sealed)?;
        let totp = totp(&secret, Some(issuer), account);
        let secret = Zeroizing::new(totp.secret().to_base32());
        let uri = totp.to_url().map_err(|_| LoginError::Unreadable(SealError::Malformed))?;
        Ok(Some(TotpSetup { uri: Zeroizing::new(uri), secret }))
    }

    /// Makes the app that is being set up the person's own, if `code` is one of it. `Rejected` too when there is none.
    pub async fn confirm_totp(
        &self,
        sealer: &Sealer,
        session: &ActiveSession,
        code: &str,
        origin: &Origin,
    ) -> Result<TotpVerified, LoginError> {
        let attempt = self.reserve(&session.user, origin).await?;
        let now = self.now();
        let Some(enrolment) = self.totp_enrolment(session).await? else { return Err(LoginError::Rejected) };
        let Some(step) = matching_step(sealer, &session.user.id, &enrolment.secret_sealed, code, now)? else {
            return Err(LoginError::Rejected);
        };
        if !self.store.confirm_totp_enrolment(&enrolment, step, session.user.tokens_not_before, now.millis()).await? {
            return Err(LoginError::Rejected);
        }
        self.refund(attempt).await?;
        self.audit("totp_added", Some(&session.user.id), Some(&session.sid), origin, &json!({}));
        self.notify(&session.user, Notice::FactorAdded { factor: Factor::Totp }, origin.locale).await;
        Ok(TotpVerified { user: session.user.clone(), at: now })
    }

    /// The code step: counts the attempt before any work, and accepts a code once, and none older than it.
    pub async fn verify_totp(
        &self,
        sealer: &Sealer,
        user: &UserRecord,
        code: &str,
        origin: &Origin,
    ) -> Result<TotpVerified, LoginError> {
        let attempt = self.reserve(user, origin).await?;
        let now = self.now();
        let Some(factor) = self.accepting_factor(sealer, user, code, now).await? else {
            self.audit("login_failed", Some(&user.id), None, origin, &json!({ "method": "otp" }));
            return Err(LoginError::Rejected);
        };
        self.refund(attempt).await?;
        self.reseal(sealer, user, &factor.secret_sealed).await;
        Ok(TotpVerified { user: user.clone(), at: now })
    }

    /// The factor that accepts `code`, and from now on no more; `None` when it is wrong or was used before.
    async fn accepting_factor(
        &self,
        sealer: &Sealer,
        user: &UserRecord,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<TotpFactorRecord>, LoginError> {
        let Some(factor) = self.store.find_totp_factor(&user.id).await? else { return Ok(None) };
        let Some(step) = matching_step(sealer, &user.id, &factor.secret_sealed, code, now)? else { return Ok(None) };
        let is_new = self.store.use_totp_step(&user.id, &factor.id, step, now.millis()).await?;
        Ok(is_new.then_some(factor))
    }

    async fn totp_enrolment(&self, session: &ActiveSession) -> storage::Result<Option<TotpEnrolmentRecord>> {
        self.store.find_totp_enrolment(&session.user.id, &session.sid, self.now().millis()).await
    }

    /// Seals the secret under the first master key where it was sealed under an older one. Failing to is no reason to
    /// refuse a code.
    async fn reseal(&self, sealer: &Sealer, user: &UserRecord, old: &[u8]) {
        let purpose = purpose(&user.id);
        if sealer.is_current(old) {
            return;
        }
        let Ok(secret) = sealer.open(&purpose, old) else { return };
        let new = sealer.seal(&purpose, &secret, self.random.as_ref());
        if let Err(error) = self.store.reseal_totp_factor(&user.id, old, &new).await {
            tracing::warn!(user.id = %user.id, %error, "the secret of an authenticator app could not be sealed anew");
        }
    }
}

/// The app of an imported person, by its secret in base32. `None` for what is none, or shorter than the 128 bits that
/// RFC 4226 §4 asks for.
pub(super) fn imported(
    secret: &str,
    user: &UserRecord,
    sealer: &Sealer,
    random: &dyn Random,
) -> Option<TotpFactorRecord> {
    let secret = from_base32(secret)?;
    let secret = secret.as_ref();
    if !(MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&secret.len()) {
        return None;
    }
    Some(TotpFactorRecord {
        user_id: user.id.clone(),
        id: new_id(Timestamp::from_millis(user.created_at), random).to_string(),
        secret_sealed: sealer.seal(&purpose(&user.id), secret, random),
        last_step: 0,
        last_used_at: user.created_at,
        created_at: user.created_at,
    })
}

/// RFC 4648 §6, in either case, with the spaces, hyphens and padding that people write.
fn from_base32(text: &str) -> Option<Secret> {
    let kept = |c: &char| !matches!(c, ' ' | '-');
    let digits: String = text.trim_end_matches('=').chars().filter(kept).map(|c| c.to_ascii_uppercase()).collect();
    Secret::try_from_base32(Zeroizing::new(digits).as_str()).ok()
}

/// Bound to its person, so that no row can be given to another.
fn purpose(user_id: &str) -> String {
    format!("totp:{user_id}")
}

fn totp(secret: &[u8], issuer: Option<String>, account: String) -> Totp {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(SKEW)
        .with_issuer(issuer)
        .with_account_name(account)
        .build_noncompliant()
}

/// The time step that `code` is of: now's, or the one before or after it.
fn matching_step(
    sealer: &Sealer,
    user_id: &str,
    sealed: &[u8],
    code: &str,
    now: Timestamp,
) -> Result<Option<i64>, SealError> {
    let Some(code) = typed(code) else { return Ok(None) };
    let secret = sealer.open(&purpose(user_id), sealed)?;
    let Ok(seconds) = u64::try_from(now.seconds()) else { return Ok(None) };
    let matched = totp(&secret, None, String::new()).check(&code, seconds);
    Ok(matched.and_then(|step| i64::try_from(step).ok()))
}

/// Six digits, with the spaces that apps show between them.
fn typed(code: &str) -> Option<String> {
    let digits: String = code.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
    (digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 Appendix B.
    const RFC_SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            let matched = totp(RFC_SECRET, None, String::new()).check(code, seconds);
            assert_eq!(matched, Some(seconds / 30));
        }
    }

    #[test]
    fn s194_one_step_of_skew_is_forgiven_and_two_are_not() {
        let totp = totp(RFC_SECRET, None, String::new());
        for (seconds, matches) in
            [(0, false), (30, true), (60, true), (89, true), (90, true), (119, true), (120, false)]
        {
            // The code of step 2.
            assert_eq!(totp.check(&totp.generate(60).to_string(), seconds).is_some(), matches, "{seconds}");
        }
    }

    #[test]
    fn secrets_of_other_systems_are_read_as_people_write_them() {
        for text in [
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
            "GEZDGNBV-GY3TQOJQGEZDGNBVGY3TQOJQ==",
        ] {
            assert_eq!(from_base32(text).unwrap().as_ref(), RFC_SECRET, "{text}");
        }
        for bad in ["GEZDGNB1", "GEZD=GNBV", "é", "0"] {
            assert!(from_base32(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn s194_only_six_ascii_digits_are_a_code() {
        assert_eq!(typed("123 456").as_deref(), Some("123456"));
        assert_eq!(typed(" 123\u{a0}456 ").as_deref(), Some("123456"));
        for bad in
            ["", "12345", "1234567", "１２３４５６", "123456\0", "+12345", "12 34 5", "-12345", "12345a", "123456\n"]
        {
            assert_eq!(typed(bad), None, "{bad:?}");
        }
    }
}
