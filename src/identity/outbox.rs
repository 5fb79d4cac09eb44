//! What people are told by mail. It is queued here and written, in their language, when it is sent: whoever caused it waits
//! for neither.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::Identity;
use super::challenges::Purpose;
use super::profile::chosen;
use crate::base::{Timestamp, new_id};
use crate::jose::Sealer;
use crate::storage::{self, MailRecord, Outbox as _, UserRecord};

/// How long a mail stays on the list after it was written.
const KEPT_FOR: Duration = Duration::from_hours(7 * 24);

/// Something that happened to an account and that its owner should know, in case it was not them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    PasswordChanged,
    FactorAdded {
        factor: Factor,
    },
    FactorRemoved {
        factor: Factor,
    },
    RecoveryCodeUsed {
        /// Codes that are left.
        left: u32,
    },
    /// A sign-in from a browser that this account was never used with.
    NewSignIn {
        address: String,
        user_agent: String,
    },
    ApiKeyMade {
        name: String,
    },
    /// Goes to the old address.
    EmailChanged {
        to: String,
    },
    /// Somebody wanted it for another account. Goes to the one that has it.
    AddressWanted,
    /// Somebody wanted to make an account with the address of this one.
    AccountExists,
    AccountDeleted,
}

/// A way in, by the name that its owner knows it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "factor", rename_all = "snake_case")]
pub enum Factor {
    Totp,
    RecoveryCodes,
    Passkey {
        name: String,
    },
    /// An account at another provider.
    Upstream {
        name: String,
    },
}

impl Notice {
    /// The name of its texts, and what operators see.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PasswordChanged => "password-changed",
            Self::FactorAdded { .. } => "factor-added",
            Self::FactorRemoved { .. } => "factor-removed",
            Self::RecoveryCodeUsed { .. } => "recovery-code-used",
            Self::NewSignIn { .. } => "new-sign-in",
            Self::ApiKeyMade { .. } => "api-key-made",
            Self::EmailChanged { .. } => "email-changed",
            Self::AddressWanted => "address-wanted",
            Self::AccountExists => "account-exists",
            Self::AccountDeleted => "account-deleted",
        }
    }
}

/// What a mail says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    Notice(Notice),
    /// A way to a new password, for whoever asked for one.
    PasswordReset {
        challenge: String,
        token: String,
        code: String,
    },
    /// The code by which somebody signs in.
    SignInCode {
        challenge: String,
        code: String,
    },
    /// Asks whether an address is that of whoever wants it for their account.
    ConfirmEmail {
        challenge: String,
        token: String,
        code: String,
    },
    /// A way to an account, for whoever an operator wishes to have one.
    Invitation {
        token: String,
        expires_at: Timestamp,
    },
    /// The way on for whoever wants an account.
    Registration {
        challenge: String,
        token: String,
        code: String,
    },
}

impl Message {
    /// What it is about, for operators.
    pub fn kind(&self) -> String {
        match self {
            Self::Notice(notice) => format!("notice_{}", notice.name().replace('-', "_")),
            Self::PasswordReset { .. } => "password_reset".to_owned(),
            Self::SignInCode { .. } => "sign_in_code".to_owned(),
            Self::ConfirmEmail { .. } => "confirm_email".to_owned(),
            Self::Registration { .. } => "registration".to_owned(),
            Self::Invitation { .. } => "invitation".to_owned(),
        }
    }
}

/// A mail as it can be written: to whom, in which language, about what.
#[derive(Clone)]
pub struct Letter {
    pub recipient: String,
    /// `None` for whoever has no account.
    pub username: Option<String>,
    /// Language tag that the person wishes for; empty when unknown.
    pub locale: String,
    /// Time zone that the person has chosen; empty when unknown.
    pub zoneinfo: String,
    /// When it was caused.
    pub at: Timestamp,
    pub message: Message,
}

/// What a row of the outbox holds, sealed.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    pub username: Option<String>,
    /// What somebody typed, a name or an address: whom it is of is looked up when the mail is sent.
    pub login: Option<String>,
    /// What names the browser in which they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    pub locale: String,
    #[serde(default)]
    pub zoneinfo: String,
    pub message: Message,
}

/// The queue, and the bell that tells whoever delivers that there is something.
#[derive(Clone)]
pub(super) struct Outbox {
    pub(super) sealer: Arc<Sealer>,
    bell: Arc<Notify>,
}

impl Outbox {
    pub fn new(sealer: Arc<Sealer>) -> Self {
        Self { sealer, bell: Arc::default() }
    }
}

/// Why a stored mail cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the stored mail does not open: {0}")]
pub struct Unreadable(String);

/// Why a mail cannot be addressed.
#[derive(Debug, thiserror::Error)]
pub enum Undeliverable {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

impl Identity {
    /// Whether mails are written here.
    pub fn writes_mails(&self) -> bool {
        self.outbox.is_some()
    }

    /// Tells the owner of an account, at the address that was proven to be theirs, what has happened to it. Only queues;
    /// that it cannot be told keeps nothing from happening.
    ///
    /// `locale` is that of the browser in which they did it, for whoever has chosen no language; empty for what somebody
    /// else may have done.
    pub async fn notify(&self, user: &UserRecord, notice: Notice, locale: &str) {
        let Some(email) = user.email.as_deref().filter(|_| user.email_verified) else { return };
        // The row of a deleted account takes with it what is addressed to its owner.
        let user_id = (notice != Notice::AccountDeleted).then(|| user.id.clone());
        let content = Content {
            username: Some(user.username.clone()),
            login: None,
            device: None,
            locale: Some(chosen(user, "locale"))
                .filter(|chosen| !chosen.is_empty())
                .unwrap_or_else(|| locale.to_owned()),
            zoneinfo: chosen(user, "zoneinfo"),
            message: Message::Notice(notice),
        };
        if let Err(error) = self.queue(&content, Some(email.to_owned()), user_id).await {
            tracing::error!(user.id = %user.id, %error, "a notice could not be queued");
        }
    }

    /// Tells `email` that it has an account, whether it was proven to be theirs or not: it is they who have asked.
    pub(super) async fn tell_account_exists(
        &self,
        holder: &UserRecord,
        email: &str,
        locale: &str,
    ) -> storage::Result<()> {
        let content = Content {
            // What an account is called is for its owner.
            username: Some(holder.username.clone()).filter(|_| holder.email_verified),
            login: None,
            device: None,
            locale: locale.to_owned(),
            zoneinfo: String::new(),
            message: Message::Notice(Notice::AccountExists),
        };
        self.queue(&content, Some(email.to_owned()), Some(holder.id.clone())).await
    }

    /// Queues a mail, or does nothing where none are written.
    pub(super) async fn queue(
        &self,
        content: &Content,
        recipient: Option<String>,
        user_id: Option<String>,
    ) -> storage::Result<()> {
        let give_up_at = self.now().plus(self.config.mail.retry_for.duration());
        self.queue_until(content, recipient, user_id, give_up_at).await
    }

    /// As [`Self::queue`], for what is of no use after `give_up_at`.
    pub(super) async fn queue_until(
        &self,
        content: &Content,
        recipient: Option<String>,
        user_id: Option<String>,
        give_up_at: Timestamp,
    ) -> storage::Result<()> {
        let Some(outbox) = &self.outbox else { return Ok(()) };
        let now = self.now();
        let id = new_id(now, self.random.as_ref()).to_string();
        let plain = serde_json::to_vec(content).map_err(|error| storage::Error::Corrupt(error.to_string()))?;
        self.store
            .insert_mail(&MailRecord {
                kind: content.message.kind(),
                recipient,
                user_id,
                content: outbox.sealer.seal(&purpose(&id), &plain, self.random.as_ref()),
                attempts: 0,
                last_error: None,
                created_at: now.millis(),
                due_at: now.millis(),
                give_up_at: give_up_at.millis(),
                sent_at: None,
                failed_at: None,
                expires_at: now.plus(KEPT_FOR).millis(),
                id,
            })
            .await?;
        outbox.bell.notify_one();
        Ok(())
    }

    /// Waits until a mail was queued by this instance since the last call.
    pub async fn mail_queued(&self) {
        match &self.outbox {
            Some(outbox) => outbox.bell.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Finds out whom a mail goes to that was asked for by name, counts it against their limit, and notes it; whom it concerns
    /// instead is told. `None` when it goes to nobody (any more).
    pub async fn address(&self, mail: &MailRecord) -> Result<Option<MailRecord>, Undeliverable> {
        let content = self.open_mail(mail)?;
        if mail.recipient.is_some() {
            // What was taken back before its mail could be sent is not sent.
            let is_live = match &content.message {
                Message::Invitation { token, .. } => self.find_mail_link(Purpose::Invitation, token).await?.is_some(),
                _ => true,
            };
            return Ok(is_live.then(|| mail.clone()));
        }
        let device = content.device.as_deref();
        let recipient = match (&content.message, content.login, mail.user_id.clone()) {
            (Message::PasswordReset { challenge, .. }, Some(login), _) => {
                let found = self.recipient_by_login(Purpose::PasswordReset, challenge, (&login, device)).await?;
                found.map(|(user, email)| (Some(user.id), email))
            }
            (Message::SignInCode { challenge, .. }, Some(login), _) => {
                let found = self.recipient_by_login(Purpose::SignIn, challenge, (&login, device)).await?;
                found.map(|(user, email)| (Some(user.id), email))
            }
            (Message::ConfirmEmail { .. }, Some(email), Some(user_id)) => {
                self.may_ask_address(&email, &user_id).await?.then_some((Some(user_id), email))
            }
            (Message::Registration { challenge, .. }, Some(email), _) => {
                self.may_register(challenge, &email, &content.locale).await?.then_some((None, email))
            }
            _ => None,
        };
        let Some((user_id, email)) = recipient else { return Ok(None) };
        self.store.address_mail(&mail.id, user_id.as_deref(), &email).await?;
        Ok(Some(MailRecord { recipient: Some(email), user_id, ..mail.clone() }))
    }

    fn open_mail(&self, mail: &MailRecord) -> Result<Content, Unreadable> {
        let outbox = self.outbox.as_ref().ok_or_else(|| Unreadable("no mails are written here".to_owned()))?;
        let plain = outbox.sealer.open(&purpose(&mail.id), &mail.content);
        let plain = plain.map_err(|error| Unreadable(error.to_string()))?;
        serde_json::from_slice(&plain).map_err(|error| Unreadable(error.to_string()))
    }

    /// What a row of the outbox says; `None` when there is nobody to say it to.
    pub fn letter(&self, mail: &MailRecord) -> Result<Option<Letter>, Unreadable> {
        let content = self.open_mail(mail)?;
        let Some(recipient) = mail.recipient.clone() else { return Ok(None) };
        Ok(Some(Letter {
            recipient,
            username: content.username,
            locale: content.locale,
            zoneinfo: content.zoneinfo,
            at: Timestamp::from_millis(mail.created_at),
            message: content.message,
        }))
    }
}

fn purpose(id: &str) -> String {
    format!("outbox:{id}")
}
