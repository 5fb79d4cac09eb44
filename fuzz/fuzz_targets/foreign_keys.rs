#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::jose::{ForeignAlgorithm, ForeignKeys};

fuzz_target!(|bytes: &[u8]| {
    let Ok(jwks) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    if let Ok(keys) = ForeignKeys::parse(&jwks) {
        let usable = ForeignAlgorithm::ASYMMETRIC.into_iter().any(|alg| keys.supports(alg));
        assert_eq!(usable, !keys.is_empty());
        assert!(!keys.supports(ForeignAlgorithm::HS256));
    }
});
