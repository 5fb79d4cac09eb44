#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::config::Algorithm;
use portcullis::oauth::ClientMetadata;
use portcullis::oauth::registration::{Abilities, problems};

// Metadata without problems registers no address that a browser would run or that leads elsewhere than it reads.
fuzz_target!(|bytes: &[u8]| {
    let Ok(metadata) = serde_json::from_slice::<ClientMetadata>(bytes) else { return };
    if problems(&metadata, Abilities { algorithms: &[Algorithm::ES256, Algorithm::RS256], unsigned_id_tokens: false }).is_empty() {
        for uri in metadata.redirect_uris.iter().chain(&metadata.post_logout_redirect_uris) {
            assert!(uri.is_ascii() && !uri.contains(['#', '\\', ' ', '*']));
            let scheme = uri.split(':').next().unwrap_or_default().to_ascii_lowercase();
            assert!(matches!(scheme.as_str(), "http" | "https") || scheme.contains('.'), "{uri}");
        }
    }
});
