// The map: drawn from the region's boundary and our own zones, so no tile is fetched from anywhere.

import { make } from "./dom.js";

const L = window.L; // the vendored library is a classic script
const FOLDER = new URL("../map/", import.meta.url);
const ICONS = new URL("../icons/", import.meta.url);
// From these zooms on there is room for the names of well-known places, of all places, of zones.
const ROOM = { near: 13, nearer: 14.5, close: 15 };
const METRES_PER_DEGREE = 111_320;
const STEP_M = { false: 10, true: 100 }; // an arrow key, without and with Shift
const ARROWS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export const toLatLng = ({ lat, lng }) => L.latLng(lat, lng);
const swap = ([lng, lat]) => [lat, lng];

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
  #atlas = {};

  /** Draw `regions` into an element, centred on `center` if given. */
  constructor(element, regions, { center = null, zoom = 15 } = {}) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(element, {
      minZoom: 9,
      maxZoom: 18,
      zoomSnap: 0.5,
      scrollWheelZoom: false, // the page must scroll past the map; see below
      zoomAnimation: !still,
      fadeAnimation: !still,
      markerZoomAnimation: !still,
    });
    this.map.on("focus", () => this.map.scrollWheelZoom.enable());
    this.map.on("blur", () => this.map.scrollWheelZoom.disable());
    this.map.attributionControl.setPrefix("Leaflet");
    for (const [name, level] of [
      ["zones", 300],
      ["names", 450],
    ])
      this.map.createPane(name).style.zIndex = level;
    this.map.on("zoomend viewreset", () => {
      for (const [name, zoom] of Object.entries(ROOM)) element.classList.toggle(name, this.map.getZoom() >= zoom);
    });
    this.regions = regions;
    const shapes = regions.map(({ boundary }) =>
      L.polygon(
        boundary.map((ring) => ring.map(swap)),
        { className: "map-region", interactive: false, pane: "zones" },
      ).addTo(this.map),
    );
    if (center) this.map.setView(toLatLng(center), zoom);
    else if (shapes.length) this.map.fitBounds(L.featureGroup(shapes).getBounds());
    else this.map.setView([0, 0], 2);
    this.ready = this.#drawCity(!center);
  }

  async #drawCity(moveThere) {
    try {
      const atlas = await (await fetch(new URL("places.json", FOLDER))).json();
      for (const { slug } of this.regions) if (atlas[slug]) await this.#drawRegion(slug, atlas[slug]);
    } catch (error) {
      console.warn("The city could not be drawn; its boundary will do.", error);
      return;
    }
    const home = this.#atlas[this.regions[0]?.slug]?.view;
    if (home && moveThere && !this.moved) this.map.setView([home[0], home[1]], home[2], { animate: false });
  }

  async #drawRegion(slug, { view, zones, labels, places }) {
    this.#atlas[slug] = { view, places };
    const { features } = await (await fetch(new URL(zones, FOLDER))).json();
    this.map.attributionControl.addAttribution("Zones: pyhailing, Apache-2.0");
    for (const feature of features) {
      const { name, label, park } = feature.properties;
      const shape = polygonsOf(feature.geometry).map((rings) => rings.map((ring) => ring.map(swap)));
      L.polygon(shape, { className: park ? "map-zone map-park" : "map-zone", interactive: false, pane: "zones" }).addTo(
        this.map,
      );
      this.#name(name, swap(label), "map-name zone");
      this.#zones.push({ name, polygons: polygonsOf(feature.geometry) });
    }
    for (const [name, lat, lng] of labels) this.#name(name, [lat, lng], "map-name borough");
    for (const [name, lat, lng, major] of places) {
      this.#name(name, [lat, lng], `map-name place${major ? " major" : ""}`);
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

  /** Well-known places of a region: [name, lat, lng]. Ask after `ready`. */
  placesOf(slug) {
    return this.#atlas[slug]?.places ?? [];
  }

  /** What people call the place: its zone's or its region's name; undefined where we don't serve. */
  nameOf(place) {
    const zone = this.#zones.find(({ polygons }) => polygons.some((polygon) => polygonContains(polygon, place)));
    return zone?.name ?? regionAt(this.regions, place)?.name;
  }

  /** Put the map's middle somewhere, from wherever the user looked before. */
  goTo(place, zoom = Math.max(this.map.getZoom(), 15)) {
    this.moved = true;
    this.map.setView(toLatLng(place), zoom);
  }

  /** Zoom so that all of these places are in view. */
  fit(places) {
    this.moved = true;
    this.map.fitBounds(L.latLngBounds(places.map(toLatLng)), { padding: [48, 48], maxZoom: 16 });
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
