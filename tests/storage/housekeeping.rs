use portcullis::storage::*;

use crate::world::*;

pub async fn something_is_remembered_once_until_it_expires(world: World) {
    let other = world.another().await;
    let firsts = at_once(50, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.remember_once(b"jti", NOW + 5, NOW).await.unwrap() }
    })
    .await;
    assert_eq!(firsts.iter().filter(|first| **first).count(), 1);
    assert!(world.store.remember_once(b"another", NOW + 5, NOW).await.unwrap());
    assert!(!world.store.remember_once(b"jti", NOW + 9, NOW + 4).await.unwrap());
    assert!(world.store.remember_once(b"jti", NOW + 9, NOW + 5).await.unwrap());
}

pub async fn a_setup_link_is_used_once(world: World) {
    let store = world.store;
    let link = SetupLinkRecord {
        id: "l1".into(),
        secret_hash: hash("link"),
        user_id: None,
        created_at: NOW,
        expires_at: NOW + HOUR,
        consumed_at: None,
    };
    store.insert_setup_link(&link).await.unwrap();
    let found = store.find_setup_link("l1", &hash("link"), NOW).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{link:?}"));
    assert!(store.find_setup_link("l1", &hash("other"), NOW).await.unwrap().is_none());
    assert!(store.find_setup_link("l1", &hash("link"), NOW + HOUR).await.unwrap().is_none());
    assert!(store.consume_setup_link("l1", &hash("link"), NOW + HOUR).await.unwrap().is_none());
    let uses = at_once(20, |_| {
        let store = store.clone();
        async move { store.consume_setup_link("l1", &hash("link"), NOW + 1).await.unwrap() }
    })
    .await;
    assert_eq!(uses.iter().filter(|used| used.is_some()).count(), 1);
    assert!(store.find_setup_link("l1", &hash("link"), NOW + 1).await.unwrap().is_none());
}

pub async fn a_lease_has_one_holder_until_it_ends(world: World) {
    let store = world.store;
    let holders = at_once(10, |number| {
        let store = store.clone();
        async move { store.hold_lease("sweep", &format!("holder {number}"), NOW, NOW + 5).await.unwrap() }
    })
    .await;
    let holder = format!("holder {}", holders.iter().position(|held| *held).unwrap());
    assert_eq!(holders.iter().filter(|held| **held).count(), 1);
    assert!(store.hold_lease("sweep", &holder, NOW + 4, NOW + 9).await.unwrap());
    assert!(!store.hold_lease("sweep", "another", NOW + 8, NOW + 20).await.unwrap());
    assert!(store.hold_lease("other", "another", NOW + 8, NOW + 20).await.unwrap());
    assert!(store.hold_lease("sweep", "another", NOW + 9, NOW + 20).await.unwrap());
    assert!(!store.hold_lease("sweep", &holder, NOW + 10, NOW + 20).await.unwrap());
}

pub async fn sweeping_removes_what_has_expired_in_small_steps(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_setup_link(&setup_link("expired", NOW + 5)).await.unwrap();
    for number in 0..7 {
        let id = format!("{number}");
        // Two of the seven are not over yet.
        let end = if number < 5 { NOW + 5 } else { LATER };
        store.insert_session(&SessionRecord { expires_at: end, ..session(&id, "alice") }, 0).await.unwrap();
        store.insert_transaction(&TransactionRecord { expires_at: end, ..transaction(&id) }).await.unwrap();
        store.insert_family(&FamilyRecord { expires_at: end, ..family(&id) }).await.unwrap();
        let token = AccessTokenRecord { id: id.clone(), secret_hash: hash(""), claims: "{}".into(), expires_at: end };
        store.insert_access_token(&token).await.unwrap();
        store.insert_revocation("jti", &id, NOW, end).await.unwrap();
        store.remember_once(id.as_bytes(), end, NOW).await.unwrap();
        store.hold_lease(&id, "holder", NOW, end).await.unwrap();
    }
    let keys = [ThrottleKey { key: "k".into(), free: 0, base_ms: 1, cap_ms: 1, is_rate: false }];
    store.reserve_attempt(&keys, NOW - 10, NOW - 20).await.unwrap().unwrap();

    let now = NOW + 5;
    // Seven kinds with five expired rows each, one throttle (unless Redis counts) and one setup link.
    let throttles = u64::from(world.redis.is_none());
    assert_eq!(store.sweep(now, 2).await.unwrap(), 7 * 2 + 1 + throttles);
    assert_eq!(store.sweep(now, 2).await.unwrap(), 7 * 2);
    assert_eq!(store.sweep(now, 2).await.unwrap(), 7);
    assert_eq!(store.sweep(now, 2).await.unwrap(), 0);
    assert_eq!(store.count_live_sessions(NOW).await.unwrap(), 3);
    assert!(store.find_family("4").await.unwrap().is_none());
    assert!(store.find_family("5").await.unwrap().is_some());
    assert!(store.find_transaction("5", &hash("cookie"), now).await.unwrap().is_some());
    assert!(store.find_access_token("6", &hash(""), now).await.unwrap().is_some());
    assert_eq!(revocations(store).await, ["jti:5", "jti:6"]);
    assert!(!store.remember_once(b"6", LATER, now).await.unwrap());
}

fn setup_link(id: &str, expires_at: i64) -> SetupLinkRecord {
    SetupLinkRecord {
        id: id.into(),
        secret_hash: hash(id),
        user_id: Some("alice".into()),
        created_at: NOW,
        expires_at,
        consumed_at: None,
    }
}

pub async fn a_consumed_code_is_remembered_for_a_while_after_it_expired(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_code(&code("c1")).await.unwrap();
    store.consume_code("c1", &hash("code"), NOW).await.unwrap();
    store.insert_device(&device("d1")).await.unwrap();
    store.sweep(NOW + MINUTE + 10 * MINUTE, 100).await.unwrap();
    let replay = store.consume_code("c1", &hash("code"), NOW + 11 * MINUTE).await.unwrap();
    assert!(matches!(replay, Consumed::Replayed(_)));
    assert_eq!(store.sweep(NOW + HOUR, 100).await.unwrap(), 2);
    let forgotten = store.consume_code("c1", &hash("code"), NOW + HOUR).await.unwrap();
    assert!(matches!(forgotten, Consumed::Unknown));
}

pub async fn audit_events_are_listed_newest_first(world: World) {
    let store = world.store;
    for (id, at, event) in [("1", NOW, "login_failed"), ("3", NOW + 1, "logout"), ("2", NOW + 1, "login_failed")] {
        store.audit(audit_event(id, at, event));
    }
    let ids = |events: Vec<AuditRecord>| events.into_iter().map(|event| event.id).collect::<Vec<_>>();
    let all = store.list_audit_events(None, 10).await.unwrap();
    assert_eq!(format!("{:?}", all[2]), format!("{:?}", audit_event("1", NOW, "login_failed")));
    assert_eq!(ids(all), ["3", "2", "1"]);
    assert_eq!(ids(store.list_audit_events(Some("login_failed"), 10).await.unwrap()), ["2", "1"]);
    assert_eq!(ids(store.list_audit_events(None, 1).await.unwrap()), ["3"]);
}

pub async fn audit_events_go_when_they_are_old_in_small_steps(world: World) {
    let store = world.store;
    for id in ["1", "2", "3", "4"] {
        store.audit(audit_event(id, NOW + id.parse::<i64>().unwrap(), "login_succeeded"));
    }
    assert_eq!(store.list_audit_events(None, 10).await.unwrap().len(), 4);
    assert_eq!(store.sweep_audit_events(NOW + 4, 2).await.unwrap(), 2);
    assert_eq!(store.sweep_audit_events(NOW + 4, 2).await.unwrap(), 1);
    assert_eq!(store.sweep_audit_events(NOW + 4, 2).await.unwrap(), 0);
    let left: Vec<String> =
        store.list_audit_events(None, 10).await.unwrap().into_iter().map(|event| event.id).collect();
    assert_eq!(left, ["4"]);
}

pub async fn audit_events_are_kept_when_the_store_closes(world: World) {
    for number in 0..600 {
        world.store.audit(audit_event(&format!("{number:03}"), NOW + number, "token_issued"));
    }
    world.store.close().await;
    let reopened = world.another().await;
    assert_eq!(reopened.list_audit_events(None, 1000).await.unwrap().len(), 600);
    assert_eq!(world.store.dropped_audit_events(), 0);
}

pub async fn the_store_answers_a_ping_until_it_is_closed(world: World) {
    world.store.ping().await.unwrap();
    world.store.close().await;
    assert!(matches!(world.store.ping().await, Err(Error::Unavailable(_))));
    assert!(matches!(world.store.clients_version().await, Err(Error::Unavailable(_))));
    world.store.close().await;
}
