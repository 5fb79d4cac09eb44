use serde::{Deserialize, Serialize};

use super::ResponseMode;

/// A response type (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Types): what the authorization endpoint itself gives.
/// None of them puts an access token into a URL (RFC 9700 §2.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseType {
    #[default]
    #[serde(rename = "code")]
    Code,
    /// The hybrid flow of OpenID Connect Core §3.3 that gives an id_token beside the code.
    #[serde(rename = "code id_token")]
    CodeIdToken,
    /// Nothing but word that the person allowed it (Multiple Response Types §4).
    #[serde(rename = "none")]
    None,
}

impl ResponseType {
    /// `response_types_supported` of the metadata. Each client is registered for those it may use.
    pub const SUPPORTED: [Self; 3] = [Self::Code, Self::CodeIdToken, Self::None];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::CodeIdToken => "code id_token",
            Self::None => "none",
        }
    }

    /// The type of these words; their order means nothing (Multiple Response Types §3), a word twice is none of ours.
    pub fn from_name(text: &str) -> Option<Self> {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let words = sorted(text);
        Self::SUPPORTED.into_iter().find(|known| sorted(known.name()) == words)
    }

    pub const fn gives_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken)
    }

    pub const fn gives_id_token(self) -> bool {
        matches!(self, Self::CodeIdToken)
    }

    /// How the response reaches the client where it names no mode (Multiple Response Types §2.1, §5).
    pub const fn default_mode(self) -> ResponseMode {
        if self.gives_id_token() { ResponseMode::Fragment } else { ResponseMode::Query }
    }

    /// Where an error for a type that is not supported is looked for: types that would give tokens answer in the fragment.
    pub fn default_mode_of_unsupported(text: &str) -> ResponseMode {
        let gives_tokens = text.split(' ').any(|word| matches!(word, "token" | "id_token"));
        if gives_tokens { ResponseMode::Fragment } else { ResponseMode::Query }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s054_words_are_exact_and_their_order_means_nothing() {
        for kind in ResponseType::SUPPORTED {
            assert_eq!(ResponseType::from_name(kind.name()), Some(kind));
        }
        assert_eq!(ResponseType::from_name("id_token code"), Some(ResponseType::CodeIdToken));
        for bad in
            ["", "token", "id_token", "code token", "CODE", "code code", "code none", "code id_token token", " code"]
        {
            assert_eq!(ResponseType::from_name(bad), None, "{bad}");
        }
    }

    #[test]
    fn s055_types_with_tokens_answer_in_the_fragment() {
        assert_eq!(ResponseType::CodeIdToken.default_mode(), ResponseMode::Fragment);
        assert_eq!(ResponseType::Code.default_mode(), ResponseMode::Query);
        assert_eq!(ResponseType::default_mode_of_unsupported("token"), ResponseMode::Fragment);
        assert_eq!(ResponseType::default_mode_of_unsupported("codes"), ResponseMode::Query);
    }
}
