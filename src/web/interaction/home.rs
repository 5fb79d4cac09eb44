use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::problem::Stop;
use super::visit::Visit;
use crate::oauth::endpoints;
use crate::web::App;
use crate::web::pages::{Answer, HomePage};
use crate::web::playground;

/// `GET /`: what this server is, and the way into it.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = visit.person().await?;
    let config = &visit.app.config;
    let page = HomePage {
        page: &visit.frame,
        issuer: visit.issuer(),
        discovery: config.issuer.endpoint(endpoints::OPENID_CONFIGURATION),
        playground: visit.app.playground.get().map(|_| visit.frame.url(playground::PATH)),
        username: session.as_ref().map(|session| session.user.username.as_str()),
        is_admin: session.as_ref().is_some_and(|session| session.user.is_admin),
        documentation: config.metadata.service_documentation.as_ref().map(url::Url::as_str),
    };
    Ok(visit.page(&page, Answer::default()))
}
