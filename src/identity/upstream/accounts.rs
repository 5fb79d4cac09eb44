use serde_json::{Map, Value, json};

use super::{UpstreamIdentity, UpstreamSession};
use crate::base::Timestamp;
use crate::identity::{Factor, Identity, NewUser, Notice, Origin, UserError, normalise_username};
use crate::storage::{self, UpstreamAccounts as _, UpstreamIdentityRecord, UserRecord, Users as _};

/// Proof that a person controls an account at a provider that is connected with theirs here, just now.
#[derive(Debug)]
pub struct UpstreamVerified {
    user: UserRecord,
    at: Timestamp,
    signed_in_at: Option<Timestamp>,
    multi_factor: bool,
    session: Option<UpstreamSession>,
}

impl UpstreamVerified {
    pub fn user(&self) -> &UserRecord {
        &self.user
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// When the person signed in there, if that was before.
    pub(in crate::identity) fn signed_in_at(&self) -> Option<Timestamp> {
        self.signed_in_at
    }

    /// The provider has asked for more than one factor, and is believed.
    pub fn is_multi_factor(&self) -> bool {
        self.multi_factor
    }

    /// What it stands on at the provider, where that may be ended there.
    pub(in crate::identity) fn session(&self) -> Option<&UpstreamSession> {
        self.session.as_ref()
    }
}

/// Where an account at a provider leads here.
#[derive(Debug)]
pub enum Arrival {
    Known(Box<UpstreamVerified>),
    /// It is nobody's here: whoever has an account proves that first, and connects the two.
    Stranger,
    /// The person may not sign in, by whatever way.
    Disabled,
}

/// Claims of a profile that are taken over for a new person.
const TAKEN_OVER: [&str; 6] = ["name", "given_name", "family_name", "picture", "locale", "zoneinfo"];
/// User names tried for a new person before giving up.
const TRIES: usize = 5;

impl Identity {
    /// Finds or makes the person behind an account at a provider.
    pub async fn arrive_from_upstream(
        &self,
        there: &UpstreamIdentity,
        origin: &Origin,
    ) -> Result<Arrival, storage::Error> {
        let now = self.now();
        let known = self.store.find_user_by_upstream(&there.issuer, &there.subject, now.millis()).await?;
        let user = match known {
            Some(user) => Some(user),
            None => self.connect_by_email(there, origin).await?,
        };
        let user = match user {
            Some(user) => user,
            None if there.may_register() => match self.register_from_upstream(there, origin).await? {
                Some(user) => user,
                None => return Ok(Arrival::Stranger),
            },
            None => return Ok(Arrival::Stranger),
        };
        if user.disabled_at.is_some() {
            return Ok(Arrival::Disabled);
        }
        let (multi_factor, session) = (there.is_multi_factor(), there.session());
        let signed_in_at = there.signed_in_at.filter(|at| *at < now);
        Ok(Arrival::Known(Box::new(UpstreamVerified { user, at: now, signed_in_at, multi_factor, session })))
    }

    /// Only an address that was verified on both sides connects: whoever has registered here with somebody else's would
    /// otherwise be let in together with them. Nor does it connect again what its person has disconnected.
    async fn connect_by_email(
        &self,
        there: &UpstreamIdentity,
        origin: &Origin,
    ) -> Result<Option<UserRecord>, storage::Error> {
        let Some(email) = there.trusted_email() else { return Ok(None) };
        let found = self.store.find_user_by_login(email).await?;
        let same = |user: &UserRecord| user.email.as_deref().is_some_and(|ours| ours.eq_ignore_ascii_case(email));
        let Some(user) = found.filter(|user| user.email_verified && same(user)) else { return Ok(None) };
        let connected = self.store.insert_upstream_identity_unless_parted(&self.connection(&user, there)).await?;
        if connected {
            self.tell_connected(&user, there, origin).await;
        }
        Ok(connected.then_some(user))
    }

    /// Connects the account there with this person's. False when either is connected otherwise.
    pub async fn connect_upstream(
        &self,
        user: &UserRecord,
        there: &UpstreamIdentity,
        origin: &Origin,
    ) -> Result<bool, storage::Error> {
        let connected =
            self.store.insert_upstream_identity(&self.connection(user, there), user.tokens_not_before).await?;
        if connected {
            self.tell_connected(user, there, origin).await;
        }
        Ok(connected)
    }

    async fn tell_connected(&self, user: &UserRecord, there: &UpstreamIdentity, origin: &Origin) {
        self.audit("upstream_connected", Some(&user.id), None, origin, &json!({ "issuer": there.issuer }));
        self.notify(user, Notice::FactorAdded { factor: self.upstream_factor(&there.issuer) }, origin.locale).await;
    }

    /// Takes a connection away; false when it is the last way in, or is not there.
    pub async fn disconnect_upstream(
        &self,
        user: &UserRecord,
        issuer: &str,
        origin: &Origin,
    ) -> Result<bool, storage::Error> {
        let gone = self.store.delete_upstream_identity(&user.id, issuer, &self.ways_in(), self.now().millis()).await?;
        if gone {
            self.audit("upstream_disconnected", Some(&user.id), None, origin, &json!({ "issuer": issuer }));
            self.notify(user, Notice::FactorRemoved { factor: self.upstream_factor(issuer) }, origin.locale).await;
        }
        Ok(gone)
    }

    /// The provider by the name that its button has.
    fn upstream_factor(&self, issuer: &str) -> Factor {
        let known = self.config.upstream.iter().find(|(_, settings)| settings.issuer == issuer);
        let name = known.map_or(issuer, |(name, settings)| settings.display_name.as_deref().unwrap_or(name));
        Factor::Upstream { name: name.to_owned() }
    }

    /// A new person; `None` when their address is that of somebody who is here already.
    async fn register_from_upstream(
        &self,
        there: &UpstreamIdentity,
        origin: &Origin,
    ) -> Result<Option<UserRecord>, storage::Error> {
        let email = there.text("email");
        if let Some(email) = email
            && self.store.find_user_by_login(email).await?.is_some()
        {
            return Ok(None);
        }
        let claims: Map<String, Value> = TAKEN_OVER
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), Value::from(there.text(name)?))))
            .filter(|(name, value)| name != "picture" || value.as_str().is_some_and(|url| url.starts_with("https://")))
            .collect();
        let base = username(there);
        for number in 0..TRIES {
            let new = NewUser {
                username: if number == 0 { base.clone() } else { format!("{base}-{}", self.digits()) },
                // An address that nobody answers for would only keep its owner from it.
                email: there.trusted_email().map(str::to_owned),
                email_verified: there.trusted_email().is_some(),
                password: None,
                claims: claims.clone(),
                is_admin: false,
            };
            let record = match self.new_record(new).await {
                Ok(record) => record,
                Err(UserError::Storage(error)) => return Err(error),
                // A name or address that is none here: nobody can be registered under it.
                Err(_) => return Ok(None),
            };
            match self.store.insert_user_with_upstream(&record, &self.connection(&record, there)).await {
                Ok(()) => {
                    let details = json!({ "issuer": there.issuer });
                    self.audit("user_registered", Some(&record.id), None, origin, &details);
                    return Ok(Some(record));
                }
                Err(storage::Error::Conflict("username")) => {}
                Err(storage::Error::Conflict(_)) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn connection(&self, user: &UserRecord, there: &UpstreamIdentity) -> UpstreamIdentityRecord {
        let now = self.now().millis();
        UpstreamIdentityRecord {
            issuer: there.issuer.clone(),
            subject: there.subject.clone(),
            user_id: user.id.clone(),
            label: there.label(),
            created_at: now,
            last_used_at: now,
        }
    }

    fn digits(&self) -> u16 {
        let mut bytes = [0_u8; 2];
        self.random.fill(&mut bytes);
        u16::from_be_bytes(bytes) % 10_000
    }
}

/// The name there, the address up to its @, or none that says anything. Never an address: it may be somebody else's here,
/// and a user name goes before an address when people sign in.
fn username(there: &UpstreamIdentity) -> String {
    let names = ["username", "email"].into_iter().filter_map(|claim| there.text(claim)?.split('@').next());
    names.filter_map(normalise_username).find(|name| name.len() <= 100).unwrap_or_else(|| "user".to_owned())
}
