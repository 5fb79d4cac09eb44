//! A person's own account: everything below `/account`, for whoever is signed in at this browser.
//!
//! Each page is one file here and one line in [`ACCOUNT_PAGES`], from which the navigation is built. A change is a form
//! that is answered by a redirect; what was done is said once on the page that follows.

mod api_keys;
mod overview;
mod passkeys;
mod shell;
mod two_step;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};

use super::App;
use super::interaction::problem::Stop;
use super::interaction::visit::{Visit, set};
use crate::identity::ActiveSession;

pub use passkeys::PATH as PASSKEYS;
pub use shell::Shell;

/// Where the account begins.
pub const ACCOUNT: &str = "/account";

/// A page of the navigation.
pub struct AccountPage {
    /// Below the issuer.
    pub path: &'static str,
    /// Its name in the catalogue.
    pub text: &'static str,
    /// Whether there is such a page on this server.
    pub is_offered: fn(&App) -> bool,
}

const fn always(path: &'static str, text: &'static str) -> AccountPage {
    AccountPage { path, text, is_offered: |_| true }
}

/// The navigation, in its order.
pub const ACCOUNT_PAGES: &[AccountPage] = &[
    always(ACCOUNT, "account-overview"),
    always(two_step::PATH, "two-step-title"),
    AccountPage { path: passkeys::PATH, text: "passkeys-title", is_offered: |app| app.identity.has_passkeys() },
    AccountPage { path: api_keys::API_KEYS, text: "api-keys-title", is_offered: |app| app.config.api_keys.enabled },
];

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource(ACCOUNT).route(web::get().to(overview::get)))
        .service(
            web::resource(two_step::PATH).route(web::get().to(two_step::get)).route(web::post().to(two_step::post)),
        )
        .service(
            web::resource(two_step::APP)
                .route(web::get().to(two_step::get_app))
                .route(web::post().to(two_step::post_app)),
        )
        .configure(passkeys::routes)
        .service(web::resource(api_keys::API_KEYS).route(web::get().to(api_keys::list)))
        .service(
            web::resource(api_keys::NEW_API_KEY)
                .route(web::get().to(api_keys::form))
                .route(web::post().to(api_keys::make)),
        )
        .service(web::resource(api_keys::REVOKE_API_KEY).route(web::post().to(api_keys::revoke)));
}

/// Who is signed in; anybody else signs in first and comes back to `path`. The page speaks the person's language from
/// here on.
pub async fn signed_in(visit: &mut Visit<'_>, path: &str) -> Result<ActiveSession, Stop> {
    let session = visit.session().await?.ok_or_else(|| Stop::SignIn { next: path.to_owned() })?;
    visit.speak(&shell::language(&session.user));
    Ok(session)
}

/// Sends the browser to `path`, where `notice` (a key of the catalogue that begins with `done-`) is shown once.
pub fn done(visit: &Visit<'_>, path: &str, notice: &str) -> HttpResponse {
    let mut response = visit.go(path);
    set(&mut response, &visit.cookies.set_notice(notice));
    response
}
