// oidc-client-ts, a library for browsers, in a page of another origin: redirects, silent renewal, sign-out.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { person, signIn, startBrowser, startServer } from "./lib.mjs";

const LIBRARY = await readFile(new URL("./node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js", import.meta.url));
const PAGE = `<!doctype html><title>App</title><script src="/oidc-client-ts.js"></script>`;
/// What the frame of a silent renewal ends on, as the library's documentation has it.
const SILENT = `${PAGE}<script>new oidc.UserManager({}).signinSilentCallback()</script>`;

let server, browser, app, client;

before(async () => {
  server = await startServer();
  browser = await startBrowser();
  app = createServer((req, res) => {
    const isLibrary = req.url === "/oidc-client-ts.js";
    res.setHeader("content-type", isLibrary ? "text/javascript" : "text/html");
    res.end(isLibrary ? LIBRARY : req.url.startsWith("/silent") ? SILENT : PAGE);
  }).listen(0, "localhost");
  await once(app, "listening");
  const url = `http://localhost:${app.address().port}`;
  const registered = server.cli("client", "create", JSON.stringify({
    client_name: "Browser app", token_endpoint_auth_method: "none", grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [`${url}/callback`, `${url}/silent`], post_logout_redirect_uris: [`${url}/bye`],
  }));
  client = { url, id: registered.client_id };
  await new Promise((resolve) => setTimeout(resolve, 1000));
});

after(async () => {
  app?.close();
  await browser?.close();
  await server?.stop();
});

/** Runs `use` in the page with the library's UserManager. */
function manager(page, use, more = {}) {
  const settings = {
    authority: server.issuer, client_id: client.id, redirect_uri: `${client.url}/callback`,
    silent_redirect_uri: `${client.url}/silent`, post_logout_redirect_uri: `${client.url}/bye`,
    scope: "openid profile", loadUserInfo: true, automaticSilentRenew: false, ...more,
  };
  return page.evaluate(`(async () => {
    const users = new oidc.UserManager({
      ...${JSON.stringify(settings)}, userStore: new oidc.WebStorageStateStore({ store: localStorage }),
    });
    return (${use})(users);
  })()`);
}

async function signedIn(scope = "openid profile") {
  const someone = await person(browser);
  const { page } = someone;
  await page.goto(client.url);
  await manager(page, "(users) => { users.signinRedirect(); }", { scope });
  await page.waitForSelector("#password");
  await signIn(page, server);
  await page.waitForSelector("#allow, title", { state: "attached" });
  if (await page.$("#allow")) await page.click("#allow");
  await page.waitForURL(`${client.url}/callback?*`);
  const user = await manager(page, "async (users) => (await users.signinRedirectCallback()).profile", { scope });
  return { ...someone, user };
}

test("signs in, and reads userinfo across origins", async () => {
  const { user, close } = await signedIn();
  assert.equal(user.iss, server.issuer);
  assert.ok(user.name, "from userinfo");
  await close();
});

test("renews silently in a frame by prompt=none, without a refresh token", async () => {
  const { page, user, complaints, close } = await signedIn();
  const renewed = await manager(page, `async (users) => {
    const before = await users.getUser();
    before.refresh_token = undefined;
    await users.storeUser(before);
    const after = await users.signinSilent();
    return { sub: after.profile.sub, changed: after.access_token !== before.access_token };
  }`).catch((error) => ({ error: String(error) }));
  assert.deepEqual(renewed, { sub: user.sub, changed: true });
  assert.deepEqual(complaints, []);
  await close();
});

test("renews by refresh token, each used once", async () => {
  const { page, user, close } = await signedIn("openid offline_access");
  for (let turn = 0; turn < 3; turn += 1) {
    const sub = await manager(page, "async (users) => (await users.signinSilent()).profile.sub");
    assert.equal(sub, user.sub);
  }
  await close();
});

test("learns in the frame that nobody is signed in any more", async () => {
  const { page, context, close } = await signedIn();
  await context.clearCookies({ domain: "localhost" });
  const error = await manager(page, `async (users) => {
    const before = await users.getUser();
    before.refresh_token = undefined;
    await users.storeUser(before);
    return users.signinSilent().then(() => "renewed", (error) => error.error);
  }`);
  assert.equal(error, "login_required");
  await close();
});

test("signs out at the server and comes back", async () => {
  const { page, close } = await signedIn();
  await manager(page, "(users) => { users.signoutRedirect({ state: 'x' }); }");
  await page.waitForURL(`${client.url}/bye?state=*`);
  await close();
});

test("hears by the frame of session management that the person has signed out elsewhere", async () => {
  const { page, context, close } = await signedIn();
  const heard = manager(page, `(users) => new Promise((resolve) => {
    users.events.addUserSignedOut(() => resolve("signed out"));
    users.events.load(null);
    users.getUser().then((user) => users.events.load(user));
    setTimeout(() => resolve("heard nothing"), 15_000);
  })`, { monitorSession: true, checkSessionIntervalInSeconds: 1 });
  const other = await context.newPage();
  await other.goto(`${server.issuer}/logout`);
  // The frame has to have looked once while the session was there.
  await page.waitForTimeout(2500);
  await other.click("button[value=logout]");
  assert.equal(await heard, "signed out");
  await close();
});
