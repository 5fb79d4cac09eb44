//! The way back in for whoever has lost their password.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;

use super::errand::Errand;
use super::mail_code::{MailCode, keep_link};
use super::problem::Stop;
use super::said::{Said, refused_password, throttled};
use super::sign_in::signed_in_for;
use super::visit::{Visit, set};
use crate::identity::{LoginError, MailPurpose, ResetError};
use crate::storage::UserRecord;
use crate::web::App;
use crate::web::account::EndKeys;
use crate::web::pages::{Answer, ResetAskPage, ResetNewPage};

const ASK: &str = "/reset";
const NEW: &str = "/reset/new";
const ASK_PURPOSE: &str = "reset";
const NEW_PURPOSE: &str = "reset_new";
const CODE: MailCode =
    MailCode { ask: ASK, path: "/reset/code", purpose: "reset_code", lead: "reset-sent", signs_in: false };

/// `GET /reset`: asks for the name.
pub async fn ask(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let errand = Errand::of_address(visit).await?;
    Ok(ask_page(visit, &errand, "", Said::default()))
}

fn ask_page(visit: &Visit<'_>, errand: &Errand, login: &str, said: Said) -> HttpResponse {
    let answer = said.answer();
    let page = ResetAskPage {
        page: &visit.frame,
        form: &visit.target(&errand.page(ASK), ASK_PURPOSE, ""),
        back: visit.frame.url(&errand.page("/login")),
        login,
        problem: said.problem,
    };
    visit.page(&page, answer)
}

/// `POST /reset`: the same answer whoever was named.
pub async fn asked(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| take_request(visit, body).await).await
}

async fn take_request(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, ASK_PURPOSE, "")?;
    let errand = Errand::of_address(visit).await?;
    let login = params.get("username").unwrap_or_default();
    let identity = &visit.app.identity;
    match identity.ask_for_reset(login, visit.browser(), errand.way_on(), visit.frame.t.tag(), &visit.origin()).await {
        Ok(id) => Ok(visit.go(&CODE.address(&errand, &id))),
        Err(error) => Ok(ask_page(visit, &errand, login, throttled(visit, error)?)),
    }
}

/// `GET /reset/code`: says that a mail is on its way, and takes its code.
pub async fn code(app: Data<App>, req: HttpRequest) -> HttpResponse {
    CODE.get(&app, &req).await
}

/// `POST /reset/code`: the code instead of the link.
pub async fn code_entered(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| CODE.lead_on(visit, body, MailPurpose::PasswordReset, NEW).await).await
}

/// `GET /reset/new`: where the link leads. Looking uses nothing up: mail scanners look.
pub async fn new_password(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show_new).await
}

async fn show_new(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    if let Some(token) = visit.query()?.get("token") {
        return Ok(keep_link(visit, NEW, token));
    }
    let token = visit.cookies.mail_link(visit.req).unwrap_or_default();
    let Some(reset) = visit.app.identity.find_reset(&token).await? else { return Ok(dead(visit)) };
    let errand = Errand::kept(visit, &reset.way_on).await?;
    // Whoever else knew the password may have made keys.
    let end_keys = EndKeys::of(visit, &reset.user.id, true).await?;
    Ok(new_page(visit, &reset.user, end_keys, &errand, Said::default()))
}

fn new_page(
    visit: &Visit<'_>,
    user: &UserRecord,
    end_keys: Option<EndKeys>,
    errand: &Errand,
    said: Said,
) -> HttpResponse {
    let answer = Answer { leads_to: errand.leads_to(), ..said.answer() };
    let page = ResetNewPage {
        page: &visit.frame,
        form: &visit.target(NEW, NEW_PURPOSE, ""),
        username: &user.username,
        end_keys,
        problem: said.problem,
        min_length: visit.app.config.passwords.min_length,
    };
    visit.page(&page, answer)
}

fn dead(visit: &Visit<'_>) -> HttpResponse {
    let problem = Some(visit.frame.t.text("reset-dead"));
    let mut response =
        ask_page(visit, &Errand::NONE, "", Said { problem, status: StatusCode::GONE, retry_after: None });
    set(&mut response, &visit.cookies.end_mail_link());
    response
}

/// `POST /reset/new`: sets the password, and goes on as after any first factor.
pub async fn new_password_chosen(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| take_password(visit, body).await).await
}

async fn take_password(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    visit.check(&params, NEW_PURPOSE, "")?;
    let token = visit.cookies.mail_link(visit.req).unwrap_or_default();
    let password = SecretString::from(params.get("password").unwrap_or_default());
    let Some(reset) = visit.app.identity.find_reset(&token).await? else { return Ok(dead(visit)) };
    let errand = Errand::kept(visit, &reset.way_on).await?;
    let identity = &visit.app.identity;
    let user = match identity.reset_password(&token, &password, EndKeys::is_asked(&params), &visit.origin()).await {
        Ok(user) => user,
        Err(ResetError::DeadLink) => return Ok(dead(visit)),
        Err(ResetError::Storage(error)) => return Err(error.into()),
        Err(ResetError::User(error)) => {
            let said = refused_password(visit, error)?;
            let end_keys = EndKeys::again(visit, &reset.user.id, &params).await?;
            return Ok(new_page(visit, &reset.user, end_keys, &errand, said));
        }
    };
    visit.cx().follow_revocations().await?;
    let mut response = match identity.verify_password(&user.username, &password, &visit.origin()).await {
        Ok(proof) => Box::pin(signed_in_for(visit, errand, proof)).await?,
        Err(LoginError::Storage(error)) => return Err(error.into()),
        // The password is set; only signing in has to wait.
        Err(_) => visit.go(&errand.page("/login")),
    };
    set(&mut response, &visit.cookies.end_mail_link());
    Ok(response)
}
