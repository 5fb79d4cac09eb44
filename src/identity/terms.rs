//! The operator's terms: accepted with an account, and again whenever they are new.

use serde_json::json;

use super::{Identity, Origin};
use crate::config;
use crate::storage::{self, Terms as _, UserRecord};

impl Identity {
    /// The terms that a person has yet to accept before they go on.
    pub async fn terms_due(&self, user: &UserRecord) -> storage::Result<Option<config::Terms<'_>>> {
        let Some(terms) = self.config.registration.terms() else { return Ok(None) };
        let accepted = self.store.accepted_terms(&user.id).await?;
        Ok(Some(terms).filter(|terms| accepted.iter().all(|(version, _)| version != terms.version)))
    }

    /// Notes that a person accepts the terms. False when `version` names others than those there are now.
    pub async fn accept_terms(&self, user: &UserRecord, version: &str, origin: &Origin) -> storage::Result<bool> {
        if self.config.registration.terms().is_none_or(|terms| terms.version != version) {
            return Ok(false);
        }
        self.store.accept_terms(&user.id, version, self.now().millis()).await?;
        self.audit("terms_accepted", Some(&user.id), None, origin, &json!({ "version": version }));
        Ok(true)
    }
}
