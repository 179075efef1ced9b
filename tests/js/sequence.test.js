import assert from "node:assert/strict";
import { test } from "node:test";
import { Sequence } from "../../static/js/sequence.js";

const hello = (seq, resumed = false) => ({ type: "hello", seq, resumed });
const event = (seq) => ({ type: "ride.updated", seq });

test("before the first hello there is nothing to go on from", () => {
  assert.equal(new Sequence().last, null);
});

test("a first hello tells where the log stands", () => {
  const sequence = new Sequence();
  assert.equal(sequence.take(hello(17)), true);
  assert.equal(sequence.last, 17);
});

test("events count once, in order", () => {
  const sequence = new Sequence();
  sequence.take(hello(17));
  const taken = [18, 18, 17, 19].map((seq) => sequence.take(event(seq)));
  assert.deepEqual(taken, [true, false, false, true]);
  assert.equal(sequence.last, 19);
});

test("what a resumed connection replays is marked as older than its hello", () => {
  const sequence = new Sequence();
  sequence.take(hello(17));
  sequence.take(hello(20, true));
  const frames = [18, 19, 20, 21].map(event);
  for (const frame of frames) sequence.take(frame);
  assert.deepEqual(
    frames.map(({ replayed }) => replayed),
    [true, true, true, false],
  );
});

test("a break in the middle of a replay loses nothing", () => {
  const sequence = new Sequence();
  sequence.take(hello(17));
  sequence.take(hello(20, true));
  sequence.take(event(18));
  assert.equal(sequence.last, 18); // the next connection asks for what comes after this
  sequence.take(hello(21, true));
  assert.equal(sequence.take(event(18)), false);
  assert.equal(sequence.take(event(19)), true);
});

test("a connection that could not be resumed starts over, even where the numbers do", () => {
  const sequence = new Sequence();
  sequence.take(hello(500));
  sequence.take(hello(3));
  assert.equal(sequence.last, 3);
  assert.equal(sequence.take(event(4)), true);
});

test("frames without a number always count, and move nothing", () => {
  const sequence = new Sequence();
  sequence.take(hello(17));
  assert.equal(sequence.take({ type: "partner.location" }), true);
  assert.equal(sequence.take({ type: "pong" }), true);
  assert.equal(sequence.last, 17);
});

test("it goes on from the newest event, and says of which epoch that is", () => {
  const sequence = new Sequence();
  assert.deepEqual(sequence.resume, {});
  sequence.take({ ...hello(17), epoch: "1001" });
  assert.deepEqual(sequence.resume, { after: "17", epoch: "1001" });
  sequence.take({ ...event(18), epoch: "1002" });
  assert.deepEqual(sequence.resume, { after: "18", epoch: "1002" });
});

test("a hello in the middle of a connection starts over after a failover", () => {
  const sequence = new Sequence();
  sequence.take({ ...hello(17), epoch: "1001" });
  sequence.take({ ...hello(16), epoch: "1002" });
  assert.deepEqual(sequence.resume, { after: "16", epoch: "1002" });
  assert.equal(sequence.take({ ...event(17), epoch: "1002" }), true);
});

test("a resumed hello moves nothing, as what it replays is counted on", () => {
  const sequence = new Sequence();
  sequence.take({ ...hello(17), epoch: "1001" });
  sequence.take({ ...hello(20, true), epoch: "1002" });
  assert.deepEqual(sequence.resume, { after: "17", epoch: "1001" });
});
