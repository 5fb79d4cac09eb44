use portcullis::storage::*;

use crate::world::*;

fn counts(outcomes: &[Consumed<CodeRecord>]) -> (usize, usize, usize) {
    let count = |wanted: fn(&Consumed<CodeRecord>) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count();
    (
        count(|outcome| matches!(outcome, Consumed::Fresh(_))),
        count(|outcome| matches!(outcome, Consumed::Replayed(_))),
        count(|outcome| matches!(outcome, Consumed::Unknown)),
    )
}

pub async fn of_many_consumers_of_a_code_one_gets_it_fresh(world: World) {
    let world = world.with_alice_and_app().await;
    world.store.insert_code(&code("c1")).await.unwrap();
    let other = world.another().await;
    let outcomes = at_once(50, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.consume_code("c1", &hash("code"), NOW + 1).await.unwrap() }
    })
    .await;
    assert_eq!(counts(&outcomes), (1, 49, 0));
    for outcome in outcomes {
        let (Consumed::Fresh(code) | Consumed::Replayed(code)) = outcome else { unreachable!() };
        assert_eq!((code.family_id.as_str(), code.consumed_at), ("f-c1", Some(NOW + 1)));
    }
}

pub async fn a_code_with_another_secret_or_past_its_end_is_unknown(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_code(&code("c1")).await.unwrap();
    for (id, secret, at) in [("c1", "other", NOW), ("c2", "code", NOW), ("c1", "code", NOW + MINUTE)] {
        let outcome = store.consume_code(id, &hash(secret), at).await.unwrap();
        assert!(matches!(outcome, Consumed::Unknown), "{id} {secret} {at}");
        let outcome = store.redeem_code(id, &hash(secret), at, None).await.unwrap();
        assert!(matches!(outcome, Consumed::Unknown), "{id} {secret} {at}");
    }
    assert!(store.find_code("c1", &hash("other")).await.unwrap().is_none());
    let found = store.find_code("c1", &hash("code")).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", code("c1")));
}

pub async fn redeeming_a_code_begins_its_family(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_code(&code("c1")).await.unwrap();
    let outcome = store.redeem_code("c1", &hash("code"), NOW + 1, Some(&family("f-c1"))).await.unwrap();
    assert!(matches!(outcome, Consumed::Fresh(_)));
    let begun = store.find_family("f-c1").await.unwrap().unwrap();
    assert_eq!(format!("{begun:?}"), format!("{:?}", family("f-c1")));
    let again = store.redeem_code("c1", &hash("code"), NOW + 2, Some(&family("f-c1"))).await.unwrap();
    assert!(matches!(again, Consumed::Replayed(_)));
}

pub async fn of_many_redemptions_one_begins_the_family(world: World) {
    let world = world.with_alice_and_app().await;
    world.store.insert_code(&code("c1")).await.unwrap();
    let other = world.another().await;
    let outcomes = at_once(20, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move { store.redeem_code("c1", &hash("code"), NOW + 1, Some(&family("f-c1"))).await.unwrap() }
    })
    .await;
    assert_eq!(counts(&outcomes), (1, 19, 0));
    assert!(world.store.find_family("f-c1").await.unwrap().is_some());
}

pub async fn a_code_is_not_redeemed_when_what_it_stands_on_has_ended(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    for (number, name) in ["signed out", "disabled", "new password", "revoked"].into_iter().enumerate() {
        let (person, sid) = (format!("user{number}"), format!("session{number}"));
        store.insert_user(&user(&person)).await.unwrap();
        store.insert_session(&session(&sid, &person), 0).await.unwrap();
        let mut waiting = code(&format!("c{number}"));
        (waiting.user_id, waiting.session_id) = (person.clone(), sid.clone());
        // Whoever ends everything deletes the codes; one that is written a moment later must fare no better.
        match name {
            "signed out" => assert!(store.end_session(&sid, NOW + 1, LATER).await.unwrap()),
            "disabled" => assert!(store.set_user_disabled(&person, true, NOW + 1, LATER).await.unwrap()),
            "new password" => {
                assert!(store.change_password(&person, "hash", None, false, NOW + 1, LATER).await.unwrap().is_some())
            }
            _ => assert!(!store.revoke_family(&waiting.family_id, "replay", NOW + 1, LATER).await.unwrap()),
        }
        store.insert_code(&waiting).await.unwrap();
        let mut begun = family(&waiting.family_id);
        (begun.user_id, begun.session_id) = (person, sid);
        for family in [Some(&begun), None] {
            let outcome = store.redeem_code(&waiting.id, &hash("code"), NOW + 2, family).await.unwrap();
            assert!(matches!(outcome, Consumed::Unknown), "{name}");
        }
        assert!(store.find_family(&waiting.family_id).await.unwrap().is_none(), "{name}");
        let unchanged = store.find_code(&waiting.id, &hash("code")).await.unwrap().unwrap();
        assert_eq!(unchanged.consumed_at, None, "{name}");
    }
}

pub async fn a_redemption_that_cannot_begin_its_family_does_not_consume_the_code(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    store.insert_code(&code("c1")).await.unwrap();
    store.insert_family(&family("f-c1")).await.unwrap();
    let outcome = store.redeem_code("c1", &hash("code"), NOW + 1, Some(&family("f-c1"))).await;
    assert!(matches!(outcome, Err(Error::Conflict("family"))));
    assert_eq!(store.find_code("c1", &hash("code")).await.unwrap().unwrap().consumed_at, None);
}

pub async fn an_access_token_is_found_by_its_secret_until_it_expires(world: World) {
    let store = world.store;
    let token = AccessTokenRecord {
        id: "a1".into(),
        secret_hash: hash("token"),
        claims: r#"{"sub":"alice"}"#.into(),
        expires_at: NOW + 5,
    };
    store.insert_access_token(&token).await.unwrap();
    let found = store.find_access_token("a1", &hash("token"), NOW + 4).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{token:?}"));
    assert!(store.find_access_token("a1", &hash("token"), NOW + 5).await.unwrap().is_none());
    assert!(store.find_access_token("a1", &hash("other"), NOW).await.unwrap().is_none());
}
