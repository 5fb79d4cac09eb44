//! What people change in their account: profile, password, and the account itself.

use portcullis::storage::{Challenges as _, UpstreamAccounts as _, UpstreamIdentityRecord};
use serde_json::{Value, json};

use crate::common::*;

async fn signed_in(world: &World, name: &str) -> Browser {
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account")).await;
    let page = browser.submit(&page, &[("username", name), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/account", "{}", page.answer.body);
    browser
}

async fn claims_of(world: &World, name: &str) -> Value {
    let user = world.app.identity.find_user(name).await.unwrap().unwrap();
    serde_json::from_str(&user.claims).unwrap()
}

#[tokio::test]
async fn a_profile_is_saved_said_once_and_told_to_apps() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let tokens = world.redeem(C1, &world.code(&browser, C1, "openid profile").await).await.ok();
    let page = browser.open(&world.url("/account/profile")).await;
    assert_eq!(page.attr("#name", "value").as_deref(), Some("alice"));
    let fields = [("name", " Ålice <b>L</b> "), ("locale", "ar"), ("zoneinfo", "Europe/Stockholm"), ("given_name", "")];
    let saved = browser.submit(&page, &fields).await;
    assert_eq!(saved.url.path(), "/account/profile");
    assert!(saved.has("#notice") && saved.has("html[lang=ar]"), "the page speaks the chosen language");
    assert_eq!(saved.attr("#name", "value").as_deref(), Some("Ålice <b>L</b>"));
    assert!(!browser.open(&world.url("/account/profile")).await.has("#notice"));
    // What people are called is kept for a second.
    let mut told = json!({});
    for _ in 0..500 {
        told = world.userinfo(tokens["access_token"].as_str().unwrap()).await.ok();
        if told["name"] != "alice" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!((&told["name"], &told["zoneinfo"]), (&json!("Ålice <b>L</b>"), &json!("Europe/Stockholm")));
    assert!(told.get("given_name").is_none());
    let claims = claims_of(&world, "alice").await;
    assert_eq!(claims["phone_number"], "+46 70 000 00 00", "what is not in the form stays");
    assert_eq!(world.audited("profile_changed").await, 1);
}

#[tokio::test]
async fn s214_a_profile_form_sets_nothing_but_the_profile() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let before = world.app.identity.find_user("alice").await.unwrap().unwrap();
    let page = browser.open(&world.url("/account/profile")).await;
    let fields = [
        ("name", "alice"),
        ("given_name", "alice"),
        ("email_verified", "true"),
        ("email", "root@example.test"),
        ("is_admin", "true"),
        ("roles", "admin"),
        ("sub", "1"),
        ("id", "1"),
        ("org", "x"),
        ("mfa", "false"),
        ("phone_number", "+1"),
        ("phone_number_verified", "true"),
        ("username", "root"),
    ];
    browser.submit(&page, &fields).await;
    let after = world.app.identity.find_user("alice").await.unwrap().unwrap();
    assert_eq!((&before.claims, &before.email, before.is_admin), (&after.claims, &after.email, after.is_admin));
    assert_eq!(before.username, after.username);
}

#[tokio::test]
async fn a_profile_that_cannot_be_is_refused_at_its_field() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    for (field, value) in
        [("picture", "javascript:alert(1)"), ("zoneinfo", "../x"), ("locale", "x_y"), ("name", "a\u{202e}")]
    {
        let page = browser.open(&world.url("/account/profile")).await;
        let refused = browser.submit(&page, &[("name", "alice"), (field, value)]).await;
        assert_eq!(refused.answer.status, 422, "{field}");
        assert!(refused.has(&format!("#{field}[aria-invalid=true][autofocus]")), "{field}");
        assert!(refused.has("#problem[role=alert]"));
    }
    assert_eq!(claims_of(&world, "alice").await["name"], "alice");
}

#[tokio::test]
async fn s082_a_new_password_ends_everything_else_and_renews_this_browser() {
    let world = World::new().await;
    let (here, elsewhere) = (signed_in(&world, "alice").await, signed_in(&world, "alice").await);
    let tokens = world.sign_in(C1, "openid offline_access").await;
    let old_cookie = here.cookie("portcullis_session").unwrap();
    world.advance(1);
    let page = here.open(&world.url("/account/password")).await;
    let done = here.submit(&page, &[("current", PASSWORD), ("password", "a brand new long phrase")]).await;
    assert!(done.answer.status.is_success() && done.has("#notice"), "{}", done.answer.body);
    assert_eq!(done.url.path(), "/account/password", "still signed in here");
    let new_cookie = here.cookie("portcullis_session").unwrap();
    assert_ne!(old_cookie.split('.').next(), new_cookie.split('.').next());
    let thief = world.browser();
    thief.cookies.lock().unwrap().insert("portcullis_session".to_owned(), old_cookie);
    assert_eq!(thief.open(&world.url("/account")).await.url.path(), "/login");
    assert_eq!(elsewhere.open(&world.url("/account")).await.url.path(), "/login");
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()).await);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
    assert_eq!(world.audited("password_changed").await, 1);
    let again = world.browser();
    let page = again.open(&world.url("/login?next=/account")).await;
    let fields = [("username", "alice"), ("password", "a brand new long phrase")];
    assert_eq!(again.submit(&page, &fields).await.url.path(), "/account");
}

#[tokio::test]
async fn password_managers_find_the_page_to_change_it() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let found = browser.get(&world.url("/.well-known/change-password")).await;
    assert_eq!((found.status.as_u16(), found.header("location")), (303, world.url("/account/password").as_str()));
    // The specification tells a server that answers whatever is asked by this.
    let nothing = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    assert_eq!(browser.get(&world.url(nothing)).await.status, 404);
}

#[tokio::test]
async fn a_password_is_not_changed_without_the_current_one_or_to_an_easy_one() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    for (current, password, wrong) in [
        ("not this one", "a brand new long phrase", "current"),
        (PASSWORD, "short", "password"),
        (PASSWORD, "password1", "password"),
        (PASSWORD, "alice@example.test", "password"),
        (PASSWORD, "aliceexample", "password"),
    ] {
        let page = browser.open(&world.url("/account/password")).await;
        let refused = browser.submit(&page, &[("current", current), ("password", password)]).await;
        assert_eq!(refused.answer.status, 422, "{password}");
        assert!(refused.has(&format!("#{wrong}[aria-invalid=true][autofocus]")), "{password}");
        assert!(!refused.answer.body.contains(password), "no password comes back");
    }
    assert_eq!(browser.open(&world.url("/account")).await.url.path(), "/account");
    assert_eq!(world.rows("audit_events", "event = 'password_changed'").await, 0);
}

#[tokio::test]
async fn guessing_the_current_password_is_throttled_like_signing_in() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let page = browser.open(&world.url("/account/password")).await;
    let mut last = 0;
    for _ in 0..10 {
        let answer = browser.submit(&page, &[("current", "wrong"), ("password", "a brand new long phrase")]).await;
        last = answer.answer.status.as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn the_export_has_all_that_is_kept_and_no_secret() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    world.redeem(C1, &world.code(&browser, C1, "openid offline_access").await).await.ok();
    let page = browser.open(&world.url("/account/data")).await;
    let (_, answer) = browser.post_form(&page, &[]).await;
    assert!(answer.header("content-disposition").starts_with("attachment"));
    assert_eq!(answer.header("cache-control"), "no-store");
    let document = answer.ok();
    assert_eq!(document["account"]["username"], "alice");
    assert_eq!(document["account"]["claims"]["phone_number"], "+46 70 000 00 00");
    assert_eq!(document["sessions"].as_array().unwrap().len(), 1);
    assert!(document["apps"].as_array().unwrap().iter().any(|app| app["client_id"] == C1));
    let events: Vec<&str> =
        document["activity"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert!(events.contains(&"login_succeeded") && events.contains(&"data_exported"), "{events:?}");
    let user = world.app.identity.find_user("alice").await.unwrap().unwrap();
    assert!(!answer.body.contains(&user.password_hash.unwrap()) && !answer.body.contains("hash"));
    assert!(!answer.body.contains("bob"));
}

/// Tables that hold something of a person, with the member of the copy of their data that tells it. `None`: what is there for
/// minutes or is told by another member, and the secrets of second factors.
const TABLES: [(&str, Option<&str>); 23] = [
    ("api_keys", Some("api_keys")),
    ("audit_events", Some("activity")),
    ("authorization_codes", None),
    ("consents", Some("apps")),
    ("device_authorizations", None),
    ("email_challenges", None),
    ("known_devices", Some("known_devices")),
    ("logout_notices", None),
    ("outbox", Some("mails")),
    ("passkey_challenges", None),
    ("passkey_offers", None),
    ("passkeys", Some("passkeys")),
    ("pending_logins", None),
    ("recovery_codes", Some("second_factors")),
    ("refresh_families", Some("apps")),
    ("sessions", Some("sessions")),
    ("setup_links", None),
    ("terms_acceptances", Some("terms")),
    ("totp_enrolments", None),
    ("totp_factors", Some("second_factors")),
    ("upstream_identities", Some("connections")),
    ("upstream_partings", None),
    ("upstream_sessions", None),
];

#[tokio::test]
async fn whatever_table_knows_a_person_stands_in_the_copy_of_their_data() {
    let world =
        World::with("mail.development = true\n[upstream.other]\nissuer = \"https://other.test\"\nclient_id = \"rp\"\n")
            .await;
    let mut knowing: Vec<String> = Vec::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let tables = text.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split_once(" ("));
        let of_people = tables.filter(|(_, rest)| rest.split(';').next().unwrap().contains("    user_id "));
        knowing.extend(of_people.map(|(name, _)| name.to_owned()));
    }
    knowing.sort();
    assert_eq!(knowing, TABLES.map(|(name, _)| name), "each table is told of, or there is a reason not to");

    let browser = signed_in(&world, "alice").await;
    let alice = world.app.identity.find_user("alice").await.unwrap().unwrap();
    let connection = UpstreamIdentityRecord {
        issuer: "https://other.test".to_owned(),
        subject: "there-1".to_owned(),
        user_id: alice.id,
        label: "alice@other.test".to_owned(),
        created_at: 1,
        last_used_at: 2,
    };
    world.app.oauth.store.insert_upstream_identity(&connection, 0).await.unwrap();
    let page = browser.open(&world.url("/account/data")).await;
    let document = browser.post_form(&page, &[]).await.1.ok();
    for member in TABLES.iter().filter_map(|(_, member)| *member) {
        assert!(document.get(member).is_some(), "{member}");
    }
    assert_eq!(document["connections"][0]["label"], "alice@other.test");
    assert_eq!(document["mails"][0]["kind"], "notice_new_sign_in");
    assert_eq!(document["mails"][0]["recipient"], "alice@example.test");
    assert_eq!(document["known_devices"].as_array().unwrap().len(), 1);

    // S179: of an address that is asked about it says the same whether somebody has it or not.
    for email in ["bob@example.test", "nobody@example.test"] {
        let page = browser.open(&world.url("/account/email")).await;
        browser.submit(&page, &[("email", email)]).await;
        world.rows_become("outbox", "sent_at IS NULL", 0).await;
        let page = browser.open(&world.url("/account/data")).await;
        assert!(!browser.post_form(&page, &[]).await.1.body.contains(email), "{email}");
    }
}

#[tokio::test]
async fn s218_a_deleted_account_leaves_nothing_and_its_name_begins_anew() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let tokens = world.redeem(C1, &world.code(&browser, C1, "openid offline_access").await).await.ok();
    let sub = claims(tokens["id_token"].as_str().unwrap())["sub"].clone();
    // Of before she had the account.
    let challenge = portcullis::storage::ChallengeRecord {
        id: "c1".to_owned(),
        purpose: "registration".to_owned(),
        secret_hash: b"hash".to_vec(),
        code_sealed: None,
        browser_hash: None,
        user_id: None,
        email: Some("alice@example.test".to_owned()),
        details: "{}".to_owned(),
        tries: 0,
        created_at: world.now().millis(),
        expires_at: i64::MAX,
        consumed_at: None,
    };
    world.app.oauth.store.insert_challenge(&challenge).await.unwrap();
    let page = browser.open(&world.url("/account/delete")).await;
    let refused = browser.submit(&page, &[("username", "bob")]).await;
    assert_eq!(refused.answer.status, 422);
    assert_eq!(world.rows("users", "TRUE").await, 2);
    let gone = browser.submit(&page, &[("username", " Alice ")]).await;
    assert_eq!(gone.answer.status, 200, "{}", gone.answer.body);
    assert_eq!(world.rows("users", "username = 'alice'").await, 0);
    // What is left is what happened, for its time, and which applications have yet to hear of the end.
    for (table, _) in TABLES.iter().filter(|(table, _)| !matches!(*table, "audit_events" | "logout_notices")) {
        assert_eq!(world.rows(table, "user_id IS NOT NULL").await, 0, "{table}");
    }
    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()).await);
    assert_eq!(world.refresh(C1, tokens["refresh_token"].as_str().unwrap()).await.error(), "invalid_grant");
    assert_eq!(world.audited("account_deleted").await, 1);
    assert_eq!(world.rows("email_challenges", "TRUE").await, 0, "her address is kept nowhere");
    let new = portcullis::identity::NewUser {
        username: "alice".to_owned(),
        password: Some(PASSWORD.into()),
        ..Default::default()
    };
    world.app.identity.create_user(new).await.unwrap();
    assert_eq!(browser.open(&world.url("/account")).await.url.path(), "/login");
    let again = signed_in(&world, "alice").await;
    let page = again.open(&world.authorize_url(C1, "openid", &[])).await;
    assert!(page.has("#allow"), "nothing that the former one allowed is remembered");
    let end = world.answer_pages(&again, page, "alice").await;
    let fresh = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    assert_ne!(claims(fresh["id_token"].as_str().unwrap())["sub"], sub);
}

#[tokio::test]
async fn s164_no_change_is_made_by_a_form_from_elsewhere() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    for (path, fields) in [
        ("/account/profile", [("name", "Mallory")]),
        ("/account/password", [("password", "a brand new long phrase")]),
        ("/account/sessions", [("everywhere", "1")]),
        ("/account/apps", [("revoke", C1)]),
        ("/account/data", [("x", "1")]),
        ("/account/delete", [("username", "alice")]),
    ] {
        for csrf in ["", "AAAA"] {
            let mut form = fields.to_vec();
            form.push(("csrf", csrf));
            let answer = browser.send(browser.post_from_our_page(&world.url(path)).form(&form)).await;
            assert_eq!(answer.status, 403, "{path}");
        }
        let foreign = world.http.post(world.url(path)).header("Origin", "https://evil.test").form(&fields);
        assert_eq!(browser.send(foreign).await.status, 403, "{path}");
    }
    assert_eq!(browser.open(&world.url("/account")).await.url.path(), "/account");
    assert_eq!(claims_of(&world, "alice").await["name"], "alice");
}

#[tokio::test]
async fn times_are_said_by_the_clocks_of_the_zone_in_the_profile() {
    let world = World::new().await;
    let browser = signed_in(&world, "alice").await;
    let activity = browser.open(&world.url("/account/activity")).await;
    assert!(activity.text("main time").contains(" UTC"), "{}", activity.answer.body);
    let page = browser.open(&world.url("/account/profile")).await;
    let refused = browser.submit(&page, &[("zoneinfo", "Europe/Nowhere")]).await;
    assert_eq!(refused.answer.status, 422);
    assert!(refused.has("#zoneinfo[aria-invalid=true]"), "{}", refused.answer.body);
    assert!(claims_of(&world, "alice").await.get("zoneinfo").is_none());
    let saved = browser.submit(&page, &[("zoneinfo", "Asia/Riyadh")]).await;
    assert!(saved.has("#notice"), "{}", saved.answer.body);
    let here = browser.open(&world.url("/account/activity")).await;
    assert!(here.text("main time").ends_with(" +03"), "{}", here.answer.body);
    // Programs read the same time as ever.
    assert!(here.attr("main time", "datetime").is_some_and(|time| time.ends_with('Z')));
}
