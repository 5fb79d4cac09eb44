use portcullis::storage::*;

use crate::world::*;

/// A client that is told when a session ends.
async fn insert_listening(store: &Store, client_id: &str) {
    let mut listening = client(client_id);
    listening.metadata = r#"{"client_name":"x","backchannel_logout_uri":"https://app.test/out"}"#.into();
    store.insert_client(&listening).await.unwrap();
}

async fn sign_in_to(store: &Store, client_id: &str, session_id: &str, at: i64) {
    let mut code = code(&format!("{client_id}-{session_id}-{at}"));
    (code.client_id, code.session_id, code.created_at) = (client_id.into(), session_id.into(), at);
    store.insert_code(&code).await.unwrap();
}

async fn noticed(store: &Store) -> Vec<(String, String)> {
    let notices = store.list_logout_notices(100).await.unwrap();
    notices.into_iter().map(|notice| (notice.session_id, notice.client_id)).collect()
}

pub async fn a_session_knows_the_clients_it_has_signed_in_to(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    insert_listening(store, "listening").await;
    sign_in_to(store, "listening", "s1", NOW).await;
    sign_in_to(store, "app", "s1", NOW + 1).await;
    sign_in_to(store, "listening", "s1", NOW + 2).await;
    // A device, once it has been allowed.
    store.insert_client(&client("television")).await.unwrap();
    let mut device = device("d1");
    device.client_id = "television".into();
    store.insert_device(&device).await.unwrap();
    assert_eq!(store.clients_of_session("s1").await.unwrap(), ["listening", "app"]);
    assert!(store.decide_device("d1", true, "alice", "s1", "{}", NOW + 3).await.unwrap());
    assert_eq!(store.clients_of_session("s1").await.unwrap(), ["listening", "app", "television"]);
    store.delete_client("app").await.unwrap();
    assert_eq!(store.clients_of_session("s1").await.unwrap(), ["listening", "television"]);
    store.end_session("s1", NOW + 4, LATER).await.unwrap();
    sign_in_to(store, "listening", "s1", NOW + 5).await;
    assert_eq!(store.clients_of_session("other").await.unwrap(), [] as [&str; 0]);
}

pub async fn s139_each_listening_client_of_an_ended_session_gets_one_notice(world: World) {
    let world = world.with_alice_and_app().await;
    let store = &world.store;
    for client_id in ["one", "two", "three"] {
        insert_listening(store, client_id).await;
    }
    // Its name looks like the member that counts.
    let mut deaf = client("deaf");
    deaf.metadata = serde_json::json!({ "client_name": r#""backchannel_logout_uri":"x"#, "frontchannel_logout_uri":
        "https://app.test/out" })
    .to_string();
    store.insert_client(&deaf).await.unwrap();
    store.insert_session(&session("s2", "alice"), 0).await.unwrap();
    for (client_id, session_id) in [("one", "s1"), ("two", "s1"), ("app", "s1"), ("deaf", "s1"), ("three", "s2")] {
        sign_in_to(store, client_id, session_id, NOW).await;
    }
    let ends = at_once(10, |_| {
        let store = store.clone();
        async move { store.end_session("s1", NOW + 1, LATER).await.unwrap() }
    })
    .await;
    assert_eq!(ends.iter().filter(|ended| **ended).count(), 1);
    let pair = |session: &str, client: &str| (session.to_owned(), client.to_owned());
    assert_eq!(noticed(store).await, [pair("s1", "one"), pair("s1", "two")]);
    let notice = store.list_logout_notices(1).await.unwrap().remove(0);
    assert_eq!((notice.user_id.as_str(), notice.attempts, notice.created_at), ("alice", 0, NOW + 1));
    assert_eq!((notice.next_attempt_at, notice.last_error), (Some(NOW + 1), None));
    // Every other end counts as well, and a session that has ended is not told twice.
    store.change_password("alice", "$new", None, false, NOW + 2, LATER).await.unwrap();
    assert_eq!(noticed(store).await, [pair("s1", "one"), pair("s1", "two"), pair("s2", "three")]);
    let mut fresh = session("s3", "alice");
    (fresh.auth_time, fresh.created_at) = (NOW + 3, NOW + 3);
    assert!(store.insert_session(&fresh, NOW + 2).await.unwrap());
    sign_in_to(store, "one", "s3", NOW + 3).await;
    store.set_user_disabled("alice", true, NOW + 4, LATER).await.unwrap();
    assert_eq!(noticed(store).await.len(), 4);
    assert_eq!(store.count_logout_notices().await.unwrap(), LogoutNoticeCount { waiting: 4, given_up: 0 });
}

async fn with_notices(world: World, clients: &[&str]) -> World {
    let world = world.with_alice_and_app().await;
    for client_id in clients {
        insert_listening(&world.store, client_id).await;
        sign_in_to(&world.store, client_id, "s1", NOW).await;
    }
    world.store.end_session("s1", NOW, LATER).await.unwrap();
    world
}

pub async fn of_many_takers_one_gets_each_notice(world: World) {
    let world = with_notices(world, &["a", "b", "c", "d", "e"]).await;
    let stores = [world.store.clone(), world.another().await];
    let taken = at_once(10, |number| {
        let store = stores[number % 2].clone();
        async move { store.take_logout_notices(NOW, NOW + MINUTE, 2).await.unwrap() }
    })
    .await;
    let mut clients: Vec<String> = taken.into_iter().flatten().map(|notice| notice.client_id).collect();
    clients.sort();
    assert_eq!(clients, ["a", "b", "c", "d", "e"]);
    // A taker that was killed has not lost them.
    assert!(world.store.take_logout_notices(NOW + MINUTE - 1, LATER, 10).await.unwrap().is_empty());
    let again = world.store.take_logout_notices(NOW + MINUTE, LATER, 10).await.unwrap();
    assert_eq!(again.iter().map(|notice| notice.attempts).collect::<Vec<_>>(), [2; 5]);
}

pub async fn a_notice_is_delivered_retried_postponed_or_given_up(world: World) {
    let world = with_notices(world, &["a", "b", "c"]).await;
    let store = &world.store;
    assert_eq!(store.take_logout_notices(NOW, NOW + MINUTE, 10).await.unwrap().len(), 3);
    store.logout_notice_delivered("s1", "a").await.unwrap();
    store.logout_notice_failed("s1", "b", Some(NOW + SECOND), "it answered 500").await.unwrap();
    store.logout_notice_failed("s1", "c", None, "it took too long").await.unwrap();
    assert_eq!(store.count_logout_notices().await.unwrap(), LogoutNoticeCount { waiting: 1, given_up: 1 });
    let listed = store.list_logout_notices(10).await.unwrap();
    assert_eq!(listed[0].last_error.as_deref(), Some("it answered 500"));
    assert_eq!((listed[1].client_id.as_str(), listed[1].next_attempt_at), ("c", None));

    store.postpone_logout_notices("b", NOW + MINUTE).await.unwrap();
    store.postpone_logout_notices("c", NOW + MINUTE).await.unwrap();
    assert!(store.take_logout_notices(NOW + MINUTE - 1, LATER, 10).await.unwrap().is_empty());
    assert_eq!(store.take_logout_notices(NOW + MINUTE, LATER, 10).await.unwrap()[0].client_id, "b");

    assert_eq!(store.retry_logout_notices(Some("c"), NOW + HOUR).await.unwrap(), 1);
    assert_eq!(store.take_logout_notices(NOW + HOUR, LATER, 10).await.unwrap()[0].client_id, "c");
    assert_eq!(store.retry_logout_notices(None, NOW + HOUR).await.unwrap(), 2);
    // Seen for a week, and then forgotten.
    let week = 7 * 24 * HOUR;
    store.sweep(NOW + week - 1, 100).await.unwrap();
    assert_eq!(store.list_logout_notices(10).await.unwrap().len(), 2);
    store.sweep(NOW + week, 100).await.unwrap();
    assert!(store.list_logout_notices(10).await.unwrap().is_empty());
}
