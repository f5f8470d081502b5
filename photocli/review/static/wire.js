/** The one place that talks to the server. All addresses are relative, so the token stands in none of them. */

/** An answer that is no success; `message` is a sentence for the person who looks. */
export class Refused extends Error {
  constructor(message, status, body = null) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

const GONE = "The photocli that served this page has ended. Start `photocli review` again and open its new address.";

/** Sends a request and reads its JSON; raises `Refused` with a sentence. */
async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(GONE, 0);
  }
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (response.ok) return body;
  throw new Refused(sentence(body?.error || body?.message || `this was refused (${response.status})`), response.status, body);
}

/** A message of photocli as a sentence: they begin small and end open, as they follow a name on the command line. */
export function sentence(words) {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export const get = (path, signal) => ask(path, { signal });

export const post = (path, body = {}) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const remove = (path) => ask(path, { method: "DELETE", headers: { "Content-Type": "application/json" } });

/** Sends files as a form. */
export function upload(path, files) {
  const form = new FormData();
  for (const file of files) form.append("photos", file, file.name);
  return ask(path, { method: "POST", body: form });
}
