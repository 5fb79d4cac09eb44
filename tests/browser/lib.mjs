// What the browser tests share: a server of their own, Chromium, and the ways people take through the pages.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, mkdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash, randomBytes } from "node:crypto";
import { chromium } from "playwright-core";

const BINARY = process.env.PORTCULLIS_BIN ?? new URL("../../target/debug/portcullis", import.meta.url).pathname;
const CHROMIUM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
export const ARTIFACTS = process.env.BROWSER_ARTIFACTS ?? join(tmpdir(), "portcullis-screenshots");

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/// `portcullis dev` in a directory of its own, and what it prints.
export async function startServer(environment = {}) {
  const cwd = await mkdtemp(join(tmpdir(), "portcullis-browser-"));
  const port = await freePort();
  const env = { PATH: process.env.PATH, HOME: cwd, ...environment };
  const child = spawn(BINARY, ["dev", "--port", String(port)], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (printed += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const issuer = `http://localhost:${port}`;
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill("SIGINT");
      await once(child, "exit");
    }
    await rm(cwd, { recursive: true, force: true });
    return errors;
  };
  try {
    await answers(`${issuer}/readyz`, child);
  } catch (error) {
    throw new Error(`${error.message}\n${printed}${await stop()}`);
  }
  const demo = JSON.parse(await readFile(join(cwd, "portcullis-dev", "demo.json"), "utf8"));
  const setup = /\S+\/setup#\S+/.exec(printed)?.[0];
  /// Runs a command of the binary beside the server; its answer as JSON.
  const cli = (...args) => JSON.parse(execFileSync(BINARY, args, { cwd, env, encoding: "utf8" }));
  return { issuer, setup, passwords: demo.passwords, secrets: demo.secrets, stop, cli, errors: () => errors };
}

async function answers(url, child) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended with status ${child.exitCode}`);
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`${url} does not answer`);
}

export function startBrowser() {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
}

export const ALICE = "alice@example.test";
export const BOB = "bob@example.test";

/// A fresh person's browser. Whatever the pages' policy blocks, or logs as an error, is kept in `complaints`.
export async function person(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", ...options });
  const complaints = [];
  context.on("console", (message) => {
    // A page answered with an error status is reported as if something were missing; the tests look at it themselves.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      complaints.push(message.text());
    }
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));
  const page = await context.newPage();
  return { context, page, complaints, close: () => context.close() };
}

/// The address of an authorization request of the public demo client, and its verifier.
export function authorization(server, changes = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const params = {
    response_type: "code",
    client_id: "demo-spa",
    redirect_uri: `${server.issuer}/playground/callback`,
    scope: "openid profile email",
    state: randomBytes(16).toString("base64url"),
    nonce: randomBytes(16).toString("base64url"),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...changes,
  };
  return { url: `${server.issuer}/authorize?${new URLSearchParams(params)}`, params, verifier };
}

export async function signIn(page, server, username = ALICE) {
  await page.fill("#username", username);
  await page.fill("#password", server.passwords[username]);
  await page.click("#signin");
}

/// Starts the device grant as a device would (RFC 8628 §3.1).
export async function startDevice(server, scope = "openid profile") {
  const response = await fetch(`${server.issuer}/oauth2/device`, {
    method: "POST",
    headers: { "user-agent": "Demo television 2.1" },
    body: new URLSearchParams({ client_id: "demo-spa", scope }),
  });
  if (!response.ok) throw new Error(`device authorization: ${response.status} ${await response.text()}`);
  return response.json();
}

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/// What axe-core finds wrong with the page as it stands.
export async function accessibilityProblems(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

/// The same, as far as it keeps people out.
export async function seriousProblems(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  const serious = violations.filter(({ id, impact }) => ["serious", "critical"].includes(impact) || id === "landmark-unique");
  return serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
}

/// Whether something stands out to the side of the window.
export function overflows(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

/// Rewrites the texts of the page as a translation might: `en-XA` is accented and two fifths longer, `ar-XB` runs from
/// right to left.
export function translate(page, pseudo) {
  return page.evaluate((pseudo) => {
    const accents = { a: "á", e: "ë", i: "î", o: "ö", u: "û", n: "ñ", c: "ç", A: "Å", E: "Ê", I: "Ï", O: "Ø", U: "Ü" };
    const longer = (text) => {
      const accented = text.replace(/[aeiouncAEIOU]/g, (letter) => accents[letter] ?? letter);
      return `[${accented} ${"öñë ".repeat(Math.ceil(text.length / 10)).trim()}]`;
    };
    const mirrored = (text) => `\u202e${text}\u202c`;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
      const { currentNode: node } = walker;
      if (node.data.trim() && !node.parentElement.closest("code, pre, script, bdi, option, [aria-hidden]")) texts.push(node);
    }
    for (const node of texts) node.data = pseudo === "en-XA" ? longer(node.data.trim()) : mirrored(node.data.trim());
    if (pseudo === "ar-XB") document.documentElement.dir = "rtl";
  }, pseudo);
}

export async function screenshot(page, name) {
  await mkdir(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: true });
}

/// What the newest mail to `address` says, once it is there and leads on by another link than `before`.
export async function mailTo(browser, server, address, before = null) {
  const reader = await person(browser);
  for (let tries = 0; tries < 100; tries += 1) {
    await reader.page.goto(`${server.issuer}/dev/mail`);
    const found = reader.page.locator("#mails li").filter({ hasText: address });
    if (await found.count()) {
      await found.first().locator("a").click();
      const shown = reader.page.locator("#mail-link");
      const link = (await shown.count()) ? await shown.getAttribute("href") : before;
      if (link !== before) {
        const code = reader.page.locator("#mail-code");
        const said = { link, code: (await code.count()) ? (await code.textContent()).trim() : null };
        await reader.close();
        return said;
      }
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`no mail to ${address}`);
}
