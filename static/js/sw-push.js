// The service worker's part in web pushes: an offer that no open page has taken is shown, and opens the console; a word
// to a user opens the page that it is about.
// Loaded by /sw.js with importScripts. The words come with the push: the server knows whose language to speak.

/**
 * What to show for a push. A browser insists on something being shown, so one that came too late says so.
 * @param {Push} push
 * @param {number} [now]
 * @returns {[title: string, options: NotificationOptions]}
 */
function notificationFor(push, now = Date.now()) {
  if (push.type === "word") return [push.title, { body: push.body, tag: push.tag, data: push }];
  const secondsLeft = push.type === "offer" ? Math.floor((Date.parse(push.expiresAt) - now) / 1000) : 0;
  if (push.type !== "offer" || !(secondsLeft > 0)) {
    return [push.late?.title ?? "SpeedyCheers", { body: push.late?.body, tag: push.offerId, data: push }];
  }
  return [
    push.title,
    {
      body: push.body.replace("%(seconds)s", String(secondsLeft)),
      tag: push.offerId, // sent twice, it shows once
      requireInteraction: true,
      timestamp: Date.parse(push.expiresAt),
      data: push,
    },
  ];
}

/**
 * Take somebody to a page of ours: to the one that is open already, if one is.
 * @param {string} url
 */
async function openPage(url) {
  const address = new URL(url, self.location.origin);
  if (address.origin !== self.location.origin) return;
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = pages.find((page) => new URL(page.url).pathname === address.pathname);
  if (open) await open.focus();
  else await clients.openWindow(address);
}

self.addEventListener("push", (event) => {
  const push = event.data?.json() ?? {};
  event.waitUntil(registration.showNotification(...notificationFor(push)));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPage(event.notification.data?.url ?? "/partner"));
});
