#![no_main]

use aws_lc_rs::hmac;
use libfuzzer_sys::fuzz_target;
use portcullis::base::{OpaqueToken, RefreshToken, TokenKind};

// Whatever is read as a token is written back the same; no text is a refresh token without our key.
fuzz_target!(|text: &str| {
    for kind in [TokenKind::AccessToken, TokenKind::AuthorizationCode, TokenKind::DeviceCode, TokenKind::Session] {
        if let Some(token) = OpaqueToken::parse(kind, text) {
            assert_eq!(token.expose(), text);
            assert!(text.starts_with(kind.prefix()));
        }
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    assert!(RefreshToken::parse(text, &key).is_none());
});
