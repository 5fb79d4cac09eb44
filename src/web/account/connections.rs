//! `/account/connections`: accounts at other providers by which a person signs in here.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::shell::Shell;
use super::{done, fresh, signed_in};
use crate::identity::ActiveSession;
use crate::storage::UpstreamAccounts as _;
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::said::Said;
use crate::web::interaction::upstream::{self, Way};
use crate::web::interaction::visit::Visit;
use crate::web::pages::{FormTarget, Frame};

pub const CONNECTIONS: &str = "/account/connections";
const PURPOSE: &str = "connections";

/// A provider, and the account there that is connected.
struct Connection {
    name: String,
    display_name: String,
    /// `None` where nothing is connected.
    label: Option<String>,
}

#[derive(Template)]
#[template(path = "account_connections.html")]
struct ConnectionsPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    form: &'a FormTarget,
    connections: &'a [Connection],
    problem: Option<String>,
}

/// `GET /account/connections`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    if visit.app.upstreams.is_empty() {
        return Err(Stop::NotFound);
    }
    let session = signed_in(visit, CONNECTIONS).await?;
    listed(visit, &session, Said::default()).await
}

async fn listed(visit: &Visit<'_>, session: &ActiveSession, said: Said) -> Result<HttpResponse, Stop> {
    let identities = visit.cx().store.list_upstream_identities(&session.user.id).await?;
    let mut connections = Vec::new();
    for (name, provider) in visit.app.upstreams.iter() {
        let found = identities.iter().find(|identity| identity.issuer == provider.settings.issuer);
        connections.push(Connection {
            name: name.to_owned(),
            display_name: upstream::display_name(name, provider),
            label: found.map(|identity| identity.label.clone()),
        });
    }
    let account = Shell::new(visit, session, CONNECTIONS);
    let answer = said.answer();
    let page = ConnectionsPage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(CONNECTIONS, PURPOSE, &session.sid),
        connections: &connections,
        problem: said.problem,
    };
    Ok(account.show(visit, &page, answer))
}

/// `POST /account/connections`: connects one, or takes one away.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let params = visit.form(body).await?;
    let session = signed_in(visit, CONNECTIONS).await?;
    visit.check(&params, PURPOSE, &session.sid)?;
    // Either decides who gets in from now on.
    let session = fresh(visit, CONNECTIONS).await?;
    match (params.get("connect"), params.get("disconnect")) {
        (Some(name), None) => {
            let way = Way { transaction_id: None, next: None, link_session_id: Some(session.sid) };
            upstream::begin(visit, name, way, false).await
        }
        (None, Some(name)) => disconnected(visit, &session, name).await,
        _ => Err(Stop::NotFound),
    }
}

async fn disconnected(visit: &Visit<'_>, session: &ActiveSession, name: &str) -> Result<HttpResponse, Stop> {
    let provider = visit.app.upstreams.get(name).ok_or(Stop::NotFound)?;
    let issuer = &provider.settings.issuer;
    let gone = visit.app.identity.disconnect_upstream(&session.user, issuer, &visit.origin()).await?;
    let left = visit.cx().store.list_upstream_identities(&session.user.id).await?;
    if gone || left.iter().all(|identity| identity.issuer != *issuer) {
        return Ok(done(visit, CONNECTIONS, "done-disconnected"));
    }
    listed(visit, session, Said::unprocessable(visit.frame.t.text("connections-last"))).await
}
