import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { settled, standInForPage } from "./page.js";

standInForPage();

/** An element with what the search touches of it. */
function element() {
  const made = new EventTarget();
  const attributes = new Map();
  return Object.assign(made, {
    value: "",
    textContent: "",
    hidden: true,
    dataset: {},
    children: [],
    setAttribute: (name, value) => attributes.set(name, value),
    removeAttribute: (name) => attributes.delete(name),
    getAttribute: (name) => attributes.get(name) ?? null,
    replaceChildren: (...children) => {
      made.children = children;
    },
    append() {},
  });
}

const found = { "#search": element(), "#search-results": element(), "#search-none": element() };
document.querySelector = (selector) => found[selector] ?? null;
document.createElement = element;
const [field, list, none] = Object.values(found);
const { PlaceSearch } = await import("../../static/js/place-search.js");

const place = { lat: 40.75, lng: -73.98 };
const chosen = [];
let answer = async () => ({ ok: true, status: 200, headers: new Headers(), json: async () => ({ results: [] }) });
const asked = [];
globalThis.fetch = (path) => {
  asked.push(path);
  return answer();
};
const finds = (...names) => ({
  ok: true,
  status: 200,
  headers: new Headers(),
  json: async () => ({ results: names.map((name) => ({ name, kind: "street", location: place })) }),
});
mock.timers.enable({ apis: ["setTimeout"] });
new PlaceSearch({
  known: () => [{ name: "Times Square", place }],
  near: () => place,
  onChoice: ({ name }) => chosen.push(name),
});

function type(text) {
  field.value = text;
  field.dispatchEvent(new Event("input"));
}

async function pause() {
  mock.timers.tick(250);
  await settled();
}

function press(key) {
  field.dispatchEvent(Object.assign(new Event("keydown"), { key }));
}

const names = () => list.children.map(({ textContent }) => textContent);

test("what the map knows is there at once, and the server is asked once the typing pauses", async () => {
  answer = async () => finds("Times Square", "Times Street");
  type("tim");
  type("times");
  assert.deepEqual(names(), ["Times Square"]);
  assert.deepEqual(asked, []);
  await pause();
  assert.deepEqual(asked, ["/place?q=times&lat=40.750&lng=-73.980"]);
  assert.deepEqual(names(), ["Times Square", "Times Street"]);
  assert.equal(field.getAttribute("aria-expanded"), "true");
});

test("an option is named while it is the one that Enter would choose", () => {
  press("ArrowDown");
  press("ArrowDown");
  assert.equal(field.getAttribute("aria-activedescendant"), "search-1");
  assert.deepEqual(
    list.children.map((option) => option.getAttribute("aria-selected")),
    ["false", "true"],
  );
  press("Enter");
  assert.equal(chosen.pop(), "Times Street");
  assert.equal(field.value, "Times Street");
  assert.equal(list.hidden, true);
  assert.equal(field.getAttribute("aria-activedescendant"), null);
});

test("the arrow up begins at the end", async () => {
  type("times");
  await pause();
  press("ArrowUp");
  assert.equal(field.getAttribute("aria-activedescendant"), "search-1");
});

test("no results are said, and no more once there is something else to say", async () => {
  answer = async () => finds();
  type("zzzqq");
  assert.equal(none.textContent, "");
  await pause();
  assert.equal(none.textContent, "No results. Tap the map for the exact spot.");
  assert.equal(list.hidden, true);
  type("times");
  assert.equal(none.textContent, "");
});

test("without an answer there is what the map knows", async () => {
  answer = () => Promise.reject(new TypeError("away"));
  type("times");
  await pause();
  assert.deepEqual(names(), ["Times Square"]);
});

test("an answer to an earlier text is not shown", async () => {
  let late = () => {};
  answer = () => new Promise((resolve) => (late = () => resolve(finds("Canal Street"))));
  type("canal");
  mock.timers.tick(250);
  type("times");
  late();
  await settled();
  assert.deepEqual(names(), ["Times Square"]);
});

test("Enter waits for the answer", async () => {
  answer = async () => finds("350 5th Avenue");
  type("350 5th");
  press("Enter");
  assert.deepEqual(chosen, []);
  await pause();
  assert.equal(chosen.pop(), "350 5th Avenue");
});

test("Escape empties the field", () => {
  type("times");
  press("Escape");
  assert.equal(field.value, "");
  assert.deepEqual(names(), []);
});
