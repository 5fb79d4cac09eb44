//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0), and what browsers tell clients of any logout.

use std::borrow::Cow;
use std::sync::Arc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::csrf;
use super::departure::Departure;
use super::parting::Parting;
use super::problem::Stop;
use super::visit::{Visit, query, see_other};
use crate::identity::ActiveSession;
use crate::jose::{self, Expected};
use crate::oauth::{Client, Params};
use crate::web::App;
use crate::web::oauth::form;
use crate::web::pages::{Answer, ClientCard, LoggedOutPage, LogoutPage, Onward, place};

const PURPOSE: &str = "logout";
/// The parameters of the request (§2).
const PARAMS: [&str; 6] =
    ["id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

/// `GET /logout`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, requested).await
}

async fn requested(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    let locales: Vec<String> =
        params.get("ui_locales").unwrap_or_default().split(' ').take(10).map(str::to_owned).collect();
    visit.speak(&locales);
    let request = LogoutRequest::read(visit, &params);
    let Some(session) = visit.person().await? else { return Ok(request.pass(visit)) };
    if request.names(visit, &session) {
        let departure = end(visit, &session).await?;
        let parting = Parting::of(visit, &session, request.target.as_deref()).await;
        return Ok(without_session(visit, request.leave(visit, &departure, parting.as_ref())));
    }
    Ok(ask(visit, &request, &session))
}

/// `POST /logout`: the answer to our own question; from a client, the request itself, which is read again by GET, since
/// the browser sends no cookies along with a form of another site.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = form::read(visit.req, body).await?;
    let Some(decision) = params.get("decision") else {
        let known: Vec<(&str, &str)> = PARAMS.iter().filter_map(|name| Some((*name, params.get(name)?))).collect();
        return Ok(visit.go(&format!("/logout{}", query(&known))));
    };
    if !csrf::is_same_origin(visit.req, &visit.app.config.issuer) {
        return Err(Stop::Forged);
    }
    let session = visit.person().await?;
    visit.check(&params, PURPOSE, &about(session.as_ref()))?;
    if decision == "stay" {
        return Ok(visit.go("/"));
    }
    let (departure, parting) = match &session {
        Some(session) => (end(visit, session).await?, Parting::of(visit, session, None).await),
        None => Default::default(),
    };
    let client = super::transaction::named_client(visit).and_then(|client_id| visit.cx().clients.get(&client_id));
    Ok(without_session(visit, logged_out(visit, client.as_deref(), &departure, parting.as_ref(), None)))
}

/// A logout request, as far as it proves anything.
struct LogoutRequest {
    /// From an id_token of ours, an expired one too.
    subject: Option<String>,
    client: Option<Arc<Client>>,
    /// Where to go afterwards: only with such an id_token, and only where its client has registered.
    target: Option<String>,
}

impl LogoutRequest {
    fn read(visit: &Visit<'_>, params: &Params) -> Self {
        let cx = visit.cx();
        let hint = params.get("id_token_hint").and_then(|hint| jose::verify(&cx.keys, hint, Expected::IdToken).ok());
        let claim = |name: &str| {
            let claims = &hint.as_ref()?.claims;
            claims.get(name)?.as_str().map(str::to_owned)
        };
        let ours = claim("iss").as_deref() == Some(visit.issuer());
        let (subject, audience) = if ours { (claim("sub"), claim("aud")) } else { (None, None) };
        let named = params.get("client_id").map(str::to_owned);
        // A hint for another client than the one that asks proves nothing.
        let contradicts = audience.is_some() && named.is_some() && audience != named;
        let subject = subject.filter(|_| !contradicts);
        let client_id = if contradicts { named } else { audience.or(named) };
        let client = client_id.and_then(|client_id| cx.active_client(&client_id));
        let target = match (&subject, &client, params.get("post_logout_redirect_uri")) {
            (Some(_), Some(client), Some(uri))
                if client.metadata.post_logout_redirect_uris.iter().any(|known| known == uri) =>
            {
                Some(with_state(uri, params.get("state")))
            }
            _ => None,
        };
        Self { subject, client, target }
    }

    /// Whether its hint is about the person of `session`, as the hint's client knows them.
    fn names(&self, visit: &Visit<'_>, session: &ActiveSession) -> bool {
        let user_id = &session.user.id;
        let sub = self.client.as_deref().map_or(Cow::from(user_id), |client| visit.cx().subject(client, user_id));
        self.subject.as_deref() == Some(sub.as_ref())
    }

    /// The answer to a browser where nobody was signed in. It goes to no address of a client that nobody vouches for by
    /// itself: whoever registered one could send people there by a link to this server (RFC 9700 §4.11.2).
    fn pass(&self, visit: &Visit<'_>) -> HttpResponse {
        let vouched_for = self.client.as_ref().is_none_or(|client| client.metadata.registered_by.is_operator());
        match &self.target {
            Some(target) if !vouched_for => {
                let label = visit.frame.t.with("back-to", "app", place(target));
                let onward = Onward { href: target, label, by_itself: false };
                logged_out(visit, None, &Departure::default(), None, Some(onward))
            }
            _ => self.leave(visit, &Departure::default(), None),
        }
    }

    /// The answer to a browser where nobody is signed in any more: with frames to show, by way of the page.
    fn leave(&self, visit: &Visit<'_>, departure: &Departure, parting: Option<&Parting>) -> HttpResponse {
        match &self.target {
            Some(target) if departure.frames.is_empty() && parting.is_none() => see_other(target),
            target => {
                let label = || visit.frame.t.text("continue");
                let onward = target.as_deref().map(|href| Onward { href, label: label(), by_itself: true });
                logged_out(visit, self.client.as_deref(), departure, parting, onward)
            }
        }
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let joint = if uri.contains('?') { '&' } else { '?' };
    let state = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    format!("{uri}{joint}{state}")
}

/// Ends the session, in force here before the answer leaves.
async fn end(visit: &Visit<'_>, session: &ActiveSession) -> Result<Departure, Stop> {
    let departure = Departure::of(visit, session).await?;
    visit.app.identity.end_session(session, &visit.origin()).await?;
    visit.cx().follow_revocations().await?;
    Ok(departure)
}

/// Ends whatever the person is signed in to. Back to the sign-in, unless this browser has something to end elsewhere.
pub async fn everywhere(visit: &Visit<'_>, session: &ActiveSession, end_keys: bool) -> Result<HttpResponse, Stop> {
    let departure = Departure::of(visit, session).await?;
    visit.app.identity.sign_out_everywhere(session, end_keys, &visit.origin()).await?;
    visit.cx().follow_revocations().await?;
    let parting = Parting::of(visit, session, None).await;
    let answer = if departure.frames.is_empty() && parting.is_none() {
        visit.go("/login?next=/account")
    } else {
        logged_out(visit, None, &departure, parting.as_ref(), None)
    };
    Ok(without_session(visit, answer))
}

fn without_session(visit: &Visit<'_>, mut response: HttpResponse) -> HttpResponse {
    visit.forget(&mut response);
    response
}

/// `onward` is where the client wants the browser afterwards; after the provider, if there is one to sign out at.
pub(super) fn logged_out(
    visit: &Visit<'_>,
    client: Option<&Client>,
    departure: &Departure,
    parting: Option<&Parting>,
    onward: Option<Onward<'_>>,
) -> HttpResponse {
    let client = client.map(ClientCard::of);
    let page = LoggedOutPage {
        page: &visit.frame,
        client: client.as_ref(),
        told: &departure.told,
        frames: &departure.frames,
        elsewhere: parting.map(|parting| parting.name.as_str()),
        onward: parting.map(|parting| parting.onward(visit)).or(onward),
    };
    let mut response = visit.page(&page, Answer { frames: &departure.frames, ..Answer::default() });
    if let Some(parting) = parting {
        parting.note(visit, &mut response);
    }
    response
}

fn about(session: Option<&ActiveSession>) -> String {
    session.map(|session| session.sid.clone()).unwrap_or_default()
}

fn ask(visit: &Visit<'_>, request: &LogoutRequest, session: &ActiveSession) -> HttpResponse {
    let client_id = request.client.as_ref().map(|client| client.client_id.as_str()).unwrap_or_default();
    let action = format!("/logout{}", query(&[("client_id", client_id)]));
    let client = request.client.as_deref().map(ClientCard::of);
    let page = LogoutPage {
        page: &visit.frame,
        client: client.as_ref(),
        form: &visit.target(&action, PURPOSE, &about(Some(session))),
        username: &session.user.username,
    };
    visit.page(&page, Answer::default())
}
