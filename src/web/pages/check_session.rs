use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use askama::Template;

use super::Frame;

/// The page in a frame of an application that watches over its session (OpenID Connect Session Management §3.2).
#[derive(Template)]
#[template(path = "check_session.html")]
pub struct CheckSessionPage<'a> {
    pub service: &'a str,
    pub script: String,
    /// Name of the cookie that holds the browser's state.
    pub cookie: String,
}

impl CheckSessionPage<'_> {
    /// The same for everybody; the only page that any site may frame. It shows nothing and takes nothing.
    const POLICY: &'static str =
        "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *";

    pub fn answer(page: &Frame, cookie: String) -> HttpResponse {
        let page = CheckSessionPage { service: &page.service, script: page.asset("check_session.js"), cookie };
        let html = match page.render() {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(%error, "a page could not be rendered");
                return HttpResponse::InternalServerError().finish();
            }
        };
        let mut response = HttpResponse::Ok();
        response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8"));
        response.insert_header((CACHE_CONTROL, "public, max-age=3600"));
        response.insert_header((CONTENT_SECURITY_POLICY, Self::POLICY));
        response.body(html)
    }
}
