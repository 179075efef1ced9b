// The partner's console: its parts, and how they hear of each other. The server's state decides what shows.

import { $ } from "./dom.js";
import { stayLive } from "./live.js";
import { CityMap } from "./map.js";
import { AdvicePanel } from "./partner-advice.js";
import { ConsoleMap } from "./partner-map.js";
import { PartnerNews } from "./partner-news.js";
import { OfferPanel } from "./partner-offer.js";
import { ServingPanel } from "./partner-serving.js";
import { isOnline } from "./partner-state.js";
import { WorkSwitch } from "./partner-switch.js";
import { ConsoleView } from "./partner-view.js";
import { Positions } from "./positions.js";
import { OF_OFFERS, offerPushes } from "./push.js";
import { Store } from "./store.js";

/** @param {Pages.Partner} data */
export function runConsole(data) {
  /** @type {Pages.PartnerState} */
  const known = { partner: data.partner, offer: data.offers[0] ?? null, ride: data.ride, request: null, advice: null };
  const store = new Store(known);
  const online = () => isOnline(store.state);
  const lastKnown = data.partner.currentLocation;
  const city = new CityMap($("#map"), data.regions, { center: lastKnown, zoom: 14, tiles: data.tiles });
  const offerPanel = new OfferPanel(data, {
    accepted: (ride, offer) => news.accepted(ride, offer),
    gone: (sentence) => news.offerGone(sentence),
  });
  const servingPanel = new ServingPanel(data, {
    ride: (ride) => news.ride(ride),
    sendPosition: () => positions.send(),
  });
  const news = new PartnerNews(store, {
    refreshRide: () => servingPanel.refresh(),
    sendPosition: () => void positions.send().catch(() => {}),
  });
  const socket = stayLive("/partner/notification", {
    onFrame: (/** @type {Frames.Partner} */ frame) => news.frame(frame),
    poll: () => news.refresh(),
  });
  const advicePanel = new AdvicePanel(
    () => city.places,
    () => view.paint(),
  );
  const positions = new Positions({ socket, wanted: online, onChange: () => view.paint(), lastKnown });
  const view = new ConsoleView(store, { positions, offerPanel, servingPanel, advicePanel, map: new ConsoleMap(city) });
  store.subscribe(() => view.paint());
  new WorkSwitch(store, positions);
  city.onPick((place) => {
    if (positions.setByHand(place) && online()) void positions.send().catch(() => {});
  });
  offerPushes(OF_OFFERS).catch((error) => console.info("No pushes here.", error.message));
  if (online()) positions.start();
  if (store.state.ride) void news.fetchRequest(store.state.ride.requestId);
  view.paint();
}
