import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage();
const { LiveSocket } = await import("../../static/js/socket.js");

/** The server's end of a connection, as the browser shows it. */
class Connection {
  static OPEN = 1;
  static made = [];
  readyState = 1;
  sent = [];
  closed = false;

  constructor(address) {
    this.address = String(address);
    Connection.made.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  says(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  breaks(code = 1006, reason = "") {
    this.onclose({ code, reason });
  }
}
globalThis.WebSocket = Connection;

let frames = [];
let states = [];
const hello = (seq, resumed = false) => ({ type: "hello", seq, resumed });
const event = (seq) => ({ type: "ride.updated", seq });
const latest = () => Connection.made.at(-1);

function open(t) {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"] });
  t.mock.method(Math, "random", () => 0.5);
  return new LiveSocket("/partner/notification", {
    onFrame: (frame) => frames.push(frame),
    onState: (state, { signedOut }) => states.push(signedOut ? `${state}: signed out` : state),
  });
}

beforeEach(() => {
  [frames, states, Connection.made] = [[], [], []];
});

test("it is live once the server has said hello", (t) => {
  const socket = open(t);
  assert.equal(latest().address, "ws://cheers.example/partner/notification");
  assert.equal(socket.send({ type: "ping" }), false);
  latest().says(hello(3));
  assert.deepEqual(states, ["live"]);
  assert.equal(socket.send({ type: "ping" }), true);
});

test("each event is handed on once, and all of them are acknowledged together", (t) => {
  open(t);
  for (const frame of [hello(3), event(4), event(4), event(5)]) latest().says(frame);
  assert.deepEqual(
    frames.map(({ seq }) => seq),
    [3, 4, 5],
  );
  assert.deepEqual(latest().sent, []);
  t.mock.timers.tick(200);
  assert.deepEqual(latest().sent, [{ type: "ack", seq: 5 }]);
});

test("after a break it comes back, and asks for what it has missed", (t) => {
  open(t);
  latest().says(hello(3));
  latest().says(event(4));
  latest().breaks();
  assert.deepEqual(states, ["live", "lost"]);
  t.mock.timers.tick(249);
  assert.equal(Connection.made.length, 1);
  t.mock.timers.tick(1);
  assert.equal(latest().address, "ws://cheers.example/partner/notification?after=4");
  latest().says(hello(6, true));
  latest().says(event(5));
  assert.deepEqual(states, ["live", "lost", "live"]);
  assert.equal(frames.at(-1).replayed, true);
});

test("it says of which epoch the newest event is, so that another server knows whether it has that", (t) => {
  open(t);
  latest().says({ ...hello(3), epoch: "1001" });
  latest().breaks();
  t.mock.timers.tick(250);
  assert.equal(latest().address, "ws://cheers.example/partner/notification?after=3&epoch=1001");
});

test("each failure lets it wait longer, and a hello ends that", (t) => {
  open(t);
  latest().breaks();
  t.mock.timers.tick(250);
  latest().breaks();
  t.mock.timers.tick(499);
  assert.equal(Connection.made.length, 2);
  t.mock.timers.tick(1);
  latest().says(hello(1));
  latest().breaks();
  t.mock.timers.tick(250);
  assert.equal(Connection.made.length, 4);
});

test("a device that is back on the network does not sit out the rest of a wait", (t) => {
  open(t);
  latest().breaks();
  dispatchEvent(new Event("online"));
  assert.equal(Connection.made.length, 2);
  t.mock.timers.tick(1000); // the wait that was cut short makes no further connection
  assert.equal(Connection.made.length, 2);
});

test("a silent connection is asked, then given up, and its late words count for nothing", (t) => {
  open(t);
  const silent = latest();
  silent.says(hello(3));
  t.mock.timers.tick(4000);
  assert.deepEqual(
    silent.sent.filter(({ type }) => type === "ping"),
    [{ type: "ping" }],
  );
  for (let second = 4; second < 9; second += 1) t.mock.timers.tick(1000);
  assert.equal(silent.closed, true);
  assert.deepEqual(states, ["live", "lost"]);
  silent.says(event(4));
  silent.breaks();
  assert.equal(frames.length, 1);
  assert.deepEqual(states, ["live", "lost"]);
});

const FINAL = [
  [4401, "ended: signed out"],
  [4403, "ended"],
  [4409, "ended"],
];
for (const [code, state] of FINAL)
  test(`it does not come back after ${code}`, (t) => {
    open(t);
    latest().says(hello(3));
    latest().breaks(code);
    t.mock.timers.tick(60_000);
    assert.equal(Connection.made.length, 1);
    assert.deepEqual(states, ["live", state]);
  });

test("a crowded server is left alone until the time it names", (t) => {
  open(t);
  latest().breaks(1013, "Retry-After: 10");
  t.mock.timers.tick(10_500);
  assert.equal(Connection.made.length, 1);
  t.mock.timers.tick(501);
  assert.equal(Connection.made.length, 2);
  latest().breaks();
  t.mock.timers.tick(251); // being turned away was no failure
  assert.equal(Connection.made.length, 3);
});
