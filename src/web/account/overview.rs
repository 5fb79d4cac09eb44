use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::shell::Shell;
use super::{ACCOUNT, email, signed_in};
use crate::identity::chosen;
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, Frame};

/// The account at a glance.
#[derive(Template)]
#[template(path = "account_overview.html")]
struct OverviewPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    /// The person's name, or the user name where none is known.
    name: String,
    email: Option<&'a str>,
    email_verified: bool,
    /// Where the address is confirmed or changed; `None` where no mail is written.
    email_page: Option<String>,
}

/// `GET /account`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = signed_in(visit, ACCOUNT).await?;
    let account = Shell::new(visit, &session, ACCOUNT);
    let name = Some(chosen(&session.user, "name")).filter(|name| !name.is_empty());
    let page = OverviewPage {
        page: &visit.frame,
        account: &account,
        name: name.unwrap_or_else(|| session.user.username.clone()),
        email: session.user.email.as_deref(),
        email_verified: session.user.email_verified,
        email_page: visit.app.identity.writes_mails().then(|| visit.frame.url(email::PATH)),
    };
    Ok(account.show(visit, &page, Answer::default()))
}
