#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::oauth::ScopeSet;
use portcullis::oidc::ClaimsRequest;

// Nothing beyond the allowed scopes is left, whatever was asked for.
fuzz_target!(|text: &str| {
    if let Ok(request) = ClaimsRequest::parse(text) {
        let allowed: ScopeSet = ["openid", "email"].into_iter().collect();
        assert!(request.within(&allowed).scopes().is_subset_of(&allowed));
    }
});
