use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis::storage::*;

use crate::world::*;

pub async fn taking_a_consent_back_ends_all_that_came_from_it(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_client(&client("other")).await.unwrap();
    store.save_consent(&consent("openid")).await.unwrap();
    store.insert_family(&family("refreshed")).await.unwrap();
    // One whose tokens are out without a refresh token, and one that waits to be redeemed.
    store.insert_code(&code("used")).await.unwrap();
    assert!(matches!(store.redeem_code("used", &hash("code"), NOW, None).await.unwrap(), Consumed::Fresh(_)));
    store.insert_code(&code("waiting")).await.unwrap();
    store.insert_device(&device("d1")).await.unwrap();
    assert!(store.decide_device("d1", true, "alice", "s1", "{}", NOW).await.unwrap());
    let mut untouched = family("untouched");
    untouched.client_id = "other".into();
    store.insert_family(&untouched).await.unwrap();

    assert!(store.revoke_consent("alice", "app", NOW + 1, NOW + HOUR).await.unwrap());
    assert!(!store.revoke_consent("alice", "app", NOW + 1, NOW + HOUR).await.unwrap());
    assert!(store.find_consent("alice", "app").await.unwrap().is_none());
    assert!(matches!(store.rotate_family(rotation("refreshed", 1, NOW + 2)).await.unwrap(), Rotation::Dead));
    let waiting = store.redeem_code("waiting", &hash("code"), NOW + 2, None).await.unwrap();
    assert!(matches!(waiting, Consumed::Unknown));
    assert!(store.consume_device("d1", NOW + 2, None).await.unwrap().is_none());
    let mut recorded = revocations(store).await;
    recorded.sort();
    assert_eq!(recorded, ["family:f-d1", "family:f-used", "family:f-waiting", "family:refreshed"]);
    let mut other = rotation("untouched", 1, NOW + 2);
    other.client_id = "other".into();
    assert!(matches!(store.rotate_family(other).await.unwrap(), Rotation::Rotated(_)));
}

pub async fn revocations_are_followed_in_order_and_none_is_skipped(world: World) {
    let (writing, other) = (world.store.clone(), world.another().await);
    let done = Arc::new(AtomicBool::new(false));
    let follower = {
        let (store, done) = (world.another().await, Arc::clone(&done));
        tokio::spawn(async move {
            let (mut seen, mut after) = (Vec::new(), 0);
            loop {
                let last_round = done.load(Ordering::SeqCst);
                for revocation in store.revocations_after(after, NOW).await.unwrap() {
                    assert!(revocation.seq > after);
                    after = revocation.seq;
                    seen.push(revocation.key);
                }
                if last_round {
                    return seen;
                }
            }
        })
    };
    at_once(40, |number| {
        let store = if number % 2 == 0 { writing.clone() } else { other.clone() };
        async move { store.insert_revocation("jti", &format!("{number:02}"), NOW, LATER).await.unwrap() }
    })
    .await;
    done.store(true, Ordering::SeqCst);
    let mut seen = follower.await.unwrap();
    seen.sort();
    assert_eq!(seen, (0..40).map(|number| format!("{number:02}")).collect::<Vec<_>>());
}

pub async fn a_repeated_revocation_reaches_further_never_less_far(world: World) {
    let store = world.store;
    store.insert_revocation("user", "alice", NOW, LATER).await.unwrap();
    let first = store.revocations_after(0, NOW).await.unwrap().remove(0);
    store.insert_revocation("user", "alice", NOW + 5, NOW + 5).await.unwrap();
    let again = store.revocations_after(first.seq, NOW).await.unwrap().remove(0);
    assert_eq!((again.not_before, again.expires_at), (NOW + 5, LATER));
    store.insert_revocation("user", "alice", NOW + 1, LATER + 1).await.unwrap();
    let third = store.revocations_after(again.seq, NOW).await.unwrap().remove(0);
    assert_eq!((third.not_before, third.expires_at), (NOW + 5, LATER + 1));
    assert_eq!(store.revocations_after(0, NOW).await.unwrap().len(), 1);
}

pub async fn an_expired_revocation_is_not_told(world: World) {
    let store = world.store;
    store.insert_revocation("jti", "a", NOW, NOW + 5).await.unwrap();
    store.insert_revocation("jti", "b", NOW, NOW + 6).await.unwrap();
    let told = store.revocations_after(0, NOW + 5).await.unwrap();
    assert_eq!(told.into_iter().map(|revocation| revocation.key).collect::<Vec<_>>(), ["b"]);
}
