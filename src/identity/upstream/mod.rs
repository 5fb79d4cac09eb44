//! Signing in with other OpenID providers: this server as their client.
//!
//! A browser on its way carries a cookie, from which `state`, `nonce` and code verifier derive; the row of the same id is
//! taken when it comes back. What the provider then says is believed as far as it is signed, for this client, just now.

mod accounts;
mod logout_token;
mod provider;
mod sessions;
mod verified;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::base::{Clock, OpaqueToken};
use crate::config::Config;
use crate::outbound;

pub use accounts::{Arrival, UpstreamVerified};
pub use provider::{Callback, Provider};
pub use sessions::{SignedOutThere, UpstreamSession};
pub use verified::UpstreamIdentity;

/// The providers of the configuration.
pub struct Upstreams(BTreeMap<String, Provider>);

/// Why somebody could not be signed in with a provider. No text of the provider's is in it.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// It does not answer, or not as a provider does.
    #[error("the provider cannot be used: {0}")]
    Unavailable(String),
    /// Its answer is not what it must be.
    #[error("the provider's answer is refused: {0}")]
    Refused(String),
    /// The person was to sign in there anew, and it does not say that they did.
    #[error("the provider does not say that the person signed in again")]
    NotAgain,
    /// It says that the person was not signed in, by this code of RFC 6749 §4.1.2.1 or OpenID Connect Core §3.1.2.6.
    #[error("the provider answers {0}")]
    Denied(&'static str),
}

/// The file of a provider's secret cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("upstream.{name}.client_secret_file: {error}")]
pub struct UnreadableSecret {
    name: String,
    error: std::io::Error,
}

impl Upstreams {
    /// Those that are in service; reads the files of their secrets.
    pub fn new(config: &Config, outbound: &outbound::Client, clock: &Arc<dyn Clock>) -> Result<Self, UnreadableSecret> {
        let mut providers = BTreeMap::new();
        for (name, settings) in config.upstream.iter().filter(|(_, settings)| settings.enabled) {
            let page = |page: &str| config.issuer.endpoint(&format!("/upstream/{name}/{page}"));
            let pages = (page("callback"), page("signed-out"));
            let provider = Provider::new(settings, pages, outbound.clone(), Arc::clone(clock))
                .map_err(|error| UnreadableSecret { name: name.clone(), error })?;
            providers.insert(name.clone(), provider);
        }
        Ok(Self(providers))
    }

    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.0.get(name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With their names, in the order of these.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Provider)> {
        self.0.iter().map(|(name, provider)| (name.as_str(), provider))
    }
}

/// What goes along with a browser to a provider, all of it from the secret in the browser's cookie.
pub struct Passage<'a>(pub &'a OpaqueToken);

impl Passage<'_> {
    /// Names the row, and proves that the answer is for this browser.
    pub fn state(&self) -> String {
        format!("{}.{}", self.0.id, self.derived("state"))
    }

    /// The id in a `state`, before it is checked.
    pub fn id_of(state: &str) -> Option<&str> {
        state.split_once('.').map(|(id, _)| id)
    }

    pub fn is_for(&self, state: &str) -> bool {
        self.state().as_bytes().ct_eq(state.as_bytes()).into()
    }

    fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// RFC 7636 §4.1; 43 characters.
    fn code_verifier(&self) -> String {
        self.derived("code_verifier")
    }

    fn code_challenge(&self) -> String {
        hash(&self.code_verifier())
    }

    fn derived(&self, purpose: &str) -> String {
        hash(&format!("{purpose} {}", self.0.expose()))
    }
}

fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}
