import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../../static/js/store.js";

/** A question that is answered when `answer` is called. */
function openQuestion() {
  const { promise, resolve, reject } = Promise.withResolvers();
  return { question: () => promise, answer: resolve, fail: reject };
}

test("a change shows in the state, and every subscriber is told of it", () => {
  const store = new Store({ a: 1, b: 2 });
  const told = [];
  store.subscribe(({ a, b }) => told.push([a, b]));
  store.change({ a: 3 });
  store.complete({ b: 4 });
  assert.deepEqual(store.state, { a: 3, b: 4 });
  assert.deepEqual(told, [
    [3, 2],
    [3, 4],
  ]);
});

test("whoever has unsubscribed is told no more", () => {
  const store = new Store({ a: 1 });
  let told = 0;
  const unsubscribe = store.subscribe(() => {
    told += 1;
  });
  store.change({ a: 2 });
  unsubscribe();
  store.change({ a: 3 });
  assert.equal(told, 1);
});

test("the state that was given to the store stays as it was", () => {
  const given = { a: 1 };
  new Store(given).change({ a: 2 });
  assert.deepEqual(given, { a: 1 });
});

test("an answer is applied if nothing has changed since the question", async () => {
  const store = new Store({ ride: "old" });
  const { question, answer } = openQuestion();
  const asked = store.ask(question, (ride) => store.change({ ride }));
  answer("new");
  assert.equal(await asked, true);
  assert.equal(store.state.ride, "new");
});

test("an answer that is older than a change is dropped", async () => {
  const store = new Store({ ride: "old" });
  const { question, answer } = openQuestion();
  const asked = store.ask(question, (ride) => store.change({ ride }));
  store.change({ ride: "newest" });
  answer("new");
  assert.equal(await asked, false);
  assert.equal(store.state.ride, "newest");
});

test("a change without news outdates answers as well", async () => {
  const store = new Store({ ride: "old" });
  const { question, answer } = openQuestion();
  const asked = store.ask(question, (ride) => store.change({ ride }));
  store.change();
  answer("new");
  assert.equal(await asked, false);
});

test("details outdate no answer", async () => {
  const store = new Store({ ride: "old", bill: null });
  const { question, answer } = openQuestion();
  const asked = store.ask(question, (ride) => store.change({ ride }));
  store.complete({ bill: "a bill" });
  answer("new");
  assert.equal(await asked, true);
  assert.deepEqual(store.state, { ride: "new", bill: "a bill" });
});

test("of two questions at once only the first answer counts", async () => {
  const store = new Store({ ride: "old" });
  const [first, second] = [openQuestion(), openQuestion()];
  const asked = [first, second].map(({ question }) => store.ask(question, (ride) => store.change({ ride })));
  second.answer("second");
  await asked[1];
  first.answer("first");
  assert.deepEqual(await Promise.all(asked), [false, true]);
  assert.equal(store.state.ride, "second");
});

test("a question that fails changes nothing, and says so", async () => {
  const store = new Store({ ride: "old" });
  const { question, fail } = openQuestion();
  const asked = store.ask(question, (ride) => store.change({ ride }));
  fail(new Error("no answer"));
  await assert.rejects(asked, /no answer/);
  assert.equal(store.state.ride, "old");
});
