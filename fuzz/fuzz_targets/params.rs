#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::oauth::{Params, ScopeSet};

// What is accepted holds no NUL, and a repeated name never gets through.
fuzz_target!(|bytes: &[u8]| {
    let Ok(params) = Params::parse(bytes) else { return };
    let mut seen = std::collections::HashSet::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        assert!(!name.contains('\0') && !value.contains('\0'));
        assert!(params.has(&name));
        assert!(matches!(name.as_ref(), "resource" | "audience") || seen.insert(name.into_owned()));
    }
    if let Ok(scope) = ScopeSet::parse(params.get("scope").unwrap_or_default()) {
        assert_eq!(ScopeSet::parse(&scope.to_string()), Ok(scope));
    }
});
