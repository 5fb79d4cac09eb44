use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::web::{self, Data, ServiceConfig};

use super::App;
use crate::ops::Ready;

/// `/livez`: the process runs. `/readyz`: it should get requests. Neither asks the database, so that both answer while
/// it hangs; why an instance is not ready is told on the metrics listener only.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/livez").route(web::get().to(livez)))
        .service(web::resource("/readyz").route(web::get().to(readyz)));
}

async fn livez() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

async fn readyz(app: Data<App>) -> HttpResponse {
    if app.readiness.get() == Ready::Yes {
        return HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n");
    }
    HttpResponse::ServiceUnavailable()
        .insert_header((RETRY_AFTER, HeaderValue::from_static("1")))
        .content_type("text/plain; charset=utf-8")
        .body("not ready\n")
}
