// Slide to accept. A pocket can't do it by accident; a key, a mouse click or a second tap does it as well.

const DONE_AT = 0.8; // of the way
const HINT_MS = 4000;

/**
 * Let `knob` slide along `track`.
 * @param {HTMLElement} track
 * @param {HTMLElement} knob
 * @param {object} then
 * @param {() => void} then.done It has been slid to the end.
 * @param {() => void} then.onTap It was only tapped, once.
 */
export function slide(track, knob, { done, onTap }) {
  /** @type {number | null} */
  let from = null;
  let [far, moved, tappedAt] = [0, 0, -Infinity];
  const way = () => track.clientWidth - knob.offsetWidth - 2 * knob.offsetLeft;
  const rest = () => {
    from = null;
    knob.style.translate = "";
    track.classList.remove("sliding");
  };

  knob.addEventListener("pointerdown", (event) => {
    knob.setPointerCapture(event.pointerId);
    [from, far, moved] = [event.clientX, way(), 0];
    track.classList.add("sliding");
  });
  knob.addEventListener("pointermove", (event) => {
    if (from === null) return;
    moved = Math.max(0, Math.min(far, event.clientX - from));
    knob.style.translate = `${moved}px`;
  });
  knob.addEventListener("pointerup", () => {
    const there = from !== null && moved >= far * DONE_AT;
    rest();
    if (there) done();
  });
  knob.addEventListener("pointercancel", rest);
  knob.addEventListener("click", (event) => {
    if (moved > 8) return; // the end of a slide
    const again = performance.now() - tappedAt < HINT_MS;
    if (event.pointerType !== "touch" || again) {
      done();
    } else {
      tappedAt = performance.now();
      onTap();
    }
  });
}
