use url::Url;
use webauthn_rs_core::WebauthnCore;

use super::CHALLENGE_TTL;
use crate::config::Config;

/// This server as authenticators know it: one RP ID, and the issuer's origin alone.
#[derive(Debug)]
pub struct RelyingParty {
    pub core: WebauthnCore,
    pub origin: String,
}

impl RelyingParty {
    /// `None` where passkeys are off.
    pub fn of(config: &Config) -> Option<Self> {
        let rp_id = config.passkeys.rp_id(&config.issuer)?;
        let origin = config.issuer.origin();
        let allowed = Url::parse(&origin).ok()?;
        // The library's front names one policy of user verification for every use. As a second factor after a password
        // none is asked for, so its core is used: see docs/adr/0012-passkeys-by-the-librarys-core.md.
        let core = WebauthnCore::new_unsafe_experts_only(
            &config.pages.service_name,
            rp_id,
            vec![allowed],
            CHALLENGE_TTL,
            Some(false),
            Some(false),
        );
        Some(Self { core, origin })
    }
}
