//! Signing out at the provider by which somebody came in, once they are signed out here: whatever comes of it, they are.

use std::time::Duration;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::departure::Departure;
use super::problem::Stop;
use super::visit::{Visit, see_other, set};
use super::{csrf, logout, upstream};
use crate::config::Ttl;
use crate::identity::ActiveSession;
use crate::web::App;
use crate::web::pages::Onward;

const PURPOSE: &str = "signed-out";
/// How long a person may take at the provider.
const TTL: Duration = Duration::from_mins(10);

/// The way to the provider, and what is needed to come back from it.
pub struct Parting {
    /// What people call the provider.
    pub name: String,
    pub url: String,
    cookie: String,
}

impl Parting {
    /// For whoever came in by a provider that the operator wishes to sign out at, and that can be reached; `target` is where
    /// their application wants the browser in the end. To be asked for after the session has ended.
    pub async fn of(visit: &Visit<'_>, session: &ActiveSession, target: Option<&str>) -> Option<Self> {
        let came_by_one = session.amr.iter().any(|method| method == "fed");
        let name = visit.cookies.came_by(visit.req).filter(|_| came_by_one)?;
        let provider = visit.app.upstreams.get(&name)?;
        let mut bytes = [0_u8; 32];
        visit.cx().random.fill(&mut bytes);
        let state = URL_SAFE_NO_PAD.encode(bytes);
        let url = provider.end_session_url(&state).await?;
        let target = target.unwrap_or_default();
        let cookie = format!("{state}.{}.{}", URL_SAFE_NO_PAD.encode(target), proof(visit, &state, target));
        Some(Self { name: upstream::display_name(&name, provider), url, cookie })
    }

    /// By itself: whoever signs out has asked for it.
    pub fn onward(&self, visit: &Visit<'_>) -> Onward<'_> {
        Onward { href: &self.url, label: visit.frame.t.text("continue"), by_itself: true }
    }

    /// Has the browser know where to go when it comes back.
    pub fn note(&self, visit: &Visit<'_>, response: &mut HttpResponse) {
        set(response, &visit.cookies.set_parting(&self.cookie, Ttl::seconds(TTL.as_secs())));
        set(response, &visit.cookies.end_came_by());
    }
}

/// `GET /upstream/{name}/signed-out`: the way back. Nothing is ended here any more.
pub async fn get(app: Data<App>, req: HttpRequest, name: Path<String>) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| returned(visit, &name)).await
}

fn returned(visit: &Visit<'_>, name: &str) -> Result<HttpResponse, Stop> {
    visit.app.upstreams.get(name).ok_or(Stop::NotFound)?;
    let params = visit.query()?;
    let Some(target) = params.get("state").and_then(|state| target_of(visit, state)) else { return Ok(visit.go("/")) };
    let mut response = match target.as_str() {
        "" => logout::logged_out(visit, None, &Departure::default(), None, None),
        target => see_other(target),
    };
    set(&mut response, &visit.cookies.end_parting());
    Ok(response)
}

/// Where this browser was to go, if `state` is that of its own way.
fn target_of(visit: &Visit<'_>, state: &str) -> Option<String> {
    let cookie = visit.cookies.parting(visit.req)?;
    let (kept, rest) = cookie.split_once('.')?;
    let (target, sent) = rest.split_once('.')?;
    let target = String::from_utf8(URL_SAFE_NO_PAD.decode(target).ok()?).ok()?;
    let is_ours = csrf::matches(&proof(visit, kept, &target), sent);
    (is_ours && csrf::matches(kept, state)).then_some(target)
}

/// That the address is one of ours to send this browser to.
fn proof(visit: &Visit<'_>, state: &str, target: &str) -> String {
    csrf::token(&visit.cx().lookup_key, visit.browser(), PURPOSE, &format!("{state} {target}"))
}
