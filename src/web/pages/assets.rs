use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::middleware::Compress;
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
    config.service(web::resource("/static/{name}").wrap(Compress::default()).route(web::get().to(asset)));
}

async fn asset(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let (Some(file), Some(tag)) = (Files::get(&name), TAGS.get(name.as_str())) else {
        return HttpResponse::NotFound().finish();
    };
    // Weak: the same content under any compression.
    let etag = format!("W/\"{tag}\"");
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

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;

    #[actix_web::test]
    async fn files_are_kept_for_good_compressed_and_named_by_their_content() {
        let app = init_service(App::new().configure(routes)).await;
        let url = asset_url("", "portcullis.css");
        let plain = call_service(&app, TestRequest::get().uri(&url).to_request()).await;
        assert_eq!(plain.headers().get(CONTENT_TYPE).unwrap(), "text/css");
        assert_eq!(plain.headers().get(CACHE_CONTROL).unwrap(), "public, max-age=31536000, immutable");
        let etag = plain.headers().get(ETAG).unwrap().clone();
        assert!(url.contains(etag.to_str().unwrap().trim_start_matches("W/").trim_matches('"')));
        let length = read_body(plain).await.len();

        let request = TestRequest::get().uri(&url).insert_header((ACCEPT_ENCODING, "br")).to_request();
        let small = call_service(&app, request).await;
        assert_eq!(small.headers().get(CONTENT_ENCODING).unwrap(), "br");
        assert!(read_body(small).await.len() < length / 2);

        let again = TestRequest::get().uri(&url).insert_header((IF_NONE_MATCH, etag)).to_request();
        assert_eq!(call_service(&app, again).await.status(), 304);
        let missing = TestRequest::get().uri("/static/..%2fCargo.toml").to_request();
        assert_eq!(call_service(&app, missing).await.status(), 404);
    }
}
