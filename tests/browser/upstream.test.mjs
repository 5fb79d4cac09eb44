// Signing in with a provider that nobody here wrote: the package oidc-provider.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import Provider from "oidc-provider";
import { ALICE, person, signIn, startBrowser, startServer } from "./lib.mjs";

let server, browser, upstream;

before(async () => {
  // Each needs the other's address: the server is started first, and asks for the provider's metadata when it is used.
  const { createServer } = await import("node:http");
  let handle = (request, response) => response.writeHead(503).end();
  upstream = createServer((request, response) => handle(request, response)).listen(0, "localhost");
  await once(upstream, "listening");
  const issuer = `http://localhost:${upstream.address().port}`;
  server = await startServer({
    PORTCULLIS__UPSTREAM__ELSEWHERE__ISSUER: issuer,
    PORTCULLIS__UPSTREAM__ELSEWHERE__CLIENT_ID: "portcullis",
    PORTCULLIS__UPSTREAM__ELSEWHERE__CLIENT_SECRET: "a secret that both know",
    PORTCULLIS__UPSTREAM__ELSEWHERE__DISPLAY_NAME: "Elsewhere",
    PORTCULLIS__UPSTREAM__ELSEWHERE__ALLOW_REGISTRATION: "true",
    PORTCULLIS__UPSTREAM__ELSEWHERE__BACKCHANNEL_LOGOUT: "true",
  });
  handle = new Provider(issuer, {
    clients: [{
      client_id: "portcullis", client_secret: "a secret that both know",
      redirect_uris: [`${server.issuer}/upstream/elsewhere/callback`],
      backchannel_logout_uri: `${server.issuer}/upstream/elsewhere/backchannel-logout`,
      backchannel_logout_session_required: true,
    }],
    features: { backchannelLogout: { enabled: true } },
    // Without what keeps the package from asking its own machine, where this server is.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
    findAccount: (context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `${id} of elsewhere`, preferred_username: id, email: `${id}@elsewhere.test`,
        email_verified: true }),
    }),
  }).callback();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
  upstream?.close();
});

/// The provider's own pages, as its development interactions show them.
async function signInElsewhere(page, login) {
  await page.waitForSelector("input[name=login]");
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", "whatever");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=Authorize");
  await page.click("button[type=submit]");
}

test("somebody new comes by the other provider and has an account, the next time the same one", async () => {
  const names = [];
  for (let visit = 0; visit < 2; visit += 1) {
    const { page, complaints, close } = await person(browser);
    await page.goto(`${server.issuer}/login?next=/account`);
    await page.click("text=Elsewhere");
    await signInElsewhere(page, "carol");
    await page.waitForURL(`${server.issuer}/account**`);
    names.push(await page.textContent("main"));
    assert.match(names.at(-1), /carol/);
    assert.deepEqual(complaints.filter((text) => text.includes(server.issuer)), []);
    await close();
  }
  assert.equal(names[0], names[1]);
});

test("somebody who has an account connects it, and then comes in either way", async () => {
  const { page, close } = await person(browser);
  await page.goto(`${server.issuer}/login?next=/account/connections`);
  await signIn(page, server, ALICE);
  await page.waitForURL(/connections/);
  await page.click("button:has-text('Elsewhere'), button:has-text('Connect')");
  await signInElsewhere(page, "alice-elsewhere");
  await page.waitForURL(`${server.issuer}/account/connections**`);
  await close();
  const again = await person(browser);
  await again.page.goto(`${server.issuer}/login?next=/account`);
  await again.page.click("text=Elsewhere");
  await signInElsewhere(again.page, "alice-elsewhere");
  await again.page.waitForURL(`${server.issuer}/account**`);
  assert.match(await again.page.textContent("main"), /alice/);
  await again.close();
});

test("whoever signs out at the other provider is signed out here", async () => {
  const { page, close } = await person(browser);
  await page.goto(`${server.issuer}/login?next=/account`);
  await page.click("text=Elsewhere");
  await signInElsewhere(page, "dave");
  await page.waitForURL(`${server.issuer}/account**`);
  await page.goto(`http://localhost:${upstream.address().port}/session/end`);
  await page.click("button[value=yes]");
  await page.waitForLoadState();
  await page.goto(`${server.issuer}/account`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await close();
});
