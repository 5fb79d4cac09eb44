use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::place::place_of;
use super::{Shell, answered, signed_in};
use crate::base::Timestamp;
use crate::storage::{Accounts as _, AuditRecord};
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::{Visit, query};
use crate::web::pages::{Answer, ClientCard, Frame, Moment};

pub const PATH: &str = "/account/activity";
const PAGE: usize = 25;

/// What happened to the account, the latest first.
#[derive(Template)]
#[template(path = "account_activity.html")]
pub struct ActivityPage<'a> {
    pub page: &'a Frame,
    pub account: &'a Shell,
    pub events: Vec<EventView>,
    /// The page before this one in time.
    pub older: Option<String>,
    pub is_first: bool,
}

pub struct EventView {
    pub words: String,
    /// Something that the person should look at.
    pub is_alarming: bool,
    pub at: Moment,
    pub address: Option<String>,
    pub place: Option<String>,
}

/// Events that somebody else may be behind.
const ALARMING: [&str; 4] = ["login_failed", "refresh_reuse", "code_replay", "refresh_token_of_other_client"];

/// `GET /account/activity`, from `before` backwards.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    let mut visit = Visit::new(&app, &req, &[]);
    let outcome = show(&mut visit).await;
    answered(&visit, outcome)
}

async fn show(visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
    let session = signed_in(visit, PATH).await?;
    let params = visit.query()?;
    let before = match params.get("before") {
        Some(text) => Some(read_cursor(text).ok_or(Stop::NotFound)?),
        None => None,
    };
    let from = before.as_ref().map(|(at, id)| (*at, id.as_str()));
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut records = visit.cx().store.list_activity(&session.user.id, from, limit).await?;
    let has_more = records.len() > PAGE;
    records.truncate(PAGE);
    let last = records.last().filter(|_| has_more);
    let older = last.map(|last| visit.frame.url(&format!("{PATH}{}", query(&[("before", &cursor(last))]))));
    let account = Shell::new(visit, &session, PATH);
    let page = ActivityPage {
        page: &visit.frame,
        account: &account,
        events: records.into_iter().map(|record| view(visit, record)).collect(),
        older,
        is_first: before.is_none(),
    };
    Ok(account.show(visit, &page, Answer::default()))
}

fn view(visit: &Visit<'_>, record: AuditRecord) -> EventView {
    let t = &visit.frame.t;
    let client = record.client_id.as_deref().and_then(|client_id| visit.cx().clients.get(client_id));
    let app = client.map(|client| ClientCard::of(&client).name).or_else(|| record.client_id.clone());
    let key = format!("event-{}", record.event.replace('_', "-"));
    // Every message gets the app; those that are about none do not name it.
    let words = t.try_with(&key, "app", app.unwrap_or_default()).unwrap_or_else(|| record.event.replace('_', " "));
    EventView {
        words,
        is_alarming: ALARMING.contains(&record.event.as_str()),
        at: Moment::exactly(Timestamp::from_millis(record.at)),
        place: record.address.as_deref().and_then(|address| place_of(&visit.app.config.places, address)),
        address: record.address,
    }
}

/// Where a page ends, for the next one: opaque to whoever carries it, and of no use to anybody but its person.
fn cursor(record: &AuditRecord) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", record.at, record.id))
}

fn read_cursor(text: &str) -> Option<(i64, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (at, id) = text.split_once('.')?;
    let id = uuid::Uuid::parse_str(id).ok()?;
    Some((at.parse().ok()?, id.to_string()))
}
