use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;

use super::{Answer, Developer, ErrorPage, Frame, render};
use crate::base::RequestId;
use crate::config::Config;
use crate::web::answer::Refusal;

/// The page for a request that no handler answers. `headers` are the request's.
pub fn refusal_page(config: &Config, headers: &HeaderMap, refusal: &Refusal, id: RequestId) -> HttpResponse {
    let frame = Frame::new(config, headers, &[]);
    let t = &frame.t;
    let issuer = config.issuer.as_str();
    let (title, sentence) = match refusal.status {
        StatusCode::NOT_FOUND => ("error-not-found-title", t.text("error-not-found")),
        StatusCode::MISDIRECTED_REQUEST => ("error-host-title", t.with("error-host", "issuer", issuer.to_owned())),
        StatusCode::SERVICE_UNAVAILABLE => ("error-title", t.text("error-busy")),
        status if status.is_server_error() => ("error-title", t.text("error-server")),
        _ => ("error-title", t.text("error-method")),
    };
    let page = ErrorPage {
        page: &frame,
        title: t.text(title),
        sentence,
        way_back: Some((t.with("back-to", "app", frame.service.clone()), issuer.to_owned())),
        developer: Some(Developer {
            code: refusal.error.to_owned(),
            hint: refusal.text.clone().into_owned(),
            received: None,
            registered: None,
        }),
        request_id: id.as_str(),
    };
    render(&page, t, Answer::with_status(refusal.status))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderValue};

    use super::*;

    async fn page(status: StatusCode, language: &'static str) -> (HttpResponse, String) {
        let config: Config = toml::from_str("issuer = \"https://id.example.test/a\"").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language));
        let response = refusal_page(&config, &headers, &Refusal::of_status(status), RequestId::next());
        let (response, body) = response.into_parts();
        let body = actix_web::body::to_bytes(body).await.unwrap();
        (response.map_into_boxed_body(), String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn a_stray_address_is_answered_with_a_page_in_the_persons_language_and_a_way_back() {
        let (response, html) = page(StatusCode::NOT_FOUND, "en").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers().get(CONTENT_TYPE).unwrap(), "text/html; charset=utf-8");
        assert!(html.contains("There is nothing here") && html.contains("href=\"https://id.example.test/a\""));
        assert!(page(StatusCode::NOT_FOUND, "ar").await.1.contains("dir=\"rtl\""));
    }

    #[actix_web::test]
    async fn who_came_by_another_host_reads_where_this_server_is() {
        let (_, html) = page(StatusCode::MISDIRECTED_REQUEST, "en").await;
        assert!(html.contains("https://id.example.test/a"));
    }
}
