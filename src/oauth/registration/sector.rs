use serde_json::Value;

use super::{Problem, printable};
use crate::oauth::ClientMetadata;
use crate::outbound::{self, Limits};

/// What is wrong with the document at `sector_identifier_uri`: a JSON array in which each redirect URI must stand (OpenID
/// Connect Registration §5). Nothing where the client names none.
pub async fn problem(outbound: &outbound::Client, metadata: &ClientMetadata) -> Option<Problem> {
    let uri = metadata.sector_identifier_uri.as_deref()?;
    let message = match listed(outbound, uri).await {
        Ok(uris) => {
            let missing = metadata.redirect_uris.iter().find(|uri| !uris.contains(uri))?;
            format!("its document lacks {}", printable(missing))
        }
        Err(reason) => reason,
    };
    Some(Problem { code: "invalid_client_metadata", member: "sector_identifier_uri", message })
}

async fn listed(outbound: &outbound::Client, uri: &str) -> Result<Vec<String>, String> {
    let answer = outbound.get(uri, Limits::default()).await.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    let document: Value = serde_json::from_slice(&answer.body).map_err(|_| "its document is no JSON")?;
    let uris = document.as_array().ok_or("its document is no JSON array")?;
    Ok(uris.iter().filter_map(|uri| uri.as_str().map(str::to_owned)).collect())
}
