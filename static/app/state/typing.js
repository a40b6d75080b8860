// Telling the others that one is writing.

import { addressOf } from "./conversations.js";
import { tell } from "./sync.js";

// Milliseconds between two signs of it.
const PAUSE = 3_000;

const told = new Map(); // conversation → when

export function tellTyping(conversation, text) {
  if (!text.trim()) return stopTyping(conversation);
  if (Date.now() - (told.get(conversation) ?? 0) < PAUSE) return;
  if (tell({ type: "typing", ...addressOf(conversation), on: true }))
    told.set(conversation, Date.now());
}

export function stopTyping(conversation) {
  if (told.delete(conversation)) tell({ type: "typing", ...addressOf(conversation), on: false });
}
