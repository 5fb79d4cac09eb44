//! A person's own account: everything below `/account`, for whoever is signed in at this browser.
//!
//! Each page is one file here and one line in [`ACCOUNT_PAGES`], from which the navigation is built. A change is a form
//! that is answered by a redirect; what was done is said once on the page that follows.

mod activity;
mod api_keys;
mod apps;
mod connections;
mod data;
mod delete;
mod email;
mod export;
mod languages;
mod overview;
mod passkeys;
mod password;
mod profile;
mod sessions;
mod shell;
mod two_step;

use actix_web::HttpResponse;
use actix_web::web::{self, Payload, ServiceConfig};

use super::App;
use super::interaction::problem::Stop;
use super::interaction::sign_in::known_surely;
use super::interaction::visit::{Visit, set};
use crate::config::Config;
use crate::identity::ActiveSession;
use crate::oauth::Params;

pub use api_keys::EndKeys;
pub use connections::CONNECTIONS;
pub use passkeys::PATH as PASSKEYS;
pub use password::PATH as PASSWORD;
pub use shell::Shell;
pub use two_step::{PATH as TWO_STEP, show_new_codes};

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
    always(profile::PATH, "account-profile"),
    AccountPage { path: email::PATH, text: "account-email", is_offered: |app| app.identity.writes_mails() },
    always(password::PATH, "account-password"),
    always(two_step::PATH, "two-step-title"),
    AccountPage { path: passkeys::PATH, text: "passkeys-title", is_offered: |app| app.identity.has_passkeys() },
    always(sessions::PATH, "account-sessions"),
    always(apps::PATH, "account-apps"),
    AccountPage { path: api_keys::API_KEYS, text: "api-keys-title", is_offered: |app| app.config.api_keys.enabled },
    always(activity::PATH, "account-activity"),
    always(data::PATH, "account-data"),
    AccountPage { path: CONNECTIONS, text: "connections-title", is_offered: |app| !app.upstreams.is_empty() },
];

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.mail.is_on() {
        cfg.service(web::resource(email::PATH).route(web::get().to(email::get)).route(web::post().to(email::post)))
            .service(
                web::resource(email::CODE)
                    .route(web::get().to(email::get_code))
                    .route(web::post().to(email::post_code)),
            )
            .service(
                web::resource(email::CONFIRM)
                    .route(web::get().to(email::get_confirm))
                    .route(web::post().to(email::post_confirm)),
            );
    }
    cfg.service(web::resource(ACCOUNT).route(web::get().to(overview::get)))
        .service(web::resource(profile::PATH).route(web::get().to(profile::get)).route(web::post().to(profile::post)))
        .service(
            web::resource(password::PATH).route(web::get().to(password::get)).route(web::post().to(password::post)),
        )
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
        .service(web::resource(api_keys::REVOKE_API_KEY).route(web::post().to(api_keys::revoke)))
        .service(
            web::resource(sessions::PATH).route(web::get().to(sessions::get)).route(web::post().to(sessions::post)),
        )
        .service(web::resource(apps::PATH).route(web::get().to(apps::get)).route(web::post().to(apps::post)))
        .service(web::resource(activity::PATH).route(web::get().to(activity::get)))
        .service(web::resource(data::PATH).route(web::get().to(data::get)).route(web::post().to(data::post)))
        .service(web::resource(delete::PATH).route(web::get().to(delete::get)).route(web::post().to(delete::post)))
        .service(
            web::resource(CONNECTIONS).route(web::get().to(connections::get)).route(web::post().to(connections::post)),
        );
}

/// Who is signed in, as surely as this server wants to know them; anybody else signs in first and comes back to `path`. The
/// page speaks the person's language and says the times of their zone from here on.
pub async fn signed_in(visit: &mut Visit<'_>, path: &str) -> Result<ActiveSession, Stop> {
    let session = present(visit, path).await?;
    surely(visit, session, path).await
}

/// As [`signed_in`], of whoever proved who they are a short while ago.
pub async fn fresh(visit: &mut Visit<'_>, path: &str) -> Result<ActiveSession, Stop> {
    let session = visit.fresh_session(path).await?;
    surely(visit, session, path).await
}

/// As [`signed_in`], for the pages where a second factor is set up: whoever has none yet cannot prove one.
pub async fn signed_in_to_set_up(visit: &mut Visit<'_>, path: &str) -> Result<ActiveSession, Stop> {
    let session = present(visit, path).await?;
    surely_to_set_up(visit, session, path).await
}

/// As [`fresh`], for the pages where a second factor is set up.
pub async fn fresh_to_set_up(visit: &mut Visit<'_>, path: &str) -> Result<ActiveSession, Stop> {
    let session = visit.fresh_session(path).await?;
    surely_to_set_up(visit, session, path).await
}

async fn present(visit: &mut Visit<'_>, path: &str) -> Result<ActiveSession, Stop> {
    visit.person().await?.ok_or_else(|| Stop::SignIn { next: path.to_owned() })
}

async fn surely(visit: &Visit<'_>, session: ActiveSession, path: &str) -> Result<ActiveSession, Stop> {
    known_surely(visit, &session, path, visit.app.identity.required_class(&session.user)).await?;
    Ok(session)
}

async fn surely_to_set_up(visit: &Visit<'_>, session: ActiveSession, path: &str) -> Result<ActiveSession, Stop> {
    let has_factor = visit.app.identity.second_factors(&session.user.id).await?.any();
    if has_factor { surely(visit, session, path).await } else { Ok(session) }
}

/// The form that somebody who proved who they are just now has sent from the page at `path`: for what must not be done at a
/// screen that somebody has left.
pub async fn fresh_form(
    visit: &mut Visit<'_>,
    body: Payload,
    path: &str,
    purpose: &str,
) -> Result<(ActiveSession, Params), Stop> {
    // The body first: it may take its time, and a session that has ended meanwhile does nothing any more.
    let params = visit.form(body).await?;
    let session = fresh(visit, path).await?;
    visit.check(&params, purpose, &session.sid)?;
    Ok((session, params))
}

/// Sends the browser to `path`, where `notice` (a key of the catalogue that begins with `done-`) is shown once.
pub fn done(visit: &Visit<'_>, path: &str, notice: &str) -> HttpResponse {
    let mut response = visit.go(path);
    set(&mut response, &visit.cookies.set_notice(notice));
    response
}
