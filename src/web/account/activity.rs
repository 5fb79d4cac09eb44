use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::{Shell, signed_in};
use crate::base::{Timestamp, place_of};
use crate::storage::{Accounts as _, AuditRecord};
use crate::web::App;
use crate::web::interaction::problem::Stop;
use crate::web::interaction::visit::{Visit, query};
use crate::web::pages::{Answer, ClientCard, Frame, Locale, Moment};

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
const ALARMING: [&str; 7] = [
    "login_failed",
    "reset_code_failed",
    "sign_in_code_failed",
    "refresh_reuse",
    "code_replay",
    "refresh_token_of_other_client",
    "passkey_counter_regress",
];

/// `GET /account/activity`, from `before` backwards.
pub async fn get(app: Data<App>, req: HttpRequest) -> HttpResponse {
    Visit::receive(&app, &req, show).await
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
    EventView {
        words: words(*t, &record, &app.unwrap_or_default()),
        is_alarming: ALARMING.contains(&record.event.as_str()),
        at: Moment::exactly(visit.frame.zone, Timestamp::from_millis(record.at)),
        place: record.address.as_deref().and_then(|address| place_of(&visit.app.config.places, address)),
        address: record.address,
    }
}

/// The most particular text that there is. Every text gets the app; those that are about none do not name it.
fn words(t: Locale, record: &AuditRecord, app: &str) -> String {
    let details: Value = serde_json::from_str(&record.details).unwrap_or_default();
    let method = details.get("method").and_then(Value::as_str).map(|method| format!("{}-{method}", record.event));
    let mut keys = method.as_deref().into_iter().chain([record.event.as_str()]);
    let found = keys.find_map(|key| t.try_with(&format!("event-{}", key.replace('_', "-")), "app", app.to_owned()));
    found.unwrap_or_else(|| record.event.replace('_', " "))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// What is about no person's account.
    const ABOUT_NOBODY: [&str; 7] = [
        "client_registered",
        "client_registration_changed",
        "client_registration_deleted",
        "login_throttled",
        "registration_code_failed",
        "user_invited",
        "user_uninvited",
    ];

    fn record(event: &str, details: &str) -> AuditRecord {
        AuditRecord {
            id: String::new(),
            at: 0,
            event: event.to_owned(),
            user_id: None,
            client_id: None,
            session_id: None,
            address: None,
            request_id: None,
            details: details.to_owned(),
        }
    }

    /// The names in each call of `audit`, and in each record that is made without it.
    fn audited(directory: &Path, events: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                audited(&path, events);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                for rest in code.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()) {
                    events.extend(rest.ends_with("_code_failed").then(|| rest.to_owned()));
                }
                for call in [".audit(", " audit(visit,", " event: "] {
                    for rest in code.split(call).skip(1) {
                        let arguments = ["json!", ";", "to_owned"]
                            .into_iter()
                            .fold(rest, |text, end| text.split(end).next().unwrap_or_default());
                        let texts = arguments.split('"').skip(1).step_by(2);
                        events.extend(texts.filter(|text| text.contains('_') || *text == "logout").map(str::to_owned));
                    }
                }
            }
        }
    }

    #[test]
    fn whatever_happens_to_an_account_is_said_in_every_language() {
        let mut events = BTreeSet::new();
        audited(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut events);
        for known in ["login_failed", "consent_given", "device_refused", "upstream_connected", "logout_notice_given_up"]
        {
            assert!(events.contains(known), "{known} is where this test looks: {events:?}");
        }
        for event in events.iter().filter(|event| !ABOUT_NOBODY.contains(&event.as_str())) {
            for language in crate::web::pages::SHIPPED_LOCALES {
                let t = Locale::negotiate(&[language.to_owned()], None, "en");
                let words = words(t, &record(event, "{}"), "Photo Prints");
                assert_ne!(words, event.replace('_', " "), "{language}");
            }
        }
        assert!(ALARMING.iter().all(|event| events.contains(*event)));
    }

    #[test]
    fn what_failed_is_named() {
        let t = Locale::english();
        let said = |method: &str| words(t, &record("login_failed", &format!("{{\"method\":\"{method}\"}}")), "");
        assert_eq!(said("pwd"), "Somebody tried to sign in with a wrong password");
        assert_eq!(said("otp"), "Somebody typed a wrong code for the second step");
        assert_eq!(said("recovery_code"), "Somebody typed a wrong recovery code");
    }
}
