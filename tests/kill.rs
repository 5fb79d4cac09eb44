//! `kill -9` under load: what a client was told before stays true, and what it was not told it can ask again.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod common;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{Answer, Browser, CHALLENGE, VERIFIER};
use serde_json::Value;

const ROUNDS: usize = 20;
const FAMILIES: usize = 12;
const CALLBACK: &str = "http://localhost:3000/callback";
const CLIENT: &str = "demo-spa";

struct Process {
    child: Child,
    issuer: String,
}

impl Process {
    async fn start(dir: &Path, port: u16, http: &reqwest::Client) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["dev", "--port", &port.to_string()])
            .current_dir(dir)
            .env_remove("PORTCULLIS_CONFIG")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let issuer = format!("http://localhost:{port}");
        let process = Self { child, issuer };
        let begin = Instant::now();
        loop {
            let ready = http.get(format!("{}/readyz", process.issuer)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return process;
            }
            assert!(begin.elapsed() < Duration::from_secs(30), "the server does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `None` when the connection broke: the client does not know what happened.
async fn token(http: &reqwest::Client, issuer: &str, form: &[(&str, &str)]) -> Option<Answer> {
    let sent = http.post(format!("{issuer}/oauth2/token")).form(form).send().await.ok()?;
    let (status, headers) = (sent.status(), sent.headers().clone());
    Some(Answer { status, headers, body: sent.text().await.ok()? })
}

async fn refresh(http: &reqwest::Client, issuer: &str, refresh_token: &str) -> Option<Answer> {
    let form = [("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", refresh_token)];
    token(http, issuer, &form).await
}

async fn redeem(http: &reqwest::Client, issuer: &str, code: &str) -> Option<Answer> {
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    token(http, issuer, &form).await
}

fn refresh_token(answer: &Answer) -> String {
    answer.ok()["refresh_token"].as_str().unwrap().to_owned()
}

/// A code for alice; the first time through the pages, later at once.
async fn code(browser: &Browser, issuer: &str, demo: &Value) -> String {
    let mut url: url::Url = format!("{issuer}/authorize").parse().unwrap();
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid offline_access"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let mut page = browser.open(url.as_str()).await;
    if page.has("#password") {
        let (name, password) = demo["passwords"].as_object().unwrap().iter().next().unwrap();
        page = browser.submit(&page, &[("username", name), ("password", password.as_str().unwrap())]).await;
    }
    if page.has("#allow") {
        page = browser.submit(&page, &[("decision", "allow")]).await;
    }
    page.param("code").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f01_twenty_kills_during_refreshes_lose_no_token_and_double_none() {
    let dir = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut process = Process::start(dir.path(), port, &http).await;
    let issuer = process.issuer.clone();
    let demo = std::fs::read_to_string(dir.path().join("portcullis-dev/demo.json")).unwrap();
    let demo: Value = serde_json::from_str(&demo).unwrap();
    let browser = Browser::new(http.clone(), &issuer);

    let mut leaves = Vec::new();
    for _ in 0..FAMILIES {
        let code = code(&browser, &issuer, &demo).await;
        leaves.push(refresh_token(&redeem(&http, &issuer, &code).await.unwrap()));
    }
    let (mut rotations, mut unanswered) = (0, 0);
    for round in 0..ROUNDS {
        // Exchanged and answered before the kill: used for good.
        let used = code(&browser, &issuer, &demo).await;
        redeem(&http, &issuer, &used).await.unwrap().ok();

        let stop = Arc::new(AtomicBool::new(false));
        let workers: Vec<_> = leaves
            .drain(..)
            .map(|leaf| {
                let (http, issuer, stop) = (http.clone(), issuer.clone(), Arc::clone(&stop));
                tokio::spawn(async move {
                    let (mut leaf, mut done) = (leaf, 0);
                    while !stop.load(Ordering::Relaxed) {
                        match refresh(&http, &issuer, &leaf).await {
                            Some(answer) => leaf = refresh_token(&answer),
                            None => return (leaf, done, true),
                        }
                        done += 1;
                    }
                    (leaf, done, false)
                })
            })
            .collect();
        // A different moment of the load each time.
        tokio::time::sleep(Duration::from_millis(20 + (round as u64 * 37) % 150)).await;
        process.kill();
        stop.store(true, Ordering::Relaxed);
        let mut known = Vec::new();
        for worker in workers {
            let (leaf, done, broken) = worker.await.unwrap();
            rotations += done;
            unanswered += usize::from(broken);
            known.push(leaf);
        }
        process = Process::start(dir.path(), port, &http).await;
        for leaf in known {
            // Whether or not it was rotated before the kill, its holder gets the one successor, however often it asks.
            let first = refresh_token(&refresh(&http, &issuer, &leaf).await.unwrap());
            let again = refresh_token(&refresh(&http, &issuer, &leaf).await.unwrap());
            assert_eq!(first, again, "round {round}");
            leaves.push(first);
        }
        assert_eq!(redeem(&http, &issuer, &used).await.unwrap().error(), "invalid_grant", "round {round}");
    }
    process.kill();
    println!("{ROUNDS} kills, {rotations} rotations answered, {unanswered} requests cut off");
    assert!(unanswered > 0, "the kills hit the load");

    let url = format!("sqlite:{}", dir.path().join("portcullis-dev/portcullis.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&pool).await.unwrap();
    assert_eq!(check, "ok");
    let live: i64 = sqlx::query_scalar("SELECT count(*) FROM refresh_families WHERE revoked_at IS NULL")
        .fetch_one(&pool)
        .await
        .unwrap();
    // Those of the replayed codes are revoked, as they must be; all others live, each with the leaf that its client has.
    assert_eq!(usize::try_from(live).unwrap(), FAMILIES);
    for leaf in leaves {
        let hash = portcullis::base::TokenHash::of(&leaf);
        let found: i64 = sqlx::query_scalar("SELECT count(*) FROM refresh_families WHERE token_hash = $1")
            .bind(hash.as_bytes().to_vec())
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(found, 1);
    }
}
