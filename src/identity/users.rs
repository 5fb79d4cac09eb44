use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization;

use super::login::MAX_PASSWORD_BYTES;
use super::passwords::PoolError;
use super::strength::{Weakness, weakness};
use super::{Identity, Notice, Origin};
use crate::base::{Timestamp, new_id};
use crate::storage::{self, Accounts as _, ApiKeyRecord, UserRecord, Users};

/// A user to be made.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    pub username: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub password: Option<SecretString>,
    /// Standard claims (OpenID Connect Core §5.1) such as `name`, `given_name`, `locale`.
    pub claims: Map<String, Value>,
    pub is_admin: bool,
}

/// What is wrong with a user's data; the text is for whoever typed it.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("a user name has 1 to 128 letters, digits and . _ - + @, and no spaces")]
    Username,
    #[error("this is no e-mail address")]
    Email,
    #[error("a password needs at least {min} characters")]
    PasswordTooShort { min: usize },
    #[error("a password has at most 1000 characters")]
    PasswordTooLong,
    #[error("a password must not be the user name or the e-mail address")]
    PasswordIsName,
    #[error("the password is easy to guess; a few words that do not belong together are better")]
    PasswordWeak(Weakness),
    #[error("the claim {0} is set by the server and cannot be given")]
    ReservedClaim(String),
    #[error("too many logins at once; again in {retry_after} s")]
    Busy { retry_after: u64 },
    #[error("there is no such user")]
    Unknown,
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error("hashing failed")]
    Hashing,
}

impl From<PoolError> for UserError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy { retry_after } => Self::Busy { retry_after },
            PoolError::Failed => Self::Hashing,
        }
    }
}

const MAX_USERNAME_CHARS: usize = 128;
const MAX_EMAIL_BYTES: usize = 254;
const MAX_PASSWORD_CHARS: usize = 1000;

/// Standard claims of a person that are one line of text (OpenID Connect Core §5.1).
pub const TEXT_CLAIMS: [&str; 14] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
];

/// Whether a stored user may carry the claim; everything else in a token is the server's to say.
fn is_profile_claim(name: &str) -> bool {
    TEXT_CLAIMS.contains(&name) || matches!(name, "phone_number_verified" | "address")
}

/// A user name as it is compared: NFKC, lower case. `None` for what can be nobody's name.
pub fn normalise_username(name: &str) -> Option<String> {
    if name.len() > MAX_USERNAME_CHARS * 4 {
        return None;
    }
    let name: String = name.trim().nfkc().collect::<String>().to_lowercase();
    let legal = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
    let fits = (1..=MAX_USERNAME_CHARS).contains(&name.chars().count());
    (fits && name.chars().all(legal)).then_some(name)
}

/// A user name or an address as somebody types it to sign in: addresses have characters that names have not.
pub(super) fn normalise_login(login: &str) -> Option<String> {
    normalise_username(login).or_else(|| normalise_email(login))
}

pub(super) fn normalise_email(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    let (local, domain) = email.rsplit_once('@')?;
    let legal = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | ',' | ';' | '\\');
    let shaped = !local.is_empty() && domain.split('.').all(|label| !label.is_empty()) && domain.contains('.');
    (shaped && email.len() <= MAX_EMAIL_BYTES && email.chars().all(legal) && !local.contains('@')).then_some(email)
}

impl Identity {
    /// Makes a user; name and e-mail must be free.
    pub async fn create_user(&self, new: NewUser) -> Result<UserRecord, UserError> {
        self.check_free(&new).await?;
        let record = self.new_record(new).await?;
        self.store.insert_user(&record).await?;
        Ok(record)
    }

    /// Refuses a name or address by which somebody signs in already: nobody's name is another's address.
    pub(super) async fn check_free(&self, new: &NewUser) -> storage::Result<()> {
        let username = normalise_username(&new.username);
        let email = new.email.as_deref().and_then(normalise_email);
        for (login, what) in [(username, "username"), (email, "email")] {
            if let Some(login) = login
                && self.store.find_user_by_login(&login).await?.is_some()
            {
                return Err(storage::Error::Conflict(what));
            }
        }
        Ok(())
    }

    /// The row for a new user, checked and with its password hashed, not yet stored.
    pub(super) async fn new_record(&self, new: NewUser) -> Result<UserRecord, UserError> {
        let username = normalise_username(&new.username).ok_or(UserError::Username)?;
        let email = match new.email.as_deref().filter(|email| !email.is_empty()) {
            Some(email) => Some(normalise_email(email).ok_or(UserError::Email)?),
            None => None,
        };
        if let Some(claim) = new.claims.keys().find(|claim| !is_profile_claim(claim)) {
            return Err(UserError::ReservedClaim(claim.clone()));
        }
        let password_hash = match &new.password {
            Some(password) => Some(self.hash_new_password(password, &username, email.as_deref()).await?),
            None => None,
        };
        let now = self.now();
        Ok(UserRecord {
            id: new_id(now, self.random.as_ref()).to_string(),
            username,
            email_verified: email.is_some() && new.email_verified,
            email,
            password_changed_at: password_hash.is_some().then_some(now.millis()),
            password_hash,
            claims: Value::Object(new.claims).to_string(),
            is_admin: new.is_admin,
            disabled_at: None,
            tokens_not_before: 0,
            created_at: now.millis(),
            updated_at: now.millis(),
        })
    }

    /// Gives a user a new password, as an operator wishes; every session and refresh token of theirs ends, and they are told.
    pub async fn set_password(
        &self,
        user: &UserRecord,
        password: &SecretString,
        origin: &Origin,
    ) -> Result<(), UserError> {
        let hash = self.hash_new_password(password, &user.username, user.email.as_deref()).await?;
        self.store_password(&user.id, &hash, None, false).await?;
        self.audit("password_set", Some(&user.id), None, origin, &json!({}));
        self.notify(user, Notice::PasswordChanged, "").await;
        Ok(())
    }

    /// Gives when what was proved before has become void, and the API keys that have ended. `Unknown` too for somebody whose
    /// `tokens_not_before` is another than `as_of`.
    pub(super) async fn store_password(
        &self,
        user_id: &str,
        hash: &str,
        as_of: Option<i64>,
        end_keys: bool,
    ) -> Result<(Timestamp, Vec<ApiKeyRecord>), UserError> {
        let (now, store) = (self.now(), &self.store);
        let until = self.revocation_end(now);
        let ended = store.change_password(user_id, hash, as_of, end_keys, now.millis(), until.millis()).await?;
        ended.map(|keys| (now, keys)).ok_or(UserError::Unknown)
    }

    /// Disables (ending sessions and tokens at once) or enables a user. False when there is no such user.
    pub async fn set_disabled(&self, user_id: &str, disabled: bool, origin: &Origin) -> storage::Result<bool> {
        let now = self.now();
        let until = self.revocation_end(now);
        let known = self.store.set_user_disabled(user_id, disabled, now.millis(), until.millis()).await?;
        if known {
            let event = if disabled { "user_disabled" } else { "user_enabled" };
            self.audit(event, Some(user_id), None, origin, &json!({}));
        }
        Ok(known)
    }

    /// Ends everything that a user is signed in to, as an operator wishes; with `end_keys` their API keys too.
    pub async fn sign_out_user(&self, user_id: &str, end_keys: bool, origin: &Origin) -> storage::Result<()> {
        let now = self.now();
        let until = self.revocation_end(now);
        let keys = self.store.sign_out_everywhere(user_id, end_keys, now.millis(), until.millis()).await?;
        self.audit("user_signed_out", Some(user_id), None, origin, &json!({}));
        self.audit_ended_keys(user_id, &keys, "operator", origin);
        Ok(())
    }

    /// A user by id, name or e-mail.
    pub async fn find_user(&self, name: &str) -> storage::Result<Option<UserRecord>> {
        if let Some(user) = self.store.find_user(name).await? {
            return Ok(Some(user));
        }
        match normalise_login(name) {
            Some(login) => self.store.find_user_by_login(&login).await,
            None => Ok(None),
        }
    }

    pub(super) async fn hash_new_password(
        &self,
        password: &SecretString,
        username: &str,
        email: Option<&str>,
    ) -> Result<String, UserError> {
        let text = password.expose_secret();
        let (chars, min) = (text.chars().count(), self.config.passwords.min_length);
        if chars < min {
            return Err(UserError::PasswordTooShort { min });
        }
        if chars > MAX_PASSWORD_CHARS || text.len() > MAX_PASSWORD_BYTES {
            return Err(UserError::PasswordTooLong);
        }
        let lower = text.to_lowercase();
        if lower == username || email.is_some_and(|email| lower == email) {
            return Err(UserError::PasswordIsName);
        }
        let known = [username, email.unwrap_or_default()];
        if let Some(weakness) = weakness(text, &known, self.config.passwords.min_strength) {
            return Err(UserError::PasswordWeak(weakness));
        }
        if self.is_breached(text).await {
            return Err(UserError::PasswordWeak(Weakness::Breached));
        }
        Ok(self.passwords.hash(password, self.random.as_ref()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_compare_alike_however_they_are_typed() {
        assert_eq!(normalise_username(" Alice "), Some("alice".to_owned()));
        assert_eq!(normalise_username("ＡＬＩＣＥ"), Some("alice".to_owned()));
        assert_eq!(normalise_username("alice@example.test"), Some("alice@example.test".to_owned()));
    }

    #[test]
    fn control_characters_spaces_and_floods_are_nobodys_name() {
        for bad in ["", " ", "a b", "a\0", "a\r\nb", "a\u{202e}b", "<b>", &"a".repeat(129), &"é".repeat(5000)] {
            assert_eq!(normalise_username(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn addresses_that_would_break_a_mail_header_are_refused() {
        assert_eq!(normalise_email("A@Example.Test"), Some("a@example.test".to_owned()));
        for bad in ["a", "a@b", "@b.test", "a@b.test\r\nBcc: x", "a@b..test", "<a@b.test>", "a@b@c.test", "a b@c.test"]
        {
            assert_eq!(normalise_email(bad), None, "{bad:?}");
        }
    }
}
