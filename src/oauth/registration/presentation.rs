use url::Url;

use super::uris::is_loopback;
use super::{Found, MAX_URI_BYTES};
use crate::oauth::ClientMetadata;

const MAX_NAME_CHARS: usize = 200;
const MAX_CONTACTS: usize = 20;
const MAX_ACR_VALUES: usize = 20;
const MAX_LINE_CHARS: usize = 200;

/// What people and developers are shown.
pub(super) fn presentation(metadata: &ClientMetadata, found: &mut Found) {
    if let Some(name) = &metadata.client_name {
        // Controls and direction marks could make a page say something else.
        let deceives = |c: char| {
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(deceives) {
            found.metadata("client_name", format!("must be 1 to {MAX_NAME_CHARS} characters that can be seen"));
        }
    }
    if metadata.contacts.len() > MAX_CONTACTS || !metadata.contacts.iter().all(|contact| is_line(contact)) {
        found.metadata("contacts", format!("must be at most {MAX_CONTACTS} lines of text"));
    }
    if metadata.default_acr_values.len() > MAX_ACR_VALUES || !metadata.default_acr_values.iter().all(|acr| is_line(acr))
    {
        found.metadata("default_acr_values", format!("must be at most {MAX_ACR_VALUES} names of classes"));
    }
    for (member, uri) in [
        ("client_uri", &metadata.client_uri),
        ("logo_uri", &metadata.logo_uri),
        ("policy_uri", &metadata.policy_uri),
        ("tos_uri", &metadata.tos_uri),
        ("initiate_login_uri", &metadata.initiate_login_uri),
    ] {
        if uri.as_deref().is_some_and(|uri| !is_web_page(uri)) {
            found.metadata(member, "must be an https URL");
        }
    }
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= MAX_LINE_CHARS && !text.chars().any(char::is_control)
}

/// An https URL; http on loopback.
fn is_web_page(uri: &str) -> bool {
    let Ok(url) = Url::parse(uri) else { return false };
    uri.len() <= MAX_URI_BYTES && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)))
}
