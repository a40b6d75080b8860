// Keeps what this page knows the same as what the server has: greets, catches up, and passes
// every frame on to the part that it concerns.

import { batch, effect, signal } from "../lib/html.js";
import { account } from "../net/session.js";
import { Connection } from "../net/socket.js";
import * as conversations from "./conversations.js";
import * as outbox from "./outbox.js";
import { clearPeople, recallPeople, refreshPeople } from "./people.js";
import * as presence from "./presence.js";
import * as reads from "./reads.js";
import { close, open } from "./route.js";
import * as storage from "./storage.js";
import * as timelines from "./timelines.js";

// "open" once all that was missed is here; "connecting"; "waiting" until `again`.
export const connection = signal({ state: "connecting" });
export const limits = signal({ content: 10_000, files: 10, file_size: Infinity });

const listeners = []; // told of messages of others as they happen
export const onNews = (listener) => listeners.push(listener);

let line = null;
let epoch = "";
let isCaughtUp = false;
let hasList = false;

// Tells whether a frame went out; nothing keeps it when it did not.
export const tell = (frame) => Boolean(isCaughtUp && line?.send(frame));

export async function startSync() {
  storage.openStorage(account.value.id);
  outbox.useSender(tell);
  await Promise.all([
    conversations.recallConversations(),
    recallPeople(),
    outbox.recallOutbox(),
  ]);
  line = new Connection(take, tellState);
}

export function stopSync() {
  line?.end();
  line = null;
  epoch = "";
  isCaughtUp = hasList = false;
  conversations.clearConversations();
  clearPeople();
  presence.clearPresence();
  reads.clearReads();
  timelines.forgetTimelines();
  outbox.clearOutbox();
}

export const connectNow = () => line?.retry();

// Everything anew, as after a change of what one reads.
export async function reread() {
  timelines.forgetTimelines();
  await conversations.loadConversations().catch(() => {});
  if (open.value) await timelines.openTimeline(open.value);
}

function tellState(state, again) {
  isCaughtUp = false;
  // A connection that is there counts once what was missed is there too.
  connection.value = { state: state === "open" ? "connecting" : state, again };
}

async function catchUp(hello) {
  limits.value = hello.limits;
  try {
    if (!hasList) await conversations.loadConversations();
    hasList = true;
    line?.send({ type: "resume", epoch: epoch || hello.epoch, cursors: conversations.cursors() });
    epoch = hello.epoch;
    await presence.loadPresence();
  } catch {
    // Without the list there is nothing to go on from: once more, on a new connection.
    if (!hasList) line?.again();
  }
}

function resumed({ reset }) {
  timelines.forgetTimelines(reset);
  conversations.doubt(reset);
  isCaughtUp = true;
  connection.value = { state: "open" };
  outbox.flushAll();
  conversations.refreshList();
  refreshPeople();
  if (open.value) refreshOpen();
}

async function refreshOpen() {
  const id = open.value;
  await timelines.openTimeline(id);
  await timelines.fetchPending(id);
  await reads.loadReads(id).catch(() => {});
}

const frames = {
  hello: catchUp,
  resumed,
  message(message) {
    outbox.takeMessage(message);
    presence.takeTyping({ ...message, user_id: message.sender_id, on: false });
    reads.takeRead({ ...message, user_id: message.sender_id });
    const isNews = conversations.takeMessage(message);
    timelines.takeMessage(message);
    if (isNews) for (const listener of listeners) listener(message);
  },
  message_updated(message) {
    conversations.takeMessage(message);
    timelines.takeMessage(message);
  },
  translation(frame) {
    timelines.takeTranslation(frame);
    const { id, conversation, rev, type, ...translation } = frame;
    conversations.takeTranslation(conversation, id, rev, translation);
  },
  ack: outbox.takeAck,
  error: outbox.takeError,
  read(frame) {
    reads.takeRead(frame);
    if (frame.user_id === account.value.id)
      conversations.takeRead(frame.conversation, frame.seq);
  },
  typing: presence.takeTyping,
  presence: presence.takePresence,
  group_created({ group }) {
    conversations.takeGroup(group);
    conversations.refreshList();
  },
  group_updated: ({ group }) => conversations.takeGroup(group),
  group_left({ group_id }) {
    const id = `group:${group_id}`;
    conversations.remove(id);
    timelines.forgetTimelines([id]);
    if (open.value === id) close();
  },
};

function take(frame) {
  batch(() => frames[frame.type]?.(frame));
}

// One's own mark, as far as the open conversation is read.
export function markRead(id, seq) {
  const known = conversations.conversationOf(id);
  if (!known || seq <= known.read_seq) return;
  if (tell({ type: "read", conversation: id, seq })) conversations.takeRead(id, seq);
}

// Opening a conversation reads it.
effect(() => {
  if (open.value && account.value) queueMicrotask(() => line && refreshOpen());
});
