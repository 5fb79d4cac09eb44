//! What browsers and password managers look for at the root of the host about passwords and passkeys.

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, http::header};
use serde_json::json;

use super::App;
use super::account::{PASSKEYS, PASSWORD};
use crate::config::Config;

const CACHE_CONTROL: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=3600");

/// Routes at the root; about passkeys where they are used.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    cfg.service(web::resource("/.well-known/change-password").route(web::get().to(change_password)));
    if config.passkeys.rp_id(&config.issuer).is_none() {
        return;
    }
    cfg.service(web::resource("/.well-known/passkey-endpoints").route(web::get().to(passkey_endpoints)));
    if !config.passkeys.related_origins.is_empty() {
        cfg.service(web::resource("/.well-known/webauthn").route(web::get().to(related_origins)));
    }
}

/// Where a person changes the password (W3C, A Well-Known URL for Changing Passwords).
async fn change_password(app: Data<App>) -> HttpResponse {
    let page = app.config.issuer.endpoint(PASSWORD);
    HttpResponse::SeeOther().insert_header(CACHE_CONTROL).insert_header((header::LOCATION, page)).finish()
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
