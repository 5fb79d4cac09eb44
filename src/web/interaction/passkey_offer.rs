//! The one time in a month that a passkey is offered: after a sign-in without one, in a browser that can make one, before
//! the person gets to where they were going. Whatever they answer, they go on.

use std::ops::ControlFlow;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::finish::proceed;
use super::local_path::LocalPath;
use super::login;
use super::passkey::{answer, explained, landing, passkey_form};
use super::problem::Stop;
use super::sign_in::{login_for, next_page};
use super::transaction::Transaction;
use super::visit::Visit;
use crate::identity::ActiveSession;
use crate::web::App;
use crate::web::account::{fresh_to_set_up, show_new_codes};
use crate::web::pages::{Answer, ClientCard, PasskeyOfferPage};

const PURPOSE: &str = "passkey_offer";
const OFFER: &str = "/login/passkey/offer";
const OPTIONS: &str = "/login/passkey/offer/options";

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource(OFFER).route(web::get().to(get)).route(web::post().to(post)))
        .service(web::resource(OPTIONS).route(web::post().to(options)));
}

/// The offer to whoever signs in for an application.
pub fn before_answer(transaction: &Transaction) -> String {
    transaction.page(OFFER)
}

/// The offer to whoever signs in for a page of ours.
pub fn before_page(next: Option<&LocalPath>) -> String {
    login_for(next).replacen("/login", OFFER, 1)
}

/// `GET /login/passkey/offer`.
async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    let transaction = match params.get("tx") {
        Some(id) => Some(login::load(visit, id).await?),
        None => None,
    };
    let session = person(visit, transaction.as_ref()).await?;
    page(visit, transaction.as_ref(), &session, None)
}

/// `POST /login/passkey/offer`: a passkey, or none; then on.
async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let (params, transaction) = match login::sent(visit, body, PURPOSE).await? {
        ControlFlow::Continue(sent) => sent,
        ControlFlow::Break(answer) => return Ok(answer),
    };
    let session = person(visit, transaction.as_ref()).await?;
    if params.has("credential") {
        let name = visit.frame.t.text("passkey-default-name");
        let identity = &visit.app.identity;
        let added = identity.register_passkey(&session, answer(&params), &name, visit.browser(), &visit.origin()).await;
        if let Err(error) = added {
            let problem = explained(&visit.frame.t, error)?;
            return page(visit, transaction.as_ref(), &session, Some(problem));
        }
        if identity.second_factors(&session.user.id).await?.recovery_codes == 0 {
            // Without any, a lost passkey would leave no second step. From the codes the person goes on.
            return match &transaction {
                Some(transaction) => show_new_codes(visit, &session, &transaction.page("/login")).await,
                None => show_new_codes(visit, &session, landing(next_page(&visit.query()?).as_ref())).await,
            };
        }
    }
    match transaction {
        Some(transaction) => {
            let next = transaction.next(visit, Some(session)).await?;
            proceed(visit, transaction, next).await
        }
        None => Ok(visit.go(landing(next_page(&visit.query()?).as_ref()))),
    }
}

/// `POST /login/passkey/offer/options`.
async fn options(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let params = visit.form(body).await?;
        visit.check(&params, PURPOSE, params.get("transaction").unwrap_or_default())?;
        let session = fresh_to_set_up(visit, "").await?;
        Ok(HttpResponse::Ok().json(visit.app.identity.begin_passkey_registration(&session, visit.browser()).await?))
    })
    .await
}

/// Whoever has just signed in. A way in is added only while that is fresh; later the person signs in again.
async fn person(visit: &mut Visit<'_>, transaction: Option<&Transaction>) -> Result<ActiveSession, Stop> {
    match (fresh_to_set_up(visit, "").await, transaction) {
        (Err(Stop::SignInAgain { .. }), Some(transaction)) => {
            Err(Stop::Lost { client_id: Some(transaction.client.client_id.clone()) })
        }
        (session, _) => session,
    }
}

fn page(
    visit: &Visit<'_>,
    transaction: Option<&Transaction>,
    session: &ActiveSession,
    problem: Option<String>,
) -> Result<HttpResponse, Stop> {
    let id = transaction.map(|transaction| transaction.id.as_str()).unwrap_or_default();
    let action = match transaction {
        Some(transaction) => before_answer(transaction),
        None => before_page(next_page(&visit.query()?).as_ref()),
    };
    let mut form = visit.target(&action, PURPOSE, id);
    id.clone_into(&mut form.transaction);
    let mut passkey = passkey_form(visit, "create", &action, OPTIONS, (PURPOSE, id)).ok_or(Stop::NotFound)?;
    id.clone_into(&mut passkey.form.transaction);
    let client = transaction.map(|transaction| ClientCard::of(&transaction.client));
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = PasskeyOfferPage {
        page: &visit.frame,
        client: client.as_ref(),
        passkey: &passkey,
        form: &form,
        username: &session.user.username,
        problem,
    };
    let leads_to = transaction.map(|transaction| transaction.request.redirect_uri.as_str());
    Ok(visit.page(&page, Answer { status, leads_to, fetches: true, ..Answer::default() }))
}
