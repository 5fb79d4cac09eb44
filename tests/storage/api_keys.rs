use portcullis::storage::*;

use crate::world::*;

/// alice's key, live for an hour.
fn api_key(id: &str) -> ApiKeyRecord {
    ApiKeyRecord {
        id: id.into(),
        secret_hash: hash("key"),
        prefix: "pc_live_abcd".into(),
        name: "report".into(),
        scope: "email".into(),
        user_id: Some("alice".into()),
        client_id: None,
        created_at: NOW,
        expires_at: NOW + HOUR,
        last_used_at: None,
        revoked_at: None,
    }
}

pub async fn an_api_key_is_found_by_its_secret_while_it_and_its_owner_live(world: World) {
    let world = world.with_alice_and_app().await;
    let store = world.store;
    let key = api_key("k1");
    assert!(store.insert_api_key(&key, None, 5).await.unwrap());
    let found = store.find_live_api_key("k1", &hash("key"), NOW).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{key:?}"));
    assert!(store.find_live_api_key("k1", &hash("other"), NOW).await.unwrap().is_none());
    assert!(store.find_live_api_key("k1", &hash("key"), NOW + HOUR).await.unwrap().is_none());
    store.set_user_disabled("alice", true, NOW, LATER).await.unwrap();
    assert!(store.find_live_api_key("k1", &hash("key"), NOW).await.unwrap().is_none());
    let of_app = ApiKeyRecord { user_id: None, client_id: Some("app".into()), ..api_key("k2") };
    assert!(store.insert_api_key(&of_app, None, 5).await.unwrap());
    assert!(store.find_live_api_key("k2", &hash("key"), NOW).await.unwrap().is_some());
    let ownerless = ApiKeyRecord { user_id: None, ..api_key("k3") };
    assert!(store.insert_api_key(&ownerless, None, 5).await.is_err());
    store.delete_client("app").await.unwrap();
    assert!(store.list_api_keys_of_client("app").await.unwrap().is_empty());
}

pub async fn an_owner_has_so_many_live_api_keys_and_no_more(world: World) {
    let world = world.with_alice_and_app().await;
    let store = world.store;
    assert!(store.insert_api_key(&api_key("k1"), None, 2).await.unwrap());
    assert!(store.insert_api_key(&api_key("k2"), None, 2).await.unwrap());
    assert!(!store.insert_api_key(&api_key("k3"), None, 2).await.unwrap());
    let later = ApiKeyRecord { created_at: NOW + HOUR, expires_at: NOW + 2 * HOUR, ..api_key("k3") };
    assert!(store.insert_api_key(&later, None, 2).await.unwrap(), "the first two have expired by then");
    let made = at_once(10, |number| {
        let store = store.clone();
        let (id, prefix) = (format!("a{number}"), "pc_live_efgh".into());
        let key = ApiKeyRecord { user_id: None, client_id: Some("app".into()), prefix, ..api_key(&id) };
        async move { store.insert_api_key(&key, None, 3).await.unwrap() }
    })
    .await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 3, "of those made at once too");
    let listed: Vec<String> = store.list_api_keys_of_user("alice").await.unwrap().into_iter().map(|k| k.id).collect();
    assert_eq!(listed, ["k3", "k1", "k2"]);
    assert_eq!(store.list_api_keys("k1", 1).await.unwrap()[0].id, "k2");
    assert_eq!(store.find_api_keys_by_prefix("pc_live_abcd").await.unwrap().len(), 3);
}

pub async fn an_api_key_is_revoked_once_by_its_owner_and_that_is_on_record(world: World) {
    let world = world.with_alice_and_app().await;
    let store = world.store;
    store.insert_api_key(&api_key("k1"), None, 5).await.unwrap();
    assert!(store.revoke_api_key("k1", Some("bob"), NOW, LATER).await.unwrap().is_none());
    assert!(store.find_live_api_key("k1", &hash("key"), NOW).await.unwrap().is_some());
    assert_eq!(revocations(&store).await, [] as [String; 0]);
    let revoked = store.revoke_api_key("k1", Some("alice"), NOW, LATER).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(NOW));
    assert!(store.revoke_api_key("k1", None, NOW + 1, LATER).await.unwrap().is_none());
    assert!(store.find_live_api_key("k1", &hash("key"), NOW).await.unwrap().is_none());
    assert!(store.list_api_keys_of_user("alice").await.unwrap().is_empty());
    assert_eq!(revocations(&store).await, ["family:k1"]);
}

pub async fn all_live_api_keys_of_a_person_end_with_what_else_they_had_if_they_wish_so(world: World) {
    let world = world.with_alice_and_app().await;
    let store = world.store;
    let of_app = ApiKeyRecord { user_id: None, client_id: Some("app".into()), ..api_key("k4") };
    let expired = ApiKeyRecord { expires_at: NOW + 1, ..api_key("k3") };
    for key in [api_key("k1"), api_key("k2"), expired, of_app] {
        assert!(store.insert_api_key(&key, None, 5).await.unwrap());
    }
    let mut revoked = store.sign_out_everywhere("alice", true, NOW + 1, LATER).await.unwrap();
    revoked.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(revoked.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["k1", "k2"]);
    let late = ApiKeyRecord { created_at: NOW + 2, ..api_key("k5") };
    let by_one_from_before = store.insert_api_key(&late, Some(0), 5).await;
    assert!(matches!(by_one_from_before, Err(Error::Conflict("owner"))), "{by_one_from_before:?}");
    assert!(store.insert_api_key(&late, Some(NOW + 1), 5).await.unwrap());
    let ended = store.change_password("alice", "hash 2", Some(NOW + 1), true, NOW + 3, LATER).await.unwrap().unwrap();
    assert_eq!(ended.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["k5"]);
    assert!(store.change_password("alice", "hash 3", Some(NOW + 1), true, NOW + 4, LATER).await.unwrap().is_none());
    assert_eq!(store.find_user("alice").await.unwrap().unwrap().password_hash.as_deref(), Some("hash 2"));
    assert!(store.find_live_api_key("k4", &hash("key"), NOW + 1).await.unwrap().is_some(), "a service's goes on");
    for key in ["family:k1", "family:k2", "family:k5"] {
        assert!(revocations(&store).await.iter().any(|recorded| recorded == key), "{key}");
    }
}

pub async fn uses_of_api_keys_move_forward_only(world: World) {
    let world = world.with_alice_and_app().await;
    let store = world.store;
    store.insert_api_key(&api_key("k1"), None, 5).await.unwrap();
    for (used_at, expected) in [(NOW + 5, NOW + 5), (NOW + 3, NOW + 5), (NOW + 9, NOW + 9)] {
        store.touch_api_keys(&[("k1".into(), used_at), ("gone".into(), used_at)]).await.unwrap();
        let key = store.find_live_api_key("k1", &hash("key"), NOW).await.unwrap().unwrap();
        assert_eq!(key.last_used_at, Some(expected));
    }
    // Expired keys stay listed for a month, then they go.
    let month = 30 * 24 * HOUR;
    store.sweep(NOW + HOUR + month - 1, 100).await.unwrap();
    assert_eq!(store.list_api_keys_of_user("alice").await.unwrap().len(), 1);
    store.sweep(NOW + HOUR + month, 100).await.unwrap();
    assert!(store.list_api_keys_of_user("alice").await.unwrap().is_empty());
}
