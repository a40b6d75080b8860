// The timelines that are loaded, and what happens in them.

import { signal } from "../lib/html.js";
import { call } from "../net/api.js";
import { Timeline } from "./timeline.js";
import { fits, keepEarly } from "./translations.js";

// How many stay loaded besides the open one.
const MOST = 20;

const timelines = new Map();
const quoted = new Map(); // message id → a signal of the message, or null where there is none

export function timelineOf(id) {
  const known = timelines.get(id) ?? new Timeline(id);
  // The one used last is the last to go.
  timelines.delete(id);
  timelines.set(id, known);
  if (timelines.size > MOST) timelines.delete(timelines.keys().next().value);
  return known;
}

// Reads a conversation that is being opened, unless everything of it came as it happened.
export async function openTimeline(id) {
  const timeline = timelineOf(id);
  if (timeline.isFresh) return;
  await timeline.recall();
  await timeline.loadNewest();
}

// All, or those named, are read anew when they are next opened.
export function forgetTimelines(ids = [...timelines.keys()]) {
  for (const id of ids) timelines.delete(id);
  quoted.clear();
}

// The message that another one answers; it is asked for where it is not loaded.
export function quotedMessage(conversation, id) {
  const known = timelines.get(conversation)?.find(id);
  if (known) return known;
  if (!quoted.has(id)) {
    quoted.set(id, signal(undefined));
    call("GET", `/messages/${id}`)
      .catch(() => null)
      .then((found) => (quoted.get(id) ?? signal()).value = found);
  }
  return quoted.get(id).value;
}

export function takeMessage(message) {
  timelines.get(message.conversation)?.take(message);
  if (quoted.has(message.id)) quoted.get(message.id).value = message;
}

export function takeTranslation({ id, conversation, rev, type, ...translation }) {
  const timeline = timelines.get(conversation);
  if (fits(timeline?.find(id), rev, translation)) timeline.translate(id, translation);
  else keepEarly(id, rev, translation);
}

// Asks for a message's translation; made now if need be.
export async function translate({ id, conversation, rev, translation: { lang } }) {
  const timeline = timelines.get(conversation);
  timeline?.translate(id, { lang, status: "pending" });
  const failed = { lang, status: "unavailable", reason: "engine_unreachable" };
  const found = await call("GET", `/messages/${id}/translation?lang=${lang}`).catch(() => failed);
  if (timeline?.find(id)?.rev === rev) timeline.translate(id, found);
}

// Translations are told once, and these may have been told while nobody listened. One after the
// other, since each may take as long as the engine does.
export async function fetchPending(id) {
  for (const message of timelines.get(id)?.messages.value ?? [])
    if (message.translation?.status === "pending") await translate(message);
}
