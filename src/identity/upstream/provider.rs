use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType, CoreIdToken,
    CoreIdTokenClaims, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::http::{Method, StatusCode};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, TokenResponse as _,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;

use super::verified::{UpstreamIdentity, payload};
use super::{Passage, SignedOutThere, UpstreamError, logout_token};
use crate::base::{Clock, Timestamp};
use crate::config::{MAPPED_CLAIMS, Upstream};
use crate::jose::{ForeignJwt, ForeignKeys};
use crate::outbound::{self, Limits, Request};

/// How long metadata and keys of a provider are believed without a look.
const KNOWN_FOR: Duration = Duration::from_mins(10);
/// How often a key that is not known makes it looked for, where anybody can name one.
const REREAD_EVERY: Duration = Duration::from_mins(1);
/// Whatever has to be fetched, the person gets an answer within this.
const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever signs out waits no longer for another provider's metadata.
const PARTING: Duration = Duration::from_secs(3);
/// An id_token is made for this very answer: older ones, and those from a clock far ahead, are refused. Seconds.
const MAX_AGE: i64 = 600;
const CLOCK_SKEW: i64 = 60;
/// Ten years. Seconds, as `max_age`.
const ANY_AGE: &str = "315360000";
/// Signatures that a provider's published keys make. Never one that our own secret could have made.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// What a provider may say instead of a code.
const DENIALS: [&str; 6] = [
    "access_denied",
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
    "temporarily_unavailable",
];

/// Members of the metadata beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Extensions {
    /// RFC 9207 §3.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    /// OpenID Connect RP-Initiated Logout 1.0 §2.1.
    #[serde(default)]
    end_session_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for Extensions {}

type Metadata = ProviderMetadata<
    Extensions,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What a browser brings back.
#[derive(Clone, Copy, Debug)]
pub struct Callback<'a> {
    pub code: Option<&'a str>,
    pub error: Option<&'a str>,
    /// RFC 9207.
    pub iss: Option<&'a str>,
}

/// One provider that people may sign in with.
pub struct Provider {
    pub settings: Upstream,
    secret: Option<SecretString>,
    callback: String,
    /// Where the browser comes back to when it is signed out there.
    signed_out: String,
    outbound: outbound::Client,
    clock: Arc<dyn Clock>,
    known: Cache<(), Arc<Metadata>>,
    /// Holds something for as long as strangers have nothing fetched anew.
    reread: Cache<(), ()>,
}

impl Provider {
    pub(super) fn new(
        settings: &Upstream,
        (callback, signed_out): (String, String),
        outbound: outbound::Client,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let secret = match &settings.client_secret_file {
            Some(file) => Some(SecretString::from(std::fs::read_to_string(file)?.trim_end())),
            None => settings.client_secret.clone(),
        };
        let known = Cache::builder().max_capacity(1).time_to_live(KNOWN_FOR).build();
        let reread = Cache::builder().max_capacity(1).time_to_live(REREAD_EVERY).build();
        Ok(Self { settings: settings.clone(), secret, callback, signed_out, outbound, clock, known, reread })
    }

    /// Where the browser goes. With `again` the person is to prove anew who they are.
    pub async fn authorization_url(&self, passage: &Passage<'_>, again: bool) -> Result<String, UpstreamError> {
        let metadata = patiently(self.metadata()).await?;
        let mut url = metadata.authorization_endpoint().url().clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.callback)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", &passage.state())
            .append_pair("nonce", &passage.nonce())
            .append_pair("code_challenge", &passage.code_challenge())
            .append_pair("code_challenge_method", "S256");
        // Whatever the age, asking for one makes the provider say when the person signed in (OpenID Connect Core §2).
        url.query_pairs_mut().append_pair("max_age", if again { "0" } else { ANY_AGE });
        if again {
            url.query_pairs_mut().append_pair("prompt", "login");
        }
        Ok(url.into())
    }

    /// Where the browser is signed out there, to come back with `state` (OpenID Connect RP-Initiated Logout 1.0 §2); `None`
    /// where that is not wished for or not offered. Nothing that the provider has issued goes along.
    pub async fn end_session_url(&self, state: &str) -> Option<String> {
        if !self.settings.sign_out {
            return None;
        }
        let metadata = timeout(PARTING, self.metadata()).await.ok()?.ok()?;
        let mut url = Url::parse(metadata.additional_metadata().end_session_endpoint.as_deref()?).ok()?;
        // As secure as the provider itself.
        let is_secure = url.scheme() == "https" || self.settings.issuer.starts_with("http://");
        if !is_secure || !matches!(url.scheme(), "https" | "http") || !url.username().is_empty() {
            return None;
        }
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", &self.signed_out)
            .append_pair("state", state);
        Some(url.into())
    }

    /// What a logout token says, if it is the provider's for this server and made just now.
    pub async fn signed_out_there(&self, token: &str) -> Result<SignedOutThere, UpstreamError> {
        let jwt =
            ForeignJwt::parse(token, logout_token::KIND).map_err(|error| refused(logout_token::reason(&error)))?;
        let metadata = patiently(self.metadata()).await?;
        let keys = if signature_keys(&metadata).find(jwt.alg, jwt.kid.as_deref()).is_some() {
            signature_keys(&metadata)
        } else {
            signature_keys(&*patiently(self.metadata_reread()).await?)
        };
        let key =
            keys.find(jwt.alg, jwt.kid.as_deref()).ok_or_else(|| refused("no key of the provider's signed it"))?;
        let claims = jwt.verify(key).map_err(|error| refused(logout_token::reason(&error)))?;
        logout_token::read(&claims, &self.settings.issuer, &self.settings.client_id, self.clock.now()).map_err(refused)
    }

    /// As it is now, or was a minute ago.
    async fn metadata_reread(&self) -> Result<Arc<Metadata>, UpstreamError> {
        if !self.reread.contains_key(&()) {
            self.reread.insert((), ()).await;
            self.known.invalidate(&()).await;
        }
        self.metadata().await
    }

    /// Whom the answer proves, after everything about it was checked. Its `state` was, by the caller. Where the person was
    /// to prove anew who they are, `fresh_since` is when that was asked.
    pub async fn finish(
        &self,
        passage: &Passage<'_>,
        callback: Callback<'_>,
        fresh_since: Option<Timestamp>,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        patiently(Box::pin(self.exchanged(passage, callback, fresh_since))).await
    }

    async fn exchanged(
        &self,
        passage: &Passage<'_>,
        callback: Callback<'_>,
        fresh_since: Option<Timestamp>,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        let metadata = self.metadata().await?;
        self.is_from(&metadata, callback.iss)?;
        if let Some(error) = callback.error {
            let known = DENIALS.into_iter().find(|denial| *denial == error);
            return Err(known.map_or_else(|| refused("it answers with an error"), UpstreamError::Denied));
        }
        let code = callback.code.ok_or_else(|| refused("there is no code in it"))?;
        let (id_token, access_token) = self.redeem(&metadata, passage, code).await?;
        let nonce = Nonce::new(passage.nonce());
        let verified = match self.verify(&metadata, &id_token, &nonce) {
            // The provider may have taken a new key since.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                self.known.invalidate(&()).await;
                self.verify(&*self.metadata().await?, &id_token, &nonce)
            }
            verified => verified,
        };
        let (subject, auth_time) = verified.map_err(|error| refused(&format!("its id_token: {error}")))?;
        // OpenID Connect Core §3.1.3.7: asking for it is not having got it.
        if fresh_since.is_some_and(|since| !auth_time.is_some_and(|at| self.is_since(at, since))) {
            return Err(UpstreamError::NotAgain);
        }
        let mut claims = payload(&id_token.to_string()).ok_or_else(|| refused("its id_token cannot be read"))?;
        if claims.get(self.settings.claim("email")).is_none() {
            let more = self.userinfo(&metadata, &access_token, &subject).await?;
            // Of the person alone: how they signed in is in what is signed for this sign-in, or nowhere.
            let of_person = |name: &str| MAPPED_CLAIMS.iter().any(|claim| self.settings.claim(claim) == name);
            for (name, value) in more.into_iter().filter(|(name, _)| of_person(name)) {
                claims.entry(name).or_insert(value);
            }
        }
        // As long as nobody has to sign in there anew, they may have done so long ago: that is what counts.
        let signed_in_at = auth_time.map(Timestamp::from_seconds);
        UpstreamIdentity::new(&self.settings, (subject, signed_in_at), claims).ok_or_else(|| refused("its subject"))
    }

    /// RFC 9207 §2.4: an answer of one provider is never taken for another's.
    fn is_from(&self, metadata: &Metadata, iss: Option<&str>) -> Result<(), UpstreamError> {
        match iss {
            Some(iss) if iss != self.settings.issuer => Err(refused("it is another issuer's")),
            None if metadata.additional_metadata().authorization_response_iss_parameter_supported => {
                Err(refused("it does not say whose it is"))
            }
            _ => Ok(()),
        }
    }

    async fn redeem(
        &self,
        metadata: &Metadata,
        passage: &Passage<'_>,
        code: &str,
    ) -> Result<(CoreIdToken, String), UpstreamError> {
        let redirect = RedirectUrl::new(self.callback.clone()).map_err(|_| unavailable("this server's own address"))?;
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            self.secret.as_ref().map(|secret| ClientSecret::new(secret.expose_secret().to_owned())),
        )
        .set_redirect_uri(redirect)
        .set_auth_type(auth_type(metadata));
        let outbound = &self.outbound;
        let http = move |request: HttpRequest| send(outbound.clone(), request);
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| unavailable("it names no token endpoint"))?
            .set_pkce_verifier(PkceCodeVerifier::new(passage.code_verifier()));
        let tokens = request.request_async(&http).await.map_err(|error| match error {
            // Their texts may hold whatever the provider sent.
            openidconnect::RequestTokenError::ServerResponse(_) => refused("its token endpoint refuses the code"),
            openidconnect::RequestTokenError::Request(error) => unavailable(&error.to_string()),
            _ => unavailable("its token endpoint does not answer with tokens"),
        })?;
        let id_token = tokens.id_token().cloned().ok_or_else(|| refused("there is no id_token in it"))?;
        Ok((id_token, tokens.access_token().secret().clone()))
    }

    /// Whether `at`, in seconds, is not before `since` nor to come.
    fn is_since(&self, at: i64, since: Timestamp) -> bool {
        let latest = self.clock.now().seconds().saturating_add(CLOCK_SKEW);
        (since.seconds().saturating_sub(CLOCK_SKEW)..=latest).contains(&at)
    }

    /// OpenID Connect Core §3.1.3.7; the subject, and when it signed in there, in seconds, if that is said.
    fn verify(
        &self,
        metadata: &Metadata,
        id_token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<(String, Option<i64>), ClaimsVerificationError> {
        let now = self.clock.now();
        let age = move |made: DateTime<Utc>| now.seconds().saturating_sub(made.timestamp());
        // As a public client's: no signature is checked against the secret.
        let verifier =
            CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(self.settings.client_id.clone()), None);
        let verifier = verifier
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || DateTime::from_timestamp_millis(now.millis()).unwrap_or(DateTime::<Utc>::MAX_UTC))
            .set_issue_time_verifier_fn(move |made| {
                if (-CLOCK_SKEW..=MAX_AGE).contains(&age(made)) { Ok(()) } else { Err("not made just now".to_owned()) }
            });
        let claims: &CoreIdTokenClaims = id_token.claims(&verifier, nonce)?;
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.settings.client_id) {
            return Err(ClaimsVerificationError::InvalidAudience("it was issued to another party".to_owned()));
        }
        Ok((claims.subject().as_str().to_owned(), claims.auth_time().map(|at| at.timestamp())))
    }

    /// Claims that are not in the id_token; about nobody but `subject` (§5.3.2).
    async fn userinfo(
        &self,
        metadata: &Metadata,
        access_token: &str,
        subject: &str,
    ) -> Result<Map<String, Value>, UpstreamError> {
        let Some(endpoint) = metadata.userinfo_endpoint() else { return Ok(Map::new()) };
        let request = Request::get(endpoint.url().as_str())
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {access_token}"));
        let answer =
            self.outbound.send(request, Limits::default()).await.map_err(|error| unavailable(&error.to_string()))?;
        if answer.status != 200 {
            return Err(unavailable("its userinfo endpoint refuses its own token"));
        }
        let claims: Map<String, Value> =
            serde_json::from_slice(&answer.body).map_err(|_| unavailable("its userinfo endpoint answers no JSON"))?;
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(refused("its userinfo is about somebody else"));
        }
        Ok(claims)
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, UpstreamError> {
        let fetched = async {
            let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|_| "its issuer is no URL".to_owned())?;
            let outbound = &self.outbound;
            let http = move |request: HttpRequest| send(outbound.clone(), request);
            match Metadata::discover_async(issuer, &http).await {
                Ok(metadata) => Ok(Arc::new(metadata)),
                Err(openidconnect::DiscoveryError::Request(error)) => Err(error.to_string()),
                Err(openidconnect::DiscoveryError::Response(status, ..)) => Err(format!("it answers {status}")),
                Err(_) => Err("its metadata or keys are not those of this issuer".to_owned()),
            }
        };
        self.known.try_get_with((), fetched).await.map_err(|reason| UpstreamError::Unavailable((*reason).clone()))
    }
}

/// The keys that came with the metadata, to verify by ourselves.
fn signature_keys(metadata: &Metadata) -> ForeignKeys {
    let jwks = serde_json::to_value(metadata.jwks()).unwrap_or_default();
    ForeignKeys::parse_fetched(&jwks).unwrap_or_default()
}

async fn patiently<T>(work: impl Future<Output = Result<T, UpstreamError>>) -> Result<T, UpstreamError> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(unavailable("it took too long")))
}

/// The header unless the provider says that it knows the form alone.
fn auth_type(metadata: &Metadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let knows = |method: &CoreClientAuthMethod| methods.is_some_and(|methods| methods.contains(method));
    if knows(&CoreClientAuthMethod::ClientSecretPost) && !knows(&CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

/// The crate's requests by the one door for them.
async fn send(client: outbound::Client, request: HttpRequest) -> Result<HttpResponse, outbound::Error> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string();
    let mut sent = if parts.method == Method::POST { Request::post(&url, FORM, body) } else { Request::get(&url) };
    for name in ["accept", "authorization"] {
        if let Some(value) = parts.headers.get(name).and_then(|value| value.to_str().ok()) {
            sent = sent.header(name, value);
        }
    }
    let answer = client.send(sent, Limits::default()).await?;
    let media_type = answer.media_type();
    let mut response = HttpResponse::new(answer.body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Ok(value) = media_type.parse() {
        response.headers_mut().insert("content-type", value);
    }
    Ok(response)
}

fn refused(reason: &str) -> UpstreamError {
    UpstreamError::Refused(reason.to_owned())
}

fn unavailable(reason: &str) -> UpstreamError {
    UpstreamError::Unavailable(reason.to_owned())
}
