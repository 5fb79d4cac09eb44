import assert from "node:assert/strict";
import { test } from "node:test";
import * as jose from "jose";
import * as client from "openid-client";
import { Browser, demo, issuer, portcullis, redirectUri } from "./demo.mjs";

// The one relaxation: plain http on loopback.
const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
const server = new URL(issuer);

async function discover(clientId, metadata, authentication) {
  return client.discovery(server, clientId, metadata, authentication, { execute });
}

async function signIn(config, scope, extra = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  });
  const callback = await new Browser().authorize(url);
  return client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true,
  });
}

test("openid-client: a confidential client signs in, refreshes, introspects and revokes", async () => {
  const config = await discover("demo-web", undefined, client.ClientSecretBasic(demo.secrets["demo-web"]));
  const tokens = await signIn(config, "openid profile email offline_access", { max_age: "3600" });
  const claims = tokens.claims();
  assert.equal(claims.iss, issuer);
  assert.equal(typeof claims.auth_time, "number");
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.email, "alice@example.test");
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(refreshed.claims().sub, claims.sub);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  const seen = await client.tokenIntrospection(config, refreshed.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.sub, claims.sub);
  await client.tokenRevocation(config, refreshed.refresh_token);
  assert.deepEqual(await client.tokenIntrospection(config, refreshed.access_token), { active: false });
  await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token), { error: "invalid_grant" });
});

test("openid-client: a public client signs in with PKCE alone", async () => {
  const config = await discover("demo-spa", undefined, client.None());
  const tokens = await signIn(config, "openid");
  assert.equal(tokens.claims().aud, "demo-spa");
});

test("openid-client: a service gets a token by client credentials", async () => {
  const config = await discover("demo-service", undefined, client.ClientSecretBasic(demo.secrets["demo-service"]));
  const tokens = await client.clientCredentialsGrant(config, { scope: "api:read" });
  assert.equal(tokens.scope, "api:read");
  assert.equal(tokens.token_type, "bearer");
  await assert.rejects(client.clientCredentialsGrant(config, { scope: "openid" }), { error: "invalid_scope" });
});

test("openid-client: a device is let in by a person", async () => {
  const config = await discover("demo-spa", undefined, client.None());
  const device = await client.initiateDeviceAuthorization(config, { scope: "openid" });
  await new Browser().confirm(device.verification_uri_complete);
  const tokens = await client.pollDeviceAuthorizationGrant(config, device);
  assert.equal(tokens.claims().aud, "demo-spa");
});

test("openid-client: private_key_jwt, client_secret_jwt and client_secret_post authenticate", async () => {
  const { privateKey, publicKey } = await jose.generateKeyPair("ES256");
  const keyed = portcullis("client", "create", JSON.stringify({
    grant_types: ["client_credentials"], scope: "api:read", token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: "k1", alg: "ES256" }] },
  }));
  const withSecret = (method) => portcullis("client", "create", JSON.stringify({
    grant_types: ["client_credentials"], scope: "api:read", token_endpoint_auth_method: method,
  }));
  const [signed, posted] = [withSecret("client_secret_jwt"), withSecret("client_secret_post")];
  // The running server sees a change of the database within a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const [id, authentication] of [
    [keyed.client_id, client.PrivateKeyJwt({ key: privateKey, kid: "k1" })],
    [signed.client_id, client.ClientSecretJwt(signed.client_secret)],
    [posted.client_id, client.ClientSecretPost(posted.client_secret)],
  ]) {
    const config = await discover(id, undefined, authentication);
    assert.ok((await client.clientCredentialsGrant(config)).access_token, id);
  }
});

test("openid-client: id_tokens in each algorithm that a client may register", async () => {
  for (const alg of ["ES256", "RS256", "EdDSA"]) {
    const made = portcullis("client", "create", JSON.stringify({
      redirect_uris: [redirectUri], token_endpoint_auth_method: "none",
      id_token_signed_response_alg: alg,
    }));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const config = await discover(made.client_id, { id_token_signed_response_alg: alg }, client.None());
    assert.equal((await signIn(config, "openid")).claims().aud, made.client_id);
  }
});

test("openid-client: an error is told by redirect and understood", async () => {
  const config = await discover("demo-spa", undefined, client.None());
  const expectedState = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: "openid", prompt: "none", state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge("v".repeat(43)), code_challenge_method: "S256",
  });
  const callback = await new Browser().authorize(url);
  await assert.rejects(
    client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: "v".repeat(43), expectedState }),
    { error: "login_required" },
  );
});

test("openid-client: the answer comes by form_post", async () => {
  const config = await discover("demo-web", undefined, client.ClientSecretBasic(demo.secrets["demo-web"]));
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: "openid", response_mode: "form_post", state: expectedState, nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256",
  });
  const { action, fields } = await new Browser().authorizeByFormPost(url);
  assert.equal(action, redirectUri);
  const tokens = await client.authorizationCodeGrant(config, new Request(action, { method: "POST", body: fields }), {
    pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true,
  });
  assert.equal(tokens.claims().aud, "demo-web");
});

test("openid-client: a sign-out comes back, and afterwards nobody is signed in", async () => {
  const made = portcullis("client", "create", JSON.stringify({
    redirect_uris: [redirectUri], token_endpoint_auth_method: "none",
    post_logout_redirect_uris: ["http://127.0.0.1/bye"],
  }));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const config = await discover(made.client_id, undefined, client.None());
  const browser = new Browser();
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const begin = async (extra = {}) => client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: "openid", state: expectedState, ...extra,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256",
  });
  const checks = { pkceCodeVerifier, expectedState };
  const tokens = await client.authorizationCodeGrant(config, await browser.authorize(await begin()), checks);
  const logout = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token, post_logout_redirect_uri: "http://127.0.0.1/bye", state: "s-1",
  });
  assert.equal((await browser.open(logout)).url.href, "http://127.0.0.1/bye?state=s-1");
  const after = await browser.authorize(await begin({ prompt: "none" }));
  await assert.rejects(client.authorizationCodeGrant(config, after, checks), { error: "login_required" });
});

test("openid-client: a client that registers itself signs somebody in", async () => {
  const config = await client.dynamicClientRegistration(
    server,
    // The method that the library takes for a client with a secret.
    { redirect_uris: [redirectUri], client_name: "Registered", token_endpoint_auth_method: "client_secret_post" },
    undefined,
    { execute },
  );
  const made = config.clientMetadata();
  assert.equal(made.client_secret_expires_at, 0);
  assert.equal((await signIn(config, "openid")).claims().aud, made.client_id);
});
