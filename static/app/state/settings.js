// What somebody chose for this browser: colours, notifications, sound.

import { effect, signal } from "../lib/html.js";

const KEY = "realchat.settings";
const DEFAULTS = { theme: "auto", notifications: false, sound: false };

export const settings = signal({ ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY)) });

export const choose = (changes) => (settings.value = { ...settings.value, ...changes });

effect(() => {
  localStorage.setItem(KEY, JSON.stringify(settings.value));
  document.documentElement.dataset.theme = settings.value.theme;
});
