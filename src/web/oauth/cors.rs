use actix_web::HttpResponse;
use actix_web::http::header;

/// The answer to a browser that asks first. That any origin may read the answers of these endpoints stands in each of them:
/// see `Route::may_be_read_from_anywhere`.
pub fn preflight(methods: &'static str) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}
