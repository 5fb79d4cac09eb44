// What `portcullis dev` made up, and a browser without JavaScript that signs its people in.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export const issuer = process.env.PORTCULLIS_ISSUER;
const dir = process.env.PORTCULLIS_DIR;
export const demo = JSON.parse(readFileSync(`${dir}/portcullis-dev/demo.json`, "utf8"));
export const user = "alice@example.test";
export const redirectUri = "http://localhost:3000/callback";

/** Runs a command of the binary beside the server; its answer as JSON. */
export function portcullis(...args) {
  return JSON.parse(execFileSync(process.env.PORTCULLIS_BINARY, args, { cwd: dir, encoding: "utf8" }));
}

export class Browser {
  #cookies = new Map();

  async #fetch(url, init = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...init.headers, ...(cookie && { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      if (/Max-Age=0(;|$)/.test(line)) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** Follows redirects within the server; the page, or the address elsewhere that the browser was sent to. */
  async #follow(url, response) {
    for (let hops = 0; hops < 10; hops += 1) {
      if (response.status < 300 || response.status >= 400) return { url, status: response.status, html: await response.text() };
      url = new URL(response.headers.get("location"), url);
      if (!url.href.startsWith(issuer)) return { url };
      response = await this.#fetch(url);
    }
    throw new Error(`redirects do not end: ${url}`);
  }

  async open(url) {
    url = new URL(url);
    return this.#follow(url, await this.#fetch(url));
  }

  async submit(page, values) {
    const form = /<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(page.html);
    if (!form) throw new Error(`no form at ${page.url}: ${page.html}`);
    const body = new URLSearchParams();
    for (const [, name, value] of form[2].matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
      body.set(name, decode(value));
    }
    for (const [name, value] of Object.entries(values)) body.set(name, value);
    const url = new URL(decode(form[1]), page.url);
    return this.#follow(url, await this.#fetch(url, { method: "POST", body }));
  }

  /** Signs in, allows, and returns the address that the client is called back at. */
  async authorize(url) {
    const page = await this.#signInAndAllow(url);
    if (page.html !== undefined) throw new Error(`the flow ended at ${page.url}: ${page.html}`);
    return page.url;
  }

  async #signInAndAllow(url) {
    let page = await this.open(url);
    if (page.html?.includes('id="password"')) {
      page = await this.submit(page, { username: user, password: demo.passwords[user] });
    }
    if (page.html?.includes('id="allow"')) page = await this.submit(page, { decision: "allow" });
    return page;
  }

  /** Signs in, allows, and returns the form that posts the answer to the client (OAuth 2.0 Form Post Response Mode). */
  async authorizeByFormPost(url) {
    const page = await this.#signInAndAllow(url);
    const action = /<form[^>]*method="post"[^>]*action="([^"]*)"/.exec(page.html)?.[1];
    if (!action) throw new Error(`the flow ended at ${page.url}: ${page.html}`);
    const fields = [...page.html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    return { action: decode(action), fields: new URLSearchParams(fields.map(([, name, value]) => [name, decode(value)])) };
  }

  /** Confirms a device. */
  async confirm(verificationUriComplete) {
    const user_code = new URL(verificationUriComplete).searchParams.get("user_code");
    let page = await this.submit(await this.open(verificationUriComplete), { user_code });
    if (page.html.includes('id="password"')) {
      page = await this.submit(page, { username: user, password: demo.passwords[user] });
    }
    page = await this.submit(page, { decision: "allow" });
    if (page.status !== 200) throw new Error(page.html);
  }
}

function decode(text) {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)).replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}
