use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::base::TokenHash;
use crate::jose::{Expected, sign};
use crate::oauth::{Client, Context, Error};
use crate::storage::LogoutNoticeRecord;

/// How long a logout token may be used. Seconds; the two minutes that the specification recommends at most (§4).
const TTL: i64 = 120;
/// The event of §2.4.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The claims of a logout token (OpenID Connect Back-Channel Logout §2.4). Never a `nonce`.
#[derive(Serialize)]
struct LogoutTokenClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    events: Value,
    sid: &'a str,
}

/// The logout token for one notice, signed as the client's id_tokens are. Made anew for each attempt, under the same
/// `jti`, so that a client which has seen it knows it again.
pub async fn logout_token(cx: &Context, client: &Client, notice: &LogoutNoticeRecord) -> Result<String, Error> {
    let iat = cx.now().seconds();
    let claims = LogoutTokenClaims {
        iss: cx.config.issuer.as_str(),
        sub: &cx.subject(client, &notice.user_id),
        aud: &client.client_id,
        iat,
        exp: iat + TTL,
        jti: jti(notice),
        events: json!({ EVENT: {} }),
        sid: &cx.sid(client, &notice.session_id),
    };
    // Logout tokens are signed even for clients whose id_tokens are not (§2.4).
    let alg = client.metadata.id_token_signed_response_alg.signed().unwrap_or_else(|| cx.access_token_alg());
    Ok(sign(&cx.keys, alg, Expected::LogoutToken.typ(), &claims).await?)
}

fn jti(notice: &LogoutNoticeRecord) -> String {
    let name = format!("logout {} {}", notice.session_id, notice.client_id);
    URL_SAFE_NO_PAD.encode(TokenHash::of(&name).as_bytes())
}
