use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::App;
use crate::oauth::{Params, logo};

/// As long as a fetch may take at all: whoever asks here has been told that there is a picture.
const PATIENCE: Duration = Duration::from_secs(5);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/logo").route(web::get().to(get)));
}

/// `GET /logo?client_id=...`: the picture of a client, from the server that shows it.
async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let params = Params::parse(req.query_string().as_bytes()).ok();
    let client = params.and_then(|params| app.oauth.clients.get(params.get("client_id")?));
    let Some(client) = client.filter(|client| !client.disabled) else { return HttpResponse::NotFound().finish() };
    let Some(logo) = logo::find(&app.oauth, &client, PATIENCE).await else { return HttpResponse::NotFound().finish() };
    HttpResponse::Ok()
        .content_type("image/png")
        .insert_header((CACHE_CONTROL, "private, max-age=900"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(logo.to_vec())
}
