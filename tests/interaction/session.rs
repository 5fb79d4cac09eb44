use crate::common::*;

async fn none(world: &World, browser: &Browser, changes: &[(&str, &str)]) -> Answer {
    let mut all = vec![("prompt", "none")];
    all.extend(changes);
    browser.get(&world.authorize_url(C1, "openid", &all)).await
}

#[tokio::test]
async fn s170_a_session_ends_by_idleness_and_in_any_case_after_a_week() {
    let day = 86_400;
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    world.advance(2 * day + 1);
    assert_eq!(none(&world, &browser, &[]).await.redirect_param("error").as_deref(), Some("login_required"));
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    for _ in 0..6 {
        world.advance(day);
        assert!(none(&world, &browser, &[]).await.redirect_param("code").is_some());
        // The last use is noted beside the request.
        world.rows_become("sessions", &format!("last_seen_at = {}", world.now().millis()), 1).await;
    }
    world.advance(day);
    assert_eq!(none(&world, &browser, &[]).await.redirect_param("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn s172_a_mangled_session_cookie_is_nobody_and_no_error() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    let good = browser.cookie("portcullis_session").unwrap();
    let flipped = format!("{}{}", &good[..good.len() - 1], if good.ends_with('0') { '1' } else { '0' });
    for cookie in [flipped.as_str(), &good[..20], "", "x", &"a".repeat(3000), "%00", "\"quoted\""] {
        let stranger = world.browser();
        stranger.cookies.lock().unwrap().insert("portcullis_session".to_owned(), cookie.to_owned());
        let answer = none(&world, &stranger, &[]).await;
        assert_eq!(answer.redirect_param("error").as_deref(), Some("login_required"), "{cookie:.30}");
    }
    let twins = format!("portcullis_session={good}; portcullis_session={good}");
    let request = world.http.get(world.authorize_url(C1, "openid", &[("prompt", "none")])).header("cookie", twins);
    let answer = Answer::read(request.send().await.unwrap()).await;
    assert_eq!(answer.redirect_param("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn s168_signing_in_as_another_person_ends_the_first_ones_session() {
    let world = World::new().await;
    let browser = world.browser();
    let first = world.redeem(C1, &world.code(&browser, C1, "openid").await).await.ok();
    let page = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "login")])).await;
    let end = world.answer_pages(&browser, page, "bob").await;
    let second = world.redeem(C1, &end.param("code").unwrap()).await.ok();
    let (a, b) = (claims(first["id_token"].as_str().unwrap()), claims(second["id_token"].as_str().unwrap()));
    assert_ne!(a["sub"], b["sub"]);
    assert_ne!(a["sid"], b["sid"]);
    assert!(!world.is_live(first["access_token"].as_str().unwrap()).await, "it was bound to the ended session");
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 1);
    // Aborted, nothing changes for who is signed in.
    let page = browser.open(&world.authorize_url(C1, "openid", &[("prompt", "login")])).await;
    browser.submit(&page, &[("cancel", "1")]).await;
    assert!(none(&world, &browser, &[]).await.redirect_param("code").is_some());
}

#[tokio::test]
async fn id_token_hint_names_the_person() {
    let world = World::new().await;
    let (alice, bob) = (world.browser(), world.browser());
    let tokens = world.redeem(C1, &world.code(&alice, C1, "openid").await).await.ok();
    let hint = tokens["id_token"].as_str().unwrap();
    let page = bob.open(&world.authorize_url(C1, "openid", &[])).await;
    world.answer_pages(&bob, page, "bob").await;
    world.advance(7200);
    let url = world.authorize_url(C1, "openid", &[("prompt", "none"), ("id_token_hint", hint)]);
    assert!(alice.get(&url).await.redirect_param("code").is_some(), "an expired hint of ours is fine");
    assert_eq!(bob.get(&url).await.redirect_param("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn s174_a_disabled_user_is_signed_out_and_not_let_in_again() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    world.disable_user("alice").await;
    assert_eq!(none(&world, &browser, &[]).await.redirect_param("error").as_deref(), Some("login_required"));
    let page = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let again = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(again.answer.status, 422);
    assert_eq!(world.rows("sessions", "ended_at IS NULL").await, 0);
}

#[tokio::test]
async fn s175_s222_no_page_can_be_framed_or_run_foreign_code() {
    let world = World::new().await;
    let browser = world.browser();
    let login = browser.open(&world.authorize_url(C1, "openid", &[])).await;
    let consent = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
    let device = browser.open(&world.url("/device")).await;
    let logout = browser.open(&world.url("/logout")).await;
    let setup = browser.open(&world.url("/setup")).await;
    let home = browser.open(&world.url("/")).await;
    let error = browser.open(&world.url("/authorize")).await;
    for page in [&login, &consent, &device, &logout, &setup, &home, &error] {
        let answer = &page.answer;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{}: {policy}", page.url);
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.body.contains("style=") && !answer.body.contains("onclick"), "{}", page.url);
        assert!(!answer.body.contains("src=\"http") && !answer.body.contains("url(http"), "no external request");
        assert!(page.has("html[lang]") && page.has("main") && page.has("h1") && page.has("title"));
    }
}

#[tokio::test]
async fn s275_a_setup_link_makes_one_administrator_once() {
    let world = World::new().await;
    let link = world.app.identity.make_setup_link().await.unwrap();
    let other = world.app.identity.make_setup_link().await.unwrap();
    let browser = world.browser();
    let page = browser.open(&world.url("/setup")).await;
    let with = |code: &str, password: &str| {
        [("code", code.to_owned()), ("username", "root".to_owned()), ("password", password.to_owned())]
    };
    let submit = async |code: &str, password: &str| {
        let fields = with(code, password);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.submit(&page, &fields).await
    };
    assert_eq!(submit("pc_su_nonsense", PASSWORD).await.answer.status, 422);
    assert_eq!(submit(link.expose(), "short").await.answer.status, 422, "the form is checked before the link is spent");
    assert_eq!(world.rows("users", "is_admin").await, 0);
    let done = submit(link.expose(), PASSWORD).await;
    assert_eq!(done.answer.status, 200);
    assert!(done.answer.body.contains("root"), "signed in at the home page");
    assert_eq!(submit(link.expose(), PASSWORD).await.answer.status, 422);
    assert_eq!(submit(other.expose(), PASSWORD).await.answer.status, 422, "there is an administrator already");
    assert_eq!(world.rows("users", "is_admin").await, 1);
}

#[tokio::test]
async fn an_administrators_name_is_nobody_elses_address_and_the_link_still_works() {
    let world = World::new().await;
    let link = world.app.identity.make_setup_link().await.unwrap();
    let browser = world.browser();
    let page = browser.open(&world.url("/setup")).await;
    let taken = [
        ("bob@example.test", "", "bob's address"),
        ("root", "Bob@example.test", "bob's address in other letters"),
        ("bob", "", "bob's name"),
    ];
    for (username, email, what) in taken {
        let fields = [("code", link.expose()), ("username", username), ("email", email), ("password", PASSWORD)];
        let again = browser.submit(&page, &fields).await;
        assert_eq!(again.answer.status, 422, "{what}");
        assert!(again.text("[role=alert]").contains("taken"), "{what}");
    }
    assert_eq!(world.rows("users", "is_admin").await, 0);
    let fields = [("code", link.expose()), ("username", "root"), ("email", ""), ("password", PASSWORD)];
    assert_eq!(browser.submit(&page, &fields).await.answer.status, 200);
    assert_eq!(world.rows("users", "is_admin").await, 1);
}

#[tokio::test]
async fn whoever_does_not_want_to_be_remembered_has_a_cookie_of_the_window_and_half_a_day() {
    let world = World::new().await;
    let browser = world.browser();
    let page = browser.open(&world.url("/login")).await;
    assert_eq!(page.attr("#remember", "checked").as_deref(), Some(""), "the choice is there, and kept as it was");
    let (action, mut fields) = page.form();
    fields.retain(|(name, _)| name != "remember");
    fields.extend([("username", "alice"), ("password", PASSWORD)].map(|(a, b)| (a.to_owned(), b.to_owned())));
    let url = page.url.join(&action).unwrap();
    let answer = browser.send(browser.post_from_our_page(url.as_str()).form(&fields)).await;
    let cookie = answer.session_cookie();
    assert!(!cookie.contains("Max-Age") && !cookie.contains("Expires"), "{cookie}");
    assert_eq!(world.rows("sessions", &format!("expires_at - created_at = {}", 12 * 3600 * 1000)).await, 1);
    world.advance(12 * 3600 - 1);
    assert!(browser.open(&world.url("/")).await.text(".whoami").contains("alice"));
    world.advance(2);
    assert!(!browser.open(&world.url("/")).await.answer.body.contains("alice"));
    // The next sign-in in this window is asked with the box as it was left.
    assert!(browser.open(&world.url("/login")).await.attr("#remember", "checked").is_none());
}

#[tokio::test]
async fn a_session_bound_to_its_address_is_nobody_elsewhere() {
    for (bound, still) in [(true, false), (false, true)] {
        let world =
            World::with(&format!("server.trusted_proxies = [\"127.0.0.0/8\"]\nsessions.bind_address = {bound}")).await;
        let from = |address: &'static str| {
            let headers = [("x-forwarded-for", address)];
            let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
            let http = http.default_headers(reqwest::header::HeaderMap::from_iter(headers)).build().unwrap();
            Browser::new(http, &world.issuer)
        };
        let home = from("2001:db8:1:2::1");
        let page = home.open(&world.url("/login")).await;
        home.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        for (address, signed_in) in [("2001:db8:1:2::ffff", true), ("2001:db8:1:3::1", still), ("192.0.2.1", still)] {
            let other = from(address);
            other.cookies.lock().unwrap().extend(home.cookies.lock().unwrap().clone());
            let page = other.open(&world.url("/")).await;
            assert_eq!(page.answer.body.contains("alice"), signed_in, "{address}, bound {bound}");
        }
    }
}
