// Keeps what this page knows the same as what the server has: greets, catches up, and passes
// every frame on to the part that it concerns.

import { batch, effect, signal } from "../lib/html.js";
import { writeAll } from "../lib/timing.js";
import { account } from "../net/session.js";
import { Connection } from "../net/socket.js";
import * as conversations from "./conversations.js";
import { clearDrafts, recallDrafts } from "./drafts.js";
import * as outbox from "./outbox.js";
import { clearPeople, recallPeople, refreshPeople } from "./people.js";
import * as presence from "./presence.js";
import * as reads from "./reads.js";
import { close, open } from "./route.js";
import * as storage from "./storage.js";
import * as timelines from "./timelines.js";

// "open" once all that was missed is here; "connecting"; "waiting" until `again`.
export const connection = signal({ state: "connecting" });
// Whether the server is known to be out of reach, until it is heard again.
export const isAway = signal(false);
export const limits = signal({ content: 10_000, files: 10, file_size: Infinity });

const RESUME = "resume";
// Milliseconds until a server that could not tell what was missed is asked again.
const PAUSE = 2_000;
// What moves a conversation's cursor, and what else keeps its place among it.
const NUMBERED = ["message", "message_updated"];
const REPLAYED = [...NUMBERED, "translation", "read"];

const listeners = []; // told of messages of others as they happen
export const onNews = (listener) => listeners.push(listener);
// Told of translations as they come.
const translationListeners = [];
export const onTranslation = (listener) => translationListeners.push(listener);
const tellNews = (message) => listeners.forEach((listener) => listener(message));
conversations.whenListed(tellNews);

let line = null;
let epoch = "";
let isCaughtUp = false;
let hasList = false;
// How far everything came, by conversation. The list may know of more, which is yet to come.
let cursors = {};
// The seq of the newest message that everybody here was told of, by conversation. The list may be
// faster than what it lists.
let told = {};
// What was missed, until all of it is here: it is drawn at once.
let missed = [];

// Tells whether a frame went out; nothing keeps it when it did not.
export const tell = (frame) => Boolean(isCaughtUp && line?.send(frame));

export async function startSync() {
  storage.openStorage(account.value.id);
  outbox.useSender(tell);
  await Promise.all([
    conversations.recallConversations(),
    recallPeople(),
    reads.recallReads(),
    outbox.recallOutbox(),
    recallDrafts(),
  ]);
  if (open.value) refreshOpen();
  line = new Connection(take, tellState, tellDoubt);
}

export function stopSync() {
  writeAll();
  line?.end();
  line = null;
  epoch = "";
  isCaughtUp = hasList = isAway.value = false;
  cursors = {};
  told = {};
  missed = [];
  conversations.clearConversations();
  clearPeople();
  presence.clearPresence();
  reads.clearReads();
  timelines.forgetTimelines();
  outbox.clearOutbox();
  clearDrafts();
}

export const connectNow = () => line?.retry();

// Everything anew, as after a change of what one reads.
export async function reread() {
  timelines.doubtTimelines();
  await conversations.loadConversations().catch(() => {});
  if (open.value) await timelines.openTimeline(open.value);
}

function tellState(state, again) {
  isCaughtUp = false;
  missed = [];
  presence.doubtPresence();
  // A connection that is there counts once what was missed is there too.
  connection.value = { state: state === "open" ? "connecting" : state, again };
  if (state === "waiting") isAway.value = true;
}

// What could not be read meanwhile is read now: frames were not missed, answers may have been.
function tellDoubt(isDoubted) {
  isAway.value = isDoubted;
  if (!isDoubted && open.value) refreshOpen();
}

async function catchUp(hello) {
  const asking = line;
  limits.value = hello.limits;
  try {
    if (!hasList) await begin(hello);
    if (line !== asking) return;
    const groups = conversations.groupVersions();
    line?.send({ type: "resume", ref: RESUME, epoch, cursors: allCursors(), groups });
    await presence.hearPresence();
  } catch {
    // Without the list there is nothing to go on from: once more, on a new connection.
    if (!hasList) asking?.again();
  }
}

async function begin(hello) {
  const asking = line;
  await conversations.loadConversations();
  if (line !== asking) return; // whoever asked is gone
  hasList = true;
  epoch = hello.epoch;
  cursors = conversations.cursors();
  told = conversations.lastSeqs();
}

// One that is only in the list has nothing here that could be behind.
const allCursors = () => ({ ...conversations.cursors(), ...cursors });

function resumed(frame) {
  const came = missed;
  missed = [];
  isCaughtUp = true;
  batch(() => {
    for (const one of came) frames[one.type](one);
    timelines.doubtTimelines(frame.reset);
    conversations.doubt(frame.reset);
    for (const id of frame.reset) delete told[id];
  });
  epoch = frame.epoch;
  cursors = frame.cursors;
  conversations.takeCursors(cursors);
  connection.value = { state: "open" };
  isAway.value = false;
  outbox.flushAll();
  conversations.refreshList();
  refreshPeople();
  if (open.value) refreshOpen();
}

// What was missed could not be told: once more, on a new connection.
function refused({ retry_after_ms: wait = PAUSE }) {
  const refusing = line;
  setTimeout(() => !isCaughtUp && refusing === line && line?.again(), wait);
}

async function refreshOpen() {
  const id = open.value;
  // Before the list is here nobody knows what would be missed after the reading.
  if (!hasList) return timelines.recallTimeline(id);
  await timelines.openTimeline(id);
  reads.loadReads(id).catch(() => {});
  timelines.fetchPending(id);
}

const frames = {
  hello: catchUp,
  resumed,
  message(message) {
    presence.takeTyping({ ...message, user_id: message.sender_id, on: false });
    reads.takeRead({ ...message, user_id: message.sender_id });
    const isNews = isUntold(message);
    const isListed = conversations.takeMessage(message);
    timelines.takeMessage(message);
    outbox.takeMessage(message);
    if (isListed && isNews) tellNews(message);
  },
  message_updated(message) {
    conversations.takeMessage(message);
    timelines.takeMessage(message);
  },
  translation(frame) {
    timelines.takeTranslation(frame);
    const { id, conversation, rev, type, ...translation } = frame;
    conversations.takeTranslation(conversation, id, rev, translation);
    for (const listener of translationListeners) listener(frame);
  },
  ack: outbox.takeAck,
  error: (frame) => (frame.ref === RESUME ? refused(frame) : outbox.takeError(frame)),
  read(frame) {
    reads.takeRead(frame);
    if (frame.user_id === account.value.id) conversations.takeRead(frame.conversation, frame.seq);
  },
  typing: presence.takeTyping,
  presence: presence.takePresence,
  group_created({ group }) {
    conversations.takeGroup(group);
    conversations.refreshList();
  },
  group_updated: ({ group }) => conversations.takeChangedGroup(group),
  group_left({ group_id }) {
    const id = `group:${group_id}`;
    conversations.remove(id);
    timelines.forgetTimelines([id]);
    if (open.value === id) close();
  },
};

// One that was told may come once more, changed.
function isUntold({ conversation, seq }) {
  const last = told[conversation] ?? 0;
  told[conversation] = Math.max(last, seq);
  return seq > last;
}

function take(frame) {
  const { type, conversation, rev } = frame;
  if (!isCaughtUp && REPLAYED.includes(type)) return missed.push(frame);
  if (NUMBERED.includes(type)) cursors[conversation] = Math.max(cursors[conversation] ?? 0, rev);
  batch(() => frames[type]?.(frame));
}

// One's own mark, as far as the open conversation is read. It counts when the server says so: one
// that got lost is set again.
export function markRead(id, seq) {
  const known = conversations.conversationOf(id);
  if (!known || seq <= known.read_seq) return;
  tell({ type: "read", conversation: id, seq });
}

// Opening a conversation reads it.
effect(() => {
  if (open.value && account.value) queueMicrotask(() => line && refreshOpen());
});
