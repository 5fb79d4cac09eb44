use serde::{Deserialize, Deserializer, Serialize};

use super::{AuthorizationResponse, ResponseMode, ResponseType, redirect_uri};
use crate::base::acr::Acr;
use crate::config::Config;
use crate::jose;
use crate::oauth::engine::authorization;
use crate::oauth::pkce::CodeChallenge;
use crate::oauth::resource::Audience;
use crate::oauth::{Client, Context, Error, Params, ScopeSet, resource};
use crate::oidc::ClaimsRequest;

/// A `prompt` value (OpenID Connect Core §3.1.2.1, Initiating User Registration via OpenID Connect §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    None,
    Login,
    Consent,
    SelectAccount,
    Create,
}

impl Prompt {
    const ALL: [Self; 5] = [Self::None, Self::Login, Self::Consent, Self::SelectAccount, Self::Create];

    /// `prompt_values_supported` of the metadata.
    pub fn offered(config: &Config) -> impl Iterator<Item = Self> {
        let creates = config.registration.is_open();
        Self::ALL.into_iter().filter(move |prompt| *prompt != Self::Create || creates)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
            Self::Create => "create",
        }
    }
}

/// An authorization request, validated once and frozen: it is stored so and never read again from the browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: String,
    pub redirect_uri: String,
    #[serde(default)]
    pub response_type: ResponseType,
    pub response_mode: ResponseMode,
    pub scope: ScopeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    pub prompt: Vec<Prompt>,
    /// Seconds since the last login beyond which the person signs in again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// `auth_time` belongs in the id_token.
    pub wants_auth_time: bool,
    /// The people it may be about, anybody if there are none: from `id_token_hint` or a requested `sub`.
    #[serde(default, alias = "subject", deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    pub ui_locales: Vec<String>,
    pub claims: ClaimsRequest,
    /// `acr_values`, else those that the client is registered with: classes in order of preference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// The resources that access tokens are asked for (RFC 8707 §2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Audience>,
}

/// Why there will be no code.
#[derive(Debug)]
pub enum Refusal {
    /// Client or redirect URI are not certain: nothing is sent anywhere, the person sees a page.
    Page {
        error: Error,
        /// What the developer of the client may see: the URI received and the registered one most like it.
        received: Option<String>,
        registered: Option<String>,
    },
    /// The client is told by redirect.
    Redirect(AuthorizationResponse),
    /// Nothing is wrong with the request; the server could not answer it.
    Server(Error),
}

impl AuthorizationRequest {
    /// Whether the application wants a sign-in that is new, or not older than it says.
    pub fn asks_again(&self) -> bool {
        self.has_prompt(Prompt::Login) || self.max_age.is_some()
    }

    pub fn has_prompt(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }

    /// Whether it may be about the person whom the client knows as `sub`.
    pub fn may_be_about(&self, sub: &str) -> bool {
        self.subjects.is_empty() || self.subjects.iter().any(|wanted| wanted == sub)
    }

    /// All that a person is asked to allow: the scopes, and those of the single claims asked for.
    pub fn asked(&self) -> ScopeSet {
        self.scope.union(&self.claims.scopes())
    }

    /// The error response to this request.
    pub fn refuse(&self, error: &Error, issuer: &str) -> AuthorizationResponse {
        AuthorizationResponse::error(&self.redirect_uri, self.response_mode, self.state.as_deref(), error, issuer)
    }
}

/// Longest `nonce`, `login_hint` and the like.
const MAX_SHORT_VALUE_BYTES: usize = 1024;
/// Longest `state`.
const MAX_STATE_BYTES: usize = 8 * 1024;
/// `ui_locales` beyond these are not looked at.
const MAX_LOCALES: usize = 10;

/// Reads an authorization request. The order of checks is that of oxide-auth's state machine: bind client and redirect
/// URI, then the rest, so that an error before the binding can never redirect.
pub fn read(cx: &Context, params: &Params) -> Result<AuthorizationRequest, Refusal> {
    let (bound, kind) = bind(cx, params)?;
    let answer = |error: Error| match error {
        error @ (Error::Internal(_) | Error::TemporarilyUnavailable { .. }) => Refusal::Server(error),
        error => Refusal::Redirect(bound.refuse(&error, cx.config.issuer.as_str())),
    };
    let kind = kind.map_err(answer)?;
    let machine = authorization::Request { client: &bound.client, redirect_uri: &bound.redirect_uri };
    let negotiate = || negotiate_scope(&bound.client, params);
    let scope =
        authorization::negotiated(&machine, || check_support(&bound, params, kind), negotiate).map_err(answer)?;
    rest(cx, &bound, params, kind, scope).map_err(answer)
}

/// Client, redirect URI and how to answer: what must be certain before anything is sent anywhere.
struct Bound {
    client: std::sync::Arc<Client>,
    redirect_uri: String,
    /// How errors are told: by the mode asked for if the type allows it, else by the type's own.
    error_mode: ResponseMode,
    state: Option<String>,
}

/// What is asked for, and how it is to come.
#[derive(Clone, Copy)]
struct Kind {
    response_type: ResponseType,
    response_mode: ResponseMode,
}

impl Bound {
    fn refuse(&self, error: &Error, issuer: &str) -> AuthorizationResponse {
        AuthorizationResponse::error(&self.redirect_uri, self.error_mode, self.state.as_deref(), error, issuer)
    }
}

fn bind(cx: &Context, params: &Params) -> Result<(Bound, Result<Kind, Error>), Refusal> {
    let page = |error| Refusal::Page { error, received: None, registered: None };
    let client_id = params.require("client_id").map_err(page)?;
    // Unknown, disabled and deleted clients get the same page.
    let client = cx
        .active_client(client_id)
        .ok_or_else(|| page(Error::invalid_request("client_id is not that of a client registered here")))?;
    let received = params.require("redirect_uri").map_err(page)?;
    let native = client.metadata.application_type == "native";
    let registered = &client.metadata.redirect_uris;
    if !registered.iter().any(|uri| redirect_uri::matches(uri, received, native)) {
        return Err(Refusal::Page {
            error: Error::invalid_request("redirect_uri is none of those registered for this client"),
            received: Some(received.to_owned()),
            registered: redirect_uri::nearest(registered, received).map(str::to_owned),
        });
    }
    let response_type = response_type(&client, params);
    let default_mode = match &response_type {
        Ok(known) => known.default_mode(),
        Err(_) => ResponseType::default_mode_of_unsupported(params.get("response_type").unwrap_or_default()),
    };
    let response_mode = response_mode(params, default_mode);
    let error_mode = *response_mode.as_ref().unwrap_or(&default_mode);
    let state = params.get("state").filter(|state| state.len() <= MAX_STATE_BYTES).map(str::to_owned);
    let kind = response_type
        .and_then(|response_type| response_mode.map(|response_mode| Kind { response_type, response_mode }));
    Ok((Bound { redirect_uri: received.to_owned(), error_mode, state, client }, kind))
}

fn response_type(client: &Client, params: &Params) -> Result<ResponseType, Error> {
    let known = || {
        let names: Vec<&str> = ResponseType::SUPPORTED.into_iter().map(ResponseType::name).collect();
        Error::UnsupportedResponseType { hint: format!("response_type must be one of: {}", names.join(", ")).into() }
    };
    let response_type = ResponseType::from_name(params.require("response_type")?).ok_or_else(known)?;
    if !client.may_use_response_type(response_type) {
        let hint = format!("this client is not registered for response_type {}", response_type.name()).into();
        return Err(Error::UnsupportedResponseType { hint });
    }
    Ok(response_type)
}

/// The mode that is asked for, else `default_mode`; a type whose default is the fragment never answers by query.
fn response_mode(params: &Params, default_mode: ResponseMode) -> Result<ResponseMode, Error> {
    let Some(name) = params.get("response_mode") else { return Ok(default_mode) };
    let mode = ResponseMode::from_name(name).ok_or_else(|| {
        let names = ResponseMode::SUPPORTED.map(ResponseMode::name).join(", ");
        Error::invalid_request(format!("response_mode must be one of {names}"))
    })?;
    if default_mode == ResponseMode::Fragment && mode == ResponseMode::Query {
        return Err(Error::invalid_request(
            "this response_type puts tokens into the response, which no query may carry",
        ));
    }
    Ok(mode)
}

/// What does not depend on the scope: each line one check.
fn check_support(bound: &Bound, params: &Params, kind: Kind) -> Result<(), Error> {
    if params.get("state").is_some_and(|state| state.len() > MAX_STATE_BYTES) {
        return Err(Error::invalid_request(format!("state is longer than {MAX_STATE_BYTES} bytes")));
    }
    if params.get("request").is_some() {
        return Err(Error::RequestNotSupported { hint: "send the parameters themselves".into() });
    }
    if params.get("request_uri").is_some() {
        return Err(Error::RequestUriNotSupported { hint: "send the parameters themselves".into() });
    }
    if params.get("registration").is_some() {
        return Err(Error::RegistrationNotSupported { hint: "clients are registered beforehand".into() });
    }
    if kind.response_type.gives_code() && !bound.client.may_use_grant("authorization_code") {
        return Err(Error::unauthorized_client("this client is not registered for authorization_code"));
    }
    Ok(())
}

/// Scopes not known, or not allowed to the client, are left out (OpenID Connect Core §3.1.2.1); the token response says
/// which remain.
fn negotiate_scope(client: &Client, params: &Params) -> Result<ScopeSet, Error> {
    let asked = ScopeSet::parse(params.get("scope").unwrap_or_default())
        .map_err(|error| Error::invalid_scope(error.to_string()))?;
    if asked.is_empty() {
        return Err(Error::invalid_scope("scope is missing; openid asks for a sign-in"));
    }
    let granted = asked.filter(|scope| client.scope.contains(scope));
    if granted.is_empty() {
        return Err(Error::invalid_scope("none of these scopes is allowed to this client"));
    }
    Ok(granted)
}

fn rest(
    cx: &Context,
    bound: &Bound,
    params: &Params,
    kind: Kind,
    scope: ScopeSet,
) -> Result<AuthorizationRequest, Error> {
    let client = &bound.client;
    let code_challenge = code_challenge(client, params, kind.response_type)?;
    let nonce = nonce(params, kind.response_type, &scope)?;
    let prompt = prompt(&cx.config, params)?;
    let asked_max_age = max_age(params)?;
    let claims = params.get("claims").map(ClaimsRequest::parse).transpose()?.unwrap_or_default();
    let claims = claims.within(&client.scope);
    let hinted = params.get("id_token_hint").map(|hint| hinted_subject(cx, hint)).transpose()?;
    if hinted.as_ref().is_some_and(|hinted| !claims.subjects.is_empty() && !claims.subjects.contains(hinted)) {
        return Err(Error::invalid_request("id_token_hint and claims name different people"));
    }
    if claims.acr_essential && !claims.acr_values.is_empty() && !reachable(&claims.acr_values) {
        let hint = "none of the essential acr values can be reached here".into();
        return Err(Error::UnmetAuthenticationRequirements { hint });
    }
    Ok(AuthorizationRequest {
        client_id: client.client_id.clone(),
        redirect_uri: bound.redirect_uri.clone(),
        response_type: kind.response_type,
        response_mode: kind.response_mode,
        scope,
        state: bound.state.clone(),
        nonce,
        code_challenge,
        prompt,
        max_age: asked_max_age.or(client.metadata.default_max_age),
        wants_auth_time: asked_max_age.is_some()
            || client.metadata.default_max_age.is_some()
            || client.metadata.require_auth_time
            || claims.auth_time,
        subjects: hinted.map_or_else(|| claims.subjects.clone(), |hinted| vec![hinted]),
        login_hint: short(params, "login_hint").unwrap_or_default(),
        ui_locales: locales(params),
        acr_values: acr_values(params, client),
        claims,
        resource: resource::named(cx, params)?,
    })
}

/// Public clients always send a challenge, confidential ones unless exempted (RFC 9700 §2.1.1).
fn code_challenge(
    client: &Client,
    params: &Params,
    response_type: ResponseType,
) -> Result<Option<CodeChallenge>, Error> {
    let challenge = CodeChallenge::from_request(params.get("code_challenge"), params.get("code_challenge_method"))?;
    if challenge.is_none() && response_type.gives_code() && (client.is_public() || client.metadata.require_pkce) {
        return Err(Error::invalid_request("code_challenge is missing: PKCE with S256 is required (RFC 7636)"));
    }
    Ok(challenge)
}

/// An id_token that comes through the browser must answer a nonce (OpenID Connect Core §3.3.2.11).
fn nonce(params: &Params, response_type: ResponseType, scope: &ScopeSet) -> Result<Option<String>, Error> {
    let nonce = short(params, "nonce")?;
    if response_type.gives_id_token() && !scope.contains("openid") {
        return Err(Error::invalid_scope("an id_token is for the scope openid"));
    }
    if response_type.gives_id_token() && nonce.is_none() {
        return Err(Error::invalid_request("nonce is missing: this response_type needs one"));
    }
    Ok(nonce)
}

fn prompt(config: &Config, params: &Params) -> Result<Vec<Prompt>, Error> {
    let mut prompts = Vec::new();
    for word in params.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        let prompt = Prompt::offered(config).find(|prompt| prompt.name() == word).ok_or_else(|| {
            let names: Vec<&str> = Prompt::offered(config).map(Prompt::name).collect();
            Error::invalid_request(format!("prompt must be of {}", names.join(", ")))
        })?;
        if !prompts.contains(&prompt) {
            prompts.push(prompt);
        }
    }
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(Error::invalid_request("prompt=none stands alone"));
    }
    Ok(prompts)
}

fn max_age(params: &Params) -> Result<Option<u64>, Error> {
    let Some(text) = params.get("max_age") else { return Ok(None) };
    let legal = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    let age = text.parse().ok().filter(|_| legal);
    age.map(Some).ok_or_else(|| Error::invalid_request("max_age must be a number of seconds"))
}

/// The subject of an id_token of ours, expired ones included (OpenID Connect Core §3.1.2.1).
fn hinted_subject(cx: &Context, hint: &str) -> Result<String, Error> {
    let refused = || Error::invalid_request("id_token_hint is no id_token of this server");
    let verified = jose::verify(&cx.keys, hint, jose::Expected::IdToken).map_err(|_| refused())?;
    let claim = |name: &str| verified.claims.get(name).and_then(serde_json::Value::as_str);
    if claim("iss") != Some(cx.config.issuer.as_str()) {
        return Err(refused());
    }
    claim("sub").map(str::to_owned).ok_or_else(refused)
}

/// Requests that were frozen before there could be several people hold one as a string.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(sub) => vec![sub],
        OneOrMany::Many(subs) => subs,
    })
}

fn reachable(acr_values: &[String]) -> bool {
    acr_values.iter().any(|value| Acr::from_name(value).is_some())
}

fn short(params: &Params, name: &'static str) -> Result<Option<String>, Error> {
    match params.get(name) {
        Some(value) if value.len() > MAX_SHORT_VALUE_BYTES => {
            Err(Error::invalid_request(format!("{name} is longer than {MAX_SHORT_VALUE_BYTES} bytes")))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// Classes that are not known here are nobody's to reach, and left out.
fn acr_values(params: &Params, client: &Client) -> Vec<String> {
    let asked: Vec<String> = match params.get("acr_values") {
        Some(words) => words.split(' ').map(str::to_owned).collect(),
        None => client.metadata.default_acr_values.clone(),
    };
    let known = asked.into_iter().filter(|name| Acr::from_name(name).is_some());
    known.take(Acr::SUPPORTED.len()).collect()
}

fn locales(params: &Params) -> Vec<String> {
    let words = params.get("ui_locales").unwrap_or_default().split(' ').filter(|word| !word.is_empty());
    words.take(MAX_LOCALES).map(str::to_owned).collect()
}

#[cfg(test)]
impl AuthorizationRequest {
    /// A request that asks for nothing in particular.
    pub fn for_test() -> Self {
        Self {
            client_id: "c".to_owned(),
            redirect_uri: "https://app.test/cb".to_owned(),
            response_type: ResponseType::Code,
            response_mode: ResponseMode::Query,
            scope: ScopeSet::default(),
            state: None,
            nonce: None,
            code_challenge: None,
            prompt: Vec::new(),
            max_age: None,
            wants_auth_time: false,
            subjects: Vec::new(),
            login_hint: None,
            ui_locales: Vec::new(),
            claims: ClaimsRequest::default(),
            acr_values: Vec::new(),
            resource: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::testing::{C1, CHALLENGE, REDIRECT_URI, World};

    fn asked(world: &World, changes: &[(&str, &str)]) -> Result<AuthorizationRequest, Refusal> {
        let mut params = vec![
            ("response_type", "code"),
            ("client_id", C1),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        params.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        params.extend(changes);
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        read(&world.cx, &Params::parse(encoded.as_bytes()).unwrap())
    }

    #[test]
    fn a_request_frozen_by_the_version_before_is_still_about_its_person() {
        let mut frozen = serde_json::to_value(AuthorizationRequest::for_test()).unwrap();
        assert!(frozen.get("subjects").is_none());
        frozen["subject"] = "u1".into();
        let thawed: AuthorizationRequest = serde_json::from_value(frozen).unwrap();
        assert!(thawed.may_be_about("u1") && !thawed.may_be_about("u2"));
    }

    #[tokio::test]
    async fn claims_need_a_scope_the_client_may_have_and_the_persons_leave() {
        let world = World::new().await;
        let claims = r#"{"userinfo": {"email": null, "phone_number": null}, "id_token": {"name": null}}"#;
        let request = asked(&world, &[("claims", claims)]).unwrap();
        assert_eq!(request.claims.userinfo, ["email"], "phone is not among the client's scopes");
        assert_eq!(request.scope.to_string(), "openid");
        assert_eq!(request.asked().to_string(), "openid email profile");
    }
}
