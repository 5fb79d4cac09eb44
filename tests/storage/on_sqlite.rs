//! What only SQLite, its files and its one writer can do to us.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portcullis::storage::*;
use sqlx::{Connection, SqliteConnection};

use crate::world::*;

fn file(world: &World) -> PathBuf {
    world.directory.as_ref().unwrap().path().join("test.db")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_opened_again_has_kept_everything() {
    let world = World::sqlite().await.with_alice_and_app().await;
    world.store.insert_family(&family("f1")).await.unwrap();
    world.store.rotate_family(rotation("f1", 1, NOW)).await.unwrap();
    world.store.close().await;
    let reopened = world.another().await;
    assert_eq!(reopened.find_family("f1").await.unwrap().unwrap().generation, 2);
    assert!(reopened.find_session("s1", &hash("cookie"), NOW, 0).await.unwrap().is_some());
    assert!(matches!(reopened.rotate_family(rotation("f1", 2, NOW)).await.unwrap(), Rotation::Rotated(_)));
}

/// The files as a killed process leaves them: what it wrote, at whatever moment.
fn copy_files(from: &Path, to: &Path) -> String {
    let target = to.join("copy.db");
    std::fs::create_dir_all(to).unwrap();
    std::fs::copy(from, &target).unwrap();
    let wal = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    if let Err(error) = std::fs::copy(wal(from), wal(&target)) {
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    }
    format!("sqlite:{}", target.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_answered_is_in_the_files_at_any_moment() {
    let world = World::sqlite().await.with_alice_and_app().await;
    for number in 0..20 {
        world.store.insert_family(&family(&format!("f{number}"))).await.unwrap();
    }
    // Generation answered last, by family.
    let answered = Arc::new(Mutex::new(vec![1_i64; 20]));
    let workers: Vec<_> = (0..20)
        .map(|number| {
            let (store, answered) = (world.store.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                for generation in 1..=60 {
                    let outcome = store.rotate_family(rotation(&format!("f{number}"), generation, NOW)).await.unwrap();
                    assert!(matches!(outcome, Rotation::Rotated(_)));
                    answered.lock().unwrap()[number] = generation + 1;
                    if generation % 7 == 0 {
                        // A conflict beside the rotations, which must not undo them.
                        assert!(matches!(store.insert_client(&client("app")).await, Err(Error::Conflict(_))));
                    }
                }
            })
        })
        .collect();
    let mut copies = Vec::new();
    while workers.iter().any(|worker| !worker.is_finished()) {
        let before = answered.lock().unwrap().clone();
        let target = world.directory.as_ref().unwrap().path().join(format!("copy{}", copies.len()));
        copies.push((before, copy_files(&file(&world), &target)));
        tokio::task::yield_now().await;
    }
    for worker in workers {
        worker.await.unwrap();
    }
    assert!(copies.len() > 1);
    let step = copies.len().div_ceil(20);
    for (before, url) in copies.into_iter().step_by(step) {
        let survivor = Store::open(&url.into()).await.unwrap();
        for (number, generation) in before.into_iter().enumerate() {
            let family = survivor.find_family(&format!("f{number}")).await.unwrap().unwrap();
            assert!(family.generation >= generation, "f{number}: {} < {generation}", family.generation);
            assert_eq!(family.token_hash, token_hash(family.generation));
            assert!(family.revoked_at.is_none());
            // The client that got no answer presents its last token again, and goes on.
            let outcome = survivor.rotate_family(rotation(&family.id, generation, NOW)).await.unwrap();
            let expected = if family.generation == generation {
                matches!(outcome, Rotation::Rotated(_))
            } else {
                matches!(outcome, Rotation::Repeated(_)) || family.generation > generation + 1
            };
            assert!(expected, "{outcome:?}");
        }
        survivor.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_goes_away_leaves_all_or_nothing() {
    let world = World::sqlite().await.with_alice_and_app().await;
    for round in 0..100 {
        let (user_id, sid, id) = (format!("u{round}"), format!("s-{round}"), format!("f{round}"));
        world.store.insert_user(&user(&user_id)).await.unwrap();
        world.store.insert_session(&session(&sid, &user_id), 0).await.unwrap();
        let mut theirs = family(&id);
        (theirs.user_id, theirs.session_id) = (user_id.clone(), sid.clone());
        world.store.insert_family(&theirs).await.unwrap();
        let (store, changed) = (world.store.clone(), user_id.clone());
        let caller =
            tokio::spawn(async move { store.change_password(&changed, "hash 2", None, false, NOW + 1, LATER).await });
        for _ in 0..round % 5 {
            tokio::task::yield_now().await;
        }
        caller.abort();
        let _ = caller.await;
        // Behind whatever the caller has left in the queue.
        world.store.ping().await.unwrap();
        let changed = world.store.find_user(&user_id).await.unwrap().unwrap().tokens_not_before == NOW + 1;
        let ended = world.store.find_session(&sid, &hash("cookie"), NOW + 1, 0).await.unwrap().is_none();
        let revoked = world.store.find_family(&id).await.unwrap().unwrap().revoked_at.is_some();
        let recorded = revocations(&world.store).await.contains(&format!("user:{user_id}"));
        assert_eq!((ended, revoked, recorded), (changed, changed, changed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_held_by_another_process_refuses_writes_and_goes_on_reading() {
    let world = World::sqlite().await.with_alice_and_app().await;
    let mut holder = SqliteConnection::connect(&world.url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut holder).await.unwrap();
    let begin = Instant::now();
    let store = world.store.clone();
    let write = tokio::spawn(async move { store.ping().await });
    while !write.is_finished() {
        assert!(world.store.find_user("alice").await.unwrap().is_some());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = write.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    world.store.ping().await.unwrap();
}

#[tokio::test]
async fn one_process_serves_from_a_file_and_commands_work_beside_it() {
    let world = World::sqlite().await;
    world.store.lock_for_serving().unwrap();
    world.store.lock_for_serving().unwrap();
    let second = world.another().await;
    let error = second.lock_for_serving().unwrap_err();
    assert!(matches!(&error, Error::InUse(path) if path.ends_with("test.db")), "{error}");
    second.insert_client(&client("made-by-a-command")).await.unwrap();
    assert!(world.store.find_client("made-by-a-command").await.unwrap().is_some());
    world.store.close().await;
    second.lock_for_serving().unwrap();
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/missing/x.db", directory.path().display());
    let Err(error) = Store::open(&url.into()).await else { panic!("opened") };
    let text = error.to_string();
    assert!(text.contains("missing/x.db") && text.contains("create it first"), "{text}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::sqlite().await.with_alice_and_app().await;
    world.store.lock_for_serving().unwrap();
    let copy = world.directory.as_ref().unwrap().path().join("copy.db");
    world.store.backup(&copy).await.unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(world.directory.as_ref().unwrap().path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 5, "database, WAL, shared memory, lock, copy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_under_load_is_whole() {
    let world = World::sqlite().await.with_alice_and_app().await;
    world.store.insert_family(&family("f1")).await.unwrap();
    let store = world.store.clone();
    let load = tokio::spawn(async move {
        for generation in 1..=200 {
            store.rotate_family(rotation("f1", generation, NOW)).await.unwrap();
        }
    });
    let copy = world.directory.as_ref().unwrap().path().join("copy.db");
    world.store.backup(&copy).await.unwrap();
    load.await.unwrap();
    assert!(world.store.backup(&copy).await.is_err(), "an existing file is never written over");
    let restored = Store::open(&format!("sqlite:{}", copy.display()).into()).await.unwrap();
    let family = restored.find_family("f1").await.unwrap().unwrap();
    assert_eq!(family.token_hash, token_hash(family.generation));
    let mut connection = SqliteConnection::connect(copy.to_str().unwrap()).await.unwrap();
    let integrity: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(integrity, "ok");
}

#[tokio::test]
async fn a_flood_of_audit_events_is_counted_and_never_waited_for() {
    let world = World::sqlite().await;
    for number in 0..20_000 {
        world.store.audit(audit_event(&format!("{number:05}"), NOW, "token_issued"));
    }
    let dropped = world.store.dropped_audit_events();
    assert!(dropped > 0);
    let written = world.store.list_audit_events(None, 100_000).await.unwrap().len();
    assert_eq!(u64::try_from(written).unwrap() + dropped, 20_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_in_memory_are_separate_and_take_reads_and_writes_at_once() {
    let first = Store::open(&"sqlite::memory:".into()).await.unwrap();
    let second = Store::open(&"sqlite::memory:".into()).await.unwrap();
    for store in [&first, &second] {
        store.migrate().await.unwrap();
    }
    at_once(50, |number| {
        let store = first.clone();
        async move {
            store.insert_user(&user(&format!("u{number}"))).await.unwrap();
            assert!(store.find_user(&format!("u{number}")).await.unwrap().is_some());
        }
    })
    .await;
    assert_eq!(first.list_users("", 100).await.unwrap().len(), 50);
    assert_eq!(second.list_users("", 100).await.unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wal_stays_short_when_large_writes_come_one_by_one() {
    let world = World::sqlite().await.with_alice_and_app().await;
    let wal = format!("{}-wal", file(&world).display());
    let mut longest = 0;
    for number in 0..3_000 {
        let request = "x".repeat(40 * 1024);
        world
            .store
            .insert_transaction(&TransactionRecord { request, ..transaction(&number.to_string()) })
            .await
            .unwrap();
        longest = longest.max(std::fs::metadata(&wal).unwrap().len());
    }
    // 64 MiB, and what comes before the writer gets to moving it.
    assert!(longest < 96 << 20, "{longest} bytes");
}
