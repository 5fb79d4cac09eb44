use std::time::Duration;

use actix_web::cookie::Cookie;
use actix_web::http::{Method, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::cookies::Cookies;
use super::csrf;
use super::problem::{self, Stop};
use crate::base::{OpaqueToken, RequestId, Zone};
use crate::identity::{ActiveSession, Origin, chosen};
use crate::oauth::{Caller, Client, Context, Params, logo};
use crate::oidc::session_state;
use crate::storage::UserRecord;
use crate::web::oauth::form;
use crate::web::pages::{self, Answer, ClientCard, FormTarget, Frame};
use crate::web::{App, client_address, request_id};

/// No page waits longer than this for the picture of an application.
const PATIENCE: Duration = Duration::from_millis(300);

/// One request of a person's browser: who asks, in which language, and the cookies that its answer will carry.
pub struct Visit<'a> {
    pub app: &'a App,
    pub req: &'a HttpRequest,
    pub cookies: Cookies,
    pub frame: Frame,
    /// Languages wished for, before the browser's own.
    wishes: Vec<String>,
    /// The browser has said that it could make a passkey, on a form where offering one comes next.
    pub can_make_passkey: bool,
    /// The person does not want this browser to be remembered.
    pub brief: bool,
    /// Names the browser for its forms; new when it had none.
    device: String,
    device_is_new: bool,
}

impl<'a> Visit<'a> {
    pub fn new(app: &'a App, req: &'a HttpRequest) -> Self {
        let cookies = Cookies::of(&app.config.issuer);
        let known = cookies.device(req).filter(|device| is_device(device));
        let device_is_new = known.is_none();
        let device = known.unwrap_or_else(|| {
            let mut bytes = [0_u8; 32];
            app.oauth.random.fill(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        });
        let frame = Frame::new(&app.config, req.headers(), &[]);
        let brief = app.config.sessions.remember_me && cookies.is_brief(req);
        Self { app, req, cookies, frame, wishes: Vec::new(), can_make_passkey: false, brief, device, device_is_new }
    }

    /// Answers one request: with what `work` makes of it, or with the page that says what stopped it.
    pub async fn receive(
        app: &App,
        req: &HttpRequest,
        work: impl AsyncFnOnce(&mut Visit<'_>) -> Result<HttpResponse, Stop>,
    ) -> HttpResponse {
        let mut visit = Visit::new(app, req);
        let outcome = Box::pin(work(&mut visit)).await;
        outcome.unwrap_or_else(|stop| problem::page(&visit, stop))
    }

    /// Speaks one of these languages, if it is shipped and none of those wished for before is: an application's request
    /// comes before what the person has chosen, and either before the browser's own wish.
    pub fn speak(&mut self, locales: &[String]) {
        self.wishes.extend_from_slice(locales);
        let zone = self.frame.zone;
        self.frame = Frame { zone, ..Frame::new(&self.app.config, self.req.headers(), &self.wishes) };
    }

    /// Speaks the language that a person has chosen, and says the times of their zone.
    pub fn speak_to(&mut self, user: &UserRecord) {
        let locale = chosen(user, "locale");
        if !locale.is_empty() {
            self.speak(&[locale]);
        }
        self.frame.zone = Zone::named(&chosen(user, "zoneinfo")).unwrap_or(Zone::UTC);
    }

    /// Names the browser, to itself and to us alone.
    pub fn browser(&self) -> &str {
        &self.device
    }

    pub fn cx(&self) -> &'a Context {
        &self.app.oauth
    }

    pub fn issuer(&self) -> &'a str {
        self.app.config.issuer.as_str()
    }

    pub fn id(&self) -> RequestId {
        request_id(self.req)
    }

    pub fn origin(&self) -> Origin {
        let user_agent = self.req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let address = client_address(self.req, &self.app.config);
        let origin = Origin::new(address, user_agent.unwrap_or_default(), self.id().as_str());
        let origin = if self.device_is_new { origin } else { origin.with_device(&self.device) };
        let origin = origin.speaking(self.frame.t.tag());
        if self.brief { origin.for_a_brief_session() } else { origin }
    }

    pub fn caller<'b>(&self, id: &'b RequestId) -> Caller<'b> {
        Caller { address: client_address(self.req, &self.app.config), request_id: id.as_str() }
    }

    /// Counts something that is about to be kept for whoever this is.
    pub fn begins(&self) -> Result<(), Stop> {
        Ok(self.cx().begins(client_address(self.req, &self.app.config))?)
    }

    /// The signed-in browser's session, if its cookie is that of a live one.
    pub async fn session(&self) -> Result<Option<ActiveSession>, Stop> {
        match self.cookies.session(self.req) {
            Some(cookie) => {
                Ok(self.app.identity.authenticate(&cookie, client_address(self.req, &self.app.config)).await?)
            }
            None => Ok(None),
        }
    }

    /// As [`Self::session`]; the page speaks the person's language from here on.
    pub async fn person(&mut self) -> Result<Option<ActiveSession>, Stop> {
        let session = self.session().await?;
        if let Some(session) = &session {
            self.speak_to(&session.user);
        }
        Ok(session)
    }

    /// The session of a person who proved who they are a short while ago, as of [`Self::person`]. Whoever is not signed in, or not just now, is
    /// sent to sign in and comes back to `next`.
    pub async fn fresh_session(&mut self, next: &str) -> Result<ActiveSession, Stop> {
        let session = self.person().await?.filter(|session| session.is_fresh(self.cx().now()));
        session.ok_or_else(|| Stop::SignInAgain { next: next.to_owned(), undone: self.req.method() == Method::POST })
    }

    /// The parameters of the address.
    pub fn query(&self) -> Result<Params, Stop> {
        Ok(Params::parse(self.req.query_string().as_bytes())?)
    }

    /// The parameters of a form sent from one of our pages. Its token is checked by [`Self::check`].
    pub async fn form(&self, body: Payload) -> Result<Params, Stop> {
        if !csrf::is_same_origin(self.req, &self.app.config.issuer) {
            return Err(Stop::Forged);
        }
        Ok(form::read(self.req, body).await?)
    }

    /// What a form of ours must carry: see [`csrf::token`].
    pub fn target(&self, action: &str, purpose: &str, about: &str) -> FormTarget {
        let csrf = csrf::token(&self.cx().lookup_key, &self.device, purpose, about);
        FormTarget { action: self.frame.url(action), csrf, transaction: String::new() }
    }

    /// Refuses a form that was not made for this browser, this purpose and this subject.
    pub fn check(&self, params: &Params, purpose: &str, about: &str) -> Result<(), Stop> {
        let expected = csrf::token(&self.cx().lookup_key, &self.device, purpose, about);
        let sent = params.get("csrf").unwrap_or_default();
        if !self.device_is_new && csrf::matches(&expected, sent) { Ok(()) } else { Err(Stop::Forged) }
    }

    /// Renders a page that holds a form: the browser gets its cookie first.
    pub fn page(&self, page: &impl Template, answer: Answer<'_>) -> HttpResponse {
        let mut response = pages::render(page, &self.frame.t, answer);
        if self.device_is_new {
            set(&mut response, &self.cookies.set_device(&self.device));
        }
        response
    }

    /// Gives the browser the cookie of its session.
    pub fn remember(&self, response: &mut HttpResponse, sid: &str, token: &OpaqueToken) {
        let cookie = if self.brief {
            self.cookies.set_brief_session(token.expose())
        } else {
            self.cookies.set_session(token.expose(), self.app.config.sessions.ttl)
        };
        set(response, &cookie);
        self.show_browser_state(response, Some(sid));
    }

    /// Reads the box of the sign-in page, from whichever of its forms was sent.
    pub fn read_remember(&mut self, params: &Params) {
        if self.app.config.sessions.remember_me && params.has("remember_asked") {
            self.brief = !params.has("remember");
        }
    }

    /// Has the browser know, for the pages up to the session, whether it is not to be remembered.
    pub fn note_brief(&self, response: &mut HttpResponse) {
        if self.brief != self.cookies.is_brief(self.req) {
            set(response, &self.cookies.set_brief(self.brief));
        }
    }

    /// Takes the cookie of the session away.
    pub fn forget(&self, response: &mut HttpResponse) {
        set(response, &self.cookies.end_session());
        self.show_browser_state(response, None);
    }

    /// Has the frame of session management see the session that there is now.
    pub fn show_browser_state(&self, response: &mut HttpResponse, sid: Option<&str>) {
        let sessions = &self.app.config.sessions;
        if !sessions.check_session_iframe {
            return;
        }
        let (shown, state) = (self.cookies.browser_state(self.req), sid.map(|sid| self.browser_state(sid)));
        match state {
            Some(state) if shown.as_ref() != Some(&state) => {
                set(response, &self.cookies.set_browser_state(&state, sessions.ttl));
            }
            None if shown.is_some() => set(response, &self.cookies.end_browser_state()),
            _ => {}
        }
    }

    pub fn browser_state(&self, sid: &str) -> String {
        session_state::browser_state(&self.cx().lookup_key, sid)
    }

    /// A client, with its picture where that has been fetched.
    pub fn card(&self, client: &Client) -> ClientCard {
        let address = || self.frame.url(&format!("/logo{}", query(&[("client_id", &client.client_id)])));
        ClientCard { logo: logo::known(self.cx(), client).map(|_| address()), ..ClientCard::of(client) }
    }

    /// Has the picture of `client` fetched before a page is shown, unless that takes long.
    pub async fn meet(&self, client: &Client) {
        logo::find(self.cx(), client, PATIENCE).await;
    }

    /// Sends the browser on to a path of ours by GET.
    pub fn go(&self, path: &str) -> HttpResponse {
        see_other(&self.frame.url(path))
    }
}

/// 303: the next request is a GET, and no form's content goes along (RFC 9700 §4.12).
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

pub fn set(response: &mut HttpResponse, cookie: &Cookie<'_>) {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie could not be written");
    }
}

/// A query of known names, percent-encoded, with its question mark; empty without parameters.
pub fn query(params: &[(&str, &str)]) -> String {
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    serializer.extend_pairs(params.iter().filter(|(_, value)| !value.is_empty()));
    let query = serializer.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

fn is_device(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
