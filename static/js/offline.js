// The offline page: it looks again when asked, and by itself when the device is back on the network.

document.querySelector("#retry").addEventListener("click", () => location.reload());
addEventListener("online", () => location.reload());
