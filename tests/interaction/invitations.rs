//! Accounts by invitation.

use portcullis::base::OpaqueToken;
use portcullis::identity::{InvitationError, Invited, Origin};

use crate::common::*;

const BY_INVITATION: &str = "[registration]\nmode = \"invitation\"\n";
const MAIL: &str = "[mail]\ndevelopment = true\n";
const CAROL: &str = "carol@example.test";

fn operator() -> Origin {
    Origin::new([127, 0, 0, 1].into(), "portcullis user invite", "")
}

async fn invite(world: &World, email: &str) -> Option<OpaqueToken> {
    match world.app.identity.invite(email, &operator()).await.unwrap() {
        Invited::ByLink { token, .. } => Some(token),
        Invited::ByMail { .. } => {
            world.rows_become("outbox", "sent_at IS NULL", 0).await;
            None
        }
    }
}

async fn email_of(world: &World, name: &str) -> Option<(Option<String>, bool)> {
    let user = world.app.identity.find_user(name).await.unwrap();
    user.map(|user| (user.email, user.email_verified))
}

#[tokio::test]
async fn s208_s216_a_mailed_invitation_makes_an_account_of_its_own_address_once() {
    let world = World::with(&format!("{BY_INVITATION}{MAIL}")).await;
    assert!(invite(&world, "Carol@example.test").await.is_none());
    assert_eq!(world.audited("user_invited").await, 1);
    let mail = world.mail().await;
    assert!(!mail.has("#mail-code"));
    let link = mail.attr("#mail-link", "href").unwrap();
    assert!(!world.dump().await.contains(link.split_once("token=").unwrap().1), "no token is kept");
    for _ in 0..3 {
        let scanner = world.browser();
        let page = scanner.open(&link).await;
        assert!(page.url.query().is_none() && page.text("#address") == CAROL);
    }
    let browser = world.browser();
    let page = browser.open(&link).await;
    let other = [("username", "carol"), ("password", PASSWORD), ("email", "mallory@example.test")];
    browser.submit(&page, &other).await;
    assert_eq!(email_of(&world, "carol").await, Some((Some(CAROL.to_owned()), true)), "the address that was invited");
    assert!(browser.cookie("session").is_some());
    let again = world.browser().open(&link).await;
    assert!(again.answer.status == 410 && !again.has("form"), "{}", again.answer.body);
    let taken = world.app.identity.invite(CAROL, &operator()).await;
    assert!(matches!(taken, Err(InvitationError::HasAccount)));
}

#[tokio::test]
async fn an_invitation_that_is_handed_over_shows_nobodys_address() {
    let world = World::with(BY_INVITATION).await;
    let token = invite(&world, CAROL).await.unwrap();
    let link = world.url(&format!("/register/new?token={}", token.expose()));
    let browser = world.browser();
    let page = browser.open(&link).await;
    browser.submit(&page, &[("username", "carol"), ("password", PASSWORD)]).await;
    assert_eq!(email_of(&world, "carol").await, Some((Some(CAROL.to_owned()), false)));
}

#[tokio::test]
async fn s216_without_an_invitation_or_with_one_that_is_over_nobody_makes_an_account() {
    let world = World::with(&format!("{BY_INVITATION}{MAIL}")).await;
    let browser = world.browser();
    assert!(!browser.open(&world.url("/login")).await.has("#create"));
    assert_eq!(browser.get(&world.url("/register")).await.status, 404);
    let offered = world.get("/.well-known/openid-configuration").await.json();
    assert!(!offered["prompt_values_supported"].as_array().unwrap().contains(&"create".into()));
    let none = browser.open(&world.url("/register/new")).await;
    assert!(none.answer.status == 410 && none.has("#back") && !none.has("form"));
    invite(&world, CAROL).await;
    let first = world.mail().await.attr("#mail-link", "href").unwrap();
    world.advance(1);
    invite(&world, CAROL).await;
    let second = world.mail().await.attr("#mail-link", "href").unwrap();
    assert_eq!(browser.open(&first).await.answer.status, 410, "a new one ends the last");
    assert!(!browser.open(&second.replace("/register/new", "/reset/new")).await.has("#password"), "S211");
    let page = browser.open(&second).await;
    assert!(page.has("#register"));
    world.advance(7 * 24 * 3600);
    let late = browser.submit(&page, &[("username", "carol"), ("password", PASSWORD)]).await;
    assert_eq!(late.answer.status, 410, "a week");
    assert_eq!(email_of(&world, "carol").await, None);
    let off = World::with(MAIL).await;
    assert!(matches!(off.app.identity.invite(CAROL, &operator()).await, Err(InvitationError::Off)));
    assert_eq!(off.rows("email_challenges", "TRUE").await, 0);
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_opens_nothing() {
    let world = World::with(BY_INVITATION).await;
    let token = invite(&world, CAROL).await.unwrap();
    let link = world.url(&format!("/register/new?token={}", token.expose()));
    let browser = world.browser();
    let page = browser.open(&link).await;
    assert!(page.has("#register"));
    assert!(world.app.identity.uninvite("Carol@Example.test", &operator()).await.unwrap());
    assert!(!world.app.identity.uninvite(CAROL, &operator()).await.unwrap());
    let late = browser.submit(&page, &[("username", "carol"), ("password", PASSWORD)]).await;
    assert_eq!(late.answer.status, 410);
    assert_eq!(world.browser().open(&link).await.answer.status, 410);
    assert_eq!((email_of(&world, "carol").await, world.audited("user_uninvited").await), (None, 1));
    // And can be invited again.
    assert!(invite(&world, CAROL).await.is_some());
}

#[tokio::test]
async fn where_domains_are_named_an_invitation_reaches_further() {
    let world = World::with(&format!("{MAIL}[registration]\nmode = \"domains\"\ndomains = [\"example.org\"]\n")).await;
    invite(&world, CAROL).await;
    let link = world.mail().await.attr("#mail-link", "href").unwrap();
    assert_eq!(world.browser().open(&link).await.text("#address"), CAROL);
}
