use std::ops::ControlFlow;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::finish::{Outcome, finish, repeat};
use super::problem::Stop;
use super::question::{Question, Sent};
use super::transaction::{Next, Transaction};
use super::visit::Visit;
use crate::identity::ActiveSession;
use crate::oauth::context::AuditSubject;
use crate::oauth::{Error, ScopeSet};
use crate::storage::{ConsentRecord, Consents as _};
use crate::web::App;
use crate::web::pages::{Answer, ConsentPage, FormTarget, destination, scope_sentences};

const QUESTION: Question = Question {
    path: "/consent",
    purpose: "consent",
    asks: |next| match next {
        Next::Consent(session) => ControlFlow::Continue(session),
        other => ControlFlow::Break(other),
    },
    page,
};

/// `GET /consent`: what the client asks for.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    QUESTION.get(&app, &req).await
}

/// `POST /consent`: Allow, Not now, or Not you.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let Sent { mut transaction, session, params } = match QUESTION.sent(visit, body).await? {
        ControlFlow::Continue(sent) => sent,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    match params.get("decision") {
        Some("allow") => {
            let user_id = session.user.id.clone();
            transaction.advance(visit, |progress| progress.allowed_by = Some(user_id.clone())).await?;
            if transaction.completed {
                return repeat(visit, &transaction).await;
            }
            remember(visit, &transaction, &session).await?;
            audit(visit, "consent_given", &transaction, &session);
            finish(visit, &transaction, Outcome::Allowed(&session)).await
        }
        Some("deny") => {
            audit(visit, "consent_refused", &transaction, &session);
            let error = Error::AccessDenied { hint: "the person did not allow it".into() };
            finish(visit, &transaction, Outcome::Refused(error)).await
        }
        Some("switch") => Ok(visit.go(&transaction.page_to_switch())),
        _ => Ok(QUESTION.form(visit, &transaction, &session)),
    }
}

/// Adds what was allowed to what this client was allowed before.
async fn remember(visit: &Visit<'_>, transaction: &Transaction, session: &ActiveSession) -> Result<(), Stop> {
    let (cx, client_id) = (visit.cx(), &transaction.client.client_id);
    let before = cx.store.find_consent(&session.user.id, client_id).await?;
    let (before, created_at) = before.map_or((String::new(), cx.now().millis()), |old| (old.scope, old.created_at));
    let scope = ScopeSet::parse(&format!("{before} {}", transaction.request.asked()))
        .map_err(|error| Error::Internal(Box::new(error)))?;
    cx.store
        .save_consent(&ConsentRecord {
            user_id: session.user.id.clone(),
            client_id: client_id.clone(),
            scope: scope.to_string(),
            created_at,
            last_used_at: cx.now().millis(),
        })
        .await?;
    Ok(())
}

fn audit(visit: &Visit<'_>, event: &str, transaction: &Transaction, session: &ActiveSession) {
    let about = AuditSubject {
        user_id: Some(&session.user.id),
        client_id: Some(&transaction.client.client_id),
        session_id: Some(&session.sid),
    };
    let id = visit.id();
    let details = json!({ "scope": transaction.request.asked().to_string() });
    visit.cx().audit(event, about, visit.caller(&id), &details);
}

fn page(visit: &Visit<'_>, transaction: &Transaction, session: &ActiveSession, form: &FormTarget) -> HttpResponse {
    let client = visit.card(&transaction.client);
    let page = ConsentPage {
        page: &visit.frame,
        client: &client,
        form,
        username: &session.user.username,
        scopes: scope_sentences(&visit.frame.t, &transaction.request.asked(), &visit.app.config.metadata.scopes),
        returns_to: destination(&visit.frame.t, &transaction.request.redirect_uri),
    };
    let leads_to = Some(transaction.request.redirect_uri.as_str());
    visit.page(&page, Answer { leads_to, ..Answer::default() })
}
