use portcullis::storage::*;

use crate::world::*;

async fn with_device(world: World) -> World {
    let world = world.with_alice_and_app().await;
    world.store.insert_device(&device("d1")).await.unwrap();
    world
}

pub async fn a_device_is_found_by_its_code_and_while_pending_by_the_users_code(world: World) {
    let world = with_device(world).await;
    let store = &world.store;
    let found = store.find_device("d1", &hash("device code")).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", device("d1")));
    assert!(store.find_device("d1", &hash("other")).await.unwrap().is_none());
    assert_eq!(store.find_device_by_user_code(&hash("code-d1"), NOW).await.unwrap().unwrap().id, "d1");
    assert!(store.find_device_by_user_code(&hash("code-d2"), NOW).await.unwrap().is_none());
    assert!(store.find_device_by_user_code(&hash("code-d1"), NOW + 10 * MINUTE).await.unwrap().is_none());
    assert!(store.decide_device("d1", false, "alice", "s1", "{}", NOW).await.unwrap());
    assert!(store.find_device_by_user_code(&hash("code-d1"), NOW).await.unwrap().is_none());
    assert_eq!(store.find_device("d1", &hash("device code")).await.unwrap().unwrap().status, "denied");
}

pub async fn a_user_code_is_given_once_while_it_lives(world: World) {
    let world = with_device(world).await;
    let store = &world.store;
    let mut same = device("d2");
    same.user_code_hash = hash("code-d1");
    assert!(matches!(store.insert_device(&same).await, Err(Error::Conflict("user_code"))));
    (same.created_at, same.expires_at) = (NOW + 10 * MINUTE, NOW + 20 * MINUTE);
    store.insert_device(&same).await.unwrap();
    assert_eq!(store.find_device_by_user_code(&hash("code-d1"), same.created_at).await.unwrap().unwrap().id, "d2");
}

pub async fn a_device_is_decided_once(world: World) {
    let world = with_device(world).await;
    let store = &world.store;
    assert!(!store.decide_device("d1", true, "alice", "s1", "{}", NOW + 10 * MINUTE).await.unwrap());
    let decisions = at_once(10, |number| {
        let store = store.clone();
        async move { store.decide_device("d1", number % 2 == 0, "alice", "s1", r#"{"a":1}"#, NOW).await.unwrap() }
    })
    .await;
    let winner = decisions.iter().position(|decided| *decided).unwrap();
    assert_eq!(decisions.iter().filter(|decided| **decided).count(), 1);
    let found = store.find_device("d1", &hash("device code")).await.unwrap().unwrap();
    assert_eq!(found.status, if winner % 2 == 0 { "approved" } else { "denied" });
    assert_eq!((found.user_id.as_deref(), found.session_id.as_deref()), (Some("alice"), Some("s1")));
    assert_eq!(found.details, r#"{"a":1}"#);
}

pub async fn an_approved_device_is_consumed_once_and_begins_its_family(world: World) {
    let world = with_device(world).await;
    assert!(world.store.consume_device("d1", NOW, Some(&family("f-d1"))).await.unwrap().is_none());
    assert!(world.store.decide_device("d1", true, "alice", "s1", "{}", NOW).await.unwrap());
    let other = world.another().await;
    let consumptions = at_once(20, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.consume_device("d1", NOW + 1, Some(&family("f-d1"))).await.unwrap() }
    })
    .await;
    let consumed: Vec<DeviceRecord> = consumptions.into_iter().flatten().collect();
    assert_eq!(consumed.len(), 1);
    assert_eq!((consumed[0].status.as_str(), consumed[0].user_id.as_deref()), ("consumed", Some("alice")));
    assert!(world.store.find_family("f-d1").await.unwrap().is_some());
}

pub async fn a_device_is_not_consumed_when_what_it_stands_on_has_ended(world: World) {
    let world = with_device(world).await;
    let store = &world.store;
    assert!(store.decide_device("d1", true, "alice", "s1", "{}", NOW).await.unwrap());
    assert!(store.consume_device("d1", NOW + 10 * MINUTE, None).await.unwrap().is_none());
    store.end_session("s1", NOW + 1, LATER).await.unwrap();
    assert!(store.consume_device("d1", NOW + 1, Some(&family("f-d1"))).await.unwrap().is_none());

    store.insert_session(&session("s2", "alice"), 0).await.unwrap();
    store.insert_device(&device("d2")).await.unwrap();
    assert!(store.decide_device("d2", true, "alice", "s2", "{}", NOW).await.unwrap());
    store.revoke_family("f-d2", "code_replay", NOW, LATER).await.unwrap();
    assert!(store.consume_device("d2", NOW + 1, None).await.unwrap().is_none());
    assert_eq!(store.find_device("d2", &hash("device code")).await.unwrap().unwrap().status, "approved");
    assert!(store.find_family("f-d1").await.unwrap().is_none());
}

pub async fn what_was_let_in_after_signing_out_everywhere_is_consumed_however_old_its_request(world: World) {
    let world = with_device(world).await;
    let store = &world.store;
    store.sign_out_everywhere("alice", false, NOW + 5, LATER).await.unwrap();
    let again = SessionRecord { auth_time: NOW + 5, proved_at: NOW + 5, ..session("s3", "alice") };
    assert!(store.insert_session(&again, NOW + 5).await.unwrap());
    assert!(store.decide_device("d1", true, "alice", "s3", "{}", NOW + 6).await.unwrap());
    let consumed = store.consume_device("d1", NOW + 7, None).await.unwrap().unwrap();
    assert_eq!(consumed.decided_at, Some(NOW + 6));
}

pub async fn slowing_down_adds_up(world: World) {
    let world = with_device(world).await;
    let store = &world.store;
    at_once(4, |_| {
        let store = store.clone();
        async move { store.slow_device_down("d1", 5).await.unwrap() }
    })
    .await;
    assert_eq!(store.find_device("d1", &hash("device code")).await.unwrap().unwrap().interval_seconds, 25);
}
