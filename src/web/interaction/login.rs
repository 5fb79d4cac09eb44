use std::ops::ControlFlow;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::email_code;
use super::finish::{give_up, proceed, repeat};
use super::local_path::LocalPath;
use super::passkey;
use super::problem::Stop;
use super::register;
use super::sign_in::{login_for, next_page, signed_in};
use super::transaction::{Next, Transaction};
use super::upstream;
use super::visit::{Visit, query};
use crate::identity::{ActiveSession, LoginError};
use crate::oauth::{Error, Params};
use crate::web::App;
use crate::web::pages::{Answer, LoginPage, throttled_text};

pub(super) const PURPOSE: &str = "login";
/// Shows every way to sign in.
const MORE: &str = "more";

/// `GET /login`: for a transaction, or, without one, to sign in at the server itself.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    let Some(id) = params.get("tx") else {
        let session = visit.person().await?;
        return Ok(show_without_transaction(visit, &params, session.as_ref()));
    };
    let transaction = load(visit, id).await?;
    let session = visit.person().await?;
    let asked_to_switch = params.get("switch").is_some();
    let chosen = session.as_ref().filter(|session| transaction.progress.chosen.as_ref() == Some(&session.sid));
    let chosen = chosen.map(|session| session.user.username.clone()).filter(|_| !asked_to_switch);
    match transaction.next(visit, session).await? {
        Next::Login => {}
        Next::Registration | Next::Consent(_) | Next::Selection(_) if asked_to_switch => {}
        // It was switched off since the request came.
        Next::Registration if register::begins(&visit.app.config).is_none() => {}
        next => return proceed(visit, transaction, next).await,
    }
    let username = chosen.or_else(|| transaction.request.login_hint.clone()).unwrap_or_default();
    Ok(form(visit, Some(&transaction), &params, Attempt { username: &username, ..Attempt::default() }))
}

/// To reach a page of ours. With `again` whoever is signed in, but has not just proved it, is asked once more.
fn show_without_transaction(visit: &Visit<'_>, params: &Params, session: Option<&ActiveSession>) -> HttpResponse {
    let next = next_page(params);
    match session {
        Some(session) if !params.has("again") || session.is_fresh(visit.cx().now()) => {
            visit.go(next.as_ref().map_or("/", LocalPath::as_str))
        }
        session => {
            let username = session.map(|session| session.user.username.as_str()).unwrap_or_default();
            form(visit, None, params, Attempt { username, confirms: session.is_some(), ..Attempt::default() })
        }
    }
}

/// `POST /login`: user name and password.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let (params, transaction) = match sent(visit, body, PURPOSE).await? {
        ControlFlow::Continue(sent) => sent,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    let transaction = match transaction {
        Some(transaction) if params.has("cancel") => return give_up(visit, transaction).await,
        other => other,
    };
    visit.read_remember(&params);
    let username = params.get("username").unwrap_or_default();
    let password = SecretString::from(params.get("password").unwrap_or_default());
    match visit.app.identity.verify_password(username, &password, &visit.origin()).await {
        Ok(proof) => {
            visit.app.metrics.login_attempt("pwd", "success");
            visit.can_make_passkey = params.has("passkeys");
            let mut response = signed_in(visit, transaction, proof).await?;
            visit.note_brief(&mut response);
            Ok(response)
        }
        Err(error) => {
            let attempt = failed(visit, username, error)?;
            Ok(form(visit, transaction.as_ref(), &visit.query()?, attempt))
        }
    }
}

/// A form of the way in: what it says, and the transaction that it is for, if for any. To a form sent twice, whose first
/// sending has ended the transaction, there is only the answer given before.
pub(super) async fn sent(
    visit: &mut Visit<'_>,
    body: Payload,
    purpose: &str,
) -> Result<ControlFlow<HttpResponse, (Params, Option<Transaction>)>, Stop> {
    let params = visit.form(body).await?;
    let id = params.get("transaction").unwrap_or_default();
    visit.check(&params, purpose, id)?;
    if id.is_empty() {
        return Ok(ControlFlow::Continue((params, None)));
    }
    let transaction = load(visit, id).await?;
    if transaction.completed {
        return Ok(ControlFlow::Break(repeat(visit, &transaction).await?));
    }
    Ok(ControlFlow::Continue((params, Some(transaction))))
}

/// The transaction, and the page in its language.
pub(super) async fn load(visit: &mut Visit<'_>, id: &str) -> Result<Transaction, Stop> {
    let transaction = Transaction::load(visit, id).await?;
    visit.speak(&transaction.request.ui_locales);
    visit.meet(&transaction.client).await;
    Ok(transaction)
}

/// What the form says about the attempt before.
#[derive(Default)]
pub(super) struct Attempt<'a> {
    /// Somebody is signed in, and proves it once more.
    pub confirms: bool,
    pub username: &'a str,
    pub problem: Option<String>,
    pub status: StatusCode,
    pub retry_after: Option<u64>,
    /// A passkey that is not known here (any more): the browser may stop offering it.
    pub unknown_passkey: Option<String>,
}

/// In the same words for an unknown user, a wrong password and a disabled account.
fn failed<'a>(visit: &Visit<'_>, username: &'a str, error: LoginError) -> Result<Attempt<'a>, Stop> {
    let t = &visit.frame.t;
    let (outcome, problem, status, retry_after) = match error {
        LoginError::Rejected => ("rejected", t.text("login-rejected"), StatusCode::UNPROCESSABLE_ENTITY, None),
        LoginError::Throttled { retry_after } => {
            let problem = throttled_text(*t, retry_after);
            ("throttled", problem, StatusCode::TOO_MANY_REQUESTS, Some(retry_after))
        }
        LoginError::Busy { retry_after } => {
            ("busy", t.text("login-busy"), StatusCode::SERVICE_UNAVAILABLE, Some(retry_after))
        }
        LoginError::Storage(error) => return Err(error.into()),
        error @ (LoginError::Hashing | LoginError::Unreadable(_)) => {
            return Err(Error::Internal(Box::new(error)).into());
        }
    };
    visit.app.metrics.login_attempt("pwd", outcome);
    Ok(Attempt { username, problem: Some(problem), status, retry_after, unknown_passkey: None, confirms: false })
}

pub(super) fn form(
    visit: &Visit<'_>,
    transaction: Option<&Transaction>,
    params: &Params,
    attempt: Attempt<'_>,
) -> HttpResponse {
    let client = transaction.map(|transaction| visit.card(&transaction.client));
    let id = transaction.map(|transaction| transaction.id.as_str()).unwrap_or_default();
    let action = transaction.map_or_else(|| login_for(next_page(params).as_ref()), |tx| tx.page("/login"));
    let mut target = visit.target(&action, PURPOSE, id);
    id.clone_into(&mut target.transaction);
    let passkey = passkey::form(visit, transaction, params, attempt.unknown_passkey);
    let next = next_page(params);
    let more = params.has(MORE);
    let reset = visit.app.identity.writes_mails();
    // A page for the same errand.
    let beside = |path: &str| {
        let next = next.as_ref().map_or("", LocalPath::as_str);
        visit.frame.url(&transaction.map_or_else(|| format!("{path}{}", query(&[("next", next)])), |tx| tx.page(path)))
    };
    let page = LoginPage {
        register: register::begins(&visit.app.config).map(beside),
        email_code: email_code::begins(&visit.app.config).map(beside),
        upstreams: &upstream::buttons(visit, next.as_ref(), more),
        more: (!more && upstream::has_more(visit)).then(|| with_more(&visit.frame.url(&action))),
        page: &visit.frame,
        client: client.as_ref(),
        form: &target,
        username: attempt.username,
        confirms: attempt.confirms,
        problem: attempt.problem,
        remember: visit.app.config.sessions.remember_me.then_some(!visit.brief),
        passkey: passkey.as_ref(),
        reset: reset.then(|| beside("/reset")),
    };
    let leads_to = transaction.map(|transaction| transaction.request.redirect_uri.as_str());
    let answer = Answer { status: attempt.status, leads_to, retry_after: attempt.retry_after, ..Answer::default() };
    visit.page(&page, Answer { fetches: passkey.is_some(), ..answer })
}

fn with_more(page: &str) -> String {
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{page}{joint}{MORE}=1")
}
