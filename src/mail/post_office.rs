use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::smtp::Refused;
use super::{Smtp, SmtpSetupError, Words};
use crate::base::{Clock, Random, Timestamp};
use crate::config::Config;
use crate::identity::{Identity, Letter, Undeliverable};
use crate::storage::{self, MailRecord, Outbox as _, Store};

/// Mails taken from the queue at once.
const BATCH: i64 = 8;
/// When another instance may try a mail whose sender was killed. Longer than sending takes.
const LEASE: Duration = Duration::from_mins(2);
/// Between the first attempt and the second; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Takes mails from the queue to the server, or, in development, leaves them there to be read.
pub struct PostOffice {
    config: Arc<Config>,
    store: Store,
    identity: Identity,
    /// `None` where mails are kept.
    smtp: Option<Smtp>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// What became of the mails of one round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub sent: u64,
    pub delayed: u64,
    pub failed: u64,
    /// There was nobody to send them to.
    pub dropped: u64,
}

enum Outcome {
    Sent,
    Delayed,
    Failed,
    Dropped,
}

impl PostOffice {
    /// `None` where no mail is written.
    pub fn open(
        config: Arc<Config>,
        store: Store,
        identity: Identity,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Option<Self>, SmtpSetupError> {
        let smtp = Smtp::open(&config)?;
        if !identity.writes_mails() {
            return Ok(None);
        }
        Ok(Some(Self { config, store, identity, smtp, clock, random }))
    }

    /// Waits until there is something new.
    pub async fn rung(&self) {
        self.identity.mail_queued().await;
    }

    /// Sends what is due now. Of several instances each mail is taken by one.
    pub async fn deliver_due(&self) -> storage::Result<Round> {
        let mut round = Round::default();
        loop {
            let now = self.clock.now();
            let mails = self.store.claim_mails(now.millis(), now.plus(LEASE).millis(), BATCH).await?;
            let fewer = i64::try_from(mails.len()).unwrap_or(BATCH) < BATCH;
            for outcome in join_all(mails.iter().map(|mail| self.deliver(mail))).await {
                match outcome? {
                    Outcome::Sent => round.sent += 1,
                    Outcome::Delayed => round.delayed += 1,
                    Outcome::Failed => round.failed += 1,
                    Outcome::Dropped => round.dropped += 1,
                }
            }
            if fewer {
                return Ok(round);
            }
        }
    }

    /// Mails that wait, and those that have failed.
    pub async fn count(&self) -> storage::Result<(i64, i64)> {
        self.store.count_mails().await
    }

    async fn deliver(&self, mail: &MailRecord) -> storage::Result<Outcome> {
        let now = self.clock.now();
        // Nobody waits for it any more: it is neither counted against whoever it was for, nor told to anybody.
        if mail.recipient.is_none() && now.millis() >= mail.give_up_at {
            self.store.remove_mail(&mail.id).await?;
            return Ok(Outcome::Dropped);
        }
        let addressed = match self.identity.address(mail).await {
            Ok(addressed) => addressed,
            Err(Undeliverable::Storage(error)) => return Err(error),
            Err(error) => return self.failed(mail, &error.to_string(), now).await,
        };
        let letter = match addressed.as_ref().map(|mail| self.identity.letter(mail)) {
            Some(Ok(Some(letter))) => letter,
            Some(Err(error)) => return self.failed(mail, &error.to_string(), now).await,
            Some(Ok(None)) | None => {
                self.store.remove_mail(&mail.id).await?;
                return Ok(Outcome::Dropped);
            }
        };
        if now.millis() >= mail.give_up_at {
            let last = mail.last_error.as_deref().unwrap_or("nobody tried");
            return self.failed(mail, &format!("given up: {last}"), now).await;
        }
        match self.hand_over(mail, &letter).await {
            Ok(()) => {
                // What was said is nobody's business any more, except where it can be read here alone.
                let kept: &[u8] = if self.smtp.is_some() { &[] } else { &mail.content };
                self.store.mail_sent(&mail.id, mail.attempts, kept, now.millis()).await?;
                Ok(Outcome::Sent)
            }
            Err(refused) if refused.for_good => self.failed(mail, &refused.reason, now).await,
            Err(refused) => {
                let due_at = now.plus(self.pause(mail.attempts)).millis().min(mail.give_up_at);
                self.store.mail_delayed(&mail.id, mail.attempts, &refused.reason, due_at).await?;
                tracing::warn!(mail.id = %mail.id, mail.kind = %mail.kind, attempt = mail.attempts, "mail not taken yet");
                Ok(Outcome::Delayed)
            }
        }
    }

    async fn hand_over(&self, mail: &MailRecord, letter: &Letter) -> Result<(), Refused> {
        let Some(smtp) = &self.smtp else { return Ok(()) };
        smtp.send(&mail.id, &letter.recipient, &Words::of(letter, &self.config), letter.at).await
    }

    async fn failed(&self, mail: &MailRecord, reason: &str, now: Timestamp) -> storage::Result<Outcome> {
        self.store.mail_failed(&mail.id, mail.attempts, reason, now.millis()).await?;
        tracing::error!(
            mail.id = %mail.id,
            mail.kind = %mail.kind,
            "a mail cannot be delivered; `portcullis mail list` says why"
        );
        Ok(Outcome::Failed)
    }

    /// Before the attempt after attempt `attempts`, give or take a quarter.
    fn pause(&self, attempts: i64) -> Duration {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(10);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
        let mut byte = [0_u8; 1];
        self.random.fill(&mut byte);
        pause.mul_f64(0.75 + f64::from(u8::from_be_bytes(byte)) / 510.0)
    }
}
