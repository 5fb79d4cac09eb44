use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::api_keys::EndKeys;
use super::{Shell, done, fresh_form, signed_in};
use crate::base::{Timestamp, device_name, place_of};
use crate::storage::Accounts as _;
use crate::web::App;
use crate::web::interaction::logout;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, ClientCard, FormTarget, Frame, Moment};

pub const PATH: &str = "/account/sessions";
const PURPOSE: &str = "account-sessions";

/// Where the person is signed in.
#[derive(Template)]
#[template(path = "account_sessions.html")]
pub struct SessionsPage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    pub sessions: Vec<SessionView>,
    pub has_others: bool,
    pub end_keys: Option<EndKeys>,
}

/// One signed-in browser.
pub struct SessionView {
    pub sid: String,
    pub device: String,
    pub address: String,
    pub place: Option<String>,
    pub first_seen: Moment,
    pub last_seen: Moment,
    pub is_this: bool,
    /// Unused for so long that the browser has to sign in again.
    pub is_idle: bool,
    /// Names of the apps that were signed in to with it.
    pub apps: Vec<String>,
}

/// `GET /account/sessions`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = signed_in(visit, PATH).await?;
    let records = visit.app.identity.sessions_of(&session.user.id).await?;
    let used = visit.cx().store.list_session_clients(&session.user.id).await?;
    let (t, now, config) = (&visit.frame.t, visit.cx().now(), &visit.app.config);
    let mut sessions: Vec<SessionView> = records
        .into_iter()
        .map(|record| SessionView {
            device: device_name(*t, &record.user_agent),
            place: place_of(&config.places, &record.address),
            first_seen: Moment::ago(&visit.frame, now, Timestamp::from_millis(record.created_at)),
            last_seen: Moment::ago(&visit.frame, now, Timestamp::from_millis(record.last_seen_at)),
            is_this: record.id == session.sid,
            is_idle: visit.app.identity.is_idle(&record),
            apps: apps_of(visit, &used, &record.id),
            address: record.address,
            sid: record.id,
        })
        .collect();
    // Stable: this one first, the others as they were last used.
    sessions.sort_by_key(|view| !view.is_this);
    let account = Shell::new(visit, &session, PATH);
    let page = SessionsPage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(PATH, PURPOSE, &session.sid),
        has_others: sessions.iter().any(|view| !view.is_this),
        sessions,
        end_keys: EndKeys::of(visit, &session.user.id, false).await?,
    };
    Ok(account.show(visit, &page, Answer::default()))
}

fn apps_of(visit: &Visit<'_>, used: &[(String, String)], sid: &str) -> Vec<String> {
    let clients = used.iter().filter(|(session, _)| session == sid);
    clients.filter_map(|(_, client_id)| Some(ClientCard::of(&*visit.cx().clients.get(client_id)?).name)).collect()
}

/// `POST /account/sessions`: ends one, all others, or everything.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let (session, params) = fresh_form(visit, body, PATH, PURPOSE).await?;
    let (identity, origin) = (&visit.app.identity, visit.origin());
    if let Some(sid) = params.get("end") {
        // Another person's is no session at all.
        if !identity.end_session_of(&session.user.id, sid, &origin).await? {
            return Err(Stop::NotFound);
        }
        visit.cx().follow_revocations().await?;
        return Ok(done(visit, PATH, "done-session-ended"));
    }
    if params.has("others") {
        identity.end_other_sessions(&session, &origin).await?;
        visit.cx().follow_revocations().await?;
        return Ok(done(visit, PATH, "done-others-ended"));
    }
    if params.has("everywhere") {
        return logout::everywhere(visit, &session, EndKeys::is_asked(&params)).await;
    }
    Ok(visit.go(PATH))
}
