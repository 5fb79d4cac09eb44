use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::client::authenticate;
use super::error::{Refusal, no_store, refused};
use super::form;
use crate::oauth::client_auth::Endpoint;
use crate::oauth::introspection::{self, Introspection};
use crate::web::App;

/// `POST /oauth2/introspect` (RFC 7662 §2).
pub async fn introspect(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    match answer(&app, &req, body).await {
        Ok(introspection) => HttpResponse::Ok().insert_header(no_store()).json(introspection),
        Err(refusal) => refused(&req, &refusal),
    }
}

async fn answer(app: &App, req: &HttpRequest, body: Payload) -> Result<Introspection, Refusal> {
    let params = form::read(req, body).await?;
    let client = authenticate(app, req, &params, Endpoint::Introspection).await?;
    Ok(introspection::introspect(&app.oauth, &client, &params).await?)
}
