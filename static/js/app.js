// On every page: the app's service worker.

if ("serviceWorker" in navigator && isSecureContext) {
  // Without it the pages work as well, only not without a connection.
  navigator.serviceWorker.register("/sw.js").catch(() => {});
}
