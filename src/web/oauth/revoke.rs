use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::client::authenticate;
use super::error::{Refusal, no_store, refused};
use super::form;
use crate::oauth::client_auth::Endpoint;
use crate::oauth::{Caller, revocation};
use crate::web::{App, client_address, request_id};

/// `POST /oauth2/revoke` (RFC 7009 §2).
pub async fn revoke(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    match answer(&app, &req, body).await {
        Ok(()) => HttpResponse::Ok().insert_header(no_store()).finish(),
        Err(refusal) => refused(&req, &refusal),
    }
}

async fn answer(app: &App, req: &HttpRequest, body: Payload) -> Result<(), Refusal> {
    let params = form::read(req, body).await?;
    let client = authenticate(app, req, &params, Endpoint::Revocation).await?;
    let id = request_id(req);
    let caller = Caller { address: client_address(req, &app.oauth.config), request_id: id.as_str() };
    Ok(revocation::revoke(&app.oauth, &client, &params, caller).await?)
}
