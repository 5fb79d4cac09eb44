//! Signing in with a passkey alone. The browser's options come by a request of the page's script; what the authenticator
//! answers is sent as a form, so that what follows is a page like after a password.

use std::ops::ControlFlow;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::login::{self, Attempt};
use super::problem::Stop;
use super::sign_in::{login_for, next_page, signed_in};
use super::transaction::Transaction;
use super::visit::Visit;
use super::{local_path::LocalPath, passkey_offer};
use crate::identity::{PasskeyAnswer, PasskeyError};
use crate::oauth::Params;
use crate::web::App;
use crate::web::pages::{Locale, PasskeyForm, throttled_text};

const PURPOSE: &str = "login_passkey";
const OPTIONS: &str = "/login/passkey/options";
const VERIFY: &str = "/login/passkey/verify";

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource(OPTIONS).route(web::post().to(options)))
        .service(web::resource(VERIFY).route(web::get().to(back)).route(web::post().to(verify)))
        .configure(passkey_offer::routes);
}

/// The form that the login page has for it; `None` where passkeys are off.
pub fn form(
    visit: &Visit<'_>,
    transaction: Option<&Transaction>,
    params: &Params,
    unknown: Option<String>,
) -> Option<PasskeyForm> {
    let id = transaction.map(|transaction| transaction.id.as_str()).unwrap_or_default();
    let action = match transaction {
        Some(transaction) => transaction.page(VERIFY),
        None => login_for(next_page(params).as_ref()).replacen("/login", VERIFY, 1),
    };
    let mut passkey = passkey_form(visit, "get", &action, OPTIONS, (PURPOSE, id))?;
    id.clone_into(&mut passkey.form.transaction);
    let remembers = visit.app.config.sessions.remember_me;
    Some(PasskeyForm { is_conditional: true, remembers, unknown, ..passkey })
}

/// A form for a passkey. `csrf` is what its token is for and about: see [`Visit::target`].
pub fn passkey_form(
    visit: &Visit<'_>,
    ceremony: &'static str,
    action: &str,
    options: &str,
    csrf: (&str, &str),
) -> Option<PasskeyForm> {
    let config = &visit.app.config;
    Some(PasskeyForm {
        rp_id: config.passkeys.rp_id(&config.issuer)?.to_owned(),
        form: visit.target(action, csrf.0, csrf.1),
        ceremony,
        options: visit.frame.url(options),
        is_conditional: false,
        remembers: false,
        unknown: None,
    })
}

/// `POST /login/passkey/options`: a challenge for whoever comes. It names no credential (WebAuthn §14.6.2).
async fn options(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let params = visit.form(body).await?;
        visit.check(&params, PURPOSE, params.get("transaction").unwrap_or_default())?;
        visit.begins()?;
        Ok(HttpResponse::Ok().json(visit.app.identity.begin_passkey_sign_in(visit.browser()).await?))
    })
    .await
}

/// `GET /login/passkey/verify`: the page after a failed attempt, loaded again.
async fn back(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &req);
    visit.go(&format!("/login?{}", req.query_string()))
}

/// `POST /login/passkey/verify`: what the authenticator has answered.
async fn verify(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let (params, transaction) = match login::sent(visit, body, PURPOSE).await? {
        ControlFlow::Continue(sent) => sent,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    visit.read_remember(&params);
    let answer = answer(&params);
    match visit.app.identity.verify_passkey(answer, visit.browser(), &visit.origin()).await {
        Ok(proof) => {
            visit.app.metrics.login_attempt("passkey", "success");
            let mut response = signed_in(visit, transaction, proof).await?;
            visit.note_brief(&mut response);
            Ok(response)
        }
        Err(error) => {
            visit.app.metrics.login_attempt("passkey", "rejected");
            let unknown_passkey = matches!(error, PasskeyError::Unknown).then(|| credential_id(&answer)).flatten();
            let (status, retry_after) = status_of(&error);
            let problem = Some(explained(&visit.frame.t, error)?);
            let attempt = Attempt { problem, status, retry_after, unknown_passkey, ..Attempt::default() };
            Ok(login::form(visit, transaction.as_ref(), &visit.query()?, attempt))
        }
    }
}

/// What a form with a passkey's answer carries.
pub fn answer(params: &Params) -> PasskeyAnswer<'_> {
    PasskeyAnswer {
        challenge: params.get("challenge").unwrap_or_default(),
        credential: params.get("credential").unwrap_or_default(),
    }
}

/// The status of the page that says why, and when to come again.
pub fn status_of(error: &PasskeyError) -> (StatusCode, Option<u64>) {
    match error {
        PasskeyError::Throttled { retry_after } => (StatusCode::TOO_MANY_REQUESTS, Some(*retry_after)),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, None),
    }
}

/// In words for the person; what is wrong in the answer itself is for the log.
pub fn explained(t: &Locale, error: PasskeyError) -> Result<String, Stop> {
    Ok(match error {
        PasskeyError::Expired => t.text("passkey-expired"),
        PasskeyError::Unknown => t.text("passkey-unknown"),
        PasskeyError::Unverified => t.text("passkey-unverified"),
        PasskeyError::Refused(_) => t.text("passkey-refused"),
        PasskeyError::Throttled { retry_after } => throttled_text(*t, retry_after),
        PasskeyError::Taken => t.text("passkey-known"),
        PasskeyError::TooMany => t.text("passkey-too-many"),
        PasskeyError::Name => t.text("passkey-name-bad"),
        PasskeyError::LastWayIn => t.text("passkey-last"),
        error @ (PasskeyError::Off | PasskeyError::Storage(_)) => return Err(error.into()),
    })
}

impl From<PasskeyError> for Stop {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Storage(error) => error.into(),
            PasskeyError::Off => Self::NotFound,
            _ => Self::Forged,
        }
    }
}

/// The id that the answer names, if it is one: it goes back into the page.
fn credential_id(answer: &PasskeyAnswer<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named: Named = serde_json::from_str(answer.credential).ok()?;
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (named.id.len() <= 1400 && named.id.chars().all(is_id)).then_some(named.id)
}

/// Where a person goes who has signed in for a page of ours.
pub fn landing(next: Option<&LocalPath>) -> &str {
    next.map_or("/", LocalPath::as_str)
}
