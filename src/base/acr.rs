//! Authentication context classes (`acr`, OpenID Connect Core §2), weakest first.

/// Signed in with one factor.
pub const SINGLE_FACTOR: &str = "urn:portcullis:acr:1fa";

/// `acr_values_supported` of the discovery document.
pub const SUPPORTED: [&str; 1] = [SINGLE_FACTOR];
