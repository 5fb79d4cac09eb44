use std::collections::BTreeMap;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;

use super::{Shell, done, fresh_form, signed_in};
use crate::base::Timestamp;
use crate::oauth::ScopeSet;
use crate::oauth::context::AuditSubject;
use crate::storage::{Accounts as _, Consents as _, GrantRecord};
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, ClientCard, FormTarget, Frame, Moment, scope_sentences};

pub const PATH: &str = "/account/apps";
const PURPOSE: &str = "account-apps";

/// What has access to the account.
#[derive(Template)]
#[template(path = "account_apps.html")]
pub struct AppsPage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub form: &'a FormTarget,
    pub apps: Vec<AppView>,
}

/// One client, with all that it was allowed.
pub struct AppView {
    pub client_id: String,
    pub client: ClientCard,
    pub scopes: Vec<String>,
    pub first_used: Moment,
    pub last_used: Moment,
}

/// `GET /account/apps`.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = signed_in(visit, PATH).await?;
    let (cx, t) = (visit.cx(), &visit.frame.t);
    let now = cx.now();
    let grants = together(cx.store.list_grants(&session.user.id, now.millis()).await?);
    let apps = grants.into_iter().filter_map(|grant| {
        let client = cx.clients.get(&grant.client_id)?;
        let scope: ScopeSet = grant.scope.split_ascii_whitespace().collect();
        Some(AppView {
            client: visit.card(&client),
            scopes: scope_sentences(t, &scope, &visit.app.config.metadata.scopes),
            first_used: Moment::ago(&visit.frame, now, Timestamp::from_millis(grant.created_at)),
            last_used: Moment::ago(&visit.frame, now, Timestamp::from_millis(grant.last_used_at)),
            client_id: grant.client_id,
        })
    });
    let account = Shell::new(visit, &session, PATH);
    let page = AppsPage {
        page: &visit.frame,
        account: &account,
        form: &visit.target(PATH, PURPOSE, &session.sid),
        apps: apps.collect(),
    };
    Ok(account.show(visit, &page, Answer::default()))
}

/// One grant for each client, with everything that any of its grants allows; the most recently used first.
fn together(grants: Vec<GrantRecord>) -> Vec<GrantRecord> {
    let mut by_client: BTreeMap<String, GrantRecord> = BTreeMap::new();
    for grant in grants {
        by_client
            .entry(grant.client_id.clone())
            .and_modify(|known| {
                known.scope = format!("{} {}", known.scope, grant.scope);
                known.created_at = known.created_at.min(grant.created_at);
                known.last_used_at = known.last_used_at.max(grant.last_used_at);
            })
            .or_insert(grant);
    }
    let mut grants: Vec<GrantRecord> = by_client.into_values().collect();
    grants.sort_by_key(|grant| std::cmp::Reverse(grant.last_used_at));
    grants
}

/// `POST /account/apps`: takes back what one client was allowed; its tokens are dead before the answer leaves.
pub async fn post(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| submitted(visit, body).await).await
}

async fn submitted(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    let (session, params) = fresh_form(visit, body, PATH, PURPOSE).await?;
    let (cx, user_id) = (visit.cx(), &session.user.id);
    let client_id = params.get("revoke").unwrap_or_default();
    if cx.clients.get(client_id).is_none() {
        return Err(Stop::NotFound);
    }
    let now = cx.now();
    cx.store.revoke_consent(user_id, client_id, now.millis(), cx.revocation_expires_at(now).millis()).await?;
    cx.follow_revocations().await?;
    let about = AuditSubject { user_id: Some(user_id), client_id: Some(client_id), session_id: Some(&session.sid) };
    let id = visit.id();
    cx.audit("consent_revoked", about, visit.caller(&id), &json!({}));
    Ok(done(visit, PATH, "done-app-revoked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_grants_of_one_client_are_one_app() {
        let grant = |client_id: &str, scope: &str, created_at, last_used_at| GrantRecord {
            client_id: client_id.to_owned(),
            scope: scope.to_owned(),
            created_at,
            last_used_at,
        };
        let apps = together(vec![grant("a", "openid", 5, 6), grant("b", "x", 1, 9), grant("a", "email", 2, 4)]);
        assert_eq!(apps.len(), 2);
        assert_eq!((apps[0].client_id.as_str(), apps[1].client_id.as_str()), ("b", "a"));
        assert_eq!((apps[1].scope.as_str(), apps[1].created_at, apps[1].last_used_at), ("openid email", 2, 6));
    }
}
