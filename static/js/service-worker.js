// The service worker. The server puts VERSION, SHELL, OFFLINE and HASHED before it (web/app_files.py).
// It keeps the shell and the offline page, and nothing else: no answer of the API, no page of anybody's account.

const CACHE = `shell-${VERSION}`;
const ORIGIN = self.location.origin;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll([OFFLINE, ...SHELL]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("shell-") && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(ORIGIN)) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => offlinePage()));
  } else if (SHELL.includes(new URL(request.url).pathname)) {
    event.respondWith(fromShell(request));
  }
});

async function offlinePage() {
  return (await caches.match(OFFLINE)) ?? Response.error();
}

/**
 * A file whose name tells its content comes from the cache; one that may have changed, only if the network fails.
 * @param {Request} request
 */
async function fromShell(request) {
  const kept = await caches.match(request);
  if (kept && HASHED) return kept;
  return fetch(request).catch((error) => {
    if (kept) return kept;
    throw error;
  });
}
