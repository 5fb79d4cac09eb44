use portcullis::storage::*;

use crate::world::*;

fn login(id: &str) -> UpstreamLoginRecord {
    UpstreamLoginRecord {
        id: id.into(),
        secret_hash: hash("cookie"),
        upstream: "there".into(),
        transaction_id: Some("t1".into()),
        next: None,
        link_session_id: None,
        fresh_since: Some(NOW),
        expires_at: NOW + MINUTE,
    }
}

fn identity(issuer: &str, subject: &str, user_id: &str) -> UpstreamIdentityRecord {
    UpstreamIdentityRecord {
        issuer: issuer.into(),
        subject: subject.into(),
        user_id: user_id.into(),
        label: "alice@there.test".into(),
        created_at: NOW,
        last_used_at: NOW,
    }
}

pub async fn a_way_to_a_provider_is_taken_once_in_time_and_for_that_provider(world: World) {
    // S252
    let (store, other) = (world.store.clone(), world.another().await);
    store.insert_upstream_login(&login("l1")).await.unwrap();
    for (hashed, upstream, now) in [("other", "there", NOW), ("cookie", "twin", NOW), ("cookie", "there", NOW + MINUTE)]
    {
        assert!(store.consume_upstream_login("l1", &hash(hashed), upstream, now).await.unwrap().is_none());
    }
    let taken = at_once(20, |number| {
        let store = if number % 2 == 0 { store.clone() } else { other.clone() };
        async move { store.consume_upstream_login("l1", &hash("cookie"), "there", NOW).await.unwrap() }
    })
    .await;
    let taken: Vec<UpstreamLoginRecord> = taken.into_iter().flatten().collect();
    assert_eq!(taken, [login("l1")]);
    store.insert_upstream_login(&login("l2")).await.unwrap();
    assert_eq!(store.sweep(NOW + MINUTE, 100).await.unwrap(), 1);
}

pub async fn an_account_there_is_one_persons_here(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_user(&user("bob")).await.unwrap();
    assert!(store.insert_upstream_identity(&identity("i1", "s1", "alice"), 0).await.unwrap());
    for other in [identity("i1", "s1", "bob"), identity("i1", "s2", "alice"), identity("i1", "s1", "alice")] {
        assert!(!store.insert_upstream_identity(&other, 0).await.unwrap());
    }
    assert!(
        !store.insert_upstream_identity(&identity("i2", "s1", "bob"), 1).await.unwrap(),
        "by a session that is void"
    );
    assert!(store.insert_upstream_identity(&identity("i2", "s1", "bob"), 0).await.unwrap());
    assert_eq!(store.find_user_by_upstream("i1", "s1", NOW + 5).await.unwrap().unwrap().id, "alice");
    assert!(store.find_user_by_upstream("i1", "s2", NOW).await.unwrap().is_none());
    let listed = store.list_upstream_identities("alice").await.unwrap();
    assert_eq!((listed.len(), listed[0].last_used_at), (1, NOW + 5));
    // A new person with an account that is somebody's already: neither is made.
    let refused = store.insert_user_with_upstream(&user("carol"), &identity("i1", "s1", "carol")).await;
    assert!(matches!(refused, Err(Error::Conflict("upstream"))), "{refused:?}");
    assert!(store.find_user("carol").await.unwrap().is_none());
    store.insert_user_with_upstream(&user("carol"), &identity("i1", "s3", "carol")).await.unwrap();
    assert_eq!(store.find_user_by_upstream("i1", "s3", NOW).await.unwrap().unwrap().id, "carol");
}

pub async fn of_two_last_ways_in_that_are_taken_away_at_once_one_stays(world: World) {
    let store = &world.store;
    let mut without = user("alice");
    without.password_hash = None;
    store.insert_user_with_upstream(&without, &identity("i1", "s1", "alice")).await.unwrap();
    assert!(!store.delete_upstream_identity("alice", "i1", &all(), NOW).await.unwrap());
    assert!(store.insert_upstream_identity(&identity("i2", "s1", "alice"), 0).await.unwrap());
    let stores = [store.clone(), world.another().await];
    let gone = at_once(10, |number| {
        let store = stores[number % 2].clone();
        async move { store.delete_upstream_identity("alice", ["i1", "i2"][number % 2], &all(), NOW).await.unwrap() }
    })
    .await;
    assert_eq!(gone.iter().filter(|gone| **gone).count(), 1);
    assert_eq!(store.list_upstream_identities("alice").await.unwrap().len(), 1);
    // Whoever has a password may go without.
    store.insert_user(&user("bob")).await.unwrap();
    store.insert_upstream_identity(&identity("i1", "s9", "bob"), 0).await.unwrap();
    assert!(store.delete_upstream_identity("bob", "i1", &all(), NOW).await.unwrap());
}

pub async fn a_connection_that_was_taken_away_is_made_again_by_its_person_alone(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let (alices, bobs) = (identity("i1", "s1", "alice"), identity("i1", "s1", "bob"));
    store.insert_user(&user("bob")).await.unwrap();
    assert!(store.insert_upstream_identity_unless_parted(&alices).await.unwrap());
    assert!(!store.insert_upstream_identity_unless_parted(&alices).await.unwrap());
    assert!(store.delete_upstream_identity("alice", "i1", &all(), NOW).await.unwrap());
    assert!(!store.insert_upstream_identity_unless_parted(&alices).await.unwrap());
    assert!(store.list_upstream_identities("alice").await.unwrap().is_empty());
    // It is hers alone that is remembered.
    assert!(store.insert_upstream_identity_unless_parted(&bobs).await.unwrap());
    assert!(store.delete_upstream_identity("bob", "i1", &all(), NOW).await.unwrap());
    assert!(store.insert_upstream_identity(&alices, 0).await.unwrap());
    assert!(store.delete_upstream_identity("alice", "i1", &all(), NOW).await.unwrap());
    assert!(!store.insert_upstream_identity_unless_parted(&alices).await.unwrap());
}

pub async fn a_session_is_found_by_what_it_stands_on_as_long_as_it_lasts(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let tie = |issuer: &str, subject: &str, sid: Option<&str>| UpstreamSessionRecord {
        session_id: "s1".into(),
        issuer: issuer.into(),
        subject: subject.into(),
        sid: sid.map(str::to_owned),
        user_id: "alice".into(),
        expires_at: NOW + MINUTE,
    };
    let found = async |issuer, subject, sid| store.list_upstream_sessions(issuer, subject, sid).await.unwrap().len();
    let first = [tie("i1", "a", Some("x")), tie("i2", "b", None)];
    store.tie_upstream_sessions("s1", NOW + MINUTE, &first).await.unwrap();
    assert_eq!(store.list_upstream_sessions("i1", Some("a"), None).await.unwrap(), first[..1]);
    assert_eq!((found("i1", Some("a"), Some("x")).await, found("i1", None, Some("x")).await), (1, 1));
    assert_eq!((found("i1", Some("b"), Some("x")).await, found("i1", Some("a"), Some("y")).await), (0, 0));
    assert_eq!((found("i2", None, Some("x")).await, found("i1", None, None).await), (0, 0));
    // Proved anew: by another session there, and both are known for as long as the session lasts now.
    store.tie_upstream_sessions("s1", NOW + 2 * MINUTE, &[tie("i1", "a", Some("y"))]).await.unwrap();
    assert_eq!((found("i1", None, Some("x")).await, found("i1", None, Some("y")).await), (0, 1));
    assert_eq!(store.sweep(NOW + MINUTE, 100).await.unwrap(), 0);
    assert_eq!(found("i2", Some("b"), None).await, 1);
    assert_eq!(store.sweep(NOW + 2 * MINUTE, 100).await.unwrap(), 2);
    assert_eq!(found("i2", Some("b"), None).await, 0);
}

pub async fn what_was_done_is_remembered_until_it_would_be_too_old(world: World) {
    let store = &world.store;
    assert!(!store.is_remembered(b"k", NOW).await.unwrap());
    assert!(store.remember_once(b"k", NOW + MINUTE, NOW).await.unwrap());
    assert!(store.is_remembered(b"k", NOW).await.unwrap());
    assert!(!store.is_remembered(b"k", NOW + MINUTE).await.unwrap());
}
