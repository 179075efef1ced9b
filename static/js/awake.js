// The screen stays on while a partner is online: browsers stop a page's sound and position when it goes dark.

let wanted = false;
/** @type {WakeLockSentinel | null} */
let lock = null;

async function take() {
  if (!wanted || lock || document.hidden) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => (lock = null));
  } catch {
    lock = null; // a low battery, for example; the next look at the page tries again
  }
}

/** Whether this browser can keep the screen on. */
export const canStayAwake = () => "wakeLock" in navigator;

/**
 * Keep the screen on from now, or no longer.
 * @param {boolean} now
 */
export function stayAwake(now) {
  if (wanted === now || !canStayAwake()) return;
  wanted = now;
  if (now) void take();
  else void lock?.release();
}

document.addEventListener("visibilitychange", take); // a lock ends with every look elsewhere
