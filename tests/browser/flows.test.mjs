// People in a browser: signing in, deciding, devices, signing out, and what they do that nobody planned for.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ALICE, BOB, authorization, person, signIn, startBrowser, startDevice, startServer } from "./lib.mjs";

let server;
let browser;
let user;
let page;
before(async () => {
  [server, browser] = await Promise.all([
    startServer({ PORTCULLIS__THROTTLE__ACCOUNT_FAILURES: "100" }),
    startBrowser(),
  ]);
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), "", "the server's log holds warnings");
});
beforeEach(async () => {
  user = await person(browser);
  page = user.page;
  user.context.on("request", (request) => {
    if (!request.url().startsWith(server.issuer) && !request.url().startsWith("data:")) {
      user.complaints.push(`a request to ${request.url()}`);
    }
  });
});
afterEach(async () => {
  const { complaints } = user;
  await user.close();
  assert.deepEqual(complaints, []);
});

/// Begins a flow at the playground and goes where its request leads.
async function begin(on, { scope = "openid profile email", prompt = "", mode = "" } = {}) {
  await on.goto(`${server.issuer}/playground`);
  await on.fill("#code-scope", scope);
  await on.selectOption("#prompt", prompt);
  await on.selectOption("#response_mode", mode);
  await on.click("#start-code");
  await on.click("#authorize");
}

/// The playground's run after the flow, with every check of every token passed.
async function tokens(on) {
  await on.waitForSelector("h2:has-text('Tokens')");
  assert.match(on.url(), /\/playground\/[\w-]{43}/);
  assert.deepEqual(await on.locator(".checks .wrong").allTextContents(), []);
  return {
    checks: (await on.locator("#id_token .checks li").allTextContents()).map((text) => text.replace("right:", "").trim()),
    claims: JSON.parse(await on.getByLabel("Claims of the id_token").textContent()),
  };
}

const outcome = (on) => on.locator("#newest .status").textContent();
const answer = (on) => on.locator("#newest pre").nth(1).textContent();

test("sign in, consent, callback: the application gets tokens it can verify", async () => {
  await begin(page);
  assert.equal(await page.evaluate(() => document.activeElement.id), "username");
  await signIn(page, server);
  await page.waitForSelector("#allow");
  assert.match(await page.textContent("h1"), /Demo single-page app/);
  assert.deepEqual(await page.locator(".scopes li").allTextContents(), [
    "Know that it is you",
    "See your name, picture and other profile details",
    "See your e-mail address",
  ]);
  const [allow, deny] = await Promise.all(["#allow", "#deny"].map((id) => page.locator(id).boundingBox()));
  assert.ok(Math.abs(allow.width - deny.width) < 1 && allow.height === deny.height, "both answers weigh the same");
  assert.ok(allow.height >= 44, "and are large enough to touch");
  await page.click("#allow");
  const { checks, claims } = await tokens(page);
  assert.deepEqual(checks.map((check) => check.split(":")[0]), ["signature", "iss", "aud", "nonce", "exp", "at_hash"]);
  assert.match(checks[0], /ES256/);
  assert.equal(claims.iss, server.issuer);
  assert.deepEqual(claims.amr, ["pwd"]);

  // What was allowed is remembered, and so is the person.
  await begin(page);
  await tokens(page);
  // Unless the application wants to know anew.
  await begin(page, { prompt: "consent" });
  await page.waitForSelector("#allow");
});

test("userinfo, introspection, refresh and revocation with the tokens of a sign-in", async () => {
  await begin(page, { scope: "openid profile email offline_access" });
  await signIn(page, server);
  if (await page.locator("#allow").count()) await page.click("#allow");
  await tokens(page);
  await page.click("#userinfo");
  assert.equal(JSON.parse((await answer(page)).split("\n\n")[1]).email, ALICE);
  await page.click("#introspect");
  assert.equal(JSON.parse((await answer(page)).split("\n\n")[1]).active, true);
  await page.click("#refresh");
  assert.match(await outcome(page), /^200/);
  await tokens(page);
  await page.click("#revoke");
  assert.match(await outcome(page), /^200/);
  await page.click("#introspect");
  assert.deepEqual(JSON.parse((await answer(page)).split("\n\n")[1]), { active: false });
  await page.click("#refresh");
  assert.match(await outcome(page), /^400/);
  assert.match(await answer(page), /invalid_grant/);
});

test("a wrong password is said in one sentence, and nothing typed is lost but the password", async () => {
  await page.goto(authorization(server).url);
  await page.fill("#username", BOB);
  await page.fill("#password", "wrong");
  const [response] = await Promise.all([page.waitForResponse((r) => r.request().method() === "POST"), page.click("#signin")]);
  assert.equal(response.status(), 422);
  await page.waitForSelector("[role=alert]");
  const wrong = await page.textContent("[role=alert]");
  assert.equal(await page.inputValue("#username"), BOB);
  assert.equal(await page.inputValue("#password"), "");
  assert.equal(await page.evaluate(() => document.activeElement.id), "password");
  assert.equal(await page.getAttribute("#password", "aria-describedby"), "problem");

  await page.fill("#username", "nobody@example.test");
  await page.fill("#password", "wrong");
  await page.click("#signin");
  await page.waitForFunction(() => document.querySelector("#username").value.startsWith("nobody"));
  assert.equal(await page.textContent("[role=alert]"), wrong, "an unknown user reads the same");
  await signIn(page, server, BOB);
  await page.waitForSelector("#allow");
});

test("a password can be looked at, and goes on as a password", async () => {
  await page.goto(`${server.issuer}/login`);
  await page.fill("#password", "secret");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await page.getAttribute("#password", "type"), "text");
  assert.equal(await page.getAttribute(".reveal", "aria-pressed"), "true");
  await page.getByRole("button", { name: "Show" }).click();
  assert.equal(await page.getAttribute("#password", "type"), "password");
});

test("cancelling and refusing are told to the application", async () => {
  await begin(page);
  await page.click("#cancel");
  assert.match(await outcome(page), /access_denied/);
  await begin(page, { scope: "openid phone" });
  await signIn(page, server);
  await page.click("#deny");
  assert.match(await outcome(page), /access_denied/);
  assert.equal(await page.locator("h2:has-text('Tokens')").count(), 0);
});

test("prompt=none is answered at once and shows nothing", async () => {
  await begin(page, { prompt: "none" });
  assert.match(await outcome(page), /login_required/);
});

test("somebody else at this browser can sign in instead", async () => {
  await begin(page, { scope: "openid address" });
  await signIn(page, server);
  await page.click("#switch");
  await signIn(page, server, BOB);
  await page.waitForSelector("#allow");
  assert.match(await page.textContent(".whoami"), /bob@example\.test/);
});

test("everything works with scripts off, the response by form post too", async () => {
  const plain = await person(browser, { javaScriptEnabled: false });
  for (const mode of ["", "form_post"]) {
    await begin(plain.page, { mode, prompt: "login" });
    await signIn(plain.page, server);
    if (await plain.page.locator("#allow").count()) await plain.page.click("#allow");
    if (mode) await plain.page.click("#continue");
    await tokens(plain.page);
  }
  const device = await startDevice(server);
  await plain.page.goto(device.verification_uri);
  await plain.page.fill("#user_code", device.user_code);
  await plain.page.click("#continue");
  await plain.page.click("#allow");
  await plain.page.waitForSelector(".sign.done");
  await plain.page.goto(`${server.issuer}/logout`);
  await plain.page.click("#logout");
  await plain.page.waitForSelector(".sign.done");
  await plain.close();
});

test("a response by form post sends itself where scripts run", async () => {
  await begin(page, { mode: "form_post" });
  await signIn(page, server);
  if (await page.locator("#allow").count()) await page.click("#allow");
  await tokens(page);
});

test("a device is connected: code typed, request seen, allowed, token fetched", async () => {
  await page.goto(`${server.issuer}/playground`);
  await page.click("#start-device");
  const code = await page.textContent("#user-code");
  assert.match(code, /^[A-Z]{4}-[A-Z]{4}$/);
  await page.click("#poll");
  assert.match(await answer(page), /authorization_pending/);

  const phone = await person(browser);
  await phone.page.goto(`${server.issuer}/device`);
  await phone.page.fill("#user_code", "BBBB BBBB");
  await phone.page.click("#continue");
  await signIn(phone.page, server);
  await phone.page.waitForSelector("[role=alert]");
  assert.equal(await phone.page.evaluate(() => document.activeElement.id), "user_code");
  // Typed as people type.
  await phone.page.fill("#user_code", ` ${code.toLowerCase().replace("-", " ")} `);
  await phone.page.click("#continue");
  await phone.page.waitForSelector("#allow");
  assert.ok((await phone.page.textContent(".usercode")).includes(code), "shown as the device shows it");
  assert.match(await phone.page.textContent(".facts"), /127\.0\.0\.1|::1/);
  await phone.page.click("#allow");
  await phone.page.waitForSelector(".sign.done");
  // Decided codes are not known any more.
  await phone.page.goto(`${server.issuer}/device?user_code=${code}`);
  await phone.page.waitForSelector("[role=alert]");
  assert.deepEqual(phone.complaints, []);
  await phone.close();

  await new Promise((wake) => setTimeout(wake, 5200));
  await page.click("#poll");
  await tokens(page);
});

test("a service gets a token for itself, which a resource server finds good", async () => {
  await page.goto(`${server.issuer}/playground`);
  await page.click("#start-service");
  await page.waitForSelector("#access_token");
  assert.deepEqual(await page.locator(".checks .wrong").allTextContents(), []);
  await page.click("#introspect");
  assert.match(await answer(page), /"active": true/);
  await page.goto(`${server.issuer}/playground`);
  await page.fill("#service-scope", "openid");
  await page.click("#start-service");
  assert.match(await answer(page), /invalid_scope/);
});

test("a native application gets its answer on either loopback address", async (context) => {
  const here = Object.values(networkInterfaces()).flat().map(({ address }) => address);
  for (const host of ["127.0.0.1", ...(here.includes("::1") ? ["[::1]"] : [])]) {
    const app = createServer((request, response) => response.end("Back in the application.")).listen(0, host.replace(/[[\]]/g, ""));
    context.after(() => app.close());
    await once(app, "listening");
    const registered = await fetch(`${server.issuer}/oauth2/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ application_type: "native", client_name: "Editor", token_endpoint_auth_method: "none",
        redirect_uris: [`http://${host}/callback`] }),
    });
    const { client_id } = await registered.json();
    const redirect_uri = `http://${host}:${app.address().port}/callback`;
    const native = await person(browser);
    await native.page.goto(authorization(server, { client_id, redirect_uri, scope: "openid" }).url);
    await signIn(native.page, server);
    await native.page.click("#allow");
    await native.page.waitForURL((url) => url.href.startsWith(redirect_uri));
    assert.match(native.page.url(), /[?&]code=/);
    assert.deepEqual(native.complaints, []);
    await native.close();
  }
});

test("a double click and a form sent again end at the application", async () => {
  await begin(page, { prompt: "consent" });
  await signIn(page, server);
  await page.waitForSelector("#allow");
  await page.dblclick("#allow", { noWaitAfter: true });
  await tokens(page);
  // The sign-in form, twice.
  await user.context.clearCookies({ name: "portcullis_session" });
  await begin(page, { prompt: "login" });
  await page.fill("#username", ALICE);
  await page.fill("#password", server.passwords[ALICE]);
  await page.dblclick("#signin", { noWaitAfter: true });
  await tokens(page);
});

test("going back to a page that was answered leads on or says how to start again", async () => {
  await begin(page, { prompt: "consent" });
  await signIn(page, server);
  await page.waitForSelector("#allow");
  const consent = page.url();
  await page.click("#allow");
  await tokens(page);
  await page.goBack();
  assert.ok((await page.goto(consent)).status() < 500);
  const again = page.getByRole("link", { name: /Back to .*Demo single-page app/ });
  await again.waitFor();
  await again.click();
  assert.equal(page.url().replace(/\/$/, ""), server.issuer);
});

test("two tabs sign in side by side", async () => {
  const other = await user.context.newPage();
  await begin(page, { scope: "openid email" });
  await begin(other, { scope: "openid profile email" });
  await signIn(page, server);
  if (await page.locator("#allow").count()) await page.click("#allow");
  await tokens(page);
  // The other tab's form is still good, although somebody is signed in by now.
  await signIn(other, server);
  if (await other.locator("#allow").count()) await other.click("#allow");
  await tokens(other);
});

test("a transaction of another browser, or of yesterday, says how to start again", async () => {
  await page.goto(authorization(server).url);
  const elsewhere = await person(browser);
  const response = await elsewhere.page.goto(page.url());
  assert.equal(response.status(), 400);
  await elsewhere.page.getByRole("link", { name: /Back to .*Demo single-page app/ }).waitFor();
  await elsewhere.close();
  // Its cookie gone, the form leads nowhere and signs nobody in.
  const names = (await user.context.cookies()).map(({ name }) => name);
  await user.context.clearCookies({ name: names.find((name) => name.startsWith("portcullis_tx_")) });
  await signIn(page, server);
  await page.getByRole("link", { name: /Back to .*Demo single-page app/ }).waitFor();
  assert.ok(!(await user.context.cookies()).some(({ name }) => name === "portcullis_session"));
});

test("an answer to no request of this browser is not believed", async () => {
  const response = await page.goto(`${server.issuer}/playground/callback?code=x&state=y&iss=${server.issuer}`);
  assert.equal(response.status(), 400);
});

test("signing out by the application's hint ends the session and leads back", async () => {
  await begin(page);
  await signIn(page, server);
  if (await page.locator("#allow").count()) await page.click("#allow");
  await tokens(page);
  await page.click("#sign-out");
  await page.waitForURL(`${server.issuer}/playground`);
  await page.goto(server.issuer);
  await page.getByRole("link", { name: "Sign in", exact: true }).waitFor();
  await begin(page);
  await page.waitForSelector("#password");
});

test("signing out without a hint is asked about, and can be thought over", async () => {
  await page.goto(`${server.issuer}/login`);
  await signIn(page, server);
  await page.goto(`${server.issuer}/logout`);
  await page.click("#stay");
  await page.goto(`${server.issuer}/logout`);
  await page.waitForSelector("#logout");
  assert.match(await page.textContent("main"), /alice@example\.test/);
  await page.click("#logout");
  await page.waitForSelector(".sign.done");
  await page.goto(`${server.issuer}/logout`);
  await page.waitForSelector(".sign.done");
});

test("the set-up link moves its code out of the address bar and works once", async () => {
  await page.goto(server.setup);
  assert.ok((await page.inputValue("#code")).startsWith("pc_"));
  assert.ok(!page.url().includes("#"));
  await page.fill("#username", "root");
  await page.fill("#password", "four words of mine");
  await page.click("#setup");
  await page.waitForURL(`${server.issuer}/`);
  assert.match(await page.textContent(".whoami"), /administrator/);
  const stranger = await person(browser);
  await stranger.page.goto(server.setup);
  await stranger.page.fill("#username", "mallory");
  await stranger.page.fill("#password", "four words of mine");
  await stranger.page.click("#setup");
  await stranger.page.waitForSelector("[role=alert]");
  assert.equal(await stranger.page.evaluate(() => document.activeElement.id), "code");
  await stranger.close();
});

test("cookies are out of reach of scripts, and the pages cannot be framed", async () => {
  const response = await page.goto(authorization(server, { prompt: "consent" }).url);
  await signIn(page, server);
  await page.waitForSelector("#allow");
  for (const cookie of await user.context.cookies()) {
    // The one that the frame of session management compares: it opens nothing.
    if (cookie.name === "portcullis_state") continue;
    assert.ok(cookie.httpOnly && cookie.sameSite === "Lax" && cookie.path === "/", cookie.name);
  }
  const headers = response.headers();
  assert.equal(headers["x-frame-options"], "DENY");
  assert.match(headers["content-security-policy"], /default-src 'none'/);
  assert.ok(!headers["content-security-policy"].includes("unsafe"));
});

