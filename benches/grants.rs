//! The grants without HTTP, on SQLite with `synchronous=FULL`, and signing alone: `cargo bench --bench grants`.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench"
)]

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use portcullis::base::{SystemClock, SystemRandom, TokenHash};
use portcullis::config::{Algorithm, Config};
use portcullis::identity::{Identity, NewUser, Origin};
use portcullis::jose::{Sealer, sign};
use portcullis::oauth::client_auth::{self, Credentials, Endpoint};
use portcullis::oauth::grant::authorization_code::{CodeDetails, CodeGrant, issue_code};
use portcullis::oauth::grant::{self, TokenRequest};
use portcullis::oauth::pkce::CodeChallenge;
use portcullis::oauth::{Authentication, Caller, Context, Params, ScopeSet, TokenResponse, introspection};
use portcullis::oidc::ClaimsRequest;
use portcullis::outbound;
use portcullis::storage::{ClientRecord, Clients as _, Store};
use serde_json::json;
use tokio::runtime::Runtime;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT_URI: &str = "https://app.test/cb";
const CLIENT: &str = "client";
const SECRET: &str = "a secret";
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct World {
    cx: Context,
    user_id: String,
    session_id: String,
    _dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir_in(std::env::var("PORTCULLIS_BENCH_DIR").unwrap_or("target".into())).unwrap();
        let config: Config = toml::from_str(
            r#"
            issuer = "https://id.test"
            secrets.master_key = "bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
            passwords = { memory_kib = 64, iterations = 1 }
            "#,
        )
        .unwrap();
        let config = Arc::new(config);
        let store = Store::open(&format!("sqlite:{}", dir.path().join("b.db").display()).into()).await.unwrap();
        store.migrate().await.unwrap();
        let metadata = json!({
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "client_secret_post",
            "scope": "openid offline_access api:read",
        });
        let client = ClientRecord {
            client_id: CLIENT.into(),
            metadata: metadata.to_string(),
            secret_hash: Some(TokenHash::of(SECRET).as_bytes().to_vec()),
            secret_sealed: None,
            disabled_at: None,
            created_at: 1,
            updated_at: 1,
        };
        store.insert_client(&client).await.unwrap();
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
        let identity = Identity::new(config.clone(), store.clone(), clock.clone(), random.clone());
        let password = || Some("correct horse battery".into());
        let new = NewUser { username: "alice".into(), password: password(), ..NewUser::default() };
        identity.create_user(new).await.unwrap();
        let origin = Origin::new(ADDRESS, "bench", "bench");
        let proof = identity.verify_password("alice", &password().unwrap(), &origin).await.unwrap();
        let (session, _) = identity.start_session(proof.into(), None, &origin).await.unwrap().unwrap();
        let sealer = Arc::new(Sealer::load(&config.secrets).unwrap());
        let outbound = outbound::Client::new(&config).unwrap();
        let cx = Context::open(config, store, sealer, outbound, clock, random).await.unwrap();
        Self { cx, user_id: session.user.id, session_id: session.sid, _dir: dir }
    }

    async fn code(&self) -> String {
        let client = self.cx.clients.get(CLIENT).unwrap();
        let details = CodeDetails {
            redirect_uri: REDIRECT_URI.into(),
            code_challenge: Some(CodeChallenge::parse(CHALLENGE).unwrap()),
            nonce: Some("n".into()),
            scope: ScopeSet::parse("openid offline_access").unwrap(),
            authentication: Authentication {
                auth_time: self.cx.now().seconds(),
                acr: "1".into(),
                amr: vec!["pwd".into()],
                claims: ClaimsRequest::default(),
                resource: None,
            },
        };
        let grant = CodeGrant { client: &client, user_id: &self.user_id, session_id: &self.session_id, details };
        issue_code(&self.cx, grant).await.unwrap().code.expose().to_owned()
    }

    async fn token(&self, form: &str) -> TokenResponse {
        let params = params(form);
        let credentials =
            Credentials { authorization: None, params: &params, endpoint: Endpoint::Token, address: ADDRESS };
        let client = client_auth::authenticate(&self.cx, &credentials).await.unwrap();
        let caller = Caller { address: ADDRESS, request_id: "bench" };
        grant::dispatch(&self.cx, TokenRequest { client: &client, params: &params, caller }).await.unwrap()
    }

    async fn exchange(&self, code: &str) -> TokenResponse {
        self.token(&format!(
            "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&code_verifier={VERIFIER}"
        ))
        .await
    }
}

fn params(form: &str) -> Params {
    Params::parse(format!("client_id={CLIENT}&client_secret=a+secret&{form}").as_bytes()).unwrap()
}

fn grants(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let claims = json!({ "iss": "https://id.test", "sub": "someone", "aud": "client", "exp": 1, "iat": 1 });
    for alg in [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256] {
        criterion.bench_function(&format!("sign {alg}"), |bencher| {
            bencher.to_async(&runtime).iter(|| sign(&world.cx.keys, alg, "JWT", &claims));
        });
    }
    criterion.bench_function("client_credentials", |bencher| {
        bencher.to_async(&runtime).iter(|| world.token("grant_type=client_credentials"));
    });
    criterion.bench_function("code exchange, durable", |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || tokio::task::block_in_place(|| runtime.handle().block_on(world.code())),
            |code| async { world.exchange(&{ code }).await },
            BatchSize::SmallInput,
        );
    });
    let first = runtime.block_on(async { world.exchange(&world.code().await).await.refresh_token.unwrap() });
    let leaf = RefCell::new(first);
    criterion.bench_function("refresh, durable", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let form = format!("grant_type=refresh_token&refresh_token={}", leaf.borrow());
            let next = world.token(&form).await.refresh_token.unwrap();
            leaf.replace(next);
        });
    });
    let access = runtime.block_on(world.token("grant_type=client_credentials")).access_token;
    criterion.bench_function("introspection, seen before", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let params = params(&format!("token={access}"));
            let credentials = Credentials {
                authorization: None,
                params: &params,
                endpoint: Endpoint::Introspection,
                address: ADDRESS,
            };
            let client = client_auth::authenticate(&world.cx, &credentials).await.unwrap();
            introspection::introspect(&world.cx, &client, &params).await.unwrap()
        });
    });
}

criterion_group!(benches, grants);
criterion_main!(benches);
