use std::collections::BTreeMap;

use askama::Template;

use super::{ClientCard, FormTarget, Frame, Locale};
use crate::oauth::ScopeSet;

/// What the client asks for, and the two answers.
#[derive(Template)]
#[template(path = "consent.html")]
pub struct ConsentPage<'a> {
    pub page: &'a Frame,
    pub client: &'a ClientCard,
    pub form: &'a FormTarget,
    pub username: &'a str,
    pub scopes: Vec<String>,
    /// Where the answer goes: the host of the redirect URI, or words for an app of the device itself.
    pub returns_to: String,
}

/// Where a redirect URI leads, as a person can judge it: a web host, else an app of the device.
pub fn destination(t: &Locale, redirect_uri: &str) -> String {
    let url = url::Url::parse(redirect_uri).ok();
    let web = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    web.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| t.text("consent-returns-app"))
}

/// Scopes as sentences: the standard ones from the catalogue, the operator's own from the configuration, any other by
/// its name.
pub fn scope_sentences(t: &Locale, scopes: &ScopeSet, configured: &BTreeMap<String, String>) -> Vec<String> {
    let sentence = |scope: &str| match scope {
        "openid" | "profile" | "email" | "address" | "phone" | "offline_access" => {
            t.text(&format!("scope-{}", scope.replace('_', "-")))
        }
        other => configured.get(other).cloned().unwrap_or_else(|| t.with("scope-other", "scope", other.to_owned())),
    };
    scopes.iter().map(sentence).collect()
}
