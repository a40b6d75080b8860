// What can be done with a message that was said, and how it is shown here.

import { signal } from "../lib/html.js";
import { call } from "../net/api.js";
import { isMe } from "./people.js";

// The ids of those that are shown as they were written, not as they were translated.
const originals = signal(new Set());

export const isOriginal = (id) => originals.value.has(id);

export function toggleOriginal(id) {
  const shown = new Set(originals.value);
  if (!shown.delete(id)) shown.add(id);
  originals.value = shown;
}

const isTranslated = ({ translation }) => translation?.status === "ready";

// The text of a message as it is read here, with its language.
export const shownText = (message) =>
  isTranslated(message) && !isOriginal(message.id)
    ? { text: message.translation.content, lang: message.translation.lang }
    : { text: message.content, lang: message.content_lang };

// The same, whatever was chosen for that message: for lists and announcements.
export const readText = ({ content, content_lang, translation }) =>
  translation?.status === "ready"
    ? { text: translation.content, lang: translation.lang }
    : { text: content, lang: content_lang };

// Puts a reaction of one's own, or takes it back where it is there.
export function react({ id, reactions }, emoji) {
  const method = reactions[emoji]?.some(isMe) ? "DELETE" : "PUT";
  return call(method, `/messages/${id}/reactions/${encodeURIComponent(emoji)}`);
}

export const remove = ({ id }) => call("DELETE", `/messages/${id}`);
