use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::{Refusal, no_store, refused};
use super::form;
use super::userinfo::bearer;
use crate::oauth::registration;
use crate::oauth::registration::dynamic::{self, ClientInformation};
use crate::oauth::{Caller, Error};
use crate::web::{App, client_address, request_id};

/// `POST /oauth2/register` (RFC 7591 §3.1).
pub async fn register(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let outcome = async {
        let members = members(&req, body).await?;
        let id = request_id(&req);
        let caller = Caller { address: client_address(&req, &app.config), request_id: id.as_str() };
        Ok::<_, Refusal>(dynamic::register(&app.oauth, bearer(&req)?, members, caller).await?)
    };
    match outcome.await {
        Ok(information) => HttpResponse::Created().insert_header(no_store()).json(information),
        Err(refusal) => challenged(&req, &refusal),
    }
}

/// `GET /oauth2/register/{client_id}` (RFC 7592 §2.1).
pub async fn read(app: Data<App>, req: HttpRequest, client_id: Path<String>) -> HttpResponse {
    let outcome = async { Ok::<_, Refusal>(dynamic::read(&app.oauth, &client_id, bearer(&req)?).await?) };
    answer(&req, outcome.await)
}

/// `PUT /oauth2/register/{client_id}` (RFC 7592 §2.2).
pub async fn update(app: Data<App>, req: HttpRequest, client_id: Path<String>, body: Payload) -> HttpResponse {
    let outcome = async {
        let members = members(&req, body).await?;
        let id = request_id(&req);
        let caller = Caller { address: client_address(&req, &app.config), request_id: id.as_str() };
        Ok::<_, Refusal>(dynamic::update(&app.oauth, &client_id, bearer(&req)?, members, caller).await?)
    };
    answer(&req, outcome.await)
}

/// `DELETE /oauth2/register/{client_id}` (RFC 7592 §2.3).
pub async fn delete(app: Data<App>, req: HttpRequest, client_id: Path<String>) -> HttpResponse {
    let outcome = async {
        let id = request_id(&req);
        let caller = Caller { address: client_address(&req, &app.config), request_id: id.as_str() };
        Ok::<_, Refusal>(dynamic::delete(&app.oauth, &client_id, bearer(&req)?, caller).await?)
    };
    match outcome.await {
        Ok(()) => HttpResponse::NoContent().insert_header(no_store()).finish(),
        Err(refusal) => challenged(&req, &refusal),
    }
}

fn answer(req: &HttpRequest, outcome: Result<ClientInformation, Refusal>) -> HttpResponse {
    match outcome {
        Ok(information) => HttpResponse::Ok().insert_header(no_store()).json(information),
        Err(refusal) => challenged(req, &refusal),
    }
}

/// The refusal; where a token is wanted, with the challenge of RFC 6750 §3.
fn challenged(req: &HttpRequest, refusal: &Refusal) -> HttpResponse {
    let mut answer = refused(req, refusal);
    if matches!(refusal, Refusal::OAuth(Error::InvalidToken { .. })) {
        let challenge = HeaderValue::from_static(r#"Bearer realm="registration", error="invalid_token""#);
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    answer
}

/// The body's JSON object.
async fn members(req: &HttpRequest, body: Payload) -> Result<ClientInformation, Refusal> {
    let content_type =
        req.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") || req.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::NotJson);
    }
    let bytes = form::collect(req, body).await?;
    registration::members(&bytes).map_err(|wrong| Error::of_registration("invalid_client_metadata", &wrong).into())
}
