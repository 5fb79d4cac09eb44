//! What a person has proved of themself. A proof comes from the one verifier of its kind; a session comes from proofs.

use serde::{Deserialize, Serialize};

use super::upstream::{UpstreamSession, UpstreamVerified};
use super::{ActiveSession, EmailCodeVerified, PasskeyVerified, PasswordVerified, RecoveryCodeVerified, TotpVerified};
use crate::base::Timestamp;
use crate::base::acr::Acr;
use crate::storage::UserRecord;

/// One step of signing in, just taken. Each variant holds what only its verifier can make.
#[derive(Debug)]
pub enum Proof {
    Password(PasswordVerified),
    EmailCode(EmailCodeVerified),
    Totp(TotpVerified),
    RecoveryCode(RecoveryCodeVerified),
    Passkey(PasskeyVerified),
    Upstream(UpstreamVerified),
}

impl Proof {
    pub fn user(&self) -> &UserRecord {
        match self {
            Self::Password(proof) => proof.user(),
            Self::EmailCode(proof) => proof.user(),
            Self::Totp(proof) => proof.user(),
            Self::RecoveryCode(proof) => proof.user(),
            Self::Passkey(proof) => proof.user(),
            Self::Upstream(proof) => proof.user(),
        }
    }

    /// What it says of how the person was known.
    fn fact(&self) -> Fact {
        let fact = match self {
            Self::Password(proof) => Fact::first(proof.at(), &["pwd"]),
            // A mailbox is no thing that a person holds in their hand.
            Self::EmailCode(proof) => Fact::first(proof.at(), &["otp"]),
            Self::Totp(proof) => Fact::second(proof.at(), &["otp"]),
            Self::RecoveryCode(proof) => Fact::second(proof.at(), &["otp"]),
            Self::Passkey(proof) => Fact::passkey(proof),
            Self::Upstream(proof) => Fact::upstream(proof),
        };
        Fact { as_of: self.user().tokens_not_before, ..fact }
    }

    /// The method's name in metrics and events.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Password(_) => "pwd",
            Self::EmailCode(_) => "email_code",
            Self::Totp(_) => "otp",
            Self::RecoveryCode(_) => "recovery_code",
            Self::Passkey(_) => "passkey",
            Self::Upstream(_) => "upstream",
        }
    }
}

impl From<PasswordVerified> for Proof {
    fn from(proof: PasswordVerified) -> Self {
        Self::Password(proof)
    }
}

impl From<EmailCodeVerified> for Proof {
    fn from(proof: EmailCodeVerified) -> Self {
        Self::EmailCode(proof)
    }
}

impl From<TotpVerified> for Proof {
    fn from(proof: TotpVerified) -> Self {
        Self::Totp(proof)
    }
}

impl From<RecoveryCodeVerified> for Proof {
    fn from(proof: RecoveryCodeVerified) -> Self {
        Self::RecoveryCode(proof)
    }
}

impl From<PasskeyVerified> for Proof {
    fn from(proof: PasskeyVerified) -> Self {
        Self::Passkey(proof)
    }
}

impl From<UpstreamVerified> for Proof {
    fn from(proof: UpstreamVerified) -> Self {
        Self::Upstream(proof)
    }
}

/// One or more proofs of the same person: what a session is started from.
#[derive(Debug)]
pub struct Proofs {
    user: UserRecord,
    facts: Vec<Fact>,
}

/// A proof without its person, as it is kept while the next one is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fact {
    at: Timestamp,
    /// Authentication method references (RFC 8176 §2).
    amr: Vec<String>,
    /// The class that it reaches alone.
    alone: Acr,
    /// Something the person has, which makes two factors of it beside something else.
    possession: bool,
    /// Worth nothing on a page that only looks like ours.
    #[serde(default)]
    bound: bool,
    /// When the person had signed in at another provider, where that was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_in_at: Option<Timestamp>,
    /// The session at another provider that it stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream: Option<UpstreamSession>,
    /// The person's `tokens_not_before` when it began to be looked at: with another one it is void.
    #[serde(default)]
    as_of: i64,
}

impl Fact {
    /// A first factor: what a sign-in begins with.
    pub(super) fn first(at: Timestamp, amr: &[&str]) -> Self {
        Self {
            at,
            amr: amr.iter().map(|&name| name.to_owned()).collect(),
            alone: Acr::SingleFactor,
            possession: false,
            bound: false,
            signed_in_at: None,
            upstream: None,
            as_of: 0,
        }
    }

    /// Two factors in one where the authenticator has verified its user, else something the person has.
    fn passkey(proof: &PasskeyVerified) -> Self {
        let alone = if proof.is_user_verified() { Acr::PhishingResistant } else { Acr::SingleFactor };
        Self { alone, possession: true, bound: true, ..Self::first(proof.at(), &proof.amr()) }
    }

    /// Something the person has, which is not asked for alone.
    pub(super) fn second(at: Timestamp, amr: &[&str]) -> Self {
        Self { possession: true, ..Self::first(at, amr) }
    }
}

impl Fact {
    /// A first factor at another provider, which may have been more than one there.
    fn upstream(proof: &UpstreamVerified) -> Self {
        let (amr, alone): (&[&str], _) =
            if proof.is_multi_factor() { (&["fed", "mfa"], Acr::MultiFactor) } else { (&["fed"], Acr::SingleFactor) };
        let signed_in_at = proof.signed_in_at();
        Self { alone, signed_in_at, upstream: proof.session().cloned(), ..Self::first(proof.at(), amr) }
    }
}

impl Proofs {
    pub fn user(&self) -> &UserRecord {
        &self.user
    }

    /// What a session stands on: to be added to.
    pub fn of_session(session: &ActiveSession) -> Self {
        let fact = Fact {
            at: session.proved_at,
            amr: session.amr.clone(),
            alone: session.acr,
            possession: false,
            bound: false,
            signed_in_at: Some(session.auth_time),
            upstream: None,
            as_of: session.user.tokens_not_before,
        };
        Self { user: session.user.clone(), facts: vec![fact] }
    }

    pub(super) fn kept(user: UserRecord, facts: Vec<Fact>) -> Self {
        Self { user, facts }
    }

    pub(super) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Both together; `None` when the new one is another person's.
    pub fn and(mut self, proof: &Proof) -> Option<Self> {
        if proof.user().id != self.user.id {
            return None;
        }
        self.facts.push(proof.fact());
        Some(self)
    }

    /// The class that they reach together.
    pub fn acr(&self) -> Acr {
        let alone = self.facts.iter().map(|fact| fact.alone).max().unwrap_or_default();
        let has = |possession: bool| self.facts.iter().any(|fact| fact.possession == possession);
        let together = if has(true) && has(false) { alone.max(Acr::MultiFactor) } else { alone };
        let is_bound = self.facts.iter().any(|fact| fact.bound);
        if is_bound && together >= Acr::MultiFactor { Acr::PhishingResistant } else { together }
    }

    /// Authentication method references (RFC 8176 §2), in the order of the steps.
    pub fn amr(&self) -> Vec<String> {
        let mut amr: Vec<String> = Vec::new();
        let together = (self.acr() >= Acr::MultiFactor).then_some("mfa");
        for name in self.facts.iter().flat_map(|fact| fact.amr.iter().map(String::as_str)).chain(together) {
            if !amr.iter().any(|known| known == name) {
                amr.push(name.to_owned());
            }
        }
        amr
    }

    /// The sessions at other providers that they stand on.
    pub(super) fn upstream_sessions(&self) -> impl Iterator<Item = &UpstreamSession> {
        self.facts.iter().filter_map(|fact| fact.upstream.as_ref())
    }

    /// When the person signed in (`auth_time`): with the first of them, since a further factor later makes none of it newer.
    pub fn auth_time(&self) -> Timestamp {
        let times = self.facts.iter().map(|fact| fact.signed_in_at.unwrap_or(fact.at));
        times.min().unwrap_or(Timestamp::from_millis(0))
    }

    /// When they proved the first of them here.
    pub(super) fn proved_at(&self) -> Timestamp {
        self.facts.iter().map(|fact| fact.at).min().unwrap_or(Timestamp::from_millis(0))
    }

    /// What the person's `tokens_not_before` has to be for all of them to count. It only grows: the oldest shows whether one
    /// is void.
    pub(super) fn as_of(&self) -> i64 {
        self.facts.iter().map(|fact| fact.as_of).min().unwrap_or(i64::MIN)
    }

    pub(super) fn into_user(self) -> UserRecord {
        self.user
    }
}

impl From<Proof> for Proofs {
    fn from(proof: Proof) -> Self {
        Self { facts: vec![proof.fact()], user: proof.user().clone() }
    }
}

impl From<PasswordVerified> for Proofs {
    fn from(proof: PasswordVerified) -> Self {
        Proof::from(proof).into()
    }
}
