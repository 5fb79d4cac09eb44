use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::problem::{self, Stop};
use super::visit::{Visit, set};
use crate::identity::{LoginError, SetupError, SetupForm, UserError};
use crate::oauth::{Error, Params};
use crate::storage;
use crate::web::App;
use crate::web::pages::{Answer, SetupPage};

const PURPOSE: &str = "setup";

/// `GET /setup`: the link's code is in the fragment, which no server and no log sees.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &req, &[]);
    form(&visit, &Params::default(), None, StatusCode::OK)
}

/// `POST /setup`: spends the link, and signs the administrator in.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let visit = Visit::new(&app, &req, &[]);
    match submitted(&visit, body).await {
        Ok(response) => response,
        Err(stop) => problem::page(&visit, stop),
    }
}

async fn submitted(visit: &Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, PURPOSE, "")?;
    let field = |name| params.get(name).unwrap_or_default();
    let password = SecretString::from(field("password"));
    let identity = &visit.app.identity;
    let setup = SetupForm {
        code: SecretString::from(field("code")),
        username: field("username").to_owned(),
        email: params.get("email").map(str::to_owned),
        password: password.clone(),
    };
    let user = match identity.redeem_setup_link(setup, &visit.origin()).await {
        Ok(user) => user,
        Err(error) => {
            let (problem, status) = explained(visit, error)?;
            return Ok(form(visit, &params, Some(problem), status));
        }
    };
    visit.cx().follow_revocations().await?;
    let previous = visit.session().await?;
    let mut response = visit.go("/");
    match identity.verify_password(&user.username, &password, &visit.origin()).await {
        Ok(proof) => {
            let (_, token) = identity.start_session(proof, previous.as_ref(), &visit.origin()).await?;
            set(&mut response, &visit.cookies.set_session(token.expose(), visit.app.config.sessions.ttl));
            Ok(response)
        }
        Err(LoginError::Storage(error)) => Err(error.into()),
        // The password is set; only signing in has to wait.
        Err(_) => Ok(visit.go("/login")),
    }
}

/// What is wrong, in words for the person and as a status.
fn explained(visit: &Visit<'_>, error: SetupError) -> Result<(String, StatusCode), Stop> {
    let t = &visit.frame.t;
    let key = match error {
        SetupError::DeadLink => "setup-dead",
        SetupError::AdminExists => "setup-exists",
        SetupError::User(UserError::PasswordTooShort { min }) => {
            return Ok((t.with("setup-password-short", "min", min), StatusCode::UNPROCESSABLE_ENTITY));
        }
        SetupError::User(UserError::Busy { .. }) => {
            return Ok((t.text("login-busy"), StatusCode::SERVICE_UNAVAILABLE));
        }
        SetupError::User(UserError::PasswordTooLong) => "setup-password-long",
        SetupError::User(UserError::PasswordIsName) => "setup-password-name",
        SetupError::User(UserError::Email) => "setup-email-bad",
        SetupError::User(UserError::Username) => "setup-username-bad",
        SetupError::Storage(storage::Error::Conflict(_))
        | SetupError::User(UserError::Storage(storage::Error::Conflict(_))) => "setup-taken",
        SetupError::Storage(error) | SetupError::User(UserError::Storage(error)) => return Err(error.into()),
        SetupError::User(error) => return Err(Error::Internal(Box::new(error)).into()),
    };
    Ok((t.text(key), StatusCode::UNPROCESSABLE_ENTITY))
}

fn form(visit: &Visit<'_>, params: &Params, problem: Option<String>, status: StatusCode) -> HttpResponse {
    let field = |name| params.get(name).unwrap_or_default();
    let page = SetupPage {
        page: &visit.frame,
        form: &visit.target("/setup", PURPOSE, ""),
        username: field("username"),
        email: field("email"),
        problem,
        min_length: visit.app.config.passwords.min_length,
    };
    visit.page(&page, Answer::with_status(status))
}
