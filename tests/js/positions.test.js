import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { settled, standInForPage } from "./page.js";

standInForPage();
const { Positions } = await import("../../static/js/positions.js");
const HERE = { lat: 40.75, lng: -73.98 };
const THERE = { lat: 40.76, lng: -73.97 };

let sent = [];
let posted = [];
let socketLives = true;
let wanted = true;
let changes = 0;
const socket = {
  send(frame) {
    if (socketLives) sent.push(frame);
    return socketLives;
  },
};

globalThis.fetch = async (path, { body }) => {
  posted.push([path, JSON.parse(body)]);
  return new Response(null, { status: 204 });
};

beforeEach((t) => {
  t.mock?.timers?.reset();
  [sent, posted, socketLives, wanted, changes] = [[], [], true, true, 0];
});

function positions(lastKnown = null) {
  const onChange = () => {
    changes += 1;
  };
  return new Positions({ socket, wanted: () => wanted, onChange, lastKnown });
}

test("a known place is sent every four seconds while it is wanted", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  positions(HERE);
  t.mock.timers.tick(4000);
  t.mock.timers.tick(4000);
  assert.deepEqual(sent, Array(2).fill({ type: "location", location: HERE }));
  wanted = false;
  t.mock.timers.tick(4000);
  assert.equal(sent.length, 2);
});

test("an unknown place is not sent", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  await positions().send();
  assert.deepEqual([sent, posted], [[], []]);
});

test("while the socket is away, the place is sent by a call, one at a time", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  socketLives = false;
  const here = positions(HERE);
  const [first, second] = [here.send(), here.send()];
  await Promise.all([first, second]);
  assert.deepEqual(posted, [["/updateLocation", { location: HERE }]]);
  await here.send();
  assert.equal(posted.length, 2);
});

test("without a device's position, the user's hand says where they are", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const here = positions(HERE);
  here.start(); // there is no geolocation here
  assert.notEqual(here.problem, "");
  assert.equal(here.setByHand(THERE), true);
  assert.deepEqual(here.place, THERE);
  assert.equal(here.byDevice, false);
  assert.equal(changes, 2);
});

test("what the device says outweighs the user's hand", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let found = (/** @type {unknown} */ _) => {};
  const geolocation = {
    watchPosition(onFound) {
      found = onFound;
      return 1;
    },
  };
  globalThis.isSecureContext = true;
  navigator.geolocation = geolocation;
  const here = positions();
  here.start();
  found({ coords: { latitude: HERE.lat, longitude: HERE.lng, accuracy: 5 } });
  assert.deepEqual([here.place, here.byDevice, here.problem], [HERE, true, ""]);
  assert.equal(here.setByHand(THERE), false);
  assert.deepEqual(here.place, HERE);
  delete navigator.geolocation;
  globalThis.isSecureContext = false;
});

test("settling waits for the device, briefly where a place is known", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"] });
  let over = false;
  const waiting = positions(HERE)
    .settle()
    .then(() => {
      over = true;
    });
  for (let ms = 0; ms < 2400; ms += 100) {
    await settled();
    t.mock.timers.tick(100);
  }
  await settled();
  assert.equal(over, false);
  t.mock.timers.tick(100);
  await waiting;
});
