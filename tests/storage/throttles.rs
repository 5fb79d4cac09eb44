use portcullis::storage::*;

use crate::world::*;

/// Two free failures, then 1, 2, 4 ... seconds, at most five.
fn key(name: &str) -> ThrottleKey {
    ThrottleKey { key: name.into(), free: 2, base_ms: SECOND, cap_ms: 5 * SECOND, is_rate: false }
}

async fn attempt(store: &Store, names: &[&str], now: i64) -> std::result::Result<Vec<ThrottleRecord>, ThrottleRecord> {
    let keys: Vec<ThrottleKey> = names.iter().map(|name| key(name)).collect();
    store.reserve_attempt(&keys, now, now - HOUR).await.unwrap()
}

pub async fn attempts_are_free_then_delayed_then_forgotten(world: World) {
    let store = world.store;
    for failures in 1..=2 {
        let record = attempt(&store, &["alice"], NOW).await.unwrap().remove(0);
        assert_eq!((record.failures, record.blocked_until), (failures, NOW));
    }
    let mut now = NOW;
    for (failures, delay) in [(3, SECOND), (4, 2 * SECOND), (5, 4 * SECOND), (6, 5 * SECOND), (7, 5 * SECOND)] {
        let record = attempt(&store, &["alice"], now).await.unwrap().remove(0);
        assert_eq!((record.failures, record.blocked_until), (failures, now + delay));
        let blocked = attempt(&store, &["alice"], now + delay - 1).await.unwrap_err();
        assert_eq!((blocked.key.as_str(), blocked.failures, blocked.blocked_until), ("alice", failures, now + delay));
        now += delay;
    }
    let last_failure = now - 5 * SECOND;
    let record = attempt(&store, &["alice"], last_failure + HOUR).await.unwrap().remove(0);
    assert_eq!(record.failures, 8, "within the window");
    let record = attempt(&store, &["alice"], last_failure + 2 * HOUR + 1).await.unwrap().remove(0);
    assert_eq!((record.failures, record.blocked_until), (1, last_failure + 2 * HOUR + 1), "after the window");
}

pub async fn of_a_rate_there_are_so_many_within_a_window_from_its_first(world: World) {
    let store = world.store;
    let rate = async |now: i64| {
        let keys = [ThrottleKey { is_rate: true, ..key("mails") }];
        store.reserve_attempt(&keys, now, now - HOUR).await.unwrap().map(|mut records| records.remove(0).failures)
    };
    assert_eq!(rate(NOW).await.unwrap(), 1);
    assert_eq!(rate(NOW + HOUR / 2).await.unwrap(), 2);
    assert_eq!(rate(NOW + HOUR - SECOND).await.unwrap(), 3, "one more than is free");
    assert_eq!(rate(NOW + HOUR - 1).await.unwrap_err().blocked_until, NOW + HOUR);
    for number in 1..=3 {
        assert_eq!(rate(NOW + HOUR).await.unwrap(), number, "the next window");
    }
    assert_eq!(rate(NOW + HOUR + 1).await.unwrap_err().blocked_until, NOW + 2 * HOUR);
    // Whoever asks now and then never has to wait.
    for number in 3..10 {
        rate(NOW + number * 50 * MINUTE).await.unwrap();
    }
}

pub async fn a_blocked_key_counts_nothing_for_the_others(world: World) {
    let store = world.store;
    for _ in 0..3 {
        attempt(&store, &["alice"], NOW).await.unwrap();
    }
    let blocked = attempt(&store, &["zebra", "alice", "address"], NOW + 1).await.unwrap_err();
    assert_eq!(blocked.key, "alice");
    let records = attempt(&store, &["address", "zebra"], NOW + 1).await.unwrap();
    assert!(records.iter().all(|record| record.failures == 1), "{records:?}");
}

pub async fn a_refunded_attempt_leaves_no_block_and_a_cleared_one_no_trace(world: World) {
    let store = world.store;
    let mut counted = Vec::new();
    for _ in 0..3 {
        counted = attempt(&store, &["alice", "address"], NOW).await.unwrap();
    }
    counted.retain(|record| record.key == "alice");
    store.refund_attempts(&counted).await.unwrap();
    let record = attempt(&store, &["alice"], NOW + 1).await.unwrap().remove(0);
    assert_eq!(record.failures, 3);
    store.clear_attempts(&["alice", "nobody"]).await.unwrap();
    let record = attempt(&store, &["alice"], NOW + 1).await.unwrap().remove(0);
    assert_eq!(record.failures, 1);
    assert_eq!(attempt(&store, &["address"], NOW + 1).await.unwrap_err().failures, 3);
}

pub async fn a_refund_leaves_the_block_that_a_later_failure_brought(world: World) {
    let store = world.store;
    for _ in 0..2 {
        attempt(&store, &["alice"], NOW - SECOND).await.unwrap();
    }
    let right = attempt(&store, &["alice"], NOW - SECOND).await.unwrap();
    let wrong = attempt(&store, &["alice"], NOW).await.unwrap();
    store.refund_attempts(&right).await.unwrap();
    let blocked = attempt(&store, &["alice"], NOW).await.unwrap_err();
    assert_eq!((blocked.failures, blocked.blocked_until), (3, wrong[0].blocked_until));
}

pub async fn attempts_at_once_are_all_counted(world: World) {
    let other = world.another().await;
    at_once(20, |number| {
        let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
        async move {
            let keys = [("b", number % 2 == 0), ("a", true), ("b", number % 2 == 1)];
            let generous = keys.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name);
            let keys: Vec<ThrottleKey> = generous.map(|name| ThrottleKey { free: 100, ..key(name) }).collect();
            store.reserve_attempt(&keys, NOW, NOW - HOUR).await.unwrap().unwrap();
        }
    })
    .await;
    let keys = [ThrottleKey { free: 100, ..key("a") }, ThrottleKey { free: 100, ..key("b") }];
    let records = world.store.reserve_attempt(&keys, NOW, NOW - HOUR).await.unwrap().unwrap();
    assert_eq!(records.iter().map(|record| record.failures).collect::<Vec<_>>(), [21, 21]);
}
