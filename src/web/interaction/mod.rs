//! What a person meets between an application's request and its answer: signing in, consent, the device page, signing
//! out, the set-up link.
//!
//! A request is frozen into a transaction; its pages carry the transaction's id, and its cookie alone opens it. Each page
//! asks `oauth::authorize::next_step` anew and shows what that says, so that no page can be reached out of order.

mod authorize;
mod check_session;
mod consent;
mod cookies;
mod csrf;
mod departure;
mod device;
mod email_code;
mod errand;
mod factor;
mod finish;
mod home;
pub mod local_path;
mod login;
pub mod logout;
mod mail_code;
mod parting;
pub mod passkey;
mod passkey_offer;
pub mod problem;
mod question;
pub mod register;
mod reset;
pub mod said;
mod select;
mod setup;
pub mod sign_in;
mod terms;
mod transaction;
pub(super) mod upstream;
pub mod visit;

use actix_web::web::{self, ServiceConfig};

use crate::config::Config;
use crate::oauth::endpoints;

pub use finish::Finished;

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.upstream.values().any(|upstream| upstream.enabled) {
        cfg.service(web::resource("/upstream/{name}").route(web::post().to(upstream::post)))
            .service(web::resource("/upstream/{name}/callback").route(web::get().to(upstream::callback)));
    }
    if config.upstream.values().any(|upstream| upstream.enabled && upstream.sign_out) {
        cfg.service(web::resource("/upstream/{name}/signed-out").route(web::get().to(parting::get)));
    }
    register::routes(cfg, config);
    terms::routes(cfg, config);
    email_code::routes(cfg, config);
    if config.sessions.check_session_iframe {
        cfg.service(web::resource(endpoints::CHECK_SESSION).route(web::get().to(check_session::get)));
    }
    if config.mail.is_on() {
        cfg.service(web::resource("/reset").route(web::get().to(reset::ask)).route(web::post().to(reset::asked)))
            .service(
                web::resource("/reset/code")
                    .route(web::get().to(reset::code))
                    .route(web::post().to(reset::code_entered)),
            )
            .service(
                web::resource("/reset/new")
                    .route(web::get().to(reset::new_password))
                    .route(web::post().to(reset::new_password_chosen)),
            );
    }
    cfg.service(
        web::resource(endpoints::AUTHORIZE).route(web::get().to(authorize::get)).route(web::post().to(authorize::post)),
    )
    .service(web::resource("/login").route(web::get().to(login::get)).route(web::post().to(login::post)))
    .service(web::resource("/login/factor").route(web::get().to(factor::get)).route(web::post().to(factor::post)))
    .service(web::resource("/login/select").route(web::get().to(select::get)).route(web::post().to(select::post)))
    .configure(passkey::routes)
    .configure(factor::passkey_routes)
    .service(web::resource("/consent").route(web::get().to(consent::get)).route(web::post().to(consent::post)))
    .service(web::resource(endpoints::DEVICE).route(web::get().to(device::get)).route(web::post().to(device::post)))
    .service(web::resource(endpoints::LOGOUT).route(web::get().to(logout::get)).route(web::post().to(logout::post)))
    .service(web::resource("/setup").route(web::get().to(setup::get)).route(web::post().to(setup::post)))
    .service(web::resource("/").route(web::get().to(home::get)))
    .service(web::resource("").route(web::get().to(home::get)));
}
