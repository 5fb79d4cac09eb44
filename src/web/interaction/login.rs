use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::finish::{Outcome, finish, proceed, repeat};
use super::problem::{self, Stop};
use super::transaction::{Next, Transaction};
use super::visit::{Visit, query, set};
use crate::identity::{LoginError, PasswordVerified};
use crate::oauth::{Error, Params};
use crate::web::App;
use crate::web::account::ACCOUNT;
use crate::web::pages::{Answer, ClientCard, LoginPage};

const PURPOSE: &str = "login";

/// `GET /login`: for a transaction, or, without one, to sign in at the server itself.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let mut visit = Visit::new(&app, &req, &[]);
    match show(&mut visit).await {
        Ok(response) => response,
        Err(stop) => problem::page(&visit, stop),
    }
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    let session = visit.session().await?;
    let Some(id) = params.get("tx") else {
        return Ok(match session {
            Some(_) => visit.go(&after(&params)),
            None => form(visit, None, &params, Attempt::default()),
        });
    };
    let transaction = load(visit, id).await?;
    let asked_to_switch = params.get("switch").is_some();
    match transaction.next(visit, session).await? {
        Next::Login => {}
        Next::Consent(_) if asked_to_switch => {}
        next => return proceed(visit, transaction, next).await,
    }
    let username = transaction.request.login_hint.clone().unwrap_or_default();
    Ok(form(visit, Some(&transaction), &params, Attempt { username: &username, ..Attempt::default() }))
}

/// `POST /login`: user name and password.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let mut visit = Visit::new(&app, &req, &[]);
    match Box::pin(submitted(&mut visit, body)).await {
        Ok(response) => response,
        Err(stop) => problem::page(&visit, stop),
    }
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let id = params.get("transaction").unwrap_or_default();
    visit.check(&params, PURPOSE, id)?;
    let transaction = if id.is_empty() { None } else { Some(load(visit, id).await?) };
    if let Some(transaction) = transaction.as_ref().filter(|transaction| transaction.completed) {
        return repeat(visit, transaction).await;
    }
    if let Some(transaction) = transaction.as_ref().filter(|_| params.has("cancel")) {
        let error = Error::AccessDenied { hint: "the person did not sign in".into() };
        return finish(visit, transaction, Outcome::Refused(error)).await;
    }
    let username = params.get("username").unwrap_or_default();
    let password = SecretString::from(params.get("password").unwrap_or_default());
    match visit.app.identity.verify_password(username, &password, &visit.origin()).await {
        Ok(proof) => {
            visit.app.metrics.login_attempt("pwd", "success");
            Box::pin(signed_in(visit, transaction, proof)).await
        }
        Err(error) => {
            let attempt = failed(visit, username, error)?;
            Ok(form(visit, transaction.as_ref(), &visit.query()?, attempt))
        }
    }
}

/// Starts the session, and goes on with what the person came for.
async fn signed_in(
    visit: &Visit<'_>,
    transaction: Option<Transaction>,
    proof: PasswordVerified,
) -> Result<HttpResponse, Stop> {
    let previous = visit.session().await?;
    let (session, token) = visit.app.identity.start_session(proof, previous.as_ref(), &visit.origin()).await?;
    if previous.is_some() {
        // Another person's session may just have ended: in force here before the answer leaves.
        visit.cx().follow_revocations().await?;
    }
    let mut response = match transaction {
        None => visit.go(&after(&visit.query()?)),
        Some(mut transaction) => {
            transaction.advance(visit, |progress| progress.signed_in = Some(session.sid.clone())).await?;
            let next = transaction.next(visit, Some(session)).await?;
            proceed(visit, transaction, next).await?
        }
    };
    set(&mut response, &visit.cookies.set_session(token.expose(), visit.app.config.sessions.ttl));
    Ok(response)
}

/// The transaction, and the page in its language.
async fn load(visit: &mut Visit<'_>, id: &str) -> Result<Transaction, Stop> {
    let transaction = Transaction::load(visit, id).await?;
    visit.speak(&transaction.request.ui_locales);
    Ok(transaction)
}

/// What the form says about the attempt before.
#[derive(Default)]
struct Attempt<'a> {
    username: &'a str,
    problem: Option<String>,
    status: StatusCode,
    retry_after: Option<u64>,
}

/// In the same words for an unknown user, a wrong password and a disabled account.
fn failed<'a>(visit: &Visit<'_>, username: &'a str, error: LoginError) -> Result<Attempt<'a>, Stop> {
    let t = &visit.frame.t;
    let (outcome, problem, status, retry_after) = match error {
        LoginError::Rejected => ("rejected", t.text("login-rejected"), StatusCode::UNPROCESSABLE_ENTITY, None),
        LoginError::Throttled { retry_after } => {
            let problem = t.with("login-throttled", "seconds", retry_after);
            ("throttled", problem, StatusCode::TOO_MANY_REQUESTS, Some(retry_after))
        }
        LoginError::Busy { retry_after } => {
            ("busy", t.text("login-busy"), StatusCode::SERVICE_UNAVAILABLE, Some(retry_after))
        }
        LoginError::Storage(error) => return Err(error.into()),
        error @ LoginError::Hashing => return Err(Error::Internal(Box::new(error)).into()),
    };
    visit.app.metrics.login_attempt("pwd", outcome);
    Ok(Attempt { username, problem: Some(problem), status, retry_after })
}

fn form(visit: &Visit<'_>, transaction: Option<&Transaction>, params: &Params, attempt: Attempt<'_>) -> HttpResponse {
    let client = transaction.map(|transaction| ClientCard::of(&transaction.client));
    let id = transaction.map(|transaction| transaction.id.as_str()).unwrap_or_default();
    let action = transaction.map_or_else(|| format!("/login{}", destination(params)), |tx| tx.page("/login"));
    let mut target = visit.target(&action, PURPOSE, id);
    id.clone_into(&mut target.transaction);
    let page = LoginPage {
        page: &visit.frame,
        client: client.as_ref(),
        form: &target,
        username: attempt.username,
        problem: attempt.problem,
    };
    let leads_to = transaction.map(|transaction| transaction.request.redirect_uri.as_str());
    visit
        .page(&page, Answer { status: attempt.status, leads_to, retry_after: attempt.retry_after, ..Answer::default() })
}

/// Where a sign-in without a transaction ends: one of our own pages, by name or, in the account, by path.
fn after(params: &Params) -> String {
    match params.get("next") {
        Some("device") => format!("/device{}", query(&[("user_code", params.get("user_code").unwrap_or_default())])),
        Some(path) if is_account_page(path) => path.to_owned(),
        _ => "/".to_owned(),
    }
}

fn destination(params: &Params) -> String {
    let known = |name| params.get(name).unwrap_or_default();
    match known("next") {
        "device" => query(&[("next", "device"), ("user_code", known("user_code"))]),
        path if is_account_page(path) => query(&[("next", path)]),
        _ => String::new(),
    }
}

fn is_account_page(path: &str) -> bool {
    let below = path.strip_prefix(ACCOUNT);
    below.is_some_and(|rest| {
        rest.is_empty()
            || rest.starts_with('/')
                && rest.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'/' | b'-'))
    })
}
