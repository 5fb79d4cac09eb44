//! The release binary under a bounded load from the same machine: `cargo bench --bench http -- [SECONDS] [CONNECTIONS]`.
//!
//! For each kind of work: pieces per second, latency, and the server's own processor time per piece, which on a machine
//! shared with the load is the figure that counts. Floors and targets are those of `docs/performance.md`.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench"
)]

mod load;
mod server;
mod storm;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use load::{Connection, Figures, measure};
use server::{PASSWORD, Server, USER};

const CALLBACK: &str = "https%3A%2F%2Fapp.test%2Fcb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let duration = Duration::from_secs(numbers.first().copied().unwrap_or(3));
    let connections = numbers.get(1).copied().unwrap_or(32) as usize;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, run(duration, connections));
}

async fn run(duration: Duration, connections: usize) {
    let server = Server::start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle = server.memory("VmRSS");
    println!(
        "{connections} connections, {} s each; server CPU in microseconds per piece of work\n",
        duration.as_secs()
    );
    println!("| work | pieces/s | p50 ms | p99 ms | CPU us | floor | target |");
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    let bench = Bench::set_up(server, duration, connections).await;
    bench.run().await;
    let server = &bench.server;
    println!("\nfirst answer on an existing database: {:.1} ms (target 50)", server.first_answer.as_secs_f64() * 1e3);
    println!("idle RSS: {idle:.1} MiB (target 30); peak RSS: {:.1} MiB", server.memory("VmHWM"));
    println!("binary: {:.1} MB (target 20)", Server::binary_size());
    storm::run(server, &bench.service, duration).await;
}

struct Bench {
    server: Server,
    duration: Duration,
    connections: usize,
    service: String,
    app: String,
    app_id: String,
    opaque: String,
    opaque_id: String,
    device_id: String,
    cookies: String,
}

fn basic((id, secret): &(String, String)) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{id}:{secret}")))
}

fn row(work: &str, figures: &Figures, floor: &str, target: &str) {
    println!(
        "| {work} | {:.0} | {:.2} | {:.2} | {:.1} | {floor} | {target} |",
        figures.per_second,
        figures.p50.as_secs_f64() * 1e3,
        figures.p99.as_secs_f64() * 1e3,
        figures.cpu_micros
    );
}

impl Bench {
    async fn set_up(server: Server, duration: Duration, connections: usize) -> Self {
        let service = server.client(r#"{"grant_types":["client_credentials"],"scope":"api"}"#);
        let person = r#""redirect_uris":["https://app.test/cb"],"grant_types":["authorization_code","refresh_token"],"skip_consent":true,"scope":"openid profile email offline_access""#;
        let app = server.client(&format!("{{{person}}}"));
        let opaque = server.client(&format!(r#"{{{person},"access_token_format":"opaque"}}"#));
        let device = server.client(
            r#"{"grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"token_endpoint_auth_method":"none"}"#,
        );
        // The running server sees new clients with its next look.
        tokio::time::sleep(Duration::from_millis(800)).await;
        let mut connection = Connection::open(&server).await;
        let cookies = sign_in(&mut connection).await;
        Self {
            server,
            duration,
            connections,
            service: basic(&service),
            app: basic(&app),
            app_id: app.0,
            opaque: basic(&opaque),
            opaque_id: opaque.0,
            device_id: device.0,
            cookies,
        }
    }

    async fn run(&self) {
        for (work, path) in [("discovery", "/.well-known/openid-configuration"), ("JWKS", "/.well-known/jwks.json")] {
            let figures = self.each(move |mut connection, ()| async move {
                connection.get(path, "").await.ok();
                Some((connection, ()))
            });
            row(work, &figures.await, "6.5", "9");
        }
        let service = self.service.clone();
        let figures = self.each(move |mut connection, ()| {
            let service = service.clone();
            async move {
                connection.post("/oauth2/token", &service, "grant_type=client_credentials").await.ok();
                Some((connection, ()))
            }
        });
        row("client_credentials, JWT", &figures.await, "24", "32");
        self.introspection().await;
        self.userinfo().await;
        self.codes().await;
        self.refresh().await;
        self.flow().await;
        self.device().await;
        self.login().await;
    }

    /// One state per connection, none of it needed.
    async fn each<F, T>(&self, step: F) -> Figures
    where
        F: Fn(Connection, ()) -> T + Clone + 'static,
        T: Future<Output = Option<(Connection, ())>> + 'static,
    {
        measure(&self.server, self.duration, vec![(); self.connections], step).await
    }

    /// Works off `items`, each once.
    async fn once_each<F, T>(&self, items: Vec<String>, step: F) -> Figures
    where
        F: Fn(Connection, String) -> T + Clone + 'static,
        T: Future<Output = Connection> + 'static,
    {
        let items = Rc::new(RefCell::new(items));
        self.each(move |connection, ()| {
            let (items, step) = (Rc::clone(&items), step.clone());
            async move {
                let item = items.borrow_mut().pop()?;
                Some((step(connection, item).await, ()))
            }
        })
        .await
    }

    /// A code, asked for by a browser that is signed in.
    async fn code(&self, connection: &mut Connection, client_id: &str) -> String {
        let path = authorize(client_id);
        let reply = connection.get(&path, &format!("Cookie: {}\r\n", self.cookies)).await;
        reply.param("code")
    }

    async fn tokens(&self, count: usize, client_id: &str, authorization: &str) -> Vec<(String, String)> {
        let mut connection = Connection::open(&self.server).await;
        let mut tokens = Vec::with_capacity(count);
        for _ in 0..count {
            let code = self.code(&mut connection, client_id).await;
            let reply = connection.post("/oauth2/token", authorization, &exchange(&code)).await.ok();
            tokens.push((reply.member("access_token"), reply.member("refresh_token")));
        }
        tokens
    }

    async fn introspection(&self) {
        let count = 4000;
        for (work, client_id, authorization, floor, target) in [
            ("introspection, opaque", &self.opaque_id, &self.opaque, "13", "18"),
            ("introspection, JWT", &self.app_id, &self.app, "49", "60"),
        ] {
            let tokens = self.tokens(count, client_id, authorization).await;
            let tokens: Vec<String> = tokens.into_iter().map(|(access, _)| access).collect();
            let seen = tokens[0].clone();
            let header = authorization.clone();
            let figures = self.once_each(tokens, move |mut connection, token| {
                let header = header.clone();
                async move {
                    connection.post("/oauth2/introspect", &header, &format!("token={token}")).await.ok();
                    connection
                }
            });
            row(work, &figures.await, floor, target);
            if work.ends_with("JWT") {
                let header = authorization.clone();
                let figures = self.each(move |mut connection, ()| {
                    let (header, form) = (header.clone(), format!("token={seen}"));
                    async move {
                        connection.post("/oauth2/introspect", &header, &form).await.ok();
                        Some((connection, ()))
                    }
                });
                row("introspection, JWT seen before", &figures.await, "10", "15");
            }
        }
    }

    async fn userinfo(&self) {
        let tokens = self.tokens(4000, &self.app_id, &self.app).await;
        let tokens: Vec<String> = tokens.into_iter().map(|(access, _)| access).collect();
        let seen = format!("Authorization: Bearer {}\r\n", tokens[0]);
        let figures = self.once_each(tokens, |mut connection, token| async move {
            connection.get("/oauth2/userinfo", &format!("Authorization: Bearer {token}\r\n")).await.ok();
            connection
        });
        row("userinfo, JWT", &figures.await, "46", "58");
        let figures = self.each(move |mut connection, ()| {
            let header = seen.clone();
            async move {
                connection.get("/oauth2/userinfo", &header).await.ok();
                Some((connection, ()))
            }
        });
        row("userinfo, seen before", &figures.await, "8", "12");
    }

    async fn codes(&self) {
        let mut connection = Connection::open(&self.server).await;
        let mut codes = Vec::new();
        for _ in 0..6000 {
            codes.push(self.code(&mut connection, &self.app_id).await);
        }
        let header = self.app.clone();
        let figures = self.once_each(codes, move |mut connection, code| {
            let header = header.clone();
            async move {
                connection.post("/oauth2/token", &header, &exchange(&code)).await.ok();
                connection
            }
        });
        row("code exchange", &figures.await, "48", "65");
    }

    async fn refresh(&self) {
        for connections in [self.connections, self.connections * 4] {
            let families = self.tokens(connections, &self.app_id, &self.app).await;
            let families: Vec<String> = families.into_iter().map(|(_, refresh)| refresh).collect();
            let header = self.app.clone();
            let figures = measure(&self.server, self.duration, families, move |mut connection, token| {
                let header = header.clone();
                async move {
                    let form = format!("grant_type=refresh_token&refresh_token={token}");
                    let reply = connection.post("/oauth2/token", &header, &form).await.ok();
                    Some((connection, reply.member("refresh_token")))
                }
            });
            row(&format!("refresh, {connections} connections"), &figures.await, "50", "68");
        }
    }

    async fn flow(&self) {
        let (header, cookies, path) = (self.app.clone(), self.cookies.clone(), authorize(&self.app_id));
        let figures = self.each(move |mut connection, ()| {
            let (header, cookies, path) = (header.clone(), format!("Cookie: {cookies}\r\n"), path.clone());
            async move {
                let code = connection.get(&path, &cookies).await.param("code");
                connection.post("/oauth2/token", &header, &exchange(&code)).await.ok();
                Some((connection, ()))
            }
        });
        row("code flow, signed in, both requests", &figures.await, "-", "400");
    }

    async fn device(&self) {
        let mut connection = Connection::open(&self.server).await;
        let mut devices = Vec::new();
        for _ in 0..6000 {
            let form = format!("client_id={}&scope=openid", self.device_id);
            devices.push(connection.post("/oauth2/device", "", &form).await.ok().member("device_code"));
        }
        let client_id = self.device_id.clone();
        let figures = self.once_each(devices, move |mut connection, code| {
            let form = format!(
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id={client_id}&device_code={code}"
            );
            async move {
                assert_eq!(connection.post("/oauth2/token", "", &form).await.status, 400);
                connection
            }
        });
        row("device poll", &figures.await, "9.5", "14");
    }

    /// As many at once as the pool has places: more would be told to come again.
    async fn login(&self) {
        let figures = measure(&self.server, self.duration, vec![(); 2], |mut connection, ()| async move {
            sign_in(&mut connection).await;
            Some((connection, ()))
        });
        let figures = figures.await;
        row("password login, page and form", &figures, "Argon2", "Argon2 + 1%");
    }
}

fn authorize(client_id: &str) -> String {
    format!(
        "/authorize?response_type=code&client_id={client_id}&redirect_uri={CALLBACK}&scope=openid%20offline_access&state=s\
         &nonce=n&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )
}

fn exchange(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&code_verifier={VERIFIER}")
}

/// Signs in at the server's own page; the cookies of the session.
async fn sign_in(connection: &mut Connection) -> String {
    let page = connection.get("/login", "").await.ok();
    let csrf = page.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let cookies = page.cookies();
    let form = format!("csrf={csrf}&username={USER}&password={}", PASSWORD.replace(' ', "+"));
    let reply = connection.post("/login", &format!("Cookie: {cookies}\r\n"), &form).await;
    assert_eq!(reply.status, 303, "{}", reply.body);
    format!("{cookies}; {}", reply.cookies())
}
