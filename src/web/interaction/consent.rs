use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::finish::{Outcome, finish, proceed, repeat};
use super::problem::{self, Stop};
use super::transaction::{Next, Transaction};
use super::visit::Visit;
use crate::identity::ActiveSession;
use crate::oauth::context::AuditSubject;
use crate::oauth::{Error, ScopeSet};
use crate::storage::{ConsentRecord, Consents as _};
use crate::web::App;
use crate::web::pages::{Answer, ConsentPage, destination, scope_sentences};

const PURPOSE: &str = "consent";

/// `GET /consent`: what the client asks for.
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
        Next::Consent(session) => Ok(form(visit, &transaction, &session)),
        next => proceed(visit, transaction, next).await,
    }
}

/// `POST /consent`: Allow, Not now, or Not you.
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
    // Bound to the person the page was shown to: nobody allows with another's click.
    visit.check(&params, PURPOSE, &about(&transaction, shown_to))?;
    if transaction.completed {
        return repeat(visit, &transaction).await;
    }
    let session = match transaction.next(visit, session).await? {
        Next::Consent(session) => session,
        next => return proceed(visit, transaction, next).await,
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
        _ => Ok(form(visit, &transaction, &session)),
    }
}

/// The transaction, and the page in its language.
async fn load(visit: &mut Visit<'_>, id: &str) -> Result<Transaction, Stop> {
    let transaction = Transaction::load(visit, id).await?;
    visit.speak(&transaction.request.ui_locales);
    Ok(transaction)
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

fn about(transaction: &Transaction, user_id: &str) -> String {
    format!("{} {user_id}", transaction.id)
}

fn form(visit: &Visit<'_>, transaction: &Transaction, session: &ActiveSession) -> HttpResponse {
    let client = visit.card(&transaction.client);
    let mut target = visit.target(&transaction.page("/consent"), PURPOSE, &about(transaction, &session.user.id));
    target.transaction.clone_from(&transaction.id);
    let page = ConsentPage {
        page: &visit.frame,
        client: &client,
        form: &target,
        username: &session.user.username,
        scopes: scope_sentences(&visit.frame.t, &transaction.request.asked(), &visit.app.config.metadata.scopes),
        returns_to: destination(&visit.frame.t, &transaction.request.redirect_uri),
    };
    let leads_to = Some(transaction.request.redirect_uri.as_str());
    visit.page(&page, Answer { leads_to, ..Answer::default() })
}
