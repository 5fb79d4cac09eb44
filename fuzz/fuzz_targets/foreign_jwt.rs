#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::jose::{ForeignAlgorithm, ForeignJwt, ForeignKey, ForeignKind};

const KIND: ForeignKind<'_> =
    ForeignKind { algorithms: &ForeignAlgorithm::ASYMMETRIC, typ: "client-authentication+jwt" };

// Nothing verifies with a key that nobody has the other half of.
fuzz_target!(|token: &str| {
    if let Ok(jwt) = ForeignJwt::parse(token, KIND) {
        let key = ForeignKey::decoy(jwt.alg).expect("each algorithm has one");
        let _ = jwt.claimed("sub");
        assert!(jwt.verify(key).is_err());
    }
});
