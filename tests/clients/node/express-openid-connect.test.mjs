import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import express from "express";
import openidConnect from "express-openid-connect";
import { Browser, issuer, portcullis } from "./demo.mjs";

/** A store of sessions as express-session knows them, and of the logouts that came by the back channel. */
class Store extends Map {
  get(id, callback) {
    callback(null, super.get(id));
  }

  set(id, session, callback) {
    super.set(id, session);
    callback?.(null);
  }

  destroy(id, callback) {
    super.delete(id);
    callback?.(null);
  }
}

/** An app built on the library, and a browser's cookies for it. */
async function startApp() {
  const app = express();
  const server = app.listen(0, "localhost");
  await once(server, "listening");
  const url = `http://localhost:${server.address().port}`;
  const client = portcullis("client", "create", JSON.stringify({
    client_name: "Express app", redirect_uris: [`${url}/callback`], post_logout_redirect_uris: [url],
    backchannel_logout_uri: `${url}/backchannel-logout`, backchannel_logout_session_required: true,
    id_token_signed_response_alg: "RS256",
  }));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  app.use(openidConnect.auth({
    issuerBaseURL: issuer, baseURL: url, clientID: client.client_id, clientSecret: client.client_secret,
    secret: "a secret of the app alone, long enough", authRequired: false, idpLogout: true,
    authorizationParams: { response_type: "code", response_mode: "form_post", scope: "openid profile email" },
    session: { store: new Store() }, backchannelLogout: { store: new Store() },
  }));
  app.get("/", (req, res) => res.json({ user: req.oidc.user ?? null }));
  const cookies = new Map();
  const request = async (path, init = {}) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(new URL(path, url), { ...init, headers: { cookie }, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return response;
  };
  const whoami = async () => (await (await request("/")).json()).user;
  return { url, request, whoami, close: () => server.close() };
}

async function signIn(app, browser) {
  const start = await app.request("/login");
  const { action, fields } = await browser.authorizeByFormPost(start.headers.get("location"));
  assert.equal(action, `${app.url}/callback`);
  const end = await app.request("/callback", { method: "POST", body: fields });
  assert.equal(end.status, 302, await end.text());
  return app.whoami();
}

let app;
before(async () => (app = await startApp()));
after(() => app.close());

test("express-openid-connect: signs in by form_post, unmodified", async () => {
  assert.equal(await app.whoami(), null);
  const signedIn = await signIn(app, new Browser());
  assert.ok(signedIn.sub);
  assert.ok(signedIn.sid, "sid is there for the back channel");
});

test("express-openid-connect: a sign-out at the server ends the app's session by the back channel", async () => {
  const browser = new Browser();
  assert.ok(await signIn(app, browser));
  const page = await browser.open(`${issuer}/logout`);
  const done = await browser.submit(page, { decision: "logout" });
  assert.equal(done.status, 200);
  for (let tries = 0; (await app.whoami()) !== null; tries += 1) {
    assert.ok(tries < 50, "the logout token has not arrived after 5 seconds");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

test("express-openid-connect: a sign-out in the app comes back from the server", async () => {
  const browser = new Browser();
  assert.ok(await signIn(app, browser));
  const logout = await app.request("/logout");
  const back = await browser.open(logout.headers.get("location"));
  assert.equal(back.url.href, `${app.url}/`);
  assert.equal(await app.whoami(), null);
});
