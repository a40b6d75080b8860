// Messages on their way: kept in this browser until the server has taken them, so that neither a
// reload nor a lost connection loses or doubles one. The client_id makes it one message.

import { signal } from "../lib/html.js";
import { pause } from "../lib/timing.js";
import { account } from "../net/session.js";
import { addressOf } from "./conversations.js";
import * as storage from "./storage.js";
import { entriesOf, untilShown } from "./timelines.js";

// Milliseconds that a server may take to answer.
const PATIENCE = 15_000;
// Errors that say nothing about the message: it goes out again.
const PASSING = ["unavailable", "internal_error", "rate_limited"];
const LONGEST_WAIT = 30_000;
// A fault that comes back as often is the message's own.
const MOST_FAULTS = 5;
// Milliseconds that the browser may take to keep a message before it goes out all the same.
const SLOW = 2_000;

// By client_id: {client_id, conversation, frame, attachments, created_at,
// status: "pending"|"said"|"failed", seq?, error?}; "said" ones have a seq.
export const outgoing = signal(new Map());

let tell = () => false; // sends a frame if there is a connection
let latest = 0; // when the last message was written
const asked = new Map(); // client_id → the timer that waits for its answer
const faults = new Map(); // client_id → how often the server failed at it
const unkept = new Set(); // client_ids of what is in this page's memory only
const tabs = new BroadcastChannel("realchat-outbox");

export const useSender = (sender) => (tell = sender);

// What of a conversation is on its way, in the order of writing.
export const waitingIn = (conversation) =>
  [...outgoing.value.values()]
    .filter((one) => one.conversation === conversation)
    .sort((one, other) => one.created_at - other.created_at);

// What of a conversation was written last and is not said yet, if anything.
export const lastUnsaidIn = (conversation) =>
  waitingIn(conversation).findLast(({ status }) => status !== "said");

// Whether something would be lost with the page: this browser's storage is full, or there is none.
export const isAtRisk = () => [...unkept].some((id) => outgoing.peek().has(id));

export async function recallOutbox() {
  for (const one of await storage.readAll("outbox"))
    if (!outgoing.value.has(one.client_id)) show(one);
}

export const clearOutbox = () => {
  for (const id of asked.keys()) settle(id);
  outgoing.value = new Map();
  faults.clear();
  unkept.clear();
};

// Sends a message as soon as there is a connection; returns what is shown of it meanwhile.
// `entries` are stored in the same moment, such as the end of the draft that it was.
export function send({ conversation, content, attachments = [], reply_to }, entries = []) {
  const files = attachments.map(({ url }) => url);
  const frame = { ...addressOf(conversation), content, files, ...(reply_to && { reply_to }) };
  const made = { client_id: newId(), conversation, frame, attachments, created_at: now() };
  put({ ...made, status: "pending" }, entries);
  return made;
}

export function sendAgain(id) {
  const known = outgoing.value.get(id);
  faults.delete(id);
  put({ ...known, status: "pending", error: undefined });
}

// `entries` are stored in the same moment, such as where it is said from now on.
export function drop(id, entries = []) {
  leave(id);
  storage.change([{ store: "outbox", key: id }, ...entries]);
  tabs.postMessage({ user: account.value?.id, gone: id });
}

// Sends what waits, one message of a conversation after the other, so that their order stays. What
// another tab left behind when it was closed is among it.
export async function flushAll() {
  await recallOutbox();
  for (const id of asked.keys()) settle(id);
  for (const id of new Set([...outgoing.value.values()].map((one) => one.conversation))) flush(id);
}

function flush(conversation) {
  const waiting = waitingIn(conversation).filter((one) => one.status === "pending");
  if (!waiting.length || waiting.some((one) => asked.has(one.client_id))) return;
  const [{ client_id, frame }] = waiting;
  if (!tell({ type: "send_message", ref: client_id, client_id, ...frame })) return;
  askAgain(client_id, PATIENCE);
}

// Where no answer came, the same message goes out again.
function askAgain(id, wait) {
  clearTimeout(asked.get(id));
  const again = () => {
    settle(id);
    const known = outgoing.value.get(id);
    if (known) flush(known.conversation);
  };
  asked.set(id, setTimeout(again, wait));
}

function settle(id) {
  clearTimeout(asked.get(id));
  asked.delete(id);
}

// A message of one's own has come: it is stored.
export function takeMessage(message) {
  if (message.sender_id === account.value?.id) takeAck(message);
}

// It is shown and kept here until it is where it was said, so that it is never in neither.
export async function takeAck({ client_id: id, conversation, seq }) {
  const known = outgoing.value.get(id);
  if (!known) return;
  const shown = untilShown({ conversation, seq });
  if (shown) {
    settle(id);
    show({ ...known, status: "said", seq });
    flush(conversation);
    await shown;
    if (!outgoing.value.has(id)) return;
  }
  drop(id, entriesOf(conversation));
  flush(conversation);
}

export function takeError({ ref, code, message, fields, retry_after_ms: wait }) {
  const known = outgoing.value.get(ref);
  if (!known) return;
  if (PASSING.includes(code) && !isHopeless(ref, code))
    return askAgain(ref, Math.min(wait ?? PATIENCE, LONGEST_WAIT));
  settle(ref);
  put({ ...known, status: "failed", error: { code, message, fields } });
}

function isHopeless(id, code) {
  if (code === "internal_error") faults.set(id, (faults.get(id) ?? 0) + 1);
  return faults.get(id) >= MOST_FAULTS;
}

// It goes out once it is kept: what is sent first and lost with the page is not sent.
async function put(one, entries = []) {
  show(one);
  unkept.add(one.client_id);
  tabs.postMessage({ user: account.value?.id, kept: one });
  const own = { store: "outbox", key: one.client_id, value: one };
  const kept = storage.change([own, ...entries]);
  kept.then((isKept) => isKept && unkept.delete(one.client_id));
  await Promise.race([kept, pause(SLOW)]);
  // It may have been taken meanwhile, when another tab sent it.
  if (outgoing.value.has(one.client_id)) flush(one.conversation);
  else storage.discard("outbox", one.client_id);
}

function show(one) {
  latest = Math.max(latest, one.created_at);
  outgoing.value = new Map(outgoing.value).set(one.client_id, one);
}

function leave(id) {
  settle(id);
  faults.delete(id);
  unkept.delete(id);
  const left = new Map(outgoing.value);
  left.delete(id);
  outgoing.value = left;
}

// Another tab shows a message, or no longer. It sends it, too; this one only if nothing comes of
// that, as when the other one was closed.
tabs.onmessage = ({ data: { user, kept, gone } }) => {
  if (!user || user !== account.value?.id) return;
  if (gone) return outgoing.value.has(gone) && leave(gone);
  show(kept);
  if (kept.status === "pending") askAgain(kept.client_id, PATIENCE);
  else settle(kept.client_id);
  return flush(kept.conversation);
};

// No two messages of a browser are of the same moment, or else a reload could change their order.
const now = () => Math.max(Date.now(), latest + 1);

export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
