use portcullis::storage::*;

use crate::world::*;

async fn with_family(world: World) -> World {
    let world = world.with_alice_and_app().await;
    world.store.insert_family(&family("f1")).await.unwrap();
    world
}

fn rotated(outcome: Rotation) -> FamilyRecord {
    let Rotation::Rotated(family) = outcome else { panic!("not rotated: {outcome:?}") };
    family
}

pub async fn a_family_rotates_and_keeps_its_end(world: World) {
    let world = with_family(world).await;
    let store = &world.store;
    for generation in 1..=5 {
        let at = NOW + generation * MINUTE;
        let family = rotated(store.rotate_family(rotation("f1", generation, at)).await.unwrap());
        assert_eq!((family.generation, family.token_hash.clone()), (generation + 1, token_hash(generation + 1)));
        assert_eq!((family.rotated_at, family.idle_expires_at, family.expires_at), (at, at + HOUR, LATER));
        let found = store.find_family("f1").await.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{family:?}"));
    }
    assert_eq!(revocations(store).await, [] as [&str; 0]);
}

pub async fn the_token_before_gives_the_same_successor_within_the_grace(world: World) {
    let world = with_family(world).await;
    let store = &world.store;
    rotated(store.rotate_family(rotation("f1", 1, NOW)).await.unwrap());
    for _ in 0..3 {
        let outcome = store.rotate_family(rotation("f1", 1, NOW + 10 * SECOND)).await.unwrap();
        let Rotation::Repeated(family) = outcome else { panic!("{outcome:?}") };
        assert_eq!((family.generation, family.rotated_at), (2, NOW));
    }
    // Repeating has not prolonged it, and the successor is as good as before.
    rotated(store.rotate_family(rotation("f1", 2, NOW + 11 * SECOND)).await.unwrap());
}

async fn assert_ended_by_replay(store: &Store, outcome: Rotation, at: i64) {
    let Rotation::Replayed(family) = outcome else { panic!("{outcome:?}") };
    assert_eq!((family.revoked_at, family.revoked_reason.as_deref()), (Some(at), Some("refresh_reuse")));
    let found = store.find_family("f1").await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{family:?}"));
    let recorded = store.revocations_after(0, at).await.unwrap().remove(0);
    assert_eq!((recorded.kind.as_str(), recorded.key.as_str()), ("family", "f1"));
    assert_eq!((recorded.not_before, recorded.expires_at), (at, at + HOUR));
    assert!(matches!(store.rotate_family(rotation("f1", family.generation, at)).await.unwrap(), Rotation::Dead));
    assert!(matches!(store.rotate_family(rotation("f1", 1, at)).await.unwrap(), Rotation::Dead));
    assert!(store.find_live_family("f1", at).await.unwrap().is_none());
}

pub async fn the_token_before_after_the_grace_ends_the_family(world: World) {
    let world = with_family(world).await;
    let store = &world.store;
    rotated(store.rotate_family(rotation("f1", 1, NOW)).await.unwrap());
    let at = NOW + 10 * SECOND + 1;
    let outcome = store.rotate_family(rotation("f1", 1, at)).await.unwrap();
    assert_ended_by_replay(store, outcome, at).await;
}

pub async fn an_older_token_ends_the_family_also_within_the_grace(world: World) {
    let world = with_family(world).await;
    let store = &world.store;
    rotated(store.rotate_family(rotation("f1", 1, NOW)).await.unwrap());
    rotated(store.rotate_family(rotation("f1", 2, NOW + 1)).await.unwrap());
    let outcome = store.rotate_family(rotation("f1", 1, NOW + 2)).await.unwrap();
    assert_ended_by_replay(store, outcome, NOW + 2).await;
}

pub async fn another_clients_token_changes_nothing(world: World) {
    let world = with_family(world).await;
    let store = &world.store;
    rotated(store.rotate_family(rotation("f1", 1, NOW)).await.unwrap());
    for generation in 1..=3 {
        let mut foreign = rotation("f1", generation, NOW + HOUR / 2);
        foreign.client_id = "other".into();
        assert!(matches!(store.rotate_family(foreign).await.unwrap(), Rotation::Dead));
    }
    let mut forged = rotation("f1", 2, NOW + 1);
    forged.token_hash = hash("forged");
    assert!(matches!(store.rotate_family(forged).await.unwrap(), Rotation::Dead));
    assert!(matches!(store.rotate_family(rotation("f1", 3, NOW + 1)).await.unwrap(), Rotation::Dead));
    assert!(matches!(store.rotate_family(rotation("f2", 1, NOW + 1)).await.unwrap(), Rotation::Dead));
    rotated(store.rotate_family(rotation("f1", 2, NOW + 1)).await.unwrap());
}

pub async fn a_family_is_dead_when_what_it_stands_on_has_ended(world: World) {
    let world = with_family(world).await;
    let store = &world.store;
    let mut offline = family("offline");
    offline.offline = true;
    offline.idle_expires_at = LATER;
    offline.expires_at = LATER + HOUR;
    store.insert_family(&offline).await.unwrap();

    assert!(store.find_live_family("f1", NOW).await.unwrap().is_some());
    assert!(matches!(store.rotate_family(rotation("f1", 1, NOW + HOUR)).await.unwrap(), Rotation::Dead));
    assert!(store.find_live_family("f1", NOW + HOUR).await.unwrap().is_none());
    // The session is over at LATER; what is offline does not mind, but for its own end.
    let mut long = family("long");
    (long.idle_expires_at, long.expires_at) = (LATER + HOUR, LATER + HOUR);
    store.insert_family(&long).await.unwrap();
    assert!(store.find_live_family("long", LATER - 1).await.unwrap().is_some());
    assert!(matches!(store.rotate_family(rotation("long", 1, LATER)).await.unwrap(), Rotation::Dead));
    rotated(store.rotate_family(rotation("offline", 1, LATER - 1)).await.unwrap());
    rotated(store.rotate_family(rotation("offline", 2, LATER)).await.unwrap());
    assert!(matches!(store.rotate_family(rotation("offline", 3, LATER + HOUR)).await.unwrap(), Rotation::Dead));

    store.end_session("s1", NOW + 1, LATER).await.unwrap();
    assert!(matches!(store.insert_family(&family("late")).await, Err(Error::Conflict("family"))));
    store.set_user_disabled("alice", true, NOW + 2, LATER).await.unwrap();
    let mut late = offline.clone();
    late.id = "late".into();
    assert!(matches!(store.insert_family(&late).await, Err(Error::Conflict("family"))));
    store.set_user_disabled("alice", false, NOW + 3, LATER).await.unwrap();
    assert!(matches!(store.insert_family(&late).await, Err(Error::Conflict("family"))));
    late.created_at = NOW + 2;
    store.insert_family(&late).await.unwrap();
    assert!(store.find_live_family("offline", NOW + 3).await.unwrap().is_none());
}

pub async fn of_many_rotations_of_one_token_one_rotates_and_the_others_repeat(world: World) {
    let world = world.with_alice_and_app().await;
    world.store.insert_family(&family("f1")).await.unwrap();
    let other = world.another().await;
    for generation in 1..=5 {
        let outcomes = at_once(50, |number| {
            let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
            async move { store.rotate_family(rotation("f1", generation, NOW + generation)).await.unwrap() }
        })
        .await;
        let rotations = outcomes.iter().filter(|outcome| matches!(outcome, Rotation::Rotated(_))).count();
        let repeats = outcomes.iter().filter(|outcome| matches!(outcome, Rotation::Repeated(_))).count();
        assert_eq!((rotations, repeats), (1, 49), "{outcomes:?}");
    }
    assert_eq!(world.store.find_family("f1").await.unwrap().unwrap().generation, 6);
}

pub async fn many_families_rotate_beside_each_other(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    for number in 0..100 {
        store.insert_family(&family(&format!("f{number}"))).await.unwrap();
    }
    // Every tenth presents a token that was never live, every eleventh its own twice: they spoil nothing for the rest.
    let outcomes = at_once(200, |number| {
        let store = store.clone();
        async move {
            let family = number % 100;
            let generation = if family % 10 == 0 { 7 } else { 1 };
            let mut request = rotation(&format!("f{family}"), generation, NOW + 1);
            request.idle_expires_at += i64::try_from(family).unwrap();
            (family, store.rotate_family(request).await.unwrap())
        }
    })
    .await;
    for family in 0..100 {
        let mut seen: Vec<&str> = outcomes
            .iter()
            .filter(|(of, _)| *of == family)
            .map(|(_, outcome)| match outcome {
                Rotation::Rotated(record) => {
                    assert_eq!(record.id, format!("f{family}"));
                    assert_eq!(record.idle_expires_at, NOW + 1 + HOUR + i64::try_from(family).unwrap());
                    "rotated"
                }
                Rotation::Repeated(_) => "repeated",
                Rotation::Replayed(_) => "replayed",
                Rotation::Dead => "dead",
            })
            .collect();
        seen.sort_unstable();
        let expected = if family % 10 == 0 { ["dead", "dead"] } else { ["repeated", "rotated"] };
        assert_eq!(seen, expected, "{family}");
    }
}

pub async fn a_revoked_family_stays_revoked_and_is_never_begun_again(world: World) {
    let world = with_family(world).await;
    let store = &world.store;
    assert!(store.revoke_family("f1", "revocation_request", NOW + 1, LATER).await.unwrap());
    assert!(!store.revoke_family("f1", "again", NOW + 2, LATER).await.unwrap());
    let found = store.find_family("f1").await.unwrap().unwrap();
    assert_eq!((found.revoked_at, found.revoked_reason.as_deref()), (Some(NOW + 1), Some("revocation_request")));
    // A family that has no row yet: the code was replayed before its tokens were made.
    assert!(!store.revoke_family("f2", "code_replay", NOW + 1, LATER).await.unwrap());
    assert!(matches!(store.insert_family(&family("f2")).await, Err(Error::Conflict("family"))));
    assert_eq!(revocations(store).await, ["family:f1", "family:f2"]);
}

pub async fn beginning_and_revoking_a_family_at_once_never_leaves_it_alive(world: World) {
    let world = world.with_alice_and_app().await;
    let other = world.another().await;
    for number in 0..30 {
        let id = format!("f{number}");
        let (store, beginner) = (world.store.clone(), family(&id));
        let beginning = tokio::spawn(async move { store.insert_family(&beginner).await });
        let (store, revoked) = (other.clone(), id.clone());
        let revoking = tokio::spawn(async move { store.revoke_family(&revoked, "code_replay", NOW, LATER).await });
        let begun = beginning.await.unwrap();
        let ended = revoking.await.unwrap().unwrap();
        assert!(
            matches!((&begun, ended), (Ok(()), true) | (Err(Error::Conflict("family")), false)),
            "{begun:?} {ended}"
        );
        assert!(store_has_no_live(&world.store, &id).await);
    }
}

async fn store_has_no_live(store: &Store, id: &str) -> bool {
    store.find_live_family(id, NOW).await.unwrap().is_none()
}
