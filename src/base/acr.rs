//! Authentication context classes (`acr`, OpenID Connect Core §2): how surely a person was known.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A class, weakest first: whoever reached one has reached those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acr {
    /// One factor: a password, a link in a mail, another provider's word.
    #[default]
    SingleFactor,
    /// Two factors of different kinds, or one that is two in itself, such as a passkey with its own PIN.
    MultiFactor,
    /// As [`Self::MultiFactor`], and one of them is bound to this server's address: a passkey.
    PhishingResistant,
}

impl Acr {
    /// `acr_values_supported` of the discovery document.
    pub const SUPPORTED: [Self; 3] = [Self::SingleFactor, Self::MultiFactor, Self::PhishingResistant];

    /// The name in requests and tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SingleFactor => "urn:portcullis:acr:1fa",
            Self::MultiFactor => "urn:portcullis:acr:mfa",
            Self::PhishingResistant => "urn:portcullis:acr:phr",
        }
    }

    /// The class of a name; `None` for those of other servers.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::SUPPORTED.into_iter().find(|class| class.name() == name)
    }
}

/// A person who proved themself this long ago need not do so again before something that matters.
pub const FRESH_FOR: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_an_order_and_one_name_each() {
        assert!(Acr::SingleFactor < Acr::MultiFactor && Acr::MultiFactor < Acr::PhishingResistant);
        for class in Acr::SUPPORTED {
            assert_eq!(Acr::from_name(class.name()), Some(class));
        }
        assert_eq!(Acr::from_name("urn:mace:incommon:iap:silver"), None);
    }
}
