#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::oauth::client_auth::Basic;

fuzz_target!(|header: &[u8]| {
    if let Ok(basic) = Basic::read(header) {
        for text in [&basic.client_id, &basic.secret] {
            assert!(!text.is_empty() && !text.contains('\0'));
        }
    }
});
