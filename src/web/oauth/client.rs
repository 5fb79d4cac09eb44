use actix_web::HttpRequest;
use actix_web::http::header;

use crate::oauth::client_auth::{self, AuthenticatedClient, Credentials, Endpoint};
use crate::oauth::{Error, Params};
use crate::web::{App, client_address};

/// Authenticates the client of a request (RFC 6749 §2.3).
pub async fn authenticate(
    app: &App,
    req: &HttpRequest,
    params: &Params,
    endpoint: Endpoint,
) -> Result<AuthenticatedClient, Error> {
    let mut headers = req.headers().get_all(header::AUTHORIZATION);
    let authorization = headers.next().map(header::HeaderValue::as_bytes);
    if headers.next().is_some() {
        return Err(Error::invalid_request("more than one Authorization header was sent"));
    }
    let address = client_address(req, &app.oauth.config);
    client_auth::authenticate(&app.oauth, &Credentials { authorization, params, endpoint, address }).await
}
