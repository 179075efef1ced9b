// The little sign that says how fresh the page is, and the polling that stands in for a lost socket.

import { $, text } from "./dom.js";
import { timeOfDay } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { LiveSocket } from "./socket.js";

/** @import { SocketState } from "./socket.js" */

const PATIENCE_MS = 2000; // a short break is nobody's business
const POLL_MS = 4000;

/**
 * Keep a page fresh: by its socket, and by polling while that is lost.
 * @template {Frames.Any} Frame
 * @param {string} path The socket's.
 * @param {{ onFrame: (frame: Frame) => void, poll: () => Promise<unknown> }} source
 * @returns {LiveSocket<Frame>}
 */
export function stayLive(path, { onFrame, poll }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let polling;
  let lastGoodAt = Date.now();

  async function pollOnce() {
    const mine = polling;
    const failed = await poll().then(
      () => false,
      () => true,
    );
    if (polling !== mine) return; // the socket has come back meanwhile, or another round has begun
    if (failed) {
      const since = gettext("No connection since %(time)s. What you see may be old.");
      sign("stale", fill(since, { time: timeOfDay(lastGoodAt) }));
    } else {
      lastGoodAt = Date.now();
      sign("polling", gettext("No live connection; checking every few seconds"));
    }
    polling = setTimeout(pollOnce, POLL_MS * (0.75 + Math.random() / 2));
  }

  /**
   * @param {SocketState} state
   * @param {{ signedOut?: boolean }} about
   */
  function onState(state, { signedOut }) {
    clearTimeout(polling);
    polling = undefined;
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

  /** @param {Frame} frame */
  const keepFresh = (frame) => {
    lastGoodAt = Date.now();
    onFrame(frame);
  };
  return new LiveSocket(path, { onFrame: keepFresh, onState });
}

/**
 * @param {"live" | "polling" | "stale"} state
 * @param {string} sentence
 */
function sign(state, sentence) {
  const element = $("#live");
  if (!element) return;
  element.dataset.state = state;
  text($("#live-text"), sentence);
}
