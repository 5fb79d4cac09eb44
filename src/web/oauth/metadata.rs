use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::base::acr::Acr;
use crate::oauth::authorize::{Prompt, ResponseMode, ResponseType};
use crate::oidc::discovery::{Offered, Rendered, render};
use crate::web::App;
use crate::web::pages::SHIPPED_LOCALES;

/// How long a document may be kept: far shorter than a new key is published before it signs.
const CACHE_CONTROL: &str = "public, max-age=300";

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.
pub async fn metadata(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let document = app.oauth.metadata.get_or_init(|| rendered(&app));
    served(&req, &document.body, &document.etag)
}

/// `GET /.well-known/jwks.json` (RFC 7517 §5).
pub async fn jwks(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let document = app.oauth.keys.jwks();
    served(&req, &document.body, &document.etag)
}

fn rendered(app: &App) -> Rendered {
    let cx = &app.oauth;
    let offered = Offered {
        id_token_algorithms: &cx.keys.algorithms(),
        ui_locales: &SHIPPED_LOCALES,
        acr_values: &Acr::SUPPORTED.map(Acr::name),
        response_types: &ResponseType::SUPPORTED.map(ResponseType::name),
        response_modes: &ResponseMode::SUPPORTED.map(ResponseMode::name),
        prompt_values: &Prompt::offered(&cx.config).map(Prompt::name).collect::<Vec<_>>(),
    };
    render(&cx.config, &offered)
}

fn served(req: &HttpRequest, body: &str, etag: &str) -> HttpResponse {
    let mut answer = if is_known(req, etag) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((header::ETAG, etag)).insert_header((header::CACHE_CONTROL, CACHE_CONTROL));
    if is_known(req, etag) { answer.finish() } else { answer.content_type("application/json").body(body.to_owned()) }
}

/// Whether the caller has this very document (RFC 9110 §13.1.2).
fn is_known(req: &HttpRequest, etag: &str) -> bool {
    let mut sent = req.headers().get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok());
    sent.any(|value| {
        let mut tags = value.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == etag || tag == "*")
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_caller_that_has_the_document_is_not_sent_it_again() {
        for (sent, status) in [
            (r#""a""#, StatusCode::NOT_MODIFIED),
            (r#"W/"a""#, StatusCode::NOT_MODIFIED),
            (r#""x", "a""#, StatusCode::NOT_MODIFIED),
            ("*", StatusCode::NOT_MODIFIED),
            (r#""b""#, StatusCode::OK),
            ("a", StatusCode::OK),
        ] {
            let req = TestRequest::get().insert_header((header::IF_NONE_MATCH, sent)).to_http_request();
            let answer = served(&req, "{}", r#""a""#);
            assert_eq!(answer.status(), status, "{sent}");
            assert_eq!(answer.headers().get(header::ETAG).unwrap(), r#""a""#);
        }
    }
}
