//! Failures that make the next attempt wait, and whom they leave alone.

use crate::common::*;

async fn fail(browser: &Browser, page: &Page, username: &str, times: usize) -> Answer {
    let mut last = None;
    for _ in 0..times {
        last = Some(browser.submit(page, &[("username", username), ("password", "wrong")]).await.answer);
    }
    last.unwrap()
}

async fn login(world: &World) -> (Browser, Page) {
    let browser = world.browser();
    let page = browser.open(&world.url("/login?next=/account")).await;
    (browser, page)
}

#[tokio::test]
async fn a_strangers_failures_keep_nobody_out_of_a_browser_they_have_signed_in_with() {
    let world = World::new().await;
    let known = world.browser();
    world.code(&known, C1, "openid").await;
    known.cookies.lock().unwrap().remove("portcullis_session");
    let (stranger, page) = login(&world).await;
    assert_eq!(fail(&stranger, &page, "alice", 10).await.status, 429);
    // Another stranger waits too; alice's own browser does not.
    let (other, page) = login(&world).await;
    let right = [("username", "alice"), ("password", PASSWORD)];
    assert_eq!(other.submit(&page, &right).await.answer.status, 429);
    let page = known.open(&world.url("/login?next=/account")).await;
    assert!(known.submit(&page, &right).await.url.path().ends_with("/account"));
    // Her signing in does not give the stranger new tries.
    assert_eq!(other.submit(&login(&world).await.1, &right).await.answer.status, 403, "another browser's form");
    let (other, page) = login(&world).await;
    assert_eq!(other.submit(&page, &right).await.answer.status, 429);
}

#[tokio::test]
async fn a_known_browser_has_a_budget_and_no_more() {
    let world = World::new().await;
    let known = world.browser();
    world.code(&known, C1, "openid").await;
    known.cookies.lock().unwrap().remove("portcullis_session");
    let page = known.open(&world.url("/login?next=/account")).await;
    assert_eq!(fail(&known, &page, "alice", 10).await.status, 429);
    // It is known for alice alone.
    let (stranger, page) = login(&world).await;
    assert!(
        stranger.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await.url.path().ends_with("/account")
    );
    assert_eq!(world.rows("known_devices", "TRUE").await, 2);
}

#[tokio::test]
async fn s184_of_many_guesses_at_once_no_more_than_the_budget_are_looked_at() {
    let world = World::new().await;
    let (browser, page) = login(&world).await;
    let guess = [("username", "alice"), ("password", "wrong")];
    let answers = futures_util::future::join_all((0..200).map(|_| browser.post_form(&page, &guess))).await;
    let looked_at = answers.iter().filter(|(_, answer)| answer.status == 422).count();
    assert!((1..=6).contains(&looked_at), "{looked_at}");
    assert!(
        answers.iter().filter(|(_, answer)| answer.status == 429).all(|(_, a)| !a.header("retry-after").is_empty())
    );
}

#[tokio::test]
async fn s185_one_password_against_many_accounts_is_stopped_by_the_address() {
    let world = World::new().await;
    let (browser, page) = login(&world).await;
    let mut last = 422;
    for number in 0..60 {
        last = fail(&browser, &page, &format!("user{number}"), 1).await.status.as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn s187_the_same_counter_holds_for_password_code_and_recovery_code() {
    let world = World::new().await;
    let browser = world.browser();
    world.code(&browser, C1, "openid").await;
    world.set_up_app(&browser).await;
    let (other, page) = login(&world).await;
    fail(&other, &page, "alice", 2).await;
    let step = other.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    for code in [("code", "000000"), ("recovery_code", "0000-0000-0000-0000"), ("code", "000000")] {
        assert_eq!(other.submit(&step, &[code]).await.answer.status, 422);
    }
    other.submit(&step, &[("recovery_code", "0000-0000-0000-0000")]).await;
    let wait = other.submit(&step, &[("code", "000000")]).await;
    assert_eq!(wait.answer.status, 429);
    assert!(wait.answer.header("retry-after").parse::<u64>().unwrap() >= 1 && wait.has("[role=alert]"));
    let (third, page) = login(&world).await;
    let answer = third.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await.answer;
    assert_eq!(answer.status, 429, "the password waits for the codes' failures");
}

#[tokio::test]
async fn s181_two_names_of_one_account_are_counted_as_two_strangers_are() {
    let world = World::new().await;
    for (first, second) in [("alice", "alice@example.test"), ("nobody", "nobody@example.test")] {
        let (browser, page) = login(&world).await;
        assert_eq!(fail(&browser, &page, first, 10).await.status, 429, "{first}");
        assert_eq!(fail(&browser, &page, second, 1).await.status, 422, "{second}");
        world.advance(7200);
    }
}

#[tokio::test]
async fn a_whole_sign_in_forgets_what_was_counted_against_either_name() {
    let world = World::new().await;
    let (browser, page) = login(&world).await;
    fail(&browser, &page, "alice", 5).await;
    fail(&browser, &page, "ALICE@example.test", 5).await;
    assert!(
        browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await.url.path().ends_with("/account")
    );
    assert_eq!(world.rows("throttles", "key LIKE 'login:%' AND failures > 0").await, 0);
}

#[tokio::test]
async fn a_delay_is_audited_once_whatever_knocks_while_it_lasts() {
    let world = World::new().await;
    let (browser, page) = login(&world).await;
    assert_eq!(fail(&browser, &page, "alice", 40).await.status, 429);
    assert_eq!(world.audited("login_throttled").await, 1);
    world.advance(2);
    assert_eq!(fail(&browser, &page, "alice", 1).await.status, 422);
    assert_eq!(fail(&browser, &page, "alice", 5).await.status, 429);
    assert_eq!(world.audited("login_throttled").await, 2, "the next delay is another");
}

#[tokio::test]
async fn an_address_begins_so_much_and_the_rest_is_not_kept() {
    let settings = "server.trusted_proxies = [\"127.0.0.0/8\"]\nthrottle.begun_per_address = 3";
    let world = World::on_localhost(settings).await;
    let from = |address: &str| {
        let headers = [("x-forwarded-for".parse().unwrap(), address.parse().unwrap())];
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = http.default_headers(reqwest::header::HeaderMap::from_iter(headers)).build().unwrap();
        Browser::new(http, &world.issuer)
    };
    let flood = from("192.0.2.1");
    let page = flood.open(&world.url("/login")).await;
    for status in [303, 303, 303, 429, 429] {
        let answer = flood.get(&world.authorize_url(C1, "openid", &[])).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("retry-after").is_empty(), status == 303);
    }
    assert_eq!(world.rows("transactions", "TRUE").await, 3);
    let form = page.form_at("#passkey-form").1;
    let options = flood.post_from_our_page(&world.url("/login/passkey/options")).form(&form);
    assert_eq!(flood.send(options).await.status, 429);
    assert_eq!(world.rows("passkey_challenges", "TRUE").await, 0);
    let device = flood.post_from_our_page(&world.url("/oauth2/device")).form(&[("client_id", CD), ("scope", "openid")]);
    assert_eq!(flood.send(device).await.status, 429);
    assert_eq!(world.rows("device_authorizations", "TRUE").await, 0);
    // Nobody else waits for it.
    world.code(&from("192.0.2.2"), C1, "openid").await;
}
