import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import { Browser, demo, issuer, redirectUri } from "./demo.mjs";

// The one relaxation: plain http on loopback.
const options = { [oauth.allowInsecureRequests]: true };
const url = new URL(issuer);

async function discover(algorithm) {
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { ...options, algorithm }));
}

test("oauth4webapi: code flow, validated signature, userinfo, refresh, introspection, revocation", async () => {
  const as = await discover("oidc");
  const client = { client_id: "demo-web" };
  const authentication = oauth.ClientSecretBasic(demo.secrets["demo-web"]);
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const authorize = new URL(as.authorization_endpoint);
  authorize.search = new URLSearchParams({
    response_type: "code", client_id: client.client_id, redirect_uri: redirectUri,
    scope: "openid email offline_access", state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const callback = await new Browser().authorize(authorize);
  const params = oauth.validateAuthResponse(as, client, callback, state);
  const response = await oauth.authorizationCodeGrantRequest(
    as, client, authentication, params, redirectUri, verifier, options,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce, requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(as, response, options);
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const userinfo = await oauth.userInfoRequest(as, client, tokens.access_token, options);
  assert.equal((await oauth.processUserInfoResponse(as, client, sub, userinfo)).email_verified, true);

  // A resource server checks the token by the key set alone (RFC 9068).
  const request = new Request("http://api.test/", { headers: { authorization: `Bearer ${tokens.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, issuer, options);
  assert.equal(claims.sub, sub);

  const refreshed = await oauth.processRefreshTokenResponse(
    as, client, await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, options),
  );
  const introspection = await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, options);
  assert.equal((await oauth.processIntrospectionResponse(as, client, introspection)).active, true);
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, authentication, refreshed.refresh_token, options),
  );
  const after = await oauth.introspectionRequest(as, client, authentication, refreshed.access_token, options);
  assert.deepEqual(await oauth.processIntrospectionResponse(as, client, after), { active: false });
});

test("oauth4webapi: RFC 8414 metadata and client credentials", async () => {
  const as = await discover("oauth2");
  const client = { client_id: "demo-service" };
  const response = await oauth.clientCredentialsGrantRequest(
    as, client, oauth.ClientSecretBasic(demo.secrets["demo-service"]), { scope: "api:read" }, options,
  );
  const tokens = await oauth.processClientCredentialsResponse(as, client, response);
  assert.equal(tokens.scope, "api:read");
});

test("oauth4webapi: the device grant", async () => {
  const as = await discover("oidc");
  const client = { client_id: "demo-spa" };
  const device = await oauth.processDeviceAuthorizationResponse(
    as, client, await oauth.deviceAuthorizationRequest(as, client, oauth.None(), { scope: "openid" }, options),
  );
  const poll = async () => oauth.processDeviceCodeResponse(
    as, client, await oauth.deviceCodeGrantRequest(as, client, oauth.None(), device.device_code, options),
  );
  await assert.rejects(poll(), { error: "authorization_pending" });
  await new Browser().confirm(device.verification_uri_complete);
  assert.ok((await poll()).id_token);
});

/** What a code flow needs, as far as the callback. */
async function begin(as, extra = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const authorize = new URL(as.authorization_endpoint);
  authorize.search = new URLSearchParams({
    response_type: "code", client_id: "demo-web", redirect_uri: redirectUri, scope: "openid", state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...extra,
  });
  return { callback: await new Browser().authorize(authorize), verifier, state, nonce };
}

test("oauth4webapi: what comes back is refused when it belongs to something else", async () => {
  const as = await discover("oidc");
  const client = { client_id: "demo-web" };
  const { callback, state } = await begin(as);
  assert.throws(() => oauth.validateAuthResponse(as, client, callback, oauth.generateRandomState()), /state/);
  const elsewhere = { ...as, issuer: "https://elsewhere.test" };
  assert.throws(() => oauth.validateAuthResponse(elsewhere, client, callback, state), /iss/);
});

test("oauth4webapi: an id_token is refused with another nonce, for another client, by another issuer, with another algorithm", async () => {
  const as = await discover("oidc");
  const authentication = oauth.ClientSecretBasic(demo.secrets["demo-web"]);
  for (const [change, expected] of [
    [{ nonce: oauth.generateRandomNonce() }, /nonce/],
    [{ client: { client_id: "demo-spa" } }, /aud/],
    [{ as: { ...as, issuer: "https://elsewhere.test" } }, /iss/],
    [{ client: { client_id: "demo-web", id_token_signed_response_alg: "PS512" } }, /alg/],
  ]) {
    const client = { client_id: "demo-web" };
    const { callback, verifier, state, nonce } = await begin(as);
    const params = oauth.validateAuthResponse(as, client, callback, state);
    const response = await oauth.authorizationCodeGrantRequest(
      as, client, authentication, params, redirectUri, verifier, options,
    );
    const processed = oauth.processAuthorizationCodeResponse(change.as ?? as, change.client ?? client, response, {
      expectedNonce: change.nonce ?? nonce, requireIdToken: true,
    });
    await assert.rejects(processed, expected);
  }
});

test("oauth4webapi: errors of the token endpoint are understood, and a refused code stays refused", async () => {
  const as = await discover("oidc");
  const client = { client_id: "demo-web" };
  const right = oauth.ClientSecretBasic(demo.secrets["demo-web"]);
  const { callback, verifier, state } = await begin(as);
  const params = oauth.validateAuthResponse(as, client, callback, state);
  const redeem = async (authentication, code_verifier) => oauth.processAuthorizationCodeResponse(
    as, client,
    await oauth.authorizationCodeGrantRequest(as, client, authentication, params, redirectUri, code_verifier, options),
  );
  // 401 with a challenge: the library makes an error of its own of it.
  await assert.rejects(redeem(oauth.ClientSecretBasic("wrong"), verifier), (error) =>
    error instanceof oauth.WWWAuthenticateChallengeError && error.cause[0].scheme === "basic");
  await assert.rejects(redeem(oauth.ClientSecretPost("wrong"), verifier), { error: "invalid_client" });
  await assert.rejects(redeem(right, oauth.generateRandomCodeVerifier()), { error: "invalid_grant" });
  await assert.rejects(redeem(right, verifier), { error: "invalid_grant" });
});

test("oauth4webapi: userinfo refuses with a challenge, and for another subject", async () => {
  const as = await discover("oidc");
  const client = { client_id: "demo-web" };
  const response = await oauth.userInfoRequest(as, client, "not-a-token", options);
  await assert.rejects(oauth.processUserInfoResponse(as, client, "x", response), (error) =>
    error instanceof oauth.WWWAuthenticateChallengeError && error.cause[0].parameters.error === "invalid_token");
});

test("oauth4webapi: an authorization error is told with state and issuer", async () => {
  const as = await discover("oidc");
  const { callback, state } = await begin(as, { scope: "nothing" });
  assert.throws(() => oauth.validateAuthResponse(as, { client_id: "demo-web" }, callback, state), {
    error: "invalid_scope",
  });
});
