// The markers of a map: the pin, which may be moved, and a partner.

/** @import { Map, Marker } from "leaflet" */

const L = window.L; // the vendored library is a classic script
const ICONS = new URL("../icons/", import.meta.url);
const METRES_PER_DEGREE = 111_320;
const [STEP_M, LONG_STEP_M] = [10, 100]; // an arrow key, without and with Shift
/** @type {Record<string, [north: number, east: number]>} */
const ARROWS = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
/** @type {Record<"pin" | "partner", { iconSize: [number, number], iconAnchor: [number, number], zIndexOffset: number }>} */
const SHAPES = {
  pin: { iconSize: [44, 46], iconAnchor: [22, 43], zIndexOffset: 0 },
  partner: { iconSize: [38, 38], iconAnchor: [19, 19], zIndexOffset: 500 },
};

/** @param {Api.Location} place */
export const toLatLng = ({ lat, lng }) => L.latLng(lat, lng);

/**
 * @param {"pin" | "partner"} kind
 * @param {Api.Location} place
 * @param {string} label
 * @param {boolean} movable
 */
export function makeMarker(kind, place, label, movable) {
  const { iconSize, iconAnchor, zIndexOffset } = SHAPES[kind];
  const iconUrl = new URL(`${kind}.svg`, ICONS).href;
  return L.marker(toLatLng(place), {
    icon: L.icon({ iconUrl, iconSize, iconAnchor, className: `map-${kind}` }),
    alt: label,
    title: label,
    draggable: movable,
    keyboard: movable,
    interactive: movable,
    zIndexOffset,
  });
}

/**
 * Let a marker of a map be moved, and tell where to.
 * @param {Marker} marker
 * @param {Map} map
 * @param {(place: Api.Location) => void} onMove
 */
export function letMove(marker, map, onMove) {
  marker.on("dragend", () => onMove(marker.getLatLng()));
  marker.getElement()?.addEventListener("keydown", (event) => {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    event.stopPropagation(); // or the map would move as well
    step(marker, direction, event.shiftKey ? LONG_STEP_M : STEP_M);
    if (!map.getBounds().pad(-0.1).contains(marker.getLatLng())) map.panTo(marker.getLatLng());
    onMove(marker.getLatLng());
  });
}

/**
 * @param {Marker} marker
 * @param {[north: number, east: number]} direction
 * @param {number} metres
 */
function step(marker, [north, east], metres) {
  const { lat, lng } = marker.getLatLng();
  const degrees = metres / METRES_PER_DEGREE;
  const stretch = Math.max(0.01, Math.cos((lat * Math.PI) / 180));
  marker.setLatLng([lat + north * degrees, lng + (east * degrees) / stretch]);
}
