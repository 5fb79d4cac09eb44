// Tells an application whether the person who is signed in at this server is still the one that it knows
// (OpenID Connect Session Management §3.2).
const prefix = `${document.documentElement.dataset.cookie}=`;

function browserState() {
  const pair = document.cookie.split("; ").find((one) => one.startsWith(prefix));
  return pair ? pair.slice(prefix.length) : "";
}

async function hashOf(text) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...hash)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function compare(message, origin) {
  const question = /^(.+) ([\w-]+)\.([\w-]+)$/.exec(message);
  if (!question) return "error";
  const [, clientId, hash, salt] = question;
  return (await hashOf(`${clientId} ${origin} ${browserState()} ${salt}`)) === hash ? "unchanged" : "changed";
}

addEventListener("message", async (event) => {
  if (!event.source || event.origin === "null" || typeof event.data !== "string") return;
  const answer = await compare(event.data, event.origin).catch(() => "error");
  event.source.postMessage(answer, event.origin);
});
