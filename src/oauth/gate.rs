use serde::{Deserialize, Serialize};

use super::{Client, Context, Error, TokenMarks};
use crate::base::Timestamp;
use crate::oidc::ClaimsRequest;

/// How and when a person proved who they are, and what the client asked to be told about it. Kept as JSON with the code,
/// the device authorization and the refresh family, since every token of the grant repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// Seconds since the epoch.
    pub auth_time: i64,
    pub acr: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
}

/// What a person allowed a client.
#[derive(Clone, Copy, Debug)]
pub struct PersonGrant<'a> {
    pub user_id: &'a str,
    pub session_id: &'a str,
    pub family_id: &'a str,
    /// Outlives its session.
    pub offline: bool,
    pub granted_at: Timestamp,
    pub authentication: &'a Authentication,
}

/// For whom tokens are issued.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The client itself (client credentials).
    Client,
    Person(PersonGrant<'a>),
}

/// Leave to issue tokens now. Only [`may_issue`] gives one, and nothing is signed without.
pub struct Permit<'a> {
    pub(super) client: &'a Client,
    pub(super) subject: Subject<'a>,
}

/// The one gate before every token: the client is enabled as of now, and nothing that the grant came from has ended.
///
/// That the user is enabled and the session alive is decided by the storage in the very statement that consumes a code
/// or device code, or rotates a refresh token; what it has recorded of ends until now is looked at again here.
/// Errors: `invalid_client`, `invalid_grant`.
pub fn may_issue<'a>(cx: &Context, client: &'a Client, subject: Subject<'a>) -> Result<Permit<'a>, Error> {
    let is_enabled = cx.clients.get(&client.client_id).is_some_and(|current| !current.disabled);
    if !is_enabled {
        return Err(Error::invalid_client("client authentication failed"));
    }
    let ended = match subject {
        Subject::Client => false,
        Subject::Person(grant) => cx.revocations.is_void(&TokenMarks {
            jti: "",
            issued: grant.granted_at,
            client_id: &client.client_id,
            user_id: Some(grant.user_id),
            family: Some(grant.family_id),
            sid: (!grant.offline).then_some(grant.session_id),
        }),
    };
    if ended {
        return Err(Error::invalid_grant("the grant has ended"));
    }
    Ok(Permit { client, subject })
}
