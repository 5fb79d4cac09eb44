use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::client::authenticate;
use super::error::{Refusal, no_store, refused};
use super::form;
use crate::oauth::Params;
use crate::oauth::client_auth::Endpoint;
use crate::oauth::revocation_list::{self, Revocations};
use crate::web::App;

/// `GET /oauth2/revocations?after=SEQ`, for clients that authenticate by the header.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    written(&req, asked(&app, &req).await)
}

async fn asked(app: &App, req: &HttpRequest) -> Result<Revocations, Refusal> {
    form::refuse_secrets_in_query(req)?;
    // Nothing of the address is a credential.
    let client = authenticate(app, req, &Params::default(), Endpoint::Introspection).await?;
    let params = Params::parse(req.query_string().as_bytes())?;
    Ok(revocation_list::list(&app.oauth, &client, &params).await?)
}

/// `POST /oauth2/revocations` with `after` in the form, for every way in which clients authenticate.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    written(&req, submitted(&app, &req, body).await)
}

async fn submitted(app: &App, req: &HttpRequest, body: Payload) -> Result<Revocations, Refusal> {
    let params = form::read(req, body).await?;
    let client = authenticate(app, req, &params, Endpoint::Introspection).await?;
    Ok(revocation_list::list(&app.oauth, &client, &params).await?)
}

fn written(req: &HttpRequest, outcome: Result<Revocations, Refusal>) -> HttpResponse {
    match outcome {
        Ok(revocations) => HttpResponse::Ok().insert_header(no_store()).json(revocations),
        Err(refusal) => refused(req, &refusal),
    }
}
