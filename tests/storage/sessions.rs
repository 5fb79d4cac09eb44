use portcullis::storage::*;

use crate::world::*;

pub async fn a_session_is_found_only_while_everything_about_it_holds(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let cookie = hash("cookie");
    let (found, alice) = store.find_session("s1", &cookie, NOW, NOW - 1).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", session("s1", "alice")));
    assert_eq!(format!("{alice:?}"), format!("{:?}", user("alice")));

    let refused = [
        ("another secret", store.find_session("s1", &hash("other"), NOW, NOW - 1).await.unwrap()),
        ("another id", store.find_session("s2", &cookie, NOW, NOW - 1).await.unwrap()),
        ("past its end", store.find_session("s1", &cookie, LATER, NOW - 1).await.unwrap()),
        ("idle too long", store.find_session("s1", &cookie, NOW, NOW).await.unwrap()),
    ];
    for (why, found) in refused {
        assert!(found.is_none(), "{why}");
    }
}

pub async fn a_session_proved_before_signing_out_everywhere_is_void_however_late_it_is_written(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.change_password("alice", "hash 2", None, false, NOW + 5, LATER).await.unwrap();
    let mut late = session("s2", "alice");
    (late.proved_at, late.created_at, late.last_seen_at) = (NOW + 4, NOW + 6, NOW + 6);
    assert!(!store.insert_session(&late, 0).await.unwrap(), "by somebody who read the person before that");
    assert!(store.insert_session(&late, NOW + 5).await.unwrap());
    assert!(store.find_session("s2", &hash("cookie"), NOW + 7, 0).await.unwrap().is_none());
    // Signed in elsewhere before that, and proved here after it: as good as any.
    let elsewhere = SessionRecord { id: "s3".into(), auth_time: NOW - 5, proved_at: NOW + 6, ..late };
    store.insert_session(&elsewhere, NOW + 5).await.unwrap();
    let (found, _) = store.find_session("s3", &hash("cookie"), NOW + 7, 0).await.unwrap().unwrap();
    assert_eq!((found.auth_time, found.proved_at), (NOW - 5, NOW + 6));
    assert_eq!(store.list_sessions("alice", NOW + 7).await.unwrap().len(), 1);
}

pub async fn no_session_of_a_sign_in_in_flight_outlives_a_new_password(world: World) {
    let world = world.with_alice_and_app().await;
    let stores = [world.store.clone(), world.another().await];
    let begun = at_once(12, |number| {
        let store = stores[number % 2].clone();
        let next = SessionRecord { proved_at: NOW + 50, ..session(&format!("n{number}"), "alice") };
        async move {
            if number == 5 {
                store.change_password("alice", "hash 2", None, false, NOW + 1, LATER).await.unwrap().is_some()
            } else if number == 6 {
                store.renew_session("s1", &hash("cookie"), &SessionRecord { id: "s1".into(), ..next }, 0).await.unwrap()
            } else {
                store.insert_session(&next, 0).await.unwrap()
            }
        }
    })
    .await;
    assert!(begun[5]);
    assert_eq!(world.store.count_live_sessions(NOW).await.unwrap(), 0, "it was ended, or never begun: {begun:?}");
}

pub async fn a_session_is_touched_at_most_once_a_minute(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    for (at, seen) in [(NOW + 59 * SECOND, NOW), (NOW + MINUTE, NOW + MINUTE), (NOW, NOW + MINUTE)] {
        store.touch_session("s1", at).await.unwrap();
        let (session, _) = store.find_session("s1", &hash("cookie"), NOW, 0).await.unwrap().unwrap();
        assert_eq!(session.last_seen_at, seen, "{at}");
    }
}

pub async fn a_renewed_session_keeps_its_id_and_loses_its_old_secret(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    let mut renewed = session("ignored", "alice");
    renewed.secret_hash = hash("cookie 2");
    (renewed.auth_time, renewed.last_seen_at, renewed.expires_at) = (NOW + 9, NOW + 9, LATER + 9);
    renewed.amr = r#"["pwd","otp"]"#.into();
    assert!(!store.renew_session("s1", &hash("other"), &renewed, 0).await.unwrap());
    let renewals = at_once(10, |_| {
        let (store, renewed) = (store.clone(), renewed.clone());
        async move { store.renew_session("s1", &hash("cookie"), &renewed, 0).await.unwrap() }
    })
    .await;
    assert_eq!(renewals.iter().filter(|renewed| **renewed).count(), 1);
    assert!(store.find_session("s1", &hash("cookie"), NOW + 9, 0).await.unwrap().is_none());
    let (found, _) = store.find_session("s1", &hash("cookie 2"), NOW + 9, 0).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.auth_time, found.created_at), ("s1", NOW + 9, NOW));
    assert_eq!((found.expires_at, found.amr.as_str()), (LATER + 9, r#"["pwd","otp"]"#));

    store.insert_user(&user("bob")).await.unwrap();
    let bobs = session("ignored", "bob");
    assert!(!store.renew_session("s1", &hash("cookie 2"), &bobs, 0).await.unwrap());
    store.end_session("s1", NOW + 10, LATER).await.unwrap();
    assert!(!store.renew_session("s1", &hash("cookie 2"), &renewed, 0).await.unwrap());
}

pub async fn ending_a_session_ends_its_families_but_not_the_offline_ones(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_session(&session("s2", "alice"), 0).await.unwrap();
    store.insert_family(&family("online")).await.unwrap();
    let mut offline = family("offline");
    offline.offline = true;
    store.insert_family(&offline).await.unwrap();
    let mut elsewhere = family("elsewhere");
    elsewhere.session_id = "s2".into();
    store.insert_family(&elsewhere).await.unwrap();

    assert!(store.end_session("s1", NOW + 1, NOW + HOUR).await.unwrap());
    assert!(!store.end_session("s1", NOW + 2, NOW + HOUR).await.unwrap());
    assert!(!store.end_session("unknown", NOW + 2, NOW + HOUR).await.unwrap());
    assert_eq!(revocations(store).await, ["session:s1"]);
    assert!(store.find_session("s1", &hash("cookie"), NOW + 1, 0).await.unwrap().is_none());
    assert!(store.find_session("s2", &hash("cookie"), NOW + 1, 0).await.unwrap().is_some());

    let ended = store.find_family("online").await.unwrap().unwrap();
    assert_eq!((ended.revoked_at, ended.revoked_reason.as_deref()), (Some(NOW + 1), Some("session_end")));
    assert!(matches!(store.rotate_family(rotation("online", 1, NOW + 2)).await.unwrap(), Rotation::Dead));
    for id in ["offline", "elsewhere"] {
        let outcome = store.rotate_family(rotation(id, 1, NOW + 2)).await.unwrap();
        assert!(matches!(outcome, Rotation::Rotated(_)), "{id}: {outcome:?}");
    }
}

pub async fn live_sessions_are_counted(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_session(&session("s2", "alice"), 0).await.unwrap();
    let mut shorter = session("s3", "alice");
    shorter.expires_at = NOW + 1;
    store.insert_session(&shorter, 0).await.unwrap();
    assert_eq!(store.count_live_sessions(NOW).await.unwrap(), 3);
    assert_eq!(store.count_live_sessions(NOW + 1).await.unwrap(), 2);
    store.end_session("s1", NOW + 1, LATER).await.unwrap();
    assert_eq!(store.count_live_sessions(NOW + 1).await.unwrap(), 1);
}

pub async fn a_transaction_moves_on_only_from_where_it_was_read(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_transaction(&transaction("t1")).await.unwrap();
    let found = store.find_transaction("t1", &hash("cookie"), NOW).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", transaction("t1")));
    assert!(store.find_transaction("t1", &hash("other"), NOW).await.unwrap().is_none());
    assert!(store.find_transaction("t1", &hash("cookie"), NOW + HOUR).await.unwrap().is_none());

    let moves = at_once(10, |number| {
        let store = store.clone();
        async move { store.advance_transaction("t1", "start", &format!("step {number}"), NOW).await.unwrap() }
    })
    .await;
    let winner = moves.iter().position(|moved| *moved).unwrap();
    assert_eq!(moves.iter().filter(|moved| **moved).count(), 1);
    let found = store.find_transaction("t1", &hash("cookie"), NOW).await.unwrap().unwrap();
    assert_eq!(found.progress, format!("step {winner}"));
    assert!(!store.advance_transaction("t1", &found.progress, "late", NOW + HOUR).await.unwrap());
}

pub async fn of_many_completions_of_a_transaction_one_counts(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_transaction(&transaction("t1")).await.unwrap();
    assert!(!store.complete_transaction("t1", NOW + HOUR).await.unwrap());
    let completions = at_once(20, |_| {
        let store = store.clone();
        async move { store.complete_transaction("t1", NOW + 1).await.unwrap() }
    })
    .await;
    assert_eq!(completions.iter().filter(|completed| **completed).count(), 1);
    assert!(!store.advance_transaction("t1", "start", "again", NOW + 2).await.unwrap());
    let found = store.find_transaction("t1", &hash("cookie"), NOW + 2).await.unwrap().unwrap();
    assert_eq!((found.completed_at, found.progress.as_str()), (Some(NOW + 1), "start"));
}

pub async fn a_consent_is_remembered_and_replaced(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    assert!(store.find_consent("alice", "app").await.unwrap().is_none());
    store.save_consent(&consent("openid")).await.unwrap();
    let mut wider = consent("openid email");
    (wider.created_at, wider.last_used_at) = (NOW + 5, NOW + 5);
    store.save_consent(&wider).await.unwrap();
    let found = store.find_consent("alice", "app").await.unwrap().unwrap();
    assert_eq!((found.scope.as_str(), found.created_at, found.last_used_at), ("openid email", NOW, NOW + 5));
}
