// Asks the browser for a passkey where a form wants one, and sends the form. Without scripts, or in a browser without
// passkeys, those forms stay hidden and everything else is as before.
const RENEW_AFTER = 4 * 60 * 1000; // The server waits five minutes for an answer.
const RENEWALS = 14;

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (credentials = []) => credentials.map((credential) => ({ ...credential, id: bytes(credential.id) }));

async function begin(form) {
  const body = new URLSearchParams();
  for (const name of ["csrf", "transaction"]) if (form.elements[name]) body.set(name, form.elements[name].value);
  const response = await fetch(form.dataset.options, { method: "POST", body, redirect: "manual" });
  // The sign-in is not fresh any more: the page says so.
  if (response.type === "opaqueredirect") location.reload();
  if (!response.ok) throw new Error(`options: ${response.status}`);
  const { challenge, publicKey } = await response.json();
  publicKey.challenge = bytes(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  if (publicKey.excludeCredentials) publicKey.excludeCredentials = named(publicKey.excludeCredentials);
  if (publicKey.allowCredentials) publicKey.allowCredentials = named(publicKey.allowCredentials);
  return { challenge, publicKey };
}

function written({ id, rawId, type, response }, extensions) {
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) parts[part] = text(response[part]);
  }
  if (response.getAuthenticatorData) parts.authenticatorData = text(response.getAuthenticatorData());
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({ id, rawId: text(rawId), type, response: parts, clientExtensionResults: extensions });
}

function send(form, challenge, credential) {
  form.elements.challenge.value = challenge;
  form.elements.credential.value = written(credential, credential.getClientExtensionResults());
  // The box beside the password counts here as well.
  if (form.elements.remember) form.elements.remember.disabled = !document.querySelector("#remember").checked;
  form.submit();
}

function explain(form, error) {
  const words = { NotAllowedError: "cancelled", AbortError: "cancelled", InvalidStateError: "known" };
  const problem = form.querySelector("[role=alert]");
  problem.textContent = form.dataset[words[error.name] ?? "failed"];
  problem.hidden = false;
}

// Passkeys among what the browser offers for the user name, until the person goes another way.
async function offer(form, stopped) {
  for (let renewal = 0; renewal < RENEWALS && !stopped.aborted; renewal += 1) {
    const { challenge, publicKey } = await begin(form);
    const round = new AbortController();
    const end = () => round.abort();
    const timer = setTimeout(end, RENEW_AFTER);
    stopped.addEventListener("abort", end);
    if (stopped.aborted) end();
    try {
      const options = { publicKey, mediation: "conditional", signal: round.signal };
      return send(form, challenge, await navigator.credentials.get(options));
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      clearTimeout(timer);
      stopped.removeEventListener("abort", end);
    }
  }
}

async function prepare(form) {
  const waiting = new AbortController();
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    waiting.abort();
    const button = form.querySelector("button");
    form.querySelector("[role=alert]").hidden = true;
    button.disabled = true;
    try {
      const { challenge, publicKey } = await begin(form);
      send(form, challenge, await navigator.credentials[form.dataset.passkey]({ publicKey }));
    } catch (error) {
      explain(form, error);
      button.disabled = false;
      button.focus();
    }
  });
  if (form.dataset.unknown) {
    const gone = { rpId: form.dataset.rp, credentialId: form.dataset.unknown };
    await PublicKeyCredential.signalUnknownCredential?.(gone).catch(() => {});
  }
  if ("conditional" in form.dataset && (await PublicKeyCredential.isConditionalMediationAvailable?.())) {
    // Nobody has asked for anything yet, so nobody is told when it does not work.
    await offer(form, waiting.signal).catch(() => {});
  }
}

if (globalThis.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) prepare(form);
  for (const form of document.querySelectorAll("form[data-passkey-hint]")) {
    if (await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.()) {
      const hint = document.createElement("input");
      Object.assign(hint, { type: "hidden", name: "passkeys", value: "1" });
      form.append(hint);
    }
  }
  // What the account has now: the browser may forget the passkeys that were removed.
  for (const list of document.querySelectorAll("[data-passkeys]")) {
    const { rp: rpId, user: userId, passkeys } = list.dataset;
    const allAcceptedCredentialIds = passkeys.split(" ").filter(Boolean);
    PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds }).catch(() => {});
  }
}
