// One request, live, from looking to the receipt. The server's state decides what shows; this page only paints it.

import { ArrivalAnswers } from "./cheer-arrival.js";
import { CancelDialog } from "./cheer-cancel.js";
import { CheerMap } from "./cheer-map.js";
import { CheerNews } from "./cheer-news.js";
import { CheerScreen } from "./cheer-screen.js";
import { offerSharing } from "./cheer-share.js";
import { Thanks } from "./cheer-thanks.js";
import { $, pageData, show } from "./dom.js";
import { EndDialog } from "./end-dialog.js";
import { stayLive } from "./live.js";
import { Meter } from "./meter.js";
import { OF_CHEERS, offerPushes } from "./push.js";
import { setServerNow } from "./server-clock.js";
import { Store } from "./store.js";

/** @type {Pages.Cheer} */
const data = pageData();
const { request, ride } = data;
if (request.hold?.confirmUrl) location.assign(request.hold.confirmUrl);
setServerNow(data.now);
/** @type {Pages.CheerState} */
const known = { request, ride, partner: request.partner, partnerAt: null, bill: null, requeued: false };
const store = new Store(known);
const news = new CheerNews(store);
const ratingForm = $("#rating-form");
const meter = new Meter(() => void news.refreshRide());
const screen = new CheerScreen(data, store, {
  map: new CheerMap(data),
  meter,
  arrival: new ArrivalAnswers((changed) => news.acted(changed)),
  endDialog: new EndDialog({
    meter,
    rideId: () => store.state.ride?.rideId,
    onRide: (ended) => news.acted(ended),
    refresh: () => void news.refresh().catch(() => {}),
  }),
  cancelDialog: new CancelDialog({
    requestId: request.requestId,
    request: () => store.state.request,
    onRequest: (changed) => news.request(changed),
  }),
  thanks:
    ratingForm && new Thanks(ratingForm, { onRide: (rated) => news.ride(rated), onTip: () => void news.fetchBill() }),
  fetchBill: () => void news.fetchBill(),
});

function keepLive() {
  stayLive("/user/notification", {
    onFrame: (/** @type {Frames.User} */ frame) => news.frame(frame),
    poll: () => news.refresh(),
  });
  setInterval(() => screen.paintWait(), 1000);
}

offerSharing(request.requestId);
store.subscribe(() => screen.paint());
screen.paint();
show($("#live"), data.live);
if (data.live) {
  keepLive();
  offerPushes(OF_CHEERS).catch((error) => console.info("No pushes here.", error.message));
}
