#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis::oauth::authorize::redirect_uri::{common_prefix, matches, nearest};

// Two URIs, and whether the client is native.
fuzz_target!(|input: (String, String, bool)| {
    let (registered, received, native) = input;
    assert_eq!(matches(&registered, &received, false), registered == received);
    if matches(&registered, &received, native) && registered != received {
        assert!(native && registered.starts_with("http://") && received.starts_with("http://"));
        assert!(!received.contains('@') || registered.contains('@'));
    }
    assert!(common_prefix(&received, &registered) <= received.chars().count());
    assert!(nearest(std::slice::from_ref(&registered), &received).is_some());
});
