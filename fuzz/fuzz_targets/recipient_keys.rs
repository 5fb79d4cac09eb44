#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::jose::{ContentEncryption, KeyManagement, RecipientKey};

// Whatever key a stranger registers either is refused or takes a JWE of five parts, in which the payload cannot be read.
fuzz_target!(|bytes: &[u8]| {
    let Ok(jwks) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    for alg in KeyManagement::ALL {
        let Ok(key) = RecipientKey::find(&jwks, alg) else { continue };
        for enc in ContentEncryption::ALL {
            let jwe = key.encrypt(enc, Some("JWT"), b"payload").expect("a key that was taken encrypts");
            assert_eq!(jwe.split('.').count(), 5);
            assert!(!jwe.contains("cGF5bG9hZA"));
        }
    }
});
