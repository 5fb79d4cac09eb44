//! What the client does in each flow, step by step, by what discovery says.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use url::Url;

use super::http::{Call, Reply};
use super::run::{DeviceAuthorization, Request, Run, Step, unguessable};
use super::tokens::{Expectations, TokenView};
use super::{CALLBACK, Playground};
use crate::base::Timestamp;
use crate::config::Issuer;
use crate::jose::ForeignKeys;
use crate::oauth::grant::GrantType;
use crate::oauth::{Context, Params, endpoints};

const DISCOVERY: &str = "Where everything is (OpenID Connect Discovery §4).";
const AUTHORIZATION: &str = "The browser brings the code; state and iss show that it answers our request, from this \
                             server (RFC 6749 §4.1.2, RFC 9207 §2).";
const CODE: &str = "The code and the PKCE verifier for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).";
const JWKS: &str = "The public keys, to verify signatures with (RFC 7517 §5).";
const CREDENTIALS: &str = "A service speaks for itself (RFC 6749 §4.4).";
const DEVICE: &str = "A code for the device to keep, and one for the person to type (RFC 8628 §3.1).";
const POLL: &str = "The device asks whether the person has decided (RFC 8628 §3.4).";
const REFRESH: &str = "A new access token; the refresh token changes too, and the old one is spent (RFC 6749 §6).";
const USERINFO: &str = "What the access token lets a client know about the person (OpenID Connect Core §5.3).";
const INTROSPECTION: &str = "What a resource server is told about the access token (RFC 7662 §2).";
const REVOCATION: &str = "The token is given back (RFC 7009 §2). With a refresh token its whole family ends.";

/// The client's view of the server, for one request of the browser.
pub struct Client<'a> {
    pub playground: &'a Playground,
    pub cx: &'a Context,
}

impl Client<'_> {
    fn issuer(&self) -> &Issuer {
        &self.cx.config.issuer
    }

    fn now(&self) -> Timestamp {
        self.cx.now()
    }

    pub fn redirect_uri(&self) -> String {
        self.issuer().endpoint(CALLBACK)
    }

    async fn call(&self, run: &mut Run, title: &'static str, about: &'static str, call: Call) -> Option<Reply> {
        let outcome = call.send(self.issuer().url()).await;
        run.note(title, about, &call, outcome)
    }

    /// Reads the metadata anew, and refuses one that is not this issuer's (OpenID Connect Discovery §4.3).
    async fn discover(&self, run: &mut Run) -> Option<Value> {
        let call = Call::get(&self.issuer().endpoint(endpoints::OPENID_CONFIGURATION));
        let metadata = self.call(run, "Discovery", DISCOVERY, call).await?.json()?;
        run.metadata = (metadata.get("issuer")?.as_str()? == self.issuer().as_str()).then_some(metadata);
        run.metadata.clone()
    }

    /// Prepares an authorization request; the person's browser carries it.
    pub async fn prepare(&self, run: &mut Run, scope: &str, prompt: &str, response_mode: &str) -> Option<()> {
        let metadata = self.discover(run).await?;
        let random = self.cx.random.as_ref();
        let (verifier, nonce) = (unguessable(random), unguessable(random));
        let state = format!("{}.{}", run.id, unguessable(random));
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let redirect_uri = self.redirect_uri();
        let mut url: Url = endpoint(&metadata, "authorization_endpoint")?.parse().ok()?;
        let params = [
            ("response_type", "code"),
            ("client_id", &self.playground.public_client),
            ("redirect_uri", &redirect_uri),
            ("scope", scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("prompt", prompt),
            ("response_mode", response_mode),
        ];
        url.query_pairs_mut().extend_pairs(params.iter().filter(|(_, value)| !value.is_empty()));
        run.request = Some(Request { url: url.into(), state, verifier });
        run.nonce = Some(nonce);
        Some(())
    }

    /// The authorization response, and on success the code's exchange.
    pub async fn answered(&self, run: &mut Run, request: &Request, params: &Params) -> Option<()> {
        let get = |name| params.get(name).unwrap_or_default();
        let from_us = get("iss") == self.issuer().as_str();
        let shown = ["code", "state", "iss", "error", "error_description"].into_iter().filter(|name| params.has(name));
        let lines: Vec<String> = shown.map(|name| format!("{name} = {}", get(name))).collect();
        let code = params.get("code").filter(|_| from_us);
        run.add(Step {
            title: "Authorization response",
            about: AUTHORIZATION,
            request: request.url.replace('&', "\n&"),
            status: match (from_us, code, params.get("error")) {
                (false, ..) => "iss is not this server: not believed".to_owned(),
                (_, Some(_), _) => "a code; state and iss are right".to_owned(),
                (_, None, error) => error.unwrap_or("neither code nor error").to_owned(),
            },
            ok: code.is_some(),
            answer: lines.join("\n"),
        });
        let (metadata, code) = (run.metadata.clone()?, code?);
        let redirect_uri = self.redirect_uri();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("client_id", &self.playground.public_client),
            ("code_verifier", &request.verifier),
        ];
        let call = Call::post(&endpoint(&metadata, "token_endpoint")?, &form);
        let reply = self.call(run, "Token request", CODE, call).await?;
        self.take(run, &reply, &self.playground.public_client, &metadata).await
    }

    pub async fn speak_for_itself(&self, run: &mut Run, scope: &str) -> Option<()> {
        let metadata = self.discover(run).await?;
        let (client_id, secret) = &self.playground.service;
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        let call = Call::post(&endpoint(&metadata, "token_endpoint")?, &form).basic(client_id, secret);
        let reply = self.call(run, "Token request", CREDENTIALS, call).await?;
        self.take(run, &reply, client_id, &metadata).await
    }

    pub async fn start_device(&self, run: &mut Run, scope: &str) -> Option<()> {
        let metadata = self.discover(run).await?;
        let form = [("client_id", self.playground.public_client.as_str()), ("scope", scope)];
        let call = Call::post(&endpoint(&metadata, "device_authorization_endpoint")?, &form);
        let answer = self.call(run, "Device authorization request", DEVICE, call).await?.json()?;
        let text = |name| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        run.device = Some(DeviceAuthorization {
            device_code: text("device_code")?,
            user_code: text("user_code")?,
            verification_uri: text("verification_uri")?,
            verification_uri_complete: text("verification_uri_complete"),
        });
        Some(())
    }

    pub async fn poll(&self, run: &mut Run) -> Option<()> {
        let metadata = run.metadata.clone()?;
        let device_code = run.device.as_ref()?.device_code.clone();
        let form = [
            ("grant_type", GrantType::DeviceCode.name()),
            ("device_code", &device_code),
            ("client_id", &self.playground.public_client),
        ];
        let call = Call::post(&endpoint(&metadata, "token_endpoint")?, &form);
        let reply = self.call(run, "Token request", POLL, call).await?;
        run.device = None;
        self.take(run, &reply, &self.playground.public_client, &metadata).await
    }

    pub async fn refresh(&self, run: &mut Run) -> Option<()> {
        let metadata = run.metadata.clone()?;
        let refresh_token = run.tokens.refresh.clone()?;
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.as_str()),
            ("client_id", &self.playground.public_client),
        ];
        let call = Call::post(&endpoint(&metadata, "token_endpoint")?, &form);
        let reply = self.call(run, "Refresh", REFRESH, call).await?;
        self.take(run, &reply, &self.playground.public_client, &metadata).await
    }

    pub async fn userinfo(&self, run: &mut Run) -> Option<()> {
        let metadata = run.metadata.clone()?;
        let call = Call::get(&endpoint(&metadata, "userinfo_endpoint")?).bearer(run.tokens.access.as_deref()?);
        self.call(run, "Userinfo", USERINFO, call).await.map(|_| ())
    }

    pub async fn introspect(&self, run: &mut Run) -> Option<()> {
        let metadata = run.metadata.clone()?;
        let (client_id, secret) = &self.playground.resource_server;
        let form = [("token", run.tokens.access.as_deref()?)];
        let call = Call::post(&endpoint(&metadata, "introspection_endpoint")?, &form).basic(client_id, secret);
        self.call(run, "Introspection", INTROSPECTION, call).await.map(|_| ())
    }

    /// Gives back the refresh token, or else the access token.
    pub async fn revoke(&self, run: &mut Run) -> Option<()> {
        let metadata = run.metadata.clone()?;
        let token = run.tokens.refresh.clone().or_else(|| run.tokens.access.clone())?;
        let url = endpoint(&metadata, "revocation_endpoint")?;
        let call = match run.flow {
            super::run::Flow::Service => {
                let (client_id, secret) = &self.playground.service;
                Call::post(&url, &[("token", &token)]).basic(client_id, secret)
            }
            _ => Call::post(&url, &[("token", &token), ("client_id", &self.playground.public_client)]),
        };
        self.call(run, "Revocation", REVOCATION, call).await.map(|_| ())
    }

    /// Where the browser goes to sign out and come back (OpenID Connect RP-Initiated Logout §2).
    pub fn sign_out_url(&self, run: &Run) -> Option<String> {
        let mut url: Url = self.issuer().endpoint(endpoints::LOGOUT).parse().ok()?;
        let back = self.issuer().endpoint(super::PATH);
        let params = [("id_token_hint", run.tokens.id.as_deref()?), ("post_logout_redirect_uri", &back)];
        url.query_pairs_mut().extend_pairs(params);
        Some(url.into())
    }

    /// Takes in a token response: fetches the keys, checks what can be checked.
    async fn take(&self, run: &mut Run, reply: &Reply, client_id: &str, metadata: &Value) -> Option<()> {
        let answer = reply.json()?;
        let text = |name| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let access = text("access_token")?;
        let jwks = self.call(run, "Keys", JWKS, Call::get(&endpoint(metadata, "jwks_uri")?)).await?.json()?;
        let keys = ForeignKeys::parse(&jwks).ok()?;
        // A refreshed id_token need not repeat the nonce (OpenID Connect Core §12.2).
        let nonce = run.nonce.take();
        let expected = Expectations {
            issuer: self.issuer().as_str(),
            client_id,
            nonce: nonce.as_deref(),
            access_token: Some(&access),
            now: self.now(),
        };
        let (id, refresh) = (text("id_token"), text("refresh_token"));
        run.views = Vec::new();
        run.views.extend(id.as_deref().map(|raw| TokenView::id_token(raw, &keys, &expected)));
        run.views.push(TokenView::access_token(&access, &keys, &expected));
        run.views.extend(refresh.as_deref().map(|raw| TokenView::opaque("refresh_token", raw)));
        run.tokens.access = Some(access);
        run.tokens.refresh = refresh.or(run.tokens.refresh.take());
        run.tokens.id = id.or(run.tokens.id.take());
        Some(())
    }
}

fn endpoint(metadata: &Value, name: &str) -> Option<String> {
    metadata.get(name)?.as_str().map(str::to_owned)
}
