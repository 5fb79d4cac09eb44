use serde_json::Value;

use super::place::Place;

#[test]
fn a_user_is_made_with_a_password_from_standard_input() {
    let place = Place::configured();
    let create = ["user", "create", "alice", "--email", "alice@example.com", "--email-verified"];
    let made = place.feed(&create, "correct horse battery\n").json();
    assert_eq!(made["username"], "alice");
    assert_eq!(made["email_verified"], true);
    assert_eq!(made["has_password"], true);
    assert_eq!(made["admin"], false);

    place.feed(&create, "correct horse battery\n").failed(1, &["taken"]);
    place.feed(&["user", "create", "bob"], "short\n").failed(1, &["at least 8 characters"]);
    place.feed(&["user", "create", "bob"], "").failed(2, &["no password"]);
    place.feed(&["user", "create", "b b"], "correct horse battery\n").failed(1, &["a user name has"]);
    let claims = ["user", "create", "bob", "--claims", r#"{"sub": "x"}"#];
    place.feed(&claims, "correct horse battery\n").failed(1, &["sub"]);

    let id = made["sub"].as_str().unwrap();
    for name in ["alice", "ALICE@example.com", id] {
        let mut shown = place.run(&["user", "show", name]).json();
        let factors = shown.as_object_mut().unwrap().remove("factors").unwrap();
        assert_eq!(factors, serde_json::json!({ "totp": false, "passkeys": false, "recovery_codes": 0 }));
        assert_eq!(shown, made, "{name}");
    }
    let lines = place.run(&["user", "list", "--json"]).success().out;
    let listed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed, [made]);
}

#[test]
fn a_user_is_disabled_enabled_and_given_another_password() {
    let place = Place::configured();
    place.feed(&["user", "create", "alice"], "correct horse battery\n").success();
    assert_eq!(place.run(&["user", "disable", "alice"]).success().out, "alice is disabled\n");
    assert_eq!(place.run(&["user", "show", "alice"]).json()["disabled"], true);
    assert!(place.run(&["user", "list"]).success().out.contains("disabled"));
    assert_eq!(place.run(&["user", "enable", "alice"]).success().out, "alice is enabled\n");
    let said = place.feed(&["user", "set-password", "alice", "--password-stdin"], "battery horse correct").success();
    assert!(said.out.contains("alice has a new password"));
    assert_eq!(
        place.run(&["user", "sign-out", "alice", "--api-keys"]).success().out,
        "alice is signed out everywhere\n"
    );
    place.run(&["user", "delete", "alice"]).failed(2, &["say --yes"]);
    assert_eq!(place.run(&["user", "show", "alice"]).json()["username"], "alice");
    assert_eq!(place.run(&["user", "delete", "alice", "--yes"]).success().out, "alice is deleted\n");
    place.run(&["user", "show", "alice"]).failed(1, &["there is no user alice"]);
    for args in [["user", "show", "nobody"], ["user", "disable", "nobody"], ["user", "sign-out", "nobody"]] {
        place.run(&args).failed(1, &["there is no user nobody"]);
    }
}

#[test]
fn a_user_is_given_an_address_that_is_nobody_elses() {
    let place = Place::configured();
    for name in ["alice", "bob@example.com"] {
        place.feed(&["user", "create", name], "correct horse battery\n").success();
    }
    let changed = place.run(&["user", "set-email", "alice", "Alice@Example.com"]).json();
    assert_eq!((&changed["email"], &changed["email_verified"]), (&"alice@example.com".into(), &false.into()));
    let verified = place.run(&["user", "set-email", "alice", "alice@example.com", "--verified"]).json();
    assert_eq!(verified["email_verified"], true);
    place.run(&["user", "set-email", "alice", "nowhere"]).failed(1, &["no e-mail address"]);
    place.run(&["user", "set-email", "alice", "bob@example.com"]).failed(1, &["taken"]);
    assert_eq!(place.run(&["user", "show", "alice"]).json()["email"], "alice@example.com");
}

#[test]
fn an_invitation_is_printed_where_no_mail_is_written_and_queued_where_it_is() {
    let place = Place::configured();
    place.run(&["user", "invite", "carol@example.com"]).failed(1, &["registration.mode is off"]);
    let on = [("PORTCULLIS__REGISTRATION__MODE", "invitation")];
    let said = place.run_with(&["user", "invite", "Carol@Example.com"], &on).success();
    let (_, token) = said.out.lines().next().unwrap().split_once("/register/new?token=").unwrap();
    assert!(token.starts_with("pc_ml_"));
    let database = std::fs::read(place.path("p.db")).unwrap();
    assert!(!database.windows(token.len()).any(|bytes| bytes == token.as_bytes()));
    place.run_with(&["user", "invite", "nowhere"], &on).failed(1, &["no e-mail address"]);
    let created = ["user", "create", "alice", "--email", "alice@example.com"];
    place.feed(&created, "correct horse battery\n").success();
    place.run_with(&["user", "invite", "alice@example.com"], &on).failed(1, &["somebody signs in with this address"]);
    let mailed = [on[0], ("PORTCULLIS__MAIL__DEVELOPMENT", "true")];
    let said = place.run_with(&["user", "invite", "carol@example.com"], &mailed).success();
    assert!(said.out.contains("on its way") && !said.out.contains("pc_ml_"), "{}", said.out);
    let listed = place.run_with(&["mail", "list"], &mailed).success();
    assert!(listed.out.contains("invitation") && listed.out.contains("carol@example.com"), "{}", listed.out);
}

#[test]
fn invitations_are_listed_and_taken_back() {
    let place = Place::configured();
    let on = [("PORTCULLIS__REGISTRATION__MODE", "invitation")];
    for email in ["carol@example.com", "dave@example.com", "carol@example.com"] {
        place.run_with(&["user", "invite", email], &on).success();
    }
    let listed = || {
        let said = place.run(&["user", "invitations", "--json"]).success();
        let lines = said.out.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.map(|line: serde_json::Value| line["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(), ["dave@example.com", "carol@example.com"], "an earlier one ends with the next");
    assert!(place.run(&["user", "invitations"]).success().out.contains("dave@example.com"));
    place.run(&["user", "uninvite", "Dave@Example.com"]).success();
    assert_eq!(listed(), ["carol@example.com"]);
    for nobody in ["dave@example.com", "erin@example.com", "nowhere"] {
        place.run(&["user", "uninvite", nobody]).failed(1, &["there is no invitation", "user invitations"]);
    }
}

#[test]
fn a_login_link_is_made_as_often_as_asked_and_never_stored() {
    let place = Place::configured();
    let links: Vec<String> = (0..2).map(|_| place.run(&["admin", "login-link"]).success().out).collect();
    assert_ne!(links[0], links[1]);
    let database = std::fs::read(place.path("p.db")).unwrap();
    for link in &links {
        let (_, token) = link.trim().split_once("/setup#").unwrap();
        assert!(token.starts_with("pc_su_"));
        assert!(!database.windows(token.len()).any(|bytes| bytes == token.as_bytes()));
    }
}
