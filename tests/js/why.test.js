import assert from "node:assert/strict";
import { test } from "node:test";
import { standInForPage } from "./page.js";

standInForPage({ lang: "en", locale: "en-CA" });
const { whyYou, whyThem } = await import("../../static/js/why.js");

const why = (rank, of, distanceM) => ({ why: { rank, of, distanceM } });

test("the partner is told that they are the nearest, the only one, or one of several", () => {
  assert.equal(whyYou(why(1, 4, 700)), "You are the nearest of 4 who are free, 700 m away.");
  assert.equal(whyYou(why(1, 1, 700)), "You are the only one free near enough, 700 m away.");
  assert.equal(whyYou(why(2, 4, 1200)), "You are one of 4 who are free near enough, 1.2 km away.");
});

test("the user is told the same of them", () => {
  assert.equal(whyThem(why(1, 4, 700)), "The nearest of 4 free partners, 700 m away when we asked.");
  assert.equal(whyThem(why(1, 1, 700)), "The only free partner near enough, 700 m away when we asked.");
  assert.equal(whyThem(why(3, 4, 700)), "One of 4 free partners near enough, 700 m away when we asked.");
});

test("nothing is said of what an older release has written, or before somebody has accepted", () => {
  for (const words of [whyYou, whyThem]) {
    assert.equal(words({ why: null }), "");
    assert.equal(words({}), "");
  }
});
