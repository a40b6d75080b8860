// The timelines that are loaded, and what happens in them.

import { signal } from "../lib/html.js";
import { pause } from "../lib/timing.js";
import { call } from "../net/api.js";
import { OFFLINE } from "../net/wire.js";
import { conversationOf } from "./conversations.js";
import { isOriginal, toggleOriginal } from "./messages.js";
import { open } from "./route.js";
import { Timeline } from "./timeline.js";
import { fits, keepEarly } from "./translations.js";

// How many stay loaded besides the open one.
const MOST = 20;
// So many unread messages fit into one reading; with more, one begins where they begin.
const FITTING = 40;
// Milliseconds after which a translation that was awaited may have been told while nobody listened.
const OVERDUE = 15_000;

// Milliseconds that an engine may take before one is told that it does not answer.
const ENGINE_PATIENCE = 60_000;
const UNREACHABLE = { status: "unavailable", reason: "engine_unreachable" };

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

// Shows what this browser kept of a conversation.
export const recallTimeline = (id) => timelineOf(id).recall();

// Reads a conversation that is being opened, unless everything of it came as it happened.
export async function openTimeline(id) {
  const timeline = timelineOf(id);
  if (timeline.isFresh) return;
  timeline.opening ??= begin(timeline).finally(() => (timeline.opening = null));
  await timeline.opening;
}

async function begin(timeline) {
  const { doubts } = timeline;
  await timeline.recall();
  const { unread, read_seq } = conversationOf(timeline.id) ?? {};
  if (unread > FITTING) await timeline.loadAround(read_seq + 1);
  else await timeline.loadNewest();
  if (timeline.doubts !== doubts) await begin(timeline);
}

// All, or those named, are read anew when they are next opened.
export function doubtTimelines(ids = [...timelines.keys()]) {
  for (const id of ids) timelines.get(id)?.doubt();
  quoted.clear();
}

export function forgetTimelines(ids = [...timelines.keys()]) {
  for (const id of ids) timelines.delete(id);
  quoted.clear();
}

// The message that another one answers; it is asked for where it is not loaded.
export function quotedMessage(conversation, id) {
  const timeline = timelines.get(conversation);
  // Read, so that whoever asks hears of changes.
  const known = timeline?.messages.value && timeline.find(id);
  if (known) return known;
  if (!quoted.has(id)) {
    const found = signal(undefined);
    quoted.set(id, found);
    call("GET", `/messages/${id}`)
      .catch(() => null)
      .then((message) => (found.value = message));
  }
  return quoted.get(id).value;
}

export function takeMessage(message) {
  timelines.get(message.conversation)?.take(message);
  if (quoted.has(message.id)) quoted.get(message.id).value = message;
}

// A promise, while a message that came is not shown yet because its timeline is being read.
export function untilShown({ conversation, seq }) {
  const timeline = timelines.get(conversation);
  return timeline?.reading.peek() && !timeline.has(seq) ? timeline.read : null;
}

// What has to be stored together with the end of a message's way to where it is said.
export const entriesOf = (conversation) => timelines.get(conversation)?.entries ?? [];

export function takeTranslation({ id, conversation, rev, type, ...translation }) {
  const timeline = timelines.get(conversation);
  const isAwaited = fits(timeline?.find(id), rev, translation);
  if (isAwaited) timeline.translate(id, translation);
  // A page that is on its way may still say that it is pending.
  if (!isAwaited || timeline.reading.peek()) keepEarly(id, rev, translation);
}

// Asks for a message's translation; made now if need be. Tells whether the server could be asked.
export async function translate({ id, conversation, content, translation: { lang } }) {
  const timeline = timelines.get(conversation);
  timeline?.translate(id, { lang, status: "pending" });
  const found = await call("GET", `/messages/${id}/translation?lang=${lang}`, undefined, {
    patience: ENGINE_PATIENCE,
  }).catch(({ code }) => (code === OFFLINE.code ? null : { lang, ...UNREACHABLE }));
  // Nobody was asked: it is still to come.
  if (!found) return false;
  const now = timeline?.find(id);
  // It may have come as a frame meanwhile, or the text may be another one.
  if (now?.content === content && now.translation?.status !== "ready")
    timeline.translate(id, found);
  return true;
}

// Gives a message a better translation, by hand.
export async function correct({ id, conversation, translation: { lang } }, content) {
  const found = await call("PUT", `/messages/${id}/translation`, { lang, content });
  timelines.get(conversation)?.translate(id, found);
  if (isOriginal(id)) toggleOriginal(id);
}

let turn = 0;

// Translations are told once, and these may have been told while nobody listened. One after the
// other, since each may take as long as the engine does.
export async function fetchPending(id, wait = OVERDUE) {
  const mine = ++turn;
  await pause(wait);
  const isAwaited = () => mine === turn && open.peek() === id;
  for (const { id: message } of timelines.get(id)?.messages.peek() ?? []) {
    if (!isAwaited()) return;
    const known = timelines.get(id)?.find(message);
    if (known?.translation?.status === "pending" && !(await translate(known))) return;
  }
}
