use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrecy::SecretString;

use super::api_keys::EndKeys;
use super::{Shell, done, fresh, signed_in};
use crate::identity::{ActiveSession, LoginError, UserError};
use crate::oauth::Error;
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, FormTarget, Frame, throttled_text, weakness_text};

pub const PATH: &str = "/account/password";
const PURPOSE: &str = "account-password";

/// A new password, against the present one.
#[derive(Template)]
#[template(path = "account_password.html")]
pub struct PasswordPage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    /// The account has a password, which must be said.
    pub has_password: bool,
    pub problem: Option<String>,
    /// The field that the problem is about.
    pub wrong: &'static str,
    pub min_length: usize,
    pub end_keys: Option<EndKeys>,
}

/// `GET /account/password`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = permitted(visit).await?;
    let end_keys = EndKeys::of(visit, &session.user.id, false).await?;
    Ok(form(visit, &session, end_keys, Outcome::default()))
}

/// `POST /account/password`: ends every other session, and gives this browser a new one.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let session = permitted(visit).await?;
    visit.check(&params, PURPOSE, &session.sid)?;
    let identity = &visit.app.identity;
    if session.user.password_hash.is_some() {
        let current = SecretString::from(params.get("current").unwrap_or_default());
        if let Err(error) = identity.verify_password(&session.user.username, &current, &visit.origin()).await {
            let outcome = not_the_current_one(visit, error)?;
            let end_keys = EndKeys::again(visit, &session.user.id, &params).await?;
            return Ok(form(visit, &session, end_keys, outcome));
        }
    }
    let password = SecretString::from(params.get("password").unwrap_or_default());
    let (renewed, token) =
        match identity.change_password(&session, &password, EndKeys::is_asked(&params), &visit.origin()).await {
            Ok(renewed) => renewed,
            // The session has ended since.
            Err(UserError::Unknown) => return Err(Stop::SignIn { next: PATH.to_owned() }),
            Err(error) => {
                let outcome = not_a_new_one(visit, error)?;
                let end_keys = EndKeys::again(visit, &session.user.id, &params).await?;
                return Ok(form(visit, &session, end_keys, outcome));
            }
        };
    visit.cx().follow_revocations().await?;
    let mut response = done(visit, PATH, "done-password");
    visit.remember(&mut response, &renewed.sid, &token);
    Ok(response)
}

/// The present password is proof enough for whoever signs in by it alone. Without one, or with a second factor, the person
/// has to have proved who they are just now: the session that follows is as strong as the one before, and fresh.
async fn permitted(visit: &mut Visit<'_>) -> Result<ActiveSession, Stop> {
    let session = signed_in(visit, PATH).await?;
    let by_password_alone =
        session.user.password_hash.is_some() && !visit.app.identity.second_factors(&session.user.id).await?.any();
    if by_password_alone { Ok(session) } else { fresh(visit, PATH).await }
}

#[derive(Default)]
struct Outcome {
    problem: Option<String>,
    wrong: &'static str,
    status: StatusCode,
    retry_after: Option<u64>,
}

fn not_the_current_one(visit: &Visit<'_>, error: LoginError) -> Result<Outcome, Stop> {
    let t = &visit.frame.t;
    let (problem, status, retry_after) = match error {
        LoginError::Rejected => (t.text("password-current-wrong"), StatusCode::UNPROCESSABLE_ENTITY, None),
        LoginError::Throttled { retry_after } => {
            (throttled_text(*t, retry_after), StatusCode::TOO_MANY_REQUESTS, Some(retry_after))
        }
        LoginError::Busy { retry_after } => (t.text("login-busy"), StatusCode::SERVICE_UNAVAILABLE, Some(retry_after)),
        LoginError::Storage(error) => return Err(error.into()),
        error @ (LoginError::Hashing | LoginError::Unreadable(_)) => {
            return Err(Error::Internal(Box::new(error)).into());
        }
    };
    Ok(Outcome { problem: Some(problem), wrong: "current", status, retry_after })
}

fn not_a_new_one(visit: &Visit<'_>, error: UserError) -> Result<Outcome, Stop> {
    let t = &visit.frame.t;
    let problem = match error {
        UserError::PasswordTooShort { min } => t.with("setup-password-short", "min", min),
        UserError::PasswordTooLong => t.text("setup-password-long"),
        UserError::PasswordIsName => t.text("setup-password-name"),
        UserError::PasswordWeak(weakness) => t.text(weakness_text(weakness)),
        UserError::Busy { retry_after } => {
            return Ok(Outcome {
                problem: Some(t.text("login-busy")),
                wrong: "",
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after: Some(retry_after),
            });
        }
        UserError::Storage(error) => return Err(error.into()),
        error => return Err(Error::Internal(Box::new(error)).into()),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(Outcome { problem: Some(problem), wrong: "password", status, retry_after: None })
}

fn form(visit: &Visit<'_>, session: &ActiveSession, end_keys: Option<EndKeys>, outcome: Outcome) -> HttpResponse {
    let account = Shell::new(visit, session, PATH);
    let page = PasswordPage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(PATH, PURPOSE, &session.sid),
        has_password: session.user.password_hash.is_some(),
        problem: outcome.problem,
        wrong: outcome.wrong,
        min_length: visit.app.config.passwords.min_length,
        end_keys,
    };
    let answer = Answer { status: outcome.status, retry_after: outcome.retry_after, ..Answer::default() };
    account.show(visit, &page, answer)
}
