// The account, the second step, lost passwords and API keys, in every form they are seen in: nothing serious for
// assistive technology, nothing outside the window, nothing blocked, and all of it without scripts too.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { BOB, mailTo, person, screenshot, seriousProblems, overflows, signIn, startBrowser, startServer } from "./lib.mjs";

let server;
let browser;
/// Of the look before.
let resetLink = null;
before(async () => {
  const settings = { PORTCULLIS__THROTTLE__ACCOUNT_FAILURES: "100", PORTCULLIS__MAIL__HOURLY_LIMIT: "100" };
  [server, browser] = await Promise.all([startServer(settings), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const LOOKS = {
  light: {},
  dark: { colorScheme: "dark" },
  narrow: { viewport: { width: 320, height: 640 } },
  arabic: { locale: "ar" },
  german: { locale: "de", viewport: { width: 320, height: 640 } },
  plain: { javaScriptEnabled: false, viewport: { width: 320, height: 640 }, locale: "ar" },
};
const PAGES = [
  "", "profile", "password", "two-step", "passkeys", "sessions", "apps", "api-keys", "activity", "data", "delete",
];

/// The code that an authenticator app shows (RFC 6238): of the time step `steps` from now.
function totp(secret, steps = 0) {
  const bits = [...secret.replace(/[^A-Z2-7]/g, "")]
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const digest = createHmac("sha1", key).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1000000).padStart(6, "0");
}

for (const [look, options] of Object.entries(LOOKS)) {
  test(`the account in ${look}`, async () => {
    const user = await person(browser, options);
    const { page } = user;
    const problems = [];
    const seen = async (name, page = user.page) => {
      if (options.javaScriptEnabled !== false) {
        problems.push(...(await seriousProblems(page)).map((problem) => `${name}: ${problem}`));
      }
      await screenshot(page, `account-${name}-${look}`);
      if (await overflows(page)) problems.push(`${name}: wider than the window`);
      if ((await page.locator("h1").count()) !== 1) problems.push(`${name}: has not one first heading`);
    };

    await page.goto(`${server.issuer}/login?next=/account`);
    await seen("login");
    await page.click("#forgot");
    await seen("reset");
    await page.fill("#username", "nobody");
    await page.click("#reset");
    await seen("reset-code");
    await page.goto(`${server.issuer}/reset/new?token=none`);
    await seen("reset-dead");

    await page.goto(`${server.issuer}/login?next=/account`);
    await signIn(page, server, BOB);
    // A browser that can is offered a passkey first.
    if (await page.locator("#not-now").count()) await page.click("#not-now");
    for (const path of PAGES) {
      await page.goto(`${server.issuer}/account${path && `/${path}`}`);
      assert.equal(new URL(page.url()).pathname, `/account${path && `/${path}`}`);
      await seen(path || "overview");
    }

    await page.goto(`${server.issuer}/account/api-keys`);
    await page.click("#new");
    await seen("api-key-new");
    await page.fill("#name", "A key of this look");
    await page.locator(".choice input").first().check();
    await page.click("#make");
    await seen("api-key-made");
    await page.goto(`${server.issuer}/account/api-keys`);
    await seen("api-keys-some");

    // Whose password it is, and that the key of above would end with it. Nothing is saved: the next look signs in too.
    await page.goto(`${server.issuer}/reset`);
    await page.fill("#username", BOB);
    await page.click("#reset");
    resetLink = (await mailTo(browser, server, BOB, resetLink)).link;
    await page.goto(resetLink);
    assert.equal(await page.inputValue("#username"), BOB);
    assert.equal(await page.isChecked("#end_keys"), true);
    await seen("reset-new");

    await page.goto(`${server.issuer}/account/two-step`);
    await page.click("#set-up");
    await seen("app");
    const secret = await page.locator("#secret").innerText();
    await page.fill("#code", "000000");
    await page.click("#verify");
    await seen("app-wrong");
    await page.fill("#code", totp(secret));
    await page.click("#verify");
    await page.waitForSelector("#recovery-codes");
    await seen("recovery-codes");
    await page.click("#kept");
    await seen("two-step-on");

    const again = await person(browser, options);
    await again.page.goto(`${server.issuer}/login?next=/account`);
    await signIn(again.page, server, BOB);
    await again.page.waitForSelector("#verify");
    await seen("factor", again.page);
    await again.page.fill("#code", "000000");
    await again.page.click("#verify");
    await seen("factor-wrong", again.page);
    await again.page.click("#use-recovery");
    await seen("factor-recovery", again.page);
    await again.page.click("#use-app");
    // The next one: this step has counted, and the step may end at any moment.
    await again.page.fill("#code", totp(secret, 1));
    await again.page.click("#verify");
    await again.page.waitForURL(/\/account/);
    await again.close();

    // For the next look.
    await page.goto(`${server.issuer}/account/two-step`);
    await page.click("#remove");
    assert.equal(await page.locator("#remove").count(), 0);
    assert.deepEqual(user.complaints, []);
    assert.deepEqual(problems, []);
    await user.close();
  });
}
