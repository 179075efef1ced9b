// The little sign that says how fresh the page is, and the polling that stands in for a lost socket.

import { $, text } from "./dom.js";
import { timeOfDay } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { LiveSocket } from "./socket.js";

const PATIENCE_MS = 2000; // a short break is nobody's business
const POLL_MS = 4000;

/**
 * Keep a page fresh: by the socket at `path`, and while that is lost by `poll()`, a promise.
 * `onFrame(frame)` gets the socket's frames. Returns the socket.
 */
export function stayLive(path, { onFrame, poll }) {
  let polling = null;
  let lastGoodAt = Date.now();

  async function pollOnce() {
    const mine = polling;
    const failed = await poll().then(
      () => false,
      () => true,
    );
    if (polling !== mine) return; // the socket has come back meanwhile, or another round has begun
    if (failed) {
      sign("stale", fill(gettext("No connection since %(time)s. What you see may be old."), { time: timeOfDay(lastGoodAt) }));
    } else {
      lastGoodAt = Date.now();
      sign("polling", gettext("No live connection; checking every few seconds"));
    }
    polling = setTimeout(pollOnce, POLL_MS * (0.75 + Math.random() / 2));
  }

  function onState(state, { signedOut }) {
    clearTimeout(polling);
    polling = null;
    if (state === "live") sign("live", gettext("Live"));
    else if (state === "lost") polling = setTimeout(pollOnce, PATIENCE_MS);
    else
      sign(
        "stale",
        signedOut
          ? gettext("You have been signed out. Please sign in again.")
          : gettext("No longer live. Please reload."),
      );
  }

  const keepFresh = (frame) => {
    lastGoodAt = Date.now();
    onFrame(frame);
  };
  return new LiveSocket(path, { onFrame: keepFresh, onState });
}

function sign(state, sentence) {
  const element = $("#live");
  if (!element) return;
  element.dataset.state = state;
  text($("#live-text"), sentence);
}
