// A short soft sound, made here.

// Two notes (hertz), how long one lasts (seconds), and how loud it is at most.
const NOTES = [587.3, 880];
const LENGTH = 0.16;
const LOUDNESS = 0.08;
const SILENCE = 0.0001;

let audio = null;

// Tells whether it can be heard: browsers let a page be heard once it was clicked.
export function playTone() {
  if (!globalThis.AudioContext || navigator.userActivation?.hasBeenActive === false) return false;
  audio ??= new AudioContext();
  audio.resume().catch(() => {});
  NOTES.forEach((pitch, at) => play(pitch, audio.currentTime + (at * LENGTH) / 2));
  return true;
}

function play(pitch, from) {
  const tone = new OscillatorNode(audio, { type: "sine", frequency: pitch });
  const volume = new GainNode(audio, { gain: SILENCE });
  volume.gain.setValueAtTime(SILENCE, from);
  volume.gain.exponentialRampToValueAtTime(LOUDNESS, from + 0.02);
  volume.gain.exponentialRampToValueAtTime(SILENCE, from + 2 * LENGTH);
  tone.connect(volume).connect(audio.destination);
  tone.start(from);
  tone.stop(from + 2 * LENGTH);
}
