use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;

/// Any origin may read the answer. None of these endpoints looks at a cookie, so nothing rides on the browser's own
/// credentials, and `*` never lets them be sent.
pub fn anywhere() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .add((header::ACCESS_CONTROL_EXPOSE_HEADERS, "WWW-Authenticate, Retry-After"))
}

/// The answer to a browser that asks first.
pub fn preflight(methods: &'static str) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
