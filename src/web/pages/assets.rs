use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{Embed, EmbeddedFile};

/// The files of `static/`, inside the binary.
#[derive(Embed)]
#[folder = "static/"]
struct Files;

/// Entity tag of each file: part of its SHA-256.
static TAGS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let tag = |file: EmbeddedFile| URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash());
    Files::iter().filter_map(|name| Some((name.to_string(), tag(Files::get(&name)?)))).collect()
});

/// The URL of a static file; it changes with the content, so that it may be cached for good.
pub fn asset_url(base: &str, name: &str) -> String {
    let tag = TAGS.get(name).map(String::as_str).unwrap_or_default();
    format!("{base}/static/{name}?v={tag}")
}

pub fn routes(config: &mut web::ServiceConfig) {
    config.route("/static/{name}", web::get().to(asset));
}

async fn asset(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let (Some(file), Some(tag)) = (Files::get(&name), TAGS.get(name.as_str())) else {
        return HttpResponse::NotFound().finish();
    };
    let etag = format!("\"{tag}\"");
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
    response.insert_header((ETAG, etag));
    if known {
        return response.finish();
    }
    response.insert_header((CONTENT_TYPE, file.metadata.mimetype()));
    response.body(file.data.into_owned())
}
