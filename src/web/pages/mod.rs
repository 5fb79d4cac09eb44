//! What people see. Each page is a struct of ready words and a template without logic.

mod assets;
mod check_session;
mod client_card;
mod consent;
mod dev_mail;
mod device;
mod email_code;
mod error;
mod factor;
mod form_post;
mod home;
mod login;
mod logout;
mod mail_code;
mod passkey;
mod password;
mod refusal;
mod register;
mod reset;
mod select;
mod setup;
#[cfg(test)]
mod snapshots;
mod time;
mod upstream;

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, RETRY_AFTER,
};
use askama::Template;

pub use assets::{asset_url, routes};
pub use check_session::CheckSessionPage;
pub use client_card::{ClientCard, place};
pub use consent::{ConsentPage, destination, scope_sentences};
pub use dev_mail::{DevMailListPage, DevMailPage, MailLine};
pub use device::{DeviceConfirmPage, DeviceDonePage, DeviceEntryPage};
pub use email_code::EmailCodeAskPage;
pub use error::{Developer, ErrorPage, TransactionLostPage};
pub use factor::FactorPage;
pub use form_post::FormPostPage;
pub use home::HomePage;
pub use login::LoginPage;
pub use logout::{LoggedOutPage, LogoutPage, Onward};
pub use mail_code::MailCodePage;
pub use passkey::{PasskeyForm, PasskeyOfferPage};
pub use password::{throttled_text, weakness_text};
pub use refusal::refusal_page;
pub use register::{RegisterAskPage, RegisterNewPage, TermsPage, TermsToAccept, UninvitedPage};
pub use reset::{ResetAskPage, ResetNewPage};
pub use select::SelectPage;
pub use setup::SetupPage;
pub use time::{Moment, iso};
pub use upstream::{UpstreamButton, UpstreamGoPage};

use crate::base::Timestamp;
pub use crate::base::{Locale, SHIPPED_LOCALES, Zone};
use crate::config::Config;

/// What every page needs: the language, the path all links stand below, and whose page it is.
#[derive(Clone)]
pub struct Frame {
    pub t: Locale,
    /// By which times are said: the person's own where they have chosen one.
    pub zone: Zone,
    /// The issuer's path, empty or `/like/this`.
    pub base: String,
    pub service: String,
    /// Host of the issuer, said at the foot of each page as the address bar says it.
    pub host: String,
    /// The operator's own policies.
    pub policy_uri: Option<String>,
    pub tos_uri: Option<String>,
}

impl Frame {
    /// The frame for whoever sent `headers`; `ui_locales` of an application's request come before the browser's wish.
    pub fn new(config: &Config, headers: &HeaderMap, ui_locales: &[String]) -> Self {
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            t: Locale::negotiate(ui_locales, accepted, &config.pages.default_locale),
            zone: Zone::UTC,
            base: config.issuer.path().to_owned(),
            service: config.pages.service_name.clone(),
            host: config.issuer.authority(),
            policy_uri: config.metadata.op_policy_uri.as_ref().map(url::Url::to_string),
            tos_uri: config.metadata.op_tos_uri.as_ref().map(url::Url::to_string),
        }
    }

    /// The URL of a static file, with its content's hash.
    pub fn asset(&self, name: &str) -> String {
        asset_url(&self.base, name)
    }

    /// The day of a time in epoch milliseconds.
    pub fn day(&self, millis: i64) -> String {
        self.zone.day(Timestamp::from_millis(millis))
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Where a form goes and what it carries unseen.
#[derive(Clone, Debug)]
pub struct FormTarget {
    pub action: String,
    pub csrf: String,
    /// Id of the transaction; empty outside of one.
    pub transaction: String,
}

/// How a page is answered.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub status: StatusCode,
    /// Where a form of this page may lead in the end: the redirect URI of the client. Browsers hold redirects that
    /// follow a form's submission to `form-action` too.
    pub leads_to: Option<&'a str>,
    /// Seconds, as `Retry-After`.
    pub retry_after: Option<u64>,
    /// CSP hash of the page's one script, such as `sha256-…`.
    pub script_hash: Option<&'a str>,
    /// Addresses of other sites that the page shows in frames.
    pub frames: &'a [String],
    /// The page's script asks this server for something.
    pub fetches: bool,
}

impl Default for Answer<'_> {
    fn default() -> Self {
        Self {
            status: StatusCode::OK,
            leads_to: None,
            retry_after: None,
            script_hash: None,
            frames: &[],
            fetches: false,
        }
    }
}

impl Answer<'_> {
    pub fn with_status(status: StatusCode) -> Self {
        Self { status, ..Self::default() }
    }
}

/// Renders `page` with the headers that every page carries.
pub fn render(page: &impl Template, locale: &Locale, answer: Answer<'_>) -> HttpResponse {
    let html = match page.render() {
        Ok(html) => html,
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            return HttpResponse::InternalServerError().finish();
        }
    };
    let mut response = HttpResponse::build(answer.status);
    response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8"));
    response.insert_header((CONTENT_LANGUAGE, locale.tag()));
    response.insert_header((CACHE_CONTROL, "no-store"));
    response.insert_header((CONTENT_SECURITY_POLICY, policy(answer)));
    if let Some(seconds) = answer.retry_after {
        response.insert_header((RETRY_AFTER, seconds));
    }
    response.body(html)
}

fn policy(answer: Answer<'_>) -> String {
    let script = match answer.script_hash {
        Some(hash) => format!("script-src '{hash}'"),
        None => "script-src 'self'".to_owned(),
    };
    let connect = if answer.fetches { " connect-src 'self';" } else { "" };
    let leads_to = answer.leads_to.and_then(form_action_source).map(|source| format!(" {source}")).unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; {script};{connect} {}form-action 'self'{leads_to}; \
         base-uri 'none'; frame-ancestors 'none'",
        frame_sources(answer.frames)
    )
}

/// The directive that allows the origins of these addresses and no other.
fn frame_sources(frames: &[String]) -> String {
    let origins = frames.iter().filter_map(|frame| url::Url::parse(frame).ok());
    let origins: BTreeSet<String> = origins.map(|url| host_source(&url)).collect();
    if origins.is_empty() {
        return String::new();
    }
    format!("frame-src {}; ", origins.into_iter().collect::<Vec<_>>().join(" "))
}

/// The origin as CSP writes it, which has no form for IPv6 addresses (CSP 3 §2.3.1): of those the port alone can be named.
fn host_source(url: &url::Url) -> String {
    match (url.host(), url.port_or_known_default()) {
        (Some(url::Host::Ipv6(_)), Some(port)) => format!("{}://*:{port}", url.scheme()),
        _ => url.origin().ascii_serialization(),
    }
}

/// The CSP source that covers a redirect URI: its origin, or the scheme of an app's own.
fn form_action_source(uri: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok()?;
    match url.scheme() {
        "http" | "https" => Some(host_source(&url)),
        scheme => Some(format!("{scheme}:")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_may_lead_to_the_client_and_nowhere_else() {
        let answer = Answer { leads_to: Some("https://app.test:8443/cb?x=1"), ..Answer::default() };
        assert!(policy(answer).contains("form-action 'self' https://app.test:8443;"));
        let native = Answer { leads_to: Some("com.example.app:/cb"), ..Answer::default() };
        assert!(policy(native).contains("form-action 'self' com.example.app:;"));
        assert!(policy(Answer::default()).contains("form-action 'self';"));
        for (uri, source) in [("http://[::1]:53124/cb", "http://*:53124"), ("http://[::1]/cb", "http://*:80")] {
            let loopback = Answer { leads_to: Some(uri), ..Answer::default() };
            assert!(policy(loopback).contains(&format!("form-action 'self' {source};")), "{uri}");
        }
    }

    #[test]
    fn s142_frames_are_of_the_origins_that_are_shown_and_no_others() {
        let frames = ["https://a.test/x?y", "https://a.test/z", "http://localhost:8080/out"].map(str::to_owned);
        let answer = Answer { frames: &frames, ..Answer::default() };
        assert!(policy(answer).contains("; frame-src http://localhost:8080 https://a.test; "));
        assert!(!policy(Answer::default()).contains("frame-src"));
    }

    #[test]
    fn no_policy_allows_inline_code() {
        assert!(!policy(Answer::default()).contains("unsafe"));
    }
}
