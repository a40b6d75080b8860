// Messages on their way: kept in this browser until the server has taken them, so that neither a
// reload nor a lost connection loses or doubles one. The client_id makes it one message.

import { signal } from "../lib/html.js";
import { addressOf } from "./conversations.js";
import { account } from "../net/session.js";
import * as storage from "./storage.js";

// Milliseconds that a server may take to answer.
const PATIENCE = 15_000;
// Errors that say nothing about the message: it goes out again.
const PASSING = ["unavailable", "internal_error", "rate_limited"];
const LONGEST_WAIT = 30_000;

// By client_id, in the order of writing: {client_id, conversation, frame, attachments,
// created_at, status: "pending"|"failed", error?}.
export const outgoing = signal(new Map());

let tell = () => false; // sends a frame if there is a connection
const asked = new Map(); // client_id → the timer that waits for its answer

export const useSender = (sender) => (tell = sender);

export const waitingIn = (conversation) =>
  [...outgoing.value.values()].filter((one) => one.conversation === conversation);

export async function recallOutbox() {
  const kept = await storage.readAll("outbox");
  for (const one of kept.sort((one, other) => one.created_at - other.created_at))
    if (!outgoing.value.has(one.client_id)) put(one);
}

export const clearOutbox = () => {
  for (const id of asked.keys()) settle(id);
  outgoing.value = new Map();
};

// Sends a message as soon as there is a connection; returns what is shown of it meanwhile.
export function send({ conversation, content, attachments = [], reply_to }) {
  const files = attachments.map(({ url }) => url);
  const frame = { ...addressOf(conversation), content, files, ...(reply_to && { reply_to }) };
  const made = { client_id: newId(), conversation, frame, attachments, created_at: Date.now() };
  put({ ...made, status: "pending" });
  flush(conversation);
  return made;
}

export function sendAgain(id) {
  const known = outgoing.value.get(id);
  put({ ...known, status: "pending", error: undefined });
  flush(known.conversation);
}

export function drop(id) {
  settle(id);
  const left = new Map(outgoing.value);
  left.delete(id);
  outgoing.value = left;
  storage.discard("outbox", id);
}

// Sends what waits, one message of a conversation after the other, so that their order stays.
export function flushAll() {
  for (const id of asked.keys()) settle(id);
  for (const id of new Set([...outgoing.value.values()].map((one) => one.conversation)))
    flush(id);
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
export function takeMessage({ client_id, sender_id }) {
  if (sender_id === account.value?.id) taken(client_id);
}

export const takeAck = ({ client_id }) => taken(client_id);

function taken(id) {
  const known = outgoing.value.get(id);
  if (!known) return;
  drop(id);
  flush(known.conversation);
}

export function takeError({ ref, code, message, retry_after_ms: wait }) {
  const known = outgoing.value.get(ref);
  if (!known) return;
  if (PASSING.includes(code)) return askAgain(ref, Math.min(wait ?? PATIENCE, LONGEST_WAIT));
  settle(ref);
  put({ ...known, status: "failed", error: { code, message } });
  flush(known.conversation);
}

function put(one) {
  outgoing.value = new Map(outgoing.value).set(one.client_id, one);
  storage.keep("outbox", one.client_id, one);
}

export const newId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
