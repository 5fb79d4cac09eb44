use super::{AuthorizationRequest, AuthorizationResponse, SignedIn, required, told};
use crate::oauth::grant::authorization_code::{CodeDetails, CodeGrant, issue_code};
use crate::oauth::{Authentication, Client, Context, Error, PersonGrant, Subject, may_issue};
use crate::oidc::id_token::{Bindings, id_token};

/// Answers a request that the signed-in person allowed: with a code, with an id_token beside it, or with nothing but word
/// of it, as its response type says.
pub async fn allow(
    cx: &Context,
    client: &Client,
    request: &AuthorizationRequest,
    session: &SignedIn,
) -> Result<AuthorizationResponse, Error> {
    let issuer = cx.config.issuer.as_str();
    let mut given = Vec::new();
    if !request.response_type.gives_code() {
        return Ok(AuthorizationResponse::success(request, given, issuer));
    }
    let authentication = Authentication {
        auth_time: session.auth_time.seconds(),
        acr: told(request, session.acr, required(client, session.policy)).name().to_owned(),
        amr: session.amr.clone(),
        claims: request.claims.clone(),
        resource: request.resource.clone(),
    };
    let details = CodeDetails {
        redirect_uri: request.redirect_uri.clone(),
        code_challenge: request.code_challenge.clone(),
        nonce: request.nonce.clone(),
        scope: request.scope.clone(),
        authentication: authentication.clone(),
    };
    let grant = CodeGrant { client, user_id: &session.user_id, session_id: &session.sid, details };
    let issued = issue_code(cx, grant).await?;
    let code = issued.code.expose();
    given.push(("code", code.to_owned()));
    if request.response_type.gives_id_token() {
        let grant = PersonGrant {
            user_id: &session.user_id,
            session_id: &session.sid,
            family_id: &issued.family_id,
            offline: request.scope.contains("offline_access"),
            granted_at: issued.at,
            authentication: &authentication,
        };
        let permit = may_issue(cx, client, Subject::Person(grant), issued.at).await?;
        let bindings = Bindings { nonce: request.nonce.as_deref(), code: Some(code), ..Bindings::default() };
        given.push(("id_token", id_token(cx, &permit, &grant, bindings).await?));
    }
    Ok(AuthorizationResponse::success(request, given, issuer))
}
