use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Shell, export, fresh_form, signed_in};
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, FormTarget, Frame};

pub const PATH: &str = "/account/data";
const PURPOSE: &str = "account-data";

/// A copy of one's data, and the way out.
#[derive(Template)]
#[template(path = "account_data.html")]
pub struct DataPage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
}

/// `GET /account/data`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = signed_in(visit, PATH).await?;
    let account = Shell::new(visit, &session, PATH);
    let form = visit.target(PATH, PURPOSE, &session.sid);
    let page = DataPage { page: &visit.frame, account: &account, form: &form };
    Ok(account.show(visit, &page, Answer::default()))
}

/// `POST /account/data`: everything that is kept of the person, as a file.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let (session, _) = fresh_form(visit, body, PATH, PURPOSE).await?;
    visit.app.identity.note_export(&session, &visit.origin());
    let document = export::document(visit.cx(), &session.user).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"account.json\""))
        .json(document))
}
