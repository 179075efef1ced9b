// Tiles by setting, instead of the ground that we draw ourselves.

/** @import { Map } from "leaflet" */

const L = window.L;
const VECTOR = /\.(pmtiles|mvt|pbf)($|\?)/;

/**
 * Put tiles under the map.
 * @param {Map} map
 * @param {Pages.Tiles} tiles `url` is a template ({z}, {x}, {y}) of raster tiles, or of vector ones (.mvt, .pbf, .pmtiles).
 */
export async function addTiles(map, { url, attribution }) {
  if (!VECTOR.test(url)) {
    L.tileLayer(url, { attribution, maxZoom: 19 }).addTo(map);
    return;
  }
  // Drawing vector tiles takes a library of its own, fetched only where it is wanted.
  await loaded(new URL("../vendor/protomaps-leaflet/protomaps-leaflet.js", import.meta.url));
  const flavor = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  window.protomapsL.leafletLayer({ url, attribution, flavor, maxDataZoom: 15 }).addTo(map);
}

/**
 * @param {URL} src
 * @returns {Promise<unknown>}
 */
function loaded(src) {
  return new Promise((done, failed) => {
    document.head.append(
      Object.assign(document.createElement("script"), { src: src.href, onload: done, onerror: failed }),
    );
  });
}
