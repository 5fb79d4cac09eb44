use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::client::authenticate;
use super::error::{Refusal, no_store, refused};
use super::form;
use crate::oauth::client_auth::Endpoint;
use crate::oauth::grant::{self, TokenRequest};
use crate::oauth::{Caller, Error, Params, TokenResponse};
use crate::web::{App, client_address, request_id};

/// `POST /oauth2/token` (RFC 6749 §3.2).
pub async fn token(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let params = match form::read(&req, body).await {
        Ok(params) => params,
        Err(refusal) => {
            app.metrics.token_request("", Some(refusal.code()));
            return refused(&req, &refusal);
        }
    };
    let outcome = answer(&app, &req, &params).await;
    let error = outcome.as_ref().err().map(Error::code);
    app.metrics.token_request(params.get("grant_type").unwrap_or_default(), error);
    match outcome {
        // RFC 6749 §5.1 wants both.
        Ok(response) => {
            HttpResponse::Ok().insert_header(no_store()).insert_header((header::PRAGMA, "no-cache")).json(response)
        }
        Err(error) => refused(&req, &Refusal::OAuth(error)),
    }
}

async fn answer(app: &App, req: &HttpRequest, params: &Params) -> Result<TokenResponse, Error> {
    let client = authenticate(app, req, params, Endpoint::Token).await?;
    let id = request_id(req);
    let caller = Caller { address: client_address(req, &app.oauth.config), request_id: id.as_str() };
    grant::dispatch(&app.oauth, TokenRequest { client: &client, params, caller }).await
}
