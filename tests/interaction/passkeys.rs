use serde_json::{Value, json};

use crate::common::*;

const FORM: &str = "#passkey-form";

/// The options that the script of `page` asks for, and the challenge's id.
async fn options(browser: &Browser, page: &Page) -> (String, Value) {
    let url = page.attr(FORM, "data-options").unwrap_or_else(|| panic!("no passkeys at {}", page.url));
    let (_, fields) = page.form_at(FORM);
    let fields: Vec<_> = fields.into_iter().filter(|(name, _)| name != "challenge" && name != "credential").collect();
    let url = page.url.join(&url).unwrap();
    let answer = browser.send(browser.post_from_our_page(url.as_str()).form(&fields)).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.ok();
    (body["challenge"].as_str().unwrap().to_owned(), body["publicKey"].clone())
}

/// A browser in which alice has signed in with her password, at her passkeys.
async fn at_passkeys(world: &World, username: &str) -> (Browser, Page) {
    let browser = world.browser();
    let page = browser.open(&world.url("/account/passkeys")).await;
    let page = browser.submit(&page, &[("username", username), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/account/passkeys", "{}", page.answer.body);
    (browser, page)
}

/// The same of a person with a passkey, who is asked for it after the password.
async fn back_at_passkeys(world: &World, key: &SoftKey) -> (Browser, Page) {
    let (browser, page) = after_password(world).await;
    let page = sign_in(&browser, &page, key).await;
    assert_eq!(page.url.path(), "/account/passkeys", "{}", page.answer.body);
    (browser, page)
}

/// A browser in which alice has proved her password, and no more.
async fn after_password(world: &World) -> (Browser, Page) {
    let browser = world.browser();
    let page = browser.open(&world.url("/account/passkeys")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/login/factor", "{}", page.answer.body);
    (browser, page)
}

async fn try_to_register(browser: &Browser, page: &Page, key: &mut SoftKey) -> Page {
    let (challenge, options) = options(browser, page).await;
    let credential = key.create(&options);
    browser.submit_at(page, FORM, &[("challenge", &challenge), ("credential", &credential)]).await
}

/// A passkey of `username`, made at the account page.
async fn registered(world: &World, username: &str, number: u8) -> SoftKey {
    let (browser, page) = at_passkeys(world, username).await;
    let mut key = SoftKey::new(&world.issuer, number);
    let page = try_to_register(&browser, &page, &mut key).await;
    assert!(page.has("#notice") || page.texts("#recovery-codes li").len() == 10, "{}", page.answer.body);
    key
}

async fn sign_in(browser: &Browser, page: &Page, key: &SoftKey) -> Page {
    let (challenge, options) = options(browser, page).await;
    let credential = key.get(&options);
    browser.submit_at(page, FORM, &[("challenge", &challenge), ("credential", &credential)]).await
}

/// Tries to sign in at the server itself; whether that worked.
async fn signs_in(world: &World, key: &SoftKey) -> bool {
    tried(world, key).await.0
}

/// As [`signs_in`]; also whether the browser is told to forget the passkey.
async fn tried(world: &World, key: &SoftKey) -> (bool, bool) {
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    let page = sign_in(&browser, &page, key).await;
    let is_in = browser.cookie("session").is_some();
    assert_eq!(page.answer.status.as_u16(), if is_in { 200 } else { 422 }, "{}", page.answer.body);
    assert_eq!(page.has("[role=alert]:not([hidden])"), !is_in);
    (is_in, page.attr(FORM, "data-unknown").is_some())
}

#[tokio::test]
async fn a_person_signs_in_to_an_app_with_nothing_but_a_passkey() {
    let world = World::on_localhost("").await;
    let key = registered(&world, "alice", 1).await;
    assert_eq!(world.audited("passkey_added").await, 1);
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    assert_eq!(page.attr("#username", "autocomplete").as_deref(), Some("username webauthn"));
    assert!(page.answer.header("content-security-policy").contains("connect-src 'self'"));
    let page = sign_in(&browser, &page, &key).await;
    let end = browser.submit(&page, &[("decision", "allow")]).await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["acr"], "urn:portcullis:acr:phr");
    assert_eq!(claims["amr"], json!(["pop", "hwk", "user", "mfa"]));
    assert_eq!(world.audited("passkey_used").await, 1);
    assert_eq!(world.rows("passkeys", "last_used_at IS NOT NULL").await, 1);
    assert_eq!(world.rows("passkey_challenges", "TRUE").await, 0);
}

#[tokio::test]
async fn the_offer_adds_no_way_in_for_less_than_the_server_wants_to_know() {
    let world = World::on_localhost("sign_in.require_mfa = \"all\"").await;
    let sign_in = async |browser: &Browser| {
        let page = browser.open(&world.url("/login?next=/account")).await;
        browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await
    };
    // Somebody who knows the password is there before there is a second factor.
    let thief = world.browser();
    sign_in(&thief).await;
    let offer = thief.open(&world.url("/login/passkey/offer")).await;
    let owner = world.browser();
    sign_in(&owner).await;
    world.set_up_app(&owner).await;
    let url = offer.url.join(&offer.attr(FORM, "data-options").unwrap()).unwrap();
    let answer = thief.send(thief.post_from_our_page(url.as_str()).form(&offer.form_at(FORM).1)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(answer.header("location").contains("/login/factor"));
    assert_eq!(world.rows("passkey_challenges", "TRUE").await, 0);
}

#[tokio::test]
async fn s180_options_name_nobody_and_no_credential() {
    let world = World::on_localhost("").await;
    registered(&world, "alice", 1).await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[("login_hint", "alice")])).await;
    let (_, mut first) = options(&browser, &page).await;
    let page = browser.open(&world.authorize_url(C1, "openid", &[("login_hint", "nobody")])).await;
    let (_, second) = options(&browser, &page).await;
    assert_ne!(first["challenge"], second["challenge"]);
    first["challenge"] = second["challenge"].clone();
    assert_eq!(first, second);
    assert_eq!(first["allowCredentials"], json!([]));
    assert_eq!((&first["userVerification"], &first["rpId"]), (&json!("required"), &json!("localhost")));
}

#[tokio::test]
async fn s202_an_answer_made_elsewhere_or_for_something_else_is_refused() {
    let world = World::on_localhost("").await;
    let right = registered(&world, "alice", 1).await;
    let port = world.issuer.rsplit_once(':').unwrap().1;
    let changes: [fn(&mut SoftKey, &str); 10] = [
        |key, port| key.origin = format!("http://badlocalhost:{port}"),
        |key, port| key.origin = format!("http://sub.localhost:{port}"),
        |key, port| key.origin = format!("https://localhost:{port}"),
        |key, port| key.origin = format!("http://localhost:{port}/"),
        |key, _| key.origin = "http://localhost:1".to_owned(),
        |key, _| key.client_data = json!({ "crossOrigin": true }),
        |key, _| key.client_data = json!({ "topOrigin": "https://evil.test" }),
        |key, _| key.client_data = json!({ "type": "webauthn.create" }),
        |key, _| key.rp_id = Some("evil.test".to_owned()),
        |key, _| key.client_data = json!({ "challenge": "AAAA" }),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut key = right.clone();
        change(&mut key, port);
        assert!(!signs_in(&world, &key).await, "{number}");
    }
    assert_eq!(world.audited_times("login_failed", 10).await, 10);
    assert_eq!(world.rows("sessions", "TRUE").await, 1);
    assert!(signs_in(&world, &right).await);
}

#[tokio::test]
async fn s203_whoever_is_not_verified_or_not_there_does_not_sign_in_by_a_passkey_alone() {
    let world = World::on_localhost("").await;
    let right = registered(&world, "alice", 1).await;
    use authenticator::{BE, BS, UP, UV};
    for flags in [UP, UV, 0, UP | UV | BE, UP | UV | BS, UP | UV | BE | BS] {
        assert!(!signs_in(&world, &SoftKey { flags, ..right.clone() }).await, "{flags:b}");
    }
    assert!(signs_in(&world, &right).await);
    // A key that did not verify its user when it was made does not begin to when it is all there is.
    let (browser, page) = at_passkeys(&world, "bob").await;
    let mut plain = SoftKey { flags: UP, ..SoftKey::new(&world.issuer, 2) };
    let page = try_to_register(&browser, &page, &mut plain).await;
    assert!(page.has("#recovery-codes"), "{}", page.answer.body);
    let page = browser.open(&world.url("/account/passkeys")).await;
    assert!(page.has(".key .tag:not(.good)"), "{}", page.answer.body);
    plain.flags = UP | UV;
    assert!(!signs_in(&world, &plain).await);
}

#[tokio::test]
async fn s204_a_counter_that_does_not_grow_is_refused_and_audited() {
    let world = World::on_localhost("").await;
    let mut key = registered(&world, "alice", 1).await;
    assert!(signs_in(&world, &key).await && signs_in(&world, &key).await, "none is no copy");
    key.count = 7;
    assert!(signs_in(&world, &key).await);
    for count in [7, 6, 0] {
        key.count = count;
        assert!(!signs_in(&world, &key).await, "{count}");
    }
    assert_eq!(world.audited_times("passkey_counter_regress", 3).await, 3);
    key.count = 8;
    assert!(signs_in(&world, &key).await);
    assert_eq!(world.rows("passkeys", "sign_count = 8").await, 1);
}

#[tokio::test]
async fn a_challenge_is_answered_once_in_time_in_its_browser_and_for_its_purpose() {
    let world = World::on_localhost("").await;
    let key = registered(&world, "alice", 1).await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    let (challenge, asked) = options(&browser, &page).await;
    let credential = key.get(&asked);
    let fields = [("challenge", challenge.as_str()), ("credential", credential.as_str())];
    let other = world.browser();
    let elsewhere = other.open(&world.url("/login")).await;
    assert_eq!(other.submit_at(&elsewhere, FORM, &fields).await.answer.status, 422);
    let (mine, at_account) = back_at_passkeys(&world, &key).await;
    assert_eq!(mine.submit_at(&at_account, FORM, &fields).await.answer.status, 422);
    assert_eq!(browser.submit_at(&page, FORM, &fields).await.answer.status, 200);
    assert!(browser.cookie("session").is_some());
    browser.cookies.lock().unwrap().retain(|name, _| !name.contains("session"));
    assert_eq!(browser.submit_at(&page, FORM, &fields).await.answer.status, 422);
    assert!(browser.cookie("session").is_none());

    let (challenge, asked) = options(&browser, &page).await;
    world.advance(300);
    let late = [("challenge", challenge.as_str()), ("credential", &key.get(&asked))];
    assert_eq!(browser.submit_at(&page, FORM, &late).await.answer.status, 422);
}

#[tokio::test]
async fn s174_s218_a_passkey_of_nobody_of_a_disabled_person_or_with_anothers_handle_opens_nothing() {
    let world = World::on_localhost("").await;
    let right = registered(&world, "alice", 1).await;
    let bob = registered(&world, "bob", 2).await;
    // A browser forgets what it is told is unknown: that is said of nobody's passkey alone.
    let (refused, unknown) = ((false, false), (false, true));
    assert_eq!(tried(&world, &SoftKey { user_handle: None, ..right.clone() }).await, refused);
    assert_eq!(tried(&world, &SoftKey { user_handle: bob.user_handle.clone(), ..right.clone() }).await, refused);
    assert_eq!(tried(&world, &SoftKey { credential_id: vec![9; 20], ..right.clone() }).await, unknown);
    assert_eq!(tried(&world, &SoftKey { credential_id: bob.credential_id, ..right.clone() }).await, refused);
    assert!(signs_in(&world, &right).await);
    world.disable_user("alice").await;
    assert_eq!(tried(&world, &right).await, refused);
}

#[tokio::test]
async fn s206_a_registration_that_is_not_in_order_leaves_no_passkey() {
    let world = World::on_localhost("").await;
    registered(&world, "alice", 1).await;
    let (browser, page) = at_passkeys(&world, "bob").await;
    let new = || SoftKey::new(&world.issuer, 2);
    let nested = [vec![0x81; 10_000], vec![0]].concat();
    let indefinite = [b"\xbf\x63fmt".to_vec(), vec![0x9f; 5000]].concat();
    let huge = b"\xa3\x63fmt\x7b\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec();
    for (name, mut key) in [
        ("another account's credential", SoftKey { credential_id: vec![1; 20], ..new() }),
        ("an algorithm that was not offered", SoftKey { algorithm: -8, ..new() }),
        ("nobody there", SoftKey { flags: 0, ..new() }),
        ("backed up without being eligible", SoftKey { flags: 1 | 4 | 16, ..new() }),
        ("another origin", SoftKey { origin: "https://evil.test".to_owned(), ..new() }),
        ("another RP", SoftKey { rp_id: Some("evil.test".to_owned()), ..new() }),
        ("another ceremony", SoftKey { client_data: json!({ "type": "webauthn.get" }), ..new() }),
        ("deep CBOR", SoftKey { attestation_object: Some(nested), ..new() }),
        ("endless CBOR", SoftKey { attestation_object: Some(indefinite), ..new() }),
        ("a length beyond all", SoftKey { attestation_object: Some(huge), ..new() }),
        ("nothing", SoftKey { attestation_object: Some(Vec::new()), ..new() }),
    ] {
        let answer = try_to_register(&browser, &page, &mut key).await;
        assert_eq!(answer.answer.status, 422, "{name}");
        assert!(answer.has("#problem"), "{name}");
    }
    let megabyte = "A".repeat(1 << 20);
    let (_, answer) = browser.post_form(&page, &[("credential", &megabyte)]).await;
    assert_eq!(answer.status, 413);
    assert_eq!(world.rows("passkeys", "TRUE").await, 1);
    // The right one still goes.
    assert!(try_to_register(&browser, &page, &mut new()).await.has("#recovery-codes"));
}

#[tokio::test]
async fn s206_passkeys_are_changed_only_by_who_has_just_signed_in() {
    let world = World::on_localhost("").await;
    let (browser, page) = at_passkeys(&world, "alice").await;
    let mut key = SoftKey::new(&world.issuer, 1);
    let (challenge, asked) = options(&browser, &page).await;
    world.advance(11 * 60);
    let fields = [("challenge", challenge.as_str()), ("credential", &key.create(&asked))];
    let stale = browser.submit_at(&page, FORM, &fields).await;
    assert_eq!((stale.url.path(), stale.param("next").as_deref()), ("/login", Some("/account/passkeys")));
    assert_eq!(world.rows("passkeys", "TRUE").await, 0);
    let again = browser.open(&world.url("/account/passkeys")).await;
    assert!(again.has("#confirm") && !again.has(FORM));
    let again = browser.submit(&stale, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert!(again.has(FORM));
}

#[tokio::test]
async fn a_passkey_is_renamed_and_removed_and_then_opens_nothing() {
    let world = World::on_localhost("").await;
    let key = registered(&world, "alice", 1).await;
    let (browser, page) = back_at_passkeys(&world, &key).await;
    assert_eq!(page.text(".key h2"), "Passkey");
    let rename = "form[action$=rename]";
    let long = browser.submit_at(&page, rename, &[("name", &"x".repeat(65))]).await;
    assert!(long.answer.status == 422 && long.has("input[aria-invalid]"));
    // S220
    let page = browser.submit_at(&page, rename, &[("name", "<b>My</b> \u{202e}key")]).await;
    assert_eq!(page.text(".key h2 bdi"), "<b>My</b> \u{202e}key");
    assert!(!page.answer.body.contains("<b>My"));
    let page = browser.submit_at(&page, "form[action$=remove]", &[]).await;
    assert!(page.has("#none") && page.has("#notice"));
    assert_eq!(world.audited("passkey_removed").await, 1);
    assert!(!signs_in(&world, &key).await);
    // The browser is told which one it was.
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    let page = sign_in(&browser, &page, &key).await;
    assert!(page.attr(FORM, "data-unknown").is_some());
}

#[tokio::test]
async fn s166_a_passkeys_form_from_elsewhere_changes_nothing() {
    let world = World::on_localhost("").await;
    let key = registered(&world, "alice", 1).await;
    let (browser, page) = back_at_passkeys(&world, &key).await;
    for css in [FORM, "form[action$=rename]", "form[action$=remove]"] {
        let forged = browser.submit_at(&page, css, &[("csrf", "AAAA"), ("name", "x")]).await;
        assert_eq!(forged.answer.status, 403, "{css}");
    }
    let (action, fields) = page.form_at("form[action$=remove]");
    let request = world.http.post(page.url.join(&action).unwrap()).header("Origin", "https://evil.test").form(&fields);
    assert_eq!(browser.send(request).await.status, 403);
    assert_eq!(world.rows("passkeys", "name = 'Passkey'").await, 1);
}

#[tokio::test]
async fn a_passkey_is_offered_once_on_the_way_to_an_app_and_then_not_for_a_month() {
    let world = World::on_localhost("").await;
    let password = [("username", "alice"), ("password", PASSWORD), ("passkeys", "1")];
    let come = async || {
        let browser = world.browser();
        let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
        (browser.submit(&page, &password).await, browser)
    };
    // Not where the browser could not make one.
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    assert!(browser.submit(&page, &password[..2]).await.has("#allow"));
    let (page, browser) = come().await;
    assert_eq!(page.url.path(), "/login/passkey/offer");
    let page = browser.submit_at(&page, "form:has(#not-now)", &[]).await;
    assert!(page.has("#allow"), "{}", page.answer.body);
    let (page, _) = come().await;
    assert!(page.has("#allow"));
    world.advance(30 * 86400);
    let (page, browser) = come().await;
    let mut key = SoftKey::new(&world.issuer, 1);
    let page = try_to_register(&browser, &page, &mut key).await;
    assert!(page.has("#recovery-codes"), "{}", page.answer.body);
    let onward = page.attr("#kept", "href").unwrap();
    let page = browser.open(page.url.join(&onward).unwrap().as_str()).await;
    assert!(page.has("#allow"), "{}", page.answer.body);
    assert!(signs_in(&world, &key).await);
    // Whoever has one is not asked any more.
    world.advance(60 * 86400);
    assert_eq!(come().await.0.url.path(), "/login/factor");
}

#[tokio::test]
async fn the_offer_opens_nothing_to_whoever_is_not_signed_in() {
    let world = World::on_localhost("").await;
    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let tx = page.param("tx").unwrap();
    let lost = browser.open(&world.url(&format!("/login/passkey/offer?tx={tx}"))).await;
    assert_eq!(lost.answer.status, 400);
    let page = browser.open(&world.url("/login/passkey/offer")).await;
    assert_eq!(page.url.path(), "/login");
}

#[tokio::test]
async fn without_a_host_name_or_when_switched_off_there_are_no_passkeys() {
    for world in [World::new().await, World::on_localhost("passkeys.enabled = false").await] {
        let browser = world.browser();
        let page = browser.open(&world.url("/login")).await;
        assert!(!page.has(FORM) && !page.answer.body.contains("webauthn"));
        assert!(!page.answer.header("content-security-policy").contains("connect-src"));
        let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD), ("passkeys", "1")]).await;
        assert_eq!(page.url.path(), "/");
        assert!(!browser.open(&world.url("/account")).await.has("nav a[href='/account/passkeys']"));
        assert_eq!(browser.get(&world.url("/account/passkeys")).await.status, 404);
        assert_eq!(browser.get(&world.url("/.well-known/passkey-endpoints")).await.status, 404);
    }
}

#[tokio::test]
async fn browsers_find_where_passkeys_are_kept_and_who_else_may_use_the_name() {
    let world = World::on_localhost(r#"passkeys.related_origins = ["https://id.example.org"]"#).await;
    let browser = world.browser();
    let page = world.url("/account/passkeys");
    let found = browser.get(&world.url("/.well-known/passkey-endpoints")).await;
    assert_eq!(found.ok(), json!({ "enroll": page, "manage": page }));
    let related = browser.get(&world.url("/.well-known/webauthn")).await;
    assert_eq!(related.header("content-type"), "application/json");
    assert_eq!(related.ok(), json!({ "origins": ["https://id.example.org"] }));
}

#[tokio::test]
async fn s203_after_a_password_possession_of_a_passkey_is_the_second_factor() {
    let world = World::on_localhost("").await;
    let (browser, page) = at_passkeys(&world, "alice").await;
    let mut key = SoftKey { flags: authenticator::UP, ..SoftKey::new(&world.issuer, 1) };
    assert!(try_to_register(&browser, &page, &mut key).await.has("#recovery-codes"));
    let bob = registered(&world, "bob", 2).await;
    world.set_up_app(&browser).await;

    let browser = world.browser();
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/login/factor");
    let (challenge, asked) = options(&browser, &page).await;
    assert_eq!(asked["allowCredentials"].as_array().unwrap().len(), 1);
    let fields = [("challenge", challenge.as_str()), ("credential", &bob.get(&asked))];
    let wrong = browser.submit_at(&page, FORM, &fields).await;
    assert_eq!(wrong.answer.status, 422);
    assert!(browser.cookie("session").is_none());
    let page = sign_in(&browser, &page, &key).await;
    let end = browser.submit(&page, &[("decision", "allow")]).await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["acr"], "urn:portcullis:acr:phr");
    assert_eq!(claims["amr"], json!(["pwd", "pop", "hwk", "user", "mfa"]));
}

#[tokio::test]
async fn whoever_has_a_passkey_alone_is_asked_for_it_after_the_password_or_for_a_recovery_code() {
    let world = World::on_localhost("").await;
    let (browser, page) = at_passkeys(&world, "alice").await;
    let mut key = SoftKey::new(&world.issuer, 1);
    let codes = try_to_register(&browser, &page, &mut key).await.texts("#recovery-codes li");
    assert_eq!(codes.len(), 10);

    let (browser, page) = after_password(&world).await;
    assert!(page.has(FORM) && !page.has("#code") && browser.cookie("session").is_none());
    let recovery = page.attr("#use-recovery", "href").unwrap();
    let page = browser.open(page.url.join(&recovery).unwrap().as_str()).await;
    assert!(page.has("#use-app"), "the way back to the passkey");
    let page = browser.submit(&page, &[("recovery_code", &codes[0])]).await;
    assert_eq!(page.url.path(), "/account/passkeys");
    assert_eq!(world.rows("recovery_codes", "used_at IS NULL").await, 9);

    // An app that comes and goes leaves the codes to the passkey; they go with the last factor.
    world.set_up_app(&browser).await;
    let page = browser.open(&world.url("/account/two-step")).await;
    browser.submit(&page, &[("action", "remove")]).await;
    assert_eq!(world.rows("recovery_codes", "used_at IS NULL").await, 9);
    let page = browser.open(&world.url("/account/passkeys")).await;
    assert!(browser.submit_at(&page, "form[action$=remove]", &[]).await.has("#none"));
    assert_eq!(world.rows("recovery_codes", "TRUE").await, 0);
    at_passkeys(&world, "alice").await;
}

#[tokio::test]
async fn a_wished_for_second_factor_is_proved_by_a_passkey_beside_the_session() {
    let world = World::on_localhost("").await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let key = registered(&world, "alice", 1).await;
    let url = world.authorize_url(C1, "openid", &[("acr_values", "urn:portcullis:acr:mfa")]);
    let page = browser.open(&url).await;
    assert!(page.url.path() == "/login/factor" && page.has(FORM), "{}", page.answer.body);
    let end = sign_in(&browser, &page, &key).await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["pwd", "pop", "hwk", "user", "mfa"]));
}

#[tokio::test]
async fn whoever_is_not_to_be_remembered_is_not_by_a_passkey_either() {
    let world = World::on_localhost("").await;
    let key = registered(&world, "alice", 1).await;
    for kept in [true, false] {
        let browser = world.browser();
        let page = browser.open(&world.url("/login")).await;
        let (challenge, asked) = options(&browser, &page).await;
        let (action, mut fields) = page.form_at(FORM);
        // What the script does with the box.
        fields.retain(|(name, _)| name != "challenge" && name != "credential" && (kept || name != "remember"));
        fields.extend([("challenge".to_owned(), challenge), ("credential".to_owned(), key.get(&asked))]);
        let url = page.url.join(&action).unwrap();
        let answer = browser.send(browser.post_from_our_page(url.as_str()).form(&fields)).await;
        assert_eq!(answer.session_cookie().contains("Max-Age"), kept);
        assert_eq!(browser.cookie("brief").is_some(), !kept);
    }
    let brief = format!("expires_at - created_at = {}", 12 * 3600 * 1000);
    assert_eq!(world.rows("sessions", &brief).await, 1);
}

#[tokio::test]
async fn s187_failed_passkeys_make_the_next_ones_of_that_address_wait() {
    let world = World::on_localhost("throttle.address_failures = 3").await;
    let key = registered(&world, "alice", 1).await;
    let stranger = SoftKey { credential_id: vec![9; 20], ..key.clone() };
    for _ in 0..4 {
        assert!(!signs_in(&world, &stranger).await);
    }
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    let used = world.audited("passkey_used").await;
    let page = sign_in(&browser, &page, &key).await;
    assert_eq!((page.answer.status.as_u16(), world.audited("passkey_used").await), (429, used));
    assert!(browser.cookie("session").is_none());
    world.advance(page.answer.header("retry-after").parse().unwrap());
    assert!(signs_in(&world, &key).await);
    // As the second factor likewise; what was right before was not counted.
    assert!(signs_in(&world, &key).await);
    let (browser, page) = after_password(&world).await;
    let wrong = sign_in(&browser, &page, &stranger).await;
    assert_eq!(wrong.answer.status, 422);
    let waits = sign_in(&browser, &wrong, &key).await;
    assert_eq!((waits.answer.status.as_u16(), waits.has("#problem")), (429, true));
}
