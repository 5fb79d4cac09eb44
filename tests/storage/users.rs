use portcullis::storage::*;

use crate::world::*;

pub async fn a_user_is_found_by_id_user_name_and_email(world: World) {
    let store = world.store;
    let mut alice = user("alice");
    alice.email = Some("Alice.Ä@Example.test".into());
    alice.is_admin = true;
    alice.tokens_not_before = 7;
    alice.password_changed_at = Some(8);
    store.insert_user(&alice).await.unwrap();
    assert_eq!(store.find_user("alice").await.unwrap().unwrap().username, "alice");
    for login in ["alice", "alice.ä@example.test", "ALICE.Ä@example.TEST"] {
        let found = store.find_user_by_login(login).await.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{alice:?}"), "{login}");
    }
    for login in ["Alice", "alice.", "", "alice@example.test"] {
        assert!(store.find_user_by_login(login).await.unwrap().is_none(), "{login}");
    }
}

pub async fn nobodys_name_becomes_anothers_address_whoever_is_first(world: World) {
    let stores = [world.store.clone(), world.another().await];
    // Half of them want it as a name, half as an address.
    let outcomes = at_once(10, |number| {
        let store = stores[number % 2].clone();
        let mut wants = user(&format!("u{number}"));
        if number < 5 {
            wants.username = "bob@example.test".into();
        } else {
            wants.email = Some("Bob@example.test".into());
        }
        async move { store.insert_user(&wants).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for (number, outcome) in outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_err()) {
        let what = if number < 5 { "username" } else { "email" };
        assert!(matches!(outcome, Err(Error::Conflict(taken)) if *taken == what), "{number}: {outcome:?}");
    }
    let store = world.store;
    store.insert_user(&user("carol")).await.unwrap();
    store.insert_user(&UserRecord { username: "dan@example.test".into(), ..user("dan") }).await.unwrap();
    let crossed = store.set_email("carol", Some("Dan@example.test"), true, None, NOW).await;
    assert!(matches!(crossed, Err(Error::Conflict("email"))), "{crossed:?}");
    assert!(
        store.set_email("dan", Some("dan@example.test"), true, None, NOW).await.unwrap(),
        "one's own name may be one's address"
    );
}

pub async fn a_user_name_or_email_is_given_once(world: World) {
    let store = world.store;
    store.insert_user(&user("alice")).await.unwrap();
    let mut same_name = user("alice");
    (same_name.id, same_name.email) = ("other".into(), None);
    assert!(matches!(store.insert_user(&same_name).await, Err(Error::Conflict("username"))));
    let mut same_email = user("other");
    same_email.email = Some("ALICE@example.test".into());
    assert!(matches!(store.insert_user(&same_email).await, Err(Error::Conflict("email"))));
    for name in ["u1", "u2"] {
        let mut without_email = user(name);
        without_email.email = None;
        store.insert_user(&without_email).await.unwrap();
    }
    let taken = store.set_email("u1", Some("Alice@example.test"), true, None, NOW).await;
    assert!(matches!(taken, Err(Error::Conflict("email"))));
    assert!(store.find_user("u1").await.unwrap().unwrap().email.is_none());
}

pub async fn users_are_listed_in_pages_by_user_name(world: World) {
    let store = world.store;
    for name in ["d", "B", "a", "ä", "c"] {
        store.insert_user(&user(name)).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = store.list_users(&after, 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after.clone_from(&last.username);
        seen.extend(page.into_iter().map(|user| user.username));
    }
    assert_eq!(seen, ["B", "a", "c", "d", "ä"]);
}

pub async fn of_many_first_administrators_one_is_made(world: World) {
    assert!(world.store.any_admin().await.unwrap().is_none());
    let other = world.another().await;
    let made = at_once(20, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move {
            let mut admin = user(&format!("admin{number}"));
            admin.is_admin = true;
            store.insert_first_admin(&admin).await.unwrap()
        }
    })
    .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(world.store.list_users("", 100).await.unwrap().len(), 1);
    assert!(world.store.any_admin().await.unwrap().unwrap().is_admin);
}

pub async fn an_address_is_changed_and_nothing_else(world: World) {
    let store = world.store;
    store.insert_user(&user("alice")).await.unwrap();
    let before = store.find_user("alice").await.unwrap().unwrap();
    assert!(store.set_email("alice", Some("Alicia@example.test"), false, None, NOW + 5).await.unwrap());
    assert!(!store.set_email("nobody", None, false, None, NOW).await.unwrap());
    let void = Some(before.tokens_not_before + 1);
    let by_a_void_session = store.set_email("alice", Some("thief@example.test"), true, void, NOW).await.unwrap();
    assert!(!by_a_void_session);
    let found = store.find_user_by_login("alicia@example.test").await.unwrap().unwrap();
    assert!(store.find_user_by_login("alice@example.test").await.unwrap().is_none());
    assert_eq!((found.email.as_deref(), found.email_verified), (Some("Alicia@example.test"), false));
    assert_eq!((&found.username, &found.claims, found.is_admin), (&before.username, &before.claims, before.is_admin));
    assert_eq!((&found.password_hash, found.updated_at), (&before.password_hash, NOW + 5));
}

pub async fn a_password_hash_is_upgraded_only_from_the_one_that_was_read(world: World) {
    let store = world.store;
    store.insert_user(&user("alice")).await.unwrap();
    assert!(!store.upgrade_password_hash("alice", "hash 0", "hash 2").await.unwrap());
    assert!(store.upgrade_password_hash("alice", "hash 1", "hash 2").await.unwrap());
    let alice = store.find_user("alice").await.unwrap().unwrap();
    assert_eq!((alice.password_hash.as_deref(), alice.tokens_not_before), (Some("hash 2"), 0));
}

/// Everything that alice and `app` can have going on.
async fn alice_is_busy(world: World) -> World {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let mut offline = family("f2");
    offline.offline = true;
    store.insert_family(&family("f1")).await.unwrap();
    store.insert_family(&offline).await.unwrap();
    store.insert_code(&code("c1")).await.unwrap();
    store.insert_device(&device("d1")).await.unwrap();
    assert!(store.decide_device("d1", true, "alice", "s1", "{}", NOW).await.unwrap());
    world
}

async fn assert_nothing_of_alice_is_left(store: &Store, at: i64) {
    assert!(store.find_session("s1", &hash("cookie"), at, 0).await.unwrap().is_none());
    for id in ["f1", "f2"] {
        assert!(matches!(store.rotate_family(rotation(id, 1, at)).await.unwrap(), Rotation::Dead), "{id}");
        assert!(store.find_family(id).await.unwrap().unwrap().revoked_at.is_some());
    }
    assert!(matches!(store.consume_code("c1", &hash("code"), at).await.unwrap(), Consumed::Unknown));
    assert!(store.consume_device("d1", at, None).await.unwrap().is_none());
    // Besides the user what their tokens name: the session, and the family that outlives sessions.
    assert_eq!(revocations(store).await, ["user:alice", "session:s1", "family:f2"]);
    for revocation in store.revocations_after(0, 0).await.unwrap() {
        assert_eq!((revocation.not_before, revocation.expires_at), (NOW + 1, NOW + HOUR), "{}", revocation.key);
    }
}

pub async fn a_new_password_ends_everything_from_before(world: World) {
    let world = alice_is_busy(world).await;
    let store = &world.store;
    assert!(store.change_password("nobody", "hash 2", None, false, NOW + 1, NOW + HOUR).await.unwrap().is_none());
    assert!(store.change_password("alice", "hash 2", None, false, NOW + 1, NOW + HOUR).await.unwrap().is_some());
    assert_nothing_of_alice_is_left(store, NOW + 2).await;
    let alice = store.find_user("alice").await.unwrap().unwrap();
    assert_eq!((alice.password_hash.as_deref(), alice.password_changed_at), (Some("hash 2"), Some(NOW + 1)));
    assert_eq!(alice.tokens_not_before, NOW + 1);
    // The login with the new password, in the same millisecond.
    let mut next = session("s2", "alice");
    (next.auth_time, next.proved_at) = (NOW + 1, NOW + 1);
    assert!(store.insert_session(&next, NOW + 1).await.unwrap());
    assert!(store.find_session("s2", &hash("cookie"), NOW + 1, 0).await.unwrap().is_some());
}

pub async fn disabling_a_user_ends_everything_and_enabling_revives_nothing(world: World) {
    let world = alice_is_busy(world).await;
    let store = &world.store;
    assert!(!store.set_user_disabled("nobody", true, NOW + 1, NOW + HOUR).await.unwrap());
    assert!(store.set_user_disabled("alice", true, NOW + 1, NOW + HOUR).await.unwrap());
    assert_eq!(store.find_user("alice").await.unwrap().unwrap().disabled_at, Some(NOW + 1));
    assert_nothing_of_alice_is_left(store, NOW + 2).await;
    assert!(store.set_user_disabled("alice", false, NOW + 3, NOW + HOUR).await.unwrap());
    assert_eq!(store.find_user("alice").await.unwrap().unwrap().disabled_at, None);
    assert_nothing_of_alice_is_left(store, NOW + 4).await;
}
