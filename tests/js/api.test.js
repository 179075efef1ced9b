import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { settled, standInForPage } from "./page.js";

standInForPage({ cookie: "theme=dark; csrftoken=from-the-cookie" });
const { ApiError, Unreachable, get, newKey, post } = await import("../../static/js/api.js");

/** What was sent, and what is answered: an answer each, or an error to be thrown. */
let calls = [];
let answers = [];

const json = (status, content, headers = {}) => new Response(JSON.stringify(content), { status, headers });
const refusal = (code, detail = "No.", attr = null) => ({ type: "client_error", errors: [{ code, detail, attr }] });

globalThis.fetch = async (path, init) => {
  calls.push({ path, ...init });
  const answer = answers.shift();
  if (answer instanceof Error) throw answer;
  return answer;
};

beforeEach(() => {
  calls = [];
  answers = [];
});

test("a key is 32 hexadecimal digits, and each is new", () => {
  const keys = Array.from({ length: 100 }, newKey);
  for (const key of keys) assert.match(key, /^[0-9a-f]{32}$/);
  assert.equal(new Set(keys).size, 100);
});

test("a POST carries its body, a key, and the cookie's CSRF token", async () => {
  answers = [json(201, { rideId: "r1" })];
  assert.deepEqual(await post("/rideAccept", { offerId: "o1" }), { rideId: "r1" });
  const [{ path, method, headers, body, cache }] = calls;
  assert.deepEqual([path, method, body, cache], ["/rideAccept", "POST", '{"offerId":"o1"}', "no-store"]);
  assert.equal(headers["X-CSRFToken"], "from-the-cookie");
  assert.match(headers["Idempotency-Key"], /^[0-9a-f]{32}$/);
});

test("a GET carries neither key nor token", async () => {
  answers = [json(200, { results: [] })];
  await get("/cheerRequest");
  assert.deepEqual(calls[0].headers, { Accept: "application/json" });
  assert.equal(calls[0].body, undefined);
});

test("an answer without content is null", async () => {
  answers = [new Response(null, { status: 204 })];
  assert.equal(await post("/rideDecline", {}), null);
});

test("a POST without an answer is sent again with the same key, three times at most", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  answers = [new TypeError("no network"), json(503, {}), json(502, {})];
  const sent = assert.rejects(post("/rideEnd", { rideId: "r1" }), Unreachable);
  await settled();
  assert.equal(calls.length, 1);
  t.mock.timers.tick(500);
  await settled();
  assert.equal(calls.length, 2);
  t.mock.timers.tick(1500);
  await sent;
  assert.equal(calls.length, 3);
  assert.equal(new Set(calls.map(({ headers }) => headers["Idempotency-Key"])).size, 1);
});

test("a given key is used as it is, and an answer ends the tries", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  answers = [new TypeError("no network"), json(200, {})];
  const sent = post("/cheerRequest", {}, "mine");
  await settled();
  t.mock.timers.tick(500);
  await sent;
  assert.deepEqual(
    calls.map(({ headers }) => headers["Idempotency-Key"]),
    ["mine", "mine"],
  );
});

test("two intentions have two keys", async () => {
  answers = [json(200, {}), json(200, {})];
  await post("/rideStart");
  await post("/rideStart");
  assert.notEqual(calls[0].headers["Idempotency-Key"], calls[1].headers["Idempotency-Key"]);
});

test("a refusal is not repeated, and tells status, code and field of the error shape", async () => {
  answers = [json(400, refusal("invalid", "Not a phone number.", "phone"))];
  await assert.rejects(post("/partner/apply"), (error) => {
    assert.ok(error instanceof ApiError);
    const { status, code, attr, sentence, message } = error;
    assert.deepEqual([status, code, attr], [400, "invalid", "phone"]);
    assert.equal(sentence, "Not a phone number."); // the API's own where we know no better
    assert.equal(message, "400 invalid: Not a phone number.");
    return true;
  });
  assert.equal(calls.length, 1);
});

const SENTENCES = [
  [409, refusal("offer_taken"), {}, "Somebody else took this one."],
  [401, refusal("not_authenticated"), {}, "You have been signed out. Please sign in again."],
  [403, refusal("permission_denied", "CSRF Failed: token missing."), {}, /too old. Please reload/],
  [429, refusal("throttled"), { "Retry-After": "7" }, /wait 7 seconds/],
  [429, refusal("throttled"), {}, /wait a little/],
  [500, refusal("error"), {}, /Something broke on our side/],
];
for (const [status, content, headers, expected] of SENTENCES)
  test(`what ${status} ${content.errors[0].code} says: ${expected}`, async () => {
    answers = [json(status, content, headers)];
    await assert.rejects(get("/me"), ({ sentence }) => {
      if (expected instanceof RegExp) assert.match(sentence, expected);
      else assert.equal(sentence, expected);
      return true;
    });
  });

test("an answer that is no JSON is an error of its status", async () => {
  answers = [new Response("<h1>Bad request</h1>", { status: 400, statusText: "Bad Request" })];
  await assert.rejects(get("/me"), { name: "Error", status: 400, code: "error", sentence: "Bad Request" });
});
