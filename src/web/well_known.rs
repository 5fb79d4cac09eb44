//! What browsers and password managers look for at the root of the host about passkeys.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, http::header};
use serde_json::json;

use super::App;
use super::account::PASSKEYS;
use crate::config::Config;

const CACHE_CONTROL: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=3600");

/// Routes at the root, where passkeys are used.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.passkeys.rp_id(&config.issuer).is_none() {
        return;
    }
    cfg.service(web::resource("/.well-known/passkey-endpoints").route(web::get().to(passkey_endpoints)));
    if !config.passkeys.related_origins.is_empty() {
        cfg.service(web::resource("/.well-known/webauthn").route(web::get().to(related_origins)));
    }
}

/// Where a person makes and manages passkeys (W3C, A Well-Known URL for Relying Party Passkey Endpoints).
async fn passkey_endpoints(app: Data<App>) -> HttpResponse {
    let page = app.config.issuer.endpoint(PASSKEYS);
    HttpResponse::Ok().insert_header(CACHE_CONTROL).json(json!({ "enroll": page, "manage": page }))
}

/// The origins whose pages may use the RP ID (WebAuthn Level 3 §5.11.1).
async fn related_origins(app: Data<App>) -> HttpResponse {
    let passkeys = &app.config.passkeys;
    HttpResponse::Ok().insert_header(CACHE_CONTROL).json(json!({ "origins": passkeys.related_origins }))
}
