use super::{Abilities, Problem, dynamic, own, problems, problems_of_change};
use crate::base::{OpaqueToken, Random, Timestamp, TokenKind, new_id};
use crate::jose::Sealer;
use crate::oauth::client_auth::AuthMethod;
use crate::oauth::{ClientMetadata, Error};
use crate::storage::{self, ClientRecord, Clients as _, Store};

const MAX_CLIENT_ID_BYTES: usize = 200;

/// Why a client was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Metadata(Vec<Problem>),
    #[error("a client_id has 1 to {MAX_CLIENT_ID_BYTES} characters of %x20-7E")]
    ClientId,
    #[error("there is no client {0}")]
    Unknown(String),
    #[error("the client {0} has no secret: it authenticates by {1}")]
    NoSecret(String, String),
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error("the metadata cannot be written: {0}")]
    Json(#[from] serde_json::Error),
}

/// Registers, changes and removes clients in the database. Running instances see it within their next look.
pub struct Registry<'a> {
    pub store: &'a Store,
    pub sealer: &'a Sealer,
    pub random: &'a dyn Random,
    pub abilities: Abilities<'a>,
    pub now: Timestamp,
}

/// A record to be stored, and the secret that was drawn for it.
pub(super) struct Drafted {
    pub record: ClientRecord,
    pub secret: Option<OpaqueToken>,
}

impl From<RegistrationError> for Error {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::Storage(error) => error.into(),
            RegistrationError::Metadata(problems) => dynamic::refused(&problems),
            error => Self::Internal(Box::new(error)),
        }
    }
}

impl Registry<'_> {
    /// Stores a new client; without `client_id` one is drawn. The secret, if its method has one, is told this once.
    pub async fn register(
        &self,
        client_id: Option<String>,
        metadata: &ClientMetadata,
    ) -> Result<(ClientRecord, Option<OpaqueToken>), RegistrationError> {
        self.check(metadata)?;
        let Drafted { record, secret } = self.draft(client_id, metadata)?;
        self.store.insert_client(&record).await?;
        Ok((record, secret))
    }

    /// Replaces the metadata, as the operator. A method that needs a secret which is not there gives one, told this once.
    pub async fn update(
        &self,
        client_id: &str,
        metadata: &ClientMetadata,
    ) -> Result<(ClientRecord, Option<OpaqueToken>), RegistrationError> {
        self.check(metadata)?;
        let record = self.find(client_id).await?;
        let metadata = own::by_operator(&serde_json::from_str(&record.metadata)?, metadata.clone());
        let Drafted { record, secret } = self.redraft(record, &metadata)?;
        self.store.update_client(&record).await?;
        Ok((record, secret))
    }

    /// The record of a new client, not stored yet.
    pub(super) fn draft(
        &self,
        client_id: Option<String>,
        metadata: &ClientMetadata,
    ) -> Result<Drafted, RegistrationError> {
        let client_id = match client_id {
            Some(client_id) => client_id,
            None => new_id(self.now, self.random).to_string(),
        };
        // RFC 6749 Appendix A.1.
        let legal = client_id.bytes().all(|byte| (0x20..=0x7E).contains(&byte));
        if client_id.is_empty() || client_id.len() > MAX_CLIENT_ID_BYTES || !legal {
            return Err(RegistrationError::ClientId);
        }
        let mut record = ClientRecord {
            client_id,
            metadata: serde_json::to_string(metadata)?,
            secret_hash: None,
            secret_sealed: None,
            disabled_at: None,
            created_at: self.now.millis(),
            updated_at: self.now.millis(),
        };
        let secret = self.give_secret(&mut record, metadata);
        Ok(Drafted { record, secret })
    }

    /// The record with other metadata, not stored yet.
    pub(super) fn redraft(
        &self,
        mut record: ClientRecord,
        metadata: &ClientMetadata,
    ) -> Result<Drafted, RegistrationError> {
        let before: ClientMetadata = serde_json::from_str(&record.metadata)?;
        let problems = problems_of_change(&before, metadata);
        if !problems.is_empty() {
            return Err(RegistrationError::Metadata(problems));
        }
        record.metadata = serde_json::to_string(metadata)?;
        record.updated_at = self.now.millis();
        let method = AuthMethod::from_name(&metadata.token_endpoint_auth_method);
        let kept = match method {
            Some(AuthMethod::ClientSecretJwt) => record.secret_sealed.is_some(),
            Some(AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost) => record.secret_hash.is_some(),
            _ => false,
        };
        let secret = if kept { None } else { self.give_secret(&mut record, metadata) };
        Ok(Drafted { record, secret })
    }

    /// A new secret; the old one is void at once.
    pub async fn rotate_secret(&self, client_id: &str) -> Result<OpaqueToken, RegistrationError> {
        let mut record = self.find(client_id).await?;
        let metadata: ClientMetadata = serde_json::from_str(&record.metadata)?;
        record.updated_at = self.now.millis();
        let secret = self.give_secret(&mut record, &metadata);
        let method = metadata.token_endpoint_auth_method;
        let secret = secret.ok_or_else(|| RegistrationError::NoSecret(client_id.to_owned(), method))?;
        self.store.update_client(&record).await?;
        Ok(secret)
    }

    pub async fn find(&self, client_id: &str) -> Result<ClientRecord, RegistrationError> {
        let found = self.store.find_client(client_id).await?;
        found.ok_or_else(|| RegistrationError::Unknown(client_id.to_owned()))
    }

    fn check(&self, metadata: &ClientMetadata) -> Result<(), RegistrationError> {
        let problems = problems(metadata, self.abilities);
        if problems.is_empty() { Ok(()) } else { Err(RegistrationError::Metadata(problems)) }
    }

    fn give_secret(&self, record: &mut ClientRecord, metadata: &ClientMetadata) -> Option<OpaqueToken> {
        (record.secret_hash, record.secret_sealed) = (None, None);
        let method = AuthMethod::from_name(&metadata.token_endpoint_auth_method)?;
        if !method.has_secret() {
            return None;
        }
        let id = new_id(self.now, self.random);
        let secret = OpaqueToken::generate(TokenKind::ClientSecret, id, self.random);
        record.secret_hash = Some(secret.hash().as_bytes().to_vec());
        if method == AuthMethod::ClientSecretJwt {
            let purpose = sealed_secret_purpose(&record.client_id);
            record.secret_sealed = Some(self.sealer.seal(&purpose, secret.expose().as_bytes(), self.random));
        }
        Some(secret)
    }
}

/// What binds a sealed client secret to its client.
pub fn sealed_secret_purpose(client_id: &str) -> String {
    format!("client_secret:{client_id}")
}
