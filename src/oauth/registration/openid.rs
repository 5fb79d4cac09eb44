use super::uris::is_fetchable;
use super::{Abilities, Found};
use crate::oauth::ClientMetadata;

/// What OpenID Connect Registration §2 adds about subjects and id_tokens.
pub(super) fn openid(metadata: &ClientMetadata, abilities: Abilities<'_>, found: &mut Found) {
    if !abilities.algorithms.contains(&metadata.id_token_signed_response_alg) {
        let names: Vec<&str> = abilities.algorithms.iter().map(|alg| alg.name()).collect();
        found.metadata("id_token_signed_response_alg", format!("this server signs with {}", names.join(", ")));
    }
    if metadata.sector_identifier_uri.as_deref().is_some_and(|uri| !is_fetchable(uri)) {
        found.metadata("sector_identifier_uri", "must be an https URL");
    } else if let Err(message) = metadata.sector() {
        found.metadata("sector_identifier_uri", message);
    }
}

/// What no update may change: with another sector each person would be another one to the client.
pub(super) fn changes(before: &ClientMetadata, after: &ClientMetadata, found: &mut Found) {
    if let (Ok(Some(before)), Ok(Some(after))) = (before.sector(), after.sector())
        && before != after
    {
        let message = format!(
            "the sector would move from {before} to {after}, and every sub with it; keep it by a document at {before}"
        );
        found.metadata("sector_identifier_uri", message);
    }
}
