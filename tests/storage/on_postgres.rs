//! What only PostgreSQL can do to us.

use portcullis::storage::*;

use crate::world::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_cost_at_most_the_requests_in_flight() {
    let Some((world, name)) = World::postgres_database().await else { return };
    let world = world.with_alice_and_app().await;
    let server = std::env::var("PORTCULLIS_TEST_POSTGRES").unwrap();
    for _ in 0..5 {
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        run_on_postgres(&server, &cut).await;
        // Reading is tried again on a new connection; a write may meet a dead one, and says so.
        assert!(world.store.find_user("alice").await.unwrap().is_some());
        for _ in 0..20 {
            match world.store.ping().await {
                Ok(()) => break,
                Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error}"),
            }
        }
        world.store.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_became_read_only_is_unavailable_and_left_for_another() {
    let Some((world, name)) = World::postgres_database().await else { return };
    let server = std::env::var("PORTCULLIS_TEST_POSTGRES").unwrap();
    run_on_postgres(&server, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    let store = world.another().await;
    assert!(matches!(store.ping().await, Err(Error::Unavailable(_))));
    assert!(store.clients_version().await.unwrap() > 0);
    run_on_postgres(&server, &format!("ALTER DATABASE {name} SET default_transaction_read_only = off")).await;
    // The connection that was refused is gone; at most the one that read is left over.
    let recovered = match store.ping().await {
        Err(Error::Unavailable(_)) => store.ping().await,
        other => other,
    };
    recovered.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contention_is_retried_and_then_unavailable_never_wrong() {
    let Some((world, name)) = World::postgres_database().await else { return };
    let server = std::env::var("PORTCULLIS_TEST_POSTGRES").unwrap();
    let isolation = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
    run_on_postgres(&server, &isolation).await;
    let world = World { store: world.another().await, ..world }.with_alice_and_app().await;
    world.store.insert_family(&family("f1")).await.unwrap();
    let outcomes = at_once(64, |_| {
        let store = world.store.clone();
        async move { store.rotate_family(rotation("f1", 1, NOW + 1)).await }
    })
    .await;
    let mut rotated = 0;
    for outcome in outcomes {
        match outcome {
            Ok(Rotation::Rotated(_)) => rotated += 1,
            Ok(Rotation::Repeated(_)) | Err(Error::Unavailable(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rotated, 1);
    assert_eq!(world.store.find_family("f1").await.unwrap().unwrap().generation, 2);
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_within_the_time_limit() {
    // A port nobody listens on: taken and given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = Store::open(&format!("postgres://nobody:secret@127.0.0.1:{port}/none").into()).await.unwrap();
    let begin = std::time::Instant::now();
    let error = store.ping().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)));
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));
}

#[tokio::test]
async fn a_database_setting_is_refused_without_its_password() {
    for url in ["mysql://u:secret@h/d", "secret", "postgres://u:secret@h:notaport/d", "sqlite:"] {
        let Err(error) = Store::open(&url.into()).await else { panic!("{url} was opened") };
        assert!(matches!(error, Error::Setting(_)), "{url}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
