use serde::{Deserialize, Serialize};
use url::Url;

use super::Ttl;

/// `[registration]`: accounts that people make themselves, and the terms that everybody accepts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Registration {
    /// Who may: `off` nobody, `open` everybody, `domains` whoever has an address in `domains`, `invitation` nobody else than
    /// whoever `portcullis user invite` has invited, which is possible in every mode but `off`. Where mail is configured, an
    /// account begins with a mail to its address; without mail it has one only by invitation.
    pub mode: RegistrationMode,
    /// Host names of addresses, as in `["example.com"]`; each without the names below it.
    pub domains: Vec<String>,
    /// How long an invitation can be used. Seconds; 7 days.
    pub invitation_ttl: Ttl,
    /// Where the terms stand that people accept with their account, and at the next sign-in when they are new.
    pub terms_uri: Option<Url>,
    /// Names the version of the terms, such as `2026-01`. Another name asks everybody again.
    pub terms_version: Option<String>,
}

impl Default for Registration {
    fn default() -> Self {
        Self {
            mode: RegistrationMode::Off,
            domains: Vec::new(),
            invitation_ttl: Ttl::days(7),
            terms_uri: None,
            terms_version: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationMode {
    #[default]
    Off,
    Open,
    Domains,
    Invitation,
}

/// What people accept.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    pub uri: &'a Url,
    pub version: &'a str,
}

impl Registration {
    /// Whether anybody can begin to make an account.
    pub fn is_open(&self) -> bool {
        matches!(self.mode, RegistrationMode::Open | RegistrationMode::Domains)
    }

    /// Whether an account may have this address, which is in lower case.
    pub fn admits(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        match self.mode {
            RegistrationMode::Off | RegistrationMode::Invitation => false,
            RegistrationMode::Open => true,
            RegistrationMode::Domains => self.domains.iter().any(|allowed| allowed == domain),
        }
    }

    pub fn terms(&self) -> Option<Terms<'_>> {
        Some(Terms { uri: self.terms_uri.as_ref()?, version: self.terms_version.as_deref()? })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::config::contradictions::contradictions;

    fn wrong(registration: &str) -> Vec<String> {
        let text = format!("issuer = \"http://localhost:1\"\n[registration]\n{registration}");
        contradictions(&toml::from_str::<Config>(&text).unwrap()).into_iter().map(|(_, message)| message).collect()
    }

    #[test]
    fn registration_says_all_that_it_needs_and_nothing_besides() {
        let terms = "terms_uri = \"https://a.test/terms\"\nterms_version = \"1\"";
        for good in ["", "mode = \"open\"", "mode = \"invitation\"", terms] {
            assert_eq!(wrong(good), [] as [String; 0], "{good}");
        }
        for (bad, about) in [
            ("mode = \"open\"\ndomains = [\"a.test\"]", "and of no other"),
            ("mode = \"domains\"", "and of no other"),
            ("mode = \"domains\"\ndomains = [\"a.test\"]", "needs mail"),
            ("mode = \"domains\"\ndomains = [\"A.test\"]", "in lower case"),
            ("mode = \"domains\"\ndomains = [\"*.a.test\"]", "in lower case"),
            ("mode = \"domains\"\ndomains = [\"@a.test\"]", "in lower case"),
            ("terms_version = \"1\"", "goes together"),
            ("terms_uri = \"https://a.test/terms\"\nterms_version = \" \"", "1 to 100"),
        ] {
            assert!(wrong(bad).iter().any(|message| message.contains(about)), "{bad}: {:?}", wrong(bad));
        }
    }
}
