// A short double tone for a new offer. Browsers allow sound only after a press, so `arm` belongs into one.

const NOTES = [
  [880, 0],
  [1175, 0.16],
]; // hertz, seconds from now
/** @type {AudioContext | null} */
let audio = null;

export function arm() {
  try {
    audio ??= new AudioContext();
    void audio.resume();
  } catch {
    audio = null; // no sound here; the offer shows and the phone vibrates all the same
  }
}

export function chime() {
  navigator.vibrate?.([200, 100, 200]);
  if (audio?.state !== "running") return;
  for (const [hertz, inS] of NOTES) {
    const [tone, volume, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + inS];
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.35);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.4);
  }
}
