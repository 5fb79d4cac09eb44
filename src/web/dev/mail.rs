use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::mail::Words;
use crate::oauth::Error;
use crate::storage::{MailRecord, Outbox as _};
use crate::web::App;
use crate::web::answer::Refusal;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, DevMailListPage, DevMailPage, MailLine};
use crate::web::routes::Audience;

const SHOWN: i64 = 200;

/// `GET /dev/mail`: what would have been sent.
pub async fn list(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| listed(visit).await).await
}

async fn listed(visit: &Visit<'_>) -> Result<HttpResponse, Stop> {
    let mails = visit.cx().store.list_mails(SHOWN).await?;
    let lines = mails.iter().filter_map(|mail| line(visit, mail)).collect();
    Ok(visit.page(&DevMailListPage { page: &visit.frame, mails: lines }, Answer::default()))
}

fn line(visit: &Visit<'_>, mail: &MailRecord) -> Option<MailLine> {
    let letter = visit.app.identity.letter(mail).ok().flatten()?;
    Some(MailLine {
        href: visit.frame.url(&format!("/dev/mail/{}", mail.id)),
        subject: Words::of(&letter, &visit.app.config).subject,
        to: letter.recipient,
    })
}

/// `GET /dev/mail/{id}`: one of them, as the person's mail program would show it.
pub async fn show(app: Data<App>, req: HttpRequest, id: Path<String>) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| shown(visit, &id).await).await
}

async fn shown(visit: &Visit<'_>, id: &str) -> Result<HttpResponse, Stop> {
    let missing = || Refusal::of_status(StatusCode::NOT_FOUND).answer(Audience::Person, visit.id());
    let Some(mail) = visit.cx().store.find_mail(id).await? else { return Ok(missing()) };
    let letter = visit.app.identity.letter(&mail).map_err(|error| Error::Internal(Box::new(error)))?;
    let Some(letter) = letter else { return Ok(missing()) };
    let words = Words::of(&letter, &visit.app.config);
    let text = words.text().map_err(|error| Error::Internal(Box::new(error)))?;
    let page = DevMailPage { page: &visit.frame, mail: &words, to: &letter.recipient, text };
    Ok(visit.page(&page, Answer::default()))
}
