use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::problem::Stop;
use super::sign_in::signed_in;
use super::visit::Visit;
use crate::identity::{LoginError, SetupError, SetupForm, UserError};
use crate::oauth::{Error, Params};
use crate::storage;
use crate::web::App;
use crate::web::pages::{Answer, SetupPage, weakness_text};

const PURPOSE: &str = "setup";

/// `GET /setup`: the link's code is in the fragment, which no server and no log sees.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let visit = Visit::new(&app, &req);
    form(&visit, &Params::default(), Outcome::default())
}

/// `POST /setup`: spends the link, and signs the administrator in.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
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
            return Ok(form(visit, &params, explained(visit, error)?));
        }
    };
    visit.cx().follow_revocations().await?;
    match identity.verify_password(&user.username, &password, &visit.origin()).await {
        Ok(proof) => signed_in(visit, None, proof).await,
        Err(LoginError::Storage(error)) => Err(error.into()),
        // The password is set; only signing in has to wait.
        Err(_) => Ok(visit.go("/login")),
    }
}

/// What the form says about the attempt before: in words, which field, and as a status.
#[derive(Default)]
struct Outcome {
    problem: Option<String>,
    wrong: &'static str,
    status: StatusCode,
}

fn explained(visit: &Visit<'_>, error: SetupError) -> Result<Outcome, Stop> {
    let t = &visit.frame.t;
    let (wrong, problem) = match error {
        SetupError::DeadLink => ("code", t.text("setup-dead")),
        SetupError::AdminExists => ("code", t.text("setup-exists")),
        SetupError::User(UserError::PasswordTooShort { min }) => {
            ("password", t.with("setup-password-short", "min", min))
        }
        SetupError::User(UserError::Busy { .. }) => {
            let problem = Some(t.text("login-busy"));
            return Ok(Outcome { problem, wrong: "", status: StatusCode::SERVICE_UNAVAILABLE });
        }
        SetupError::User(UserError::PasswordTooLong) => ("password", t.text("setup-password-long")),
        SetupError::User(UserError::PasswordIsName) => ("password", t.text("setup-password-name")),
        SetupError::User(UserError::PasswordWeak(weakness)) => ("password", t.text(weakness_text(weakness))),
        SetupError::User(UserError::Email) => ("email", t.text("setup-email-bad")),
        SetupError::User(UserError::Username) => ("username", t.text("setup-username-bad")),
        SetupError::Storage(storage::Error::Conflict(_))
        | SetupError::User(UserError::Storage(storage::Error::Conflict(_))) => ("username", t.text("setup-taken")),
        SetupError::Storage(error) | SetupError::User(UserError::Storage(error)) => return Err(error.into()),
        SetupError::User(error) => return Err(Error::Internal(Box::new(error)).into()),
    };
    Ok(Outcome { problem: Some(problem), wrong, status: StatusCode::UNPROCESSABLE_ENTITY })
}

fn form(visit: &Visit<'_>, params: &Params, outcome: Outcome) -> HttpResponse {
    let field = |name| params.get(name).unwrap_or_default();
    let page = SetupPage {
        page: &visit.frame,
        form: &visit.target("/setup", PURPOSE, ""),
        code: if outcome.wrong == "code" { "" } else { field("code") },
        username: field("username"),
        email: field("email"),
        problem: outcome.problem,
        wrong: outcome.wrong,
        min_length: visit.app.config.passwords.min_length,
    };
    visit.page(&page, Answer::with_status(outcome.status))
}
