// Passkeys in a real browser, with the authenticator that its developer tools can pretend to be.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { ALICE, authorization, accessibilityProblems, overflows, person, screenshot, signIn, startBrowser, startServer } from "./lib.mjs";

let server;
let browser;
let user;
let page;
let devtools;
let authenticatorId;
before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  user = await person(browser);
  page = user.page;
  devtools = await user.context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  ({ authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options }));
});
afterEach(async () => {
  const { complaints } = user;
  await user.close();
  assert.deepEqual(complaints, []);
});

/// Whether the authenticator answers without being asked by a button: a person who picks from the suggestions.
const answering = (enabled) =>
  devtools.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled });

test("made at the offer, used by name and by suggestion, and removed", async () => {
  await page.goto(`${server.issuer}/login?next=/account/passkeys`);
  await page.waitForSelector("input[name=passkeys]", { state: "attached" });
  await answering(true);
  await signIn(page, server, ALICE);
  await page.waitForSelector("#not-now");
  assert.deepEqual(await accessibilityProblems(page), []);
  await screenshot(page, "passkey-offer");
  await page.click("#passkey");
  // With the first one come the codes for when it is not at hand.
  await page.waitForSelector("#recovery-codes");
  assert.deepEqual(await accessibilityProblems(page), []);
  await page.click("#kept");
  await page.waitForURL("**/account/passkeys");
  assert.equal(await page.locator(".key").count(), 1);
  assert.deepEqual(await accessibilityProblems(page), []);
  await page.setViewportSize({ width: 320, height: 700 });
  assert.equal(await overflows(page), false);
  await screenshot(page, "account-passkeys-narrow");
  await page.setViewportSize({ width: 1280, height: 800 });

  // By the button, with nobody's name typed.
  await user.context.clearCookies();
  await answering(false);
  await page.goto(authorization(server).url);
  await page.waitForSelector("#passkey");
  await answering(true);
  await page.click("#passkey");
  await page.waitForSelector("#allow");

  // By what the browser suggests.
  await user.context.clearCookies();
  await page.goto(`${server.issuer}/login?next=/account/passkeys`);
  await page.waitForURL("**/account/passkeys");

  // As the second step after the password.
  await user.context.clearCookies();
  await answering(false);
  await page.goto(`${server.issuer}/login?next=/account/passkeys`);
  await signIn(page, server, ALICE);
  await page.waitForURL("**/login/factor**");
  await page.waitForSelector("#passkey");
  assert.deepEqual(await accessibilityProblems(page), []);
  await page.setViewportSize({ width: 320, height: 700 });
  assert.equal(await overflows(page), false);
  await screenshot(page, "factor-passkey-narrow");
  await page.setViewportSize({ width: 1280, height: 800 });
  await answering(true);
  await page.click("#passkey");
  await page.waitForURL("**/account/passkeys");

  await page.click(".key summary");
  await page.click(".key form[action$=remove] button");
  await page.waitForSelector("#none");

  // The authenticator still has it, and it opens nothing any more.
  await user.context.clearCookies();
  await answering(false);
  await page.goto(`${server.issuer}/login?next=/account/passkeys`);
  await page.waitForSelector("#passkey");
  await answering(true);
  await page.click("#passkey");
  await page.waitForSelector(".problem:visible");
  assert.match(page.url(), /\/login/);
  assert.deepEqual(await accessibilityProblems(page), []);
});
