//! The end of a transaction: exactly one answer to the client, in the mode it asked for.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use moka::future::Cache;

use super::problem::Stop;
use super::register;
use super::transaction::{Next, Transaction, signed_in};
use super::visit::{Visit, see_other, set};
use crate::identity::ActiveSession;
use crate::oauth::Error;
use crate::oauth::authorize::{AuthorizationResponse, ResponseMode, allow};
use crate::oidc::session_state::session_state;
use crate::storage::{Accounts as _, Transactions as _};
use crate::web::account::TWO_STEP;
use crate::web::pages::{Answer, FormPostPage};

/// Answers just given, by transaction: a form sent twice by a double click gets the answer that its first sending
/// earned, whose arrival the browser did not wait for.
pub struct Finished(Cache<String, AuthorizationResponse>);

const REMEMBERED: u64 = 10_000;
/// Longer than a double click; short, since the answer carries a code.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);

impl Default for Finished {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build())
    }
}

/// Does what `next` says: a page of ours, or the answer to the client.
pub async fn proceed(visit: &Visit<'_>, transaction: Transaction, next: Next) -> Result<HttpResponse, Stop> {
    match next {
        Next::Registration
        | Next::Login
        | Next::Selection(_)
        | Next::Consent(_)
        | Next::Factor(_)
        | Next::Enrolment => {
            let path = match next {
                Next::Registration => register::begins(&visit.app.config).unwrap_or("/login"),
                Next::Selection(_) => "/login/select",
                Next::Consent(_) => "/consent",
                Next::Factor(_) => "/login/factor",
                Next::Enrolment => TWO_STEP,
                _ => "/login",
            };
            if transaction.id.is_empty() {
                return transaction.store(visit, |stored| visit.go(&stored.page(path))).await;
            }
            Ok(visit.go(&transaction.page(path)))
        }
        Next::Issue(session) => finish(visit, &transaction, Outcome::Allowed(&session)).await,
        Next::Refuse(error) => finish(visit, &transaction, Outcome::Refused(error)).await,
    }
}

/// The person gives the sign-in up. Where it was only wished for, they go on with the session they have; otherwise the client
/// is told.
pub async fn give_up(visit: &Visit<'_>, mut transaction: Transaction) -> Result<HttpResponse, Stop> {
    if let Some(session) = visit.session().await? {
        let sid = session.sid.clone();
        transaction.advance(visit, |progress| progress.declined = Some(sid.clone())).await?;
        if transaction.completed {
            return repeat(visit, &transaction).await;
        }
        let next = transaction.next(visit, Some(session)).await?;
        if matches!(next, Next::Consent(_) | Next::Issue(_)) {
            return proceed(visit, transaction, next).await;
        }
    }
    let error = Error::AccessDenied { hint: "the person did not sign in".into() };
    finish(visit, &transaction, Outcome::Refused(error)).await
}

pub enum Outcome<'a> {
    Allowed(&'a ActiveSession),
    Refused(Error),
}

/// Completes the transaction and answers the client. Whoever comes second gets the same answer for a moment, and
/// afterwards learns that the transaction is over.
pub async fn finish(visit: &Visit<'_>, transaction: &Transaction, outcome: Outcome<'_>) -> Result<HttpResponse, Stop> {
    let sid = match &outcome {
        Outcome::Allowed(session) => Some(session.sid.clone()),
        Outcome::Refused(_) => None,
    };
    let outcome = answerable(visit, transaction, outcome).await?;
    let mut response = answered_once(visit, transaction, outcome).await?;
    if sid.is_some() || visit.session().await?.is_none() {
        visit.show_browser_state(&mut response, sid.as_deref());
    }
    Ok(response)
}

/// Looks, before the transaction is over, whether the client has the key that its id_token is to be encrypted for. If not,
/// the client is told so: the person could do nothing about it.
async fn answerable<'a>(
    visit: &Visit<'_>,
    transaction: &Transaction,
    outcome: Outcome<'a>,
) -> Result<Outcome<'a>, Stop> {
    if matches!(outcome, Outcome::Refused(_)) || !transaction.request.response_type.gives_id_token() {
        return Ok(outcome);
    }
    let client = &transaction.client;
    match visit.cx().recipient(client, client.metadata.id_token_encrypted_response_alg).await {
        Ok(_) => Ok(outcome),
        Err(error @ Error::TemporarilyUnavailable { .. }) => {
            tracing::warn!(oauth.client_id = %client.client_id, %error, "a hybrid answer could not be encrypted");
            Ok(Outcome::Refused(error))
        }
        Err(error) => Err(error.into()),
    }
}

async fn answered_once(
    visit: &Visit<'_>,
    transaction: &Transaction,
    outcome: Outcome<'_>,
) -> Result<HttpResponse, Stop> {
    if transaction.id.is_empty() {
        return Ok(write(visit, &answer(visit, transaction, outcome).await?));
    }
    let once = async {
        let cx = visit.cx();
        if !cx.store.complete_transaction(&transaction.id, cx.now().millis()).await? {
            return Err(Stop::Lost { client_id: Some(transaction.client.client_id.clone()) });
        }
        answer(visit, transaction, outcome).await
    };
    let answered = visit.app.finished.0.try_get_with(transaction.id.clone(), once).await;
    let answered = answered.map_err(|stop| Arc::try_unwrap(stop).unwrap_or(Stop::Lost { client_id: None }))?;
    let mut response = write(visit, &answered);
    set(&mut response, &visit.cookies.end_transaction(&transaction.id));
    Ok(response)
}

/// The answer that a form sent twice has coming; otherwise the transaction is over.
pub async fn repeat(visit: &Visit<'_>, transaction: &Transaction) -> Result<HttpResponse, Stop> {
    let lost = || Stop::Lost { client_id: Some(transaction.client.client_id.clone()) };
    // Whoever completed it may still be answering: that answer is waited for.
    let answered = visit.app.finished.0.try_get_with(transaction.id.clone(), async { Err(lost()) }).await;
    let answered = answered.map_err(|stop: Arc<Stop>| Arc::try_unwrap(stop).unwrap_or_else(|_| lost()))?;
    Ok(write(visit, &answered))
}

async fn answer(
    visit: &Visit<'_>,
    transaction: &Transaction,
    outcome: Outcome<'_>,
) -> Result<AuthorizationResponse, Stop> {
    let request = &transaction.request;
    let session = match outcome {
        Outcome::Refused(error) => return Ok(request.refuse(&error, visit.issuer())),
        Outcome::Allowed(session) => session,
    };
    let signed_in = signed_in(visit.cx(), &transaction.client, session);
    let response = Box::pin(allow(visit.cx(), &transaction.client, request, &signed_in)).await?;
    note_use(visit, session, transaction);
    if !visit.app.config.sessions.check_session_iframe {
        return Ok(response);
    }
    let (client_id, state) = (&transaction.client.client_id, visit.browser_state(&session.sid));
    Ok(response.with_session_state(session_state(client_id, &request.redirect_uri, &state, visit.cx().random.as_ref())))
}

/// Writes an answer to the client: a redirect, or a form that sends itself.
pub fn write(visit: &Visit<'_>, response: &AuthorizationResponse) -> HttpResponse {
    match response.mode {
        ResponseMode::Query | ResponseMode::Fragment => see_other(&response.location()),
        ResponseMode::FormPost => {
            let page = FormPostPage {
                page: &visit.frame,
                action: &response.redirect_uri,
                params: &response.params,
                script: FormPostPage::SCRIPT,
            };
            let hash = FormPostPage::script_hash();
            let answer =
                Answer { leads_to: Some(&response.redirect_uri), script_hash: Some(&hash), ..Answer::default() };
            visit.page(&page, answer)
        }
    }
}

/// Notes that the consent was used, beside the request: the person sees it, and nothing depends on it.
fn note_use(visit: &Visit<'_>, session: &ActiveSession, transaction: &Transaction) {
    if transaction.client.metadata.skip_consent {
        return;
    }
    let (store, now) = (visit.cx().store.clone(), visit.cx().now().millis());
    let (user_id, client_id) = (session.user.id.clone(), transaction.client.client_id.clone());
    tokio::spawn(async move {
        if let Err(error) = store.touch_consent(&user_id, &client_id, now).await {
            tracing::debug!(%error, "last use of a consent could not be noted");
        }
    });
}
