//! What the storage does per second without HTTP and signatures: `cargo bench --bench storage -- [SECONDS] [TASKS]`.
//! Prints durable operations per second and the processor time of the whole process per operation.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

use portcullis::storage::*;
use secrecy::SecretString;

const FAMILIES: usize = 20_000;
const FAR: i64 = 1 << 50;

fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let seconds = arguments.first().copied().unwrap_or(3);
    let tasks = usize::try_from(arguments.get(1).copied().unwrap_or(128)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(run(Duration::from_secs(seconds), tasks));
}

async fn run(duration: Duration, tasks: usize) {
    let (url, directory) = match std::env::var("PORTCULLIS_BENCH_DATABASE") {
        Ok(url) => (url, None),
        Err(_) => {
            let directory =
                tempfile::tempdir_in(std::env::var("PORTCULLIS_BENCH_DIR").unwrap_or("target".into())).unwrap();
            (format!("sqlite:{}", directory.path().join("bench.db").display()), Some(directory))
        }
    };
    let store = Store::open(&SecretString::from(url)).await.unwrap();
    store.migrate().await.unwrap();
    seed(&store).await;
    println!("{tasks} tasks, {FAMILIES} families, fsync {:.0} us", fsync_time(directory.as_ref().map(|d| d.path())));

    measure(&store, "rotate_family", duration, tasks, move |store, task, turn| {
        async move {
            // Each task walks over families of its own, so that a batch holds distinct ones.
            let per_task = FAMILIES / tasks;
            let family = task * per_task + turn % per_task;
            let generation = i64::try_from(turn / per_task).unwrap() + 1;
            let outcome = store
                .rotate_family(RotateFamily {
                    family_id: family_id(family),
                    client_id: "client".into(),
                    generation,
                    token_hash: hash(family, generation),
                    successor_hash: hash(family, generation + 1),
                    now: 2,
                    idle_expires_at: FAR,
                    grace_since: 0,
                    revocation_expires_at: FAR,
                })
                .await
                .unwrap();
            assert!(matches!(outcome, Rotation::Rotated(_)), "{outcome:?}");
        }
    })
    .await;

    measure(&store, "insert_code", duration, tasks, move |store, task, turn| async move {
        store.insert_code(&code(task, turn)).await.unwrap()
    })
    .await;

    measure(&store, "redeem_code with family", duration, tasks, move |store, task, turn| {
        async move {
            let code = code(task, turn);
            let family = family(1_000_000 + task * 10_000_000 + turn);
            // Those that the step before has made; a step that outruns them ends with the unknown.
            let _ = store.redeem_code(&code.id, &code.secret_hash, 2, Some(&family)).await.unwrap();
        }
    })
    .await;

    measure(&store, "insert_access_token", duration, tasks, move |store, task, turn| async move {
        let id = format!("{:08x}-0000-7000-8000-{task:012x}", turn);
        let token = AccessTokenRecord { id, secret_hash: vec![7; 32], claims: "{}".repeat(150), expires_at: FAR };
        store.insert_access_token(&token).await.unwrap();
    })
    .await;

    measure(&store, "find_session", duration, tasks, move |store, task, _| async move {
        assert!(store.find_session(&session_id(task), &[1; 32], 2, 0).await.unwrap().is_some());
    })
    .await;
    store.close().await;
}

async fn measure<F, T>(store: &Store, name: &str, duration: Duration, tasks: usize, operation: F)
where
    F: Fn(Store, usize, usize) -> T + Clone + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let (begin, cpu) = (Instant::now(), processor_time());
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (operation, store) = (operation.clone(), store.clone());
            tokio::spawn(async move {
                let mut turn = 0;
                while begin.elapsed() < duration {
                    operation(store.clone(), task, turn).await;
                    turn += 1;
                }
                turn
            })
        })
        .collect();
    let mut done = 0;
    for task in running {
        done += task.await.unwrap();
    }
    let (elapsed, cpu) = (begin.elapsed(), processor_time() - cpu);
    let per_second = done as f64 / elapsed.as_secs_f64();
    println!("{name:26} {per_second:9.0}/s {:8.1} us CPU each", cpu.as_secs_f64() * 1e6 / done as f64);
}

async fn seed(store: &Store) {
    let client = ClientRecord {
        client_id: "client".into(),
        metadata: "{}".into(),
        secret_hash: None,
        secret_sealed: None,
        disabled_at: None,
        created_at: 1,
        updated_at: 1,
    };
    store.insert_client(&client).await.unwrap();
    let mut inserts = tokio::task::JoinSet::new();
    for number in 0..1000 {
        store.insert_user(&user(number)).await.unwrap();
        store.insert_session(&session(number), 0).await.unwrap();
    }
    for number in 0..FAMILIES {
        let store = store.clone();
        inserts.spawn(async move { store.insert_family(&family(number)).await.unwrap() });
        if inserts.len() >= 512 {
            inserts.join_next().await;
        }
    }
    inserts.join_all().await;
}

fn user_id(number: usize) -> String {
    format!("01900000-0000-7000-8000-{:012x}", number % 1000)
}

fn session_id(number: usize) -> String {
    format!("01900000-0000-7000-9000-{:012x}", number % 1000)
}

fn family_id(number: usize) -> String {
    format!("01900000-0000-7000-a000-{number:012x}")
}

fn hash(family: usize, generation: i64) -> Vec<u8> {
    let mut hash = vec![0; 32];
    hash[..8].copy_from_slice(&(family as u64).to_be_bytes());
    hash[8..16].copy_from_slice(&generation.to_be_bytes());
    hash
}

fn user(number: usize) -> UserRecord {
    UserRecord {
        id: user_id(number),
        username: format!("user{number}"),
        email: Some(format!("user{number}@example.test")),
        email_verified: true,
        password_hash: Some("$argon2id$v=19$m=65536,t=3,p=1$".repeat(3)),
        claims: r#"{"name":"A Person","given_name":"A","family_name":"Person"}"#.into(),
        is_admin: false,
        disabled_at: None,
        tokens_not_before: 0,
        password_changed_at: None,
        created_at: 1,
        updated_at: 1,
    }
}

fn session(number: usize) -> SessionRecord {
    SessionRecord {
        id: session_id(number),
        secret_hash: vec![1; 32],
        user_id: user_id(number),
        auth_time: 1,
        acr: "urn:portcullis:password".into(),
        amr: r#"["pwd"]"#.into(),
        address: "192.0.2.1".into(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(),
        created_at: 1,
        last_seen_at: 1,
        expires_at: FAR,
        ended_at: None,
        proved_at: 0,
    }
}

fn family(number: usize) -> FamilyRecord {
    FamilyRecord {
        id: family_id(number),
        client_id: "client".into(),
        user_id: user_id(number),
        session_id: session_id(number),
        offline: number.is_multiple_of(2),
        scope: "openid profile email offline_access".into(),
        details: r#"{"auth_time":1700000000,"acr":"urn:portcullis:password","amr":["pwd"],"nonce":"n-0S6_WzA2Mj"}"#
            .into(),
        generation: 1,
        token_hash: hash(number, 1),
        rotated_at: 1,
        created_at: 1,
        expires_at: FAR,
        idle_expires_at: FAR,
        revoked_at: None,
        revoked_reason: None,
    }
}

fn code(task: usize, turn: usize) -> CodeRecord {
    CodeRecord {
        id: format!("{turn:08x}-0000-7000-8000-{task:012x}"),
        secret_hash: vec![2; 32],
        client_id: "client".into(),
        user_id: user_id(task),
        session_id: session_id(task),
        family_id: family_id(1_000_000 + task * 10_000_000 + turn),
        details: r#"{"redirect_uri":"https://app.example.test/callback","code_challenge":"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM","nonce":"n-0S6_WzA2Mj","scope":"openid profile email","auth_time":1700000000}"#.into(),
        created_at: 1,
        expires_at: FAR,
        consumed_at: None,
    }
}

/// User and system time of this process so far, from the kernel's counters (in ticks of 10 ms).
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The mean time of writing and syncing one page: the floor under every commit.
fn fsync_time(directory: Option<&Path>) -> f64 {
    use std::io::Write;
    let Some(directory) = directory else { return 0.0 };
    let mut file = std::fs::File::create(directory.join("fsync")).unwrap();
    let begin = Instant::now();
    for _ in 0..100 {
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
    }
    begin.elapsed().as_secs_f64() * 1e4
}
