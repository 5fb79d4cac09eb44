use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::finish::{proceed, write};
use super::problem::Stop;
use super::transaction::{Next, Transaction};
use super::visit::Visit;
use crate::oauth::authorize::{AuthorizationRequest, AuthorizationResponse, Prompt, Refusal, read};
use crate::oauth::registration::document;
use crate::oauth::{Error, Params};
use crate::web::oauth::form;
use crate::web::{App, client_address};

/// `GET /authorize` (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). With a session and a remembered consent the answer
/// is immediate, and nothing is stored but the code.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, answer_get).await
}

async fn answer_get(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    let request = match bound(visit, &params).await? {
        Ok(request) => request,
        Err(response) => return Ok(response),
    };
    let session = visit.session().await?;
    let transaction = Transaction::unstored(visit, request)?;
    let next = transaction.next(visit, session).await?;
    proceed(visit, transaction, next).await
}

/// `POST /authorize`. It comes from the client's site, so the browser sends no cookies with it: the transaction is made
/// here, and who is signed in is seen at the next page, which asks again what is missing.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| answer_post(visit, body).await).await
}

async fn answer_post(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = form::read(visit.req, body).await?;
    let request = match bound(visit, &params).await? {
        Ok(request) => request,
        Err(response) => return Ok(response),
    };
    proceed(visit, Transaction::unstored(visit, request)?, Next::Login).await
}

/// Tells the client of its mistake. Of one that nobody vouches for the person is told first, unless they are signed in or the
/// request wants no page: otherwise everybody who registers an address here could have this server send people there by a
/// link that is wrong on purpose (RFC 9700 §4.11.2).
async fn told(visit: &Visit<'_>, params: &Params, response: AuthorizationResponse) -> Result<HttpResponse, Stop> {
    let client = params.get("client_id").and_then(|client_id| visit.cx().active_client(client_id));
    let vouched_for = client.is_some_and(|client| client.metadata.registered_by.is_operator());
    let mut prompts = params.get("prompt").unwrap_or_default().split(' ');
    if vouched_for || prompts.any(|prompt| prompt == Prompt::None.name()) || visit.session().await?.is_some() {
        return Ok(write(visit, &response));
    }
    Err(Stop::Unvouched { response })
}

/// Reads the request. The inner error is the answer by redirect.
async fn bound(visit: &mut Visit<'_>, params: &Params) -> Result<Result<AuthorizationRequest, HttpResponse>, Stop> {
    if let Some(client_id) = params.get("client_id") {
        let address = client_address(visit.req, &visit.app.config);
        match document::learn(visit.cx(), client_id, address).await {
            Ok(()) => {}
            Err(error @ Error::InvalidClient { .. }) => {
                let client_id = Some(client_id.to_owned());
                return Err(Stop::Refused { error, received: None, registered: None, client_id });
            }
            Err(error) => return Err(error.into()),
        }
    }
    match read(visit.cx(), params) {
        Ok(request) => {
            visit.speak(&request.ui_locales);
            Ok(Ok(request))
        }
        Err(Refusal::Redirect(response)) => told(visit, params, response).await.map(Err),
        Err(Refusal::Page { error, received, registered }) => {
            let client_id = params.get("client_id").map(str::to_owned);
            Err(Stop::Refused { error, received, registered, client_id })
        }
        Err(Refusal::Server(error)) => Err(error.into()),
    }
}
