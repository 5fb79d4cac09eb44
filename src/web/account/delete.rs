use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Shell, data, fresh, fresh_form};
use crate::identity::{ActiveSession, normalise_username};
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, FormTarget, Frame};

pub const PATH: &str = "/account/delete";
const PURPOSE: &str = "account-delete";

/// The last question before an account is gone.
#[derive(Template)]
#[template(path = "account_delete.html")]
pub struct DeletePage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    pub problem: Option<String>,
}

/// What is seen afterwards.
#[derive(Template)]
#[template(path = "account_deleted.html")]
pub struct DeletedPage<'a> {
    pub page: &'a Frame,
}

/// `GET /account/delete`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = fresh(visit, PATH).await?;
    Ok(form(visit, &session, None))
}

/// `POST /account/delete`: needs the user name, typed.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let (session, params) = fresh_form(visit, body, PATH, PURPOSE).await?;
    let typed = normalise_username(params.get("username").unwrap_or_default());
    if typed.as_deref() != Some(session.user.username.as_str()) {
        return Ok(form(visit, &session, Some(visit.frame.t.text("delete-wrong"))));
    }
    visit.app.identity.delete_account(&session.user, &visit.origin()).await?;
    visit.cx().follow_revocations().await?;
    let mut response = visit.page(&DeletedPage { page: &visit.frame }, Answer::default());
    visit.forget(&mut response);
    Ok(response)
}

fn form(visit: &Visit<'_>, session: &ActiveSession, problem: Option<String>) -> HttpResponse {
    let account = Shell::new(visit, session, data::PATH);
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let form = visit.target(PATH, PURPOSE, &session.sid);
    let page = DeletePage { page: &visit.frame, account: &account, form: &form, problem };
    account.show(visit, &page, Answer::with_status(status))
}
