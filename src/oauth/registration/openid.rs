use super::uris::is_fetchable;
use super::{Abilities, Found};
use crate::jose::{ForeignAlgorithm, RecipientKey};
use crate::oauth::authorize::ResponseType;
use crate::oauth::{ClientMetadata, IdTokenAlgorithm};

/// What OpenID Connect Registration §2 adds about subjects and id_tokens.
pub(super) fn openid(metadata: &ClientMetadata, abilities: Abilities<'_>, found: &mut Found) {
    signatures(metadata, abilities, found);
    encryption(metadata, found);
    if metadata.sector_identifier_uri.as_deref().is_some_and(|uri| !is_fetchable(uri)) {
        found.metadata("sector_identifier_uri", "must be an https URL");
    } else if let Err(message) = metadata.sector() {
        found.metadata("sector_identifier_uri", message);
    }
}

fn signatures(metadata: &ClientMetadata, abilities: Abilities<'_>, found: &mut Found) {
    match metadata.id_token_signed_response_alg {
        IdTokenAlgorithm::Signed(alg) if !abilities.algorithms.contains(&alg) => {
            found
                .metadata("id_token_signed_response_alg", format!("this server signs with {}", abilities.signs_with()));
        }
        IdTokenAlgorithm::Unsigned if !abilities.unsigned_id_tokens => {
            found.metadata(
                "id_token_signed_response_alg",
                format!("must be signed; this server signs with {}", abilities.signs_with()),
            );
        }
        IdTokenAlgorithm::Unsigned if through_the_browser(metadata) => {
            found.metadata("id_token_signed_response_alg", "what comes through the browser must be signed");
        }
        _ => {}
    }
    if metadata.userinfo_signed_response_alg.is_some_and(|alg| !abilities.algorithms.contains(&alg)) {
        found.metadata("userinfo_signed_response_alg", format!("this server signs with {}", abilities.signs_with()));
    }
    if let Some(alg) = &metadata.request_object_signing_alg
        && !ForeignAlgorithm::ASYMMETRIC.iter().any(|known| known.name() == alg)
    {
        let names = ForeignAlgorithm::ASYMMETRIC.map(ForeignAlgorithm::name).join(", ");
        found.metadata("request_object_signing_alg", format!("must be one of {names}"));
    }
}

fn through_the_browser(metadata: &ClientMetadata) -> bool {
    metadata.response_types.iter().filter_map(|name| ResponseType::from_name(name)).any(ResponseType::gives_id_token)
}

/// Whoever wants answers encrypted must have a key for it.
fn encryption(metadata: &ClientMetadata, found: &mut Found) {
    for (alg, enc, member) in [
        (
            metadata.id_token_encrypted_response_alg,
            metadata.id_token_encrypted_response_enc,
            "id_token_encrypted_response_enc",
        ),
        (
            metadata.userinfo_encrypted_response_alg,
            metadata.userinfo_encrypted_response_enc,
            "userinfo_encrypted_response_enc",
        ),
    ] {
        match (alg, enc, &metadata.jwks) {
            (None, Some(_), _) => found.metadata(member, "means nothing without the member for alg beside it"),
            (Some(_), _, None) if metadata.jwks_uri.is_none() => {
                found.metadata("jwks", "encrypted answers need a public key of yours");
            }
            (Some(alg), _, Some(jwks)) => {
                if let Err(reason) = RecipientKey::find(jwks, alg) {
                    found.metadata("jwks", reason);
                }
            }
            _ => {}
        }
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
