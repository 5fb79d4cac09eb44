use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::{Refusal, no_store, refused};
use super::form;
use crate::identity::Origin;
use crate::identity::upstream::{Provider, UpstreamError};
use crate::oauth::Error;
use crate::web::routes::Audience;
use crate::web::{App, answer, client_address, request_id};

/// `POST /upstream/{name}/backchannel-logout`: a provider says that somebody signed out there (OpenID Connect Back-Channel
/// Logout 1.0 §2.8).
pub async fn post(app: Data<App>, req: HttpRequest, name: Path<String>, body: Payload) -> HttpResponse {
    let Some(provider) = app.upstreams.get(&name).filter(|provider| provider.settings.backchannel_logout) else {
        return answer::Refusal::of_status(StatusCode::NOT_FOUND).answer(Audience::Program, request_id(&req));
    };
    match told(&app, &req, (&name, provider), body).await {
        Ok(()) => HttpResponse::Ok().insert_header(no_store()).finish(),
        Err(refusal) => refused(&req, &refusal),
    }
}

async fn told(app: &App, req: &HttpRequest, (name, provider): (&str, &Provider), body: Payload) -> Result<(), Refusal> {
    let params = form::read(req, body).await?;
    let token = params.get("logout_token").ok_or_else(|| Error::invalid_request("logout_token is missing"))?;
    let id = request_id(req);
    let there = provider.signed_out_there(token).await.map_err(|error| {
        tracing::warn!(request_id = %id, upstream = name, cause = %error, "a sign-out at a provider was not taken in");
        match error {
            UpstreamError::Unavailable(cause) => Error::TemporarilyUnavailable { cause },
            UpstreamError::Refused(reason) => Error::invalid_request(reason),
            other => Error::invalid_request(other.to_string()),
        }
    })?;
    let origin = Origin::new(client_address(req, &app.oauth.config), "", id.as_str());
    if !app.identity.end_sessions_from(&there, &origin).await.map_err(Error::from)? {
        return Err(Error::invalid_request("the logout_token's jti was used before").into());
    }
    Ok(app.oauth.follow_revocations().await?)
}
