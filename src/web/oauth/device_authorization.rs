use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::client::authenticate;
use super::error::{Refusal, no_store, refused};
use super::form;
use crate::oauth::client_auth::Endpoint;
use crate::oauth::device::{self, DeviceAuthorization, DeviceOrigin};
use crate::web::{App, client_address};

/// What is kept of a `User-Agent`: enough for a person to recognise it.
const USER_AGENT_CHARS: usize = 200;

/// `POST /oauth2/device` (RFC 8628 §3.1).
pub async fn device_authorization(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    match answer(&app, &req, body).await {
        Ok(authorization) => HttpResponse::Ok().insert_header(no_store()).json(authorization),
        Err(refusal) => refused(&req, &refusal),
    }
}

async fn answer(app: &App, req: &HttpRequest, body: Payload) -> Result<DeviceAuthorization, Refusal> {
    let params = form::read(req, body).await?;
    let client = authenticate(app, req, &params, Endpoint::DeviceAuthorization).await?;
    let user_agent = req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let origin = DeviceOrigin {
        address: client_address(req, &app.oauth.config),
        user_agent: user_agent.chars().take(USER_AGENT_CHARS).collect(),
    };
    Ok(device::authorize(&app.oauth, &client, &params, &origin).await?)
}
