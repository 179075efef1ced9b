// Calls of the API, with the session cookie, the CSRF header and one key per intention.

import { fill, gettext } from "./i18n.js";
import { Problem } from "./problem.js";

const TRIES = 3;
const WAIT_MS = [500, 1500];
const AWAY = new Set([502, 503, 504]);

/**
 * What the API's codes mean to somebody in front of this page; the API's own sentence where there is none.
 * @type {Record<string, string>}
 */
const SENTENCES = {
  not_authenticated: gettext("You have been signed out. Please sign in again."),
  authentication_failed: gettext("You have been signed out. Please sign in again."),
  offer_expired: gettext("Too late: the time to answer was over."),
  offer_taken: gettext("Somebody else took this one."),
  offer_rescinded: gettext("This request was withdrawn."),
  region_not_served: gettext("We don't serve this place yet. Please choose another one."),
};

/**
 * @param {number} status
 * @param {Api.Failure} failure
 * @param {number} retryAfterS 0 if the answer doesn't say.
 */
function sentenceFor(status, { code, detail }, retryAfterS) {
  if (status >= 500) return gettext("Something broke on our side. Please try again in a moment.");
  if (detail?.startsWith("CSRF Failed")) return gettext("This page is too old. Please reload it and try again.");
  if (status !== 429) return SENTENCES[code] ?? detail;
  const wait = gettext("That was a lot at once. Please wait %(seconds)s seconds.");
  return retryAfterS ? fill(wait, { seconds: retryAfterS }) : gettext("That was a lot at once. Please wait a little.");
}

/** An answer that says no. */
export class ApiError extends Problem {
  /**
   * @param {number} status
   * @param {Api.Failure} failure
   * @param {number} retryAfterS 0 if the answer doesn't say.
   */
  constructor(status, failure, retryAfterS) {
    super(sentenceFor(status, failure, retryAfterS));
    this.message = `${status} ${failure.code}: ${failure.detail}`;
    this.status = status;
    this.code = failure.code;
    this.attr = failure.attr;
  }
}

/** No answer at all. */
export class Unreachable extends Problem {
  constructor() {
    super(gettext("We can't reach the server. Check your connection and try again."));
  }
}

/** A key for one intention: repeated with the same key, a call has its effect once. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** With TLS its name has a prefix, which keeps other hosts of the domain from setting it. */
const CSRF_COOKIE = /^(?:__Host-)?csrftoken=/;

/** From the cookie, which is that of now: signing in again in another tab changes it. The page's own is of its loading. */
function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => CSRF_COOKIE.test(part));
  if (cookie !== undefined) return cookie.replace(CSRF_COOKIE, "");
  /** @type {HTMLMetaElement | null} */
  const meta = document.querySelector('meta[name="csrf-token"]');
  return meta?.content ?? "";
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<any>} The answer's content; null if it has none.
 */
async function call(path, init) {
  let response;
  try {
    response = await fetch(path, { ...init, cache: "no-store" });
  } catch {
    throw new Unreachable();
  }
  if (AWAY.has(response.status)) throw new Unreachable();
  if (response.status === 204) return null;
  const content = await response.json().catch(() => null);
  if (response.ok) return content;
  const failure = content?.errors?.[0] ?? { code: "error", detail: response.statusText, attr: null };
  throw new ApiError(response.status, failure, Number(response.headers.get("Retry-After")));
}

/**
 * @template {string} Path
 * @param {Api.GetPath<Path>} path
 * @returns {Promise<Api.AnswerToGet<Path>>}
 */
export function get(path) {
  return call(path, { method: "GET", headers: { Accept: "application/json" } });
}

/**
 * Send, and send again where no answer came: the key makes that safe.
 * @template {string} Path
 * @param {Api.PostPath<Path>} path
 * @param {object} [body]
 * @param {string} [key]
 * @returns {Promise<Api.AnswerToPost<Path>>}
 */
export async function post(path, body = {}, key = newKey()) {
  const sent = { Accept: "application/json", "Content-Type": "application/json", "Idempotency-Key": key };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const headers = { ...sent, "X-CSRFToken": csrfToken() };
      return await call(path, { method: "POST", headers, body: JSON.stringify(body) });
    } catch (error) {
      if (!(error instanceof Unreachable) || attempt === TRIES) throw error;
      await pause(WAIT_MS[attempt - 1]);
    }
  }
}
