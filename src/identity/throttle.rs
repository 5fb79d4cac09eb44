//! Failed attempts make the next ones wait: per address, and per name that was typed or, in a browser that the person has
//! signed in with before, per that browser, so that a stranger's guesses keep nobody out of their own account. The same
//! counters hold for every secret: password, code of an app, recovery code; mailed codes have theirs.

use serde_json::json;

use super::challenges::Details;
use super::{Identity, LoginError, Notice, Origin};
use crate::base::{Timestamp, TokenHash};
use crate::storage::{
    self, ChallengeRecord, KnownDevices as _, ThrottleKey, ThrottleRecord, Throttles as _, UserRecord,
};

/// An attempt that has been counted as a failure, before anything about it was looked at.
#[derive(Debug)]
pub struct Reservation(Vec<ThrottleRecord>);

/// How long a browser is remembered as one that a person has signed in with: as long as it keeps its own cookie.
const KNOWN_FOR: std::time::Duration = std::time::Duration::from_hours(400 * 24);

impl Identity {
    /// Counts an attempt to sign in as whoever `login` names, who is `user` if there is anybody. What was typed is what it
    /// counts against: were the two names of an account one counter, it would tell that there is such an account.
    pub(super) async fn reserve_login(
        &self,
        user: Option<&UserRecord>,
        login: &str,
        origin: &Origin,
    ) -> Result<Reservation, LoginError> {
        // Looked up for nobody too: a delay is answered before any hashing, which else would hide it.
        let device = self.device_key(user.map_or("", |user| &user.id), origin).await?;
        let key = self.attempt_key(&device.unwrap_or_else(|| login_key(&named(login))));
        self.reserve_keys(&[key, self.address_key(origin)], origin).await
    }

    /// Counts an attempt to prove more about `user`, who is known by now: against both names.
    pub(super) async fn reserve(&self, user: &UserRecord, origin: &Origin) -> Result<Reservation, LoginError> {
        let mut keys = match self.device_key(&user.id, origin).await? {
            Some(device) => vec![self.attempt_key(&device)],
            None => names_of(user).iter().map(|name| self.attempt_key(&login_key(name))).collect(),
        };
        keys.push(self.address_key(origin));
        self.reserve_keys(&keys, origin).await
    }

    /// Counts an attempt to enter the mailed code of `challenge`, if the browser has one: against what was typed to ask for
    /// it, whoever that is.
    pub(super) async fn reserve_mail_code(
        &self,
        challenge: Option<&ChallengeRecord>,
        origin: &Origin,
    ) -> Result<Reservation, LoginError> {
        let user_id = challenge.and_then(|challenge| challenge.user_id.as_deref());
        let device = self.device_key(user_id.unwrap_or_default(), origin).await?;
        let asked_for = || Some(mail_code_key(&Details::of(challenge?).asked_for?));
        let key = device.or_else(asked_for).map(|key| self.attempt_key(&key));
        let keys: Vec<ThrottleKey> = key.into_iter().chain([self.address_key(origin)]).collect();
        self.reserve_keys(&keys, origin).await
    }

    /// Counts an attempt against its address alone: a passkey names nobody before it is looked at.
    pub(super) async fn reserve_at_address(&self, origin: &Origin) -> Result<Reservation, LoginError> {
        self.reserve_keys(&[self.address_key(origin)], origin).await
    }

    fn attempt_key(&self, key: &str) -> ThrottleKey {
        self.throttle_key(key, self.config.throttle.account_failures)
    }

    fn address_key(&self, origin: &Origin) -> ThrottleKey {
        self.throttle_key(&origin.throttle_key(), self.config.throttle.address_failures)
    }

    /// The attempt was right, or never looked at.
    pub(super) async fn refund(&self, reservation: Reservation) -> storage::Result<()> {
        self.store.refund_attempts(&reservation.0).await
    }

    /// Signed in: earlier failures of this browser, or of all that are not known, are forgotten, and the browser is known
    /// from now on. Of one that was not, the person is told. The session stands already: that this fails ends it not.
    pub(super) async fn note_sign_in(&self, user: &UserRecord, origin: &Origin) {
        if let Err(error) = self.forget_failures(user, origin).await {
            tracing::warn!(user.id = %user.id, %error, "what goes with a sign-in could not be noted");
        }
    }

    async fn forget_failures(&self, user: &UserRecord, origin: &Origin) -> storage::Result<()> {
        let known = self.known_device(origin.known_as(&user.id), &user.id).await?;
        let keys = match &known {
            Some(device) => vec![device_attempts(device)],
            None => names_of(user).iter().flat_map(|name| [login_key(name), mail_code_key(name)]).collect(),
        };
        self.store.clear_attempts(&keys.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        if known.is_none() && origin.device.is_some() {
            let (address, user_agent) = (origin.address.to_string(), origin.user_agent.clone());
            self.notify(user, Notice::NewSignIn { address, user_agent }, "").await;
        }
        self.begin_with_browser(user, origin).await
    }

    /// Makes the browser one that the person is known to sign in with. That in which an account was made is it from the start:
    /// of a sign-in there nobody has to be told.
    pub(super) async fn begin_with_browser(&self, user: &UserRecord, origin: &Origin) -> storage::Result<()> {
        let Some(device) = origin.known_as(&user.id) else { return Ok(()) };
        let now = self.now();
        self.store.remember_device(device.as_bytes(), &user.id, now.millis(), now.plus(KNOWN_FOR).millis()).await
    }

    /// Counts a guess at a device's user code against the address it comes from; `Throttled` when there were too many.
    pub async fn reserve_user_code_guess(&self, origin: &Origin) -> Result<Reservation, LoginError> {
        let key = format!("user_code:{}", origin.throttle_key());
        self.reserve_keys(&[self.throttle_key(&key, self.config.throttle.account_failures)], origin).await
    }

    /// The guess was right.
    pub async fn refund_user_code_guess(&self, guess: Reservation) -> storage::Result<()> {
        self.refund(guess).await
    }

    /// What attempts from a browser count against that the person has signed in with before.
    async fn device_key(&self, user_id: &str, origin: &Origin) -> storage::Result<Option<String>> {
        let device = origin.known_as(user_id);
        Ok(self.known_device(device, user_id).await?.map(|device| device_attempts(&device)))
    }

    /// The browser, if the person has signed in with it before.
    pub(super) async fn known_device(
        &self,
        device: Option<TokenHash>,
        user_id: &str,
    ) -> storage::Result<Option<TokenHash>> {
        let Some(device) = device else { return Ok(None) };
        let known = self.store.is_known_device(device.as_bytes(), user_id, self.now().millis()).await?;
        Ok(known.then_some(device))
    }

    pub(super) fn throttle_key(&self, key: &str, free: u32) -> ThrottleKey {
        let settings = &self.config.throttle;
        ThrottleKey {
            key: key.to_owned(),
            free: i64::from(free),
            base_ms: millis(settings.base_delay.duration()),
            cap_ms: millis(settings.max_delay.duration()),
            is_rate: false,
        }
    }

    pub(super) async fn reserve_keys(&self, keys: &[ThrottleKey], origin: &Origin) -> Result<Reservation, LoginError> {
        let now = self.now();
        let window_start = now.minus(self.config.throttle.window.duration());
        match self.store.reserve_attempt(keys, now.millis(), window_start.millis()).await? {
            Ok(counted) => Ok(Reservation(counted)),
            Err(blocking) => {
                // Once for each delay, whatever knocks while it lasts.
                let delay = (blocking.key.clone(), blocking.blocked_until);
                if self.delays.entry(delay).or_insert(()).is_fresh() {
                    self.audit("login_throttled", None, None, origin, &json!({ "key": blocking.key }));
                }
                let wait = Timestamp::from_millis(blocking.blocked_until).since(now);
                Err(LoginError::Throttled { retry_after: wait.as_secs() + 1 })
            }
        }
    }
}

/// What stands for a name that somebody typed.
pub(super) fn named(login: &str) -> String {
    TokenHash::of(&login.to_lowercase()).hex()
}

/// What stands for the user name and for the address, once where they are the same.
fn names_of(user: &UserRecord) -> Vec<String> {
    let name = named(&user.username);
    let address = user.email.as_deref().map(named).filter(|address| *address != name);
    [Some(name), address].into_iter().flatten().collect()
}

fn device_attempts(device: &TokenHash) -> String {
    format!("device:{}", device.hex())
}

fn login_key(name: &str) -> String {
    format!("login:{name}")
}

fn mail_code_key(name: &str) -> String {
    format!("mail_code:{name}")
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_called_by_their_address_is_counted_once() {
        let user = |username: &str, email: Option<&str>| UserRecord {
            id: "u1".to_owned(),
            username: username.to_owned(),
            email: email.map(str::to_owned),
            email_verified: true,
            password_hash: None,
            claims: "{}".to_owned(),
            is_admin: false,
            disabled_at: None,
            tokens_not_before: 0,
            password_changed_at: None,
            created_at: 0,
            updated_at: 0,
        };
        let (name, address) = (named("carol"), named("carol@example.test"));
        assert_eq!(names_of(&user("carol@example.test", Some("Carol@example.test"))), std::slice::from_ref(&address));
        assert_eq!(names_of(&user("carol", Some("Carol@example.test"))), [&*name, &*address]);
        assert_eq!(names_of(&user("carol", None)), [name]);
    }
}
