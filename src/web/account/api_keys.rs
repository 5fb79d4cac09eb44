//! A person's API keys: what there is, ending one, and making one, which is shown on the answer to its form and never
//! again.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;
use uuid::Uuid;

use super::shell::Shell;
use super::{done, fresh, signed_in};
use crate::identity::{ActiveSession, Notice};
use crate::oauth::api_keys::{ApiKeyError, MadeApiKey, NewApiKey, Owner, scopes_of_people};
use crate::oauth::context::AuditSubject;
use crate::oauth::{Error, Params, ScopeSet};
use crate::storage::{self, ApiKeyRecord};
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::Visit;
use crate::web::pages::{Answer, FormTarget, Frame, Locale, scope_sentences};

pub const API_KEYS: &str = "/account/api-keys";
pub const NEW_API_KEY: &str = "/account/api-keys/new";
pub const REVOKE_API_KEY: &str = "/account/api-keys/revoke";

const MAKE: &str = "api-key-make";
const REVOKE: &str = "api-key-revoke";
/// Lives that are offered, in days, as far as the server allows them.
const DAYS: [u64; 4] = [7, 30, 90, 365];
/// The one that is chosen when nobody chose.
const USUAL_DAYS: u64 = 90;

/// The list.
#[derive(Template)]
#[template(path = "account_api_keys.html")]
struct ApiKeysPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    keys: Vec<KeyCard>,
    new: String,
}

struct KeyCard {
    id: String,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    made: String,
    ends: String,
    has_ended: bool,
    used: Option<String>,
    form: FormTarget,
}

/// The form for a new one.
#[derive(Template)]
#[template(path = "account_api_key_new.html")]
struct NewApiKeyPage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    form: FormTarget,
    id: String,
    name: String,
    scopes: Vec<ScopeChoice>,
    lives: Vec<LifeChoice>,
    problem: Option<String>,
    wrong: &'static str,
}

struct ScopeChoice {
    scope: String,
    sentence: String,
    is_chosen: bool,
}

struct LifeChoice {
    days: u64,
    text: String,
    is_chosen: bool,
}

/// The one time that a key is shown.
#[derive(Template)]
#[template(path = "account_api_key_made.html")]
struct ApiKeyMadePage<'a> {
    page: &'a Frame,
    account: &'a Shell,
    name: String,
    key: &'a str,
    ends: String,
}

/// `GET /account/api-keys`.
pub async fn list(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show_list).await
}

/// `GET /account/api-keys/new`: for whoever has just proved who they are.
pub async fn form(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show_form).await
}

/// `POST /account/api-keys/new`.
pub async fn make(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| made(visit, body).await).await
}

/// `POST /account/api-keys/revoke`.
pub async fn revoke(app: Data<App>, req: HttpRequest, body: Payload) -> HttpResponse {
    Visit::receive(&app, &req, async |visit| revoked(visit, body).await).await
}

async fn show_list(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    offered(visit)?;
    let session = signed_in(visit, API_KEYS).await?;
    let account = Shell::new(visit, &session, API_KEYS);
    let keys = visit.cx().api_key_registry().list(&owner(&session)).await?;
    let page = ApiKeysPage {
        page: &visit.frame,
        account: &account,
        keys: keys.into_iter().map(|key| card(visit, key)).collect(),
        new: visit.frame.url(NEW_API_KEY),
    };
    Ok(account.show(visit, &page, Answer::default()))
}

fn card(visit: &Visit<'_>, key: ApiKeyRecord) -> KeyCard {
    let scope = ScopeSet::parse(&key.scope).unwrap_or_default();
    KeyCard {
        form: visit.target(REVOKE_API_KEY, REVOKE, &key.id),
        scopes: sentences(visit, &scope),
        made: visit.frame.day(key.created_at),
        ends: visit.frame.day(key.expires_at),
        has_ended: key.expires_at <= visit.cx().now().millis(),
        used: key.last_used_at.map(|at| visit.frame.day(at)),
        id: key.id,
        name: key.name,
        prefix: key.prefix,
    }
}

async fn show_form(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    offered(visit)?;
    let session = fresh(visit, NEW_API_KEY).await?;
    let id = visit.cx().api_key_registry().draw_id();
    Ok(filled_form(visit, &session, &Filled { id, ..Filled::default() }, Refused::default()))
}

async fn made(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    offered(visit)?;
    let params = visit.form(body).await?;
    let session = fresh(visit, NEW_API_KEY).await?;
    let filled = Filled::read(visit, &params);
    // The id was drawn with the form: sent twice, it makes one key.
    visit.check(&params, MAKE, &about(&session, filled.id))?;
    let new = NewApiKey {
        id: filled.id,
        owner: owner(&session),
        as_of: Some(session.user.tokens_not_before),
        name: filled.name.clone(),
        scope: filled.scope.to_string(),
        lifetime: Duration::from_secs(filled.days.saturating_mul(86400)),
    };
    match visit.cx().api_key_registry().create(new).await {
        Ok(made) => {
            let notice = Notice::ApiKeyMade { name: made.record.name.clone() };
            visit.app.identity.notify(&session.user, notice, visit.frame.t.tag()).await;
            Ok(show_made(visit, &session, &made))
        }
        // The session has ended since.
        Err(ApiKeyError::Storage(storage::Error::Conflict("owner"))) => Err(Stop::SignIn { next: API_KEYS.to_owned() }),
        Err(ApiKeyError::Storage(storage::Error::Conflict(_))) => Ok(done(visit, API_KEYS, "done-api-key-before")),
        Err(ApiKeyError::Storage(error)) => Err(error.into()),
        Err(error) => {
            let refused = refusal(visit.frame.t, &error).ok_or_else(|| Error::Internal(Box::new(error)))?;
            Ok(filled_form(visit, &session, &filled, refused))
        }
    }
}

fn show_made(visit: &Visit<'_>, session: &ActiveSession, made: &MadeApiKey) -> HttpResponse {
    let id = visit.id();
    let about = AuditSubject { user_id: Some(&session.user.id), client_id: None, session_id: Some(&session.sid) };
    let record = &made.record;
    let details = json!({ "api_key_id": record.id, "prefix": record.prefix, "scope": record.scope });
    visit.cx().audit("api_key_created", about, visit.caller(&id), &details);
    let account = Shell::new(visit, session, API_KEYS);
    let page = ApiKeyMadePage {
        page: &visit.frame,
        account: &account,
        name: record.name.clone(),
        key: made.key.expose(),
        ends: visit.frame.day(record.expires_at),
    };
    account.show(visit, &page, Answer::default())
}

async fn revoked(visit: &mut Visit<'_>, body: Payload) -> Result<HttpResponse, Stop> {
    offered(visit)?;
    let params = visit.form(body).await?;
    let session = signed_in(visit, API_KEYS).await?;
    let key = params.get("id").unwrap_or_default();
    visit.check(&params, REVOKE, key)?;
    let id = visit.id();
    visit.cx().revoke_api_key(key, Some(&session.user.id), "owner", visit.caller(&id)).await?;
    Ok(done(visit, API_KEYS, "done-api-key-revoked"))
}

/// Keys go on when their owner's sessions end: programs have them, and whoever only tidies up breaks none. Beside what is
/// done when something looks wrong there is this box to end them too.
pub struct EndKeys {
    count: i64,
    pub is_chosen: bool,
}

impl EndKeys {
    const FIELD: &str = "end_keys";

    /// `None` for whoever has no live key.
    pub async fn of(visit: &Visit<'_>, user_id: &str, is_chosen: bool) -> Result<Option<Self>, Stop> {
        if !visit.app.config.api_keys.enabled {
            return Ok(None);
        }
        let keys = visit.cx().api_key_registry().list(&Owner::Person(user_id.to_owned())).await?;
        let now = visit.cx().now().millis();
        let count = keys.iter().filter(|key| key.expires_at > now).count();
        Ok((count > 0).then_some(Self { count: i64::try_from(count).unwrap_or(i64::MAX), is_chosen }))
    }

    /// With the choice of a form that is shown again.
    pub async fn again(visit: &Visit<'_>, user_id: &str, params: &Params) -> Result<Option<Self>, Stop> {
        Self::of(visit, user_id, Self::is_asked(params)).await
    }

    pub fn text(&self, t: &Locale) -> String {
        t.with("api-keys-end-too", "count", self.count)
    }

    pub fn is_asked(params: &Params) -> bool {
        params.get(Self::FIELD).is_some()
    }
}

fn offered(visit: &Visit<'_>) -> Result<(), Stop> {
    if visit.app.config.api_keys.enabled { Ok(()) } else { Err(Stop::NotFound) }
}

fn owner(session: &ActiveSession) -> Owner {
    Owner::Person(session.user.id.clone())
}

/// What a form for a new key was made for.
fn about(session: &ActiveSession, id: Uuid) -> String {
    format!("{} {id}", session.user.id)
}

/// What was filled in.
struct Filled {
    id: Uuid,
    name: String,
    scope: ScopeSet,
    days: u64,
}

impl Default for Filled {
    fn default() -> Self {
        Self { id: Uuid::nil(), name: String::new(), scope: ScopeSet::default(), days: USUAL_DAYS }
    }
}

impl Filled {
    fn read(visit: &Visit<'_>, params: &Params) -> Self {
        let text = |name| params.get(name).unwrap_or_default();
        // A box per scope: those that are not offered here cannot be asked for.
        let allowed = scopes_of_people(&visit.app.config);
        let scope = allowed.filter(|scope| params.has(&field_of(scope)));
        Self {
            id: text("id").parse().unwrap_or_default(),
            name: text("name").to_owned(),
            scope,
            days: text("days").parse().unwrap_or_default(),
        }
    }
}

fn field_of(scope: &str) -> String {
    format!("scope-{scope}")
}

/// What is wrong with what was filled in, and where.
#[derive(Default)]
struct Refused {
    problem: Option<String>,
    wrong: &'static str,
}

fn refusal(t: Locale, error: &ApiKeyError) -> Option<Refused> {
    let (wrong, problem) = match error {
        ApiKeyError::Name => ("name", t.text("api-key-name-bad")),
        ApiKeyError::NoScope | ApiKeyError::Scope { .. } => ("scope", t.text("api-key-scope-none")),
        ApiKeyError::Lifetime { .. } => ("days", t.text("api-key-days-bad")),
        ApiKeyError::TooMany { limit } => ("", t.with("api-key-too-many", "limit", *limit)),
        _ => return None,
    };
    Some(Refused { problem: Some(problem), wrong })
}

fn filled_form(visit: &Visit<'_>, session: &ActiveSession, filled: &Filled, refused: Refused) -> HttpResponse {
    let account = Shell::new(visit, session, API_KEYS);
    let (config, t) = (&visit.app.config, &visit.frame.t);
    let allowed = scopes_of_people(config);
    let scopes = allowed.iter().zip(sentences(visit, &allowed)).map(|(scope, sentence)| ScopeChoice {
        scope: scope.to_owned(),
        sentence,
        is_chosen: filled.scope.contains(scope),
    });
    let most = (config.api_keys.max_ttl.as_secs() / 86400).max(1);
    let mut days: Vec<u64> = DAYS.into_iter().filter(|days| *days <= most).collect();
    if days.is_empty() {
        days.push(most);
    }
    let chosen = if days.contains(&filled.days) { Some(filled.days) } else { days.last().copied() };
    let page = NewApiKeyPage {
        page: &visit.frame,
        account: &account,
        form: visit.target(NEW_API_KEY, MAKE, &about(session, filled.id)),
        id: filled.id.to_string(),
        name: filled.name.clone(),
        scopes: scopes.collect(),
        lives: days
            .iter()
            .map(|days| LifeChoice {
                days: *days,
                text: t.with("api-key-days", "days", *days),
                is_chosen: chosen == Some(*days),
            })
            .collect(),
        wrong: refused.wrong,
        problem: refused.problem,
    };
    let status = if page.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    account.show(visit, &page, Answer::with_status(status))
}

fn sentences(visit: &Visit<'_>, scopes: &ScopeSet) -> Vec<String> {
    scope_sentences(&visit.frame.t, scopes, &visit.app.config.metadata.scopes)
}
