use portcullis::storage::*;

use crate::world::*;

fn passkey(id: &str, user_id: &str) -> PasskeyRecord {
    PasskeyRecord {
        id: id.to_owned(),
        user_id: user_id.to_owned(),
        credential_id: format!("credential of {id}").into_bytes(),
        credential: "{}".to_owned(),
        name: "Telephone".to_owned(),
        sign_count: 0,
        user_verified: false,
        backup_eligible: true,
        backed_up: false,
        created_at: NOW,
        last_used_at: None,
    }
}

pub async fn a_credential_belongs_to_one_account(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_user(&user("bob")).await.unwrap();
    store.insert_passkey(&passkey("p1", "alice"), 0).await.unwrap();
    let mut same = passkey("p2", "bob");
    same.credential_id = passkey("p1", "alice").credential_id;
    assert!(matches!(store.insert_passkey(&same, 0).await, Err(Error::Conflict("passkey"))));
    let found = store.find_passkey(&same.credential_id).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", passkey("p1", "alice")));
    // Nobody changes another's.
    assert!(!store.rename_passkey("p1", "bob", "Mine").await.unwrap());
    assert!(store.delete_passkey("p1", "bob", &all()).await.unwrap().is_none());
    assert!(store.rename_passkey("p1", "alice", "Key").await.unwrap());
    assert_eq!(store.list_passkeys("alice").await.unwrap()[0].name, "Key");
    assert!(store.list_passkeys("bob").await.unwrap().is_empty());
    assert_eq!(store.delete_passkey("p1", "alice", &all()).await.unwrap().unwrap().name, "Key");
    assert!(store.find_passkey(&same.credential_id).await.unwrap().is_none());
}

pub async fn a_use_is_noted_when_the_counter_has_grown_or_there_is_none(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_passkey(&passkey("p1", "alice"), 0).await.unwrap();
    let at = async || store.list_passkeys("alice").await.unwrap().remove(0);
    for _ in 0..2 {
        assert!(store.note_passkey_use("p1", 0, true, false, NOW + 1).await.unwrap());
    }
    assert!(at().await.backed_up && !at().await.user_verified);
    let uses = at_once(10, |_| {
        let store = store.clone();
        async move { store.note_passkey_use("p1", 5, false, true, NOW + 2).await.unwrap() }
    })
    .await;
    assert_eq!(uses.into_iter().filter(|noted| *noted).count(), 1);
    for stale in [0, 4, 5] {
        assert!(!store.note_passkey_use("p1", stale, true, false, NOW + 3).await.unwrap(), "{stale}");
    }
    assert!(store.note_passkey_use("p1", 6, false, false, NOW + 4).await.unwrap());
    let passkey = at().await;
    assert!(passkey.user_verified && !passkey.backed_up, "verification once known stays known");
    assert_eq!((passkey.sign_count, passkey.last_used_at), (6, Some(NOW + 4)));
}

pub async fn a_challenge_is_answered_once_in_time_and_by_its_browser(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let challenge = |id: &str| PasskeyChallengeRecord {
        id: id.to_owned(),
        browser_hash: hash("browser"),
        purpose: "sign_in".to_owned(),
        user_id: Some("alice".to_owned()),
        state: "{}".to_owned(),
        expires_at: NOW + 5 * MINUTE,
    };
    for id in ["c1", "c2"] {
        store.insert_passkey_challenge(&challenge(id)).await.unwrap();
    }
    let take = async |browser: &str, purpose: &str, now| {
        store.consume_passkey_challenge("c1", &hash(browser), purpose, now).await.unwrap()
    };
    assert!(take("another browser", "sign_in", NOW).await.is_none());
    assert!(take("browser", "registration", NOW).await.is_none());
    assert!(take("browser", "sign_in", NOW + 5 * MINUTE).await.is_none());
    let taken = at_once(10, |_| {
        let store = store.clone();
        async move { store.consume_passkey_challenge("c1", &hash("browser"), "sign_in", NOW).await.unwrap() }
    })
    .await;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    assert_eq!(format!("{:?}", taken[0]), format!("{:?}", challenge("c1")));
    assert_eq!(store.sweep(NOW + 5 * MINUTE, 100).await.unwrap(), 1);
}

pub async fn a_passkey_is_offered_once_in_a_while(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let offers = at_once(10, |_| {
        let store = store.clone();
        async move { store.note_passkey_offer("alice", NOW, NOW - HOUR).await.unwrap() }
    })
    .await;
    assert_eq!(offers.into_iter().filter(|noted| *noted).count(), 1);
    assert!(!store.note_passkey_offer("alice", NOW + HOUR - 1, NOW - 1).await.unwrap());
    assert!(store.note_passkey_offer("alice", NOW + HOUR, NOW).await.unwrap());
}

pub async fn neither_a_passkey_nor_an_app_is_added_by_a_session_that_is_void(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let enrolment = TotpEnrolmentRecord {
        id: "e1".into(),
        user_id: "alice".into(),
        session_id: "s1".into(),
        secret_sealed: vec![1],
        created_at: NOW,
        expires_at: LATER,
    };
    store.begin_totp_enrolment(&enrolment).await.unwrap();
    assert!(!store.insert_passkey(&passkey("p1", "alice"), 1).await.unwrap());
    assert!(!store.confirm_totp_enrolment(&enrolment, 7, 1, NOW).await.unwrap());
    assert!(store.list_passkeys("alice").await.unwrap().is_empty());
    assert_eq!(store.factor_counts("alice").await.unwrap().totp, 0);
    assert!(store.insert_passkey(&passkey("p1", "alice"), 0).await.unwrap());
    assert!(store.confirm_totp_enrolment(&enrolment, 7, 0, NOW).await.unwrap());
    assert_eq!(store.list_passkeys("alice").await.unwrap().len(), 1);
    assert_eq!(store.factor_counts("alice").await.unwrap().totp, 1);
}

pub async fn the_last_way_in_stays_unless_another_provider_remains(world: World) {
    let store = &world.store;
    let mut without = user("alice");
    without.password_hash = None;
    store.insert_user(&without).await.unwrap();
    let alone = PasskeyRecord { user_verified: true, ..passkey("p1", "alice") };
    store.insert_passkey(&alone, 0).await.unwrap();
    store.insert_passkey(&passkey("p2", "alice"), 0).await.unwrap();
    assert!(
        store.delete_passkey("p1", "alice", &all()).await.unwrap().is_none(),
        "the other one does not sign in alone"
    );
    assert!(store.delete_passkey("p2", "alice", &all()).await.unwrap().is_some());
    assert!(store.delete_passkey("p1", "alice", &all()).await.unwrap().is_none());
    let connected = UpstreamIdentityRecord {
        issuer: "i1".to_owned(),
        subject: "s1".to_owned(),
        user_id: "alice".to_owned(),
        label: "Alice".to_owned(),
        created_at: NOW,
        last_used_at: NOW,
    };
    assert!(store.insert_upstream_identity(&connected, 0).await.unwrap());
    let without = WaysIn { issuers: vec!["i2".into()], ..all() };
    assert!(store.delete_passkey("p1", "alice", &without).await.unwrap().is_none(), "that provider is off");
    let without = WaysIn { passkeys: false, ..all() };
    assert!(!store.delete_upstream_identity("alice", "i1", &without, NOW).await.unwrap(), "passkeys are off");
    assert!(store.delete_passkey("p1", "alice", &all()).await.unwrap().is_some());
    // Somebody who has lost them all begins anew with the password alone.
    store.insert_passkey(&passkey("p3", "alice"), 0).await.unwrap();
    store.delete_factors("alice").await.unwrap();
    assert!(store.list_passkeys("alice").await.unwrap().is_empty());
}
