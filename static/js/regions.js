// Which polygon, and which region, a place lies in. Pure.

/**
 * Whether a GeoJSON ring contains a point, by ray casting.
 * @param {Pages.Ring} ring
 * @param {Api.Location} point
 */
function ringContains(ring, { lat, lng }) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [x1, y1] = ring[i];
    const [x2, y2] = ring[j];
    if (y1 > lat !== y2 > lat && lng < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

/**
 * @param {Pages.Polygon} polygon
 * @param {Api.Location} place
 */
export function polygonContains([outer, ...holes], place) {
  return ringContains(outer, place) && !holes.some((hole) => ringContains(hole, place));
}

/**
 * The region that contains a place, or undefined.
 * @param {Pages.Region[]} regions
 * @param {Api.Location} place
 */
export function regionAt(regions, place) {
  return regions.find((region) => polygonContains(region.boundary, place));
}

/**
 * @param {Pages.Geometry} geometry
 * @returns {Pages.Polygon[]}
 */
export const polygonsOf = ({ type, coordinates }) =>
  /** @type {any} */ (type === "Polygon" ? [coordinates] : coordinates);
