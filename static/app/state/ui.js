// What lies over the page: one dialog at a time, and passing notes.

import { signal } from "../lib/html.js";

// Milliseconds for which a note is shown: time to read a sentence (WCAG 2.2.1 asks for more only
// where something has to be done).
const SHOWN = 6_000;

export const dialog = signal(null); // {name, ...properties}
export const note = signal("");
// What a screen reader is to say, once.
export const announcement = signal("");

// Takes the new version of the page that is there; null where there is none.
export const version = signal(null);
export const offerVersion = (use) => (version.value = use);

export const openDialog = (name, properties = {}) => (dialog.value = { name, ...properties });
export const closeDialog = () => (dialog.value = null);

let timer;
export function tellNote(text) {
  clearTimeout(timer);
  note.value = text;
  timer = setTimeout(() => (note.value = ""), SHOWN);
}

// The same words twice are said twice.
export function announce(text) {
  announcement.value = announcement.value === text ? `${text} ` : text;
}
