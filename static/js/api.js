// Calls of the API, with the session cookie, the CSRF header and one key per intention.

import { fill, gettext } from "./i18n.js";

const TRIES = 3;
const WAIT_MS = [500, 1500];
const AWAY = new Set([502, 503, 504]);

// What the API's codes mean to somebody in front of this page; the API's own sentence where there is none.
const SENTENCES = {
  not_authenticated: gettext("You have been signed out. Please sign in again."),
  authentication_failed: gettext("You have been signed out. Please sign in again."),
  offer_expired: gettext("Too late: the time to answer was over."),
  offer_taken: gettext("Somebody else took this one."),
  offer_rescinded: gettext("This request was withdrawn."),
  region_not_served: gettext("We don't serve this place yet. Please choose another one."),
};

/** An answer that says no. `sentence` is fit to be shown. */
export class ApiError extends Error {
  constructor(status, { code, detail, attr }, retryAfterS) {
    super(`${status} ${code}: ${detail}`);
    this.status = status;
    this.code = code;
    this.attr = attr;
    this.sentence = SENTENCES[code] ?? detail;
    if (status === 429)
      this.sentence = fill(gettext("That was a lot at once. Please wait %(seconds)s seconds."), {
        seconds: retryAfterS || 10,
      });
    if (detail?.startsWith("CSRF Failed")) this.sentence = gettext("This page is too old. Please reload it and try again.");
    if (status >= 500) this.sentence = gettext("Something broke on our side. Please try again in a moment.");
  }
}

/** No answer at all. */
export class Unreachable extends Error {
  sentence = gettext("We can't reach the server. Check your connection and try again.");
}

/** A key for one intention: repeated with the same key, a call has its effect once. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** From the cookie, which is that of now: signing in again in another tab changes it. The page's own is of its loading. */
function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie?.slice("csrftoken=".length) ?? document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function call(method, path, { body, key } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = csrfToken();
    headers["Idempotency-Key"] = key;
  }
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  } catch {
    throw new Unreachable();
  }
  if (AWAY.has(response.status)) throw new Unreachable();
  if (response.status === 204) return null;
  const content = await response.json().catch(() => null);
  if (response.ok) return content;
  const error = content?.errors?.[0] ?? { code: "error", detail: response.statusText, attr: null };
  throw new ApiError(response.status, error, Number(response.headers.get("Retry-After")));
}

export function get(path) {
  return call("GET", path);
}

/** Send, and send again where no answer came: the key makes that safe. */
export async function post(path, body = {}, key = newKey()) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call("POST", path, { body, key });
    } catch (error) {
      if (!(error instanceof Unreachable) || attempt === TRIES) throw error;
      await pause(WAIT_MS[attempt - 1]);
    }
  }
}
