use portcullis::storage::*;

use crate::world::*;

fn mail(id: &str) -> MailRecord {
    MailRecord {
        id: id.into(),
        kind: "notice_password_changed".into(),
        recipient: Some("alice@example.test".into()),
        user_id: None,
        content: b"sealed".to_vec(),
        attempts: 0,
        last_error: None,
        created_at: NOW,
        due_at: NOW,
        give_up_at: NOW + 24 * HOUR,
        sent_at: None,
        failed_at: None,
        expires_at: NOW + 48 * HOUR,
    }
}

pub async fn of_many_instances_one_takes_a_mail(world: World) {
    let other = world.another().await;
    for number in 0..20 {
        world.store.insert_mail(&mail(&format!("{number:02}"))).await.unwrap();
    }
    let taken = at_once(10, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.claim_mails(NOW, NOW + MINUTE, 5).await.unwrap() }
    })
    .await;
    let mut ids: Vec<String> = taken.into_iter().flatten().map(|mail| mail.id).collect();
    ids.sort();
    let before = ids.len();
    ids.dedup();
    assert_eq!((before, ids.len()), (ids.len(), before), "none was taken twice");
    // What a lost race left is taken by the next look.
    let rest = world.store.claim_mails(NOW, NOW + MINUTE, 50).await.unwrap();
    assert_eq!(ids.len() + rest.len(), 20);
    assert!(world.store.claim_mails(NOW + MINUTE - 1, NOW + HOUR, 50).await.unwrap().is_empty());
    // Whoever had them is gone: another takes over, and the first can change nothing any more.
    let again = world.store.claim_mails(NOW + MINUTE, NOW + HOUR, 50).await.unwrap();
    assert_eq!(again.len(), 20);
    assert!(again.iter().all(|mail| mail.attempts == 2));
    assert!(!world.store.mail_sent("00", 1, b"", NOW).await.unwrap());
    assert!(world.store.mail_sent("00", 2, b"", NOW).await.unwrap());
}

pub async fn a_mail_waits_is_sent_or_fails_and_is_tried_again_on_demand(world: World) {
    let store = &world.store;
    for id in ["1", "2", "3"] {
        store.insert_mail(&mail(id)).await.unwrap();
    }
    assert_eq!(store.claim_mails(NOW, NOW + MINUTE, 9).await.unwrap().len(), 3);
    assert!(store.mail_sent("1", 1, b"", NOW + 1).await.unwrap());
    assert!(store.mail_delayed("2", 1, "later", NOW + HOUR).await.unwrap());
    assert!(store.mail_failed("3", 1, "never", NOW + 1).await.unwrap());
    assert!(!store.mail_failed("1", 1, "never", NOW + 1).await.unwrap());
    assert_eq!(store.count_mails().await.unwrap(), (1, 1));
    assert!(store.claim_mails(NOW + HOUR - 1, NOW + 2 * HOUR, 9).await.unwrap().is_empty());
    let found = store.find_mail("3").await.unwrap().unwrap();
    assert_eq!((found.last_error.as_deref(), found.failed_at), (Some("never"), Some(NOW + 1)));
    let ids: Vec<String> = store.list_mails(2).await.unwrap().into_iter().map(|mail| mail.id).collect();
    assert_eq!(ids, ["3", "2"]);
    assert_eq!(store.retry_mails(Some("1"), NOW + 2, LATER).await.unwrap(), 0);
    assert_eq!(store.retry_mails(Some("3"), NOW + 2, LATER).await.unwrap(), 1);
    assert_eq!(store.retry_mails(None, NOW + 2, LATER).await.unwrap(), 2);
    assert_eq!(store.claim_mails(NOW + 2, NOW + MINUTE, 9).await.unwrap().len(), 2);
    store.remove_mail("2").await.unwrap();
    assert!(store.find_mail("2").await.unwrap().is_none());
    assert_eq!(store.sweep(NOW + 48 * HOUR, 9).await.unwrap(), 2);
}

fn challenge(id: &str) -> ChallengeRecord {
    ChallengeRecord {
        id: id.into(),
        purpose: "password_reset".into(),
        secret_hash: hash("link"),
        code_sealed: Some(b"sealed".to_vec()),
        browser_hash: Some(hash("browser")),
        user_id: None,
        email: Some("alice@example.test".into()),
        details: "{}".into(),
        tries: 0,
        created_at: NOW,
        expires_at: NOW + HOUR,
        consumed_at: None,
    }
}

pub async fn s208_a_mailed_link_is_used_once_and_for_its_purpose_alone(world: World) {
    let other = world.another().await;
    let store = &world.store;
    store.insert_challenge(&challenge("c1")).await.unwrap();
    let found = store.find_challenge("c1", "password_reset", &hash("link"), NOW).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", challenge("c1")));
    for (purpose, secret, now) in
        [("verify_email", "link", NOW), ("password_reset", "other", NOW), ("password_reset", "link", NOW + HOUR)]
    {
        assert!(store.find_challenge("c1", purpose, &hash(secret), now).await.unwrap().is_none());
        assert!(store.consume_challenge("c1", purpose, &hash(secret), now).await.unwrap().is_none());
    }
    let uses = at_once(20, |number| {
        let store = if number % 2 == 0 { store.clone() } else { other.clone() };
        async move { store.consume_challenge("c1", "password_reset", &hash("link"), NOW + 1).await.unwrap() }
    })
    .await;
    assert_eq!(uses.iter().flatten().count(), 1);
    assert!(store.find_challenge("c1", "password_reset", &hash("link"), NOW + 1).await.unwrap().is_none());
}

pub async fn a_mailed_code_has_few_tries_in_one_browser_and_is_exchanged_once(world: World) {
    let store = &world.store;
    store.insert_challenge(&challenge("c1")).await.unwrap();
    assert!(store.try_code("c1", "password_reset", &hash("elsewhere"), 5, NOW).await.unwrap().is_none());
    assert!(store.try_code("c1", "sign_in", &hash("browser"), 5, NOW).await.unwrap().is_none());
    let tries = at_once(20, |_| {
        let store = store.clone();
        async move { store.try_code("c1", "password_reset", &hash("browser"), 5, NOW).await.unwrap() }
    })
    .await;
    assert_eq!(tries.iter().flatten().count(), 5);
    let exchanges = at_once(10, |number| {
        let store = store.clone();
        async move { store.exchange_code("c1", &hash(&format!("new {number}")), NOW).await.unwrap() }
    })
    .await;
    assert_eq!(exchanges.iter().filter(|done| **done).count(), 1);
    let winner = exchanges.iter().position(|done| *done).unwrap();
    assert!(store.find_challenge("c1", "password_reset", &hash("link"), NOW).await.unwrap().is_none());
    let new = hash(&format!("new {winner}"));
    assert!(store.consume_challenge("c1", "password_reset", &new, NOW).await.unwrap().is_some());
}

pub async fn a_new_request_kills_the_old_one_and_a_new_password_all_of_them(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let live = async |id: &str, purpose: &str| {
        store.find_challenge(id, purpose, &hash("link"), NOW + 1).await.unwrap().is_some()
    };
    for id in ["c1", "c2"] {
        store.insert_challenge(&challenge(id)).await.unwrap();
        assert!(store.address_challenge(id, "password_reset", "alice", NOW).await.unwrap());
    }
    let other = ChallengeRecord { purpose: "verify_email".into(), user_id: Some("alice".into()), ..challenge("c3") };
    store.insert_challenge(&other).await.unwrap();
    assert_eq!((live("c1", "password_reset").await, live("c2", "password_reset").await), (false, true));
    store
        .insert_challenge(&ChallengeRecord { email: Some("new@example.test".into()), ..challenge("c4") })
        .await
        .unwrap();
    assert_eq!((live("c3", "verify_email").await, live("c4", "password_reset").await), (true, true));
    assert!(store.change_password("alice", "hash 2", None, false, NOW, LATER).await.unwrap().is_some());
    assert_eq!((live("c2", "password_reset").await, live("c3", "verify_email").await), (false, false));
}

pub async fn of_many_new_accounts_by_one_link_one_is_made_and_a_name_that_is_taken_costs_no_link(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let registration = |id: &str| ChallengeRecord { purpose: "registration".into(), email: None, ..challenge(id) };
    for id in ["c1", "c2"] {
        store.insert_challenge(&registration(id)).await.unwrap();
        assert!(store.address_registration(id, "registration", "new@example.test", NOW).await.unwrap());
    }
    assert!(store.find_challenge("c1", "registration", &hash("link"), NOW).await.unwrap().is_none(), "an earlier one");
    let link = store.find_challenge("c2", "registration", &hash("link"), NOW).await.unwrap().unwrap();
    assert_eq!(link.email.as_deref(), Some("new@example.test"));
    let taken = UserRecord { id: "other".into(), email: None, ..user("alice") };
    let refused = store.insert_new_account(&taken, Some(&link), Some("2026-01")).await;
    assert!(matches!(refused, Err(Error::Conflict("username"))));
    let made = at_once(10, |number| {
        let (store, link) = (store.clone(), link.clone());
        async move {
            let new = user(&format!("new{number}"));
            store.insert_new_account(&new, Some(&link), Some("2026-01")).await.unwrap().then_some(new.id)
        }
    })
    .await;
    let made: Vec<&String> = made.iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(store.accepted_terms(made[0]).await.unwrap().len(), 1);
    assert_eq!(store.list_users("", 100).await.unwrap().len(), 2);
    assert!(store.insert_new_account(&user("open"), None, None).await.unwrap());
    assert_eq!(store.accepted_terms("open").await.unwrap(), []);
}

pub async fn accepted_terms_keep_their_first_time(world: World) {
    let world = world.with_alice_and_app().await;
    world.store.accept_terms("alice", "2026-01", NOW).await.unwrap();
    world.store.accept_terms("alice", "2026-01", NOW + 1).await.unwrap();
    world.store.accept_terms("alice", "2026-09", NOW + 2).await.unwrap();
    let accepted = world.store.accepted_terms("alice").await.unwrap();
    assert_eq!(accepted, [("2026-01".to_owned(), NOW), ("2026-09".to_owned(), NOW + 2)]);
}
