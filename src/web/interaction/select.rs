//! `prompt=select_account` (OpenID Connect Core §3.1.2.1) for a browser where somebody is signed in.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::finish::{Outcome, finish, proceed, repeat};
use super::login::load;
use super::problem::{self, Stop};
use super::transaction::{Next, Transaction};
use super::visit::Visit;
use crate::identity::ActiveSession;
use crate::oauth::Error;
use crate::web::App;
use crate::web::pages::{Answer, SelectPage};

const PURPOSE: &str = "select";

/// `GET /login/select`: who is signed in.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let mut visit = Visit::new(&app, &req, &[]);
    match show(&mut visit).await {
        Ok(response) => response,
        Err(stop) => problem::page(&visit, stop),
    }
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    let transaction = load(visit, params.get("tx").unwrap_or_default()).await?;
    let session = visit.session().await?;
    match transaction.next(visit, session).await? {
        Next::Selection(session) => Ok(form(visit, &transaction, &session)),
        next => proceed(visit, transaction, next).await,
    }
}

/// `POST /login/select`: Continue, Use another account, or Cancel.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let mut visit = Visit::new(&app, &req, &[]);
    match submitted(&mut visit, body).await {
        Ok(response) => response,
        Err(stop) => problem::page(&visit, stop),
    }
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let mut transaction = load(visit, params.get("transaction").unwrap_or_default()).await?;
    let session = visit.session().await?;
    let shown_to = session.as_ref().map(|session| session.user.id.as_str()).unwrap_or_default();
    // Bound to the person the page named: nobody goes on as somebody else by it.
    visit.check(&params, PURPOSE, &about(&transaction, shown_to))?;
    if transaction.completed {
        return repeat(visit, &transaction).await;
    }
    let session = match transaction.next(visit, session).await? {
        Next::Selection(session) => session,
        next => return proceed(visit, transaction, next).await,
    };
    match params.get("decision") {
        Some("continue") => {
            let sid = session.sid.clone();
            transaction.advance(visit, |progress| progress.chosen = Some(sid.clone())).await?;
            if transaction.completed {
                return repeat(visit, &transaction).await;
            }
            let next = transaction.next(visit, Some(session)).await?;
            proceed(visit, transaction, next).await
        }
        Some("switch") => Ok(visit.go(&transaction.page_to_switch())),
        Some("cancel") => {
            let error = Error::AccessDenied { hint: "the person chose no account".into() };
            finish(visit, &transaction, Outcome::Refused(error)).await
        }
        _ => Ok(form(visit, &transaction, &session)),
    }
}

fn about(transaction: &Transaction, user_id: &str) -> String {
    format!("{} {user_id}", transaction.id)
}

fn form(visit: &Visit<'_>, transaction: &Transaction, session: &ActiveSession) -> HttpResponse {
    let client = visit.card(&transaction.client);
    let mut target = visit.target(&transaction.page("/login/select"), PURPOSE, &about(transaction, &session.user.id));
    target.transaction.clone_from(&transaction.id);
    let page = SelectPage { page: &visit.frame, client: &client, form: &target, username: &session.user.username };
    let leads_to = Some(transaction.request.redirect_uri.as_str());
    visit.page(&page, Answer { leads_to, ..Answer::default() })
}
