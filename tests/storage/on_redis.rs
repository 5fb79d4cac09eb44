//! What only Redis, and its absence, can do to us (F14).

use std::process::{Child, Command, Stdio};

use portcullis::storage::*;

use crate::world::*;

/// A Redis of the test's own, to be taken away.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    /// `None` where the tests have no Redis.
    async fn start() -> Option<Self> {
        std::env::var_os("PORTCULLIS_TEST_REDIS")?;
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { process: spawn(port), port };
        server.wait().await;
        Some(server)
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    async fn start_again(&mut self) {
        self.process = spawn(self.port);
        self.wait().await;
    }

    async fn wait(&mut self) {
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(self.process.try_wait().unwrap().is_none(), "Redis has ended");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(port: u16) -> Child {
    let port = port.to_string();
    let arguments = ["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"];
    Command::new("redis-server").args(arguments).stdout(Stdio::null()).spawn().unwrap()
}

/// A session's row as another program would read it.
async fn row_of(world: &World, id: &str) -> Option<i64> {
    let database = Store::open(&world.url.as_str().into()).await.unwrap();
    let found = database.find_session(id, &hash("cookie"), NOW, i64::MIN).await.unwrap();
    found.map(|(session, _)| session.last_seen_at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_use_is_in_redis_and_seldom_in_the_database() {
    let Some(world) = World::redis().await else { return };
    let world = world.with_alice_and_app().await;
    world.store.touch_session("s1", NOW + 2 * MINUTE).await.unwrap();
    let (session, _) = world.store.find_session("s1", &hash("cookie"), NOW, NOW + MINUTE).await.unwrap().unwrap();
    assert_eq!(session.last_seen_at, NOW + 2 * MINUTE);
    assert_eq!(row_of(&world, "s1").await, Some(NOW));
    world.store.touch_session("s1", NOW + 16 * MINUTE).await.unwrap();
    assert_eq!(row_of(&world, "s1").await, Some(NOW + 16 * MINUTE));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_ended_in_the_database_is_over_whatever_redis_keeps() {
    let Some(world) = World::redis().await else { return };
    let world = world.with_alice_and_app().await;
    // Another program that knows nothing of Redis: a command beside the server.
    let beside = Store::open(&world.url.as_str().into()).await.unwrap();
    assert!(beside.end_session("s1", NOW, LATER).await.unwrap());
    assert!(world.store.find_session("s1", &hash("cookie"), NOW, 0).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_counters_outlive_the_loss_of_redis() {
    let Some(mut server) = Server::start().await else { return };
    let world = World::sqlite_and_redis(&server.url()).await.with_alice_and_app().await;
    let store = &world.store;
    let signed_in = || async { store.find_session("s1", &hash("cookie"), NOW, NOW - 1).await.unwrap().is_some() };
    let keys = [ThrottleKey { key: "alice".into(), free: 2, base_ms: HOUR, cap_ms: HOUR, is_rate: false }];
    let attempt = || async { store.reserve_attempt(&keys, NOW, NOW - HOUR).await.unwrap() };
    assert!(signed_in().await);
    assert!(store.redis_problem().await.is_none());
    attempt().await.unwrap();

    server.stop();
    assert!(signed_in().await, "by the database");
    assert!(store.redis_problem().await.is_some());
    // Never unlimited: the database counts anew.
    for _ in 0..3 {
        attempt().await.unwrap();
    }
    assert!(attempt().await.is_err());
    store.end_session("s1", NOW, LATER).await.unwrap();

    server.start_again().await;
    for _ in 0..500 {
        if store.redis_problem().await.is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(store.redis_problem().await.is_none(), "it connects again");
    assert!(!signed_in().await, "what ended in between stays ended");
}

#[tokio::test]
async fn a_redis_setting_is_refused_without_its_password() {
    let world = World::sqlite().await;
    for url in ["http://u:secret@h", "secret", ""] {
        let options = RedisOptions { url: url.into(), key_prefix: String::new(), sessions: None, throttles: false };
        let Err(error) = world.store.clone().with_redis(options) else { panic!("{url} was opened") };
        assert!(matches!(error, Error::RedisSetting(_)), "{url}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
