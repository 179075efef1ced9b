// The offline page: it looks again when asked, when the device is back on the network, and every few seconds for a
// server that was away.

const LOOK_EVERY_MS = 5000;

document.querySelector("#retry")?.addEventListener("click", () => location.reload());
addEventListener("online", () => location.reload());
setInterval(async () => {
  const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
}, LOOK_EVERY_MS);
