use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jws::{ES256, HS256, JwsHeader, JwsSigner};
use josekit::jwt::{self, JwtPayload};
use serde_json::{Value, json};

use crate::common::*;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const GRANT: &str = "grant_type=client_credentials";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const CK: &str = "ck";

#[tokio::test]
async fn s041_two_methods_at_once_are_an_invalid_request() {
    let world = World::new().await;
    let authorization = basic(C1, &secret_of(C1));
    let assertion = "&client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let secret = format!("&client_id={C1}&client_secret={}", secret_of(C1));
    for (headers, body) in [
        (vec![FORM, ("authorization", authorization.as_str())], format!("{GRANT}{secret}")),
        (vec![FORM, ("authorization", authorization.as_str())], format!("{GRANT}{assertion}")),
        (vec![FORM], format!("{GRANT}{secret}{assertion}")),
    ] {
        let answer = world.post_raw("/oauth2/token", &headers, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (400, "invalid_request"), "{body}");
    }
}

#[tokio::test]
async fn s042_s045_basic_is_form_decoded_and_anything_else_is_401_with_a_challenge() {
    let world = World::new().await;
    let odd = "a:b%+ é";
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "api:read" });
    world.add_client(odd, &metadata).await;
    let answer = world.post_raw("/oauth2/token", &[FORM, ("authorization", &basic(odd, &secret_of(odd)))], GRANT).await;
    answer.ok();
    for bad in [
        basic(C1, ""),
        basic(C1, "wrong"),
        basic("unknown", "wrong"),
        "Basic !!!".to_owned(),
        format!("Basic {}", STANDARD.encode("no colon")),
        format!("Basic {}", STANDARD.encode("a\0:b")),
        format!("Basic {}", "A".repeat(4000)),
        "Bearer abc".to_owned(),
    ] {
        let answer = world.post_raw("/oauth2/token", &[FORM, ("authorization", &bad)], GRANT).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (401, "invalid_client"), "{bad}");
        assert!(answer.header("www-authenticate").starts_with("Basic realm="), "{bad}");
    }
    // Without Basic there is no challenge for it.
    for body in [GRANT.to_owned(), format!("{GRANT}&client_id={C1}"), format!("{GRANT}&client_id={C3}&client_secret=x")]
    {
        let answer = world.post_raw("/oauth2/token", &[FORM], body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (401, "invalid_client"), "{body}");
    }
}

#[tokio::test]
async fn s044_a_client_is_who_its_method_says_and_only_by_the_registered_method() {
    let world = World::new().await;
    let authorization = basic(C1, &secret_of(C1));
    let answer = world
        .post_raw("/oauth2/token", &[FORM, ("authorization", &authorization)], format!("{GRANT}&client_id={C2}"))
        .await;
    assert_eq!(answer.error(), "invalid_request");
    // client_secret_basic is registered: the same secret in the body is nothing.
    let body = format!("{GRANT}&client_id={C1}&client_secret={}", secret_of(C1));
    assert_eq!(world.post_raw("/oauth2/token", &[FORM], body).await.error(), "invalid_client");
    let post = basic(C3, &secret_of(C3));
    assert_eq!(
        world.post_raw("/oauth2/token", &[FORM, ("authorization", &post)], GRANT).await.error(),
        "invalid_client"
    );
}

#[tokio::test]
async fn s046_s048_unknown_disabled_and_wrong_read_alike_everywhere() {
    let world = World::new().await;
    let strip = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        (answer.status, body)
    };
    let mut answers = Vec::new();
    for (client_id, secret) in [("unknown", "x".to_owned()), (C1, "x".to_owned())] {
        let authorization = basic(client_id, &secret);
        answers.push(strip(&world.post_raw("/oauth2/token", &[FORM, ("authorization", &authorization)], GRANT).await));
    }
    world.disable_client(C1).await;
    for path in ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/device"] {
        let answer = world.as_client(path, C1, &[("grant_type", "client_credentials"), ("token", "x")]).await;
        answers.push(strip(&answer));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn s047_secrets_in_the_url_are_refused() {
    let world = World::new().await;
    let path = format!("/oauth2/token?client_id={C3}&client_secret={}", secret_of(C3));
    let answer = world.post_raw(&path, &[FORM], GRANT).await;
    assert_eq!(answer.error(), "invalid_request");
}

#[tokio::test]
async fn s049_guessing_a_secret_is_slowed_for_that_client_alone() {
    let world = World::with("throttle = { client_failures = 10 }").await;
    let wrong = basic(C1, "wrong");
    let mut last = 0;
    for _ in 0..15 {
        let answer = world.post_raw("/oauth2/token", &[FORM, ("authorization", &wrong)], GRANT).await;
        last = answer.status.as_u16();
        if last == 429 {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
        }
    }
    assert_eq!(last, 429);
    world.token(C2, &[("grant_type", "client_credentials")]).await.ok();
    world.advance(61);
    world.token(C1, &[("grant_type", "client_credentials")]).await.ok();
}

struct Keys {
    pair: EcKeyPair,
}

impl Keys {
    async fn registered(world: &World) -> Self {
        let pair = EcKeyPair::generate(EcCurve::P256).unwrap();
        let jwks = json!({ "keys": [pair.to_jwk_public_key().as_ref()] });
        let metadata = json!({ "grant_types": ["client_credentials"], "scope": "api:read", "jwks": jwks,
            "token_endpoint_auth_method": "private_key_jwt" });
        world.add_client(CK, &metadata).await;
        Self { pair }
    }

    fn sign(&self, claims: &Value) -> String {
        sign(claims, &ES256.signer_from_pem(self.pair.to_pem_private_key()).unwrap())
    }
}

fn sign(claims: &Value, signer: &dyn JwsSigner) -> String {
    let payload = JwtPayload::from_map(claims.as_object().unwrap().clone()).unwrap();
    jwt::encode_with_signer(&payload, &JwsHeader::new(), signer).unwrap()
}

fn assertion(world: &World, client_id: &str, jti: &str, changes: Value) -> Value {
    use portcullis::base::Clock as _;
    let now = world.clock.now().seconds();
    let mut claims = json!({ "iss": client_id, "sub": client_id, "aud": world.issuer, "jti": jti, "iat": now,
        "exp": now + 60 });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

async fn present(world: &World, assertion: &str) -> Answer {
    let form =
        [("grant_type", "client_credentials"), ("client_assertion_type", JWT_BEARER), ("client_assertion", assertion)];
    Answer::read(world.http.post(world.url("/oauth2/token")).form(&form).send().await.unwrap()).await
}

#[tokio::test]
async fn private_key_jwt_is_accepted_once_and_only_for_this_issuer() {
    use portcullis::base::Clock as _;
    let world = World::new().await;
    let keys = Keys::registered(&world).await;
    let good = keys.sign(&assertion(&world, CK, "1", json!({})));
    present(&world, &good).await.ok();
    assert_eq!(present(&world, &good).await.error(), "invalid_client", "the jti is used up");
    let now = world.clock.now().seconds();
    present(&world, &keys.sign(&assertion(&world, CK, "2", json!({ "nbf": now + 8, "iat": now + 8 })))).await.ok();
    let endpoint = world.url("/oauth2/token");
    for (jti, wrong) in [
        json!({ "aud": [world.issuer] }),
        json!({ "aud": endpoint }),
        json!({ "aud": "https://other.test" }),
        json!({ "aud": null }),
        json!({ "exp": now - 300 }),
        json!({ "exp": null }),
        json!({ "exp": now + 100_000 }),
        json!({ "nbf": now + 61 }),
        json!({ "iat": now + 61 }),
        json!({ "iss": "other" }),
        json!({ "iss": null }),
        json!({ "sub": null }),
        json!({ "sub": C1 }),
        json!({ "jti": null }),
    ]
    .iter()
    .enumerate()
    {
        let signed = keys.sign(&assertion(&world, CK, &format!("w{jti}"), wrong.clone()));
        let answer = present(&world, &signed).await;
        assert_eq!((answer.status.as_u16(), answer.error().as_str()), (401, "invalid_client"), "{wrong}");
    }
    // Another key, an altered payload, no assertion at all.
    let other = EcKeyPair::generate(EcCurve::P256).unwrap();
    let forged =
        sign(&assertion(&world, CK, "f", json!({})), &ES256.signer_from_pem(other.to_pem_private_key()).unwrap());
    assert_eq!(present(&world, &forged).await.error(), "invalid_client");
    assert_eq!(present(&world, "").await.error(), "invalid_client");
    // The operator may allow the endpoint's URL for an old library.
    world.change_client(CK, |metadata| metadata["allow_token_endpoint_audience"] = json!(true)).await;
    present(&world, &keys.sign(&assertion(&world, CK, "e", json!({ "aud": endpoint })))).await.ok();
}

#[tokio::test]
async fn one_assertion_of_many_at_once_wins() {
    let world = World::new().await;
    let keys = Keys::registered(&world).await;
    let good = keys.sign(&assertion(&world, CK, "1", json!({})));
    let answers = futures_util::future::join_all((0..10).map(|_| present(&world, &good))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn client_secret_jwt_is_an_hmac_under_the_secret_and_nothing_stored_is_it() {
    let world = World::new().await;
    let metadata = json!({ "grant_types": ["client_credentials"], "scope": "api:read",
        "token_endpoint_auth_method": "client_secret_jwt" });
    let client_id = "a-client-with-a-name-long-enough-for-a-key";
    world.add_client(client_id, &metadata).await;
    let secret = secret_of(client_id);
    let signer = HS256.signer_from_bytes(&secret).unwrap();
    let signed = sign(&assertion(&world, client_id, "1", json!({})), &signer);
    present(&world, &signed).await.ok();
    let wrong = HS256.signer_from_bytes("wrong".repeat(10)).unwrap();
    let forged = sign(&assertion(&world, client_id, "2", json!({})), &wrong);
    assert_eq!(present(&world, &forged).await.error(), "invalid_client");
    assert!(!world.dump().await.contains(&secret));
}
