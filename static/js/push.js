// gettext("Notify me"): offers reach this browser as web pushes while no page of ours is open.

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

/** Wire the button `#notify` and its words `#notify-text`, which stay hidden where this browser can't do it. */
export async function offerPushes() {
  const button = $("#notify");
  if (!button || !SUPPORTED) return;
  const { publicKey } = await get("/pushKey").catch(() => ({ publicKey: "" }));
  if (!publicKey) return;
  button.addEventListener("click", () => whilePressed(button, () => turn(publicKey)));
  show($("#notify-row"));
  const subscription = await present();
  // Told again at each visit: the subscription lives as long as the session that told of it.
  if (subscription) await tell(subscription).catch(() => {});
  paint(subscription);
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

/** @param {string} publicKey */
async function turn(publicKey) {
  showProblem("");
  const subscription = await present();
  if (subscription) await off(subscription);
  else await on(publicKey);
  paint(await present());
}

/** @param {string} publicKey */
async function on(publicKey) {
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
  announce(gettext("We notify you of offers while this page is closed."));
}

/** @param {PushSubscription} subscription */
async function off(subscription) {
  await post("/pushSubscription/remove", { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
  announce(gettext("We no longer notify you."));
}

/** @param {PushSubscription | null} subscription */
function paint(subscription) {
  $("#notify")?.setAttribute("aria-pressed", String(Boolean(subscription)));
  text($("#notify"), subscription ? gettext("Stop notifying me") : gettext("Notify me"));
  text(
    $("#notify-text"),
    subscription
      ? gettext("Offers reach this device also while no page is open.")
      : gettext("Get offers on this device also while no page is open."),
  );
}
