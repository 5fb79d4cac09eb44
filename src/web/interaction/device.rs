use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::local_path::LocalPath;
use super::problem::Stop;
use super::sign_in::{self, login_for};
use super::visit::{Visit, query};
use crate::base::{known_device_name, place_of};
use crate::identity::{ActiveSession, LoginError};
use crate::oauth::authorize::required;
use crate::oauth::context::AuditSubject;
use crate::oauth::device::{self, Approval, PendingDevice};
use crate::oauth::{Authentication, Error};
use crate::web::pages::{
    Answer, ClientCard, DeviceConfirmPage, DeviceDonePage, DeviceEntryPage, scope_sentences, throttled_text,
};
use crate::web::{App, client_address};

const ENTRY: &str = "device";
const CONFIRMATION: &str = "device-confirmation";

/// `GET /device` (RFC 8628 §3.3): the code's entry; with a code from a picture and somebody signed in, the confirmation.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| show(visit).await).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let params = visit.query()?;
    match (params.get("user_code"), visit.person().await?) {
        (Some(user_code), Some(session)) => look_up(visit, user_code, &session).await,
        (user_code, _) => Ok(entry(visit, user_code.unwrap_or_default(), Guess::default())),
    }
}

/// `POST /device`: the code, or the decision about it.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let user_code = params.get("user_code").unwrap_or_default();
    let session = visit.person().await?;
    let Some(decision) = params.get("decision") else {
        visit.check(&params, ENTRY, "")?;
        return match session {
            Some(session) => look_up(visit, user_code, &session).await,
            None => Ok(visit.go(&login_for(LocalPath::parse(&here(user_code)).as_ref()))),
        };
    };
    // The decision is about the request and by the person that the page showed.
    let session = session.ok_or(Stop::Forged)?;
    visit.check(&params, CONFIRMATION, &about(user_code, &session))?;
    let Some(pending) = found(visit, user_code).await? else { return Ok(unknown(visit, user_code)) };
    let allowed = decision == "allow";
    if allowed {
        known_surely(visit, &pending, &session).await?;
    }
    let decided = if allowed {
        let approval = Approval {
            user_id: &session.user.id,
            session_id: &session.sid,
            scope: pending.scope.clone(),
            authentication: Authentication {
                auth_time: session.auth_time.seconds(),
                acr: session.acr.name().to_owned(),
                amr: session.amr.clone(),
                claims: crate::oidc::ClaimsRequest::default(),
                resource: pending.resource.clone(),
            },
        };
        device::approve(visit.cx(), &pending, approval).await?
    } else {
        device::deny(visit.cx(), &pending, &session.user.id, &session.sid).await?
    };
    if !decided {
        return Ok(unknown(visit, user_code));
    }
    audit(visit, if allowed { "device_connected" } else { "device_refused" }, &pending, &session);
    let client = ClientCard::of(&pending.client);
    Ok(visit.page(&DeviceDonePage { page: &visit.frame, client: &client, allowed }, Answer::default()))
}

fn audit(visit: &Visit<'_>, event: &str, pending: &PendingDevice, session: &ActiveSession) {
    let about = AuditSubject {
        user_id: Some(&session.user.id),
        client_id: Some(&pending.client.client_id),
        session_id: Some(&session.sid),
    };
    let id = visit.id();
    visit.cx().audit(event, about, visit.caller(&id), &json!({ "scope": pending.scope.to_string() }));
}

/// Shows what waits behind a code. Unknown, expired and decided codes are answered alike.
async fn look_up(visit: &Visit<'_>, user_code: &str, session: &ActiveSession) -> Result<HttpResponse, Stop> {
    let origin = visit.origin();
    let guess = match visit.app.identity.reserve_user_code_guess(&origin).await {
        Ok(guess) => guess,
        Err(LoginError::Throttled { retry_after }) => {
            let guess = Guess {
                problem: Some(throttled_text(visit.frame.t, retry_after)),
                status: StatusCode::TOO_MANY_REQUESTS,
                retry_after: Some(retry_after),
            };
            return Ok(entry(visit, user_code, guess));
        }
        Err(LoginError::Storage(error)) => return Err(error.into()),
        Err(error) => return Err(Error::Internal(Box::new(error)).into()),
    };
    let Some(pending) = found(visit, user_code).await? else { return Ok(unknown(visit, user_code)) };
    visit.app.identity.refund_user_code_guess(guess).await?;
    known_surely(visit, &pending, session).await?;
    visit.meet(&pending.client).await;
    Ok(confirmation(visit, &pending, session))
}

/// Stops whom the client or the server wants to know more surely.
async fn known_surely(visit: &Visit<'_>, pending: &PendingDevice, session: &ActiveSession) -> Result<(), Stop> {
    let class = required(&pending.client, visit.app.identity.required_class(&session.user));
    sign_in::known_surely(visit, session, &here(&pending.user_code), class).await
}

async fn found(visit: &Visit<'_>, user_code: &str) -> Result<Option<PendingDevice>, Stop> {
    let caller = client_address(visit.req, &visit.app.config);
    Ok(device::find_by_user_code(visit.cx(), user_code, caller).await?)
}

/// This page with the code typed in.
fn here(user_code: &str) -> String {
    format!("/device{}", query(&[("user_code", user_code)]))
}

fn about(user_code: &str, session: &ActiveSession) -> String {
    format!("{} {user_code}", session.user.id)
}

/// What the entry page says about the code typed before.
#[derive(Default)]
struct Guess {
    problem: Option<String>,
    status: StatusCode,
    retry_after: Option<u64>,
}

fn unknown(visit: &Visit<'_>, user_code: &str) -> HttpResponse {
    let problem = Some(visit.frame.t.text("device-wrong"));
    entry(visit, user_code, Guess { problem, status: StatusCode::UNPROCESSABLE_ENTITY, retry_after: None })
}

fn entry(visit: &Visit<'_>, user_code: &str, guess: Guess) -> HttpResponse {
    let form = visit.target("/device", ENTRY, "");
    let page = DeviceEntryPage { page: &visit.frame, form: &form, user_code, problem: guess.problem };
    visit.page(&page, Answer { status: guess.status, retry_after: guess.retry_after, ..Answer::default() })
}

fn confirmation(visit: &Visit<'_>, pending: &PendingDevice, session: &ActiveSession) -> HttpResponse {
    let client = visit.card(&pending.client);
    let t = &visit.frame.t;
    let agent = match pending.user_agent.as_str() {
        "" => t.text("device-agent-unknown"),
        // What is no browser may say best itself what it is.
        said => known_device_name(*t, said).unwrap_or_else(|| said.to_owned()),
    };
    let place = place_of(&visit.app.config.places, &pending.address);
    let page = DeviceConfirmPage {
        page: &visit.frame,
        client: &client,
        form: &visit.target("/device", CONFIRMATION, &about(&pending.user_code, session)),
        username: &session.user.username,
        user_code: &pending.user_code,
        scopes: scope_sentences(t, &pending.scope, &visit.app.config.metadata.scopes),
        address: &pending.address,
        place: place.as_deref(),
        user_agent: &agent,
    };
    visit.page(&page, Answer::default())
}
