//! Signing in with another provider: here a second server of the same kind.

use serde_json::json;

use crate::common::*;

const BUTTON: &str = "button[formaction*='/upstream/']";

/// A provider, and a server whose people may sign in with it. `more` are settings of `[upstream.there]`.
pub async fn worlds(more: &str) -> (World, World) {
    let there = World::new().await;
    let here = World::with(&format!(
        "[upstream.there]\nissuer = \"{}\"\nclient_id = \"rp\"\nclient_secret = \"{}\"\ndisplay_name = \"There\"\n{more}",
        there.issuer,
        secret_of("rp")
    ))
    .await;
    there
        .add_client(
            "rp",
            &json!({ "client_name": "Here", "skip_consent": true,
                "redirect_uris": [format!("{}/upstream/there/callback", here.issuer)] }),
        )
        .await;
    (here, there)
}

/// Presses the provider's button on `page`; the address that it leads to.
pub async fn press(browser: &Browser, page: &Page) -> String {
    let answer = pressed(browser, page, true).await;
    onward(&Page { url: page.url.clone(), answer })
}

/// Presses it, with the box for being kept signed in ticked or not; the bare answer.
pub async fn pressed(browser: &Browser, page: &Page, remember: bool) -> Answer {
    let button = format!("{BUTTON}[form=sign-in]");
    let action = page.attr(&button, "formaction").unwrap_or_else(|| panic!("no button: {}", page.answer.body));
    let (_, mut fields) = page.form_at("#sign-in");
    fields.retain(|(name, _)| remember || name != "remember");
    fields.extend([("username", ""), ("password", "")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let url = page.url.join(&action).unwrap().to_string();
    browser.send(browser.post_from_our_page(&url).form(&fields)).await
}

pub fn onward(page: &Page) -> String {
    let url = page.attr("#onward", "href").unwrap_or_else(|| panic!("no way on: {}", page.answer.body));
    let refresh = page.attr("meta[http-equiv=refresh]", "content");
    assert_eq!(refresh.as_deref(), Some(format!("0;url={url}").as_str()));
    url
}

/// Signs `username` in at the provider; the address that the browser is sent back to.
pub async fn sign_in_there(there: &World, browser: &Browser, url: &str, username: &str) -> String {
    let page = browser.open(url).await;
    there.answer_pages(browser, page, username).await.url.to_string()
}

/// A whole way for `username` there, from the sign-in page here.
async fn way(here: &World, there: &World, browser: &Browser, username: &str) -> Page {
    let page = browser.open(&here.url("/login?next=/account")).await;
    let url = press(browser, &page).await;
    let back = sign_in_there(there, &there.browser(), &url, username).await;
    browser.open(&back).await
}

pub async fn connect(here: &World, there: &World, browser: &Browser, username: &str, name: &str) -> Page {
    let page = browser.open(&here.url("/login?next=/account/connections")).await;
    let page = browser.submit(&page, &[("username", username), ("password", PASSWORD)]).await;
    assert_eq!(page.url.path(), "/account/connections");
    let going = browser.submit(&page, &[("connect", "there")]).await;
    let back = sign_in_there(there, &there.browser(), &onward(&going), name).await;
    browser.open(&back).await
}

#[tokio::test]
async fn a_connected_account_signs_in_to_an_application_and_leads_back_to_it() {
    let (here, there) = worlds("").await;
    let done = connect(&here, &there, &here.browser(), "alice", "bob").await;
    assert!(done.has("#notice") && done.answer.body.contains("bob@example.test"), "{}", done.answer.body);

    let browser = here.browser();
    let page = browser.open(&here.authorize_url(C1, "openid", &[])).await;
    let url = press(&browser, &page).await;
    assert!(url.starts_with(&there.issuer) && url.contains("code_challenge_method=S256"));
    let back = sign_in_there(&there, &there.browser(), &url, "bob").await;
    let page = browser.open(&back).await;
    let end = here.answer_pages(&browser, page, "nobody").await;
    let tokens = here.redeem(C1, &end.param("code").unwrap()).await.ok();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    let alice = here.app.identity.find_user("alice").await.unwrap().unwrap();
    assert_eq!((&id_token["sub"], &id_token["amr"]), (&json!(alice.id), &json!(["fed"])));
    assert_eq!(here.rows("upstream_logins", "TRUE").await, 0);
    assert_eq!(here.audited("upstream_connected").await, 1);
    // S252: the same answer again.
    let again = browser.get(&back).await;
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn whoever_is_not_to_be_remembered_is_not_by_a_provider_either() {
    let (here, there) = worlds("").await;
    connect(&here, &there, &here.browser(), "alice", "alice").await;
    for kept in [true, false] {
        let browser = here.browser();
        let page = browser.open(&here.url("/login?next=/account")).await;
        let url = onward(&Page { url: page.url.clone(), answer: pressed(&browser, &page, kept).await });
        let back = sign_in_there(&there, &there.browser(), &url, "alice").await;
        let answer = browser.get(&back).await;
        assert_eq!(answer.session_cookie().contains("Max-Age"), kept);
    }
    let brief = format!("expires_at - created_at = {}", 12 * 3600 * 1000);
    assert_eq!(here.rows("sessions", &brief).await, 1);
}

#[tokio::test]
async fn a_stranger_is_let_in_nowhere_and_registered_nowhere() {
    // S216
    let (here, there) = worlds("").await;
    let browser = here.browser();
    let people = here.rows("users", "TRUE").await;
    let page = way(&here, &there, &browser, "alice").await;
    assert_eq!(page.answer.status, 400);
    assert!(browser.cookie("session").is_none());
    assert_eq!(here.rows("users", "TRUE").await, people);
    assert_eq!(here.rows("upstream_identities", "TRUE").await, 0);
    // The way to prove the account here leads on to where the two are connected.
    let login = browser.open(page.url.join(&page.attr("a.button", "href").unwrap()).unwrap().as_str()).await;
    let account = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(account.url.path(), "/account");
}

#[tokio::test]
async fn an_address_verified_on_both_sides_connects_where_its_domain_is_trusted() {
    let (here, there) = worlds("trusted_domains = [\"example.test\"]").await;
    let verified = async |world: &World, name: &str, verified: bool| {
        let user = world.app.identity.find_user(name).await.unwrap().unwrap();
        let email = user.email.as_deref();
        portcullis::storage::Users::set_email(&world.app.oauth.store, &user.id, email, verified, None, 1)
            .await
            .unwrap();
    };
    verified(&there, "bob", false).await;
    assert_eq!(way(&here, &there, &here.browser(), "bob").await.answer.status, 400, "not verified there");
    // Somebody else may have put it here.
    verified(&here, "alice", false).await;
    assert_eq!(way(&here, &there, &here.browser(), "alice").await.answer.status, 400, "not verified here");
    assert_eq!(here.rows("upstream_identities", "TRUE").await, 0);
    verified(&here, "alice", true).await;
    let page = way(&here, &there, &here.browser(), "alice").await;
    assert_eq!((page.answer.status.as_u16(), page.url.path()), (200, "/account"));
    assert_eq!(here.rows("upstream_identities", "label = 'alice@example.test'").await, 1);
}

#[tokio::test]
async fn what_a_person_has_disconnected_stays_so_until_they_connect_it_again() {
    let (here, there) = worlds("trusted_domains = [\"example.test\"]").await;
    for world in [&here, &there] {
        let user = world.app.identity.find_user("alice").await.unwrap().unwrap();
        let email = user.email.as_deref();
        portcullis::storage::Users::set_email(&world.app.oauth.store, &user.id, email, true, None, 1).await.unwrap();
    }
    assert_eq!(way(&here, &there, &here.browser(), "alice").await.url.path(), "/account");
    let browser = here.browser();
    let page = browser.open(&here.url("/login?next=/account/connections")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    browser.submit(&page, &[("disconnect", "there")]).await;
    let stranger = here.browser();
    assert_eq!(way(&here, &there, &stranger, "alice").await.answer.status, 400);
    assert!(stranger.cookie("session").is_none());
    assert_eq!(here.rows("upstream_identities", "TRUE").await, 0);
    connect(&here, &there, &here.browser(), "alice", "alice").await;
    assert_eq!(here.rows("upstream_partings", "TRUE").await, 0);
    assert_eq!(way(&here, &there, &here.browser(), "alice").await.url.path(), "/account");
}

#[tokio::test]
async fn where_it_is_allowed_signing_in_registers_once() {
    let (here, there) = worlds("allow_registration = true\ntrusted_domains = [\"new.test\"]").await;
    for (name, email) in [("carol", "carol@new.test"), ("dave", "dave@elsewhere.test")] {
        let user = portcullis::identity::NewUser {
            username: name.to_owned(),
            email: Some(email.to_owned()),
            email_verified: true,
            password: Some(PASSWORD.into()),
            claims: json!({ "name": "A Name" }).as_object().unwrap().clone(),
            is_admin: false,
        };
        there.app.identity.create_user(user).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(way(&here, &there, &here.browser(), "carol").await.url.path(), "/account");
    }
    assert_eq!(here.rows("users", "email = 'carol@new.test' AND email_verified").await, 1);
    assert_eq!(here.audited("user_registered").await, 1);
    // An address that the provider does not answer for is not taken over.
    assert_eq!(way(&here, &there, &here.browser(), "dave").await.url.path(), "/account");
    assert_eq!(here.rows("users", "email = 'dave@elsewhere.test'").await, 0);
    // Somebody is here under that address: they prove it first.
    assert_eq!(way(&here, &there, &here.browser(), "alice").await.answer.status, 400);
}

#[tokio::test]
async fn the_last_way_in_is_not_taken_away() {
    let (here, there) = worlds("allow_registration = true\ntrusted_domains = [\"new.test\"]").await;
    let user = portcullis::identity::NewUser {
        username: "carol".to_owned(),
        email: Some("carol@new.test".to_owned()),
        email_verified: true,
        password: Some(PASSWORD.into()),
        ..portcullis::identity::NewUser::default()
    };
    there.app.identity.create_user(user).await.unwrap();
    let browser = here.browser();
    way(&here, &there, &browser, "carol").await;
    let page = browser.open(&here.url("/account/connections")).await;
    let page = browser.submit(&page, &[("disconnect", "there")]).await;
    assert_eq!((page.answer.status.as_u16(), page.has("#problem")), (422, true), "{}", page.answer.body);
    assert_eq!(here.rows("upstream_identities", "TRUE").await, 1);
    // With a password it may go, and is no way in any more.
    let alices = here.browser();
    connect(&here, &there, &alices, "alice", "alice").await;
    assert_eq!(here.rows("upstream_identities", "TRUE").await, 2);
    let page = alices.open(&here.url("/account/connections")).await;
    alices.submit(&page, &[("disconnect", "there")]).await;
    assert_eq!(here.rows("upstream_identities", "TRUE").await, 1);
    assert_eq!(way(&here, &there, &here.browser(), "alice").await.answer.status, 400);
}

#[tokio::test]
async fn an_account_is_connected_with_one_person_and_only_just_after_a_proof() {
    let (here, there) = worlds("").await;
    connect(&here, &there, &here.browser(), "alice", "alice").await;
    let taken = connect(&here, &there, &here.browser(), "bob", "alice").await;
    assert_eq!(taken.answer.status, 400);
    assert_eq!(here.rows("upstream_identities", "TRUE").await, 1);
    let browser = here.browser();
    let page = browser.open(&here.url("/login?next=/account/connections")).await;
    let page = browser.submit(&page, &[("username", "bob"), ("password", PASSWORD)]).await;
    here.advance(3600);
    let asked = browser.submit(&page, &[("connect", "there")]).await;
    assert!(asked.has("#password"), "a session that is not fresh proves itself again");
    assert_eq!(here.rows("upstream_logins", "TRUE").await, 0);
}

#[tokio::test]
async fn a_disabled_person_does_not_come_in_by_the_back_door() {
    let (here, there) = worlds("").await;
    connect(&here, &there, &here.browser(), "alice", "alice").await;
    here.disable_user("alice").await;
    let browser = here.browser();
    assert_eq!(way(&here, &there, &browser, "alice").await.answer.status, 400);
    assert!(browser.cookie("session").is_none());
}

#[tokio::test]
async fn s254_a_second_factor_here_is_asked_for_unless_the_providers_word_counts() {
    for (more, believed) in [("", false), ("trust_mfa = true", true)] {
        let (here, there) = worlds(more).await;
        let browser = here.browser();
        connect(&here, &there, &browser, "alice", "alice").await;
        here.set_up_app(&browser).await;
        // One factor there is one factor here.
        let asked = here.browser();
        let page = way(&here, &there, &asked, "alice").await;
        assert!(page.has("#code") && asked.cookie("session").is_none(), "{more}: {}", page.url);
        // Two there.
        let theirs = there.browser();
        there.code(&theirs, C1, "openid").await;
        let app = there.set_up_app(&theirs).await;
        let browser = here.browser();
        let page = browser.open(&here.url("/login?next=/account")).await;
        let url = press(&browser, &page).await;
        let theirs = there.browser();
        let page = theirs.open(&url).await;
        let page = theirs.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        let end = theirs.submit(&page, &[("code", &there.next_code(&app))]).await;
        let page = browser.open(end.url.as_str()).await;
        assert_eq!(page.has("#code"), !believed, "{more}: {}", page.url);
        assert_eq!(browser.cookie("session").is_some(), believed, "{more}");
    }
}

#[tokio::test]
async fn without_providers_there_is_no_button_no_page_and_no_address() {
    let world = World::new().await;
    let browser = world.browser();
    assert!(!browser.open(&world.url("/login")).await.has(BUTTON));
    assert_eq!(browser.get(&world.url("/upstream/there/callback")).await.status, 404);
    assert_eq!(browser.get(&world.url("/account/connections")).await.status, 404);
}

#[tokio::test]
async fn a_name_from_elsewhere_is_never_somebodys_address_here() {
    let (here, there) = worlds("allow_registration = true").await;
    // The provider lets people call themselves by an address that is not theirs.
    let impostor = portcullis::identity::NewUser {
        username: "impostor@example.test".to_owned(),
        password: Some(PASSWORD.into()),
        claims: json!({ "preferred_username": "bob@example.test" }).as_object().unwrap().clone(),
        ..portcullis::identity::NewUser::default()
    };
    there.app.identity.create_user(impostor).await.unwrap();
    assert_eq!(way(&here, &there, &here.browser(), "impostor@example.test").await.url.path(), "/account");
    assert_eq!(here.audited("user_registered").await, 1);
    assert_eq!(here.rows("users", "username LIKE '%@%'").await, 0);
    // Who has the address signs in by it, as before.
    let browser = here.browser();
    let page = browser.open(&here.url("/login")).await;
    browser.submit(&page, &[("username", "bob@example.test"), ("password", PASSWORD)]).await;
    assert!(browser.open(&here.url("/")).await.text(".whoami").contains("bob"));
}

/// Has the provider send people back who were signed out there.
async fn accept_sign_outs(here: &World, there: &World) {
    let returns = format!("{}/upstream/there/signed-out", here.issuer);
    there.change_client("rp", |metadata| metadata["post_logout_redirect_uris"] = json!([returns])).await;
}

#[tokio::test]
async fn whoever_came_by_a_provider_is_signed_out_here_and_then_there() {
    let (here, there) = worlds("sign_out = true").await;
    accept_sign_outs(&here, &there).await;
    connect(&here, &there, &here.browser(), "alice", "bob").await;
    let (browser, elsewhere) = (here.browser(), there.browser());
    let page = browser.open(&here.url("/login?next=/account")).await;
    let back = sign_in_there(&there, &elsewhere, &press(&browser, &page).await, "bob").await;
    assert_eq!(browser.open(&back).await.url.path(), "/account");

    let asked = browser.open(&here.url("/logout")).await;
    let out = browser.submit(&asked, &[("decision", "logout")]).await;
    assert!(out.text("#elsewhere").contains("There"), "{}", out.answer.body);
    assert_eq!(browser.open(&here.url("/account")).await.url.path(), "/login", "signed out here already");
    let away: url::Url = out.attr("#onward", "href").unwrap().parse().unwrap();
    assert!(away.as_str().starts_with(&there.issuer), "{away}");
    let names: Vec<_> = away.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "post_logout_redirect_uri", "state"], "nothing that the provider has issued");
    let asked = elsewhere.open(away.as_str()).await;
    elsewhere.submit(&asked, &[("decision", "logout")]).await;
    assert_eq!(elsewhere.open(&there.url("/account")).await.url.path(), "/login", "signed out there too");

    // The way back is for this browser, once, and for no other state.
    let state = away.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let signed_out = here.url(&format!("/upstream/there/signed-out?state={state}"));
    for (browser, url) in
        [(here.browser(), signed_out.clone()), (here.browser(), here.url("/upstream/there/signed-out"))]
    {
        assert_eq!(browser.get(&url).await.status, 303);
    }
    let home = browser.open(&signed_out).await;
    assert_eq!((home.answer.status.as_u16(), home.url.path()), (200, "/upstream/there/signed-out"));
    assert_eq!(browser.get(&signed_out).await.status, 303);
}

#[tokio::test]
async fn whoever_signs_out_everywhere_is_led_on_to_the_provider_that_they_came_by() {
    let (here, there) = worlds("sign_out = true").await;
    connect(&here, &there, &here.browser(), "alice", "bob").await;
    let browser = here.browser();
    let page = browser.open(&here.url("/login?next=/account/sessions")).await;
    let back = sign_in_there(&there, &there.browser(), &press(&browser, &page).await, "bob").await;
    let page = browser.open(&back).await;
    let out = browser.submit(&page, &[("everywhere", "1")]).await;
    assert!(out.text("#elsewhere").contains("There"), "{}", out.answer.body);
    assert!(out.attr("#onward", "href").unwrap().starts_with(&there.issuer));
    assert_eq!(here.rows("sessions", "ended_at IS NULL").await, 0);
    assert_eq!(browser.open(&here.url("/account")).await.url.path(), "/login");
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_keeps_nobody_signed_in() {
    let (here, there) = worlds("sign_out = true").await;
    connect(&here, &there, &here.browser(), "alice", "bob").await;
    let browser = here.browser();
    let page = browser.open(&here.url("/login?next=/account")).await;
    let back = sign_in_there(&there, &there.browser(), &press(&browser, &page).await, "bob").await;
    browser.open(&back).await;
    drop(there);
    let asked = browser.open(&here.url("/logout")).await;
    let out = browser.submit(&asked, &[("decision", "logout")]).await;
    assert_eq!(out.answer.status, 200);
    assert_eq!(browser.open(&here.url("/account")).await.url.path(), "/login");
    assert_eq!(here.rows("sessions", "ended_at IS NULL").await, 1, "the one in which the two were connected");
}

#[tokio::test]
async fn an_application_gets_its_browser_back_after_the_sign_out_elsewhere() {
    let (here, there) = worlds("sign_out = true").await;
    connect(&here, &there, &here.browser(), "alice", "bob").await;
    here.change_client(C1, |metadata| metadata["post_logout_redirect_uris"] = json!(["https://prints.test/bye"])).await;
    let browser = here.browser();
    let page = browser.open(&here.authorize_url(C1, "openid", &[])).await;
    let back = sign_in_there(&there, &there.browser(), &press(&browser, &page).await, "bob").await;
    let page = browser.open(&back).await;
    let code = here.answer_pages(&browser, page, "nobody").await.param("code").unwrap();
    let token = here.redeem(C1, &code).await.ok();
    let hint = token["id_token"].as_str().unwrap();
    let bye = "post_logout_redirect_uri=https%3A%2F%2Fprints.test%2Fbye&state=xyz";
    let out = browser.open(&here.url(&format!("/logout?id_token_hint={hint}&{bye}"))).await;
    let away: url::Url = out.attr("#onward", "href").unwrap().parse().unwrap();
    assert!(away.as_str().starts_with(&there.issuer), "{away}");
    let state = away.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let end = browser.get(&here.url(&format!("/upstream/there/signed-out?state={state}"))).await;
    assert_eq!(end.header("location"), "https://prints.test/bye?state=xyz");
}

#[tokio::test]
async fn without_the_operators_wish_nobody_is_sent_away_to_sign_out() {
    let (here, there) = worlds("").await;
    connect(&here, &there, &here.browser(), "alice", "bob").await;
    let browser = here.browser();
    let page = browser.open(&here.url("/login?next=/account")).await;
    let back = sign_in_there(&there, &there.browser(), &press(&browser, &page).await, "bob").await;
    browser.open(&back).await;
    let asked = browser.open(&here.url("/logout")).await;
    let out = browser.submit(&asked, &[("decision", "logout")]).await;
    assert!(!out.has("#onward") && !out.has("#elsewhere"), "{}", out.answer.body);
    assert_eq!(here.get("/upstream/there/signed-out").await.status, 404);
}

#[tokio::test]
async fn a_provider_for_connected_accounts_alone_stands_behind_a_link_and_lets_no_stranger_in() {
    let (here, there) = worlds("connected_only = true").await;
    let browser = here.browser();
    let page = browser.open(&here.authorize_url(C1, "openid", &[])).await;
    assert!(!page.has(BUTTON), "{}", page.answer.body);
    let more = page.url.join(&page.attr("#more", "href").unwrap()).unwrap();
    let page = browser.open(more.as_str()).await;
    assert!(page.has(BUTTON) && !page.has("#more"), "{}", page.answer.body);
    let people = here.rows("users", "TRUE").await;
    let back = sign_in_there(&there, &there.browser(), &press(&browser, &page).await, "bob").await;
    assert_eq!(browser.open(&back).await.answer.status, 400);
    assert_eq!((here.rows("users", "TRUE").await, browser.cookie("session")), (people, None));

    connect(&here, &there, &here.browser(), "alice", "bob").await;
    let page = browser.open(more.as_str()).await;
    let back = sign_in_there(&there, &there.browser(), &press(&browser, &page).await, "bob").await;
    let page = browser.open(&back).await;
    assert!(here.answer_pages(&browser, page, "nobody").await.param("code").is_some());
}
