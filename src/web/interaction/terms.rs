//! The operator's terms, where they are new to whoever signs in: asked about before there is a session.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::errand::Errand;
use super::factor::{Half, begin_anew, cancelled, errand, pending};
use super::problem::{self, Stop};
use super::said::Said;
use super::sign_in::{for_pending, go_on, lacks_factor};
use super::visit::{Visit, set};
use crate::config::Config;
use crate::identity::{LoginError, PendingLogin};
use crate::oauth::Error;
use crate::web::App;
use crate::web::pages::{Answer, TermsPage, TermsToAccept};

pub const PATH: &str = "/login/terms";
const PURPOSE: &str = "terms";

/// Routes below the issuer's path.
pub fn routes(cfg: &mut ServiceConfig, config: &Config) {
    if config.registration.terms().is_some() {
        cfg.service(web::resource(PATH).route(web::get().to(get)).route(web::post().to(post)));
    }
}

/// `GET /login/terms`: for whoever holds the cookie of a sign-in that lacks nothing else.
async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    match waiting(visit).await? {
        Ok((login, errand)) => Ok(form(visit, &login, &errand, Said::default())),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /login/terms`: accepts them, or gives the sign-in up.
async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let (login, errand) = match waiting(visit).await? {
        Ok(waiting) => waiting,
        Err(elsewhere) => return Ok(elsewhere),
    };
    visit.check(&params, PURPOSE, &login.id)?;
    if params.has("cancel") {
        return cancelled(visit, Half::Login(login), errand).await;
    }
    let (identity, version) = (&visit.app.identity, params.get("terms").unwrap_or_default());
    if !identity.accept_terms(login.proofs.user(), version, &visit.origin()).await? {
        let said = Said::unprocessable(visit.frame.t.text("terms-missing"));
        return Ok(form(visit, &login, &errand, said));
    }
    let ended = visit.cookies.end_pending(&login.id);
    let proofs = match identity.take_pending_login(login).await {
        Ok(proofs) => proofs,
        Err(LoginError::Rejected) => return Ok(begin_anew(visit, &visit.query()?)),
        Err(LoginError::Storage(error)) => return Err(error.into()),
        Err(error) => return Err(Error::Internal(Box::new(error)).into()),
    };
    let mut response = go_on(visit, errand, proofs).await?;
    set(&mut response, &ended);
    Ok(response)
}

/// The sign-in that waits for this alone; the inner error is where the person goes instead.
async fn waiting(visit: &mut Visit<'_>) -> Result<Result<(PendingLogin, Errand), HttpResponse>, Stop> {
    let params = visit.query()?;
    let Some(login) = pending(visit, &params).await? else { return Ok(Err(begin_anew(visit, &params))) };
    let errand = errand(visit, &login).await?;
    if lacks_factor(visit, &login.proofs).await? {
        let page = for_pending(&errand.page("/login/factor"), &login.id);
        return Ok(Err(visit.go(&page)));
    }
    Ok(Ok((login, errand)))
}

fn form(visit: &Visit<'_>, login: &PendingLogin, errand: &Errand, said: Said) -> HttpResponse {
    let Some(terms) = visit.app.config.registration.terms() else { return problem::page(visit, Stop::NotFound) };
    let client = errand.transaction().map(|transaction| visit.card(&transaction.client));
    let answer = Answer { leads_to: errand.leads_to(), ..said.answer() };
    let page = TermsPage {
        page: &visit.frame,
        client: client.as_ref(),
        form: &visit.target(&for_pending(&errand.page(PATH), &login.id), PURPOSE, &login.id),
        username: &login.proofs.user().username,
        terms: TermsToAccept { uri: terms.uri.as_str(), version: terms.version, accepted: false },
        wrong: if said.problem.is_some() { "terms" } else { "" },
        problem: said.problem,
    };
    visit.page(&page, answer)
}
