use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::error::{Refusal, bearer_error, no_store, refused};
use super::form;
use crate::oauth::Error;
use crate::oidc::userinfo::{Userinfo, userinfo};
use crate::web::App;

/// `GET /oauth2/userinfo` (OpenID Connect Core §5.3.1): the token stands in the `Authorization` header.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let token = form::refuse_secrets_in_query(&req).and_then(|()| bearer(&req));
    answer(&app, &req, token.map(|token| token.map(str::to_owned))).await
}

/// `POST /oauth2/userinfo`: the token stands in the header or, in a form, as `access_token` (RFC 6750 §2.2).
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    let in_header = match bearer(&req) {
        Ok(token) => token.map(str::to_owned),
        Err(error) => return bearer_error(&req, Some(&error)),
    };
    let in_form = if form::is_form(req.headers()) {
        match form::read(&req, body).await {
            Ok(params) => params.get("access_token").map(str::to_owned),
            Err(Refusal::OAuth(error)) => return bearer_error(&req, Some(&error)),
            Err(refusal) => return refused(&req, &refusal),
        }
    } else if let Err(error) = form::refuse_secrets_in_query(&req) {
        return bearer_error(&req, Some(&error));
    } else {
        None
    };
    let token = match (in_header, in_form) {
        (Some(_), Some(_)) => Err(Error::invalid_request("the access token was sent in more than one way")),
        (in_header, in_form) => Ok(in_header.or(in_form)),
    };
    answer(&app, &req, token).await
}

async fn answer(app: &App, req: &HttpRequest, token: Result<Option<String>, Error>) -> HttpResponse {
    let outcome = match token {
        Ok(Some(token)) => userinfo(&app.oauth, &token).await,
        Ok(None) => return bearer_error(req, None),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(Userinfo::Json(claims)) => HttpResponse::Ok().insert_header(no_store()).json(claims),
        Ok(Userinfo::Jwt(jwt)) => {
            HttpResponse::Ok().insert_header(no_store()).content_type("application/jwt").body(jwt)
        }
        Err(error) => bearer_error(req, Some(&error)),
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1); `None` without such a header.
pub fn bearer(req: &HttpRequest) -> Result<Option<&str>, Error> {
    let mut headers = req.headers().get_all(header::AUTHORIZATION);
    let Some(value) = headers.next() else { return Ok(None) };
    if headers.next().is_some() {
        return Err(Error::invalid_request("more than one Authorization header was sent"));
    }
    let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Err(Error::invalid_request("the Authorization header is malformed"));
    };
    Ok(scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start()).filter(|token| !token.is_empty()))
}
