// The ways in beside the password, where an operator has switched all of them on: mailed codes, other providers, terms that
// are new. In every form their pages are seen in, German among them; without scripts too.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ALICE, accessibilityProblems, overflows, person, screenshot, signIn, startBrowser, startServer,
} from "./lib.mjs";

let server;
let browser;
before(async () => {
  const provider = (name, settings) => Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [`PORTCULLIS__UPSTREAM__${name}__${key}`, value]),
  );
  // Nobody listens there: what is looked at is what people see then.
  const issuer = "http://localhost:9";
  const credentials = { ISSUER: issuer, CLIENT_ID: "portcullis", CLIENT_SECRET: "a secret that both know" };
  const settings = {
    PORTCULLIS__SIGN_IN__EMAIL_CODE: "true",
    PORTCULLIS__REGISTRATION__TERMS_URI: "https://example.test/terms",
    PORTCULLIS__REGISTRATION__TERMS_VERSION: "2",
    ...provider("ELSEWHERE", { ...credentials, DISPLAY_NAME: "Elsewhere" }),
    ...provider("WORK", { ...credentials, DISPLAY_NAME: "Work", CONNECTED_ONLY: "true" }),
  };
  [server, browser] = await Promise.all([startServer(settings), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const LOOKS = {
  german: { locale: "de" },
  dark: { colorScheme: "dark", locale: "de", viewport: { width: 320, height: 640 } },
  arabic: { locale: "ar" },
  plain: { javaScriptEnabled: false, viewport: { width: 320, height: 640 }, locale: "ar" },
};

for (const [look, options] of Object.entries(LOOKS)) {
  test(`the other ways in, in ${look}`, async () => {
    const user = await person(browser, options);
    const { page } = user;
    const problems = [];
    const seen = async (name) => {
      if (options.javaScriptEnabled !== false) {
        problems.push(...(await accessibilityProblems(page)).map((problem) => `${name}: ${problem}`));
      }
      await screenshot(page, `ways-in-${name}-${look}`);
      if (await overflows(page)) problems.push(`${name}: wider than the window`);
      if ((await page.locator("h1").count()) !== 1) problems.push(`${name}: has not one first heading`);
    };

    await page.goto(`${server.issuer}/login?next=/account/connections`);
    await seen("login");
    await page.click("#more");
    await seen("more");
    await page.locator("button.secondary", { hasText: "Work" }).click();
    await seen("unreachable");
    await page.goto(`${server.issuer}/upstream/elsewhere/callback?state=none&code=none`);
    await seen("stray-answer");

    await page.goto(`${server.issuer}/login?next=/account/connections`);
    await page.click("#email-code");
    await seen("ask");
    await page.fill("#username", "nobody@example.test");
    await page.click("#ask");
    await seen("code");
    await page.fill("#code", "000000");
    await page.click("#verify");
    await page.waitForSelector("#problem");
    await seen("code-wrong");
    await page.click(".links a");
    assert.equal(new URL(page.url()).pathname, "/login/email");
    await page.click("#back");

    // Who declines the terms has no session; the next look is asked again.
    await signIn(page, server, ALICE);
    await page.waitForSelector("#terms");
    await seen("terms");
    await page.locator("form").first().evaluate((form) => { form.noValidate = true; });
    await page.click("#accept");
    await page.waitForSelector("#problem");
    await seen("terms-missing");
    await page.click("#cancel");
    assert.equal(new URL(page.url()).pathname, "/login");

    assert.deepEqual(user.complaints, []);
    assert.deepEqual(problems, []);
    await user.close();
  });
}

test("whoever accepts the terms is in, and sees what is connected", async () => {
  const user = await person(browser, { locale: "de" });
  const { page } = user;
  await page.goto(`${server.issuer}/login?next=/account/connections`);
  await signIn(page, server, ALICE);
  await page.check("#terms");
  await page.click("#accept");
  if (await page.locator("#not-now").count()) await page.click("#not-now");
  await page.waitForURL(/\/account\/connections/);
  assert.deepEqual(await accessibilityProblems(page), []);
  await screenshot(page, "ways-in-connections-german");
  await user.close();
});
