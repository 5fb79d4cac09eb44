use url::{Origin, Url};

use super::Found;
use super::uris::redirect_uri;
use crate::oauth::ClientMetadata;

/// Where the client is told that a session has ended.
pub(super) fn logout(metadata: &ClientMetadata, found: &mut Found) {
    if let Some(uri) = &metadata.backchannel_logout_uri
        && let Err(message) = redirect_uri(uri, false)
    {
        found.metadata("backchannel_logout_uri", message);
    }
    // A client that says itself which sector it is in could have the names of that sector sent elsewhere.
    if !metadata.registered_by.is_operator()
        && let (Ok(Some(sector)), Some(uri)) = (metadata.sector(), &metadata.backchannel_logout_uri)
        && Url::parse(uri).ok().and_then(|uri| uri.host_str().map(str::to_owned)) != Some(sector)
    {
        found.metadata("backchannel_logout_uri", "of a pairwise client must have the host of its sector");
    }
    if let Some(uri) = &metadata.frontchannel_logout_uri {
        let own: Vec<Origin> = metadata.redirect_uris.iter().filter_map(|uri| origin(uri)).collect();
        if let Err(message) = redirect_uri(uri, false) {
            found.metadata("frontchannel_logout_uri", message);
        } else if !origin(uri).is_some_and(|origin| own.contains(&origin)) {
            // OpenID Connect Front-Channel Logout §2.
            found.metadata("frontchannel_logout_uri", "must have scheme, host and port of one of redirect_uris");
        }
    }
}

fn origin(uri: &str) -> Option<Origin> {
    Some(Url::parse(uri).ok()?.origin())
}
