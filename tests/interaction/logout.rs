use crate::common::*;

const BYE: &str = "https://app.test/bye";

#[tokio::test]
async fn a_hint_of_the_person_ends_the_session_without_asking_and_leads_back() {
    let world = World::new().await;
    let browser = world.browser();
    let hint = world.id_token(&browser, C1).await;
    // An expired hint is good enough.
    world.advance(3600);
    let url = world.logout_url(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", "s&1")]);
    let answer = browser.get(&url).await;
    assert_eq!(answer.header("location"), "https://app.test/bye?state=s%261");
    assert!(browser.cookie("session").is_none());
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 0);
    assert!(!world.is_signed_in(&browser).await);
    // Again, with nobody signed in: the same way back, and no state where none was sent.
    let url = world.logout_url(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]);
    assert_eq!(browser.get(&url).await.header("location"), BYE);
}

#[tokio::test]
async fn whoever_came_from_no_application_finds_the_way_back_in() {
    let world = World::new().await;
    let browser = world.browser();
    world.tokens(&browser, C1).await;
    let page = browser.open(&world.url("/logout")).await;
    let out = browser.submit(&page, &[("decision", "logout")]).await;
    assert_eq!(out.attr("#again", "href").as_deref(), Some("/login"));
    assert!(browser.cookie("session").is_none());
}

#[tokio::test]
async fn without_proof_the_person_is_asked_and_never_sent_anywhere() {
    let world = World::new().await;
    let browser = world.browser();
    let hint = world.id_token(&browser, C1).await;
    let (signed, signature) = hint.rsplit_once('.').unwrap();
    let altered = format!("{signed}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    let none = {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let payload = hint.split('.').nth(1).unwrap();
        format!("{}.{payload}.", encode(r#"{"alg":"none","typ":"JWT"}"#))
    };
    for params in [
        vec![],
        vec![("state", "x")],
        vec![("client_id", C1), ("post_logout_redirect_uri", BYE)],
        vec![("post_logout_redirect_uri", BYE)],
        vec![("id_token_hint", altered.as_str()), ("post_logout_redirect_uri", BYE)],
        vec![("id_token_hint", none.as_str()), ("post_logout_redirect_uri", BYE)],
        vec![("id_token_hint", hint.as_str()), ("client_id", C2), ("post_logout_redirect_uri", BYE)],
    ] {
        let page = browser.open(&world.logout_url(&params)).await;
        assert!(page.has("#logout"), "{params:?}: {}", page.answer.body);
        assert!(world.is_signed_in(&browser).await, "{params:?}");
    }
    let page = browser.open(&world.logout_url(&[("client_id", C1)])).await;
    assert!(page.answer.body.contains("First App"), "the app that asks is named");
    let stay = browser.submit(&page, &[("decision", "stay")]).await;
    assert_eq!(stay.answer.status, 200);
    assert!(world.is_signed_in(&browser).await);
    let page = browser.open(&world.logout_url(&[("client_id", C1), ("post_logout_redirect_uri", BYE)])).await;
    let out = browser.submit(&page, &[("decision", "logout")]).await;
    assert_eq!(out.answer.status, 200);
    assert_eq!(out.attr("a.button", "href").as_deref(), Some("https://app.test"));
    assert!(!world.is_signed_in(&browser).await);
}

#[tokio::test]
async fn s134_an_unregistered_address_is_never_redirected_to() {
    let world = World::new().await;
    for uri in ["https://evil.test/", "https://app.test/bye?x=1", "https://app.test/bye/", "https://app.test"] {
        let browser = world.browser();
        let hint = world.id_token(&browser, C1).await;
        let url = world.logout_url(&[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)]);
        let answer = browser.get(&url).await;
        assert_eq!(answer.status, 200, "{uri}");
        assert!(!world.is_signed_in(&browser).await);
    }
}

#[tokio::test]
async fn s136_another_persons_hint_does_not_sign_anybody_out() {
    let world = World::new().await;
    let bob = world.browser();
    let page = bob.open(&world.authorize_url(C1, "openid", &[])).await;
    let end = world.answer_pages(&bob, page, "bob").await;
    let tokens = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let alice = world.browser();
    world.id_token(&alice, C1).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let page = alice.open(&world.logout_url(&[("id_token_hint", hint), ("post_logout_redirect_uri", BYE)])).await;
    assert!(page.has("#logout"));
    assert!(world.is_signed_in(&alice).await);
}

#[tokio::test]
async fn a_posted_request_and_a_forged_answer() {
    let world = World::new().await;
    let browser = world.browser();
    let hint = world.id_token(&browser, C1).await;
    // S166: the confirmation from elsewhere.
    let forged = browser.send(world.http.post(world.url("/logout")).form(&[("decision", "logout")])).await;
    assert_eq!(forged.status, 403);
    assert!(world.is_signed_in(&browser).await);
    // A client's own form comes without cookies and is read again by GET.
    let form = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "x")];
    let answer = Answer::read(world.http.post(world.url("/logout")).form(&form).send().await.unwrap()).await;
    assert_eq!(answer.status, 303);
    let next = browser.get(&format!("{}{}", world.issuer, answer.header("location"))).await;
    assert_eq!(next.header("location"), "https://app.test/bye?state=x");
    assert!(!world.is_signed_in(&browser).await);
}
