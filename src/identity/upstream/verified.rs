use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::UpstreamSession;
use crate::base::Timestamp;
use crate::config::Upstream;

/// Longest subject (OpenID Connect Core §2), in bytes.
const MAX_SUBJECT: usize = 255;
const MAX_TEXT_CHARS: usize = 200;

/// An account at a provider, as the provider has just proved it.
#[derive(Clone, Debug)]
pub struct UpstreamIdentity {
    pub(super) issuer: String,
    pub(super) subject: String,
    /// When the person signed in there, where it says so.
    pub(super) signed_in_at: Option<Timestamp>,
    settings: Upstream,
    claims: Map<String, Value>,
}

impl UpstreamIdentity {
    /// `None` for a subject that is none.
    pub(super) fn new(
        settings: &Upstream,
        (subject, signed_in_at): (String, Option<Timestamp>),
        claims: Map<String, Value>,
    ) -> Option<Self> {
        let is_subject = !subject.is_empty() && subject.len() <= MAX_SUBJECT && !subject.chars().any(char::is_control);
        let (issuer, settings) = (settings.issuer.clone(), settings.clone());
        is_subject.then_some(Self { issuer, subject, signed_in_at, settings, claims })
    }

    /// A claim by our name for it, if it is a line of text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let text = self.claims.get(self.settings.claim(name))?.as_str()?.trim();
        let is_line = !text.is_empty() && text.chars().count() <= MAX_TEXT_CHARS && !text.chars().any(char::is_control);
        is_line.then_some(text)
    }

    /// An e-mail address that the provider has verified and answers for.
    pub(super) fn trusted_email(&self) -> Option<&str> {
        // As a string it is what some providers send, against the specification.
        let verified = self.claims.get(self.settings.claim("email_verified"))?;
        let is_verified = verified == &Value::Bool(true) || verified.as_str() == Some("true");
        self.text("email").filter(|email| is_verified && self.settings.answers_for(email))
    }

    /// By what the person knows the account.
    pub(super) fn label(&self) -> String {
        let known = ["email", "username", "name"].into_iter().find_map(|name| self.text(name));
        known.unwrap_or(&self.subject).to_owned()
    }

    /// Whether the provider has asked for more than one factor, and is believed.
    pub(super) fn is_multi_factor(&self) -> bool {
        let amr = self.claims.get("amr").and_then(Value::as_array);
        self.settings.trust_mfa && amr.is_some_and(|amr| amr.iter().any(|method| method == "mfa"))
    }

    /// Where the provider may end the session that this one stands on: that one.
    pub(super) fn session(&self) -> Option<UpstreamSession> {
        let (issuer, subject) = (self.issuer.clone(), self.subject.clone());
        self.settings.backchannel_logout.then(|| UpstreamSession {
            issuer,
            subject,
            sid: self.text("sid").map(str::to_owned),
        })
    }

    pub(super) fn may_register(&self) -> bool {
        self.settings.allow_registration
    }
}

impl Upstream {
    /// The provider's name for a claim of ours.
    pub(super) fn claim<'a>(&'a self, name: &'a str) -> &'a str {
        let usual = if name == "username" { "preferred_username" } else { name };
        self.claims.get(name).map_or(usual, String::as_str)
    }
}

/// The claims of a JWS whose signature was verified.
pub(super) fn payload(token: &str) -> Option<Map<String, Value>> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}
