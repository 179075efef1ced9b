// gettext("Notify me"): offers and news of a cheer reach this browser as web pushes while no page of ours is open.

import { get, post } from "./api.js";
import { $, announce, show, showProblem, text, whilePressed } from "./dom.js";
import { gettext } from "./i18n.js";
import { Problem } from "./problem.js";

const SUPPORTED = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** @param {string} base64url */
const bytes = (base64url) =>
  Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

/** The registration of our service worker, made where there is none yet. */
export async function serviceWorker() {
  return (await navigator.serviceWorker.getRegistration("/")) ?? (await navigator.serviceWorker.register("/sw.js"));
}

/** What is said about pushes: where they are off, where they are on, and when they have just been switched on. */
export const OF_OFFERS = {
  off: gettext("Get offers on this device even when SpeedyCheers is closed."),
  on: gettext("Offers reach this device even when SpeedyCheers is closed."),
  said: gettext("We notify you of offers while this page is closed."),
};
export const OF_CHEERS = {
  off: gettext("Should this device tell you about your cheer even when SpeedyCheers is closed?"),
  on: gettext("This device tells you about your cheer even when SpeedyCheers is closed."),
  said: gettext("We tell you about your cheer while this page is closed."),
};

/**
 * Wire the button `#notify` and its words `#notify-text`, which stay hidden where this browser can't do it.
 * @param {typeof OF_OFFERS} words
 */
export async function offerPushes(words) {
  const button = $("#notify");
  if (!button || !SUPPORTED) return;
  const { publicKey } = await get("/pushKey").catch(() => ({ publicKey: "" }));
  if (!publicKey) return;
  button.addEventListener("click", () => whilePressed(button, () => turn(publicKey, words)));
  show($("#notify-row"));
  const subscription = await present();
  // Told again at each visit: the subscription lives as long as the session that told of it.
  if (subscription) await tell(subscription).catch(() => {});
  paint(subscription, words);
}

/** @returns {Promise<PushSubscription | null>} This browser's subscription, if it has one. */
async function present() {
  if (Notification.permission !== "granted") return null;
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** @param {PushSubscription} subscription */
function tell(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  return post("/pushSubscription", { endpoint, keys });
}

/**
 * @param {string} publicKey
 * @param {typeof OF_OFFERS} words
 */
async function turn(publicKey, words) {
  showProblem("");
  const subscription = await present();
  if (subscription) await off(subscription);
  else await on(publicKey, words);
  paint(await present(), words);
}

/**
 * @param {string} publicKey
 * @param {typeof OF_OFFERS} words
 */
async function on(publicKey, words) {
  if ((await Notification.requestPermission()) !== "granted") {
    throw new Problem(gettext("Your browser does not let us notify you. You can allow it in the site's settings."));
  }
  await serviceWorker();
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: bytes(publicKey) })
    .catch((error) => {
      throw new Problem(gettext("Your browser's push service can't be reached just now."), { cause: error });
    });
  try {
    await tell(subscription);
  } catch (error) {
    await subscription.unsubscribe();
    throw error;
  }
  announce(words.said);
}

/** @param {PushSubscription} subscription */
async function off(subscription) {
  await post("/pushSubscription/remove", { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
  announce(gettext("We no longer notify you."));
}

/**
 * @param {PushSubscription | null} subscription
 * @param {typeof OF_OFFERS} words
 */
function paint(subscription, words) {
  $("#notify")?.setAttribute("aria-pressed", String(Boolean(subscription)));
  text($("#notify"), subscription ? gettext("Stop notifying me") : gettext("Notify me"));
  text($("#notify-text"), subscription ? words.on : words.off);
}
