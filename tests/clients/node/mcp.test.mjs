// A client that knows nothing but the address of a resource server, as MCP clients do: it follows the server's challenge to
// its metadata (RFC 9728), finds the authorization server there, makes itself known to it, and gets a token for that
// resource and no other.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import * as oauth from "oauth4webapi";
import { Browser, issuer, portcullis, redirectUri } from "./demo.mjs";

const insecure = { [oauth.allowInsecureRequests]: true };
let server, origin, resource;

/** The resource server: one protected address, its metadata, and beside it the document of a client. */
async function serve(request, response) {
  const json = (value, headers = {}) => {
    response.writeHead(200, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(value));
  };
  if (request.url === "/.well-known/oauth-protected-resource/mcp") {
    return json({ resource, authorization_servers: [issuer], bearer_methods_supported: ["header"] });
  }
  if (request.url === "/client.json") {
    return json({
      client_id: `${origin}/client.json`, client_name: "Well-documented client", redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"], token_endpoint_auth_method: "none",
    }, { "cache-control": "max-age=600" });
  }
  const metadata = `${origin}/.well-known/oauth-protected-resource/mcp`;
  try {
    const as = await authorizationServer(issuer);
    const headers = new Headers({ authorization: request.headers.authorization ?? "" });
    json({ hello: (await oauth.validateJwtAccessToken(as, new Request(resource, { headers }), resource, insecure)).sub });
  } catch {
    response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${metadata}"` }).end();
  }
}

async function authorizationServer(url) {
  const identifier = new URL(url);
  const found = await oauth.discoveryRequest(identifier, { ...insecure, algorithm: "oauth2" });
  return oauth.processDiscoveryResponse(identifier, found);
}

before(async () => {
  server = createServer(serve);
  await new Promise((resolve) => server.listen(0, "localhost", resolve));
  origin = `http://localhost:${server.address().port}`;
  resource = `${origin}/mcp`;
  portcullis("client", "create", JSON.stringify({
    client_id: resource, client_name: "Tools", grant_types: [], resource_server: true,
  }));
  // The running server sees a change of the database within a second.
  await new Promise((resolve) => setTimeout(resolve, 1000));
});

after(() => server.close());

/** From the challenge of the resource server to its authorization server. */
async function discover() {
  const refused = await fetch(resource);
  assert.equal(refused.status, 401);
  const address = /resource_metadata="([^"]+)"/.exec(refused.headers.get("www-authenticate"))[1];
  const document = await fetch(address);
  const described = await oauth.processResourceDiscoveryResponse(new URL(resource), document);
  assert.equal(described.resource, resource);
  return authorizationServer(described.authorization_servers[0]);
}

/** A token for the resource, by code and PKCE. */
async function tokenFor(as, client) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id, redirect_uri: redirectUri, response_type: "code", scope: "openid offline_access", state, resource,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const callback = await new Browser().authorize(url);
  const params = oauth.validateAuthResponse(as, client, callback, state);
  const options = { ...insecure, additionalParameters: { resource } };
  const answer = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, redirectUri, verifier, options);
  return oauth.processAuthorizationCodeResponse(as, client, answer);
}

async function opens(token) {
  const answer = await fetch(resource, { headers: { authorization: `Bearer ${token}` } });
  return answer.status === 200;
}

function audience(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url")).aud;
}

test("mcp: a client known by its metadata document gets a token for the resource", async () => {
  const as = await discover();
  assert.equal(as.client_id_metadata_document_supported, true);
  assert.ok(as.token_endpoint_auth_methods_supported.includes("none"));
  const client = { client_id: `${origin}/client.json` };
  const tokens = await tokenFor(as, client);
  assert.equal(audience(tokens.access_token), resource);
  assert.ok(await opens(tokens.access_token));
  const answer = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), tokens.refresh_token, insecure);
  const refreshed = await oauth.processRefreshTokenResponse(as, client, answer);
  assert.equal(audience(refreshed.access_token), resource);
});

test("mcp: a client that registers itself gets a token for the resource", async () => {
  const as = await discover();
  const answer = await oauth.dynamicClientRegistrationRequest(as, {
    client_name: "Self-registered client", redirect_uris: [redirectUri], token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
  }, insecure);
  const client = await oauth.processDynamicClientRegistrationResponse(answer);
  const tokens = await tokenFor(as, client);
  assert.equal(audience(tokens.access_token), resource);
  assert.ok(await opens(tokens.access_token));
});

test("mcp: a token that was not asked for the resource does not open it", async () => {
  const as = await discover();
  const client = { client_id: `${origin}/client.json` };
  const verifier = oauth.generateRandomCodeVerifier();
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: client.client_id, redirect_uri: redirectUri, response_type: "code", scope: "openid",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const params = oauth.validateAuthResponse(as, client, await new Browser().authorize(url), oauth.expectNoState);
  const answer = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, redirectUri, verifier, insecure);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer);
  assert.equal(await opens(tokens.access_token), false);
});
