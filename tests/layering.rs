//! Imports go one way; this walks the `use` lines and fails on an arrow that points back.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::{Path, PathBuf};

/// Each layer, and the layers it may import from.
const LAYERS: [(&str, &[&str]); 12] = [
    ("base", &[]),
    ("config", &["base"]),
    ("storage", &["base", "config"]),
    ("jose", &["base", "config", "storage"]),
    ("outbound", &["base", "config"]),
    ("oidc", &["base", "config", "storage", "jose", "outbound", "oauth"]),
    ("oauth", &["base", "config", "storage", "jose", "outbound", "oidc"]),
    ("identity", &["base", "config", "storage", "jose", "outbound"]),
    ("mail", &["base", "config", "storage", "identity"]),
    ("ops", &["base", "config", "storage", "jose", "outbound", "oidc", "oauth", "identity", "mail"]),
    ("web", &["base", "config", "storage", "jose", "outbound", "oidc", "oauth", "identity", "mail", "ops"]),
    ("cli", &["base", "config", "storage", "jose", "outbound", "oidc", "oauth", "identity", "mail", "ops", "web"]),
];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code without its tests, which may use whatever they like.
fn production(text: &str) -> &str {
    text.split_once("#[cfg(test)]\nmod tests").map_or(text, |(code, _)| code)
}

#[test]
fn no_layer_imports_from_above() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (layer, allowed) in LAYERS {
        let mut found = Vec::new();
        files(&root.join(layer), &mut found);
        assert!(!found.is_empty(), "src/{layer} is where this test looks");
        for file in found {
            let text = std::fs::read_to_string(&file).unwrap();
            for rest in production(&text).split("crate::").skip(1) {
                let to: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let known = LAYERS.iter().any(|(name, _)| *name == to);
                if known && to != layer && !allowed.contains(&to.as_str()) {
                    wrong.push(format!("{} imports {to}", file.strip_prefix(&root).unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_their_own_layer_knows_http_and_sql() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (layer, forbidden) in [
        ("oauth", ["actix_web", "sqlx", "SystemTime"]),
        ("oidc", ["actix_web", "sqlx", "SystemTime"]),
        ("identity", ["actix_web", "sqlx", "SystemTime"]),
        ("jose", ["actix_web", "sqlx", "SystemTime"]),
        ("mail", ["actix_web", "sqlx", "SystemTime"]),
        ("storage", ["actix_web", "oxide_auth", "SystemTime"]),
        ("web", ["sqlx", "oxide_auth", "SystemTime"]),
        ("cli", ["sqlx", "oxide_auth", "SystemTime"]),
    ] {
        let mut found = Vec::new();
        files(&root.join(layer), &mut found);
        for file in found {
            let text = std::fs::read_to_string(&file).unwrap();
            let engine = file.components().any(|part| part.as_os_str() == "engine");
            for name in forbidden.iter().filter(|name| !(engine && **name == "oxide_auth")) {
                if production(&text).contains(name) {
                    wrong.push(format!("{} names {name}", file.strip_prefix(&root).unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
