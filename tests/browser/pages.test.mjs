// Every page, in every form it is seen in: no accessibility problem, nothing outside the window, nothing blocked.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ALICE, accessibilityProblems, authorization, overflows, person, screenshot, signIn, startBrowser, startDevice,
  startServer, translate,
} from "./lib.mjs";

let server;
let browser;
before(async () => {
  [server, browser] = await Promise.all([startServer({ PORTCULLIS__THROTTLE__ACCOUNT_FAILURES: "100" }), startBrowser()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/// What the browsers differ in. 640 CSS pixels stand for 200 % zoom on a window of 1280.
const LOOKS = {
  light: {},
  dark: { colorScheme: "dark" },
  narrow: { viewport: { width: 320, height: 640 } },
  zoom: { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 },
  arabic: { locale: "ar" },
  "arabic-narrow-dark": { locale: "ar", viewport: { width: 320, height: 640 }, colorScheme: "dark" },
  "en-XA": { pseudo: "en-XA", viewport: { width: 320, height: 640 } },
  "ar-XB": { pseudo: "ar-XB" },
  contrast: { contrast: "more", forcedColors: "active" },
};

for (const [look, { pseudo, ...options }] of Object.entries(LOOKS)) {
  test(`every page in ${look}`, async () => {
    const user = await person(browser, options);
    const { page } = user;
    const problems = [];
    const seen = async (name) => {
      problems.push(...(await accessibilityProblems(page)).map((problem) => `${name}: ${problem}`));
      if (pseudo) await translate(page, pseudo);
      await screenshot(page, `${name}-${look}`);
      if (await overflows(page)) problems.push(`${name}: wider than the window`);
      if ((await page.locator("h1").count()) !== 1) problems.push(`${name}: has not one first heading`);
    };

    await page.goto(server.issuer);
    await seen("home");
    await page.goto(server.setup);
    await seen("setup");
    await page.fill("#password", "short");
    await page.locator("form").evaluate((form) => { form.noValidate = true; });
    await page.click("#setup");
    await seen("setup-error");
    await page.goto(`${server.issuer}/authorize?client_id=nobody`);
    await seen("error");
    await page.goto(authorization(server, { redirect_uri: "https://app.test/elsewhere" }).url);
    await seen("error-redirect-uri");
    await page.goto(`${server.issuer}/nothing/here`);
    await seen("error-not-found");
    await page.goto(`${server.issuer}/login?tx=018f3c1e-0000-7000-8000-000000000000&client_id=demo-spa`);
    await seen("transaction-lost");

    await page.goto(authorization(server, { scope: "openid profile email phone address offline_access api:read" }).url);
    await seen("login");
    await page.fill("#username", ALICE);
    await page.fill("#password", "not the password");
    await page.click("#signin");
    assert.equal(await page.evaluate(() => document.activeElement.id), "password");
    await seen("login-error");
    await signIn(page, server);
    await page.waitForSelector("#allow");
    await seen("consent");
    await page.goto(authorization(server, { prompt: "select_account" }).url);
    await page.waitForSelector("#continue");
    await seen("select-account");

    const device = await startDevice(server);
    await page.goto(`${server.issuer}/device`);
    await seen("device-entry");
    await page.fill("#user_code", "BBBB-BBBB");
    await page.click("#continue");
    await seen("device-entry-error");
    await page.fill("#user_code", device.user_code);
    await page.click("#continue");
    await page.waitForSelector("#allow");
    await seen("device-confirm");
    await page.click("#allow");
    await seen("device-done");
    const refused = await startDevice(server);
    await page.goto(refused.verification_uri_complete);
    await page.click("#deny");
    await seen("device-refused");

    await page.goto(`${server.issuer}/playground`);
    await seen("playground");
    await page.click("#start-device");
    await seen("playground-device");
    await page.goto(`${server.issuer}/playground`);
    await page.click("#start-code");
    await seen("playground-request");
    await page.click("#authorize");
    if (await page.locator("#allow").count()) await page.click("#allow");
    await page.waitForSelector("#id_token");
    await seen("playground-tokens");

    await page.goto(server.issuer);
    await seen("home-signed-in");
    await page.goto(`${server.issuer}/logout?client_id=demo-spa`);
    await seen("logout");
    await page.click("#logout");
    await seen("logged-out");
    assert.deepEqual(user.complaints, []);
    await user.close();

    // Where scripts run, this page is gone at once.
    const plain = await person(browser, { ...options, javaScriptEnabled: false });
    await plain.page.goto(authorization(server, { response_mode: "form_post" }).url);
    await signIn(plain.page, server);
    if (await plain.page.locator("#allow").count()) await plain.page.click("#allow");
    await plain.page.waitForSelector("#continue");
    await screenshot(plain.page, `form-post-${look}`);
    await plain.close();

    assert.deepEqual(problems, []);
  });
}
