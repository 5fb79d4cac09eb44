//! Signing in with another OpenID provider: the way there, and back.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::errand::Errand;
use super::local_path::LocalPath;
use super::login;
use super::problem::Stop;
use super::sign_in::{login_for, next_page, signed_in_for};
use super::transaction::Transaction;
use super::visit::{Visit, query, set};
use crate::base::{OpaqueToken, Timestamp, TokenKind, new_id};
use crate::config::Ttl;
use crate::identity::upstream::{Arrival, Callback, Passage, Provider, UpstreamError, UpstreamIdentity};
use crate::oauth::Params;
use crate::storage::{UpstreamAccounts as _, UpstreamLoginRecord};
use crate::web::App;
use crate::web::account::{self, CONNECTIONS};
use crate::web::pages::{Answer, ErrorPage, UpstreamButton, UpstreamGoPage};

/// How long a person may take at the provider.
const TTL: Duration = Duration::from_mins(10);

/// The buttons of the sign-in page; with `more` also those for people who have connected their accounts alone.
pub fn buttons(visit: &Visit<'_>, next: Option<&LocalPath>, more: bool) -> Vec<UpstreamButton> {
    let way_back = query(&[("next", next.map(LocalPath::as_str).unwrap_or_default())]);
    let upstreams = visit.app.upstreams.iter().filter(|(_, provider)| more || !provider.settings.connected_only);
    upstreams
        .map(|(name, provider)| {
            let action = visit.frame.url(&format!("/upstream/{name}{way_back}"));
            UpstreamButton {
                action,
                label: visit.frame.t.with("upstream-button", "name", display_name(name, provider)),
            }
        })
        .collect()
}

/// Whether there are buttons that only `more` shows.
pub fn has_more(visit: &Visit<'_>) -> bool {
    visit.app.upstreams.iter().any(|(_, provider)| provider.settings.connected_only)
}

pub fn display_name(name: &str, provider: &Provider) -> String {
    provider.settings.display_name.clone().unwrap_or_else(|| name.to_owned())
}

/// `POST /upstream/{name}`: the way to the provider.
pub async fn post(app: Data<App>, req: HttpRequest, name: Path<String>, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| started(visit, &name, body).await).await
}

async fn started(visit: &mut Visit<'_>, name: &str, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let id = params.get("transaction").unwrap_or_default();
    visit.check(&params, login::PURPOSE, id)?;
    visit.read_remember(&params);
    let asks_again = !id.is_empty() && Transaction::load(visit, id).await?.request.asks_again();
    let next = next_page(&visit.query()?);
    let way = Way {
        transaction_id: Some(id).filter(|id| !id.is_empty()).map(str::to_owned),
        next: next.map(|next| next.as_str().to_owned()),
        link_session_id: None,
    };
    // Whoever has to prove it again, by the application's wish or ours, proves it again there as well.
    let again = asks_again || visit.session().await?.is_some();
    let mut response = begin(visit, name, way, again).await?;
    visit.note_brief(&mut response);
    Ok(response)
}

/// What a browser is on its way for.
pub struct Way {
    pub transaction_id: Option<String>,
    pub next: Option<String>,
    pub link_session_id: Option<String>,
}

/// Sends the browser to the provider; with `again` for a sign-in that is new.
pub async fn begin(visit: &Visit<'_>, name: &str, way: Way, again: bool) -> Result<HttpResponse, Stop> {
    let provider = visit.app.upstreams.get(name).ok_or(Stop::NotFound)?;
    visit.begins()?;
    let cx = visit.cx();
    let (now, random) = (cx.now(), cx.random.as_ref());
    let token = OpaqueToken::generate(TokenKind::UpstreamLogin, new_id(now, random), random);
    let url = match provider.authorization_url(&Passage(&token), again).await {
        Ok(url) => url,
        Err(error) => return Ok(failed(visit, name, &back(&way), &error)),
    };
    let login = UpstreamLoginRecord {
        id: token.id.to_string(),
        secret_hash: token.hash().as_bytes().to_vec(),
        upstream: name.to_owned(),
        transaction_id: way.transaction_id,
        next: way.next,
        link_session_id: way.link_session_id,
        fresh_since: again.then(|| now.millis()),
        expires_at: now.plus(TTL).millis(),
    };
    cx.store.insert_upstream_login(&login).await?;
    // Not by redirect: browsers hold what follows a form to the addresses that its page may send forms to.
    let page = UpstreamGoPage { page: &visit.frame, name: &display_name(name, provider), url: &url };
    let mut response = visit.page(&page, Answer::default());
    set(&mut response, &visit.cookies.set_upstream(&login.id, token.expose(), Ttl::seconds(TTL.as_secs())));
    Ok(response)
}

/// `GET /upstream/{name}/callback`: the way back.
pub async fn callback(app: Data<App>, req: HttpRequest, name: Path<String>) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| returned(visit, &name).await).await
}

async fn returned(visit: &Visit<'_>, name: &str) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    let Some((token, login)) = taken(visit, name, &params).await? else {
        return Ok(refused(visit, "upstream-stale", ("/login".to_owned(), "upstream-again")));
    };
    let fresh_since = login.fresh_since.map(Timestamp::from_millis);
    let way = Way { transaction_id: login.transaction_id, next: login.next, link_session_id: login.link_session_id };
    let mut response = match visit.app.upstreams.get(name) {
        None => refused(visit, "upstream-gone", (back(&way), "upstream-again")),
        Some(provider) => {
            let said = Callback { code: params.get("code"), error: params.get("error"), iss: params.get("iss") };
            match provider.finish(&Passage(&token), said, fresh_since).await {
                Ok(there) => {
                    let mut response = arrived(visit, &there, &way).await?;
                    if way.link_session_id.is_none() && provider.settings.sign_out {
                        set(&mut response, &visit.cookies.set_came_by(name, visit.app.config.sessions.ttl));
                    }
                    response
                }
                Err(error) => failed(visit, name, &back(&way), &error),
            }
        }
    };
    set(&mut response, &visit.cookies.end_upstream(&login.id));
    Ok(response)
}

/// The way that this browser began with this provider, if the answer is for it: once.
async fn taken(
    visit: &Visit<'_>,
    name: &str,
    params: &Params,
) -> Result<Option<(OpaqueToken, UpstreamLoginRecord)>, Stop> {
    let state = params.get("state").unwrap_or_default();
    let Some(cookie) = Passage::id_of(state).and_then(|id| visit.cookies.upstream(visit.req, id)) else {
        return Ok(None);
    };
    let token = OpaqueToken::parse(TokenKind::UpstreamLogin, &cookie);
    let Some(token) = token.filter(|token| Passage(token).is_for(state)) else { return Ok(None) };
    let cx = visit.cx();
    let (id, hash) = (token.id.to_string(), token.hash());
    let login = cx.store.consume_upstream_login(&id, hash.as_bytes(), name, cx.now().millis()).await?;
    Ok(login.map(|login| (token, login)))
}

async fn arrived(visit: &Visit<'_>, there: &UpstreamIdentity, way: &Way) -> Result<HttpResponse, Stop> {
    if let Some(sid) = &way.link_session_id {
        return connected(visit, there, sid).await;
    }
    let metrics = &visit.app.metrics;
    match visit.app.identity.arrive_from_upstream(there, &visit.origin()).await? {
        Arrival::Known(proof) => {
            metrics.login_attempt("upstream", "success");
            signed_in_for(visit, errand(visit, way).await?, *proof).await
        }
        Arrival::Stranger => {
            metrics.login_attempt("upstream", "unknown");
            Ok(refused(visit, "upstream-stranger", (login_again(way, Some(CONNECTIONS)), "upstream-stranger-login")))
        }
        Arrival::Disabled => {
            metrics.login_attempt("upstream", "rejected");
            Ok(refused(visit, "upstream-disabled", (back(way), "upstream-again")))
        }
    }
}

/// Connects the two accounts of whoever is still signed in here.
async fn connected(visit: &Visit<'_>, there: &UpstreamIdentity, sid: &str) -> Result<HttpResponse, Stop> {
    let session = visit.session().await?.filter(|session| session.sid == sid);
    let Some(session) = session else {
        return Ok(refused(
            visit,
            "upstream-stale",
            (login_for(LocalPath::parse(CONNECTIONS).as_ref()), "upstream-again"),
        ));
    };
    if visit.app.identity.connect_upstream(&session.user, there, &visit.origin()).await? {
        return Ok(account::done(visit, CONNECTIONS, "done-connected"));
    }
    Ok(refused(visit, "upstream-taken", (CONNECTIONS.to_owned(), "upstream-back")))
}

async fn errand(visit: &Visit<'_>, way: &Way) -> Result<Errand, Stop> {
    Ok(match &way.transaction_id {
        Some(id) => Errand::Transaction(Box::new(Transaction::load(visit, id).await?)),
        None => Errand::Page(way.next.as_deref().and_then(LocalPath::parse)),
    })
}

/// Where to try again.
fn back(way: &Way) -> String {
    if way.link_session_id.is_some() {
        return CONNECTIONS.to_owned();
    }
    login_again(way, None)
}

/// The sign-in page for the same errand; without one, for `otherwise`.
fn login_again(way: &Way, otherwise: Option<&str>) -> String {
    match &way.transaction_id {
        Some(id) => format!("/login{}", query(&[("tx", id)])),
        None => login_for(way.next.as_deref().or(otherwise).and_then(LocalPath::parse).as_ref()),
    }
}

fn failed(visit: &Visit<'_>, name: &str, back: &str, error: &UpstreamError) -> HttpResponse {
    tracing::warn!(request_id = %visit.id(), upstream = name, cause = %error, "a sign-in with a provider failed");
    visit.app.metrics.login_attempt("upstream", "failed");
    let sentence = match error {
        UpstreamError::Unavailable(_) => "upstream-unavailable",
        UpstreamError::Refused(_) => "upstream-refused",
        UpstreamError::NotAgain => "upstream-not-again",
        UpstreamError::Denied(_) => "upstream-denied",
    };
    refused(visit, sentence, (back.to_owned(), "upstream-again"))
}

/// A page of ours; nothing that came from elsewhere stands in it.
fn refused(visit: &Visit<'_>, sentence: &str, (path, label): (String, &str)) -> HttpResponse {
    let (t, id) = (&visit.frame.t, visit.id());
    let page = ErrorPage {
        page: &visit.frame,
        title: t.text("upstream-title"),
        sentence: t.text(sentence),
        way_back: Some((t.text(label), visit.frame.url(&path))),
        developer: None,
        request_id: id.as_str(),
    };
    visit.page(&page, Answer::with_status(StatusCode::BAD_REQUEST))
}
