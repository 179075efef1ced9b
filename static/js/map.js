// The map: drawn from our own land, streets and zones, so that nothing is fetched from elsewhere; or tiles, by setting.

import { make } from "./dom.js";
import { gettext } from "./i18n.js";
import { letMove, makeMarker, toLatLng } from "./map-marker.js";
import { polygonContains, polygonsOf, regionAt } from "./regions.js";

/** @import { FitBoundsOptions, Path, Polygon, PolylineOptions } from "leaflet" */

const L = window.L; // the vendored library is a classic script
// From these zooms on there is room for the names of well-known places, of all places, of zones.
const ROOM = { far: 11.5, near: 13, nearer: 14.5, close: 16 };
const STREETS = ["small", "middle", "main"];
const sheet = matchMedia("(max-width: 55.99rem)"); // the panel lies over the map's lower end
// The header lies over the map's upper edge, the sheet's corners over its lower one.
/** @type {FitBoundsOptions} */
const PADDING = { paddingTopLeft: [48, 92], paddingBottomRight: [48, 56], maxZoom: 16 };
/**
 * @param {[lng: number, lat: number]} point
 * @returns {Pages.LatLng}
 */
const swap = ([lng, lat]) => [lat, lng];
/**
 * @param {string} address
 * @returns {Promise<any>}
 */
const load = async (address) => (await fetch(address)).json();
const NAMES_AT_ONCE = 12;
/** Between two pieces of work, a moment for whoever types or scrolls. */
const breath = () => new Promise((resume) => setTimeout(resume));

/**
 * @param {Pages.RegionMap["places"][number]} place
 * @returns {{ name: string, at: Pages.LatLng, kind: string }}
 */
const namedPlace = ([name, lat, lng, major]) => ({ name, at: [lat, lng], kind: `place${major ? " major" : ""}` });

export class CityMap {
  /** @type {{ name: string, at: Pages.LatLng, polygons: Pages.Polygon[] }[]} */
  #zones = [];
  #ground = L.svg({ padding: 0.5 });

  /**
   * Draw regions into an element.
   * @param {HTMLElement} element
   * @param {Pages.Region[]} regions
   * @param {object} [how]
   * @param {Api.Location | null} [how.center]
   * @param {number} [how.zoom] Around the centre.
   * @param {Pages.Tiles | null} [how.tiles] Without them we draw our own ground.
   */
  constructor(element, regions, { center, zoom = 15, tiles } = {}) {
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
    this.map.createPane("ground").style.zIndex = "250";
    this.map.createPane("names").style.zIndex = "450";
    this.#ground.options.pane = "ground";
    this.map.on("zoomend viewreset", () => {
      const now = this.map.getZoom();
      for (const [name, least] of Object.entries(ROOM)) element.classList.toggle(name, now >= least);
    });
    this.regions = regions;
    const shapes = regions.map(({ boundary }) =>
      this.#draw(
        L.polygon,
        boundary.map((ring) => ring.map(swap)),
        "map-region bare",
      ),
    );
    // Before anything large is drawn: drawn for another view, all of it would be drawn twice.
    const home = regions[0]?.map?.view;
    if (center) this.map.setView(toLatLng(center), zoom);
    else if (home) this.map.setView([home[0], home[1]], home[2]);
    else if (shapes.length) this.map.fitBounds(L.featureGroup(shapes).getBounds());
    else this.map.setView([0, 0], 2);
    this.ready = this.#drawCity(shapes, tiles ?? null);
  }

  /**
   * @template Coordinates
   * @template {Path} Shape
   * @param {(coordinates: Coordinates, options: PolylineOptions) => Shape} shape
   * @param {Coordinates} coordinates
   * @param {string} className
   */
  #draw(shape, coordinates, className) {
    const options = { className, interactive: false, pane: "ground", renderer: this.#ground };
    return shape(coordinates, options).addTo(this.map);
  }

  /**
   * @param {Polygon[]} shapes The regions' boundaries.
   * @param {Pages.Tiles | null} tiles
   */
  async #drawCity(shapes, tiles) {
    try {
      if (tiles) await (await import("./map-tiles.js")).addTiles(this.map, tiles);
      for (const [index, region] of this.regions.entries())
        if (region.map) await this.#drawRegion(region.map, shapes[index], Boolean(tiles));
    } catch (error) {
      console.warn("The city could not be drawn; its boundary will do.", error);
    }
  }

  /**
   * @param {Pages.RegionMap} map
   * @param {Polygon} boundary
   * @param {boolean} overTiles
   */
  async #drawRegion({ ground, zones, labels, places }, boundary, overTiles) {
    const [drawn, { features }] = await Promise.all([overTiles ? null : load(ground), load(zones)]);
    boundary.getElement()?.classList.remove("bare");
    const parks = this.#addZones(features);
    if (!drawn) return;
    this.map.attributionControl.addAttribution(gettext("Land: NYC Open Data · zones: pyhailing"));
    await this.#drawGround(drawn, parks);
    /** @type {{ name: string, at: Pages.LatLng, kind: string }[]} */
    const names = [
      ...this.#zones.map(({ name, at }) => ({ name, at, kind: "zone" })),
      ...labels.map(([name, ...at]) => ({ name, at, kind: "borough" })),
      ...places.map(namedPlace),
    ];
    for (const [index, { name, at, kind }] of names.entries()) {
      if (index % NAMES_AT_ONCE === 0) await breath();
      this.#name(name, at, `map-name ${kind}`);
    }
  }

  /**
   * Remember the zones of a region.
   * @param {Pages.Zone[]} features
   * @returns {Pages.LatLng[][][]} The parks among them, to be drawn.
   */
  #addZones(features) {
    const parks = [];
    for (const { properties, geometry } of features) {
      const polygons = polygonsOf(geometry);
      if (properties.park) parks.push(...polygons.map((rings) => rings.map((ring) => ring.map(swap))));
      this.#zones.push({ name: properties.name, at: swap(properties.label), polygons });
    }
    return parks;
  }

  /**
   * @param {{ lands: Pages.LatLng[][][], streets: Pages.LatLng[][][] }} drawn
   * @param {Pages.LatLng[][][]} parks
   */
  async #drawGround(drawn, parks) {
    await breath();
    this.#draw(L.polygon, drawn.lands, "map-land").bringToBack();
    await breath();
    this.#draw(L.polygon, parks, "map-park");
    for (const [rank, lines] of drawn.streets.entries()) {
      await breath();
      this.#draw(L.polyline, lines, `map-street ${STREETS[rank]}`);
    }
  }

  /**
   * @param {string} name
   * @param {Pages.LatLng} at
   * @param {string} className
   */
  #name(name, at, className) {
    const html = make("span", { textContent: name });
    const icon = L.divIcon({ className, html, iconSize: undefined });
    L.marker(at, { icon, interactive: false, keyboard: false, pane: "names" })
      .addTo(this.map)
      .getElement()
      ?.setAttribute("aria-hidden", "true");
  }

  /**
   * What a search may find: well-known places before zones. Zones are there once it is `ready`.
   * @returns {Pages.Named[]}
   */
  get places() {
    const known = this.regions.flatMap(({ map }) => map?.places ?? []);
    return [
      ...known.map(([name, lat, lng]) => ({ name, place: { lat, lng } })),
      ...this.#zones.map(({ name, at: [lat, lng] }) => ({ name, place: { lat, lng } })),
    ];
  }

  /** @returns {Api.Location} Where the user is looking. */
  get middle() {
    const { lat, lng } = this.map.getCenter().wrap();
    return { lat, lng };
  }

  /**
   * What people call the place: its zone's or its region's name; undefined where we don't serve.
   * @param {Api.Location} place
   */
  nameOf(place) {
    const zone = this.#zones.find(({ polygons }) => polygons.some((polygon) => polygonContains(polygon, place)));
    return zone?.name ?? regionAt(this.regions, place)?.name;
  }

  /**
   * Put the map's middle somewhere, from wherever the user looked before.
   * @param {Api.Location} place
   * @param {number} [zoom]
   */
  goTo(place, zoom = Math.max(this.map.getZoom(), 15)) {
    this.map.setView(toLatLng(place), zoom);
  }

  /**
   * Zoom so that all of these places are in view.
   * @param {Api.Location[]} places
   */
  fit(places) {
    this.map.fitBounds(L.latLngBounds(places.map(toLatLng)), PADDING);
  }

  /**
   * Call back when the user clicks the map, or presses Enter while it has the focus.
   * @param {(place: Api.Location) => void} callback
   */
  onPick(callback) {
    this.map.on("click", ({ latlng }) => callback({ lat: latlng.lat, lng: latlng.wrap().lng }));
    this.map.getContainer().addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.target !== this.map.getContainer()) return;
      event.preventDefault();
      callback(this.middle);
    });
  }

  /**
   * A marker. With `onMove` it can be dragged, and moved by the arrow keys.
   * @param {"pin" | "partner"} kind
   * @param {Api.Location} place
   * @param {string} label
   * @param {{ onMove?: (place: Api.Location) => void }} [how]
   */
  marker(kind, place, label, { onMove } = {}) {
    const marker = makeMarker(kind, place, label, Boolean(onMove)).addTo(this.map);
    if (onMove) letMove(marker, this.map, onMove);
    return marker;
  }

  /**
   * A circle around a place that is known roughly.
   * @param {Api.Location} place
   * @param {number} radius In metres.
   * @param {string} className
   */
  area(place, radius, className = "map-area") {
    return L.circle(toLatLng(place), { radius, className, interactive: false }).addTo(this.map);
  }

  /**
   * Rings that go out from a place while somebody is looked for; `remove()` them.
   * @param {Api.Location} place
   */
  rings(place) {
    const html = make("div", {}, make("span"), make("span"), make("span"));
    const icon = L.divIcon({ className: "map-rings", html: html.innerHTML, iconSize: [220, 220] });
    return L.marker(toLatLng(place), { icon, interactive: false, keyboard: false, zIndexOffset: -500 }).addTo(this.map);
  }
}
