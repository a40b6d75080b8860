// Which message the keyboard is at. Only its buttons and links are stops of the Tab key: those of
// all messages would be hundreds.

import { signal, useComputed } from "../../lib/html.js";

export const active = signal(""); // a message's id
// What is open beside a message: {kind: "menu" | "emoji", message, anchor}, or null.
export const beside = signal(null);

export const useTab = (id) => useComputed(() => (active.value === id ? 0 : -1)).value;
