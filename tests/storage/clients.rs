use portcullis::storage::*;

use crate::world::*;

pub async fn a_client_is_kept_changed_and_deleted_and_each_change_moves_the_version(world: World) {
    let store = world.store;
    let fresh = store.clients_version().await.unwrap();
    store.insert_client(&client("b")).await.unwrap();
    store.insert_client(&client("a")).await.unwrap();
    let ids: Vec<String> = store.list_clients().await.unwrap().into_iter().map(|client| client.client_id).collect();
    assert_eq!(ids, ["a", "b"]);
    let inserted = store.clients_version().await.unwrap();
    assert!(inserted > fresh);

    let mut changed = client("a");
    changed.metadata = "{}".into();
    changed.secret_hash = None;
    changed.secret_sealed = Some(vec![9]);
    changed.disabled_at = Some(NOW + 1);
    changed.updated_at = NOW + 1;
    assert!(store.update_client(&changed).await.unwrap());
    assert!(!store.update_client(&client("nobody")).await.unwrap());
    let found = store.find_client("a").await.unwrap().unwrap();
    assert_eq!((found.metadata.as_str(), found.secret_hash, found.secret_sealed), ("{}", None, Some(vec![9])));
    assert_eq!((found.disabled_at, found.created_at, found.updated_at), (Some(NOW + 1), NOW, NOW + 1));
    let updated = store.clients_version().await.unwrap();
    assert!(updated > inserted);

    assert!(store.delete_client("a").await.unwrap());
    assert!(!store.delete_client("a").await.unwrap());
    assert!(store.find_client("a").await.unwrap().is_none());
    assert!(store.clients_version().await.unwrap() > updated);
}

pub async fn a_client_id_is_given_once(world: World) {
    let store = world.store;
    let outcomes = at_once(10, |_| {
        let store = store.clone();
        async move { store.insert_client(&client("app")).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(Error::Conflict("client_id")))));
}

pub async fn deleting_a_client_deletes_what_hangs_on_it(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.save_consent(&consent("openid")).await.unwrap();
    store.insert_code(&code("c1")).await.unwrap();
    store.insert_family(&family("f1")).await.unwrap();
    store.insert_transaction(&transaction("t1")).await.unwrap();
    store.insert_device(&device("d1")).await.unwrap();
    assert!(store.delete_client("app").await.unwrap());
    assert!(store.find_consent("alice", "app").await.unwrap().is_none());
    assert!(store.find_code("c1", &hash("code")).await.unwrap().is_none());
    assert!(store.find_family("f1").await.unwrap().is_none());
    assert!(store.find_transaction("t1", &hash("cookie"), NOW).await.unwrap().is_none());
    assert!(store.find_device("d1", &hash("device code")).await.unwrap().is_none());
    assert!(store.find_user("alice").await.unwrap().is_some());
}
