//! `prompt=select_account` (OpenID Connect Core §3.1.2.1) for a browser where somebody is signed in.

use std::ops::ControlFlow;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::finish::{Outcome, finish, proceed, repeat};
use super::problem::Stop;
use super::question::{Question, Sent};
use super::transaction::{Next, Transaction};
use super::visit::Visit;
use crate::identity::ActiveSession;
use crate::oauth::Error;
use crate::web::App;
use crate::web::pages::{Answer, FormTarget, SelectPage};

const QUESTION: Question = Question {
    path: "/login/select",
    purpose: "select",
    asks: |next| match next {
        Next::Selection(session) => ControlFlow::Continue(session),
        other => ControlFlow::Break(other),
    },
    page,
};

/// `GET /login/select`: who is signed in.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    QUESTION.get(&app, &req).await
}

/// `POST /login/select`: Continue, Use another account, or Cancel.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let Sent { mut transaction, session, params } = match QUESTION.sent(visit, body).await? {
        ControlFlow::Continue(sent) => sent,
        ControlFlow::Break(answer) => return Ok(answer),
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
        _ => Ok(QUESTION.form(visit, &transaction, &session)),
    }
}

fn page(visit: &Visit<'_>, transaction: &Transaction, session: &ActiveSession, form: &FormTarget) -> HttpResponse {
    let client = visit.card(&transaction.client);
    let page = SelectPage { page: &visit.frame, client: &client, form, username: &session.user.username };
    let leads_to = Some(transaction.request.redirect_uri.as_str());
    visit.page(&page, Answer { leads_to, ..Answer::default() })
}
