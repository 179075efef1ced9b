// The map: drawn from our own land, streets and zones, so that nothing is fetched from elsewhere; or tiles, by setting.

import { make } from "./dom.js";
import { gettext } from "./i18n.js";

const L = window.L; // the vendored library is a classic script
const ICONS = new URL("../icons/", import.meta.url);
// From these zooms on there is room for the names of well-known places, of all places, of zones.
const ROOM = { far: 11.5, near: 13, nearer: 14.5, close: 16 };
const STREETS = ["small", "middle", "main"];
const sheet = matchMedia("(max-width: 55.99rem)"); // the panel lies over the map's lower end
// The header lies over the map's upper edge, the sheet's corners over its lower one.
const PADDING = { paddingTopLeft: [48, 92], paddingBottomRight: [48, 56], maxZoom: 16 };
const METRES_PER_DEGREE = 111_320;
const STEP_M = { false: 10, true: 100 }; // an arrow key, without and with Shift
const ARROWS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export const toLatLng = ({ lat, lng }) => L.latLng(lat, lng);
const swap = ([lng, lat]) => [lat, lng];
const load = async (address) => (await fetch(address)).json();
const NAMES_AT_ONCE = 12;
/** Between two pieces of work, a moment for whoever types or scrolls. */
const breath = () => new Promise((resume) => setTimeout(resume));

/** Whether a GeoJSON ring contains a point, by ray casting. */
function ringContains(ring, { lat, lng }) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [x1, y1] = ring[i];
    const [x2, y2] = ring[j];
    if (y1 > lat !== y2 > lat && lng < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

export function polygonContains([outer, ...holes], place) {
  return ringContains(outer, place) && !holes.some((hole) => ringContains(hole, place));
}

/** The region that contains a place, or undefined. */
export function regionAt(regions, place) {
  return regions.find((region) => polygonContains(region.boundary, place));
}

const polygonsOf = ({ type, coordinates }) => (type === "Polygon" ? [coordinates] : coordinates);

export class CityMap {
  #zones = [];
  #ground = L.svg({ padding: 0.5 });

  /** Draw `regions` into an element, centred on `center` if given. `tiles`: {url, attribution} or null: our own ground. */
  constructor(element, regions, { center = null, zoom = 15, tiles = null } = {}) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(element, {
      minZoom: 9,
      maxZoom: 18,
      zoomSnap: 0.5,
      zoomControl: false,
      scrollWheelZoom: !sheet.matches, // on a phone the page must scroll past the map
      zoomAnimation: !still,
      fadeAnimation: !still,
      markerZoomAnimation: !still,
    });
    L.control
      .zoom({ position: "bottomright", zoomInTitle: gettext("Zoom in"), zoomOutTitle: gettext("Zoom out") })
      .addTo(this.map);
    this.map.attributionControl.setPrefix("Leaflet");
    for (const [name, level] of [
      ["ground", 250],
      ["names", 450],
    ])
      this.map.createPane(name).style.zIndex = level;
    this.#ground.options.pane = "ground";
    this.map.on("zoomend viewreset", () => {
      const now = this.map.getZoom();
      for (const [name, least] of Object.entries(ROOM)) element.classList.toggle(name, now >= least);
    });
    this.regions = regions;
    const shapes = regions.map(({ boundary }) =>
      this.#draw(L.polygon, boundary.map((ring) => ring.map(swap)), "map-region bare"),
    );
    // Before anything large is drawn: drawn for another view, all of it would be drawn twice.
    const home = regions[0]?.map?.view;
    if (center) this.map.setView(toLatLng(center), zoom);
    else if (home) this.map.setView([home[0], home[1]], home[2]);
    else if (shapes.length) this.map.fitBounds(L.featureGroup(shapes).getBounds());
    else this.map.setView([0, 0], 2);
    this.ready = this.#drawCity(shapes, tiles);
  }

  #draw(shape, coordinates, className) {
    const options = { className, interactive: false, pane: "ground", renderer: this.#ground };
    return shape(coordinates, options).addTo(this.map);
  }

  async #drawCity(shapes, tiles) {
    try {
      if (tiles) await (await import("./map-tiles.js")).addTiles(this.map, tiles);
      for (const [index, region] of this.regions.entries())
        if (region.map) await this.#drawRegion(region.map, shapes[index], Boolean(tiles));
    } catch (error) {
      console.warn("The city could not be drawn; its boundary will do.", error);
    }
  }

  async #drawRegion({ ground, zones, labels, places }, boundary, overTiles) {
    const [drawn, { features }] = await Promise.all([overTiles ? null : load(ground), load(zones)]);
    boundary.getElement()?.classList.remove("bare");
    const parks = [];
    for (const { properties, geometry } of features) {
      const polygons = polygonsOf(geometry);
      if (properties.park) parks.push(...polygons.map((rings) => rings.map((ring) => ring.map(swap))));
      this.#zones.push({ name: properties.name, at: swap(properties.label), polygons });
    }
    if (!drawn) return;
    this.map.attributionControl.addAttribution(gettext("Land: NYC Open Data · zones: pyhailing"));
    await breath();
    this.#draw(L.polygon, drawn.lands, "map-land").bringToBack();
    await breath();
    this.#draw(L.polygon, parks, "map-park");
    for (const [rank, lines] of drawn.streets.entries()) {
      await breath();
      this.#draw(L.polyline, lines, `map-street ${STREETS[rank]}`);
    }
    const names = [
      ...this.#zones.map(({ name, at }) => [name, at, "zone"]),
      ...labels.map(([name, lat, lng]) => [name, [lat, lng], "borough"]),
      ...places.map(([name, lat, lng, major]) => [name, [lat, lng], `place${major ? " major" : ""}`]),
    ];
    for (const [index, [name, at, kind]] of names.entries()) {
      if (index % NAMES_AT_ONCE === 0) await breath();
      this.#name(name, at, `map-name ${kind}`);
    }
  }

  #name(name, at, className) {
    const html = make("span", { textContent: name });
    const icon = L.divIcon({ className, html, iconSize: null });
    L.marker(at, { icon, interactive: false, keyboard: false, pane: "names" })
      .addTo(this.map)
      .getElement()
      .setAttribute("aria-hidden", "true");
  }

  /** What a search may find: {name, place}, well-known places before zones. Zones are there once it is `ready`. */
  get places() {
    const known = this.regions.flatMap(({ map }) => map?.places ?? []);
    return [
      ...known.map(([name, lat, lng]) => ({ name, place: { lat, lng } })),
      ...this.#zones.map(({ name, at: [lat, lng] }) => ({ name, place: { lat, lng } })),
    ];
  }

  /** What people call the place: its zone's or its region's name; undefined where we don't serve. */
  nameOf(place) {
    const zone = this.#zones.find(({ polygons }) => polygons.some((polygon) => polygonContains(polygon, place)));
    return zone?.name ?? regionAt(this.regions, place)?.name;
  }

  /** Put the map's middle somewhere, from wherever the user looked before. */
  goTo(place, zoom = Math.max(this.map.getZoom(), 15)) {
    this.map.setView(toLatLng(place), zoom);
  }

  /** Zoom so that all of these places are in view. */
  fit(places) {
    this.map.fitBounds(L.latLngBounds(places.map(toLatLng)), PADDING);
  }

  /** Call back with {lat, lng} when the user clicks the map, or presses Enter while it has the focus. */
  onPick(callback) {
    this.map.on("click", ({ latlng }) => callback({ lat: latlng.lat, lng: latlng.wrap().lng }));
    this.map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== this.map.getContainer()) return;
      event.preventDefault();
      const { lat, lng } = this.map.getCenter().wrap();
      callback({ lat, lng });
    });
  }

  /** A marker: `pin` (the place) or `partner`. With `onMove` it can be dragged, and moved by the arrow keys. */
  marker(kind, place, label, { onMove = null } = {}) {
    const size = kind === "pin" ? [44, 46] : [38, 38];
    const iconAnchor = kind === "pin" ? [22, 43] : [19, 19];
    const icon = L.icon({
      iconUrl: new URL(`${kind}.svg`, ICONS).href,
      iconSize: size,
      iconAnchor,
      className: `map-${kind}`,
    });
    const marker = L.marker(toLatLng(place), {
      icon,
      alt: label,
      title: label,
      draggable: Boolean(onMove),
      keyboard: Boolean(onMove),
      interactive: Boolean(onMove),
      zIndexOffset: kind === "pin" ? 0 : 500,
    });
    marker.addTo(this.map);
    if (onMove) {
      marker.on("dragend", () => onMove(marker.getLatLng()));
      marker.getElement().addEventListener("keydown", (event) => this.#step(event, marker, onMove));
    }
    return marker;
  }

  /** Rings that go out from a place while somebody is looked for; `remove()` them. */
  rings(place) {
    const html = make("div", {}, make("span"), make("span"), make("span"));
    const icon = L.divIcon({ className: "map-rings", html: html.innerHTML, iconSize: [220, 220] });
    return L.marker(toLatLng(place), { icon, interactive: false, keyboard: false, zIndexOffset: -500 }).addTo(this.map);
  }

  #step(event, marker, onMove) {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    event.stopPropagation(); // or the map would move as well
    const { lat, lng } = marker.getLatLng();
    const degrees = STEP_M[event.shiftKey] / METRES_PER_DEGREE;
    const stretch = Math.max(0.01, Math.cos((lat * Math.PI) / 180));
    marker.setLatLng([lat + direction[0] * degrees, lng + (direction[1] * degrees) / stretch]);
    if (!this.map.getBounds().pad(-0.1).contains(marker.getLatLng())) this.map.panTo(marker.getLatLng());
    onMove(marker.getLatLng());
  }
}
