//! The second factor: an authenticator app, and recovery codes for when it is lost.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

use super::{Shell, done, fresh_to_set_up, signed_in_to_set_up};
use crate::identity::{ActiveSession, LoginError, Proof, Proofs};
use crate::oauth::{Error, Params};
use crate::web::App;
use crate::web::interaction::local_path::LocalPath;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::sign_in::next_page;
use crate::web::interaction::visit::{Visit, query};
use crate::web::pages::{Answer, FormTarget, Frame, throttled_text};

/// The overview of the factors.
pub const PATH: &str = "/account/two-step";
/// Where an app is set up.
pub const APP: &str = "/account/two-step/app";
const PURPOSE: &str = "two-step";
const APP_PURPOSE: &str = "two-step-app";

#[derive(Template)]
#[template(path = "account_two_step.html")]
struct TwoStepPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    form: &'a FormTarget,
    /// Since when there is an app, and when it was used last.
    app: Option<AppFacts>,
    /// Whether there is a second factor at all: an app or a passkey.
    is_on: bool,
    recovery_codes: i64,
    /// Where the person was on the way to, when that wants a second factor.
    onward: Option<String>,
}

struct AppFacts {
    since: String,
    last_used: String,
}

#[derive(Template)]
#[template(path = "account_two_step_app.html")]
struct AppPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    form: &'a FormTarget,
    /// Side of the picture in modules, its quiet zone included.
    side: usize,
    /// The dark modules, as an SVG path.
    modules: String,
    uri: &'a str,
    /// The secret in groups of four.
    secret: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "account_recovery_codes.html")]
struct CodesPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    codes: &'a [String],
    /// Where the codes are for.
    host: &'a str,
    /// Where to go when they are kept.
    onward: String,
}

/// What the person was on the way to when they were sent here: an authorization request, or a page of ours.
struct Onward {
    /// Names it in the addresses of these pages.
    query: String,
    /// Goes on with it; `None` for whoever came by themself.
    href: Option<String>,
}

impl Onward {
    fn of(visit: &Visit<'_>) -> Result<Self, Stop> {
        let params = visit.query()?;
        if let Some(id) = params.get("tx") {
            let query = query(&[("tx", id), ("client_id", params.get("client_id").unwrap_or_default())]);
            return Ok(Self { href: Some(format!("/login{query}")), query });
        }
        let next = next_page(&params);
        let query = query(&[("next", next.as_ref().map(LocalPath::as_str).unwrap_or_default())]);
        Ok(Self { query, href: next.map(|next| next.as_str().to_owned()) })
    }

    fn page(&self, path: &str) -> String {
        format!("{path}{}", self.query)
    }
}

/// `GET /account/two-step`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let onward = Onward::of(visit)?;
    let session = signed_in_to_set_up(visit, &onward.page(PATH)).await?;
    let identity = &visit.app.identity;
    let app = identity.totp_factor(&session.user.id).await?;
    let factors = identity.second_factors(&session.user.id).await?;
    let account = Shell::new(visit, &session, PATH);
    let page = TwoStepPage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(&onward.page(PATH), PURPOSE, &session.sid),
        app: app.map(|app| AppFacts {
            since: visit.frame.day(app.created_at),
            last_used: visit.frame.day(app.last_used_at),
        }),
        is_on: factors.any(),
        recovery_codes: factors.recovery_codes,
        onward: onward.href.map(|href| visit.frame.url(&href)),
    };
    Ok(account.show(visit, &page, Answer::default()))
}

/// `POST /account/two-step`: begins to set up an app, removes it, or makes new recovery codes.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let onward = Onward::of(visit)?;
    let session = signed_in_to_set_up(visit, &onward.page(PATH)).await?;
    visit.check(&params, PURPOSE, &session.sid)?;
    let session = fresh_to_set_up(visit, &onward.page(PATH)).await?;
    let identity = &visit.app.identity;
    match params.get("action") {
        Some("set-up") => {
            identity.begin_totp(&visit.cx().sealer, &session).await?;
            Ok(visit.go(&onward.page(APP)))
        }
        Some("remove") => {
            let removed = identity.remove_totp(&session, &visit.origin()).await?;
            Ok(if removed { done(visit, PATH, "done-totp-removed") } else { visit.go(PATH) })
        }
        // Codes stand in for a factor: without one they would open nothing.
        Some("codes") if identity.second_factors(&session.user.id).await?.any() => {
            new_codes(visit, &session, &onward).await
        }
        _ => Ok(visit.go(PATH)),
    }
}

/// `GET /account/two-step/app`: the picture to scan, while an app is being set up.
pub async fn get_app(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show_app).await
}

async fn show_app(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let onward = Onward::of(visit)?;
    signed_in_to_set_up(visit, &onward.page(APP)).await?;
    let session = fresh_to_set_up(visit, &onward.page(APP)).await?;
    app_form(visit, &session, &onward, Attempt::default()).await
}

/// `POST /account/two-step/app`: the first code of the app, with which it counts.
pub async fn post_app(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| confirmed(visit, body).await).await
}

async fn confirmed(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params: Params = visit.form(body).await?;
    let onward = Onward::of(visit)?;
    let session = signed_in_to_set_up(visit, &onward.page(APP)).await?;
    visit.check(&params, APP_PURPOSE, &session.sid)?;
    let session = fresh_to_set_up(visit, &onward.page(APP)).await?;
    let (identity, origin) = (&visit.app.identity, visit.origin());
    let code = params.get("code").unwrap_or_default();
    let proof = match identity.confirm_totp(&visit.cx().sealer, &session, code, &origin).await {
        Ok(proof) => Proof::from(proof),
        Err(error) => {
            let attempt = failed(visit, error)?;
            return app_form(visit, &session, &onward, attempt).await;
        }
    };
    // The person has proved both factors by now: the session counts for as much, under a new secret.
    let proofs = Proofs::of_session(&session).and(&proof).ok_or(Stop::Forged)?;
    let started = identity.start_session(proofs, Some(&session), &origin).await?;
    let (session, token) = started.ok_or_else(|| Stop::SignIn { next: onward.page(PATH) })?;
    let has_codes = identity.second_factors(&session.user.id).await?.recovery_codes > 0;
    let mut response = match &onward.href {
        _ if !has_codes => new_codes(visit, &session, &onward).await?,
        Some(href) => visit.go(href),
        None => done(visit, PATH, "done-totp-added"),
    };
    visit.remember(&mut response, &session.sid, &token);
    Ok(response)
}

async fn new_codes(visit: &Visit<'_>, session: &ActiveSession, onward: &Onward) -> Result<HttpResponse, Stop> {
    show_new_codes(visit, session, onward.href.as_deref().unwrap_or(PATH)).await
}

/// Makes new codes and shows them, this once, on the way to `onward`.
pub async fn show_new_codes(visit: &Visit<'_>, session: &ActiveSession, onward: &str) -> Result<HttpResponse, Stop> {
    let codes = visit.app.identity.make_recovery_codes(session, &visit.origin()).await?;
    let account = Shell::new(visit, session, PATH);
    let page = CodesPage {
        page: &visit.frame,
        account: &account,
        codes: &codes,
        host: &visit.frame.host,
        onward: visit.frame.url(onward),
    };
    Ok(account.show(visit, &page, Answer::default()))
}

/// What the form says about the code before.
#[derive(Default)]
struct Attempt {
    problem: Option<String>,
    status: StatusCode,
    retry_after: Option<u64>,
}

fn failed(visit: &Visit<'_>, error: LoginError) -> Result<Attempt, Stop> {
    let t = &visit.frame.t;
    match error {
        LoginError::Rejected => Ok(Attempt {
            problem: Some(t.text("two-step-app-wrong")),
            status: StatusCode::UNPROCESSABLE_ENTITY,
            retry_after: None,
        }),
        LoginError::Throttled { retry_after } => Ok(Attempt {
            problem: Some(throttled_text(*t, retry_after)),
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(retry_after),
        }),
        LoginError::Storage(error) => Err(error.into()),
        error => Err(Error::Internal(Box::new(error)).into()),
    }
}

async fn app_form(
    visit: &Visit<'_>,
    session: &ActiveSession,
    onward: &Onward,
    attempt: Attempt,
) -> Result<HttpResponse, Stop> {
    let setup = match visit.app.identity.totp_setup(&visit.cx().sealer, session).await {
        Ok(Some(setup)) => setup,
        // Done, given up, or another session's.
        Ok(None) => return Ok(visit.go(&onward.page(PATH))),
        Err(LoginError::Storage(error)) => return Err(error.into()),
        Err(error) => return Err(Error::Internal(Box::new(error)).into()),
    };
    let code = QrCode::with_error_correction_level(setup.uri.as_bytes(), EcLevel::M)
        .map_err(|error| Error::Internal(Box::new(error)))?;
    let account = Shell::new(visit, session, PATH);
    let page = AppPage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(&onward.page(APP), APP_PURPOSE, &session.sid),
        side: code.width() + 2 * QUIET_ZONE,
        modules: modules(&code),
        uri: &setup.uri,
        secret: grouped(&setup.secret),
        problem: attempt.problem,
    };
    let answer = Answer { status: attempt.status, retry_after: attempt.retry_after, ..Answer::default() };
    Ok(account.show(visit, &page, answer))
}

/// Light modules around the code, without which it is not found.
const QUIET_ZONE: usize = 4;

/// The dark modules as the path of an SVG: one unit square each.
fn modules(code: &QrCode) -> String {
    use std::fmt::Write as _;
    let (width, mut path) = (code.width(), String::new());
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let _ = write!(path, "M{} {}h1v1h-1z", index % width + QUIET_ZONE, index / width + QUIET_ZONE);
        }
    }
    path
}

fn grouped(secret: &str) -> String {
    let mut text = String::with_capacity(secret.len() * 5 / 4);
    for (index, letter) in secret.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            text.push(' ');
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_its_dark_modules_within_the_quiet_zone() {
        let code = QrCode::new("otpauth://totp/x?secret=A").unwrap();
        let path = modules(&code);
        assert!(path.starts_with("M4 4h1v1h-1z"), "the first corner is dark");
        assert_eq!(path.matches('M').count(), code.to_colors().iter().filter(|color| **color == Color::Dark).count());
    }

    #[test]
    fn a_secret_is_read_in_groups() {
        assert_eq!(grouped("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}
