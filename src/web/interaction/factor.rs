//! The second factor of a sign-in whose first one is proved.

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::errand::Errand;
use super::finish::{Outcome, finish, give_up, proceed};
use super::local_path::LocalPath;
use super::passkey::{answer, explained, passkey_form, status_of};
use super::problem::Stop;
use super::sign_in::{for_pending, go_on, login_for, next_page};
use super::transaction::{Next, Transaction};
use super::visit::{Visit, query, set};
use crate::base::acr::Acr;
use crate::identity::{ActiveSession, LoginError, PendingLogin, Proof, Proofs};
use crate::oauth::{Error, Params};
use crate::storage::UserRecord;
use crate::web::App;
use crate::web::pages::{Answer, FactorPage, throttled_text};

const PURPOSE: &str = "factor";
const PASSKEY: &str = "/login/factor/passkey";
const PASSKEY_OPTIONS: &str = "/login/factor/passkey/options";

/// Routes of a passkey as the second factor.
pub fn passkey_routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource(PASSKEY).route(web::post().to(post_passkey)))
        .service(web::resource(PASSKEY_OPTIONS).route(web::post().to(passkey_options)));
}

/// `GET /login/factor`: for whoever holds the cookie of a half-done sign-in.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    match waiting(visit, &params).await? {
        Ok((half, errand)) => {
            form(visit, &half, &errand, Attempt { recovery: params.has("recovery"), ..Attempt::default() }).await
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// `POST /login/factor`: a code of the app, or a recovery code.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let (half, errand) = match waiting(visit, &visit.query()?).await? {
        Ok(waiting) => waiting,
        Err(elsewhere) => return Ok(elsewhere),
    };
    visit.check(&params, PURPOSE, &half.about())?;
    if params.has("cancel") {
        return cancelled(visit, half, errand).await;
    }
    let recovery = params.has("recovery_code");
    let (identity, origin, user) = (&visit.app.identity, visit.origin(), half.user());
    let verified = if recovery {
        let code = params.get("recovery_code").unwrap_or_default();
        identity.verify_recovery_code(user, code, &origin).await.map(Proof::from)
    } else {
        let code = params.get("code").unwrap_or_default();
        identity.verify_totp(&visit.cx().sealer, user, code, &origin).await.map(Proof::from)
    };
    match verified {
        Ok(proof) => proved(visit, half, errand, &proof).await,
        Err(error) => {
            let attempt = failed(visit, recovery, error)?;
            if let Half::Login(login) = &half
                && attempt.is_wrong
                && (!identity.count_try(login).await? || login.tries_left <= 1)
            {
                return Ok(begin_anew(visit, &visit.query()?));
            }
            form(visit, &half, &errand, attempt).await
        }
    }
}

/// `POST /login/factor/passkey/options`: a challenge for the passkeys of whoever has proved the first factor.
async fn passkey_options(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| {
        let params = visit.form(body).await?;
        let half = match pending(visit, &visit.query()?).await? {
            Some(login) => Half::Login(login),
            None => Half::Session(visit.fresh_session("").await?),
        };
        visit.check(&params, PURPOSE, &half.about())?;
        Ok(HttpResponse::Ok()
            .json(visit.app.identity.begin_passkey_as_second_factor(half.user(), visit.browser()).await?))
    })
    .await
}

/// `POST /login/factor/passkey`: what the authenticator has answered.
async fn post_passkey(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| passkey_submitted(visit, body).await).await
}

async fn passkey_submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let (half, errand) = match waiting(visit, &visit.query()?).await? {
        Ok(waiting) => waiting,
        Err(elsewhere) => return Ok(elsewhere),
    };
    visit.check(&params, PURPOSE, &half.about())?;
    let (identity, origin) = (&visit.app.identity, visit.origin());
    let user = half.user();
    match identity.verify_passkey_as_second_factor(user, answer(&params), visit.browser(), &origin).await {
        Ok(proof) => proved(visit, half, errand, &proof.into()).await,
        Err(error) => {
            visit.app.metrics.login_attempt("passkey", "rejected");
            let (status, retry_after) = status_of(&error);
            let problem = Some(explained(&visit.frame.t, error)?);
            let attempt = Attempt { problem, status, retry_after, ..Attempt::default() };
            form(visit, &half, &errand, attempt).await
        }
    }
}

/// Both factors are proved: the person goes on with what they came for.
async fn proved(visit: &Visit<'_>, half: Half, errand: Errand, proof: &Proof) -> Result<HttpResponse, Stop> {
    visit.app.metrics.login_attempt(proof.method(), "success");
    let ended = half.end_cookie(visit);
    let proofs = match half {
        Half::Session(session) => Proofs::of_session(&session).and(proof),
        Half::Login(login) => match visit.app.identity.take_pending_login(login).await {
            Ok(proofs) => proofs.and(proof),
            Err(LoginError::Storage(error)) => return Err(error.into()),
            Err(_) => None,
        },
    };
    let Some(proofs) = proofs else { return Ok(begin_anew(visit, &visit.query()?)) };
    let response = Box::pin(go_on(visit, errand, proofs)).await?;
    Ok(with(response, ended))
}

pub(super) async fn cancelled(visit: &Visit<'_>, half: Half, errand: Errand) -> Result<HttpResponse, Stop> {
    let has_session = matches!(half, Half::Session(_));
    let ended = half.end_cookie(visit);
    if let Half::Login(login) = half {
        match visit.app.identity.take_pending_login(login).await {
            Ok(_) | Err(LoginError::Rejected) => {}
            Err(error) => return Err(Error::Internal(Box::new(error)).into()),
        }
    }
    let response = match errand {
        Errand::Page(_) if has_session => visit.go("/"),
        Errand::Page(path) => visit.go(&login_for(path.as_ref())),
        Errand::Transaction(transaction) if has_session => give_up(visit, *transaction).await?,
        Errand::Transaction(transaction) => {
            let error = Error::AccessDenied { hint: "the person did not sign in".into() };
            finish(visit, &transaction, Outcome::Refused(error)).await?
        }
    };
    Ok(with(response, ended))
}

fn with(mut response: HttpResponse, cookie: Option<Cookie<'_>>) -> HttpResponse {
    if let Some(cookie) = cookie {
        set(&mut response, &cookie);
    }
    response
}

/// What the second factor is added to.
pub(super) enum Half {
    /// A sign-in that is not done.
    Login(PendingLogin),
    /// A session whose first factor is fresh.
    Session(ActiveSession),
}

impl Half {
    fn user(&self) -> &UserRecord {
        match self {
            Self::Login(login) => login.proofs.user(),
            Self::Session(session) => &session.user,
        }
    }

    /// What a form is about: this sign-in, or this session, and no other.
    fn about(&self) -> String {
        match self {
            Self::Login(login) => login.id.clone(),
            Self::Session(session) => format!("session {}", session.sid),
        }
    }

    /// A page of the form's, under an address that names this sign-in among those of the browser.
    fn address(&self, page: String) -> String {
        match self {
            Self::Login(login) => for_pending(&page, &login.id),
            Self::Session(_) => page,
        }
    }

    /// Takes away the cookie of this sign-in.
    fn end_cookie(&self, visit: &Visit<'_>) -> Option<Cookie<'static>> {
        match self {
            Self::Login(login) => Some(visit.cookies.end_pending(&login.id)),
            Self::Session(_) => None,
        }
    }
}

/// What a second factor is waited for; the inner error is where the person goes instead.
async fn waiting(visit: &mut Visit<'_>, params: &Params) -> Result<Result<(Half, Errand), HttpResponse>, Stop> {
    if let Some(login) = pending(visit, params).await? {
        let errand = errand(visit, &login).await?;
        return Ok(Ok((Half::Login(login), errand)));
    }
    let Some(session) = visit.session().await? else { return Ok(Err(begin_anew(visit, params))) };
    let Some(id) = params.get("tx") else {
        visit.speak_to(&session.user);
        let due = session.acr < Acr::MultiFactor
            && session.is_fresh(visit.cx().now())
            && visit.app.identity.second_factors(&session.user.id).await?.any();
        let errand = Errand::Page(next_page(params));
        return Ok(if due { Ok((Half::Session(session), errand)) } else { Err(begin_anew(visit, params)) });
    };
    let transaction = Transaction::load(visit, id).await?;
    visit.speak(&transaction.request.ui_locales);
    visit.speak_to(&session.user);
    match transaction.next(visit, Some(session)).await? {
        Next::Factor(session) => Ok(Ok((Half::Session(session), Errand::Transaction(Box::new(transaction))))),
        next => Ok(Err(proceed(visit, transaction, next).await?)),
    }
}

/// The half-done sign-in of this browser that the address names, if it is live.
pub(super) async fn pending(visit: &Visit<'_>, params: &Params) -> Result<Option<PendingLogin>, Stop> {
    let Some(id) = params.get("login") else { return Ok(None) };
    let Some(cookie) = visit.cookies.pending(visit.req, id) else { return Ok(None) };
    let login = visit.app.identity.pending_login(&cookie).await?;
    Ok(login.filter(|login| login.id == id && login.tries_left > 0))
}

/// What the sign-in is for, and the page in its language or the person's.
pub(super) async fn errand(visit: &mut Visit<'_>, login: &PendingLogin) -> Result<Errand, Stop> {
    let Some(id) = &login.transaction_id else {
        visit.speak_to(login.proofs.user());
        return Ok(Errand::Page(login.next.as_deref().and_then(LocalPath::parse)));
    };
    let transaction = Transaction::load(visit, id).await?;
    visit.speak(&transaction.request.ui_locales);
    visit.speak_to(login.proofs.user());
    Ok(Errand::Transaction(Box::new(transaction)))
}

/// The sign-in took too long, was given up or is done: the first page, which knows what is left to do.
pub(super) fn begin_anew(visit: &Visit<'_>, params: &Params) -> HttpResponse {
    let path = match params.get("tx") {
        Some(id) => {
            format!("/login{}", query(&[("tx", id), ("client_id", params.get("client_id").unwrap_or_default())]))
        }
        None => login_for(next_page(params).as_ref()),
    };
    let ended = params.get("login").filter(|id| visit.cookies.pending(visit.req, id).is_some());
    with(visit.go(&path), ended.map(|id| visit.cookies.end_pending(id)))
}

/// What the form says about the attempt before, and which code it asks for.
#[derive(Default)]
struct Attempt {
    recovery: bool,
    is_wrong: bool,
    problem: Option<String>,
    status: StatusCode,
    retry_after: Option<u64>,
}

fn failed(visit: &Visit<'_>, recovery: bool, error: LoginError) -> Result<Attempt, Stop> {
    let t = &visit.frame.t;
    let attempt = Attempt { recovery, ..Attempt::default() };
    let (outcome, attempt) = match error {
        LoginError::Rejected => {
            let problem = Some(t.text(if recovery { "factor-recovery-wrong" } else { "factor-wrong" }));
            ("rejected", Attempt { is_wrong: true, problem, status: StatusCode::UNPROCESSABLE_ENTITY, ..attempt })
        }
        LoginError::Throttled { retry_after } => {
            let problem = Some(throttled_text(*t, retry_after));
            let status = StatusCode::TOO_MANY_REQUESTS;
            ("throttled", Attempt { problem, status, retry_after: Some(retry_after), ..attempt })
        }
        LoginError::Storage(error) => return Err(error.into()),
        error => return Err(Error::Internal(Box::new(error)).into()),
    };
    visit.app.metrics.login_attempt(if recovery { "recovery_code" } else { "otp" }, outcome);
    Ok(attempt)
}

async fn form(visit: &Visit<'_>, half: &Half, errand: &Errand, attempt: Attempt) -> Result<HttpResponse, Stop> {
    let user = half.user();
    let factors = visit.app.identity.second_factors(&user.id).await?;
    let client = errand.transaction().map(|transaction| visit.card(&transaction.client));
    let here = half.address(errand.page("/login/factor"));
    let joint = if here.contains('?') { '&' } else { '?' };
    let other = if attempt.recovery { factors.any() } else { factors.recovery_codes > 0 };
    let other_page = if attempt.recovery { here.clone() } else { format!("{here}{joint}recovery=1") };
    let about = half.about();
    let passkey = if factors.passkeys {
        let (verify, options) = (half.address(errand.page(PASSKEY)), half.address(PASSKEY_OPTIONS.to_owned()));
        passkey_form(visit, "get", &verify, &options, (PURPOSE, &about))
    } else {
        None
    };
    let page = FactorPage {
        page: &visit.frame,
        client: client.as_ref(),
        form: &visit.target(&here, PURPOSE, &about),
        username: &user.username,
        recovery: attempt.recovery,
        has_app: factors.totp,
        other: other.then(|| visit.frame.url(&other_page)),
        problem: attempt.problem,
        passkey: passkey.as_ref(),
    };
    let leads_to = errand.leads_to();
    let answer = Answer { status: attempt.status, leads_to, retry_after: attempt.retry_after, ..Answer::default() };
    Ok(visit.page(&page, Answer { fetches: passkey.is_some(), ..answer }))
}
