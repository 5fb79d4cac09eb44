// An account of one's own, in every form its pages are seen in, up to the application that the person came from; without
// scripts too. The address is changed by mail afterwards.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  accessibilityProblems, authorization, mailTo, overflows, person, screenshot, startBrowser, startServer,
} from "./lib.mjs";

let server;
let browser;
before(async () => {
  const settings = {
    PORTCULLIS__REGISTRATION__MODE: "open",
    PORTCULLIS__REGISTRATION__TERMS_URI: "https://example.test/terms",
    PORTCULLIS__REGISTRATION__TERMS_VERSION: "1",
  };
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
  plain: { javaScriptEnabled: false, viewport: { width: 320, height: 640 }, locale: "ar" },
};

for (const [look, options] of Object.entries(LOOKS)) {
  test(`a new account in ${look}`, async () => {
    const user = await person(browser, options);
    const { page } = user;
    const problems = [];
    const seen = async (name) => {
      if (options.javaScriptEnabled !== false) {
        problems.push(...(await accessibilityProblems(page)).map((problem) => `${name}: ${problem}`));
      }
      await screenshot(page, `register-${name}-${look}`);
      if (await overflows(page)) problems.push(`${name}: wider than the window`);
      if ((await page.locator("h1").count()) !== 1) problems.push(`${name}: has not one first heading`);
    };
    const [name, address] = [`carol-${look}`, `carol-${look}@example.test`];

    await page.goto(authorization(server).url);
    await seen("login");
    await page.click("#create");
    await seen("ask");
    await page.locator("form").evaluate((form) => { form.noValidate = true; });
    await page.fill("#email", "nowhere");
    await page.click("#ask");
    await seen("ask-error");
    await page.fill("#email", address);
    await page.click("#ask");
    await seen("code");
    const mail = await mailTo(browser, server, address);
    if (look === "light") {
      await page.goto(mail.link);
    } else {
      await page.fill("#code", mail.code);
      await page.click("#verify");
    }
    assert.equal(new URL(page.url()).search, "");
    await seen("new");
    await page.locator("form").evaluate((form) => { form.noValidate = true; });
    await page.fill("#username", "alice@example.test");
    await page.fill("#password", "correct horse battery");
    await page.click("#register");
    await seen("new-terms");
    await page.fill("#username", "alice@example.test");
    await page.fill("#password", "correct horse battery");
    await page.check("#terms");
    await page.click("#register");
    await seen("new-foreign");
    assert.equal(await page.isChecked("#terms"), true);
    await page.fill("#username", name);
    await page.fill("#password", "correct horse battery");
    await page.click("#register");
    // A browser that can is offered a passkey first.
    if (await page.locator("#not-now").count()) await page.click("#not-now");
    if (await page.locator("#allow").count()) await page.click("#allow");
    await page.waitForURL(/\/playground/);

    await page.goto(`${server.issuer}/account/email`);
    await seen("email");
    await page.fill("#email", `new-${address}`);
    await page.click("#ask");
    await seen("email-code");
    await page.goto((await mailTo(browser, server, `new-${address}`)).link);
    await seen("email-confirm");
    await page.click("#confirm");
    await page.waitForSelector("#notice");
    await seen("account");
    assert.match(await page.textContent("main"), new RegExp(`new-${address}`));
    await page.goto(`${server.issuer}/register/new?token=none`);
    await seen("dead");

    assert.deepEqual(user.complaints, []);
    assert.deepEqual(problems, []);
    await user.close();
  });
}
