use portcullis::storage::*;

use crate::world::*;

pub async fn instances_that_rotate_at_once_make_one_key(world: World) {
    let other = world.another().await;
    let made = at_once(20, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.insert_signing_key(&signing_key(&format!("k{number}"), "ES256", NOW)).await.unwrap() }
    })
    .await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert!(!world.store.insert_signing_key(&signing_key("earlier", "ES256", NOW - 1)).await.unwrap());
    assert!(world.store.insert_signing_key(&signing_key("later", "ES256", NOW + 1)).await.unwrap());
    assert!(world.store.insert_signing_key(&signing_key("another", "RS256", NOW)).await.unwrap());
    assert_eq!(world.store.list_signing_keys(NOW).await.unwrap().len(), 3);
}

pub async fn retired_keys_leave_the_list_when_their_time_is_over(world: World) {
    let store = world.store;
    let mut first = signing_key("first", "ES256", NOW);
    first.created_at = NOW - 1;
    assert!(store.insert_signing_key(&first).await.unwrap());
    assert!(store.insert_signing_key(&signing_key("second", "ES256", NOW + 1)).await.unwrap());
    assert!(store.insert_signing_key(&signing_key("other", "RS256", NOW + 1)).await.unwrap());
    assert_eq!(store.retire_signing_keys("ES256", "second", NOW + 10, NOW + 20).await.unwrap(), 1);
    let kids = |keys: Vec<SigningKeyRecord>| keys.into_iter().map(|key| key.kid).collect::<Vec<_>>();
    let listed = store.list_signing_keys(NOW + 19).await.unwrap();
    assert_eq!(
        format!("{:?}", listed[0]),
        format!("{:?}", SigningKeyRecord { retire_at: NOW + 10, remove_at: NOW + 20, ..first })
    );
    assert_eq!(kids(listed), ["first", "other", "second"]);
    assert_eq!(kids(store.list_signing_keys(NOW + 20).await.unwrap()), ["other", "second"]);
    // Retiring later does not prolong what has retired.
    assert_eq!(store.retire_signing_keys("ES256", "second", NOW + 11, NOW + 30).await.unwrap(), 0);
}

pub async fn a_server_secret_is_what_the_first_instance_stored(world: World) {
    let other = world.another().await;
    let answers = at_once(10, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.server_secret("refresh", &[u8::try_from(number).unwrap()]).await.unwrap() }
    })
    .await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(world.store.server_secret("other", &[99]).await.unwrap(), [99]);
}
