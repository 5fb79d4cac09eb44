use std::borrow::Cow;

/// Every error code the OAuth and OpenID Connect RFCs let this server answer with. One variant per code.
///
/// `hint` is for the developer of the client: ASCII without `"` and `\` (RFC 6749 §5.2), never raw input.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// RFC 6749 §4.1.2.1, §5.2.
    #[error("invalid_request: {hint}")]
    InvalidRequest { hint: Hint },
    /// RFC 6749 §5.2. `basic_tried`: answer with `WWW-Authenticate: Basic`.
    #[error("invalid_client: {hint}")]
    InvalidClient { hint: Hint, basic_tried: bool },
    /// RFC 6749 §5.2.
    #[error("invalid_grant: {hint}")]
    InvalidGrant { hint: Hint },
    #[error("unauthorized_client: {hint}")]
    UnauthorizedClient { hint: Hint },
    #[error("unsupported_grant_type: {hint}")]
    UnsupportedGrantType { hint: Hint },
    #[error("unsupported_response_type: {hint}")]
    UnsupportedResponseType { hint: Hint },
    #[error("invalid_scope: {hint}")]
    InvalidScope { hint: Hint },
    /// RFC 8707 §2.
    #[error("invalid_target: {hint}")]
    InvalidTarget { hint: Hint },
    #[error("access_denied: {hint}")]
    AccessDenied { hint: Hint },
    /// OpenID Connect Core §3.1.2.6.
    #[error("login_required: {hint}")]
    LoginRequired { hint: Hint },
    #[error("consent_required: {hint}")]
    ConsentRequired { hint: Hint },
    #[error("interaction_required: {hint}")]
    InteractionRequired { hint: Hint },
    #[error("request_not_supported: {hint}")]
    RequestNotSupported { hint: Hint },
    #[error("request_uri_not_supported: {hint}")]
    RequestUriNotSupported { hint: Hint },
    #[error("registration_not_supported: {hint}")]
    RegistrationNotSupported { hint: Hint },
    /// OpenID Connect Core Unmet Authentication Requirements 1.0.
    #[error("unmet_authentication_requirements: {hint}")]
    UnmetAuthenticationRequirements { hint: Hint },
    /// RFC 8628 §3.5.
    #[error("authorization_pending")]
    AuthorizationPending,
    #[error("slow_down")]
    SlowDown,
    #[error("expired_token")]
    ExpiredToken,
    /// RFC 7591 §3.2.2.
    #[error("invalid_redirect_uri: {hint}")]
    InvalidRedirectUri { hint: Hint },
    #[error("invalid_client_metadata: {hint}")]
    InvalidClientMetadata { hint: Hint },
    #[error("invalid_software_statement: {hint}")]
    InvalidSoftwareStatement { hint: Hint },
    /// RFC 6750 §3.1.
    #[error("invalid_token: {hint}")]
    InvalidToken { hint: Hint },
    #[error("insufficient_scope: {scope}")]
    InsufficientScope { scope: String },
    /// RFC 9470 §3: the person has to be known more surely; `acr_values` are the classes that would do.
    #[error("insufficient_user_authentication: {acr_values}")]
    InsufficientUserAuthentication { acr_values: String },
    /// Too many attempts: 429 with `Retry-After`.
    #[error("too many attempts; again in {retry_after} s")]
    TooManyAttempts { retry_after: u64 },
    /// Overload or a database that cannot be reached: 503 with `Retry-After`.
    #[error("temporarily_unavailable: {cause}")]
    TemporarilyUnavailable { cause: String },
    /// The cause is for the log only.
    #[error("server_error: {0}")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

pub type Hint = Cow<'static, str>;

impl Error {
    pub fn invalid_request(hint: impl Into<Hint>) -> Self {
        Self::InvalidRequest { hint: hint.into() }
    }

    pub fn invalid_client(hint: impl Into<Hint>) -> Self {
        Self::InvalidClient { hint: hint.into(), basic_tried: false }
    }

    pub fn invalid_grant(hint: impl Into<Hint>) -> Self {
        Self::InvalidGrant { hint: hint.into() }
    }

    pub fn unauthorized_client(hint: impl Into<Hint>) -> Self {
        Self::UnauthorizedClient { hint: hint.into() }
    }

    pub fn invalid_scope(hint: impl Into<Hint>) -> Self {
        Self::InvalidScope { hint: hint.into() }
    }

    pub fn invalid_token(hint: impl Into<Hint>) -> Self {
        Self::InvalidToken { hint: hint.into() }
    }

    /// RFC 7591 §3.2.2. `text` may repeat what was received: what is not ASCII, or a quote, is shown as `?`.
    pub fn of_registration(code: &str, text: &str) -> Self {
        let shown = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '?' };
        let hint: Hint = text.chars().map(shown).collect::<String>().into();
        match code {
            "invalid_redirect_uri" => Self::InvalidRedirectUri { hint },
            "invalid_software_statement" => Self::InvalidSoftwareStatement { hint },
            _ => Self::InvalidClientMetadata { hint },
        }
    }

    /// The `error` member or parameter.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest { .. } => "invalid_request",
            Self::InvalidClient { .. } => "invalid_client",
            Self::InvalidGrant { .. } => "invalid_grant",
            Self::UnauthorizedClient { .. } => "unauthorized_client",
            Self::UnsupportedGrantType { .. } => "unsupported_grant_type",
            Self::UnsupportedResponseType { .. } => "unsupported_response_type",
            Self::InvalidScope { .. } => "invalid_scope",
            Self::InvalidTarget { .. } => "invalid_target",
            Self::AccessDenied { .. } => "access_denied",
            Self::LoginRequired { .. } => "login_required",
            Self::ConsentRequired { .. } => "consent_required",
            Self::InteractionRequired { .. } => "interaction_required",
            Self::RequestNotSupported { .. } => "request_not_supported",
            Self::RequestUriNotSupported { .. } => "request_uri_not_supported",
            Self::RegistrationNotSupported { .. } => "registration_not_supported",
            Self::UnmetAuthenticationRequirements { .. } => "unmet_authentication_requirements",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::InvalidRedirectUri { .. } => "invalid_redirect_uri",
            Self::InvalidClientMetadata { .. } => "invalid_client_metadata",
            Self::InvalidSoftwareStatement { .. } => "invalid_software_statement",
            Self::InvalidToken { .. } => "invalid_token",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::InsufficientUserAuthentication { .. } => "insufficient_user_authentication",
            Self::TooManyAttempts { .. } | Self::TemporarilyUnavailable { .. } => "temporarily_unavailable",
            Self::Internal(_) => "server_error",
        }
    }

    /// The `error_description`: `None` for errors whose cause is nobody's business outside.
    pub fn description(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::InvalidRequest { hint }
            | Self::InvalidClient { hint, .. }
            | Self::InvalidGrant { hint }
            | Self::UnauthorizedClient { hint }
            | Self::UnsupportedGrantType { hint }
            | Self::UnsupportedResponseType { hint }
            | Self::InvalidScope { hint }
            | Self::InvalidTarget { hint }
            | Self::AccessDenied { hint }
            | Self::LoginRequired { hint }
            | Self::ConsentRequired { hint }
            | Self::InteractionRequired { hint }
            | Self::RequestNotSupported { hint }
            | Self::RequestUriNotSupported { hint }
            | Self::RegistrationNotSupported { hint }
            | Self::UnmetAuthenticationRequirements { hint }
            | Self::InvalidRedirectUri { hint }
            | Self::InvalidClientMetadata { hint }
            | Self::InvalidSoftwareStatement { hint }
            | Self::InvalidToken { hint } => Some(Cow::Borrowed(hint)),
            Self::InsufficientScope { scope } => Some(Cow::Owned(format!("the token lacks the scope {scope}"))),
            Self::InsufficientUserAuthentication { .. } => {
                Some(Cow::Borrowed("the person has to sign in with a further factor"))
            }
            Self::AuthorizationPending => {
                Some(Cow::Borrowed("the person has not answered yet; poll again after the interval"))
            }
            Self::SlowDown => Some(Cow::Borrowed("polled too soon; wait 5 seconds longer from now on")),
            Self::ExpiredToken => Some(Cow::Borrowed("the device code has expired; start again")),
            Self::TooManyAttempts { .. } => Some(Cow::Borrowed("too many attempts; wait as Retry-After says")),
            Self::TemporarilyUnavailable { .. } => {
                Some(Cow::Borrowed("the server is busy; try again as Retry-After says"))
            }
            Self::Internal(_) => None,
        }
    }
}

impl From<crate::storage::Error> for Error {
    fn from(error: crate::storage::Error) -> Self {
        match error {
            crate::storage::Error::Unavailable(cause) => Self::TemporarilyUnavailable { cause },
            other => Self::Internal(Box::new(other)),
        }
    }
}

impl From<crate::jose::Error> for Error {
    fn from(error: crate::jose::Error) -> Self {
        match error {
            crate::jose::Error::Storage(error) => error.into(),
            other => Self::Internal(Box::new(other)),
        }
    }
}
