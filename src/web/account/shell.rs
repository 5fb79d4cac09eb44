use actix_web::HttpResponse;
use askama::Template;
use serde_json::{Map, Value};

use super::{ACCOUNT, ACCOUNT_PAGES};
use crate::identity::ActiveSession;
use crate::storage::UserRecord;
use crate::web::interaction::visit::{Visit, set};
use crate::web::pages::Answer;

/// What every page of the account has around its own content.
pub struct Shell {
    pub username: String,
    pub navigation: Vec<NavigationItem>,
    /// Not the first page: where there is no room for the navigation, a link leads back to it.
    pub is_inner: bool,
    /// What was just done, said once.
    pub notice: Option<String>,
    notice_was_sent: bool,
}

pub struct NavigationItem {
    pub href: String,
    pub text: String,
    pub is_current: bool,
}

impl Shell {
    /// `path` is that of the page in the navigation.
    pub fn new(visit: &Visit<'_>, session: &ActiveSession, path: &str) -> Self {
        let offered = ACCOUNT_PAGES.iter().filter(|page| (page.is_offered)(visit.app));
        let sent = visit.cookies.notice(visit.req);
        Self {
            username: session.user.username.clone(),
            navigation: offered
                .map(|page| NavigationItem {
                    href: visit.frame.url(page.path),
                    text: visit.frame.t.text(page.text),
                    is_current: page.path == path,
                })
                .collect(),
            is_inner: path != ACCOUNT,
            notice_was_sent: sent.is_some(),
            notice: sent.filter(|key| key.starts_with("done-")).and_then(|key| visit.frame.t.try_text(&key)),
        }
    }

    /// Answers with `page`; its notice is not shown again.
    pub fn show(&self, visit: &Visit<'_>, page: &impl Template, answer: Answer<'_>) -> HttpResponse {
        let mut response = visit.page(page, answer);
        if self.notice_was_sent {
            set(&mut response, &visit.cookies.end_notice());
        }
        response
    }
}

/// The claims of a person as they are stored.
pub fn claims(user: &UserRecord) -> Map<String, Value> {
    serde_json::from_str(&user.claims).unwrap_or_default()
}
