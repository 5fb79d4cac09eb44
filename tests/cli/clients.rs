use serde_json::{Value, json};

use super::place::Place;

#[test]
fn a_client_is_registered_by_rfc_7591_metadata_and_its_secret_shown_once() {
    let place = Place::configured();
    let metadata = json!({ "client_name": "Billing", "redirect_uris": ["https://app.example.com/cb"],
        "grant_types": ["authorization_code", "refresh_token"], "software_id": "x" });
    let said = place.feed(&["client", "create", "-"], &metadata.to_string());
    assert!(said.err.contains("software_id means nothing to this server"), "{}", said.err);
    let made = said.json();
    let client_id = made["client_id"].as_str().unwrap();
    let secret = made["client_secret"].as_str().unwrap();
    assert!(secret.starts_with("pc_cs_"));
    assert_eq!(made["client_secret_expires_at"], 0);
    assert_eq!(made["token_endpoint_auth_method"], "client_secret_basic");

    let shown = place.run(&["client", "show", client_id]).json();
    assert_eq!(shown["client_name"], "Billing");
    assert_eq!(shown.get("client_secret"), None);
    let listed = place.run(&["client", "list", "--json"]).json();
    assert_eq!(listed, Value::Array(vec![shown]));
    assert!(place.run(&["client", "list"]).success().out.contains("Billing"));
    let database = std::fs::read(place.path("p.db")).unwrap();
    assert!(!database.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "only its hash is kept");

    let rotated = place.run(&["client", "rotate-secret", client_id]).json();
    assert_ne!(rotated["client_secret"], secret);

    let named = place.run(&["client", "create", "--client-id", client_id, r#"{"grant_types":["client_credentials"]}"#]);
    named.failed(1, &["client_id is taken already"]);
}

#[test]
fn a_client_is_changed_member_by_member_and_deleted() {
    let place = Place::configured();
    let uri = "https://app.example.com/cb";
    place
        .run(&[
            "client",
            "create",
            "--client-id",
            "app",
            "--client-name",
            "App",
            "--redirect-uri",
            uri,
            "--token-endpoint-auth-method",
            "none",
        ])
        .success();
    let changed = place.run(&["client", "update", "app", r#"{"client_name": null, "scope": "openid email"}"#]).json();
    assert_eq!(changed.get("client_name"), None);
    assert_eq!(changed["scope"], "openid email");
    assert_eq!(changed["redirect_uris"], json!([uri]));

    let shown = place.run(&["client", "show", "app"]).out;
    assert_eq!(place.feed(&["client", "update", "app", "-"], &shown).json(), changed, "what is shown may be sent back");
    assert_eq!(place.run(&["client", "update", "app", "--disable"]).json()["disabled"], true);
    assert_eq!(place.run(&["client", "update", "app", "--enable"]).json().get("disabled"), None);

    let wrong = json!({ "redirect_uris": ["http://app.example.com/*"], "grant_types": ["implicit"] }).to_string();
    place.run(&["client", "update", "app", &wrong]).failed(2, &["redirect_uris", "grant_types"]);
    assert_eq!(place.run(&["client", "show", "app"]).json(), changed, "nothing was changed");
    place.run(&["client", "update", "app", "nowhere.json"]).failed(2, &["nowhere.json"]);
    place.run(&["client", "update", "app", r#"{"redirect_uris": "x"}"#]).failed(2, &["redirect_uris"]);

    assert_eq!(place.run(&["client", "delete", "app"]).success().out, "deleted app\n");
    for verb in ["show", "delete", "rotate-secret"] {
        place.run(&["client", verb, "app"]).failed(1, &["there is no client app"]);
    }
}

#[test]
fn initial_access_tokens_are_shown_once_listed_without_secret_and_revoked() {
    let place = Place::configured();
    let said = place.run(&["client", "initial-access-token", "create", "--uses", "3", "--note", "partner portal"]);
    assert!(said.err.contains("client_registration.mode is off"), "{}", said.err);
    let made = said.json();
    let token = made["initial_access_token"].as_str().unwrap();
    assert!(token.starts_with("pc_iat_"));
    let listed = place.run(&["client", "initial-access-token", "list", "--json"]).json();
    assert_eq!(listed[0]["note"], "partner portal");
    assert_eq!(listed[0]["uses_left"], 3);
    let table = place.run(&["client", "initial-access-token", "list"]).success();
    assert!(table.out.contains("partner portal") && !table.out.contains(token));
    let id = made["id"].as_str().unwrap();
    place.run(&["client", "initial-access-token", "revoke", id]).success();
    place.run(&["client", "initial-access-token", "revoke", id]).failed(1, &["there is no initial access token"]);
    assert_eq!(place.run(&["client", "initial-access-token", "list", "--json"]).json(), json!([]));
}
