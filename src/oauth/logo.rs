//! Pictures of clients (`logo_uri`, RFC 7591 §2). They are fetched here and kept in memory, so that the browser of a person
//! who signs in asks no application's host for anything.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use image::{ImageFormat, ImageReader, ImageResult};
use moka::sync::Cache;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;

use super::{Client, Context};
use crate::outbound::{self, Limits};

/// Bounds of a picture as it comes.
const MAX_BYTES: usize = 256 * 1024;
const MAX_PIXELS: u32 = 2048;
const MAX_MEMORY: u64 = 32 * 1024 * 1024;
/// Width and height at which it is kept: thrice that of the largest mark. 200 of them take 30 MB at the most.
const SIZE: u32 = 192;
const MAX_LOGOS: u64 = 200;
/// After this a picture, or that there is none, is found out anew.
const FRESH: Duration = Duration::from_mins(15);

/// A PNG.
type Picture = Arc<Vec<u8>>;

/// What was found at `logo_uri`s.
pub struct Logos {
    found: Cache<String, Arc<OnceCell<Option<Picture>>>>,
    /// Strangers' pictures are read one after the other, so that they never take much memory at once.
    turn: Arc<Semaphore>,
}

impl Default for Logos {
    fn default() -> Self {
        let found = Cache::builder().max_capacity(MAX_LOGOS).time_to_live(FRESH).build();
        Self { found, turn: Arc::new(Semaphore::new(1)) }
    }
}

/// The picture of `client` if it has been fetched.
pub fn known(cx: &Context, client: &Client) -> Option<Picture> {
    cx.logos.found.get(client.metadata.logo_uri.as_deref()?)?.get()?.clone()
}

/// The picture of `client`, fetched if need be; `None` where it has none, or none that can be shown within `patience`. Then
/// fetching goes on, for the next page.
pub async fn find(cx: &Context, client: &Client, patience: Duration) -> Option<Picture> {
    let uri = client.metadata.logo_uri.as_deref()?;
    let cell = cx.logos.found.get_with_by_ref(uri, Arc::default);
    if let Some(known) = cell.get() {
        return known.clone();
    }
    let (outbound, turn, uri, client_id) =
        (cx.outbound.clone(), Arc::clone(&cx.logos.turn), uri.to_owned(), client.client_id.clone());
    let fetching = tokio::spawn(async move {
        let fetched = cell.get_or_init(async || match fetch(&outbound, &turn, &uri).await {
            Ok(picture) => Some(Arc::new(picture)),
            Err(reason) => {
                tracing::warn!(oauth.client_id = %client_id, %reason, "the client's logo_uri gives no picture");
                None
            }
        });
        fetched.await.clone()
    });
    timeout(patience, fetching).await.ok()?.ok()?
}

async fn fetch(outbound: &outbound::Client, turn: &Semaphore, uri: &str) -> Result<Vec<u8>, String> {
    let limits = Limits::of_bytes(MAX_BYTES);
    let answer = outbound.get(uri, limits).await.map_err(|error| format!("{error} {}", error.details()))?;
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    let _turn = turn.acquire().await.map_err(|error| error.to_string())?;
    let drawing = tokio::task::spawn_blocking(move || redrawn(&answer.body));
    match drawing.await {
        Ok(Ok(png)) => Ok(png),
        Ok(Err(error)) => Err(format!("it is no PNG, JPEG or WebP of at most {MAX_PIXELS} pixels a side: {error}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads a picture and writes it anew, no larger than it is shown: what a browser gets holds nothing but pixels (S221). SVG, a
/// document that can hold scripts, is not read.
fn redrawn(bytes: &[u8]) -> ImageResult<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_PIXELS);
    limits.max_image_height = Some(MAX_PIXELS);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let picture = reader.decode()?;
    let picture = if picture.width().max(picture.height()) > SIZE { picture.thumbnail(SIZE, SIZE) } else { picture };
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(png.into_inner())
}
