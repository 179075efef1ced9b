// The server's time on a device whose clock may be off: deadlines and grace periods are the server's.

let aheadMs = 0;

/**
 * Learn how far the device's clock is ahead, from the moment that the server wrote into the page.
 * @param {Api.Time} iso
 */
export function setServerNow(iso) {
  aheadMs = Date.now() - Date.parse(iso);
}

/** The server's present time in milliseconds. */
export function serverNow() {
  return Date.now() - aheadMs;
}
