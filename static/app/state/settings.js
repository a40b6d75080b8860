// What somebody chose for this browser: colours, notifications, sound.

import { effect, signal } from "../lib/html.js";

const KEY = "realchat.settings";
const DEFAULTS = { theme: "auto", notifications: false, sound: false, shortcuts: true };

export const settings = signal({ ...DEFAULTS, ...kept() });
// What the browser says to notifications: "default" where it was not asked yet, "granted",
// "denied", or "none" where it has none.
export const permission = signal(globalThis.Notification?.permission ?? "none");

export const choose = (changes) => (settings.value = { ...settings.value, ...changes });

// Asks the browser, which asks whoever sits there; returns what came of it.
export async function chooseNotifications(wanted) {
  if (wanted && permission.value !== "none") {
    permission.value = await Notification.requestPermission();
  }
  return choose({ notifications: wanted && permission.value === "granted" }).notifications;
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY));
  } catch {
    return null;
  }
}

effect(() => {
  localStorage.setItem(KEY, JSON.stringify(settings.value));
  document.documentElement.dataset.theme = settings.value.theme;
});

// Another tab chose something.
addEventListener("storage", ({ key }) => {
  if (key === KEY) settings.value = { ...DEFAULTS, ...kept() };
});

// It may be taken back, or given, in the browser's own settings.
addEventListener("focus", () => {
  permission.value = globalThis.Notification?.permission ?? "none";
});
