use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::masked_option;

/// `[upstream.NAME]`: an OpenID provider that people may sign in with. NAME stands in addresses: small letters, digits, `-`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The provider's issuer URL, exactly as its metadata says it.
    pub issuer: String,
    /// What this server is registered as there, with the redirect URI `ISSUER/upstream/NAME/callback`.
    pub client_id: String,
    /// The secret of that registration; none for a public client.
    #[serde(default, serialize_with = "masked_option")]
    pub client_secret: Option<SecretString>,
    /// The file that holds the secret, instead of `client_secret`.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What people call it, for the button. NAME without it.
    #[serde(default)]
    pub display_name: Option<String>,
    /// What is asked for.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Claims that the provider names otherwise, as `ours = "theirs"`: `username`, `email`, `email_verified`, `name`,
    /// `given_name`, `family_name`, `picture`, `locale`, `zoneinfo`. `username` is `preferred_username` without it.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// E-mail domains whose addresses the provider answers for (`*` for all). With one of these a verified address there
    /// signs in to the account here that has it, verified too, and is taken over as verified.
    #[serde(default)]
    pub trusted_domains: Vec<String>,
    /// Whether somebody who has no account here gets one by signing in.
    #[serde(default)]
    pub allow_registration: bool,
    /// Whether more than one factor there (`mfa` in its `amr`) counts as more than one here.
    #[serde(default)]
    pub trust_mfa: bool,
    /// For people who have connected their accounts alone: its button stands behind “More ways to sign in”, and nobody is
    /// registered or recognised by an address. Not together with `allow_registration` or `trusted_domains`.
    #[serde(default)]
    pub connected_only: bool,
    /// Whether signing out here leads on to signing out there, for whoever came in that way, where its metadata name an
    /// `end_session_endpoint`. Register `ISSUER/upstream/NAME/signed-out` as the post-logout redirect URI there.
    #[serde(default)]
    pub sign_out: bool,
    /// Whether the provider may tell this server that somebody signed out there (OpenID Connect Back-Channel Logout): what
    /// they have open here by that sign-in ends. Register `ISSUER/upstream/NAME/backchannel-logout` there as the
    /// `backchannel_logout_uri`.
    #[serde(default)]
    pub backchannel_logout: bool,
    /// False takes it out of service, and leaves people's connections as they are.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// The claims that may be mapped.
pub const MAPPED_CLAIMS: [&str; 9] =
    ["username", "email", "email_verified", "name", "given_name", "family_name", "picture", "locale", "zoneinfo"];

impl Upstream {
    /// What may stand in addresses and settings.
    pub fn is_name(name: &str) -> bool {
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=40).contains(&name.len()) && name.bytes().all(legal)
    }

    /// Whether the provider's word on addresses of this e-mail's domain counts.
    pub fn answers_for(&self, email: &str) -> bool {
        let Some((_, domain)) = email.rsplit_once('@') else { return false };
        self.trusted_domains.iter().any(|trusted| trusted == "*" || trusted.eq_ignore_ascii_case(domain))
    }
}

fn default_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

const fn yes() -> bool {
    true
}
