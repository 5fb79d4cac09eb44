use portcullis::storage::*;

use crate::world::*;

fn registration(client_id: &str) -> ClientRegistrationRecord {
    ClientRegistrationRecord {
        client_id: client_id.into(),
        token_hash: Some(hash("rat")),
        address: "192.0.2.1".into(),
        created_at: NOW,
        last_used_at: None,
        expires_at: NOW + 1000,
    }
}

fn token(uses_left: i64) -> InitialAccessTokenRecord {
    InitialAccessTokenRecord {
        id: "iat".into(),
        secret_hash: hash("iat"),
        note: "portal".into(),
        uses_left,
        created_at: NOW,
        expires_at: NOW + 1000,
    }
}

pub async fn an_initial_access_token_lets_in_as_many_at_once_as_it_has_uses(world: World) {
    let store = world.store;
    store.insert_initial_access_token(&token(3)).await.unwrap();
    let outcomes = at_once(10, |number| {
        let store = store.clone();
        async move {
            let client_id = format!("app{number}");
            store.register_client(&client(&client_id), &registration(&client_id), Some(&token(3)), NOW).await
        }
    })
    .await;
    assert_eq!(outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count(), 3);
    assert_eq!(store.list_clients().await.unwrap().len(), 3, "the others left nothing behind");
    assert!(store.find_initial_access_token("iat", &hash("iat"), NOW).await.unwrap().is_none());
    assert_eq!(store.list_initial_access_tokens().await.unwrap().first().unwrap().uses_left, 0);
}

pub async fn an_initial_access_token_is_found_by_its_secret_until_it_expires_or_is_revoked(world: World) {
    let store = world.store;
    store.insert_initial_access_token(&token(1)).await.unwrap();
    assert!(store.find_initial_access_token("iat", &hash("iat"), NOW).await.unwrap().is_some());
    assert!(store.find_initial_access_token("iat", &hash("other"), NOW).await.unwrap().is_none());
    assert!(store.find_initial_access_token("iat", &hash("iat"), NOW + 1000).await.unwrap().is_none());
    let late = store.register_client(&client("app"), &registration("app"), Some(&token(1)), NOW + 1000).await;
    assert!(!late.unwrap());
    assert!(store.find_client("app").await.unwrap().is_none());
    // A client_id that is taken takes no use.
    store.insert_client(&client("taken")).await.unwrap();
    let taken = store.register_client(&client("taken"), &registration("taken"), Some(&token(1)), NOW).await;
    assert!(matches!(taken, Err(Error::Conflict("client_id"))));
    assert!(store.find_initial_access_token("iat", &hash("iat"), NOW).await.unwrap().is_some());
    assert!(store.delete_initial_access_token("iat").await.unwrap());
    assert!(!store.delete_initial_access_token("iat").await.unwrap());
}

pub async fn a_registration_changes_only_by_its_token_of_now(world: World) {
    let store = world.store;
    assert!(store.register_client(&client("app"), &registration("app"), None, NOW).await.unwrap());
    let mut changed = client("app");
    changed.metadata = "{}".into();
    let outcomes = at_once(8, |number| {
        let (store, changed) = (store.clone(), changed.clone());
        async move { store.replace_registered_client(&changed, &hash("rat"), &hash(&format!("rat{number}"))).await }
    })
    .await;
    assert_eq!(outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count(), 1);
    assert_eq!(store.find_client("app").await.unwrap().unwrap().metadata, "{}");
    assert!(store.delete_client("app").await.unwrap());
    assert!(store.find_client_registration("app").await.unwrap().is_none(), "it goes with its client");
}

pub async fn a_client_that_is_not_used_goes_and_one_that_is_used_stays(world: World) {
    let store = world.store;
    for client_id in ["used", "unused"] {
        assert!(store.register_client(&client(client_id), &registration(client_id), None, NOW).await.unwrap());
    }
    store.insert_client(&client("operators")).await.unwrap();
    store.client_used("used", NOW + 1, NOW + 5000).await.unwrap();
    store.client_used("used", NOW + 2, NOW + 4000).await.unwrap();
    let used = store.find_client_registration("used").await.unwrap().unwrap();
    assert_eq!((used.last_used_at, used.expires_at), (Some(NOW + 1), NOW + 5000), "an end is never brought forward");
    let before = store.clients_version().await.unwrap();
    while store.sweep(NOW + 1000, 100).await.unwrap() > 0 {}
    let ids: Vec<String> = store.list_clients().await.unwrap().into_iter().map(|client| client.client_id).collect();
    assert_eq!(ids, ["operators", "used"]);
    assert!(store.clients_version().await.unwrap() > before, "instances hear of it");
}

pub async fn a_document_is_kept_once_and_replaced_when_it_changes(world: World) {
    let store = world.store;
    let id = "https://app.test/client.json";
    let of_document = ClientRegistrationRecord { token_hash: None, ..registration(id) };
    let mut record = client(id);
    (record.secret_hash, record.secret_sealed) = (None, None);
    store.save_document_client(&record, &of_document).await.unwrap();
    store.client_used(id, NOW + 1, NOW + 5000).await.unwrap();
    record.metadata = "{}".into();
    record.updated_at = NOW + 2;
    store.save_document_client(&record, &of_document).await.unwrap();
    let found = store.find_client(id).await.unwrap().unwrap();
    assert_eq!((found.metadata.as_str(), found.created_at, found.updated_at), ("{}", NOW, NOW + 2));
    assert_eq!(store.find_client_registration(id).await.unwrap().unwrap().expires_at, NOW + 5000);
}
