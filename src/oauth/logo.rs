//! Pictures of clients (`logo_uri`, RFC 7591 §2). They are fetched here and kept in memory, so that the browser of a person
//! who signs in asks no application's host for anything.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::{Client, Context};
use crate::outbound::{self, Limits};

/// Size of a picture, and how many are kept: 16 MiB at most.
const MAX_BYTES: usize = 256 * 1024;
const MAX_LOGOS: u64 = 64;
/// After this a picture, or that there is none, is found out anew.
const FRESH: Duration = Duration::from_mins(15);

/// A picture that a browser may be given as what it is.
#[derive(Debug)]
pub struct Logo {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// What was found at `logo_uri`s.
pub struct Logos(Cache<String, Arc<OnceCell<Option<Arc<Logo>>>>>);

impl Default for Logos {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MAX_LOGOS).time_to_live(FRESH).build())
    }
}

/// The picture of `client` if it has been fetched.
pub fn known(cx: &Context, client: &Client) -> Option<Arc<Logo>> {
    cx.logos.0.get(client.metadata.logo_uri.as_deref()?)?.get()?.clone()
}

/// The picture of `client`, fetched if need be; `None` where it has none, or none that can be shown within `patience`. Then
/// fetching goes on, for the next page.
pub async fn find(cx: &Context, client: &Client, patience: Duration) -> Option<Arc<Logo>> {
    let uri = client.metadata.logo_uri.as_deref()?;
    let cell = cx.logos.0.get_with_by_ref(uri, Arc::default);
    if let Some(known) = cell.get() {
        return known.clone();
    }
    let (outbound, uri, client_id) = (cx.outbound.clone(), uri.to_owned(), client.client_id.clone());
    let fetching = tokio::spawn(async move {
        let fetched = cell.get_or_init(async || match fetch(&outbound, &uri).await {
            Ok(logo) => Some(Arc::new(logo)),
            Err(reason) => {
                tracing::warn!(oauth.client_id = %client_id, %reason, "the client's logo_uri gives no picture");
                None
            }
        });
        fetched.await.clone()
    });
    timeout(patience, fetching).await.ok()?.ok()?
}

async fn fetch(outbound: &outbound::Client, uri: &str) -> Result<Logo, String> {
    let limits = Limits::of_bytes(MAX_BYTES);
    let answer = outbound.get(uri, limits).await.map_err(|error| format!("{error} {}", error.details()))?;
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    let media_type = media_type(&answer.body).ok_or("it is no PNG, JPEG, WebP or GIF")?;
    Ok(Logo { media_type, bytes: answer.body })
}

/// By the first bytes, whatever the host calls it. SVG, a document that can hold scripts, is not among them.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(media_type(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(media_type(b"RIFF\0\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(media_type(b"GIF89a.."), Some("image/gif"));
        for other in ["", "<svg xmlns='http://www.w3.org/2000/svg'/>", "<html>", "RIFF\0\0\0\0WAVE", "GIF88a"] {
            assert_eq!(media_type(other.as_bytes()), None, "{other}");
        }
    }
}
