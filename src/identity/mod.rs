//! People: users, passwords, sessions, throttling, what they are told by mail, and the link by which an
//! operator becomes an administrator.
//!
//! Authentication is a list of steps. Each step's verifier makes a proof (`PasswordVerified`) that nothing else can
//! make; a session is started only from [`Proofs`], which say who, when, by which methods, and how surely.

mod account;
mod breach;
mod challenges;
mod email;
mod email_code;
mod factors;
mod import;
mod invitations;
mod login;
mod outbox;
mod passkeys;
mod passwords;
mod pending;
mod profile;
mod proofs;
mod recovery;
mod registration;
mod reset;
mod sessions;
mod setup;
mod strength;
mod terms;
mod throttle;
mod totp;
pub mod upstream;
mod users;

use std::net::IpAddr;
use std::sync::Arc;

use moka::sync::Cache;
use prometheus_client::metrics::histogram::Histogram;
use serde_json::Value;

use self::passkeys::RelyingParty;
use crate::base::{Clock, Random, Timestamp, TokenHash, new_id, subscriber};
use crate::config::Config;
use crate::jose::Sealer;
use crate::outbound;
use crate::storage::{Audit, AuditRecord, Store};

pub use challenges::{MAIL_LINK_TTL, Purpose as MailPurpose, WayOn};
pub use email::EmailError;
pub use email_code::EmailCodeVerified;
pub use factors::SecondFactors;
pub use import::{ImportError, ImportedUser};
pub use invitations::{InvitationError, Invited};
pub use login::{LoginError, PasswordVerified};
pub use outbox::{Factor, Letter, Message, Notice, Undeliverable};
pub use passkeys::{Answer as PasskeyAnswer, Ceremony, MAX_NAME_CHARS, PasskeyError, PasskeyVerified};
pub use passwords::{PasswordPool, PoolError, Verdict};
pub use pending::{PENDING_TTL, PendingLogin};
pub use profile::{Profile, ProfileError, chosen};
pub use proofs::{Proof, Proofs};
pub use recovery::{RECOVERY_CODES, RecoveryCodeVerified};
pub use registration::{Admission, NewAccount, RegistrationError};
pub use reset::ResetError;
pub use sessions::ActiveSession;
pub use setup::{SetupError, SetupForm};
pub use strength::Weakness;
pub use throttle::Reservation;
pub use totp::{TotpSetup, TotpVerified};
pub use users::{NewUser, TEXT_CLAIMS, UserError, normalise_username};

/// Everything that concerns the people who sign in.
#[derive(Clone)]
pub struct Identity {
    config: Arc<Config>,
    store: Store,
    passwords: Arc<PasswordPool>,
    /// `None` where passkeys are off.
    relying_party: Option<Arc<RelyingParty>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Delays that were told to the audit log, by what waits and until when.
    delays: Cache<(String, i64), ()>,
    /// `None` where no mail is written.
    outbox: Option<outbox::Outbox>,
    /// `None` where new passwords are not looked up in a list of leaked ones.
    outbound: Option<outbound::Client>,
}

/// Where an attempt comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub address: IpAddr,
    pub user_agent: String,
    pub request_id: String,
    /// What names the browser to itself and to us alone, where there is one.
    device: Option<String>,
    /// The person does not want this browser to be remembered.
    brief: bool,
    /// The language that it was spoken to in; empty without one.
    locale: &'static str,
}

/// Longest `User-Agent` that is kept.
const MAX_USER_AGENT_CHARS: usize = 256;

impl Identity {
    pub fn new(config: Arc<Config>, store: Store, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let passwords = Arc::new(PasswordPool::new(&config.passwords));
        let relying_party = RelyingParty::of(&config).map(Arc::new);
        let delays = Cache::builder().max_capacity(10_000).time_to_live(config.throttle.max_delay.duration()).build();
        Self { config, store, passwords, relying_party, clock, random, delays, outbox: None, outbound: None }
    }

    /// Lets mails be written, where the settings want any. `sealer` closes them until they are sent.
    pub fn with_outbox(mut self, sealer: Arc<Sealer>) -> Self {
        self.outbox = self.config.mail.is_on().then(|| outbox::Outbox::new(sealer));
        self
    }

    /// How long password hashes took, for metrics.
    pub fn password_hash_seconds(&self) -> &Histogram {
        self.passwords.seconds()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Void until the longest token that could have been issued before has expired.
    fn revocation_end(&self, now: Timestamp) -> Timestamp {
        now.plus(self.config.tokens.access_token_ttl.duration()).plus(std::time::Duration::from_mins(1))
    }

    fn audit(&self, event: &str, user_id: Option<&str>, session_id: Option<&str>, origin: &Origin, details: &Value) {
        let now = self.now();
        self.store.audit(AuditRecord {
            id: new_id(now, self.random.as_ref()).to_string(),
            at: now.millis(),
            event: event.to_owned(),
            user_id: user_id.map(str::to_owned),
            client_id: None,
            session_id: session_id.map(str::to_owned),
            address: Some(origin.address.to_string()),
            request_id: Some(origin.request_id.clone()),
            details: details.to_string(),
        });
    }
}

impl Origin {
    pub fn new(address: IpAddr, user_agent: &str, request_id: impl Into<String>) -> Self {
        let user_agent = user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT_CHARS).collect();
        Self { address, user_agent, request_id: request_id.into(), device: None, brief: false, locale: "" }
    }

    /// The same, from the browser that `device` names.
    #[must_use]
    pub fn with_device(mut self, device: &str) -> Self {
        self.device = Some(device.to_owned());
        self
    }

    /// The same, from a browser that is not to be remembered.
    #[must_use]
    pub fn for_a_brief_session(mut self) -> Self {
        self.brief = true;
        self
    }

    /// The same, spoken to in a language.
    #[must_use]
    pub fn speaking(mut self, locale: &'static str) -> Self {
        self.locale = locale;
        self
    }

    /// The browser as one that a person has signed in with.
    fn known_as(&self, user_id: &str) -> Option<TokenHash> {
        self.device.as_ref().map(|device| device_of(device, user_id))
    }

    /// The address as it is throttled: a single IPv4 address, or the /64 that one IPv6 customer owns.
    fn throttle_key(&self) -> String {
        format!("address:{}", subscriber(self.address))
    }
}

/// What names a browser as one of a person's.
fn device_of(device: &str, user_id: &str) -> TokenHash {
    TokenHash::of(&format!("device:{user_id}:{device}"))
}
