//! Mails: that they arrive, once, whatever the mail server does.

use portcullis::identity::{Notice, Origin};
use portcullis::storage::{MailRecord, Outbox as _, UserRecord};

use crate::common::*;

async fn alice(world: &World) -> UserRecord {
    world.app.identity.find_user("alice").await.unwrap().unwrap()
}

#[tokio::test]
async fn a_notice_reaches_the_owner_of_an_account_and_is_kept_nowhere_afterwards() {
    let sink = Sink::start().await;
    let world = World::with(&sink.settings()).await;
    world.app.identity.notify(&alice(&world).await, Notice::PasswordChanged, "").await;
    let mail = sink.mails(1).await.remove(0);
    assert_eq!(mail.to, ["<alice@example.test>"]);
    assert_eq!(mail.from, "<no-reply@id.test>");
    assert_eq!(mail.header("From"), "Prints <no-reply@id.test>");
    assert_eq!(mail.header("Subject"), "Your password for Portcullis was changed");
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    assert!(mail.raw.contains("Hello alice,") && mail.raw.contains("text/html"), "{}", mail.raw);
    world.rows_become("outbox", "sent_at IS NOT NULL AND length(content) = 0", 1).await;
    assert_eq!(sink.taken().len(), 1);
}

#[tokio::test]
async fn nothing_is_written_where_no_mail_server_is_configured() {
    let world = World::new().await;
    world.app.identity.notify(&alice(&world).await, Notice::PasswordChanged, "").await;
    assert!(!world.app.identity.writes_mails());
    assert_eq!(world.rows("outbox", "TRUE").await, 0);
    assert_eq!(world.get("/dev/mail").await.status, 404);
}

#[tokio::test]
async fn an_address_that_was_not_proven_is_told_nothing() {
    let sink = Sink::start().await;
    let world = World::with(&sink.settings()).await;
    let mut user = alice(&world).await;
    user.email_verified = false;
    world.app.identity.notify(&user, Notice::PasswordChanged, "").await;
    assert_eq!(world.rows("outbox", "TRUE").await, 0);
}

#[tokio::test]
async fn f28_a_mail_server_that_refuses_for_now_is_asked_again_later_and_gets_it_once() {
    let sink = Sink::start().await;
    let world = World::with(&sink.settings()).await;
    sink.answers(Some("451 later"));
    world.app.identity.notify(&alice(&world).await, Notice::PasswordChanged, "").await;
    sink.tried(1).await;
    world.rows_become("outbox", "last_error LIKE '%later%' AND sent_at IS NULL", 1).await;
    sink.answers(None);
    world.advance(60);
    // The next mail makes it look at the queue.
    world.app.identity.notify(&alice(&world).await, Notice::AccountDeleted, "").await;
    let mails = sink.mails(2).await;
    world.rows_become("outbox", "sent_at IS NOT NULL", 2).await;
    let mut subjects: Vec<String> = mails.iter().map(|mail| mail.header("Subject")).collect();
    subjects.sort();
    assert_eq!(subjects, ["Your account at Portcullis was deleted", "Your password for Portcullis was changed"]);
    assert_eq!(sink.taken().len(), 2);
}

#[tokio::test]
async fn what_an_operator_does_to_an_account_is_told_and_stands_in_its_activity() {
    let sink = Sink::start().await;
    let world = World::with(&sink.settings()).await;
    let operator = Origin::new("127.0.0.1".parse().unwrap(), "portcullis user", "r1");
    let user = alice(&world).await;
    let identity = &world.app.identity;
    identity.set_password(&user, &PASSWORD.into(), &operator).await.unwrap();
    let mail = sink.mails(1).await.remove(0);
    assert_eq!(mail.to, ["<alice@example.test>"]);
    assert_eq!(mail.header("Subject"), "Your password for Portcullis was changed");
    identity.set_disabled(&user.id, true, &operator).await.unwrap();
    identity.set_disabled(&user.id, false, &operator).await.unwrap();
    assert!(!identity.set_disabled("nobody", true, &operator).await.unwrap());
    identity.sign_out_user(&user.id, true, &operator).await.unwrap();
    world.advance(1);
    let browser = world.browser();
    let page = browser.open(&world.url("/account/activity")).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
    let text = page.text("main");
    for words in ["set a new password", "disabled your account", "enabled your account", "signed you out everywhere"] {
        assert_eq!(text.matches(&format!("The operator {words}")).count(), 1, "{words}: {text}");
    }
}

#[tokio::test]
async fn what_was_asked_for_by_name_and_nobody_waits_for_any_more_goes_unread() {
    let sink = Sink::start().await;
    let world = World::with(&sink.settings()).await;
    let now = world.now().millis();
    let late = MailRecord {
        id: "late".to_owned(),
        kind: "password_reset".to_owned(),
        recipient: None,
        user_id: None,
        // Whoever opens it fails.
        content: b"sealed by somebody else".to_vec(),
        attempts: 0,
        last_error: None,
        created_at: now - 2,
        due_at: now - 2,
        give_up_at: now - 1,
        sent_at: None,
        failed_at: None,
        expires_at: now + 1_000_000,
    };
    world.app.oauth.store.insert_mail(&late).await.unwrap();
    // The next mail makes it look at the queue.
    world.app.identity.notify(&alice(&world).await, Notice::PasswordChanged, "").await;
    assert_eq!(sink.mails(1).await.len(), 1);
    world.rows_become("outbox", "kind = 'password_reset'", 0).await;
}

#[tokio::test]
async fn a_sign_in_elsewhere_is_told_of_by_browser_and_place() {
    let sink = Sink::start().await;
    let world = World::with(&format!("places = {{ \"192.0.2.0/24\" = \"Lund\" }}\n{}", sink.settings())).await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    for user_agent in [agent, "Television"] {
        let notice = Notice::NewSignIn { address: "192.0.2.7".to_owned(), user_agent: user_agent.to_owned() };
        world.app.identity.notify(&alice(&world).await, notice, "").await;
    }
    let mails = sink.mails(2).await;
    let told = |words: &str| mails.iter().filter(|mail| mail.raw.contains(words)).count();
    assert_eq!((told("Firefox"), told("Television"), told("Gecko"), told("Lund")), (1, 1, 0, 2));
}

#[tokio::test]
async fn an_invitation_that_is_taken_back_before_its_mail_was_sent_is_not_sent() {
    let sink = Sink::start().await;
    let world = World::with(&format!("{}\n[registration]\nmode = \"invitation\"\n", sink.settings())).await;
    sink.answers(Some("451 later"));
    let operator = Origin::new("127.0.0.1".parse().unwrap(), "", "r1");
    for address in ["carol@example.test", "dan@example.test"] {
        world.app.identity.invite(address, &operator).await.unwrap();
    }
    world.rows_become("outbox", "last_error LIKE '%later%'", 2).await;
    assert!(world.app.identity.uninvite("carol@example.test", &operator).await.unwrap());
    sink.answers(None);
    world.advance(60);
    // The next mail makes it look at the queue.
    world.app.identity.notify(&alice(&world).await, Notice::PasswordChanged, "").await;
    world.rows_become("outbox", "sent_at IS NOT NULL", 2).await;
    let mut told: Vec<String> = sink.taken().into_iter().flat_map(|mail| mail.to).collect();
    told.sort();
    assert_eq!(told, ["<alice@example.test>", "<dan@example.test>"]);
    assert_eq!(world.rows("outbox", "TRUE").await, 2, "hers is kept no more");
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_not_tried_again_until_an_operator_says_so() {
    let sink = Sink::start().await;
    let world = World::with(&sink.settings()).await;
    sink.answers(Some("550 no such user"));
    world.app.identity.notify(&alice(&world).await, Notice::PasswordChanged, "").await;
    world.rows_become("outbox", "failed_at IS NOT NULL AND last_error LIKE '%no such user%'", 1).await;
    sink.answers(None);
    world.advance(24 * 3600);
    let now = world.now().millis();
    assert_eq!(world.app.oauth.store.retry_mails(None, now, now + 60_000).await.unwrap(), 1);
    assert_eq!(sink.mails(1).await.len(), 1);
}

#[tokio::test]
async fn a_mail_is_given_up_after_a_day() {
    let sink = Sink::start().await;
    let world = World::with(&sink.settings()).await;
    sink.answers(Some("451 later"));
    world.app.identity.notify(&alice(&world).await, Notice::PasswordChanged, "").await;
    world.rows_become("outbox", "last_error LIKE '%later%'", 1).await;
    world.advance(24 * 3600);
    world.rows_become("outbox", "failed_at IS NOT NULL AND last_error LIKE 'given up%'", 1).await;
    assert_eq!(sink.attempts(), 1);
    assert!(world.app.metrics.render().contains("portcullis_mails_total{outcome=\"failed\"} 1"));
}

#[tokio::test]
async fn s215_what_stands_in_the_queue_is_sealed() {
    let sink = Sink::start().await;
    sink.answers(Some("451 later"));
    let world = World::with(&sink.settings()).await;
    world.app.identity.notify(&alice(&world).await, Notice::ApiKeyMade { name: "very-private".to_owned() }, "").await;
    assert!(!world.dump().await.contains("very-private"));
}

#[tokio::test]
async fn in_development_mails_are_kept_and_shown() {
    let world = World::with("[mail]\ndevelopment = true\n").await;
    let browser = world.browser();
    assert!(browser.open(&world.url("/dev/mail")).await.answer.body.contains("Nothing yet"));
    let mut user = alice(&world).await;
    user.claims = r#"{"locale": "ar"}"#.to_owned();
    world
        .app
        .identity
        .notify(&user, Notice::NewSignIn { address: "192.0.2.1".into(), user_agent: "<b>".into() }, "")
        .await;
    world.rows_become("outbox", "sent_at IS NOT NULL", 1).await;
    let list = browser.open(&world.url("/dev/mail")).await;
    let href = list.attr("#mails a", "href").unwrap();
    let mail = browser.open(list.url.join(&href).unwrap().as_str()).await;
    assert_eq!(mail.text("#to"), "alice@example.test");
    assert_eq!(mail.attr("#mail", "dir").as_deref(), Some("rtl"));
    assert!(!mail.answer.body.contains("<b>") && mail.answer.body.contains("&#60;b&#62;"), "{}", mail.answer.body);
    assert_eq!(browser.get(&world.url("/dev/mail/nothing")).await.status, 404);
}
