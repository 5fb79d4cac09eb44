use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{ACCOUNT, Shell, done, fresh, signed_in};
use crate::identity::{ActiveSession, EmailError, LoginError, MAIL_LINK_TTL, MailPurpose};
use crate::oauth::Error;
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::said::{Said, throttled};
use crate::web::interaction::visit::{Visit, query, set};
use crate::web::pages::{FormTarget, Frame};

pub const PATH: &str = "/account/email";
pub const CODE: &str = "/account/email/code";
pub const CONFIRM: &str = "/account/email/confirm";
const ASK_PURPOSE: &str = "account-email";
const CODE_PURPOSE: &str = "account-email-code";
const CONFIRM_PURPOSE: &str = "account-email-confirm";

/// The address of the account, and a way to confirm it or to take another.
#[derive(Template)]
#[template(path = "account_email.html")]
pub struct EmailPage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    pub email: Option<&'a str>,
    pub email_verified: bool,
    /// What stands in the field.
    pub typed: &'a str,
    pub problem: Option<String>,
}

/// A mail is on its way to the new address; its code can be typed here.
#[derive(Template)]
#[template(path = "account_email_code.html")]
pub struct EmailCodePage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    pub problem: Option<String>,
}

/// Behind the link: the address, and the button that takes it.
#[derive(Template)]
#[template(path = "account_email_confirm.html")]
pub struct EmailConfirmPage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    pub email: &'a str,
}

/// `GET /account/email`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = fresh(visit, PATH).await?;
    let unverified = session.user.email.clone().filter(|_| !session.user.email_verified);
    Ok(ask_page(visit, &session, &unverified.unwrap_or_default(), Said::default()))
}

fn ask_page(visit: &Visit<'_>, session: &ActiveSession, typed: &str, said: Said) -> HttpResponse {
    let account = Shell::new(visit, session, PATH);
    let answer = said.answer();
    let page = EmailPage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(PATH, ASK_PURPOSE, &session.sid),
        email: session.user.email.as_deref(),
        email_verified: session.user.email_verified,
        typed,
        problem: said.problem,
    };
    account.show(visit, &page, answer)
}

/// `POST /account/email`: the same answer whether the address is another's or not (S179).
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| ask(visit, body).await).await
}

async fn ask(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let session = fresh(visit, PATH).await?;
    visit.check(&params, ASK_PURPOSE, &session.sid)?;
    let typed = params.get("email").unwrap_or_default();
    let (identity, locale) = (&visit.app.identity, visit.frame.t.tag());
    match identity.ask_for_email(&session.user, typed, visit.browser(), locale, &visit.origin()).await {
        Ok(id) => Ok(visit.go(&format!("{CODE}{}", query(&[("c", &id)])))),
        Err(error) => Ok(ask_page(visit, &session, typed, said(visit, error)?)),
    }
}

/// `GET /account/email/code`.
pub async fn get_code(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show_code).await
}

async fn show_code(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = signed_in(visit, PATH).await?;
    let params = visit.query()?;
    Ok(code_page(visit, &session, params.get("c").unwrap_or_default(), Said::default()))
}

fn code_page(visit: &Visit<'_>, session: &ActiveSession, id: &str, said: Said) -> HttpResponse {
    let account = Shell::new(visit, session, PATH);
    let answer = said.answer();
    let form = visit.target(&format!("{CODE}{}", query(&[("c", id)])), CODE_PURPOSE, id);
    let page = EmailCodePage { page: &visit.frame, account: &account, form: &form, problem: said.problem };
    account.show(visit, &page, answer)
}

/// `POST /account/email/code`: the code instead of the link.
pub async fn post_code(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| take_code(visit, body).await).await
}

async fn take_code(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let session = signed_in(visit, PATH).await?;
    let address = visit.query()?;
    let id = address.get("c").unwrap_or_default();
    visit.check(&params, CODE_PURPOSE, id)?;
    let code = params.get("code").unwrap_or_default();
    let (identity, origin) = (&visit.app.identity, visit.origin());
    let token = match identity.enter_mail_code(MailPurpose::Email, id, code, visit.browser(), &origin).await {
        Ok(token) => token,
        Err(error) => return Ok(code_page(visit, &session, id, said(visit, error.into())?)),
    };
    take(visit, &session, token.expose()).await
}

/// `GET /account/email/confirm`: where the link leads. Looking uses nothing up: mail scanners look (S208).
pub async fn get_confirm(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show_confirm).await
}

async fn show_confirm(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    if let Some(token) = visit.query()?.get("token") {
        // From the address into a cookie, so that it stands in no history and on no page (S212).
        let mut response = visit.go(CONFIRM);
        set(&mut response, &visit.cookies.set_mail_link(token, MAIL_LINK_TTL));
        return Ok(response);
    }
    let session = signed_in(visit, CONFIRM).await?;
    let token = visit.cookies.mail_link(visit.req).unwrap_or_default();
    let Some(email) = visit.app.identity.email_of_link(&session.user, &token).await? else {
        return Ok(dead(visit, &session, "email-dead"));
    };
    let account = Shell::new(visit, &session, PATH);
    let form = visit.target(CONFIRM, CONFIRM_PURPOSE, &session.sid);
    let page = EmailConfirmPage { page: &visit.frame, account: &account, form: &form, email: &email };
    Ok(account.show(visit, &page, Said::default().answer()))
}

/// `POST /account/email/confirm`: takes the address.
pub async fn post_confirm(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| confirmed(visit, body).await).await
}

async fn confirmed(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let session = signed_in(visit, CONFIRM).await?;
    visit.check(&params, CONFIRM_PURPOSE, &session.sid)?;
    let token = visit.cookies.mail_link(visit.req).unwrap_or_default();
    take(visit, &session, &token).await
}

async fn take(visit: &Visit<'_>, session: &ActiveSession, token: &str) -> Result<HttpResponse, Stop> {
    match visit.app.identity.confirm_email(session, token, &visit.origin()).await {
        Ok(()) => {
            let mut response = done(visit, ACCOUNT, "done-email");
            set(&mut response, &visit.cookies.end_mail_link());
            Ok(response)
        }
        Err(EmailError::DeadLink) => Ok(dead(visit, session, "email-dead")),
        Err(EmailError::Taken) => Ok(dead(visit, session, "email-taken")),
        Err(EmailError::Storage(error)) => Err(error.into()),
        Err(error) => Err(Error::Internal(Box::new(error)).into()),
    }
}

fn dead(visit: &Visit<'_>, session: &ActiveSession, problem: &str) -> HttpResponse {
    let said = Said { problem: Some(visit.frame.t.text(problem)), status: StatusCode::GONE, retry_after: None };
    let mut response = ask_page(visit, session, "", said);
    set(&mut response, &visit.cookies.end_mail_link());
    response
}

fn said(visit: &Visit<'_>, error: EmailError) -> Result<Said, Stop> {
    let problem = match error {
        EmailError::NoAddress => "email-bad",
        EmailError::Same => "email-same",
        EmailError::Login(LoginError::Rejected) => "reset-code-wrong",
        EmailError::Login(error) => return throttled(visit, error),
        EmailError::Storage(error) => return Err(error.into()),
        error @ (EmailError::DeadLink | EmailError::Taken) => return Err(Error::Internal(Box::new(error)).into()),
    };
    Ok(Said::unprocessable(visit.frame.t.text(problem)))
}
