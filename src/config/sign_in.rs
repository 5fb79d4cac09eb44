use serde::{Deserialize, Serialize};

/// `[sign_in]`: how surely people have to be known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Who needs a second factor: `none`, `admins` or `all`. Whoever has none sets one up before they go on. A client can
    /// want it for itself, with `require_mfa` in its metadata.
    pub require_mfa: RequireMfa,
    /// Lets people sign in with a code that is mailed to their verified address, instead of the password. Needs `[mail]`.
    pub email_code: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequireMfa {
    #[default]
    None,
    Admins,
    All,
}
